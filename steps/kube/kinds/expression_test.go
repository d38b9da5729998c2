package kinds_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// TestExpressions shows what is found in conditions on built-in kinds. at is what is underlined; "" means that the
// condition is right.
func TestExpressions(t *testing.T) {
	const amounts = "; write quantity(…) for amounts such as 256Mi, or int(…)"
	var catalogue kinds.Catalogue
	for _, tt := range []struct{ kind, source, at, text string }{
		{"deploy", "object.status.availableReplicas == 2", "", ""},
		{"chaosresult", `object.status.experimentStatus.verdict == "Pass"`, "", ""},
		{"chaosresult", `object.status.experimentStatus.verdikt == "Pass"`, "verdikt", `unknown field "verdikt" of object.status.experimentStatus; did you mean "verdict"? it has phase, verdict, errorOutput, probeSuccessPercentage`},
		{"deploy", "object.status.availabelReplicas == 2", "availabelReplicas", `unknown field "availabelReplicas" of object.status; did you mean "availableReplicas"?`},
		{"deploy", "object.status.readyReplicas > object.spec.replicas - 1", "", ""},
		{"deploy", "object.spec.replica == 1", "replica", `unknown field "replica" of object.spec; did you mean "replicas"? it has replicas, selector, template, strategy, minReadySeconds, revisionHistoryLimit, paused, progressDeadlineSeconds`},
		{"deploy", `object.spec.replicas == "3"`, "==", `== can't join a whole number and text; write 3, without quotes`},
		{"deploy", `any(object.status.conditions, .type == "Available" and .status == "True")`, "", ""},
		{"deploy", `any(object.status.conditions, .type == "Available" and .status == true)`, "==", `== can't join text and true/false; write true or false without quotes, or "true" in quotes on both sides`},
		{"deploy", `any(object.status.condition, .type == "Available")`, "condition", `unknown field "condition" of object.status; did you mean "conditions"?`},
		{"deploy", `object.status.conditions.type == "Available"`, "type", `object.status.conditions is a list, which has no field "type"; choose an item, as in object.status.conditions[0].type, or write any(object.status.conditions, .type == …)`},
		{"deploy", `condition(object, "Available").status == "True"`, "", ""},
		{"deploy", "ready(object)", "", ""},
		{"deploy", `object.spec.template.spec.containers[0].image == "nginx"`, "", ""},
		{"deploy", `object.spec.template.containers[0].image == "nginx"`, "containers", `unknown field "containers" of object.spec.template; it has metadata, spec`},
		{"deploy", `object.spec.template.spec.containers[0].resources.limits.memory > 100`, ">", "> can't join text and a whole number" + amounts},
		{"deploy", `quantity(object.spec.template.spec.containers[0].resources.limits.memory) > 100`, "", ""},
		{"deploy", `object.metadata.labels.app == "web"`, "", ""},
		{"deploy", `object.metadata.labels.app == 3`, "==", "== can't join text and a whole number" + amounts},
		{"deploy", `object.metadata.annotations["deployment.kubernetes.io/revision"] == "2"`, "", ""},
		{"deploy", "object.metadata.name == 'web' and object.metadata.namspace == 'x'", "namspace", `unknown field "namspace" of object.metadata; did you mean "namespace"?`},
		{"deploy", `object.metadata.creationTimestamp < now()`, "<", "< can't join text and a time; write date(…) for the text"},
		{"deploy", `date(object.metadata.creationTimestamp) < now()`, "", ""},
		{"deploy", `object.spec.paused`, "", ""},
		{"deploy", `object.spec.paused == "true"`, "==", `== can't join true/false and text; write true, without quotes`},
		{"deploy", `object.spec.strategy.rollingUpdate.maxSurge == "25%"`, "", ""},
		{"deploy", `object.spec.strategy.rollingUpdate.maxSurge == 1`, "", ""},
		{"deploy", `object == nil or object?.status.readyReplicas == 0`, "", ""},
		{"deploy", `object?.status?.redyReplicas == 0`, "redyReplicas", `unknown field "redyReplicas" of object.status; did you mean "readyReplicas"?`},
		{"pod", `object.status.phase == "Running"`, "", ""},
		{"pod", `object.status.fase == "Running"`, "fase", `unknown field "fase" of object.status; did you mean "phase"?`},
		{"pod", `object.phase == "Running"`, "phase", `unknown field "phase" of object; it has kind, apiVersion, metadata, spec, status`},
		{"pod", `all(object.status.containerStatuses, .ready)`, "", ""},
		{"pod", `all(object.status.containerStatuses, .redy)`, "redy", `unknown field "redy" of item; did you mean "ready"?`},
		{"pod", `any(object.status.containerStatuses, .restartCount > "3")`, ">", "> can't join a whole number and text; write 3, without quotes"},
		{"pod", `any(object.status.containerStatuses, .state?.waiting?.reason == "CrashLoopBackOff")`, "", ""},
		{"pod", `any(object.status.containerStatuses, .state.waiting.reason == "CrashLoopBackOff")`, "", ""},
		{"pod", `any(object.status.containerStatuses, .state.wating.reason == "CrashLoopBackOff")`, "wating", `unknown field "wating" of item.state; did you mean "waiting"? it has waiting, running, terminated`},
		{"pod", `any(object.status, .ready)`, "status", "any needs a list, and this is an object"},
		{"pod", `object.spec.containers[0].ports[0].containerPort == 80`, "", ""},
		{"pod", `object.spec.containers[0].livenessProbe.httpGet.port == "http"`, "", ""},
		{"pod", `object.spec.nodeName startsWith "node"`, "", ""},
		{"pod", `object.spec.terminationGracePeriodSeconds > "30s"`, ">", "> can't join a whole number and text" + amounts},
		{"pod", `object.metadata.deletionTimestamp != nil`, "", ""},
		{"pod", `object.metadata.ownerReferences[0].kind == "ReplicaSet"`, "", ""},
		{"pod", `object.metadata.ownerReference[0].kind == "ReplicaSet"`, "ownerReference", `unknown field "ownerReference" of object.metadata; did you mean "ownerReferences"?`},
		{"svc", `object.spec.ports[0].port == 80`, "", ""},
		{"svc", `object.spec.ports[0].targetPort == "web"`, "", ""},
		{"svc", `object.spec.port == 80`, "port", `unknown field "port" of object.spec; did you mean "ports"?`},
		{"svc", `object.spec.selector.app == "web"`, "", ""},
		{"svc", `len(object.status.loadBalancer.ingress) > 0`, "", ""},
		{"svc", `object.status.loadBalancer.ingres == []`, "ingres", `unknown field "ingres" of object.status.loadBalancer; did you mean "ingress"?`},
		{"cm", `object.data.mode == "fast"`, "", ""},
		{"cm", `object.data.replicas > 2`, ">", "> can't join text and a whole number" + amounts},
		{"cm", `int(object.data.replicas) > 2`, "", ""},
		{"cm", `"mode" in object.data`, "", ""},
		{"cm", `object.dta.mode == "fast"`, "dta", `unknown field "dta" of object; did you mean "data"? it has kind, apiVersion, metadata, immutable, data, binaryData`},
		{"sts", `object.status.currentRevision == object.status.updateRevision`, "", ""},
		{"sts", `object.status.currentRevison == ""`, "currentRevison", `unknown field "currentRevison" of object.status; did you mean "currentRevision"?`},
		{"ds", `object.status.numberReady == object.status.desiredNumberScheduled`, "", ""},
		{"ds", `object.status.readyReplicas == 3`, "readyReplicas", `unknown field "readyReplicas" of object.status; it has currentNumberScheduled, numberMisscheduled, desiredNumberScheduled, numberReady, observedGeneration, updatedNumberScheduled, numberAvailable, numberUnavailable, collisionCount, conditions`},
		{"job", `object.status.succeeded == 1`, "", ""},
		{"job", `object.status.succeded == 1`, "succeded", `unknown field "succeded" of object.status; did you mean "succeeded"?`},
		{"job", `object.status.succeeded == true`, "==", "== can't join a whole number and true/false"},
		{"cj", `len(object.status.active) == 0`, "", ""},
		{"cj", `object.status.active == 0`, "==", "== can't join a list and a whole number; write len(…) for the number of its items"},
		{"node", `object.spec.unschedulable`, "", ""},
		{"node", `any(object.spec.taints, .effect == "NoSchedule")`, "", ""},
		{"node", `quantity(object.status.allocatable.cpu) >= 2`, "", ""},
		{"node", `object.status.capacity["memory"] >= 2`, ">=", ">= can't join text and a whole number" + amounts},
		{"node", `object.spec.unschedulable == 1`, "==", "== can't join true/false and a whole number"},
		{"pvc", `object.status.phase == "Bound" and quantity(object.status.capacity.storage) >= quantity("1Gi")`, "", ""},
		{"pvc", `object.spec.resources.request.storage == "1Gi"`, "request", `unknown field "request" of object.spec.resources; did you mean "requests"? it has limits, requests`},
		{"hpa", `object.status.currentReplicas <= object.spec.maxReplicas`, "", ""},
		{"hpa", `object.spec.metrics[0].resource.target.averageUtilization == 80`, "", ""},
		{"hpa", `object.spec.targetCPUUtilizationPercentage == 80`, "targetCPUUtilizationPercentage", `unknown field "targetCPUUtilizationPercentage" of object.spec; it has scaleTargetRef, minReplicas, maxReplicas, metrics, behavior`},
		{"ing", `object.spec.rules[0].http.paths[0].backend.service.port.number == 80`, "", ""},
		{"ing", `object.spec.rules[0].paths == []`, "paths", `unknown field "paths" of object.spec.rules[0]; it has host, http`},
		{"netpol", `"Egress" in object.spec.policyTypes`, "", ""},
		{"netpol", `1 in object.spec.policyTypes`, "in", "in can't look for a whole number in a list of which each item is text"},
		{"secret", `object.data.password != ""`, "", ""},
		{"pdb", `object.status.disruptionsAllowed > 0 and object.spec.minAvailable == "50%"`, "", ""},
		{"lease", `object.spec.holderIdentity == "me"`, "", ""},
	} {
		k, ok := catalogue.Find("", tt.kind)
		if !ok {
			t.Fatal(tt.kind)
		}
		env := eval.NewEnv(append(kube.Functions(), assert.Functions()...)...).With("object", k.Type)
		_, problem := env.Compile(tt.source, eval.Bool)
		if (problem == nil) != (tt.text == "") {
			t.Errorf("%s: %s\n got %v\nwant %s", tt.kind, tt.source, problem, tt.text)
			continue
		}
		if problem == nil {
			continue
		}
		if problem.Message != tt.text {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.kind, tt.source, problem.Message, tt.text)
		}
		if got := string([]rune(tt.source)[problem.From:problem.To]); got != tt.at {
			t.Errorf("%s: %s\nunderlines %q, want %q", tt.kind, tt.source, got, tt.at)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	var catalogue kinds.Catalogue
	k, _ := catalogue.Find("", "deploy")
	for name, object := range map[string]eval.Type{"typed": k.Type, "untyped": eval.AnyType} {
		base := eval.NewEnv(kube.Functions()...)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				env := base.Private().With("object", object)
				if _, problem := env.Compile("object.status.availableReplicas == object.spec.replicas", eval.Bool); problem != nil {
					b.Fatal(problem)
				}
			}
		})
	}
}
