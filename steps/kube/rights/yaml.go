package rights

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Account is the service account that the roles are bound to.
type Account struct{ Namespace, Name string }

// ParseAccount reads NAMESPACE/NAME.
func ParseAccount(text string) (Account, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return Account{}, fmt.Errorf("%q names no service account; write NAMESPACE/NAME", text)
	}
	return Account{namespace, name}, nil
}

// mostReasons is how many reasons a rule names; more are counted.
const mostReasons = 3

// Write writes a service account, the roles that the set needs, and what binds them, as YAML with the reasons as comments.
// heading says what it is about.
func (s Set) Write(w io.Writer, heading string, account Account) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# %s\n", heading)
	for _, text := range s.Unknown {
		fmt.Fprintf(b, "# not known before the run, so add what it needs: %s\n", text)
	}
	fmt.Fprintf(b, "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: %s}\n", account.Name, account.Namespace)
	byNamespace := map[string][]Rule{}
	for _, r := range s.Rules {
		byNamespace[r.Namespace] = append(byNamespace[r.Namespace], r)
	}
	for _, namespace := range slices.Sorted(maps.Keys(byNamespace)) {
		if namespace == kube.LocksNamespace {
			fmt.Fprintf(b, "---\n# Runs keep each other off what they claim by Leases in this namespace.\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", namespace)
		}
		role(b, namespace, account, byNamespace[namespace])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// role writes a role and its binding: those of a namespace, or those of the whole cluster.
func role(b *strings.Builder, namespace string, account Account, rules []Rule) {
	kind, meta := "ClusterRole", fmt.Sprintf("{name: %s}", account.Name)
	if namespace != "" {
		kind, meta = "Role", fmt.Sprintf("{name: %s, namespace: %s}", account.Name, namespace)
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata: %s\nrules:\n", kind, meta)
	for _, r := range rules {
		r.write(b)
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\nmetadata: %s\n", kind, meta)
	fmt.Fprintf(b, "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s}\n", kind, account.Name)
	fmt.Fprintf(b, "subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]\n", account.Name, account.Namespace)
}

func (r Rule) write(b *strings.Builder) {
	reasons := r.For
	if len(reasons) > mostReasons {
		reasons = append(slices.Clone(reasons[:mostReasons]), fmt.Sprintf("and %d more", len(reasons)-mostReasons))
	}
	for i, why := range reasons {
		if i == 0 && r.Helps {
			why = "not needed, but helps to " + why
		}
		fmt.Fprintf(b, "  # %s\n", strings.Join(strings.Fields(why), " "))
	}
	fmt.Fprintf(b, "  - {apiGroups: %s, resources: %s, verbs: %s", flow(r.Group), flow(r.Resource), flow(r.Verbs...))
	if r.Name != "" {
		fmt.Fprintf(b, ", resourceNames: %s", flow(r.Name))
	}
	b.WriteString("}\n")
}

// plain matches words that YAML reads as text without quotes.
var plain = regexp.MustCompile(`^[a-z][a-z0-9./-]*$`)

// flow writes words as a list in one line.
func flow(words ...string) string {
	out := make([]string, len(words))
	for i, word := range words {
		if out[i] = word; !plain.MatchString(word) || slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, word) {
			out[i] = strconv.Quote(word)
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}
