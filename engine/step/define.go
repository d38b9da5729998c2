package step

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Group is the part of the reference that a step kind belongs to.
type Group string

// The groups, in the order of the reference.
const (
	Story    Group = "the story"
	Cluster  Group = "cluster"
	Alerts   Group = "alerts and metrics"
	Services Group = "services"
	Judging  Group = "judging"
	Flow     Group = "flow"
)

// Groups lists the groups in the order of the reference.
func Groups() []Group { return []Group{Story, Cluster, Alerts, Services, Judging, Flow} }

// Spec declares a step kind. C is the config, what the author writes under the kind's key; its fields carry the tags of
// package field. O is the outputs struct, what later steps read as steps.<id>.<name>; its fields carry `expr` and `doc`
// tags. Everything the engine knows of the kind comes from this one value.
type Spec[C, O any] struct {
	Name  string // the key in YAML, lowerCamelCase
	Group Group
	// Doc is the documentation in Markdown. Its first paragraph after the title is the summary.
	Doc string
	// Judges says that a step of this kind can fail because of what it observes; a scenario without one is an error.
	Judges bool
	// JudgesIf, when given, says whether this use judges: a step that only opens a sink does not.
	JudgesIf func(c *C) bool
	// Settled says that the outcome of a use is the same every time, because it looks at nothing outside of the scenario.
	Settled bool
	// Fails says that a step of this kind never passes.
	Fails bool
	// Precondition says that the steps inside a container step ask whether the story can be told here; what they judge is
	// no claim of the story.
	Precondition bool
	// Visible says that the ids inside a container step can be referred to from outside.
	Visible bool
	// Unordered says that the steps inside a container step start together instead of one after the other.
	Unordered bool
	// Companion says that a step of this kind runs beside those that follow it, as with background: true, and ends by
	// itself when they have ended: when Host.Alone is closed. It is not cancelled when they fail.
	Companion bool
	// Breaks says that a step of this kind breaks things on purpose: what it did is taken back first when the scenario is
	// aborted.
	Breaks bool
	// Timeout is how long a step of this kind may take when the author gives no timeout. 0 means 5 minutes; a negative
	// value means no limit of its own.
	Timeout time.Duration
	// Default returns the config before the author's values are put in. Nil means the zero value.
	Default func() C
	// Check reports what tags can't say. It must not do I/O. Values that hold ${{ }} are zero at this point; ask
	// p.Dynamic. It runs again with all values before Run.
	Check func(c *C, p *Problems)
	// Title says in a few words what this use does: "deployment/web until ready". Nil means the bare kind.
	Title func(c *C) string
	// TitleAs is used instead of Title by kinds whose title shows values that are no text: ${{ }} is zero in c, and w
	// tells how it is written.
	TitleAs func(c *C, w Written) string
	// Touches says what this use will change, for plans. c is as Check left it, shown as Title gets it. Nil means that the
	// title says it.
	Touches func(c, shown *C, w Written) []Touch
	// Needs says which rights this use needs on the systems that it works with. c and shown are as for Touches. Nil means none.
	Needs func(c, shown *C, in *Place, w Written) []Right
	// Outputs, when given, replaces the type of O for kinds whose outputs depend on the config.
	Outputs func(c *C) eval.Type
	// Refine, when given, says more of the types of the outputs that t has already.
	Refine func(c *C, in *Place, t eval.Type) eval.Type
	// Names, when given, tells the type of a name that a scope tag adds, the keys under *given included. Only fields
	// without such a tag are there in c. What can't be known is eval.AnyType.
	Names func(c *C, in *Place, name string) eval.Type
	// Run does the work, once for each attempt. It returns a *Failure when a claim is false. The outputs count even
	// beside an error. It must return promptly when ctx is done.
	Run func(ctx context.Context, run *Run, c C) (O, error)
}

// Definition is a declared step kind with its Go types hidden, as the engine sees it.
type Definition struct {
	Name         string
	Group        Group
	Summary      string
	Doc          string
	Judges       bool
	Settled      bool
	Fails        bool
	Precondition bool
	Visible      bool
	Unordered    bool
	Companion    bool
	Breaks       bool
	Timeout      time.Duration
	Config       *field.Shape
	Default      func() reflect.Value
	Outputs      eval.Type
	// Dynamic says that the type of the outputs depends on the config.
	Dynamic bool
	// Refines says that more is known of the types of the outputs once a use is compiled.
	Refines bool
	// Compile decodes and checks one use. The task is nil when there was an error.
	Compile func(d *field.Decoder, n *yaml.Node, env *eval.Env) (Task, Compiled)
}

// Compiled is what the loader learns from compiling a use of a step, also when it is wrong.
type Compiled struct {
	Programs []*eval.Program
	Blocks   []Block
	Title    string
	// TitleIn is the title with the values that are known when the step starts, false when some are not. It is nil when
	// Title holds no ${{ }}.
	TitleIn func(scope eval.Scope) (string, bool)
	Outputs eval.Type
	Judges  bool
	// Conditions are the expressions that are true or false.
	Conditions []field.Condition
}

// DefaultTimeout is the limit of a step whose kind and author name none.
const DefaultTimeout = 5 * time.Minute

// Define turns a Spec into a Definition. It panics on a mistake of the step's author, such as an output without a
// documentation tag; steptest.Contract finds those in the step's own test.
func Define[C, O any](s Spec[C, O]) Definition {
	shape := field.Describe(reflect.TypeFor[C](), reflect.TypeFor[Block]())
	outputs := eval.TypeOfStruct(reflect.TypeFor[O]())
	d := Definition{
		Name: s.Name, Group: s.Group, Summary: summary(s.Doc), Doc: s.Doc, Judges: s.Judges, Settled: s.Settled, Fails: s.Fails, Precondition: s.Precondition, Visible: s.Visible, Unordered: s.Unordered, Companion: s.Companion, Breaks: s.Breaks,
		Timeout: s.Timeout, Config: shape, Outputs: outputs, Dynamic: s.Outputs != nil, Refines: s.Refine != nil,
		Default: func() reflect.Value {
			v := reflect.New(reflect.TypeFor[C]()).Elem()
			if s.Default != nil {
				v.Set(reflect.ValueOf(s.Default()))
			}
			return v
		},
	}
	if d.Timeout == 0 {
		d.Timeout = DefaultTimeout
	}
	d.Compile = func(dec *field.Decoder, n *yaml.Node, env *eval.Env) (Task, Compiled) {
		return compile(&s, &d, dec, n, env)
	}
	return d
}

// compile decodes and checks one use of a step.
func compile[C, O any](s *Spec[C, O], d *Definition, dec *field.Decoder, n *yaml.Node, env *eval.Env) (Task, Compiled) {
	in := placeOf(dec)
	if s.Names != nil {
		own := *dec
		own.Names = func(config reflect.Value, name string) eval.Type {
			c, _ := config.Addr().Interface().(*C)
			return s.Names(c, in, name)
		}
		dec = &own
	}
	body, ok := dec.Compile(n, s.Name, d.Config, env, d.Default)
	t := &task[C, O]{spec: s, body: body, in: in, outputs: d.Outputs}
	static, _ := body.Static().Addr().Interface().(*C)
	c := Compiled{Programs: body.Programs, Conditions: body.Conditions, Outputs: d.Outputs}
	for _, b := range body.Specials {
		c.Blocks = append(c.Blocks, b.(Block))
	}
	for _, r := range body.References {
		if template, ok := r.(Template); ok && template.Block.Steps != nil {
			c.Blocks = append(c.Blocks, template.Block)
		}
	}
	t.blocks = c.Blocks
	c.Judges = s.Judges && (s.JudgesIf == nil || s.JudgesIf(static))
	if !ok {
		return nil, c
	}
	problems := &Problems{body: body, place: in, kind: s.Name}
	if s.Check != nil {
		s.Check(static, problems)
	}
	*dec.Diags = append(*dec.Diags, problems.list...)
	if s.Title != nil {
		display, _ := body.Display().Addr().Interface().(*C)
		c.Title = s.Title(display)
	}
	if s.TitleAs != nil {
		display, _ := body.Display().Addr().Interface().(*C)
		c.Title = s.TitleAs(display, Written{body: body})
	}
	if strings.Contains(c.Title, "${{") {
		c.TitleIn = t.titleIn
	}
	if s.Outputs != nil {
		c.Outputs = s.Outputs(static)
	}
	if problems.list.HasErrors() {
		return nil, c
	}
	if s.Refine != nil {
		c.Outputs = s.Refine(static, in, c.Outputs)
	}
	t.outputs = c.Outputs
	if s.Touches != nil {
		return toucher[C, O]{t}, c
	}
	return t, c
}

// summary returns the first paragraph of a document that is no title.
func summary(doc string) string {
	for _, paragraph := range strings.Split(strings.TrimSpace(doc), "\n\n") {
		if p := strings.TrimSpace(paragraph); p != "" && !strings.HasPrefix(p, "#") {
			return strings.Join(strings.Fields(p), " ")
		}
	}
	return ""
}

type task[C, O any] struct {
	spec    *Spec[C, O]
	body    *field.Body
	in      *Place
	blocks  []Block
	outputs eval.Type
}

// Run binds the config and runs the step once.
func (t *task[C, O]) Run(ctx context.Context, run *Run) (map[string]any, error) {
	bound, err := t.body.Bind(run.Scope)
	if err != nil {
		return nil, bindError(err)
	}
	c := bound.Addr().Interface().(*C)
	if t.spec.Check != nil {
		problems := &Problems{body: t.body, bound: true, kind: t.spec.Name}
		t.spec.Check(c, problems)
		if problems.list.HasErrors() {
			return nil, bindError(problems.list)
		}
	}
	out, err := t.spec.Run(ctx, run, *c)
	return eval.ValueOfStruct(out), err
}

// titleIn returns the title of a use whose values are known.
func (t *task[C, O]) titleIn(scope eval.Scope) (string, bool) {
	bound, err := t.body.Bind(scope)
	if err != nil {
		return "", false
	}
	c := bound.Addr().Interface().(*C)
	if t.spec.TitleAs != nil {
		return t.spec.TitleAs(c, Written{body: t.body, scope: scope}), true
	}
	return t.spec.Title(c), true
}

// bindError keeps the message of the first mistake; its place is the step's, which reports show anyway.
func bindError(err error) error {
	if list, ok := err.(diag.List); ok && len(list) > 0 { //nolint:errorlint // Bind returns the list itself
		return fmt.Errorf("%s", list.Sorted()[0].Message)
	}
	return err
}

// Blocks returns the nested blocks.
func (t *task[C, O]) Blocks() []Block { return t.blocks }

// Outputs returns the type of steps.<id>.
func (t *task[C, O]) Outputs() eval.Type { return t.outputs }
