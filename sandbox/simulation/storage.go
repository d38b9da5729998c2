package simulation

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Provisioner is the name of the storage driver that the simulation plays.
const Provisioner = "storage.sandbox.scenario-runner.dev"

// The storage classes: the default one binds at once, the other one when the first pod that uses a claim is scheduled.
const (
	StorageClassName     = "standard"
	LateStorageClassName = "wait-for-first-consumer"
)

// StorageClass returns the default storage class.
func StorageClass() *storagev1.StorageClass {
	class := storageClass(StorageClassName, storagev1.VolumeBindingImmediate)
	class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	return class
}

// LateStorageClass returns the storage class that waits for the first pod.
func LateStorageClass() *storagev1.StorageClass {
	return storageClass(LateStorageClassName, storagev1.VolumeBindingWaitForFirstConsumer)
}

func storageClass(name string, mode storagev1.VolumeBindingMode) *storagev1.StorageClass {
	policy := corev1.PersistentVolumeReclaimDelete
	expand := true
	return &storagev1.StorageClass{
		ObjectMeta:           metav1.ObjectMeta{Name: name},
		Provisioner:          Provisioner,
		ReclaimPolicy:        &policy,
		VolumeBindingMode:    &mode,
		AllowVolumeExpansion: &expand,
	}
}

// CSIDriver returns the driver's registration, which says that its volumes are not attached to nodes.
func CSIDriver() *storagev1.CSIDriver {
	attach := false
	return &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: Provisioner},
		Spec:       storagev1.CSIDriverSpec{AttachRequired: &attach},
	}
}

// provisionedBy is where a volume says which driver has made it.
const provisionedBy = "pv.kubernetes.io/provisioned-by"

// Provisioned says whether the driver has made a volume.
func Provisioned(volume *corev1.PersistentVolume) bool {
	return volume.Annotations[provisionedBy] == Provisioner
}

// VolumeName is the name of the volume of a claim.
func VolumeName(claim *corev1.PersistentVolumeClaim) string { return "pvc-" + string(claim.UID) }

// FolderVolume returns the volume that is made for a claim where pods are real: a folder of the machine, which holds data.
func FolderVolume(claim *corev1.PersistentVolumeClaim, policy corev1.PersistentVolumeReclaimPolicy, class, folder string) *corev1.PersistentVolume {
	volume := Volume(claim, policy, class)
	kind := corev1.HostPathDirectory
	volume.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: folder, Type: &kind}}
	return volume
}

// Volume returns the volume that is made for a claim.
func Volume(claim *corev1.PersistentVolumeClaim, policy corev1.PersistentVolumeReclaimPolicy, class string) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        VolumeName(claim),
			Annotations: map[string]string{provisionedBy: Provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			StorageClassName:              class,
			PersistentVolumeReclaimPolicy: policy,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: Provisioner, VolumeHandle: string(claim.UID)},
			},
		},
	}
}
