package builtin

import (
	"fmt"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

// design chooses the script, its arguments and what proves the load.
func (l *load) design(pods []*unstructured.Unstructured) error {
	p := l.request.Parameters
	switch name := l.request.Experiment.Name; name {
	case "pod-cpu-hog":
		if share := p.Whole("load"); share != 100 {
			return &driver.Unable{Reason: fmt.Sprintf("the builtin driver keeps processors of real pods busy all the time; leave load: %d out, or use driver: litmus", share)}
		}
		cores := p.Whole("cores")
		l.script, l.arguments = processorLoad, []int{cores}
		l.look = func(part *loadPart, before, now toll, between time.Duration) (bool, string) {
			return busy(part, cores, before, now, between)
		}
	case "pod-memory-hog":
		megabytes := p.Whole("megabytes")
		l.script, l.arguments = memoryLoad, []int{megabytes}
		l.look = func(part *loadPart, _, now toll, _ time.Duration) (bool, string) { return taken(part, megabytes, now) }
	case "disk-fill":
		kilobytes, err := l.room(pods)
		if err != nil {
			return err
		}
		l.script, l.arguments = diskLoad, []int{kilobytes}
		l.look = func(part *loadPart, _, now toll, _ time.Duration) (bool, string) {
			return now.Lost != "" || now.Written >= kilobytes, fmt.Sprintf("%d of %d KiB are written in %s", now.Written, kilobytes, describe(part.pod))
		}
	case "pod-io-stress":
		l.script, l.arguments = trafficLoad, []int{p.Whole("workers"), p.Whole("fill")}
		l.look = func(part *loadPart, before, now toll, _ time.Duration) (bool, string) {
			return now.Lost != "" || now.Rounds > before.Rounds || now.Written > before.Written && before.Processes > 0,
				fmt.Sprintf("nothing more than %d KiB is written in %s", now.Written, describe(part.pod))
		}
	default:
		return fmt.Errorf("the builtin driver has no load for %s", name)
	}
	return nil
}

// busy wants half of the processor time that the load can get: its container may have a limit. On a node where others leave
// less than that to the container, it is enough that the load takes what there is and waits for more.
func busy(part *loadPart, cores int, before, now toll, between time.Duration) (bool, string) {
	wanted := float64(cores)
	if limit, found := limitOf(part.pod, part.container, "cpu"); found {
		wanted = math.Min(wanted, limit.AsApproximateFloat64())
	}
	if before.Processes == 0 || between <= 0 {
		return false, fmt.Sprintf("%d processes of the load run in %s", now.Processes, describe(part.pod))
	}
	used := float64(now.Ticks-before.Ticks) / 100 / between.Seconds()
	waited := float64(now.Waited-before.Waited) / 100 / between.Seconds()
	enough := used >= wanted/2 || used > 0 && used+waited >= float64(cores)/2
	return between >= 200*time.Millisecond && enough, fmt.Sprintf("the load uses %.2f processors in %s, and could use %.2f", used, describe(part.pod), wanted)
}

// taken wants nearly all of the memory, or the kernel's answer to it.
func taken(part *loadPart, megabytes int, now toll) (bool, string) {
	has := now.Kilobytes >= megabytes*1024*9/10
	return has || now.Killed > 0 || now.Lost != "", fmt.Sprintf("the load has %d of %d MiB in %s", now.Kilobytes/1024, megabytes, describe(part.pod))
}

// room is how many kilobytes fill the asked part of the ephemeral storage that the pods may use: of the smallest, when
// they differ.
func (l *load) room(pods []*unstructured.Unstructured) (int, error) {
	least := math.MaxInt
	for _, pod := range pods {
		container, err := podContainer(pod, l.request.Parameters.Text("container"))
		if err != nil {
			return 0, err
		}
		limit, found := limitOf(pod, container, "ephemeral-storage")
		if !found {
			return 0, &driver.Unable{Reason: fmt.Sprintf("disk-fill fills a part of limits.ephemeral-storage, which container %q of %s does not have; set it, or use driver: litmus", container, describe(pod))}
		}
		least = min(least, int(limit.Value()/1024*int64(l.request.Parameters.Whole("fill"))/100))
	}
	return least, nil
}
