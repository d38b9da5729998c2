package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// lookFlags name a cluster that a command may look at, and changes nothing of.
type lookFlags struct{ clusterFlags }

func (f *lookFlags) add(cmd *cobra.Command, purpose string) {
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file of a cluster to "+purpose)
	cmd.Flags().StringVar(&f.context, "context", "", "context of a cluster to "+purpose)
}

// environment returns the clusters of a project. When the flags name one, what it serves is read first, so that files
// are compared with it.
func (f *lookFlags) environment(ctx context.Context, s streams, p *project) (*kube.Env, error) {
	if !f.named() {
		return kube.NewEnv(p.connect(kube.Options{}, false)), nil
	}
	options, err := f.options()
	if err != nil {
		return nil, err
	}
	env := kube.NewEnv(p.connect(options, false))
	study, err := env.Study(ctx)
	if err != nil {
		env.Close()
		return nil, errored(err)
	}
	fmt.Fprintf(s.err, "compared with %s: %s, the fields of %s\n", study.Cluster, plural(study.Kinds, "kind"), plural(study.Definitions, "custom kind"))
	for _, text := range study.Unread {
		fmt.Fprintf(s.err, "not read: %s\n", text)
	}
	return env, nil
}
