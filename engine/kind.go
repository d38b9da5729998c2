package engine

// Headed reports whether a file heads like one of ours of some kinds. It is not parsed, so a broken file counts as well.
func Headed(data []byte, kinds ...string) bool { return headed(data, kinds...) }
