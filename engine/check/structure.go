package check

// yamlChecks find what is wrong before the file means anything.
func yamlChecks() []Check {
	return []Check{
		{
			Name: "yaml-syntax", Group: YAML, Meaning: "The file is not valid YAML.",
			Why:  "Nothing in the file can be read.",
			Cure: "Correct the indentation, the quotes or the brackets at the marked place. A text with `: ` or ` #` in it needs quotes.",
		},
		{
			Name: "yaml-empty", Group: YAML, Meaning: "The file is empty.",
			Why:  "A file that was named on the command line and tests nothing must not look green.",
			Cure: "Write a scenario, for example with `scenario-runner new NAME`, or delete the file.",
		},
		{
			Name: "yaml-documents", Group: YAML, Meaning: "The file holds more than one YAML document.",
			Why:  "What stands after `---` would be left out silently.",
			Cure: "Give each scenario a file of its own.",
		},
		{
			Name: "yaml-key", Group: YAML, Meaning: "A key is not plain text.",
			Why:  "Lists and mappings as keys mean nothing here.",
			Cure: "Write a word as the key. A text in braces, such as `{{ x }}`, needs quotes.",
		},
		{
			Name: "duplicate-key", Group: YAML, Meaning: "A mapping has the same key twice.",
			Why:  "YAML takes the last one and says nothing about the first.",
			Cure: "Remove one of the two, or make two steps of them.",
		},
		{
			Name: "yaml-alias", Group: YAML, Meaning: "An alias contains itself, or `<<` takes over something that is no mapping.",
			Why:  "The value would have no end, or nothing would be taken over.",
			Cure: "Move the anchor so that its alias does not stand inside it. Give `<<` the alias of a mapping.",
		},
		{
			Name: "yaml-depth", Group: YAML, Meaning: "Mappings and lists are nested too deep.",
			Why:  "Files that nobody has written by hand could exhaust memory.",
			Cure: "Flatten the data.",
		},
		{
			Name: "yaml-size", Group: YAML, Meaning: "The file is too large, or grows too large when its aliases are followed.",
			Why:  "A file must not be able to exhaust memory.",
			Cure: "Split the scenario, or keep large data in files beside it.",
		},
	}
}

// fieldChecks compare what is written with what the fields take.
func fieldChecks() []Check {
	return []Check{
		{
			Name: "unknown-field", Group: Fields, Meaning: "A field is not known here, in YAML or on a value inside an expression.",
			Why:  "A misspelt field would be ignored, and the scenario would test something else.",
			Cure: "Take the proposal, or look the fields up with `scenario-runner steps KIND`.",
		},
		{
			Name: "missing-field", Group: Fields, Meaning: "A field that is needed is not given.",
			Why:  "The step can't do its work without it.",
			Cure: "Add the field; the message says what it is for.",
		},
		{
			Name: "wrong-type", Group: Fields, Meaning: "A value has another type than its field takes.",
			Why:  "Text where a number belongs is nearly always a slip, and guessing would hide it.",
			Cure: "Write a value of the type that the message names. A number or `true` in quotes is text.",
		},
		{
			Name: "missing-unit", Group: Fields, Meaning: "A duration has no unit.",
			Why:  "30 may be seconds or milliseconds.",
			Cure: "Write the unit: `500ms`, `30s`, `2m`, `1h`.",
		},
		{
			Name: "unknown-value", Group: Fields, Meaning: "A field has a value that is none of its choices.",
			Why:  "Only the listed values mean something.",
			Cure: "Take the proposal, or one of the listed values.",
		},
		{
			Name: "invalid-value", Group: Fields, Meaning: "A value has the right type and still makes no sense for the step.",
			Why:  "The step would fail, or do something that nobody means.",
			Cure: "The message says what the step can do with.",
		},
		{
			Name: "exclusive-fields", Group: Fields, Meaning: "Fields are given together of which only one can be.",
			Why:  "It would be a guess which of them is meant.",
			Cure: "Keep one of them.",
		},
		{
			Name: "invalid-name", Group: Fields, Meaning: "A name can't be used in expressions.",
			Why:  "An expression reads `my-name` as a subtraction.",
			Cure: "Use letters, digits and underscores.",
		},
		{
			Name: "outside-folder", Group: Fields, Meaning: "A path leaves the folder that it has to stay in.",
			Why:  "A scenario must be the same on every machine, and must not read what nobody gave it.",
			Cure: "Move the file below the folder of the scenario.",
		},
		{
			Name: "schema", Group: Fields, Meaning: "The file violates the JSON schema in a way that no other check has found.",
			Why:  "The schema is what editors check with; the two must agree.",
			Cure: "Correct the value as the message says, and report the finding: another check should explain it better.",
		},
	}
}

// stepChecks look at steps as a whole and at the order among them.
func stepChecks() []Check {
	return []Check{
		{
			Name: "unknown-step-kind", Group: Steps, Meaning: "A step has no kind that is known.",
			Why:  "Nobody knows what it should do.",
			Cure: "Take the proposal; `scenario-runner steps` lists all kinds.",
		},
		{
			Name: "missing-step-kind", Group: Steps, Meaning: "A step has only fields that all steps have.",
			Why:  "It would do nothing.",
			Cure: "Say what the step does, or remove it.",
		},
		{
			Name: "second-step-kind", Group: Steps, Meaning: "A step has two kinds.",
			Why:  "The order of the two would be a guess.",
			Cure: "Make two steps; a `-` in front of the second one is usually all that is missing.",
		},
		{
			Name: "no-steps", Group: Steps, Meaning: "A list of steps is empty.",
			Why:  "It would do nothing and look green.",
			Cure: "Add a step or remove the list.",
		},
		{
			Name: "invalid-id", Group: Steps, Meaning: "An id can't be used in expressions.",
			Why:  "An expression reads `steps.my-step` as a subtraction.",
			Cure: "Start with a lower-case letter; use lower-case letters, digits and underscores.",
		},
		{
			Name: "duplicate-id", Group: Steps, Meaning: "Two steps have the same id.",
			Why:  "`steps.<id>` would mean two things.",
			Cure: "Give one of them another id.",
		},
		{
			Name: "unknown-step", Group: Steps, Meaning: "An id is used, in needs or in an expression, that no step has.",
			Why:  "What refers to it can't be carried out.",
			Cure: "Take the proposal, or give the step that is meant this id.",
		},
		{
			Name: "needs-elsewhere", Group: Steps, Meaning: "needs names a step of another list of steps.",
			Why:  "Order is decided among the steps of one list; a container such as parallel is one step to those around it.",
			Cure: "Name the step of the same list that holds the other one, as the message proposes.",
		},
		{
			Name: "cycle", Group: Steps, Meaning: "Steps wait for each other.",
			Why:  "None of them could ever start.",
			Cure: "Remove one of the needs or references on the way.",
		},
		{
			Name: "order", Group: Steps, Meaning: "A step uses the outputs of one that runs later, or its own.",
			Why:  "The outputs are not there when they are needed.",
			Cure: "Move one of the two steps, or use the outputs of another one.",
		},
		{
			Name: "duplicate-name", Group: Steps, Severity: warning, Meaning: "Two files have scenarios of the same name.",
			Why:  "Reports and `--name` can't tell them apart.",
			Cure: "Give one of them another metadata.name.",
			Keep: "it is found by looking at several files, and another name cures it",
		},
	}
}
