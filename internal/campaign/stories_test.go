package campaign

import (
	"fmt"
	"math/rand/v2"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// story is a small scenario of which the verdict is known. In its steps, N is its number: objects of two stories never
// share a name.
type story struct {
	name  string
	own   bool // in a namespace of its own
	truth step.Verdict
	steps string
}

const deployment = `
  - deploy:
      inline:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: webN}
        spec:
          replicas: 1
          selector: {matchLabels: {app: webN}}
          template:
            metadata: {labels: {app: webN}}
            spec: {terminationGracePeriodSeconds: 0, containers: [{name: app, image: "example.com/app:1"}]}`

const settings = `
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: settingsN}, data: {mode: "off"}}`

const three = `
  - deploy:
      inline:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: aN, labels: {set: "sN"}}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: bN, labels: {set: "sN"}}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: cN, labels: {set: "sN"}}}`

const switchOn = `
  - patch: {object: configmap/settingsN, patch: {data: {mode: "on"}}}`

// stories returns all kinds of stories.
func stories() []story {
	return append(append(holding(), untrue()...), unknowable()...)
}

func holding() []story {
	return []story{
		{name: "patched", truth: step.Passed, steps: settings + switchOn + `
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "on"}`},
		{name: "existing", truth: step.Passed, steps: `
  - patch: {object: configmap/existingN, type: apply, patch: {data: {keyN: "1"}}}
  - assert: {given: {s: configmap/existingN}, that: [s.data.keyN == "1", s.data.was == "here"]}`},
		{name: "existing-removed", truth: step.Passed, steps: `
  - delete: configmap/existingN
  - waitFor: {object: configmap/existingN, absent: true}`},
		{name: "waited", truth: step.Passed, steps: settings + `
  - parallel:
      - waitFor: {object: configmap/settingsN, until: object.data.mode == "on"}
      - patch: {object: configmap/settingsN, patch: {data: {mode: "on"}}}`},
		{name: "removed", truth: step.Passed, steps: settings + `
  - delete: configmap/settingsN
  - waitFor: {object: configmap/settingsN, absent: true}
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: settingsN}, data: {mode: "new"}}
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "new"}`},
		{name: "listed", truth: step.Passed, steps: three + `
  - delete: configmap/bN
  - assert: {given: {all: {objects: {kind: configmaps, labels: {set: "sN"}}}}, that: len(all) == 2}`},
		{name: "steady", truth: step.Passed, steps: settings + `
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "off", always: 500ms}`},
		{name: "scaled", truth: step.Passed, steps: deployment + `
  - scale: {object: deployment/webN, replicas: 3}
  - assert: {given: {web: deployment/webN}, that: [web.spec.replicas == 3, web.status.availableReplicas == 3]}`},
		{name: "chaos", truth: step.Passed, steps: deployment + `
  - injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: webN}}
  - waitFor: {object: deployment/webN, until: object.status.availableReplicas == 1}`},
		{name: "own", own: true, truth: step.Passed, steps: settings + switchOn + `
  - waitFor: {object: configmap/settingsN, until: object.data.mode == "on"}`},
	}
}

func untrue() []story {
	return []story{
		{name: "patched-stale", truth: step.Failed, steps: settings + switchOn + `
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "off"}`},
		{name: "patched-read-before", truth: step.Failed, steps: settings + `
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "off"}` + switchOn + `
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "off"}`},
		{name: "waited-stale", truth: step.Failed, steps: settings + switchOn + `
  - waitFor: {object: configmap/settingsN, until: object.data.mode == "off", timeout: 700ms}`},
		{name: "removed-stale", truth: step.Failed, steps: settings + `
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "off"}
  - delete: configmap/settingsN
  - assert: {given: {s: configmap/settingsN}, that: s.data.mode == "off"}`},
		{name: "listed-stale", truth: step.Failed, steps: three + `
  - assert: {given: {all: {objects: {kind: configmaps, labels: {set: "sN"}}}}, that: len(all) == 3}
  - delete: configmap/bN
  - assert: {given: {all: {objects: {kind: configmaps, labels: {set: "sN"}}}}, that: len(all) == 3}`},
		{name: "scaled-stale", truth: step.Failed, steps: deployment + `
  - assert: {given: {web: deployment/webN}, that: web.spec.replicas == 1}
  - scale: {object: deployment/webN, replicas: 3}
  - assert: {given: {web: deployment/webN}, that: web.status.availableReplicas == 1}`},
		{name: "unsteady", truth: step.Failed, steps: settings + switchOn + `
  - assert: {given: {s: configmap/settingsN}, never: s.data.mode == "on", for: 300ms}`},
		{name: "absent", own: true, truth: step.Failed, steps: settings + `
  - waitFor: {object: configmap/otherN, until: object != nil, timeout: 500ms}`},
	}
}

func unknowable() []story {
	return []story{
		{name: "unknown-kind", truth: step.Errored, steps: settings + `
  - waitFor: {object: {apiVersion: example.com/v1, kind: Gadget, name: x}, until: object != nil, timeout: 5s}`},
		{name: "unknown-namespace", truth: step.Errored, steps: `
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: settingsN, namespace: no-such-namespace}}
  - assert: {given: {s: {object: {kind: configmap, name: settingsN, namespace: no-such-namespace}}}, that: s != nil}`},
		{name: "invalid", truth: step.Errored, steps: `
  - deploy:
      inline: {apiVersion: v1, kind: Service, metadata: {name: svcN}, spec: {ports: [{port: 99999}]}}
  - assert: {given: {s: service/svcN}, that: s != nil}`},
	}
}

// pick returns a story; those that need pods cost most and come less often.
func pick(random *rand.Rand) story {
	all := stories()
	for {
		s := all[random.IntN(len(all))]
		heavy := s.own || len(s.steps) > 500
		if !heavy || random.IntN(3) == 0 {
			return s
		}
	}
}

func (s story) key(n int) string { return fmt.Sprintf("%s-%d.scenario.yaml", s.name, n) }
