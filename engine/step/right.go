package step

// Right is something that a step must be allowed to do, so that it can be asked for before the run. Those who name a right
// and those who grant it know the words; the engine only says which step of which scenario needs it.
type Right struct {
	Verbs []string // what is done: "get", "create"
	// Beyond is what is done as well outside of the scenario's own namespace, where changes are taken back one by one.
	Beyond []string
	What   string // to what: "deployments.apps", "pods/exec"; "" when that is not known before the run
	Name   string // the one object that is meant; "" when it can be any
	Where  string // its namespace; "" is that of the step
	// Everywhere says that it belongs to no namespace, or is wanted in all of them.
	Everywhere bool
	// Kept is the namespace in which the right is needed when that is another one than that of the object it is about.
	Kept string
	Why  string // what the step does with it, in a few words: "apply deployment/web"
	// Helps says that the step works without it, but knows or tells less.
	Helps bool
}

// Needer is a Task that says which rights it needs.
type Needer interface {
	// Needs returns the rights that the use needs, from its config and the files that it names. What is not known before the
	// run counts as everything that it can mean.
	Needs() []Right
}

// Needs returns the rights that the use needs, none for kinds that don't say.
func (t *task[C, O]) Needs() []Right {
	if t.spec.Needs == nil {
		return nil
	}
	display, _ := t.body.Display().Addr().Interface().(*C)
	static, _ := t.body.Static().Addr().Interface().(*C)
	return t.spec.Needs(static, display, t.in, Written{body: t.body})
}
