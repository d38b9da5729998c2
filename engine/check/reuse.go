package check

// reuseChecks look at what several scenarios share.
func reuseChecks() []Check {
	return []Check{
		{
			Name: "unknown-template", Group: Reuse, Meaning: "A template is named that does not exist or can't be read.",
			Why:  "Its steps would be missing from the scenario.",
			Cure: "Correct the path, which starts at the folder of the file that names it, or the name of the library template.",
		},
		{
			Name: "not-a-template", Group: Reuse, Meaning: "A file is used as a template that is something else.",
			Why:  "Only a template says which parameters it takes.",
			Cure: "Name a file with `kind: Template`.",
		},
		{
			Name: "not-runnable", Group: Reuse, Meaning: "A file is to be run that can't run by itself.",
			Why:  "A template has parameters, for which only a use has values.",
			Cure: "Name the template in a `use` step of a scenario, and run that.",
		},
		{
			Name: "template-cycle", Group: Reuse, Meaning: "Templates use each other without end.",
			Why:  "The scenario would have infinitely many steps.",
			Cure: "Take one of the uses out; the notes show the way around.",
		},
		{
			Name: "expansion-limit", Group: Reuse, Meaning: "Templates or a matrix make more of a file than can run.",
			Why:  "A few files that use each other several times stand for millions of steps.",
			Cure: "Use fewer templates or cases, or split the scenario.",
		},
		{
			Name: "unknown-parameter", Group: Reuse, Meaning: "A use gives a parameter that the template does not have.",
			Why:  "The value would go nowhere, and a default would count in its place.",
			Cure: "Write the parameter as the template declares it.",
		},
		{
			Name: "missing-parameter", Group: Reuse, Meaning: "A use leaves out a parameter that has no default.",
			Why:  "The template can't run without it.",
			Cure: "Give it under `with`, or give it a default in the template.",
		},
		{
			Name: "parameter-type", Group: Reuse, Meaning: "A value does not have the type of its parameter.",
			Why:  "The steps of the template rely on the type.",
			Cure: "Give a value of the type that the message names.",
		},
		{
			Name: "unused-parameter", Group: Reuse, Severity: warning, Meaning: "Nothing in a template uses one of its parameters.",
			Why:  "Whoever uses the template believes that the value has an effect.",
			Cure: "Use the parameter, or remove it.",
		},
		{
			Name: "unknown-cluster", Group: Reuse, Meaning: "A step works on a cluster that neither the scenario nor the configuration names.",
			Why:  "No cluster is touched that nobody named.",
			Cure: "Take the proposal, or name the cluster under clusters of the scenario, or in scenario-runner.yaml.",
		},
		{
			Name: "policy", Group: Reuse, Meaning: "A scenario does what the policy of the project forbids.",
			Why:  "The policy in scenario-runner.yaml holds for all scenarios, whoever writes them.",
			Cure: "Do it in another way, or talk to those who keep the policy; the message names its line.",
		},
		{
			Name: "matrix-axis", Group: Reuse, Meaning: "A name of a matrix has no list of different values.",
			Why:  "Every value makes a case; no value makes none, and the same one twice proves nothing more.",
			Cure: "Write a list with every value once, also when there is only one.",
		},
		{
			Name: "unknown-axis", Group: Reuse, Meaning: "include or exclude names something that the matrix does not have.",
			Why:  "The entry would not do what it says.",
			Cure: "Write the name as the matrix has it.",
		},
		{
			Name: "matrix-cases", Group: Reuse, Meaning: "A matrix has no case, or one of them twice.",
			Why:  "A file that stands for no scenario would be green without a look at anything.",
			Cure: "Add values, or correct include and exclude.",
		},
		{
			Name: "read-before-run", Group: Reuse, Meaning: "An expression stands where its value is needed before anything runs.",
			Why:  "Scenarios are selected and reported by these values.",
			Cure: "Write the value out, or take it from the matrix.",
		},
		{
			Name: "excludes-nothing", Group: Reuse, Severity: warning, Meaning: "An entry of exclude takes no case out.",
			Why:  "A case runs that was meant to be left out.",
			Cure: "Correct the values of the entry, or remove it.",
		},
		{
			Name: "unused-axis", Group: Reuse, Severity: warning, Meaning: "Nothing in a scenario uses a name of its matrix.",
			Why:  "The cases do the same and only take longer.",
			Cure: "Use the name, or remove it.",
		},
		{
			Name: "selects-nothing", Group: Reuse, Meaning: "A path, a label or a threshold of a suite is about no scenario.",
			Why:  "A suite that leaves scenarios out without a word is green for the wrong reason.",
			Cure: "Correct the path or the label, or remove it.",
		},
	}
}
