package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/rights"
)

// patience is how long the doctor waits for a program or a server.
const patience = 10 * time.Second

// doctor looks at what a run needs.
type doctor struct {
	cluster clusterFlags
	binary  string
}

func (d *doctor) examine(cmd *cobra.Command) ([]finding, error) {
	ctx := cmd.Context()
	options, err := d.cluster.options()
	if err != nil {
		return nil, err
	}
	p, configured := configuration(cmd)
	options = p.connect(options, false)
	options.Retry = client.Policy{GiveUp: patience / 4, AttemptTimeout: patience / 2}
	found := []finding{{
		Level: levelOK, Topic: "version", Text: fmt.Sprintf("%s (%s, %s/%s)", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH),
	}}
	found = append(found, configured...)
	found = append(found, d.sandbox(ctx, p))
	found = append(found, d.clusters(ctx, p, options)...)
	found = append(found, databases(ctx, p)...)
	return append(found, records()...), nil
}

// named reports whether a cluster is named in any of the ways that run takes.
func (d *doctor) named(p *project) bool {
	return len(p.Clusters) > 0 || d.cluster.named() || len(d.cluster.clusters) > 0 || os.Getenv("KUBECONFIG") != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

// sandbox runs the program of the sandbox. Whoever names a cluster can do without it.
func (d *doctor) sandbox(ctx context.Context, p *project) finding {
	f := finding{Level: levelOK, Topic: "sandbox"}
	missing := levelError
	if d.named(p) {
		missing = levelWarn
	}
	binary, err := findSandbox(d.binary)
	if err != nil {
		f.Level, f.Text = missing, err.Error()
		if !d.named(p) {
			f.Cure = "or name a cluster with --kubeconfig FILE or --context NAME"
		}
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "version").CombinedOutput() //nolint:gosec // our own program
	if err != nil {
		f.Level, f.Text = missing, fmt.Sprintf("%s does not run: %v", binary, err)
		f.Cure = "build it again for this machine with `make sandbox`"
		return f
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	f.Text = fmt.Sprintf("%s runs (%s)", binary, strings.Join(strings.Fields(first), " "))
	return f
}

// clusters looks at the clusters that are named, and at no other.
func (d *doctor) clusters(ctx context.Context, p *project, options kube.Options) []finding {
	if !d.named(p) {
		return []finding{{
			Level: levelOK, Topic: "cluster", Text: "none is named; runs need --sandbox, --kubeconfig FILE or --context NAME",
		}}
	}
	env := kube.NewEnv(options)
	defer env.Close()
	names := slices.Sorted(maps.Keys(options.Clusters))
	if _, usual := p.Clusters[config.Default]; usual || d.cluster.named() || len(names) == 0 {
		names = append([]string{""}, names...)
	}
	var found []finding
	for _, name := range names {
		found = append(found, reach(ctx, env, name)...)
	}
	return found
}

// reach connects to a cluster and asks what we may do there.
func reach(ctx context.Context, env *kube.Env, name string) []finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	prefix := ""
	if name != "" {
		prefix = fmt.Sprintf("%s: ", name)
	}
	cluster, err := env.Cluster(ctx, name)
	if err != nil {
		return []finding{{Level: levelError, Topic: "cluster", Text: prefix + err.Error()}}
	}
	version, err := cluster.ServerVersion(ctx)
	if err != nil {
		return []finding{{Level: levelError, Topic: "cluster", Text: prefix + err.Error()}}
	}
	found := []finding{{
		Level: levelOK, Topic: "cluster", Text: fmt.Sprintf("%s%s answers (%s, Kubernetes %s)", prefix, cluster.Server(), cluster.Connection, version),
	}}
	var denied []string
	for _, verb := range []string{"create", "delete"} {
		allowed, err := mayDo(ctx, cluster, verb, "namespaces")
		if err != nil {
			return append(found, finding{Level: levelWarn, Topic: "rights", Text: prefix + "what you may do could not be found out: " + err.Error()})
		}
		if !allowed {
			denied = append(denied, verb)
		}
	}
	if len(denied) > 0 {
		return append(found, finding{
			Level: levelWarn, Topic: "rights", Text: fmt.Sprintf("%syou may not %s namespaces, so scenarios can't have their own", prefix, strings.Join(denied, " or ")),
			Cure: "name one that exists in each scenario (metadata.namespace), or ask for the right",
		})
	}
	return append(found, finding{Level: levelOK, Topic: "rights", Text: prefix + "you may create and delete namespaces"}, locking(ctx, cluster, prefix))
}

// locking asks whether claims can be held against other runs.
func locking(ctx context.Context, cluster *kube.Cluster, prefix string) finding {
	missing, err := rights.Of([]rights.Need{{Right: kube.ClaimRight("", true)}}).Missing(ctx, cluster)
	switch {
	case err != nil:
		return finding{Level: levelWarn, Topic: "locks", Text: prefix + err.Error()}
	case len(missing) > 0:
		return finding{
			Level: levelWarn, Topic: "locks", Text: fmt.Sprintf("%syou may not %s, so claims are not held against other runs", prefix, missing[0]),
			Cure: "grant what scenario-runner plan --rbac prints for scenarios with claims",
		}
	}
	return finding{Level: levelOK, Topic: "locks", Text: prefix + "claims can be held against other runs"}
}

// mayDo asks the server with a SelfSubjectAccessReview, which stores nothing.
func mayDo(ctx context.Context, cluster *kube.Cluster, verb, resource string) (bool, error) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]any{"verb": verb, "resource": resource}},
	})
	if err != nil {
		return false, err
	}
	response, err := cluster.Do(ctx, client.Request{
		Method: http.MethodPost, Path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", ContentType: "application/json", Body: body,
	})
	if err != nil {
		return false, err
	}
	var review struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	err = json.Unmarshal(response.Body, &review)
	return review.Status.Allowed, err
}

// records looks at the folder with the records of runs, and for changes that dead runs left.
func records() []finding {
	st, err := store()
	if err != nil {
		return []finding{{Level: levelError, Topic: "records", Text: err.Error()}}
	}
	if err := writable(st.Root); err != nil {
		return []finding{{
			Level: levelError, Topic: "records", Text: err.Error(),
			Cure: "make the folder yours, or choose another one with XDG_STATE_HOME",
		}}
	}
	runs, err := st.List()
	if err != nil {
		return []finding{{Level: levelError, Topic: "records", Text: err.Error()}}
	}
	found := []finding{{Level: levelOK, Topic: "records", Text: fmt.Sprintf("%s can be written; it knows %s", st.Root, plural(len(runs), "run"))}}
	for _, r := range runs {
		if f, ok := leftovers(r); ok {
			found = append(found, f)
		}
	}
	return found
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// leftovers says what a run left, unless it is still going on.
func leftovers(r journal.RunDir) (finding, bool) {
	if r.Live() {
		return finding{Level: levelOK, Topic: "run", Text: fmt.Sprintf("run %s is going on", r.ID)}, true
	}
	j, err := journal.Read(r.Dir)
	if err != nil {
		return finding{
			Level: levelWarn, Topic: "run", Text: fmt.Sprintf("the journal of run %s can't be read: %v", r.ID, err),
			Cure: "what it left can be found by its labels: scenario-runner cleanup --run " + r.ID + " --context NAME",
		}, true
	}
	open := len(j.Open())
	return finding{
		Level: levelWarn, Topic: "run", Text: fmt.Sprintf("run %s left %s", r.ID, plural(open, "change")),
		Cure: "scenario-runner cleanup --run " + r.ID,
	}, open > 0
}
