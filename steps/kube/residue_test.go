package kube_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestResidueIsFoundByLabelsAndRemoved(t *testing.T) {
	owner, guest, _ := abroad(t)
	apply(t, guest, configMap)
	apply(t, guest, deployment)                                                                     // its pods have an owner and are not listed
	apply(t, owner.Target, `{apiVersion: v1, kind: ConfigMap, metadata: {name: of-the-other-run}}`) // inside a namespace that goes as a whole
	residue := func() (names []string) {
		found, err := owner.Env.Residue(t.Context(), "", owner.Run.Scenario.RunID+"-guest")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			names = append(names, r.String())
			if err := owner.Env.Remove(t.Context(), "", r); err != nil {
				t.Error(err)
			}
			if err := owner.Env.AwaitRemoval(t.Context(), "", r); err != nil {
				t.Error(err)
			}
		}
		return names
	}
	where := " in namespace " + owner.Target.Namespace
	if diff := cmp.Diff([]string{"configmap settings" + where, "deployment web" + where}, residue()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string(nil), residue()); diff != "" {
		t.Error(diff)
	}
	found, err := owner.Env.Residue(t.Context(), "", owner.Run.Scenario.RunID)
	if err != nil || len(found) != 1 || found[0].String() != "namespace "+owner.Target.Namespace {
		t.Errorf("%v %v", found, err)
	}
	if err := owner.Env.Remove(t.Context(), "", kube.Residue{Mapping: found[0].Mapping, Name: found[0].Name, UID: "of-another"}); err != nil {
		t.Error(err)
	}
	if object := get(t, owner.Target, "namespace/"+owner.Target.Namespace); object == nil || object.GetDeletionTimestamp() != nil {
		t.Error("a namespace was removed that is not the one that was found")
	}
}
