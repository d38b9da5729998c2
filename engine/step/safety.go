package step

// Safety is what a scenario demands of itself beside the time that it may take. The engine hands it to steps as the author
// wrote it; what the names mean is theirs to know. The zero Safety demands nothing.
type Safety struct {
	Contexts            []string // the only contexts that the scenario may work on, with * for any text; none means every one
	ForbiddenNamespaces []string // namespaces in which the scenario changes nothing, with * for any text
	RequireLabel        string   // label that everything has that is hit on purpose, as key=value; "" means none
	MaxPods             int      // pods that may be hit at once; 0 means no limit
	MaxNodes            int      // nodes that may be hit at once; 0 means no limit
	MaxPercent          int      // part of what matches a target that may be hit, from 1 to 100; 0 means no limit
}
