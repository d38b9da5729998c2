package explain

import (
	"regexp"
	"strings"
)

// lineLimit is how long a line may be; it bounds a journal, not a screen.
const lineLimit = 2000

var (
	// podUID is what kubelets put behind the name of a pod; it helps nobody.
	podUID = regexp.MustCompile(`\([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)`)
	// restarting repeats what CrashLoopBackOff says, with the names of the container and the pod in front of it.
	restarting = regexp.MustCompile(` restarting failed container=\S+ pod=[^\s;]+`)
	// preemption is the scheduler's second try, which says the same of the same nodes.
	preemption = regexp.MustCompile(` preemption: 0/\d+ nodes are available: .*?Preemption is not helpful for scheduling\.`)
	remoteCall = regexp.MustCompile(`rpc error: code = \w+ desc = `)
	imageName  = regexp.MustCompile(`image "([^"]+)"`)
)

// clip keeps a text on one line and of bounded length.
func clip(line string) string {
	line = strings.Join(strings.Fields(line), " ")
	if runes := []rune(line); len(runes) > lineLimit {
		return string(runes[:lineLimit-1]) + "…"
	}
	return line
}

// tidy shortens what kubelets and schedulers report to what a reader needs.
func tidy(line string) string {
	line = clip(line)
	for _, noise := range []*regexp.Regexp{podUID, restarting, preemption, remoteCall} {
		line = noise.ReplaceAllString(line, "")
	}
	return imageOnce(line)
}

// imageOnce drops the parts of a chain of errors that only name an image again: of "Back-off pulling image "x": failed
// to pull and unpack image "x": failed to resolve reference "x": x: not found" it leaves "Back-off pulling image "x":
// not found".
func imageOnce(line string) string {
	name := imageName.FindStringSubmatch(line)
	if name == nil {
		return line
	}
	parts := strings.Split(line, ": ")
	kept := parts[:0:0]
	named := false
	for i, part := range parts {
		again := part == name[1] || strings.HasSuffix(part, `"`+name[1]+`"`)
		if named && again && i < len(parts)-1 {
			continue
		}
		named = named || again
		kept = append(kept, part)
	}
	return strings.Join(kept, ": ")
}
