package kinds

import (
	"path"
	"reflect"
)

// required returns the fields without which the server refuses a struct of the built-in kinds. The Go types don't tell;
// this is what the API's own OpenAPI document requires, as far as it is about what people write into manifests and the
// server has no default for it.
func required(t reflect.Type) []string {
	group := path.Base(path.Dir(t.PkgPath()))
	return requirements()[group+"."+t.Name()]
}

func requirements() map[string][]string {
	return map[string][]string{
		"apps.DaemonSet":       {"spec"},
		"apps.DaemonSetSpec":   {"selector", "template"},
		"apps.Deployment":      {"spec"},
		"apps.DeploymentSpec":  {"selector", "template"},
		"apps.ReplicaSet":      {"spec"},
		"apps.ReplicaSetSpec":  {"selector", "template"},
		"apps.StatefulSet":     {"spec"},
		"apps.StatefulSetSpec": {"selector", "template"},

		"autoscaling.ContainerResourceMetricSource": {"name", "target", "container"},
		"autoscaling.CrossVersionObjectReference":   {"kind", "name"},
		"autoscaling.ExternalMetricSource":          {"metric", "target"},
		"autoscaling.HPAScalingPolicy":              {"type", "value", "periodSeconds"},
		"autoscaling.HorizontalPodAutoscaler":       {"spec"},
		"autoscaling.HorizontalPodAutoscalerSpec":   {"scaleTargetRef", "maxReplicas"},
		"autoscaling.MetricIdentifier":              {"name"},
		"autoscaling.MetricSpec":                    {"type"},
		"autoscaling.MetricTarget":                  {"type"},
		"autoscaling.ObjectMetricSource":            {"describedObject", "target", "metric"},
		"autoscaling.PodsMetricSource":              {"metric", "target"},
		"autoscaling.ResourceMetricSource":          {"name", "target"},

		"batch.CronJob":     {"spec"},
		"batch.CronJobSpec": {"schedule", "jobTemplate"},
		"batch.Job":         {"spec"},
		"batch.JobSpec":     {"template"},

		"core.CSIVolumeSource":                   {"driver"},
		"core.ConfigMapKeySelector":              {"key"},
		"core.Container":                         {"name"},
		"core.ContainerPort":                     {"containerPort"},
		"core.DownwardAPIVolumeFile":             {"path"},
		"core.EnvVar":                            {"name"},
		"core.EphemeralContainer":                {"name"},
		"core.GRPCAction":                        {"port"},
		"core.HTTPGetAction":                     {"port"},
		"core.HTTPHeader":                        {"name"},
		"core.HostAlias":                         {"ip"},
		"core.HostPathVolumeSource":              {"path"},
		"core.KeyToPath":                         {"key", "path"},
		"core.LimitRangeItem":                    {"type"},
		"core.NFSVolumeSource":                   {"server", "path"},
		"core.NodeSelector":                      {"nodeSelectorTerms"},
		"core.NodeSelectorRequirement":           {"key", "operator"},
		"core.ObjectFieldSelector":               {"fieldPath"},
		"core.PersistentVolumeClaimVolumeSource": {"claimName"},
		"core.PodAffinityTerm":                   {"topologyKey"},
		"core.PodSpec":                           {"containers"},
		"core.PreferredSchedulingTerm":           {"weight"},
		"core.ResourceFieldSelector":             {"resource"},
		"core.SeccompProfile":                    {"type"},
		"core.SecretKeySelector":                 {"key"},
		"core.ServiceAccountTokenProjection":     {"path"},
		"core.ServicePort":                       {"port"},
		"core.Sysctl":                            {"name"},
		"core.TCPSocketAction":                   {"port"},
		"core.Taint":                             {"key", "effect"},
		"core.TopologySpreadConstraint":          {"maxSkew", "topologyKey", "whenUnsatisfiable"},
		"core.Volume":                            {"name"},
		"core.VolumeDevice":                      {"name", "devicePath"},
		"core.VolumeMount":                       {"name", "mountPath"},
		"core.WeightedPodAffinityTerm":           {"weight", "podAffinityTerm"},

		"meta.LabelSelectorRequirement": {"key", "operator"},
		"meta.OwnerReference":           {"apiVersion", "kind", "name", "uid"},

		"networking.HTTPIngressPath":       {"pathType", "backend"},
		"networking.HTTPIngressRuleValue":  {"paths"},
		"networking.IPBlock":               {"cidr"},
		"networking.IngressServiceBackend": {"name"},

		"rbac.ClusterRoleBinding": {"roleRef"},
		"rbac.PolicyRule":         {"verbs"},
		"rbac.RoleBinding":        {"roleRef"},
		"rbac.RoleRef":            {"kind", "name"},
		"rbac.Subject":            {"kind", "name"},

		"storage.StorageClass": {"provisioner"},
	}
}
