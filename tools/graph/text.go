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

// textWidth is about how wide a text is in a font without serifs, with some to spare; titles are bold.
func textWidth(s string, size int32) int32 {
	w := 0 // in hundredths of the size
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijl.,:;'|!fItr()[] ", r):
			w += 38
		case strings.ContainsRune("mwMW@%…", r):
			w += 98
		case 'A' <= r && r <= 'Z':
			w += 74
		default:
			w += 64
		}
	}
	if size == titleSize {
		w += w / 10
	}
	return (int32(w)*size + 99) / 100
}

// Second is the second line of a closed box: what an operation gives, or the class of a module and how much is in it.
func (t *Tree) Second(n Node) string {
	detail := t.Text(t.Detail[n])
	switch op := t.Only(n); {
	case t.Kind[n] != Module:
		return detail
	case op != None && detail != "":
		return detail
	case op != None:
		return t.Text(t.Title[op])
	}
	if t.Count[n] == 0 {
		return detail
	}
	ops := strconv.Itoa(int(t.Count[n])) + " ops"
	if detail != "" {
		return detail + " · " + ops
	}
	return ops
}
