package process

import "os"

// marked finds nothing: Windows shows the environment of another process only to debuggers. Programs are ended by the
// runner itself; what a killed runner leaves has to be ended by hand there.
func marked(string) ([]*os.Process, error) { return nil, nil }
