//go:build real

package real

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAVolumeKeepsDataUntilItsClaimIsDeleted(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	claims := suite.shared.client.CoreV1().PersistentVolumeClaims(in)
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if _, err := claims.Create(t.Context(), claim, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	runOnce(t, in, "writer", "write", "/data/file")
	runOnce(t, in, "reader", "read", "/data/file")
	if log := logs(t, in, "reader", corev1.PodLogOptions{}); log != "kept\n" {
		t.Errorf("found %q in the volume", log)
	}
	bound, err := claims.Get(t.Context(), "data", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range []string{"writer", "reader"} {
		if err := suite.shared.client.CoreV1().Pods(in).Delete(t.Context(), pod, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := claims.Delete(t.Context(), "data", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the volume", func(ctx context.Context) (string, bool) {
		volume, err := suite.shared.client.CoreV1().PersistentVolumes().Get(ctx, bound.Spec.VolumeName, metav1.GetOptions{})
		if err != nil {
			return err.Error(), apierrors.IsNotFound(err)
		}
		return string(volume.Status.Phase), false
	})
}

// runOnce runs the workload to its good end with the claim mounted.
func runOnce(t *testing.T, in, name string, arguments ...string) {
	t.Helper()
	spec, user := podSpec(arguments...), int64(1000)
	spec.RestartPolicy = corev1.RestartPolicyNever
	spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: &user}
	spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	spec.Volumes = []corev1.Volume{{
		Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}},
	}}
	createPod(t, in, name, spec)
	waitPod(t, in, name, "a pod that has done its work", func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodSucceeded })
}
