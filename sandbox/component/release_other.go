//go:build !linux

package component

// releaseCode does nothing where the kernel can't be told.
func releaseCode() {}
