package graph

import (
	"strconv"
	"strings"
)

// The sizes of texts in boxes, in pixels.
const (
	titleSize  = 12
	detailSize = 10
	lineSize   = 9
)

// textWidth is about how wide a text is in a font without serifs, with some to spare.
func textWidth(s string, size int32) int32 {
	w := 0 // in hundredths of the size
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijl.,:;'|!fItr()[] ", r):
			w += 36
		case strings.ContainsRune("mwMW@%…", r):
			w += 94
		case 'A' <= r && r <= 'Z':
			w += 74
		default:
			w += 62
		}
	}
	return (int32(w)*size + 99) / 100
}

// Second is the second line of a closed box: what an operation gives, or how much is in a module.
func (t *Tree) Second(n Node) string {
	detail := t.Text(t.Detail[n])
	if t.Kind[n] != Module || t.Count[n] == 0 {
		return detail
	}
	ops := strconv.Itoa(int(t.Count[n])) + " ops"
	if t.Count[n] == 1 {
		ops = "1 op"
	}
	if detail == "" {
		return ops
	}
	return detail + " · " + ops
}
