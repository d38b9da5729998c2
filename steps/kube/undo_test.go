package kube_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// ledger is a step.Host that keeps entries for another process.
type ledger struct {
	step.Host
	entries []entry
}

type entry struct {
	undo string
	data json.RawMessage
}

func (l *ledger) Record(_ context.Context, undo string, data any) (step.Entry, error) {
	raw, err := json.Marshal(data)
	l.entries = append(l.entries, entry{undo, raw})
	return forgettable{}, err
}

type forgettable struct{ step.Entry }

func (forgettable) Forget(context.Context) error { return nil }

// replay carries the entries out, last first, with an Env that has never heard of them.
func (l *ledger) replay(t *testing.T) (said []string) {
	t.Helper()
	env := kube.NewEnv(kube.Options{Getenv: func(string) string { return "" }})
	t.Cleanup(env.Close)
	for i := len(l.entries) - 1; i >= 0; i-- {
		u := undo(t, env, l.entries[i].undo)
		said = append(said, u.Describe(l.entries[i].data))
		for range 2 { // taking back twice succeeds
			if err := u.Start(t.Context(), l.entries[i].data); err != nil {
				t.Fatal(err)
			}
		}
		if u.Wait != nil && u.Name != "kube.deleteNamespace" {
			if err := u.Wait(t.Context(), l.entries[i].data); err != nil {
				t.Fatal(err)
			}
		}
	}
	return said
}

// abroad returns a target of one scenario in the namespace of another, with a ledger.
func abroad(t *testing.T) (*kubetest.Cluster, *kube.Target, *ledger) {
	t.Helper()
	owner := kubetest.New(t)
	book := &ledger{}
	run := *owner.Run
	run.Host = book
	run.Namespace = owner.Target.Namespace
	run.Scenario.Owned, run.Scenario.Namespace = false, "default"
	run.Scenario.ID, run.Scenario.RunID = owner.Run.Scenario.ID+"-guest", owner.Run.Scenario.RunID+"-guest"
	target, err := owner.Env.Target(t.Context(), &run)
	if err != nil {
		t.Fatal(err)
	}
	return owner, target, book
}

func apply(t *testing.T, target *kube.Target, manifest string) {
	t.Helper()
	if _, err := target.Apply(t.Context(), kubetest.Object(t, manifest), kube.Change{}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, target *kube.Target, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := target.Get(t.Context(), ref(t, name))
	if kube.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func TestCreatedObjectIsDeletedAgain(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, guest, configMap)
	if get(t, guest, "cm/settings").GetLabels()[kube.RunLabel] == "" {
		t.Error("what a run makes bears its label")
	}
	said := book.replay(t)
	if diff := cmp.Diff([]string{"delete configmap settings in namespace " + owner.Target.Namespace}, said); diff != "" {
		t.Error(diff)
	}
	if get(t, guest, "cm/settings") != nil {
		t.Error("the config map is still there")
	}
}

func TestObjectOfOthersIsNotDeleted(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, guest, configMap)
	if _, err := owner.Target.Delete(t.Context(), ref(t, "cm/settings"), kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	apply(t, owner.Target, configMap)
	book.replay(t)
	if get(t, guest, "cm/settings") == nil {
		t.Error("the undo deleted an object that somebody else has made since")
	}
}

func TestChangedObjectIsRestored(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, owner.Target, `{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {token: hunter22}}`)
	apply(t, guest, `{apiVersion: v1, kind: Secret, metadata: {name: key, labels: {new: "yes"}}, stringData: {token: changed}}`)
	if _, err := guest.Patch(t.Context(), ref(t, "secret/key"), kube.Patch{Type: kube.JSONPatch, Body: []any{
		map[string]any{"op": "add", "path": "/data/more", "value": "eA=="},
	}}); err != nil {
		t.Fatal(err)
	}
	changed := get(t, guest, "secret/key")
	if changed.GetLabels()[kube.RunLabel] != owner.Run.Scenario.RunID {
		t.Error("the label of the run that made an object must stay")
	}
	said := book.replay(t)
	if text := strings.Join(said, " "); strings.Contains(text, "hunter22") || strings.Contains(text, "aHVudGVyMjI") {
		t.Errorf("a secret is told: %s", text)
	}
	restored := get(t, guest, "secret/key")
	data, _, _ := unstructured.NestedStringMap(restored.Object, "data")
	if diff := cmp.Diff(map[string]string{"token": "aHVudGVyMjI="}, data); diff != "" {
		t.Error(diff)
	}
	if _, has := restored.GetLabels()["new"]; has {
		t.Error("a label that was added is still there")
	}
}

func TestRemovedObjectsAreCreatedAgain(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, owner.Target, deployment)
	apply(t, owner.Target, `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}`)
	apply(t, owner.Target, `{apiVersion: batch/v1, kind: Job, metadata: {name: once}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`)
	apply(t, owner.Target, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`)
	owner.Until(t, "deploy/web", func(o *unstructured.Unstructured) bool { return number(o, "status", "availableReplicas") == 2 })
	names := []string{"deployment/web", "service/web", "job/once", "pvc/data"}
	before := map[string]string{}
	for _, name := range names {
		before[name] = string(get(t, guest, name).GetUID())
		if _, err := guest.Delete(t.Context(), ref(t, name), kube.Deletion{}); err != nil {
			t.Fatal(err)
		}
	}
	book.replay(t)
	for _, name := range names {
		if now := get(t, guest, name); now == nil || string(now.GetUID()) == before[name] || now.GetDeletionTimestamp() != nil {
			t.Errorf("%s was not created again", name)
		}
	}
}

func TestPodOfAControllerNeedsNoUndo(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, owner.Target, deployment)
	owner.Until(t, "deploy/web", func(o *unstructured.Unstructured) bool { return number(o, "status", "availableReplicas") == 2 })
	pods, err := guest.List(t.Context(), kube.Ref{Kind: "pods", Labels: map[string]string{"app": "web"}})
	if err != nil || len(pods) != 2 {
		t.Fatalf("%d pods, %v", len(pods), err)
	}
	for i, pod := range pods {
		if i == 0 {
			err = guest.Evict(t.Context(), "", pod.GetName(), kube.Deletion{})
		} else {
			_, err = guest.Delete(t.Context(), ref(t, "pod/"+pod.GetName()), kube.Deletion{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(book.entries) != 0 {
		t.Errorf("%d ledger entries, want none", len(book.entries))
	}
}

func TestImmutableFieldIsRestoredByReplacement(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, owner.Target, configMap)
	object := get(t, guest, "cm/settings")
	object.Object["immutable"] = true
	object.Object["data"] = map[string]any{"color": "red"}
	if _, err := guest.Patch(t.Context(), ref(t, "cm/settings"), kube.Patch{Body: map[string]any{"immutable": true, "data": map[string]any{"color": "red"}}}); err != nil {
		t.Fatal(err)
	}
	book.replay(t)
	if now := get(t, guest, "cm/settings"); text(now, "data", "color") != "blue" || now.Object["immutable"] != nil {
		t.Errorf("not restored: %v", now.Object)
	}
}

func TestStatusAndScaleAreRestored(t *testing.T) {
	owner, guest, book := abroad(t)
	apply(t, owner.Target, strings.Replace(deployment, "replicas: 2", "replicas: 1", 1))
	scaled, err := guest.Scale(t.Context(), ref(t, "deployment/web"), 3, kube.Change{})
	if err != nil || scaled.GetKind() != "Deployment" || number(scaled, "spec", "replicas") != 3 {
		t.Fatalf("%v %v", scaled, err)
	}
	apply(t, owner.Target, `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: keep}, spec: {minAvailable: 1, selector: {matchLabels: {none: "x"}}}}`)
	if _, err := guest.Patch(t.Context(), ref(t, "pdb/keep"), kube.Patch{Subresource: "status", Body: map[string]any{"status": map[string]any{"currentHealthy": 77}}}); err != nil {
		t.Fatal(err)
	}
	book.replay(t)
	if now := get(t, guest, "deployment/web"); number(now, "spec", "replicas") != 1 {
		t.Errorf("replicas = %d, want 1", number(now, "spec", "replicas"))
	}
	if now := get(t, guest, "pdb/keep"); number(now, "status", "currentHealthy") == 77 {
		t.Error("the status was not restored")
	}
}

func TestRefusedChangeLeavesNoEntry(t *testing.T) {
	c := kubetest.New(t)
	run := *c.Run
	run.Namespace = "default"
	target, err := c.Env.Target(t.Context(), &run)
	if err != nil {
		t.Fatal(err)
	}
	open := len(c.Host.Open())
	_, err = target.Apply(t.Context(), kubetest.Object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, daata: {a: b}}`), kube.Change{})
	want := `apply ConfigMap settings in namespace default: .daata: field not declared in schema`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if now := len(c.Host.Open()); now != open {
		t.Errorf("%d ledger entries are open, want %d", now, open)
	}
}

func TestKeepLeavesTheChange(t *testing.T) {
	_, guest, book := abroad(t)
	if _, err := guest.Apply(t.Context(), kubetest.Object(t, configMap), kube.Change{Keep: true}); err != nil {
		t.Fatal(err)
	}
	if object := get(t, guest, "cm/settings"); len(book.entries) != 0 || object.GetLabels()[kube.RunLabel] != "" {
		t.Error("a change that is kept has no ledger entry and no label by which cleanup would find it")
	}
}

func TestNamespaceIsDeletedByAnotherProcess(t *testing.T) {
	c := kubetest.New(t)
	book := &ledger{}
	run := *c.Run
	run.Host = book
	run.Scenario.ID += "-dead"
	run.Scenario.Namespace = run.Scenario.ID
	target, err := c.Env.Target(t.Context(), &run)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, target, configMap)
	left, err := c.Env.Residue(t.Context(), "", run.Scenario.RunID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, residue := range left {
		names = append(names, residue.String())
	}
	if diff := cmp.Diff([]string{"namespace " + c.Target.Namespace, "namespace " + target.Namespace}, names); diff != "" {
		t.Error(diff)
	}
	said := book.replay(t)
	if diff := cmp.Diff([]string{"delete namespace " + target.Namespace}, said); diff != "" {
		t.Error(diff)
	}
	if space := get(t, target, "namespace/"+target.Namespace); space != nil && space.GetDeletionTimestamp() == nil {
		t.Error("the namespace was not deleted")
	}
}

func TestLedgerOfAnotherServerIsRefused(t *testing.T) {
	c := kubetest.New(t)
	book := &ledger{}
	run := *c.Run
	run.Host = book
	run.Scenario.ID += "-b"
	run.Scenario.Namespace = run.Scenario.ID
	if _, err := c.Env.Target(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := json.Unmarshal(book.entries[0].data, &data); err != nil {
		t.Fatal(err)
	}
	server := data["server"].(string)
	data["server"] = "https://10.9.8.7:6443"
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	err = undo(t, c.Env, "kube.deleteNamespace").Start(t.Context(), raw)
	want := " now points to " + server + ", but the change was made on https://10.9.8.7:6443; nothing was done"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want …%s", err, want)
	}
	book.replay(t)
}
