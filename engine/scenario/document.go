package scenario

import (
	"reflect"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// APIVersion and KindScenario head every scenario file.
const (
	APIVersion   = "scenario-runner/v1"
	KindScenario = "Scenario"
)

// document is the top of a scenario file as the author writes it.
type document struct {
	APIVersion string                `yaml:"apiVersion" required:"true" enum:"scenario-runner/v1" doc:"Version of the language."`
	Kind       string                `yaml:"kind" required:"true" enum:"Scenario" doc:"What this file is."`
	Metadata   metadata              `yaml:"metadata" required:"true" doc:"Name and labels of the scenario."`
	Matrix     eval.Tree             `yaml:"matrix" doc:"Lists of values. The file stands for one scenario for each combination, which reads its values as matrix.<name>. include adds values and cases, exclude takes cases out."`
	Vars       eval.Tree             `yaml:"vars" doc:"Values that expressions read as vars.<name>. One may use those of the environment, not another var."`
	Secrets    map[string]secretFrom `yaml:"secrets" doc:"Values that expressions read as secrets.<name> and that are masked in every output."`
	Clusters   []string              `yaml:"clusters" single:"true" doc:"Names of the clusters that the scenario works on. Steps that name none work on the first. run --sandbox starts one for each name, with a namespace of the scenario on each; without it the flag --cluster or the configuration says where they are. Without clusters, the scenario works on the default one." example:"[primary, secondary]"`
	Safety     safety                `yaml:"safety" doc:"Limits that the scenario sets for itself."`
	Locks      []string              `yaml:"locks" single:"true" doc:"What the scenario needs for itself, by names such as node/worker-1, namespace/shop or alert/KubeNodeNotReady; * stands for any text, and a name means all that is under it. It waits until no other scenario of the run holds any of them." example:"[node/*]"`
	Steps      step.Block            `yaml:"steps" required:"true" doc:"The story. Steps run in this order."`
	Finally    step.Block            `yaml:"finally" doc:"Steps that run at the end, whatever happened."`
}

type metadata struct {
	Name        string            `yaml:"name" required:"true" doc:"Short name, unique in a suite." example:"web-survives-pod-loss"`
	Description string            `yaml:"description" doc:"What is shown when the scenario passes, in one or two sentences."`
	Namespace   string            `yaml:"namespace" doc:"Namespace to use on each cluster. Without it the scenario gets one of its own, removed at the end."`
	Labels      map[string]string `yaml:"labels" doc:"Labels for selection and reports."`
}

type safety struct {
	MaxDuration         time.Duration `yaml:"maxDuration" doc:"The scenario fails when it takes longer."`
	MaxPods             int           `yaml:"maxPods" doc:"Most pods that faults of the scenario may hit at once."`
	MaxNodes            int           `yaml:"maxNodes" doc:"Most nodes that faults of the scenario may hit at once."`
	MaxPercent          int           `yaml:"maxPercent" doc:"Largest part that a fault may hit of what matches its target, from 1 to 100."`
	ForbiddenNamespaces []string      `yaml:"forbiddenNamespaces" single:"true" doc:"Namespaces in which the scenario changes nothing; * stands for any text."`
	RequireLabel        string        `yaml:"requireLabel" doc:"Label that the target of a fault must have, itself or by its namespace, as key=value." example:"chaos=allowed"`
	Contexts            []string      `yaml:"contexts" single:"true" doc:"The only contexts that the scenario may work on; * stands for any text. A sandbox is always allowed."`
	Abort               step.Block    `yaml:"abort" doc:"Monitors that watch the whole scenario, from before its first step on. When their abortIf or abortAfter says that going on would do harm, running steps are stopped, faults are taken back, and the scenario fails."`
}

type secretFrom struct {
	Env  string `yaml:"env" doc:"Environment variable that holds the secret."`
	File string `yaml:"file" doc:"File that holds the secret, relative to the scenario's folder." refers:"file"`
}

// common are the fields that every step may have beside its kind.
type common struct {
	ID              string          `yaml:"id" doc:"Name for expressions and needs: lower-case letters, digits and underscores." example:"web"`
	Name            string          `yaml:"name" doc:"Title in progress and reports."`
	Needs           []string        `yaml:"needs" single:"true" doc:"Ids of steps that must have passed first. Replaces the order in which the steps are written."`
	If              eval.Expr[bool] `yaml:"if" doc:"The step is skipped unless this condition is true."`
	Timeout         time.Duration   `yaml:"timeout" doc:"The step fails when it takes longer."`
	Retry           *retry          `yaml:"retry" doc:"Try again when the step does not pass."`
	ContinueOnError bool            `yaml:"continueOnError" doc:"The scenario goes on, and does not fail, when this step does not pass."`
	Background      bool            `yaml:"background" doc:"The next step starts without waiting for this one. The scenario waits for it at the end."`
	Always          bool            `yaml:"always" doc:"The step runs even when an earlier one did not pass."`
	Cluster         eval.Text       `yaml:"cluster" doc:"Name of the cluster to work on. Without it, the first of the scenario's clusters, else the default one."`
	Namespace       eval.Text       `yaml:"namespace" doc:"Namespace to work in. Without it, the scenario's own."`
}

type retry struct {
	Attempts int           `yaml:"attempts" required:"true" doc:"How often the step is run at most, the first time included." example:"3"`
	Delay    time.Duration `yaml:"delay" doc:"Time before the second attempt."`
	Factor   float64       `yaml:"factor" doc:"By which the delay grows each time."`
	MaxDelay time.Duration `yaml:"maxDelay" doc:"Longest delay."`
	On       []string      `yaml:"on" single:"true" doc:"Verdicts that are tried again: failed, errored, inconclusive. Without it, failed and errored."`
}

// shapes are described once for each loader.
type shapes struct {
	document, template, common *field.Shape
}

func newShapes() shapes {
	block := reflect.TypeFor[step.Block]()
	return shapes{
		document: field.Describe(reflect.TypeFor[document](), block),
		template: field.Describe(reflect.TypeFor[templateDocument](), block),
		common:   field.Describe(reflect.TypeFor[common](), block),
	}
}

// CommonFields describes the fields that every step may have, for documentation.
func CommonFields() []field.Field { return newShapes().common.Fields }

// DocumentFields describes the top of a scenario file, for documentation.
func DocumentFields() []field.Field { return newShapes().document.Fields }
