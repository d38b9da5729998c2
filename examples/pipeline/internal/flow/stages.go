package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

const (
	// look is how often evidence is read again while something is expected of it.
	look = 200 * time.Millisecond
	// Evidence may take a while to show, since states follow their causes: only after so much time and so many complete
	// looks it is sure that no rule explains it.
	investigation = 5 * time.Second
	looks         = 3
	// investigationPatience is how long all that may take on a slow cluster.
	investigationPatience = 2 * time.Minute
	// approvalPatience is how long a human may take.
	approvalPatience = 10 * time.Minute
)

// process classifies the signal and returns the environment.
func (r *request) process(ctx context.Context) (environment string, err error) {
	if err := r.phase(ctx, "Processing", nil); err != nil {
		return "", err
	}
	name := "sp-" + r.name
	if err := r.child(ctx, "SignalProcessing", name, nil); err != nil {
		return "", err
	}
	if err := r.status(ctx, "signalprocessings", name, map[string]any{"phase": "Enriching"}); err != nil {
		return "", err
	}
	namespace, err := r.Cluster.Get(ctx, "namespaces", "", r.alert.Labels["namespace"])
	if err != nil {
		return "", err
	}
	environment, priority := "unknown", "P2"
	if labels, ok := namespace["metadata"].(map[string]any)["labels"].(map[string]any); ok {
		if found, ok := labels["kubernaut.ai/environment"].(string); ok {
			environment = found
		}
	}
	if environment == "production" && r.alert.Labels["severity"] == "critical" {
		priority = "P0"
	}
	return environment, r.status(ctx, "signalprocessings", name, map[string]any{
		"phase":                     "Completed",
		"environmentClassification": map[string]any{"environment": environment},
		"priorityAssignment":        map[string]any{"priority": priority},
		"signalClassification":      map[string]any{"severity": r.alert.Labels["severity"]},
	})
}

// analyse finds the rule that the evidence supports. It returns false when that was the end of the request.
func (r *request) analyse(ctx context.Context, environment string) (bool, error) {
	if err := r.phase(ctx, "Analyzing", nil); err != nil {
		return false, err
	}
	name := "ai-" + r.name
	if err := r.child(ctx, "AIAnalysis", name, nil); err != nil {
		return false, err
	}
	if err := r.status(ctx, "aianalyses", name, map[string]any{"phase": "Investigating"}); err != nil {
		return false, err
	}
	found, err := r.investigate(ctx)
	if err != nil {
		return false, err
	}
	if !found {
		return false, r.review(ctx, name, "no rule explains the evidence")
	}
	cause, err := r.scope.Text(r.rule.Cause)
	if err != nil {
		return false, err
	}
	result := map[string]any{"rootCauseAnalysis": map[string]any{"summary": cause, "remediationTarget": map[string]any{
		"kind": r.target.Kind, "name": r.target.Name, "namespace": r.target.Namespace,
	}}}
	if r.rule.Workflow == "" {
		return false, r.noWorkflow(ctx, name, cause, result)
	}
	result["selectedWorkflow"] = map[string]any{
		"workflowId": r.rule.Workflow, "actionType": r.rule.Action, "confidence": r.rule.Confidence, "executionEngine": "job",
	}
	asked := r.rule.Approval || environment == "production"
	return true, r.status(ctx, "aianalyses", name, map[string]any{
		"phase": "Completed", "rcaResult": result, "approval": map[string]any{"approvalRequired": asked},
		"review": map[string]any{"needsHumanReview": false},
	})
}

// noWorkflow ends a request for which the right thing is to do nothing.
func (r *request) noWorkflow(ctx context.Context, name, cause string, result map[string]any) error {
	if r.rule.Outcome == "ManualReviewRequired" {
		return r.review(ctx, name, cause)
	}
	err := r.status(ctx, "aianalyses", name, map[string]any{
		"phase": "Completed", "rcaResult": result, "approval": map[string]any{"approvalRequired": false},
		"review": map[string]any{"needsHumanReview": false}, "reason": "WorkflowNotNeeded",
	})
	if err != nil {
		return err
	}
	return r.complete(ctx, r.rule.Outcome)
}

// review hands the request to a human.
func (r *request) review(ctx context.Context, name, cause string) error {
	err := r.status(ctx, "aianalyses", name, map[string]any{
		"phase": "Failed", "reason": "WorkflowResolutionFailed", "subReason": "NoMatchingWorkflows",
		"rcaResult": map[string]any{"rootCauseAnalysis": map[string]any{"summary": cause}},
		"review":    map[string]any{"needsHumanReview": true, "humanReviewReason": "no_matching_workflows"},
	})
	if err != nil {
		return err
	}
	if err := r.notify(ctx, "manual-review", cause); err != nil {
		return err
	}
	return r.phase(ctx, "Completed", map[string]any{
		"completionStatus": map[string]any{"outcome": "ManualReviewRequired"}, "requiresManualReview": true,
	})
}

// investigate reads evidence until a rule explains it, or until it is sure that none does.
func (r *request) investigate(ctx context.Context) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, investigationPatience)
	defer cancel()
	begun, complete := time.Now(), 0
	err = r.until(ctx, func() (bool, error) {
		var unread error // what belongs together may not all be there yet
		evidence := r.Cluster.Snapshot()
		for _, candidate := range r.Book.Rules {
			fits, err := r.fits(ctx, evidence, candidate)
			if fits {
				found = true
				return true, nil
			}
			unread = errors.Join(unread, err)
		}
		if unread != nil {
			r.Log.Warn("some evidence can't be read", "request", r.name, "error", unread)
			return false, nil
		}
		complete++
		return complete >= looks && time.Since(begun) >= investigation, nil
	})
	return found, err
}

// fits reports whether the evidence supports a rule, and takes it up if so.
func (r *request) fits(ctx context.Context, evidence *cluster.Snapshot, candidate rule.Rule) (bool, error) {
	if !slices.Contains(candidate.Signals, r.alert.Labels["alertname"]) {
		return false, nil
	}
	scope, err := r.gather(ctx, evidence, candidate)
	if err != nil {
		return false, fmt.Errorf("rule %q: %w", candidate.Name, err)
	}
	if holds, err := scope.True(candidate.When); err != nil || !holds {
		return false, err
	}
	target := rule.Target{Kind: candidate.Target.Kind}
	if target.Name, err = scope.Text(candidate.Target.Name); err != nil {
		return false, err
	}
	if target.Namespace, err = scope.Text(candidate.Target.Namespace); err != nil {
		return false, err
	}
	if target.Namespace == "" {
		target.Namespace = r.alert.Labels["namespace"]
	}
	r.rule, r.scope, r.target = candidate, scope, target
	return true, nil
}

func (r *request) gather(ctx context.Context, evidence *cluster.Snapshot, of rule.Rule) (text.Scope, error) {
	base := text.Scope{"alert": r.alert.scope(), "namespace": r.alert.Labels["namespace"]}
	return evidence.Gather(ctx, base, of.Look, of.Let, r.alert.Labels["namespace"])
}

// approve asks a human and waits for the answer.
func (r *request) approve(ctx context.Context) (bool, error) {
	name := "rar-" + r.name
	spec := map[string]any{"aiAnalysisRef": map[string]any{"name": "ai-" + r.name}, "reason": "policy requires approval"}
	if err := r.child(ctx, "RemediationApprovalRequest", name, spec); err != nil {
		return false, err
	}
	if err := r.notify(ctx, "approval", "please approve "+r.rule.Workflow); err != nil {
		return false, err
	}
	if err := r.phase(ctx, "AwaitingApproval", nil); err != nil {
		return false, err
	}
	patient, cancel := context.WithTimeout(ctx, approvalPatience)
	defer cancel()
	var decision any
	err := r.until(patient, func() (bool, error) {
		object, err := r.Cluster.Get(patient, "remediationapprovalrequests"+group, r.Namespace, name)
		if err != nil {
			return false, err
		}
		status, _ := object["status"].(map[string]any)
		decision = status["decision"]
		return decision != nil && decision != "", nil
	})
	if err != nil {
		return false, err
	}
	if decision == "Approved" {
		return true, nil
	}
	return false, r.phase(ctx, "Failed", map[string]any{"message": fmt.Sprintf("approval: %v", decision)})
}

// execute carries the workflow out.
func (r *request) execute(ctx context.Context) error {
	if err := r.phase(ctx, "Executing", nil); err != nil {
		return err
	}
	name := "we-" + r.name
	target := strings.Trim(r.target.Namespace+"/"+strings.ToLower(r.target.Kind)+"/"+r.target.Name, "/")
	spec := map[string]any{"targetResource": target, "workflowRef": map[string]any{"workflowId": r.rule.Workflow, "engine": "job"}}
	if err := r.child(ctx, "WorkflowExecution", name, spec); err != nil {
		return err
	}
	if err := r.status(ctx, "workflowexecutions", name, map[string]any{"phase": "Running"}); err != nil {
		return err
	}
	// What was concluded is carried out: evidence of now may be another, since a crashing pod runs from time to time.
	if err := r.Cluster.Do(ctx, r.scope, r.alert.Labels["namespace"], r.rule.Do); err != nil {
		reason := map[string]any{"phase": "Failed", "failureDetails": map[string]any{"reason": "OperationFailed", "message": err.Error()}}
		if recorded := r.status(ctx, "workflowexecutions", name, reason); recorded != nil {
			return recorded
		}
		return err
	}
	return r.status(ctx, "workflowexecutions", name, map[string]any{"phase": "Completed"})
}

// verify looks whether the remedy had an effect.
func (r *request) verify(ctx context.Context) (outcome string, err error) {
	if err := r.phase(ctx, "Verifying", nil); err != nil {
		return "", err
	}
	name := "ea-" + r.name
	if err := r.child(ctx, "EffectivenessAssessment", name, nil); err != nil {
		return "", err
	}
	if err := r.status(ctx, "effectivenessassessments", name, map[string]any{"phase": "Assessing"}); err != nil {
		return "", err
	}
	patient, cancel := context.WithTimeout(ctx, r.rule.Wait())
	defer cancel()
	err = r.until(patient, r.stable(patient))
	outcome, reason, score := "Remediated", "Full", 1.0
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, errDrift):
		outcome, reason, score = "Inconclusive", "SpecDrift", 0
	case patient.Err() != nil && err != nil:
		outcome, score = "Inconclusive", 0
	case err != nil:
		return "", err
	}
	return outcome, r.status(ctx, "effectivenessassessments", name, map[string]any{
		"phase": "Completed", "assessmentReason": reason, "components": map[string]any{"healthScore": score},
	})
}

// errDrift says that somebody else has undone what was done.
var errDrift = errors.New("the target was changed by somebody else")

// stable returns what says whether the target has been healthy for long enough. Evidence that can't be read is none: what
// it is about may just be replaced.
func (r *request) stable(ctx context.Context) func() (bool, error) {
	var since time.Time
	return func() (bool, error) {
		scope, err := r.gather(ctx, r.Cluster.Snapshot(), r.rule)
		healthy := false
		if err == nil && r.rule.Drift != "" {
			drifted, drift := scope.True(r.rule.Drift)
			if drifted {
				return false, errDrift
			}
			err = drift
		}
		if err == nil {
			healthy, err = scope.True(r.rule.Healthy)
		}
		if err != nil || !healthy {
			if err != nil {
				r.Log.Warn("the effect can't be judged yet", "request", r.name, "error", err)
			}
			since = time.Time{}
			return false, nil
		}
		if since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) >= r.rule.Stable(), nil
	}
}

// complete ends the request and tells people.
func (r *request) complete(ctx context.Context, outcome string) error {
	if err := r.notify(ctx, "completion", outcome); err != nil {
		return err
	}
	return r.phase(ctx, "Completed", map[string]any{"completionStatus": map[string]any{"outcome": outcome}})
}

// until asks again and again, until yes or the end of the time.
func (r *request) until(ctx context.Context, yes func() (bool, error)) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		if done, err := yes(); err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
