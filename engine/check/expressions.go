package check

import "github.com/scenario-runner/scenario-runner/engine/diag"

const warning = diag.Warning

// expressionChecks look at expressions before anything runs.
func expressionChecks() []Check {
	return []Check{
		{
			Name: "expression-syntax", Group: Expressions, Meaning: "An expression can't be read.",
			Why:  "It has no value.",
			Cure: "Correct it at the marked place: `==` compares, texts stand in quotes, `${{` ends with `}}`. An expression with ` #` or `: ` in it needs quotes around it, because of YAML.",
		},
		{
			Name: "unknown-name", Group: Expressions, Meaning: "An expression uses a name that does not exist.",
			Why:  "It could not be evaluated when the scenario runs.",
			Cure: "Take the proposal, or declare the name under vars or secrets.",
		},
		{
			Name: "unknown-output", Group: Expressions, Meaning: "An expression asks a step for an output that it does not have.",
			Why:  "It could not be evaluated when the scenario runs.",
			Cure: "Take the proposal; `scenario-runner steps KIND` lists the outputs.",
		},
		{
			Name: "operand-types", Group: Expressions, Meaning: "An operator joins values that don't go together.",
			Why:  "A text is never equal to a number, so a condition would be false for ever, or true for ever.",
			Cure: "Convert one side: quantity(…) for amounts such as 256Mi, int(…), duration(\"30s\"), len(…).",
		},
		{
			Name: "argument-types", Group: Expressions, Meaning: "A function is called with something that it does not take.",
			Why:  "The call would fail when the scenario runs.",
			Cure: "Give it what the message names.",
		},
		{
			Name: "result-type", Group: Expressions, Meaning: "An expression gives another type of value than its field takes.",
			Why:  "A condition must be true or false, a count must be a number.",
			Cure: "Compare the value with something, or convert it.",
		},
		{
			Name: "amount-as-text", Group: Expressions, Severity: warning, Meaning: "Amounts such as 256Mi are compared as texts.",
			Why:  "The order of texts is that of letters, by which 1Gi is less than 256Mi; and the server writes 1024Mi as 1Gi, so the texts never are the same.",
			Cure: "Write quantity(…) on both sides.",
		},
	}
}

// judgementChecks find scenarios that can't fail.
func judgementChecks() []Check {
	return []Check{
		{
			Name: "asserts-nothing", Group: Judgement, Meaning: "No step of the scenario judges anything, or none that does can make it fail.",
			Why:  "It would be green whatever the system does.",
			Cure: "Add an assert or a waitFor, or take continueOnError away from one.",
		},
		{
			Name: "constant-condition", Group: Judgement, Severity: warning, Meaning: "A condition has the same value in every run.",
			Why:  "It compares a thing with itself, or looks at nothing that a step has seen: an assertion that can't fail proves nothing.",
			Cure: "Compare what a step observed with what you expect of it.",
		},
		{
			Name: "expect-without-hold", Group: Judgement, Severity: warning, Meaning: "A receive step expects an exact number of requests and ends when it is reached.",
			Why:  "One request too many would arrive unseen.",
			Cure: "Say with holdsFor how long the number must stay.",
		},
	}
}

// adviceChecks find what runs and is still better written in another way.
func adviceChecks() []Check {
	return []Check{
		{
			Name: "unused-var", Group: Advice, Severity: warning, Meaning: "Nothing uses a var.",
			Why:  "Whoever sets it with --var changes nothing and does not learn of it.",
			Cure: "Remove it, or use it where its value is written out.",
		},
		{
			Name: "unused-secret", Group: Advice, Severity: warning, Meaning: "Nothing uses a secret.",
			Why:  "The scenario can't start without it, for nothing.",
			Cure: "Remove it.",
		},
		{
			Name: "unused-given", Group: Advice, Severity: warning, Meaning: "Nothing uses a name under given.",
			Why:  "It is looked up in every run, and the claim that it was meant for is missing.",
			Cure: "Write the claim, or remove the name.",
		},
		{
			Name: "needless-needs", Group: Advice, Severity: warning, Meaning: "needs says what the order of the steps says already.",
			Why:  "It looks as if the order mattered in a special way.",
			Cure: "Remove it.",
		},
		{
			Name: "unreachable-step", Group: Advice, Severity: warning, Meaning: "A step can never run.",
			Why:  "What it does, or judges, never happens.",
			Cure: "Correct its condition, put it before the step that ends the scenario, or remove it. Where it should run after all that failed, say always: true.",
		},
		{
			Name: "timeout-too-long", Group: Advice, Severity: warning, Meaning: "A step may take longer than the whole scenario.",
			Why:  "safety.maxDuration ends it first, so its own timeout and what it explains never come.",
			Cure: "Shorten the timeout, or raise safety.maxDuration.",
		},
		{
			Name: "needless-retry", Group: Advice, Severity: warning, Meaning: "A step is tried again that ends in the same way every time.",
			Why:  "The attempts only take time.",
			Cure: "Put retry on the step whose outcome can change.",
		},
		{
			Name: "long-sleep", Group: Advice, Severity: warning, Meaning: "A fixed pause is long.",
			Why:  "Every run takes as long as the slowest ever did, and one slower run still fails.",
			Cure: "Write waitFor with the condition that the pause waits for. A pause that must be there (nothing may happen for a minute) is an assert with always.",
		},
		{
			Name: "too-few-attempts", Group: Advice, Severity: warning, Meaning: "Steps are repeated too few times for the confidence that is asked for.",
			Why:  "The step is inconclusive even when every attempt passes.",
			Cure: "Repeat them as often as the message says, or ask for less.",
		},
		{
			Name: "litmus-without-driver", Group: Advice, Severity: warning, Meaning: "Settings of LitmusChaos are given for a fault that the builtin driver carries out.",
			Why:  "Nothing reads them.",
			Cure: "Set driver: litmus, or remove them.",
		},
		{
			Name: "same-alerts", Group: Advice, Severity: warning, Meaning: "Several alerts are fired that can't be told apart.",
			Why:  "Alertmanager knows alerts by their labels and keeps one of them.",
			Cure: "Put `${{ index }}` into a label.",
		},
		{
			Name: "alert-label-name", Group: Advice, Severity: warning, Meaning: "A label of an alert has a name that older versions of Prometheus and Alertmanager refuse.",
			Why:  "The scenario works with one version and not with another.",
			Cure: "Use letters, digits and underscores.",
		},
		{
			Name: "insecure-tls", Group: Advice, Severity: warning, Meaning: "The certificate of a server is not checked.",
			Why:  "The answers may come from anybody.",
			Cure: "Name the authority that signed the certificate in ca.",
		},
		{
			Name: "statement-text", Group: Advice, Severity: warning, Meaning: "An expression makes a part of the text of an SQL statement.",
			Why:  "Whatever its value holds is executed.",
			Cure: "Write `$1` in the statement and give the value in params.",
		},
		{
			Name: "plain-password", Group: Advice, Severity: warning, Meaning: "A password stands in the file.",
			Why:  "Everybody who reads the file reads the password.",
			Cure: "Name it under secrets and write `${{ secrets.NAME }}`.",
		},
		{
			Name: "recover-without-duration", Group: Advice, Severity: warning, Meaning: "recover is set for a fault that the step does not take back.",
			Why:  "Without a duration the fault lasts until the scenario ends.",
			Cure: "Give a duration, or remove recover.",
		},
	}
}

// silencingChecks look at the comments that silence others.
func silencingChecks() []Check {
	return []Check{
		{
			Name: "invalid-ignore", Group: Silencing, Meaning: "A silencing comment gives no reason, names no check, or one that can't be silenced.",
			Why:  "A finding must not vanish because of a slip, and whoever reads the file next wants to know why it is ignored.",
			Cure: "Write `# scenario-runner:ignore CHECK because REASON`.",
		},
		{
			Name: "unused-ignore", Group: Silencing, Severity: warning, Meaning: "A silencing comment silences nothing.",
			Why:  "It would hide the next finding on this line.",
			Cure: "Remove it, or move it to the line of the finding or the line above.",
			Keep: "remove the comment that silences nothing instead",
		},
	}
}
