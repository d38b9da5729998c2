package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The add-ons: servers beside the cluster that are started when somebody asks for them.
const (
	Prometheus   = "prometheus"
	Alertmanager = "alertmanager"
	Postgres     = "postgres"
)

// Addons lists all add-ons in the order in which they start.
func Addons() []string { return []string{Alertmanager, Prometheus, Postgres} }

// addonPatience is how long an add-on may take until it answers.
const addonPatience = 30 * time.Second

// Addon says how an add-on is reached.
type Addon struct {
	// Name is the name of the add-on.
	Name string `json:"name"`
	// URL is its address.
	URL string `json:"url"`
	// RulesDir is the folder from which Prometheus takes its rules.
	RulesDir string `json:"rulesDir,omitempty"`
	// PasswordFile is the file with the password of the user in URL, for PostgreSQL.
	PasswordFile string `json:"passwordFile,omitempty"`
}

// addons are those that run, by name.
type addons struct {
	mu      sync.Mutex
	running map[string]Addon
}

// CheckAddon says what is wrong with the name of an add-on.
func CheckAddon(name string) error {
	if !slices.Contains(Addons(), name) {
		return fmt.Errorf("unknown add-on %q: expected one of %s", name, strings.Join(Addons(), ", "))
	}
	return nil
}

// addon starts an add-on, or finds it running. Prometheus brings the Alertmanager that it notifies.
func (s *supervisor) addon(ctx context.Context, name string) (Addon, error) {
	s.addons.mu.Lock()
	defer s.addons.mu.Unlock()
	if running, ok := s.addons.running[name]; ok {
		return running, nil
	}
	needed := []string{name}
	if _, ok := s.addons.running[Alertmanager]; name == Prometheus && !ok {
		needed = []string{Alertmanager, Prometheus}
	}
	for _, one := range needed {
		started, err := s.startAddon(ctx, one)
		if err != nil {
			return Addon{}, err
		}
		if s.addons.running == nil {
			s.addons.running = map[string]Addon{}
		}
		s.addons.running[one] = started
	}
	return s.addons.running[name], nil
}

// startAddon starts one add-on; another program may take its port meanwhile.
func (s *supervisor) startAddon(ctx context.Context, name string) (Addon, error) {
	try, err := s.addonStarter(name)
	if err != nil {
		return Addon{}, err
	}
	for attempt := 1; ; attempt++ {
		started, err := try(ctx)
		if err == nil || attempt == startAttempts || !errors.Is(err, errPortTaken) {
			return started, err
		}
	}
}

// addonStarter finds the program of an add-on and returns what tries to start it.
func (s *supervisor) addonStarter(name string) (func(context.Context) (Addon, error), error) {
	if name == Postgres {
		files, err := s.postgresFiles()
		return func(ctx context.Context) (Addon, error) { return s.tryPostgres(ctx, files) }, err
	}
	program, err := findAddon(s.options.Executable, name)
	return func(ctx context.Context) (Addon, error) { return s.tryAddon(ctx, name, program) }, err
}

func (s *supervisor) tryAddon(ctx context.Context, name, program string) (Addon, error) {
	listen, err := choosePorts()
	if err != nil {
		return Addon{}, err
	}
	address := net.JoinHostPort(Address, strconv.Itoa(listen.api))
	started := Addon{Name: name, URL: "http://" + address}
	folder := filepath.Join(s.options.Place.Folder(), name)
	arguments, err := alertmanagerFiles(folder, address)
	if name == Prometheus {
		started.RulesDir = filepath.Join(folder, "rules")
		arguments, err = prometheusFiles(folder, started.RulesDir, address, s.addons.running[Alertmanager].URL)
	}
	if err != nil {
		return Addon{}, err
	}
	err = s.runAddon(ctx, name, launch{program: program, arguments: arguments}, answers(started.URL+"/-/ready"))
	return started, err
}

// runAddon starts the program of an add-on and waits until it is ready. One that does not become so is stopped.
func (s *supervisor) runAddon(ctx context.Context, name string, how launch, ready func(ctx context.Context, running *process) bool) error {
	running, err := s.fleet.startProgram(name, how)
	if err != nil {
		return err
	}
	log := s.options.Place.Log(name)
	ctx, cancel := context.WithTimeoutCause(ctx, addonPatience, fmt.Errorf("the add-on %s does not answer after %s; its log is %s", name, addonPatience, log))
	defer cancel()
	if err := untilReady(ctx, running, ready); err != nil {
		err = errors.Join(err, s.fleet.stop(name))
		if crash := newCrashError(running, log); strings.Contains(strings.ToLower(crash.Tail), "address already in use") {
			return fmt.Errorf("%w: %w", errPortTaken, err)
		}
		return err
	}
	s.fleet.guard(running)
	return nil
}

// findAddon finds the program of an add-on: in the folder addons beside this program, else on the path.
func findAddon(executable, name string) (string, error) {
	beside := filepath.Join(filepath.Dir(executable), "addons", name)
	if info, err := os.Stat(beside); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
		return beside, nil
	}
	if found, err := exec.LookPath(name); err == nil {
		return found, nil
	}
	return "", fmt.Errorf("the add-on %s is not installed: neither %s nor a program of that name on PATH is there; "+
		"run `make addons` in the source tree, which takes a few minutes once, or name a server of your own in scenario-runner.yaml", name, beside)
}

// alertmanagerFiles writes the configuration. An alert with the label scenario_runner_webhook is sent to that address, so
// that a scenario can have its system under test notified without a change of the configuration. One with the label
// scenario_runner_inhibits keeps the others of its scenario quiet.
func alertmanagerFiles(folder, address string) ([]string, error) {
	const config = `route:
  receiver: nobody
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
  - matchers: [scenario_runner_webhook=~".+"]
    receiver: webhook
    group_by: [alertname, scenario_runner_scenario, scenario_runner_webhook]
inhibit_rules:
- source_matchers: [scenario_runner_inhibits="true"]
  target_matchers: [scenario_runner_inhibits!="true", scenario_runner_scenario=~".+"]
  equal: [scenario_runner_scenario]
receivers:
- name: nobody
- name: webhook
  webhook_configs: [{url: '{{ .GroupLabels.scenario_runner_webhook }}', send_resolved: true}]
`
	file := filepath.Join(folder, "alertmanager.yaml")
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(file, []byte(config), 0o600)); err != nil {
		return nil, fmt.Errorf("configure alertmanager: %w", err)
	}
	return []string{
		"--config.file=" + file, "--storage.path=" + filepath.Join(folder, "data"), "--web.listen-address=" + address,
		"--cluster.listen-address=", "--log.level=warn",
	}, nil
}

// prometheusFiles writes the configuration. It takes samples by remote write, and rules from a folder.
func prometheusFiles(folder, rules, address, alertmanager string) ([]string, error) {
	config := fmt.Sprintf(`global: {evaluation_interval: 1s}
rule_files: [%q]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
storage: {tsdb: {out_of_order_time_window: 10m}}
`, filepath.Join(rules, "*.yaml"), strings.TrimPrefix(alertmanager, "http://"))
	file := filepath.Join(folder, "prometheus.yaml")
	if err := errors.Join(os.MkdirAll(rules, 0o700), os.WriteFile(file, []byte(config), 0o600)); err != nil {
		return nil, fmt.Errorf("configure prometheus: %w", err)
	}
	// Prometheus does not know its Alertmanager for the first five seconds, and forgets what it could not send: it tries again
	// soon. Alertmanager takes an alert for resolved that it has not heard of for four times that.
	return []string{
		"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=" + address,
		"--web.enable-lifecycle", "--web.enable-remote-write-receiver", "--rules.alert.resend-delay=3s", "--log.level=warn",
	}, nil
}

// answers returns a question whether a server answers at an address.
func answers(address string) func(context.Context, *process) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: controlTimeout}
	return func(ctx context.Context, _ *process) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}
}

// untilReady waits until a server is ready, or until its process has ended.
func untilReady(ctx context.Context, running *process, ready func(ctx context.Context, running *process) bool) error {
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		if ready(ctx, running) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-running.done:
			return fmt.Errorf("the add-on %s ended at once: %w", running.component, running.err)
		case <-ticker.C:
		}
	}
}

func (s *supervisor) handleAddon(response http.ResponseWriter, request *http.Request) {
	name := request.FormValue("name")
	if err := CheckAddon(name); err != nil {
		answer(response, http.StatusBadRequest, failure{Error: err.Error()})
		return
	}
	// The add-on lives on when the client that asked for it goes away.
	started, err := s.addon(context.WithoutCancel(request.Context()), name)
	if err != nil {
		answer(response, http.StatusInternalServerError, failure{Error: err.Error()})
		return
	}
	answer(response, http.StatusOK, started)
}
