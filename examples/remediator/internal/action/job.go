package action

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// operationLabel is on everything that an operation makes.
const operationLabel = "remediator/operation"

// maintenance is an operation that a program of the user's carries out, as a Job: the
// remediator brings no backup, no dump and no repair of its own.
type maintenance struct {
	Image   string `yaml:"image"`
	Command string `yaml:"command"`
}

// validate demands the program.
func (m maintenance) validate() error { return demand("image", m.Image, "command", m.Command) }

// CompactStorage runs a job that has a volume to compact.
type CompactStorage maintenance

// BackupData runs a job that has a volume to save.
type BackupData maintenance

// RepairDatabase runs a job against the first pod of a stateful set.
type RepairDatabase maintenance

// CreateHeapDump runs a job on the node of a pod.
type CreateHeapDump maintenance

// Validate demands the program.
func (c *CompactStorage) Validate() error { return maintenance(*c).validate() }

// Validate demands the program.
func (b *BackupData) Validate() error { return maintenance(*b).validate() }

// Validate demands the program.
func (r *RepairDatabase) Validate() error { return maintenance(*r).validate() }

// Validate demands the program.
func (c *CreateHeapDump) Validate() error { return maintenance(*c).validate() }

// Apply starts the job with the claim mounted at /data.
func (c *CompactStorage) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	return maintenance(*c).onClaim(ctx, cluster, target, "compact-storage")
}

// Apply starts the job with the claim mounted at /data.
func (b *BackupData) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	return maintenance(*b).onClaim(ctx, cluster, target, "backup-data")
}

// Apply starts the job with the address of the database's first pod in TARGET.
func (r *RepairDatabase) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	set, err := cluster.Client.AppsV1().StatefulSets(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	return maintenance(*r).start(ctx, cluster, target, "repair-database", func(pod *corev1.PodSpec) {
		address := set.Name + "-0"
		if set.Spec.ServiceName != "" {
			address += "." + set.Spec.ServiceName
		}
		pod.Containers[0].Env = []corev1.EnvVar{{Name: "TARGET", Value: address}}
	})
}

// Apply starts the job on the node of the pod, with the pod's name in TARGET.
func (c *CreateHeapDump) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	found, err := cluster.Client.CoreV1().Pods(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	if found.Spec.NodeName == "" {
		return Change{}, fmt.Errorf("%s runs on no node", target)
	}
	return maintenance(*c).start(ctx, cluster, target, "create-heap-dump", func(pod *corev1.PodSpec) {
		pod.NodeName = found.Spec.NodeName
		pod.Tolerations = found.Spec.Tolerations
		pod.Containers[0].Env = []corev1.EnvVar{{Name: "TARGET", Value: found.Name}}
	})
}

// onClaim starts a job that has the target mounted.
func (m maintenance) onClaim(ctx context.Context, cluster Cluster, target Target, operation string) (Change, error) {
	claim, err := cluster.Client.CoreV1().PersistentVolumeClaims(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	return m.start(ctx, cluster, target, operation, func(pod *corev1.PodSpec) {
		source := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name}}
		pod.Volumes = []corev1.Volume{{Name: "data", VolumeSource: source}}
		pod.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	})
}

// start creates the job, which is done when it is complete.
func (m maintenance) start(ctx context.Context, cluster Cluster, target Target, operation string, adapt func(*corev1.PodSpec)) (Change, error) {
	client := cluster.Client.BatchV1().Jobs(target.Namespace)
	labels := map[string]string{operationLabel: operation}
	once := int32(0)
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{GenerateName: operation + "-", Labels: labels, Annotations: map[string]string{"remediator/target": target.String()}},
		Spec: batchv1.JobSpec{
			BackoffLimit: &once,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					RestartPolicy: corev1.RestartPolicyNever,
					Containers:    []corev1.Container{{Name: operation, Image: m.Image, Command: []string{"/bin/sh", "-c", m.Command}}},
				},
			},
		},
	}
	adapt(&job.Spec.Template.Spec)
	made, err := client.Create(ctx, job, metav1.CreateOptions{DryRun: cluster.dryRun()})
	if err != nil {
		return Change{}, fmt.Errorf("start the job %s for %s: %w", operation, target, err)
	}
	return Change{
		After:  State{"job": made.Name},
		Verify: untilObject(named("job", made.Name, client.List, client.Watch), target, jobProgress),
	}, nil
}

// jobProgress waits for the end of a job; one that failed has failed for good.
func jobProgress(job *batchv1.Job) (done bool, progress string, err error) {
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			return true, "", nil
		case batchv1.JobFailed:
			return false, "", errors.New("the job " + job.Name + " failed: " + condition.Message)
		}
	}
	return false, "the job " + job.Name + " had not ended", nil
}
