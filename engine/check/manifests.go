package check

// manifestChecks look into the files that steps hand to a cluster, and at what steps say of the objects in them.
func manifestChecks() []Check {
	return []Check{
		{
			Name: "manifest-syntax", Group: Manifests, Meaning: "A manifest is not valid YAML.",
			Why:  "It can't be applied.",
			Cure: "Correct the manifest at the marked place.",
		},
		{
			Name: "manifest-object", Group: Manifests, Meaning: "A manifest holds something that is no Kubernetes object.",
			Why:  "The API server would refuse it in the middle of the run.",
			Cure: "Give the object apiVersion, kind and metadata.name.",
		},
		{
			Name: "manifest-kind", Group: Manifests, Meaning: "A manifest has an apiVersion and kind that don't exist, or don't exist any more.",
			Why:  "The API server would refuse it in the middle of the run.",
			Cure: "Take the proposal. The definition of a custom kind belongs to the manifests of the scenario.",
		},
		{
			Name: "manifest-field", Group: Manifests, Meaning: "An object in a manifest has a field that its kind does not have.",
			Why:  "The API server would refuse it, or drop the field.",
			Cure: "Take the proposal.",
		},
		{
			Name: "manifest-type", Group: Manifests, Meaning: "A value in a manifest has the wrong type, or is none of the values that its field takes.",
			Why:  "The API server would refuse it in the middle of the run.",
			Cure: "Write a value as the message describes it. Numbers in environment variables and annotations need quotes.",
		},
		{
			Name: "manifest-required", Group: Manifests, Meaning: "An object in a manifest lacks a field that its kind needs.",
			Why:  "The API server would refuse it in the middle of the run.",
			Cure: "Add the field.",
		},
		{
			Name: "manifest-labels", Group: Manifests, Meaning: "A workload selects pods by labels that its own pod template does not have.",
			Why:  "The API server refuses such a workload.",
			Cure: "Give the pod template the labels of the selector.",
		},
		{
			Name: "manifest-duplicate", Group: Manifests, Meaning: "The same object is deployed twice by one step.",
			Why:  "The second one overwrites the first.",
			Cure: "Remove one of them or give it another name.",
		},
		{
			Name: "manifest-template", Group: Manifests, Severity: warning, Meaning: "A manifest holds `${{ }}`, which nothing evaluates.",
			Why:  "Manifests are applied as they are unless the step says template: true.",
			Cure: "Say template: true in the deploy step. To keep the text, silence the check on the line of the step that names the file.",
		},
		{
			Name: "missing-kind", Group: Manifests, Meaning: "The cluster that `validate --context` asked does not have a kind that a step works on.",
			Why:  "The step would fail there; a definition or an operator is missing.",
			Cure: "Install what brings the kind, or deploy its definition in an earlier step.",
		},
		{
			Name: "server-refuses", Group: Manifests, Meaning: "The cluster that `validate --context` asked would not take an object or a patch: it, its quotas or its admission webhooks refuse it.",
			Why:  "The step would fail there. The server checked the change and stored nothing.",
			Cure: "Change what the server names, or choose another cluster.",
		},
		{
			Name: "not-deployed", Group: Manifests, Severity: warning, Meaning: "A step works on an object that no step deploys, though others of its kind are deployed.",
			Why:  "The name is probably misspelt, and the step would wait in vain.",
			Cure: "Take the proposal. An object that a controller makes is silenced with that reason.",
		},
		{
			Name: "selector-matches-nothing", Group: Manifests, Severity: warning, Meaning: "A selector matches nothing in the manifests of the scenario.",
			Why:  "The step, or the Service, would find no pod.",
			Cure: "Use labels of the pod template that is meant.",
		},
		{
			Name: "unknown-container", Group: Manifests, Severity: warning, Meaning: "A step names a container that the object in the manifests does not have.",
			Why:  "There would be nothing to break, or to read.",
			Cure: "Take the proposal. A container that is injected later is silenced with that reason.",
		},
	}
}
