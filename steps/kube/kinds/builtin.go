package kinds

import (
	"reflect"

	litmus "github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	storagemigrationv1 "k8s.io/api/storagemigration/v1"
)

// builtin is one row of the table of built-in kinds.
type builtin struct {
	plural string
	short  string // short names with commas
	object reflect.Type
}

// group is the built-in kinds of one version of one group.
type group struct {
	group, version string
	kinds          []builtin
}

func kind[T any](plural, short string) builtin { return builtin{plural, short, reflect.TypeFor[T]()} }

// wellKnown lists kinds that come with an operator that scenarios often work with. LitmusChaos has had but one version
// for years.
func wellKnown() []group {
	return []group{
		{"litmuschaos.io", "v1alpha1", []builtin{
			kind[litmus.ChaosEngine]("chaosengines", ""),
			kind[litmus.ChaosExperiment]("chaosexperiments", ""),
			kind[litmus.ChaosResult]("chaosresults", ""),
		}},
	}
}

// builtins lists the kinds that every cluster has, in the order in which a server would choose among those of one name.
// Versions that are still in alpha or beta change and are left out: what is not known is not checked.
func builtins() []group {
	return []group{
		{"", "v1", []builtin{
			kind[corev1.ConfigMap]("configmaps", "cm"),
			kind[corev1.ComponentStatus]("componentstatuses", "cs"),
			//lint:ignore SA1019 it is deprecated, and still there
			kind[corev1.Endpoints]("endpoints", "ep"),
			kind[corev1.Event]("events", "ev"),
			kind[corev1.LimitRange]("limitranges", "limits"),
			kind[corev1.Namespace]("namespaces", "ns"),
			kind[corev1.Node]("nodes", "no"),
			kind[corev1.PersistentVolumeClaim]("persistentvolumeclaims", "pvc"),
			kind[corev1.PersistentVolume]("persistentvolumes", "pv"),
			kind[corev1.Pod]("pods", "po"),
			kind[corev1.PodTemplate]("podtemplates", ""),
			kind[corev1.ReplicationController]("replicationcontrollers", "rc"),
			kind[corev1.ResourceQuota]("resourcequotas", "quota"),
			kind[corev1.Secret]("secrets", ""),
			kind[corev1.ServiceAccount]("serviceaccounts", "sa"),
			kind[corev1.Service]("services", "svc"),
		}},
		{"apps", "v1", []builtin{
			kind[appsv1.ControllerRevision]("controllerrevisions", ""),
			kind[appsv1.DaemonSet]("daemonsets", "ds"),
			kind[appsv1.Deployment]("deployments", "deploy"),
			kind[appsv1.ReplicaSet]("replicasets", "rs"),
			kind[appsv1.StatefulSet]("statefulsets", "sts"),
		}},
		{"events.k8s.io", "v1", []builtin{kind[eventsv1.Event]("events", "ev")}},
		{"autoscaling", "v2", []builtin{kind[autoscalingv2.HorizontalPodAutoscaler]("horizontalpodautoscalers", "hpa")}},
		{"autoscaling", "v1", []builtin{kind[autoscalingv1.HorizontalPodAutoscaler]("horizontalpodautoscalers", "hpa")}},
		{"batch", "v1", []builtin{kind[batchv1.CronJob]("cronjobs", "cj"), kind[batchv1.Job]("jobs", "")}},
		{"certificates.k8s.io", "v1", []builtin{
			kind[certificatesv1.CertificateSigningRequest]("certificatesigningrequests", "csr"),
			kind[certificatesv1.ClusterTrustBundle]("clustertrustbundles", ""),
			kind[certificatesv1.PodCertificateRequest]("podcertificaterequests", ""),
		}},
		{"networking.k8s.io", "v1", []builtin{
			kind[networkingv1.IngressClass]("ingressclasses", ""),
			kind[networkingv1.Ingress]("ingresses", "ing"),
			kind[networkingv1.IPAddress]("ipaddresses", "ip"),
			kind[networkingv1.NetworkPolicy]("networkpolicies", "netpol"),
			kind[networkingv1.ServiceCIDR]("servicecidrs", ""),
		}},
		{"policy", "v1", []builtin{kind[policyv1.PodDisruptionBudget]("poddisruptionbudgets", "pdb")}},
		{"rbac.authorization.k8s.io", "v1", []builtin{
			kind[rbacv1.ClusterRoleBinding]("clusterrolebindings", ""),
			kind[rbacv1.ClusterRole]("clusterroles", ""),
			kind[rbacv1.RoleBinding]("rolebindings", ""),
			kind[rbacv1.Role]("roles", ""),
		}},
		{"storage.k8s.io", "v1", []builtin{
			kind[storagev1.CSIDriver]("csidrivers", ""),
			kind[storagev1.CSINode]("csinodes", ""),
			kind[storagev1.CSIStorageCapacity]("csistoragecapacities", ""),
			kind[storagev1.StorageClass]("storageclasses", "sc"),
			kind[storagev1.VolumeAttachment]("volumeattachments", ""),
			kind[storagev1.VolumeAttributesClass]("volumeattributesclasses", "vac"),
		}},
		{"admissionregistration.k8s.io", "v1", []builtin{
			kind[admissionregistrationv1.MutatingAdmissionPolicy]("mutatingadmissionpolicies", ""),
			kind[admissionregistrationv1.MutatingAdmissionPolicyBinding]("mutatingadmissionpolicybindings", ""),
			kind[admissionregistrationv1.MutatingWebhookConfiguration]("mutatingwebhookconfigurations", ""),
			kind[admissionregistrationv1.ValidatingAdmissionPolicy]("validatingadmissionpolicies", ""),
			kind[admissionregistrationv1.ValidatingAdmissionPolicyBinding]("validatingadmissionpolicybindings", ""),
			kind[admissionregistrationv1.ValidatingWebhookConfiguration]("validatingwebhookconfigurations", ""),
		}},
		{"scheduling.k8s.io", "v1", []builtin{kind[schedulingv1.PriorityClass]("priorityclasses", "pc")}},
		{"coordination.k8s.io", "v1", []builtin{kind[coordinationv1.Lease]("leases", "")}},
		{"node.k8s.io", "v1", []builtin{kind[nodev1.RuntimeClass]("runtimeclasses", "")}},
		{"discovery.k8s.io", "v1", []builtin{kind[discoveryv1.EndpointSlice]("endpointslices", "")}},
		{"flowcontrol.apiserver.k8s.io", "v1", []builtin{
			kind[flowcontrolv1.FlowSchema]("flowschemas", ""),
			kind[flowcontrolv1.PriorityLevelConfiguration]("prioritylevelconfigurations", ""),
		}},
		{"resource.k8s.io", "v1", []builtin{
			kind[resourcev1.DeviceClass]("deviceclasses", ""),
			kind[resourcev1.DeviceTaintRule]("devicetaintrules", ""),
			kind[resourcev1.ResourceClaim]("resourceclaims", ""),
			kind[resourcev1.ResourceClaimTemplate]("resourceclaimtemplates", ""),
			kind[resourcev1.ResourceSlice]("resourceslices", ""),
		}},
		{"storagemigration.k8s.io", "v1", []builtin{kind[storagemigrationv1.StorageVersionMigration]("storageversionmigrations", "")}},
	}
}
