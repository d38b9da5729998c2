package journal

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

const (
	// alphabet is base 32 without letters that are mistaken for others; its order is that of the characters, so that ids
	// sort by time.
	alphabet     = "0123456789abcdefghjkmnpqrstvwxyz"
	timeDigits   = 9
	randomDigits = 5
)

// NewRunID makes the id of a run: 14 lower-case letters and digits, fit for DNS names. Ids sort by the time at which they
// were made; their last five characters are random.
func NewRunID(now time.Time) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails, as documented
	return base32(uint64(now.UnixMilli()), timeDigits) + base32(binary.BigEndian.Uint64(random[:]), randomDigits)
}

func base32(n uint64, digits int) string {
	out := make([]byte, digits)
	for i := range out {
		out[digits-1-i] = alphabet[n%32]
		n /= 32
	}
	return string(out)
}

// isRunID says whether id is fit to name a directory and a part of a DNS name. Ids given by hand may have dashes.
func isRunID(id string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return id != "" && len(id) <= 63 && strings.Trim(id, allowed) == "" && strings.Trim(id, "-") == id
}
