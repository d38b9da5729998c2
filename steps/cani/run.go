package cani

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

type steps struct{ env *kube.Env }

// run asks all questions at the same time and compares the answers.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	out.Cells = []Cell{}
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	rows := c.Table
	if len(c.Who) > 0 {
		rows = append([]Row{c.Row}, rows...)
	}
	m := &matrix{place: place, seen: map[string]bool{}}
	for _, row := range rows {
		if err := m.add(ctx, row); err != nil {
			return out, err
		}
	}
	if len(m.questions) == 0 {
		return out, step.Inconclude("there is nothing to ask: the matrix has no cells")
	}
	run.Progress("asking %d questions", len(m.questions))
	if err := m.ask(ctx); err != nil {
		return out, err
	}
	for _, q := range m.questions {
		out.Cells = append(out.Cells, q.cell)
		if q.cell.Allowed {
			out.Allowed++
		} else {
			out.Denied++
		}
	}
	return out, judge(&out)
}

// matrix is the questions of one step.
type matrix struct {
	place     *kube.Target
	questions []*question
	seen      map[string]bool // service accounts that exist
}

// add adds the cells of one row.
func (m *matrix) add(ctx context.Context, row Row) error {
	for _, who := range row.Who {
		s, err := parseSubject(who, m.place.Namespace)
		if err != nil {
			return err
		}
		if err := m.exists(ctx, s); err != nil {
			return err
		}
		for _, expected := range []bool{true, false} {
			permissions := row.Denied
			if expected {
				permissions = row.Allowed
			}
			for _, permission := range permissions {
				if err := m.expand(ctx, s, permission, row.Namespaces, expected); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// exists makes sure that a service account is there: of one that is not, every denial is true and proves nothing.
func (m *matrix) exists(ctx context.Context, s subject) error {
	if s.account == "" || m.seen[s.user] {
		return nil
	}
	m.seen[s.user] = true
	_, err := m.place.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "ServiceAccount", Namespace: s.namespace, Name: s.account})
	if kube.IsNotFound(err) {
		return step.Inconclude("%s does not exist in namespace %s, so what it may do proves nothing", s.text, s.namespace)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return nil // who may not read service accounts may still ask about them
}

// expand adds the cells of one permission.
func (m *matrix) expand(ctx context.Context, s subject, permission Permission, namespaces []string, expected bool) error {
	for _, text := range permission.Resources {
		attributes, namespaced, err := m.resolve(ctx, text)
		if err != nil {
			return err
		}
		once, everywhere := permission.Verbs, []string(nil)
		if attributes != nil {
			once, everywhere = split(permission.Verbs, namespaced)
		}
		cell := Cell{Who: s.text, Resource: text, Name: permission.Name, Expected: expected}
		m.cells(s, attributes, cell, once, []string{""})
		if len(namespaces) == 0 {
			namespaces = []string{m.place.Namespace}
		}
		m.cells(s, attributes, cell, everywhere, namespaces)
	}
	return nil
}

// split tells the verbs that are asked about once from those that are asked about in each namespace. Objects without a namespace
// are asked about once, except for the verb use: no request has it, it is what admission asks for the namespace of a pod.
func split(verbs []string, namespaced bool) (once, everywhere []string) {
	for _, verb := range verbs {
		if namespaced || verb == "use" {
			everywhere = append(everywhere, verb)
		} else {
			once = append(once, verb)
		}
	}
	return once, everywhere
}

// cells adds a cell for each verb in each place.
func (m *matrix) cells(s subject, attributes *authorizationv1.ResourceAttributes, cell Cell, verbs, places []string) {
	for _, namespace := range places {
		for _, verb := range verbs {
			q := &question{who: s, cell: cell}
			q.cell.Verb, q.cell.Namespace = verb, namespace
			if attributes == nil {
				q.path = &authorizationv1.NonResourceAttributes{Path: cell.Resource, Verb: verb}
			} else {
				own := *attributes
				own.Verb, own.Name, own.Namespace = verb, cell.Name, strings.TrimPrefix(namespace, "*")
				q.resource = &own
			}
			m.questions = append(m.questions, q)
		}
	}
}

// resolve finds out what a resource means on this server; nil stands for a path.
func (m *matrix) resolve(ctx context.Context, text string) (*authorizationv1.ResourceAttributes, bool, error) {
	if strings.HasPrefix(text, "/") {
		return nil, false, nil
	}
	name, subresource, _ := strings.Cut(text, "/")
	if name == "*" {
		return &authorizationv1.ResourceAttributes{Group: "*", Resource: "*", Subresource: subresource}, true, nil
	}
	mapping, err := m.place.Cluster.Find(ctx, "", name)
	if err != nil {
		return nil, false, err
	}
	return &authorizationv1.ResourceAttributes{Group: mapping.Group, Resource: mapping.Resource, Subresource: subresource}, mapping.Namespaced, nil
}

// mostAtOnce is how many questions are asked at the same time.
const mostAtOnce = 16

// ask asks everything. The first error ends the rest.
func (m *matrix) ask(ctx context.Context) error {
	together, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	slots := make(chan struct{}, mostAtOnce)
	for _, q := range m.questions {
		group.Go(func() {
			select {
			case slots <- struct{}{}:
			case <-together.Done():
				return
			}
			defer func() { <-slots }()
			if err := q.ask(together, m.place); err != nil {
				cancel(fmt.Errorf("ask whether %s may %s %s: %w", q.cell.Who, q.cell.Verb, q.cell.Resource, err))
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(together)
}

// ask asks the server one question.
func (q *question) ask(ctx context.Context, place *kube.Target) error {
	const group = "/apis/authorization.k8s.io/v1/"
	path, kind := group+"subjectaccessreviews", "SubjectAccessReview"
	spec := authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: q.resource, NonResourceAttributes: q.path, User: q.who.user, Groups: q.who.groups}
	if q.who.me {
		path, kind = group+"selfsubjectaccessreviews", "SelfSubjectAccessReview" // its spec has the same attributes
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec})
	if err != nil {
		return fmt.Errorf("write the question: %w", err)
	}
	response, err := place.Cluster.Do(ctx, client.Request{Method: http.MethodPost, Path: path, ContentType: "application/json", Body: body})
	if err != nil {
		return err
	}
	var answer authorizationv1.SubjectAccessReview
	if err := json.Unmarshal(response.Body, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	q.cell.Allowed, q.cell.Reason = answer.Status.Allowed, answer.Status.Reason
	if answer.Status.EvaluationError != "" {
		q.cell.Reason = strings.TrimPrefix(q.cell.Reason+"; "+answer.Status.EvaluationError, "; ")
	}
	return nil
}

// judge fails when any cell is not as expected.
func judge(out *Outputs) error {
	var wrong []Cell
	for _, cell := range out.Cells {
		if cell.Allowed != cell.Expected {
			wrong = append(wrong, cell)
		}
	}
	out.Wrong = len(wrong)
	if len(wrong) == 0 {
		return nil
	}
	failure := step.Fail("%d of %d permissions are not as expected: %s", len(wrong), len(out.Cells), sentence(wrong[0]))
	failure.Explain("not as expected", table(wrong)...)
	failure.Sections = append(failure.Sections, step.Section{Title: "the whole matrix", Lines: table(out.Cells), Detail: true})
	return failure
}

// sentence says what is wrong with one cell.
func sentence(c Cell) string {
	what := c.Verb + " " + c.Resource
	if c.Name != "" {
		what += " " + c.Name
	}
	switch c.Namespace {
	case "":
	case "*":
		what += " in all namespaces"
	default:
		what += " in namespace " + c.Namespace
	}
	if c.Allowed {
		return c.Who + " may " + what + ", which was to be denied"
	}
	return c.Who + " may not " + what
}

// table writes cells in columns.
func table(cells []Cell) []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "who\tverb\tresource\tnamespace\texpected\tis\treason")
	for _, c := range cells {
		what := c.Resource
		if c.Name != "" {
			what += " " + c.Name
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Who, c.Verb, what, c.Namespace, word(c.Expected), word(c.Allowed), c.Reason)
	}
	w.Flush() // a strings.Builder takes everything
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func word(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}
