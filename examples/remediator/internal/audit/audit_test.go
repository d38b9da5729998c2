package audit_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/audit"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// written returns a log that was opened twice and holds four lines.
func written(t *testing.T) (path string, data []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.log")
	for range 2 {
		log, err := audit.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, status := range []history.Status{history.Executing, history.Succeeded} {
			target := &action.Target{Kind: action.Deployment, Namespace: "shop", Name: "web"}
			if err := log.Append(history.Entry{ID: "1", Alertname: "Busy", Action: "scale_deployment", Target: target, Status: status}); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

func TestTheChainGoesOnAfterARestart(t *testing.T) {
	_, data := written(t)
	if bytes.Count(data, []byte("\n")) != 4 || !bytes.Contains(data, []byte(`"target":"Deployment shop/web"`)) {
		t.Errorf("the log is\n%s", data)
	}
	if _, err := audit.Check(data); err != nil {
		t.Error(err)
	}
}

func TestChangesAreNoticed(t *testing.T) {
	path, data := written(t)
	lines := bytes.SplitAfter(data, []byte("\n"))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"changed":  {bytes.Replace(data, []byte("succeeded"), []byte("forgotten"), 1), "line 2 was changed after it was written"},
		"left out": {bytes.Join([][]byte{lines[0], lines[2], lines[3]}, nil), "line 2 does not follow the line before it"},
	} {
		if _, err := audit.Check(test.data); err == nil || err.Error() != test.want {
			t.Errorf("%s: error is %v, want %s", name, err, test.want)
		}
		if err := os.WriteFile(path, test.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Open(path); err == nil || err.Error() != `open the audit log "`+path+`": `+test.want {
			t.Errorf("%s: a broken log is continued: %v", name, err)
		}
	}
}
