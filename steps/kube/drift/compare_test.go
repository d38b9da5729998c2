package drift

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)

// made is an object with owners of fields; owner "early" had them before the run.
func made(uid string, labels map[string]string, owners ...string) object {
	o := object{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), Labels: labels}}
	for _, owner := range owners {
		at := metav1.NewTime(start.Truncate(time.Second))
		if owner == "early" {
			at = metav1.NewTime(start.Add(-time.Hour))
		}
		o.ManagedFields = append(o.ManagedFields, metav1.ManagedFieldsEntry{
			Manager: owner, Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:team":{}}}}`),
		})
	}
	return o
}

func node(unschedulable bool, taints ...corev1.Taint) object {
	o := made("n", nil, "early")
	o.Spec.Unschedulable, o.Spec.Taints = unschedulable, taints
	return o
}

func TestWhatIsTold(t *testing.T) {
	role := kube.Mapping{Kind: "ClusterRole"}
	own := map[string]string{kube.RunLabel: "r1"}
	red := map[string]string{"team": "red"}
	notReady := corev1.Taint{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoExecute}
	dedicated := corev1.Taint{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule}
	did, kept := Change{Ours: true}, Change{Ours: true, Kept: true}
	for name, tt := range map[string]struct {
		p    pair
		c    Change
		want *Change // nil is silence
	}{
		"created by others":            {pair{role, object{}, made("a", nil, "helm"), false, true}, Change{}, &Change{How: "was created", By: "helm"}},
		"created with our label":       {pair{role, object{}, made("a", own, "helm"), false, true}, Change{}, &Change{How: "was created", By: "helm", Ours: true}},
		"created and not taken back":   {pair{role, object{}, made("a", nil), false, true}, did, &Change{How: "was created", Ours: true}},
		"kept":                         {pair{role, object{}, made("a", nil), false, true}, kept, &Change{How: "was created", Ours: true, Kept: true}},
		"of another run":               {pair{role, object{}, made("a", map[string]string{kube.RunLabel: "r2"}), false, true}, Change{}, nil},
		"removed by others":            {pair{role, made("a", nil), object{}, true, false}, Change{}, &Change{How: "was removed"}},
		"removed and made again":       {pair{role, made("a", nil), made("b", nil), true, true}, did, nil},
		"made anew by others":          {pair{role, made("a", nil), made("b", nil, "helm"), true, true}, Change{}, &Change{How: "was made anew", By: "helm"}},
		"changed and put back":         {pair{role, made("a", nil, "early"), made("a", nil, "early", "scenario-runner"), true, true}, did, nil},
		"changed to stay":              {pair{role, made("a", nil, "early"), made("a", nil, "early", "scenario-runner"), true, true}, kept, &Change{How: "changed", Ours: true, Kept: true}},
		"changed by others":            {pair{role, made("a", nil, "early"), made("a", nil, "early", "helm"), true, true}, Change{}, &Change{How: "changed", By: "helm"}},
		"changed by the control plane": {pair{role, made("a", nil, "early"), made("a", nil, "early", "kube-controller-manager"), true, true}, Change{}, nil},
		"unchanged":                    {pair{role, made("a", red, "early"), made("a", red, "early"), true, true}, Change{}, nil},
		"labelled by others":           {pair{role, made("a", nil, "early"), made("a", red, "kubectl"), true, true}, did, &Change{How: "changed: label team=red was added", By: "kubectl"}},
		"node cordoned by us":          {pair{kube.Mapping{Kind: "Node"}, node(false), node(true), true, true}, did, &Change{How: "changed: it was cordoned", Ours: true}},
		"node tainted":                 {pair{kube.Mapping{Kind: "Node"}, node(false), node(false, notReady, dedicated), true, true}, did, &Change{How: "changed: taint dedicated=db:NoSchedule was added", Ours: true}},
		"node that is not ready":       {pair{kube.Mapping{Kind: "Node"}, node(false), node(false, notReady), true, true}, Change{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, told := (&State{run: "r1"}).compare(tt.p, start, tt.c)
			switch {
			case tt.want == nil && told:
				t.Errorf("told %+v", got)
			case tt.want != nil && !told:
				t.Error("nothing was told")
			case tt.want != nil:
				if d := cmp.Diff(*tt.want, got); d != "" {
					t.Error(d)
				}
			}
		})
	}
}
