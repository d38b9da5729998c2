package endtoend

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

func claim(name string, class *string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

func waitClaim(t *testing.T, client kubernetes.Interface, namespace, name string, satisfied func(*corev1.PersistentVolumeClaim) bool) *corev1.PersistentVolumeClaim {
	t.Helper()
	claims := client.CoreV1().PersistentVolumeClaims(namespace)
	return wait(t, "claim "+name, &corev1.PersistentVolumeClaim{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return claims.List(ctx, o) },
		watch: claims.Watch,
	}, func(found *corev1.PersistentVolumeClaim) bool { return found.Name == name && satisfied(found) })
}

func TestClaimIsBoundExpandedAndItsVolumeDeleted(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	if _, err := client.CoreV1().PersistentVolumeClaims(in).Create(t.Context(), claim("data", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	bound := waitClaim(t, client, in, "data", func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound })
	if bound.Spec.StorageClassName == nil || *bound.Spec.StorageClassName != "standard" {
		t.Errorf("found storage class %v, expected the default one", bound.Spec.StorageClassName)
	}
	patch := []byte(`{"spec":{"resources":{"requests":{"storage":"5Gi"}}}}`)
	if _, err := client.CoreV1().PersistentVolumeClaims(in).Patch(t.Context(), "data", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	waitClaim(t, client, in, "data", func(c *corev1.PersistentVolumeClaim) bool {
		return c.Status.Capacity.Storage().String() == "5Gi"
	})
	events, err := client.CoreV1().PersistentVolumes().Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + bound.Spec.VolumeName})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	if err := client.CoreV1().PersistentVolumeClaims(in).Delete(t.Context(), "data", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case event := <-events.ResultChan():
			if event.Type == "DELETED" {
				return
			}
		case <-deadline.C:
			t.Fatal("waited for the end of the volume: it still exists")
		}
	}
}

func TestClaimThatWaitsForItsFirstConsumer(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	late := "wait-for-first-consumer"
	if _, err := client.CoreV1().PersistentVolumeClaims(in).Create(t.Context(), claim("late", &late), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitEvent(t, client, in, "WaitForFirstConsumer")
	user := pod("user")
	user.Spec.Volumes = []corev1.Volume{{Name: "late", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "late"},
	}}}
	create(t, client, in, user)
	waitClaim(t, client, in, "late", func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound })
	waitPod(t, client, in, "a ready pod", isReady)
}
