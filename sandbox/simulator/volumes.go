package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// provisionerAnnotation is set by the controller manager on a claim when it is the named driver's turn; for a class that
// waits for the first consumer that is when the scheduler has chosen a node.
const provisionerAnnotation = "volume.kubernetes.io/storage-provisioner"

// selectedNodeAnnotation is set by the scheduler on a claim of a class that waits for the first consumer.
const selectedNodeAnnotation = "volume.kubernetes.io/selected-node"

// volumePrefix begins the keys of volumes in the queue; those of claims have the form namespace/name.
const volumePrefix = "volume:"

// newVolumeLoop plays the storage driver: it makes, resizes and deletes volumes. With a folder, each volume is a folder in it.
func newVolumeLoop(client kubernetes.Interface, factory informers.SharedInformerFactory, folder string) *loop {
	claims := factory.Core().V1().PersistentVolumeClaims()
	volumes := factory.Core().V1().PersistentVolumes()
	classes := factory.Storage().V1().StorageClasses()
	d := storageDriver{client: client, folder: folder, claims: claims.Lister(), volumes: volumes.Lister(), classes: classes.Lister()}
	l := newLoop("storage", 4, d.reconcile)
	l.follow(claims.Informer(), func(object any) []string {
		key, err := cache.MetaNamespaceKeyFunc(object)
		if err != nil {
			return nil
		}
		return []string{key}
	})
	l.follow(volumes.Informer(), func(object any) []string {
		volume, ok := object.(*corev1.PersistentVolume)
		if !ok || !simulation.Provisioned(volume) {
			return nil
		}
		return []string{volumePrefix + volume.Name}
	})
	l.follow(classes.Informer(), func(any) []string { return nil })
	return l
}

type storageDriver struct {
	client  kubernetes.Interface
	folder  string
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
}

func (d *storageDriver) reconcile(ctx context.Context, key string) error {
	if name, isVolume := strings.CutPrefix(key, volumePrefix); isVolume {
		return d.reconcileVolume(ctx, name)
	}
	namespace, name, _ := strings.Cut(key, "/")
	claim, err := d.claims.PersistentVolumeClaims(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the claim: %w", err)
	}
	if claim.DeletionTimestamp != nil || claim.Annotations[provisionerAnnotation] != simulation.Provisioner {
		return nil
	}
	if claim.Spec.VolumeName == "" {
		return d.provision(ctx, claim)
	}
	return d.expand(ctx, claim)
}

// provision makes the volume; the controller manager binds it to the claim.
func (d *storageDriver) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := d.classes.Get(*claim.Spec.StorageClassName)
	if err != nil {
		return fmt.Errorf("look up the storage class: %w", err)
	}
	if class.VolumeBindingMode != nil && *class.VolumeBindingMode == "WaitForFirstConsumer" && claim.Annotations[selectedNodeAnnotation] == "" {
		return nil
	}
	policy := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	volume, err := d.volume(claim, policy, class.Name)
	if err != nil {
		return err
	}
	_, err = d.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make volume %s: %w", volume.Name, err)
	}
	return nil
}

// volume returns the volume for a claim, and makes its folder if it has one.
func (d *storageDriver) volume(claim *corev1.PersistentVolumeClaim, policy corev1.PersistentVolumeReclaimPolicy, class string) (*corev1.PersistentVolume, error) {
	if d.folder == "" {
		return simulation.Volume(claim, policy, class), nil
	}
	folder := filepath.Join(d.folder, simulation.VolumeName(claim))
	// Whoever a container runs as may write; the folder around it is closed to others of the machine.
	err := errors.Join(os.MkdirAll(folder, 0o700), os.Chmod(folder, 0o777))
	if err != nil {
		return nil, fmt.Errorf("make the folder of a volume: %w", err)
	}
	return simulation.FolderVolume(claim, policy, class, folder), nil
}

// expand makes a bound claim as large as it asks to be; the API server has checked that its class allows it.
func (d *storageDriver) expand(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	wanted, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	if claim.Status.Phase != corev1.ClaimBound || wanted.Cmp(has) <= 0 {
		return nil
	}
	capacity := corev1.ResourceList{corev1.ResourceStorage: wanted}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"capacity": capacity}})
	if err != nil {
		return fmt.Errorf("encode the new size: %w", err)
	}
	_, err = d.client.CoreV1().PersistentVolumes().Patch(ctx, claim.Spec.VolumeName, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("resize volume %s: %w", claim.Spec.VolumeName, err)
	}
	patch, err = json.Marshal(map[string]any{"status": map[string]any{"capacity": capacity}})
	if err != nil {
		return fmt.Errorf("encode the new size: %w", err)
	}
	_, err = d.client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("report the new size of the claim: %w", err)
	}
	return nil
}

// reconcileVolume deletes a volume whose claim is gone, if its policy says so.
func (d *storageDriver) reconcileVolume(ctx context.Context, name string) error {
	volume, err := d.volumes.Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the volume: %w", err)
	}
	if volume.DeletionTimestamp != nil || volume.Status.Phase != corev1.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	err = d.client.CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete the volume: %w", err)
	}
	if d.folder == "" {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(d.folder, name)); err != nil {
		return fmt.Errorf("delete the data of the volume: %w", err)
	}
	return nil
}
