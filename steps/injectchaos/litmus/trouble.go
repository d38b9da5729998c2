package litmus

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
)

// trouble is the error of a state that waiting does not cure; nil when there is none.
func (f *fault) trouble(v *view) error {
	if v.engine == nil {
		return f.errored("the ChaosEngine %s was deleted by somebody while the experiment ran", f.engine)
	}
	if v.result.final() {
		return nil
	}
	experiments, _ := below(v.engine.Object, "status")["experiments"].([]any)
	for _, entry := range experiments {
		e, _ := entry.(map[string]any)
		switch text(e, "status") {
		case "ChaosExperiment Not Found":
			return f.errored("the chaos runner found no ChaosExperiment %s in namespace %s", text(e, "name"), f.aim.namespace)
		case "Skipped":
			return f.errored("the chaos runner skipped %s", text(e, "name"))
		}
	}
	switch v.status() {
	case "stopped":
		return f.errored("the ChaosEngine %s was stopped by somebody before there was a verdict", f.engine)
	case "completed":
		return errUndecided
	}
	return f.stuck(v)
}

// errUndecided says that the engine is over and the result not final. The two are seen by different watches, so the
// result is read once more before that counts.
var errUndecided = fmt.Errorf("the experiment ended without a verdict")

// stuck looks for pods that will never start and for jobs that failed.
func (f *fault) stuck(v *view) error {
	for _, pod := range v.pods {
		if job := adopter(pod); job != "" {
			return f.errored("Kubernetes took pod %s, a helper of the experiment, for one of job %s and ends it, so the experiment would wait for it until its time is over; this happens to older versions of LitmusChaos on Kubernetes 1.27 and newer: use a newer one, or driver: builtin", pod.GetName(), job)
		}
		if reason, message := waiting(pod); reason != "" {
			return f.errored("pod %s of the experiment can't start: %s: %s", pod.GetName(), reason, message)
		}
	}
	for _, job := range v.jobs {
		conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions")
		for _, entry := range conditions {
			if c, ok := entry.(map[string]any); ok && c["type"] == "Failed" && c["status"] == "True" {
				return f.errored("job %s of the experiment failed: %s: %s", job.GetName(), text(c, "reason"), text(c, "message"))
			}
		}
	}
	return nil
}

// adopter returns the job that has adopted a helper pod. Older experiments give their helpers the labels of their own pod,
// among them those by which a job knows its pods, and a job ends what it has too many of.
func adopter(pod *unstructured.Unstructured) string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "Job" || !strings.Contains(pod.GetLabels()["app"], "-helper-") {
		return ""
	}
	return owner.Name
}

// waiting returns why a container of a pod can't start.
func waiting(pod *unstructured.Unstructured) (reason, message string) {
	hopeless := []string{"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "CrashLoopBackOff"}
	containers, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	for _, entry := range containers {
		c, _ := entry.(map[string]any)
		state := below(c, "state", "waiting")
		if slices.Contains(hopeless, text(state, "reason")) {
			return text(state, "reason"), text(state, "message")
		}
	}
	return "", ""
}

func (f *fault) errored(format string, args ...any) *step.Failure {
	return &step.Failure{Verdict: step.Errored, Message: fmt.Sprintf(format, args...)}
}

// judgement is the error that a verdict of Litmus means; nil for Pass.
func (f *fault) judgement(o outcome) *step.Failure {
	reason := ""
	if o.failStep != "" {
		reason = ": " + o.failStep
	}
	subject := "LitmusChaos's verdict on " + f.request.Experiment.Name
	switch o.verdict {
	case "Pass":
		return nil
	case "Stopped":
		return step.Inconclude("%s is Stopped: somebody ended it before its time%s", subject, reason)
	case "Error":
		if f.request.Experiment.Name == "pod-memory-hog" && f.proof == observed {
			reason += "; the container was ended while its memory was taken, and Litmus's load with it: leave duration out when that is wanted, then the step ends with the fault and the next one can wait for what comes of it"
		}
		return f.errored("%s is Error%s", subject, reason)
	}
	return step.Fail("%s is %s%s", subject, o.verdict, reason)
}

// explained adds what Litmus left: states, events and the end of the experiment's log.
func (f *fault) explained(ctx context.Context, v *view, failure *step.Failure) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storyTime)
	defer cancel()
	v.mu.Lock()
	engine, pods, result := v.engine, slices.Clone(v.pods), v.result
	v.mu.Unlock()
	failure = failure.With("engine", f.engine).With("phase", result.phase).With("verdict", result.verdict).With("proof", f.proof)
	if result.failStep != "" {
		failure = failure.With("failStep", result.failStep)
	}
	if len(result.probes) > 0 {
		failure = failure.With("probeSuccessPercentage", result.percentage)
		lines := make([]string, len(result.probes))
		for i, p := range result.probes {
			lines[i] = strings.TrimSuffix(fmt.Sprintf("%s (%s, %s): %s: %s", p.Name, p.Type, p.Mode, p.Verdict, p.Description), ": ")
		}
		failure = failure.Explain("Litmus probes", lines...)
	}
	if engine != nil {
		failure.Sections = append(failure.Sections, explain.Object(ctx, f.request.Place, engine)...)
	}
	for _, pod := range pods {
		if lines := f.log(ctx, pod); len(lines) > 0 {
			failure = failure.Explain("last lines of pod "+pod.GetName(), lines...)
		}
	}
	return failure
}

// storyTime bounds the explanation, and storyLines the log that it quotes.
const (
	storyTime  = 10 * time.Second
	storyLines = "20"
)

// log returns the end of a pod's log, nothing when it can't be read.
func (f *fault) log(ctx context.Context, pod *unstructured.Unstructured) []string {
	mapping, err := f.request.Place.Cluster.Find(ctx, "v1", "pods")
	if err != nil {
		return nil
	}
	response, err := f.request.Place.Cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: mapping.Path(pod.GetNamespace(), pod.GetName(), "log"), Query: url.Values{"tailLines": {storyLines}}, Accept: "*/*",
	})
	if err != nil {
		return nil
	}
	said := strings.TrimSpace(string(response.Body))
	if said == "" {
		return nil
	}
	return strings.Split(said, "\n")
}
