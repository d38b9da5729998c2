// Package litmus carries out chaos experiments through LitmusChaos: it creates what an experiment needs, a ChaosEngine
// last of all, follows the engine, the pods and jobs of the experiment and its ChaosResult by watches, and takes the
// verdict over. It works with the objects of Litmus 2 and of Litmus 3.
//
// It breaks nothing by itself, and it never installs the operator. Litmus's own word that a fault was injected counts as
// its proof only where the Kubernetes API shows nothing of the effect; Result says which of the two it was.
package litmus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

// New returns the driver with the settings of one step; nil stands for none.
func New(config *Config) driver.Driver {
	if config == nil {
		config = &Config{}
	}
	return litmus{*config, usualPatience}
}

// usualPatience is how long an operator may take to react. It reacts within a second when it runs.
const usualPatience = 30 * time.Second

type litmus struct {
	config   Config
	patience time.Duration
}

// Name is what authors call the driver.
func (litmus) Name() string { return catalogue.Litmus }

// Plan resolves the targets of a request and makes sure that Litmus can hit exactly these.
func (l litmus) Plan(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if !slices.Contains(request.Experiment.Drivers, catalogue.Litmus) {
		return nil, fmt.Errorf("the litmus driver can't do %s; it does %s", request.Experiment.Name, strings.Join(catalogue.By(catalogue.Litmus), ", "))
	}
	env, err := environment(request, l.config)
	if err != nil {
		return nil, err
	}
	f := &fault{request: request, config: l.config, env: env, patience: l.patience}
	if f.aim, err = aimAt(ctx, request); err != nil {
		return nil, err
	}
	if len(f.aim.targets) == 0 {
		return f, nil
	}
	if err := f.aim.note(ctx, request); err != nil {
		return nil, err
	}
	return f, f.look(ctx)
}

// look finds out which Litmus there is, before anything is created.
func (f *fault) look(ctx context.Context) error {
	missing, err := missingKinds(ctx, f.request.Place)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if !f.config.allows(cluster) {
			return fmt.Errorf("LitmusChaos is not installed on this cluster: it has no %s; install Litmus with its operator first, or let the step define the kinds with litmus.install: true when the operator runs already", strings.Join(missing, ", "))
		}
		f.define = true
		return f.aim.fits(f.request, false)
	}
	f.second, err = isSecond(ctx, f.request.Place)
	if err == nil {
		err = f.aim.fits(f.request, f.second)
	}
	return err
}

// name is the name that Litmus gives to an experiment of the catalogue.
func name(experiment catalogue.Experiment) string {
	if experiment.Name == "dns-failure" {
		return "pod-dns-error"
	}
	return experiment.Name
}
