package testparts

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Server is a Prometheus of a test.
type Server struct {
	URL      string
	RulesDir string // rules in it are loaded
}

// Prometheus starts a Prometheus that takes samples by remote write and sends alerts to an Alertmanager, "" for none. It
// ends with the test.
func Prometheus(t testing.TB, alertmanager string) Server {
	t.Helper()
	program := find(t, "prometheus")
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules")
	if err := os.Mkdir(rules, 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: {evaluation_interval: 200ms}\nrule_files: [%q]\n", filepath.Join(rules, "*.yaml"))
	if alertmanager != "" {
		config += fmt.Sprintf("alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}\n", alertmanager[len("http://"):])
	}
	file := filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	start(t, dir, program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--web.enable-lifecycle", "--web.enable-remote-write-receiver", "--rules.alert.resend-delay=2s", "--log.level=warn")
	url := "http://" + address
	untilReady(t, url+"/-/ready")
	return Server{URL: url, RulesDir: rules}
}

// Metrics starts an Alertmanager that notifies nobody and a Prometheus that sends alerts to it.
func Metrics(t testing.TB) (prometheus Server, alertmanager string) {
	t.Helper()
	alertmanager = Alertmanager(t, "route: {receiver: nobody, group_wait: 0s, group_interval: 1s}\nreceivers: [{name: nobody}]\n")
	return Prometheus(t, alertmanager), alertmanager
}
