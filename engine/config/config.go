// Package config reads scenario-runner.yaml, in which a project keeps what all of its scenarios share: clusters, databases,
// the addresses of Prometheus and Alertmanager, the usual flags of run, and the policy that no scenario can override. It
// holds plain data: it connects to nothing, and what the data means to Kubernetes is decided by others.
package config

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// FileName is the name of a configuration file, and KindConfig what heads it.
const (
	FileName   = "scenario-runner.yaml"
	KindConfig = "Config"
)

// Default is the name of the cluster that steps use which name none.
const Default = "default"

// Config is a checked configuration file. The zero Config is that of a project without one.
type Config struct {
	APIVersion   string                `yaml:"apiVersion" required:"true" enum:"scenario-runner/v1" doc:"Version of the language."`
	Kind         string                `yaml:"kind" required:"true" enum:"Config" doc:"What this file is."`
	Clusters     map[string]Cluster    `yaml:"clusters" doc:"Clusters by the name that steps use in cluster. The one called default is used by steps that name none." example:"{default: {context: staging}}"`
	CRDs         []string              `yaml:"crds" single:"true" doc:"Files and folders with custom resource definitions: expressions about their objects are checked before the run." example:"deploy/crds"`
	Library      []string              `yaml:"library" single:"true" doc:"Folders with templates that scenarios can use by their name alone." example:"testing/library"`
	Environment  []string              `yaml:"environment" single:"true" doc:"Environment variables that expressions may read as env.<name>." example:"[REGION]"`
	Connections  map[string]Connection `yaml:"connections" doc:"Databases by the name that steps and sources use in connection." example:"{history: {type: postgres, host: 127.0.0.1, database: history, user: qa, passwordFrom: {env: HISTORY_PASSWORD}}}"`
	Prometheus   *Endpoint             `yaml:"prometheus" doc:"The Prometheus that steps and sources ask when they name none."`
	Alertmanager *Endpoint             `yaml:"alertmanager" doc:"The Alertmanager that fireAlert uses when it names no place."`
	Defaults     Defaults              `yaml:"defaults" doc:"What flags of run count as when neither they nor their environment variables are given."`
	Policy       Policy                `yaml:"policy" doc:"What no scenario and no flag can override."`

	file *source.File
	body *field.Body
}

// Cluster says how a cluster is reached.
type Cluster struct {
	Kubeconfig string `yaml:"kubeconfig" doc:"Kubeconfig file, relative to this file; ~/ is your home. Without it, what KUBECONFIG says, or the usual file." example:"~/.kube/staging"`
	Context    string `yaml:"context" doc:"Context in the kubeconfig. Without it, the current one." example:"staging"`
}

// Connection says how a database is reached: by url or urlFrom, else by host and its neighbours, or by none of them when
// only the sandbox brings it.
type Connection struct {
	Type             string        `yaml:"type" required:"true" enum:"postgres" doc:"Kind of the database."`
	Sandbox          bool          `yaml:"sandbox" doc:"With run --sandbox, each scenario gets a fresh database of its own instead, on a PostgreSQL that the sandbox brings."`
	URL              string        `yaml:"url" doc:"The whole address without a password." example:"postgres://qa@127.0.0.1:5432/history"`
	URLFrom          *Secret       `yaml:"urlFrom" doc:"Where the whole address comes from; it may hold a password." example:"{env: DATABASE_URL}"`
	Host             string        `yaml:"host" doc:"Name or address of the server."`
	Port             int           `yaml:"port" doc:"Port of the server. Without it, the usual one." example:"5432"`
	Database         string        `yaml:"database" doc:"Name of the database."`
	User             string        `yaml:"user" doc:"Who logs in."`
	PasswordFrom     *Secret       `yaml:"passwordFrom" doc:"Where the password comes from; it is masked in every output." example:"{env: HISTORY_PASSWORD}"`
	TLS              *TLS          `yaml:"tls" doc:"Use TLS, and whom to trust. Without it, what the address says."`
	ReadOnly         bool          `yaml:"readOnly" doc:"Refuse statements that change anything."`
	StatementTimeout time.Duration `yaml:"statementTimeout" doc:"How long one statement may take." example:"5s"`
}

// Secret says where a secret comes from.
type Secret struct {
	Env  string `yaml:"env" doc:"Environment variable that holds it."`
	File string `yaml:"file" doc:"File that holds it, relative to this file; ~/ is your home."`
}

// Value is a text, or a secret that comes from elsewhere.
type Value struct {
	Value string `yaml:"value" shorthand:"true" doc:"The text itself."`
	Env   string `yaml:"env" doc:"Environment variable that holds it."`
	File  string `yaml:"file" doc:"File that holds it, relative to this file; ~/ is your home."`
}

// TLS says whom to trust, and as whom to present oneself.
type TLS struct {
	CA                 string `yaml:"ca" doc:"File with the certificates of the authority that signed the server's, in PEM form, relative to this file."`
	Cert               string `yaml:"cert" doc:"File with the client's own certificate, in PEM form."`
	Key                string `yaml:"key" doc:"File with the key of the client's certificate, in PEM form."`
	ServerName         string `yaml:"serverName" doc:"Name that the server's certificate must have, when it is not the one in the address."`
	InsecureSkipVerify bool   `yaml:"insecureSkipVerify" doc:"Talk to any server, whoever it is. Nothing that it says proves anything then."`
}

// Trust says whom to trust.
type Trust struct {
	CA                 string `yaml:"ca" doc:"File with the certificates of the authority that signed the server's, in PEM form, relative to this file."`
	ServerName         string `yaml:"serverName" doc:"Name that the server's certificate must have, when it is not the one in the address."`
	InsecureSkipVerify bool   `yaml:"insecureSkipVerify" doc:"Talk to any server, whoever it is. Nothing that it says proves anything then."`
}

// Endpoint says how a server of metrics or alerts is reached.
type Endpoint struct {
	URL        string           `yaml:"url" required:"true" shorthand:"true" doc:"Address of the server." example:"http://127.0.0.1:9090"`
	Headers    map[string]Value `yaml:"headers" doc:"Headers of every request: texts, or where a secret one comes from." example:"{X-Scope-OrgID: shop}"`
	BearerFrom *Secret          `yaml:"bearerFrom" doc:"Where the bearer token comes from; it is masked in every output." example:"{env: METRICS_TOKEN}"`
	TLS        *Trust           `yaml:"tls" doc:"Whom to trust."`
	RulesDir   string           `yaml:"rulesDir" doc:"Prometheus only: folder from which it takes its rules, for fireAlert with rule; relative to this file." example:"/etc/prometheus/rules"`
}

// Defaults are what flags of run count as when they are not given. What is not written has no effect.
type Defaults struct {
	Parallel       int           `yaml:"parallel" doc:"Scenarios at once (--parallel)." example:"8"`
	Retries        int           `yaml:"retries" doc:"How often a scenario that is not green is run again (--retries)." example:"1"`
	FailFast       bool          `yaml:"failFast" doc:"Start no further scenario after one that is not green (--fail-fast)."`
	Drift          bool          `yaml:"drift" doc:"Compare what all users of a cluster share before and after the run (--drift)."`
	FailOnFlaky    bool          `yaml:"failOnFlaky" doc:"A flaky scenario fails the run (--fail-on-flaky)."`
	Timeout        time.Duration `yaml:"timeout" doc:"Time limit of the whole run, clean-up not counted (--timeout)." example:"30m"`
	StepTimeout    time.Duration `yaml:"stepTimeout" doc:"Time limit of steps that have none of their own (--step-timeout)." example:"2m"`
	Cleanup        string        `yaml:"cleanup" enum:"background,wait,keep" doc:"When changes are taken back (--cleanup)."`
	CleanupTimeout time.Duration `yaml:"cleanupTimeout" doc:"Time limit of each undo and of a finally block (--cleanup-timeout)." example:"2m"`
	Output         []string      `yaml:"output" single:"true" doc:"Reports as KIND or KIND=FILE (--output)." example:"[text, junit=report.xml]"`
}

// Policy is what a project allows. In patterns * stands for any text and ? for one character.
type Policy struct {
	Contexts            []string      `yaml:"contexts" single:"true" doc:"Contexts that may be used; every other is refused before it is touched. The cluster in the box is always allowed." example:"['staging-*', kind-kind]"`
	ForbiddenNamespaces []string      `yaml:"forbiddenNamespaces" single:"true" doc:"Namespaces in which no step may change anything. Faults are kept out of kube-* and openshift-* in any case." example:"['kube-*', default]"`
	ForbiddenSteps      []string      `yaml:"forbiddenSteps" single:"true" doc:"Step kinds that scenarios must not use." example:"[run, exec]"`
	RequireLabel        string        `yaml:"requireLabel" doc:"Label that the target of every fault must have, itself or by its namespace, as key=value. What is in the scenario's own namespace needs none." example:"chaos=allowed"`
	MaxPods             int           `yaml:"maxPods" doc:"Most pods that all faults of a run may hit at once, and one step node." example:"5"`
	MaxNodes            int           `yaml:"maxNodes" doc:"Most nodes that all faults of a run may hit at once, and one step node." example:"1"`
	MaxPercent          int           `yaml:"maxPercent" doc:"Largest part that a fault may hit of what matches its target, from 1 to 100." example:"50"`
	MaxRate             int           `yaml:"maxRate" doc:"Most requests per second that a loadTest may send; 500 if not given." example:"2000"`
	MaxDuration         time.Duration `yaml:"maxDuration" doc:"Longest time that a scenario may take, and the limit of those that name none in safety.maxDuration." example:"15m"`
	BusinessHours       *Hours        `yaml:"businessHours" doc:"When faults may be injected. Without it, at any time." example:"{days: [Mon, Tue, Wed, Thu], from: '09:00', to: '17:00', zone: Europe/Berlin}"`
	Locks               string        `yaml:"locks" enum:"preferred,required" doc:"What happens where a claim can't be held against other runs, because the user may write no Leases: with preferred the run warns and goes on, with required the scenario is errored. preferred if not given."`
	Confirm             string        `yaml:"confirm" enum:"terminal,always" doc:"Who must agree before a run injects faults, or changes things outside of namespaces of its own, on a cluster that is no sandbox: with terminal whoever sits at one is asked; with always nothing runs without a terminal unless --yes is given. terminal if not given."`
}

// Hours are times of the week.
type Hours struct {
	Days    []string `yaml:"days" single:"true" doc:"Days of the week, as Mon or Monday. Without it, every day." example:"[Mon, Tue]"`
	From    string   `yaml:"from" doc:"When the hours begin, as HH:MM; 00:00 if not given." example:"'09:00'"`
	To      string   `yaml:"to" doc:"When they end, as HH:MM; 24:00 if not given. Hours that end before they begin end on the next day." example:"'17:00'"`
	Zone    string   `yaml:"zone" doc:"Time zone by its name in the IANA database; UTC if not given." example:"Europe/Berlin"`
	Outside bool     `yaml:"outside" doc:"Faults are allowed only outside of these hours."`
}

// File returns the name of the file, "" when the project has none.
func (c *Config) File() string {
	if c.file == nil {
		return ""
	}
	return c.file.Name
}

// Data returns the text of the file, for excerpts.
func (c *Config) Data() []byte {
	if c.file == nil {
		return nil
	}
	return c.file.Data
}

// Dir returns the folder of the file, in which relative paths start and below which templates are found; "" when the
// project has none.
func (c *Config) Dir() string {
	if c.file == nil {
		return ""
	}
	return filepath.Dir(c.file.Name)
}

// At returns where the value at a path of keys and list positions stands.
func (c *Config) At(path ...string) diag.Range {
	if c.body == nil {
		return diag.Range{}
	}
	return c.body.Find(path...)
}

// Given reports whether there is a value at a path of keys and list positions.
func (c *Config) Given(path ...string) bool { return c.body != nil && c.body.Has(path...) }

// Path returns a path of the file as others can use it: "" stays "", ~/ is home, and what is relative starts in the
// folder of the file.
func (c *Config) Path(path, home string) string {
	switch rest, atHome := strings.CutPrefix(path, "~/"); {
	case path == "" || filepath.IsAbs(path):
		return path
	case atHome && home != "":
		return filepath.Join(home, rest)
	}
	return filepath.Join(c.Dir(), path)
}
