// Package rule reads the files that tell the stand-in what to conclude from which evidence, and what to do. It reads no
// cluster and changes none.
package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

// Look says where evidence comes from: a resource as in deployments.apps, in the namespace of the alert unless an
// expression gives another.
type Look struct {
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
}

// UnmarshalJSON reads the mapping, or the name of the resource alone.
func (l *Look) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &l.Resource); err == nil {
		return nil
	}
	type plain Look
	if err := json.Unmarshal(data, (*plain)(l)); err != nil {
		return fmt.Errorf("expected a resource, or a mapping with resource and namespace: %w", err)
	}
	return nil
}

// Name is a value that later expressions see.
type Name struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Operation is one change of the cluster: exactly one of its verbs.
type Operation struct {
	// Each is an expression; the operation is done for every element of it, which is item.
	Each string `json:"each,omitempty"`
	// If is a condition without which the operation is left out.
	If       string         `json:"if,omitempty"`
	Rollback *Object        `json:"rollback,omitempty"`
	Delete   *Object        `json:"delete,omitempty"`
	Patch    *Object        `json:"patch,omitempty"`
	Status   *Object        `json:"status,omitempty"`
	Create   map[string]any `json:"create,omitempty"`
}

// Object names the object of an operation. Name and Namespace are texts with {{ }}.
type Object struct {
	Resource  string         `json:"resource"`
	Name      string         `json:"name"`
	Namespace string         `json:"namespace,omitempty"`
	With      map[string]any `json:"with,omitempty"`
}

// Target is what a conclusion is about.
type Target struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// Rule is one conclusion: from signals and evidence to a cause and a workflow.
type Rule struct {
	Name    string          `json:"name"`
	Signals []string        `json:"signals"`
	Look    map[string]Look `json:"look"`
	Let     []Name          `json:"let,omitempty"`
	When    string          `json:"when"`
	Cause   string          `json:"cause"`
	Target  Target          `json:"target"`
	// Workflow is carried out; without one, Outcome is the end.
	Workflow   string  `json:"workflow,omitempty"`
	Action     string  `json:"action,omitempty"`
	Confidence float64 `json:"confidence"`
	// Approval asks a human whatever the environment is.
	Approval bool        `json:"approval,omitempty"`
	Outcome  string      `json:"outcome,omitempty"`
	Do       []Operation `json:"do,omitempty"`
	// Healthy must become true afterwards, and stay so for Holds; Patience is how long that may take.
	Healthy  string `json:"healthy,omitempty"`
	Holds    string `json:"holds,omitempty"`
	Patience string `json:"patience,omitempty"`
	// Drift ends the wait for health: somebody else has undone what was done.
	Drift string `json:"drift,omitempty"`
	// Resolved is done when the alert is over.
	Resolved []Operation `json:"resolved,omitempty"`
}

// defaultPatience is how long a remedy may take to show.
const defaultPatience = time.Minute

// Stable returns how long the target must stay healthy.
func (r Rule) Stable() time.Duration {
	d, err := time.ParseDuration(r.Holds)
	if err != nil {
		return 0
	}
	return d
}

// Wait returns how long the remedy may take to show.
func (r Rule) Wait() time.Duration {
	if d, err := time.ParseDuration(r.Patience); err == nil {
		return d
	}
	return defaultPatience
}

// Player plays the part of an operator that is not there: while its condition is true it does something, otherwise
// something else.
type Player struct {
	Name string          `json:"name"`
	Look map[string]Look `json:"look"`
	Let  []Name          `json:"let,omitempty"`
	Do   []Operation     `json:"do"`
}

// Book is everything that rule files say, in the order of their names.
type Book struct {
	Rules   []Rule   `json:"rules"`
	Players []Player `json:"players"`
}

// Load reads the rule files of a folder.
func Load(folder string) (*Book, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("search %q: %w", folder, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("found no rule file in %q, expected at least one that ends in .yaml", folder)
	}
	slices.Sort(files)
	book := &Book{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the rules: %w", err)
		}
		if err := book.add(file, data); err != nil {
			return nil, err
		}
	}
	return book, nil
}

// add takes up what one file says.
func (b *Book) add(file string, data []byte) error {
	var part Book
	if err := yaml.UnmarshalStrict(data, &part); err != nil {
		return fmt.Errorf("read the rules of %s: %w", file, err)
	}
	for _, r := range part.Rules {
		if err := r.check(); err != nil {
			return fmt.Errorf("%s: rule %q: %w", file, r.Name, err)
		}
	}
	for _, p := range part.Players {
		if err := checkSteps(p.Let, p.Do); err != nil {
			return fmt.Errorf("%s: player %q: %w", file, p.Name, err)
		}
	}
	b.Rules, b.Players = append(b.Rules, part.Rules...), append(b.Players, part.Players...)
	return nil
}

// Player returns the player with a name.
func (b *Book) Player(name string) (Player, error) {
	i := slices.IndexFunc(b.Players, func(p Player) bool { return p.Name == name })
	if i < 0 {
		return Player{}, fmt.Errorf("found no player %q in the rules", name)
	}
	return b.Players[i], nil
}

func (r Rule) check() error {
	switch {
	case len(r.Signals) == 0:
		return errors.New("it has no signals; name the alerts that it is about")
	case r.Cause == "" || r.Target.Kind == "" || r.Target.Name == "":
		return errors.New("it needs a cause and a target")
	case (r.Workflow == "") == (r.Outcome == ""):
		return errors.New("it needs either a workflow or an outcome")
	case r.Workflow != "" && (len(r.Do) == 0 || r.Healthy == ""):
		return errors.New("its workflow needs operations and a condition for healthy")
	}
	for _, length := range []string{r.Holds, r.Patience} {
		if length == "" {
			continue
		}
		if _, err := time.ParseDuration(length); err != nil {
			return fmt.Errorf("holds and patience are durations: %w", err)
		}
	}
	for _, condition := range []string{r.When, r.Healthy, r.Drift} {
		if condition == "" {
			continue
		}
		if err := text.Check(condition); err != nil {
			return err
		}
	}
	return checkSteps(r.Let, slices.Concat(r.Do, r.Resolved))
}

func checkSteps(let []Name, do []Operation) error {
	for _, l := range let {
		if err := text.Check(l.Value); err != nil {
			return err
		}
	}
	for i, o := range do {
		verbs := 0
		for _, given := range []bool{o.Rollback != nil, o.Delete != nil, o.Patch != nil, o.Status != nil, o.Create != nil} {
			if given {
				verbs++
			}
		}
		if verbs != 1 {
			return fmt.Errorf("operation %d has %d verbs, expected exactly one of rollback, delete, patch, status and create", i+1, verbs)
		}
		for _, expression := range []string{o.Each, o.If} {
			if expression == "" {
				continue
			}
			if err := text.Check(expression); err != nil {
				return err
			}
		}
	}
	return nil
}
