package action

import "fmt"

// Risk says how much harm an action can do when it is the wrong one.
type Risk string

// The risks, from the least.
const (
	Low    Risk = "low"
	Medium Risk = "medium"
	High   Risk = "high"
)

// Risks returns the risks from the least to the greatest.
func Risks() []Risk { return []Risk{Low, Medium, High} }

// Above reports whether a risk is greater than another.
func (r Risk) Above(other Risk) bool { return r.rank() > other.rank() }

// rank is the place of a risk; an unknown one is the worst.
func (r Risk) rank() int {
	for i, risk := range Risks() {
		if r == risk {
			return i
		}
	}
	return len(Risks())
}

// Kind describes an action to the rules: its name, what it is aimed at, how risky it is,
// and how to get one whose exported fields, tagged yaml, are its parameters.
type Kind struct {
	Name   string
	Target string
	Risk   Risk
	New    func() Action
}

// Catalogue returns every action, sorted by name.
func Catalogue() []Kind {
	return []Kind{
		{"audit_logs", Deployment, Low, func() Action { return &AuditLogs{} }},
		{"backup_data", PersistentVolumeClaim, Low, func() Action { return &BackupData{} }},
		{"cleanup_storage", PersistentVolumeClaim, High, func() Action { return &CleanupStorage{} }},
		{"collect_diagnostics", Deployment, Low, func() Action { return &CollectDiagnostics{} }},
		{"compact_storage", PersistentVolumeClaim, Medium, func() Action { return &CompactStorage{} }},
		{"cordon_node", Node, Medium, func() Action { return &CordonNode{} }},
		{"create_heap_dump", Pod, Low, func() Action { return &CreateHeapDump{} }},
		{"drain_node", Node, High, func() Action { return &DrainNode{} }},
		{"enable_debug_mode", Deployment, Low, func() Action { return &EnableDebugMode{} }},
		{"expand_pvc", PersistentVolumeClaim, Medium, func() Action { return &ExpandPVC{} }},
		{"failover_database", Service, High, func() Action { return &FailoverDatabase{} }},
		{"increase_resources", Deployment, Medium, func() Action { return &IncreaseResources{} }},
		{"migrate_workload", Deployment, Medium, func() Action { return &MigrateWorkload{} }},
		{"notify_only", Deployment, Low, func() Action { return &NotifyOnly{} }},
		{"optimize_resources", Deployment, Medium, func() Action { return &OptimizeResources{} }},
		{"quarantine_pod", Pod, Medium, func() Action { return &QuarantinePod{} }},
		{"repair_database", StatefulSet, High, func() Action { return &RepairDatabase{} }},
		{"reset_service_mesh", Deployment, Medium, func() Action { return &ResetServiceMesh{} }},
		{"restart_daemonset", DaemonSet, Medium, func() Action { return &RestartDaemonSet{} }},
		{"restart_network", DaemonSet, High, func() Action { return &RestartNetwork{} }},
		{"restart_pod", Pod, Low, func() Action { return &RestartPod{} }},
		{"rollback_deployment", Deployment, Medium, func() Action { return &RollbackDeployment{} }},
		{"rotate_secrets", Secret, High, func() Action { return &RotateSecrets{} }},
		{"scale_deployment", Deployment, Low, func() Action { return &ScaleDeployment{} }},
		{"scale_statefulset", StatefulSet, Low, func() Action { return &ScaleStatefulSet{} }},
		{"update_hpa", HorizontalPodAutoscaler, Low, func() Action { return &UpdateHPA{} }},
		{"update_network_policy", NetworkPolicy, High, func() Action { return &UpdateNetworkPolicy{} }},
	}
}

// Find returns the action of that name.
func Find(name string) (Kind, error) {
	for _, kind := range Catalogue() {
		if kind.Name == name {
			return kind, nil
		}
	}
	return Kind{}, fmt.Errorf("there is no action %q", name)
}

// Selectable reports whether the action may be aimed at several objects by a selector, and
// whether it may be aimed at one by its name.
func (k Kind) Selectable() (bySelector, byName bool) {
	switch k.Name {
	case "restart_pod":
		return true, true
	case "cleanup_storage":
		return true, false
	}
	return false, true
}
