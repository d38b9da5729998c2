package kinds_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// TestNoKindIsLeftOut compares the table with what client-go knows.
func TestNoKindIsLeftOut(t *testing.T) {
	var catalogue kinds.Catalogue
	transient := []string{"Binding", "Eviction", "Scale", "TokenRequest", "PodExecOptions", "RangeAllocation", "SerializedReference"}
	var missing []string
	for gvk, object := range scheme.Scheme.AllKnownTypes() {
		_, listed := reflect.New(object).Interface().(metav1.ListInterface)
		_, named := reflect.New(object).Interface().(metav1.Object)
		review := strings.HasSuffix(gvk.Kind, "Review") || gvk.Group == "authentication.k8s.io" || gvk.Group == "authorization.k8s.io"
		if listed || !named || review || slices.Contains(transient, gvk.Kind) || strings.Contains(gvk.Version, "alpha") || strings.Contains(gvk.Version, "beta") || gvk.Version == "__internal" {
			continue
		}
		if k, ok := catalogue.Find(gvk.GroupVersion().String(), gvk.Kind); !ok || k.Name != gvk.Kind {
			missing = append(missing, gvk.String())
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("the table lacks\n%s", strings.Join(missing, "\n"))
	}
}

// TestNamesAreThoseOfTheServer compares the table with the discovery of a real API server.
func TestNamesAreThoseOfTheServer(t *testing.T) {
	c := kubetest.New(t)
	served := map[string]metav1.APIResource{}
	mappings, err := c.Target.Cluster.Mappings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, mapping := range mappings {
		served[mapping.APIVersion()+" "+mapping.Kind] = metav1.APIResource{Name: mapping.Resource, SingularName: mapping.Singular, ShortNames: mapping.ShortNames}
	}
	var catalogue kinds.Catalogue
	checked := 0
	for _, k := range catalogue.All() {
		want, ok := served[k.APIVersion()+" "+k.Name]
		if !ok {
			t.Logf("the server does not serve %s %s", k.APIVersion(), k.Name)
			continue
		}
		checked++
		got := metav1.APIResource{Name: k.Plural, SingularName: k.Singular, ShortNames: k.Short}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -server +table\n%s", k.Name, d)
		}
	}
	if checked < 50 {
		t.Errorf("only %d kinds were compared", checked)
	}
}

func TestFind(t *testing.T) {
	var catalogue kinds.Catalogue
	for name, want := range map[string]string{
		"deployment": "apps/v1 Deployment", "deploy": "apps/v1 Deployment", "Deployment": "apps/v1 Deployment", "deployments.apps": "apps/v1 Deployment",
		"deployments.v1.apps": "apps/v1 Deployment", "po": "v1 Pod", "pods": "v1 Pod", "svc": "v1 Service", "cm": "v1 ConfigMap", "sts": "apps/v1 StatefulSet",
		"ds": "apps/v1 DaemonSet", "rs": "apps/v1 ReplicaSet", "ing": "networking.k8s.io/v1 Ingress", "hpa": "autoscaling/v2 HorizontalPodAutoscaler",
		"pvc": "v1 PersistentVolumeClaim", "pv": "v1 PersistentVolume", "sa": "v1 ServiceAccount", "ns": "v1 Namespace", "no": "v1 Node",
		"pdb": "policy/v1 PodDisruptionBudget", "netpol": "networking.k8s.io/v1 NetworkPolicy", "cj": "batch/v1 CronJob", "events": "v1 Event",
		"events.events.k8s.io": "events.k8s.io/v1 Event", "ENDPOINTS": "v1 Endpoints", "leases": "coordination.k8s.io/v1 Lease",
	} {
		k, ok := catalogue.Find("", name)
		if !ok || k.APIVersion()+" "+k.Name != want {
			t.Errorf("%s is %+v, want %s", name, k, want)
		}
	}
	if k, ok := catalogue.Find("autoscaling/v1", "hpa"); !ok || k.Version != "v1" {
		t.Error("autoscaling/v1 is not found")
	}
	for _, name := range []string{"", "widget", "deployments.batch", "deploymentz"} {
		if k, ok := catalogue.Find("", name); ok {
			t.Errorf("%q is %s", name, k.Name)
		}
	}
	if k, ok := catalogue.Find("batch/v1", "deployments"); ok {
		t.Errorf("batch/v1 has a %s", k.Name)
	}
}

// TestTypes names what differs between Go and JSON.
func TestTypes(t *testing.T) {
	var catalogue kinds.Catalogue
	for path, want := range map[string]string{
		"pod.metadata.labels":                                  "a map of text",
		"pod.metadata.annotations":                             "a map of text",
		"pod.metadata.creationTimestamp":                       "text",
		"pod.metadata.generation":                              "a whole number",
		"pod.metadata.managedFields.fieldsV1":                  "anything",
		"pod.kind":                                             "text",
		"pod.spec.containers.resources.limits":                 "a map of text",
		"pod.spec.containers.ports.containerPort":              "a whole number",
		"pod.spec.containers.livenessProbe.httpGet.port":       "anything",
		"pod.spec.hostNetwork":                                 "true or false",
		"pod.status.phase":                                     "text",
		"pod.status.containerStatuses.state.waiting.reason":    "text",
		"pod.status.containerStatuses.restartCount":            "a whole number",
		"service.spec.ports.targetPort":                        "anything",
		"secret.data":                                          "a map of text",
		"configmap.data":                                       "a map of text",
		"configmap.binaryData":                                 "a map of text",
		"job.status.conditions.lastTransitionTime":             "text",
		"cronjob.spec.jobTemplate.spec.template.spec.nodeName": "text",
		"lease.spec.renewTime":                                 "text",
		"controllerrevision.data":                              "anything",
		"hpa.spec.metrics.resource.target.averageUtilization":  "a whole number",
		"rs.spec.selector.matchLabels":                         "a map of text",
		"pv.spec.capacity":                                     "a map of text",
	} {
		words := strings.Split(path, ".")
		k, ok := catalogue.Find("", words[0])
		if !ok {
			t.Fatal(path)
		}
		at := k.Type
		for _, word := range words[1:] {
			for at.Kind == eval.List {
				at = *at.Elem
			}
			f, ok := at.Field(word)
			if !ok {
				t.Fatalf("%s: no %s among %v", path, word, at.Names())
			}
			at = f.Type
		}
		got := at.Kind.String()
		if at.Kind == eval.Map {
			got += " of " + at.Elem.Kind.String()
		}
		if got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	k, _ := catalogue.Find("", "pod")
	if f, _ := k.Type.Field("spec"); !strings.HasPrefix(f.Doc, "Specification of the desired behavior of the pod.") {
		t.Errorf("the documentation of spec is %q", f.Doc)
	}
}

func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		var catalogue kinds.Catalogue
		if _, ok := catalogue.Find("", "deployment"); !ok {
			b.Fatal("not found")
		}
	}
}
