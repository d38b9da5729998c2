package eval

// Env returns what the expression could name when it was compiled, with the names that its field adds. Editors ask for
// it; running does not.
func (p *Program) Env() *Env { return p.env }
