package pt2

import (
	"bytes"
	"iter"
	"unsafe"
)

const (
	maxDepth = 512 // of nested JSON values; one body inside another takes about seven
	mapEntry = 64  // bytes that a map needs for an entry besides its value, about, with what it drops when it grows

	stringEntry = 96 // a string and its place in two maps, or in a map and a list

	// What decoding may allocate: a program without any stack traces needs some three times its JSON's size.
	baseBudget   = 32 << 20
	budgetFactor = 4
)

// decoder is a pull parser over JSON. Its methods read the next value as a Go value; the first mistake is kept, ends
// every loop and makes all later values zero, so callers look at it once, in finish.
type decoder struct {
	data    []byte
	pos     int
	depth   int
	budget  *int64            // bytes that may still be allocated, shared by all that is read from an archive
	strings map[string]string // every string once: names and stack traces recur
	scratch []byte
	err     *Error
	errPos  int
}

// newDecoder reads an entry of an archive; the budget grows by what the entry may need.
func newDecoder(data []byte, budget *int64) *decoder {
	*budget += budgetFactor * int64(len(data))
	return &decoder{data: data, budget: budget, strings: map[string]string{}}
}

// inner reads JSON that stood inside a string.
func (d *decoder) inner(data []byte) *decoder {
	return &decoder{data: data, budget: d.budget, strings: d.strings}
}

// innerText is inner for a string that was read already.
func (d *decoder) innerText(text string) *decoder {
	d.charge(len(text))
	return d.inner([]byte(text))
}

// finish checks that nothing follows the value and gives the first mistake with its place in the entry.
func (d *decoder) finish(entry string) error {
	if d.next(); d.err == nil && d.pos < len(d.data) {
		d.fail("found more text, expected the end of the entry")
	}
	if d.err == nil {
		return nil
	}
	d.err.At = entry
	if path := jsonPath(d.data, d.errPos); path != "" {
		d.err.At += " at " + path
	}
	return d.err
}

// fail keeps the mistake at the current place.
func (d *decoder) fail(format string, args ...any) { d.failAt(d.pos, tryCopy, format, args...) }

func (d *decoder) failAt(pos int, try, format string, args ...any) {
	if d.err == nil {
		d.err, d.errPos = problem("", try, format, args...), pos
	}
	d.pos = len(d.data)
}

// expected is the mistake of another kind of value at the current place.
func (d *decoder) expected(want string) {
	if d.pos >= len(d.data) {
		d.fail("the JSON ends early, expected %s", want)
		return
	}
	d.fail("found %q, expected %s", excerpt(d.data[d.pos:]), want)
}

// excerpt is the beginning of the value for an error message.
func excerpt(rest []byte) []byte {
	rest = rest[:min(len(rest), 24)]
	if end := bytes.IndexAny(rest, ",}]\n"); end > 0 {
		rest = rest[:end]
	}
	return bytes.ToValidUTF8(rest, nil)
}

// charge accounts for memory about to be used, so that dense nonsense cannot take many times the file's size.
func (d *decoder) charge(bytes int) {
	if *d.budget -= int64(bytes); *d.budget < 0 {
		d.failAt(d.pos, trySave, "reading this JSON of %d bytes takes far more memory than a program of that size needs", len(d.data))
	}
}

// next skips white space and gives the byte that follows, 0 at the end.
func (d *decoder) next() byte {
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; c {
		case ' ', '\n', '\t', '\r':
			d.pos++
		default:
			return c
		}
	}
	return 0
}

func (d *decoder) open(bracket byte, want string) bool {
	if d.next() != bracket {
		d.expected(want)
		return false
	}
	if d.depth++; d.depth > maxDepth {
		d.fail("the JSON nests deeper than %d values", maxDepth)
		return false
	}
	d.pos++
	return true
}

// more reads what follows an item of a list: true after a comma, false after the closing bracket or a mistake.
func (d *decoder) more(bracket byte) bool {
	switch c := d.next(); {
	case d.err != nil:
		return false
	case c == ',':
		d.pos++
		return true
	case c == bracket:
		d.pos++
		d.depth--
		return false
	}
	d.expected("a comma or " + string(bracket))
	return false
}

// empty reads the closing bracket of an empty list.
func (d *decoder) empty(bracket byte) bool {
	if d.next() != bracket {
		return false
	}
	d.pos++
	d.depth--
	return true
}

// object gives the keys of an object. The loop's body reads (or skips) each value and must not break.
func (d *decoder) object() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !d.open('{', "an object") || d.empty('}') {
			return
		}
		for {
			key := d.text()
			if d.next() != ':' {
				d.expected("a colon")
				return
			}
			d.pos++
			yield(key)
			if !d.more('}') {
				return
			}
		}
	}
}

// array gives the indices of an array. The loop's body reads (or skips) each item and must not break.
func (d *decoder) array() iter.Seq[int] {
	return func(yield func(int) bool) {
		if !d.open('[', "an array") || d.empty(']') {
			return
		}
		for i := 0; ; i++ {
			yield(i)
			if !d.more(']') {
				return
			}
		}
	}
}

// list reads an array with one function for its items; an empty array is nil.
func list[T any](d *decoder, item func(*T)) []T {
	var out []T
	for range d.array() {
		if grow(d, &out) {
			item(&out[len(out)-1])
		}
	}
	return out
}

// grow adds an item to a list; false where there is no memory left for it.
func grow[T any](d *decoder, list *[]T) bool {
	if n := len(*list); n == cap(*list) {
		larger := max(1, 2*n)
		if d.charge(larger * int(unsafe.Sizeof(*new(T)))); d.err != nil {
			return false
		}
		*list = append(make([]T, 0, larger), *list...)
	}
	*list = append(*list, *new(T))
	return true
}

// union gives the one key of an object that must have exactly one.
func (d *decoder) union() iter.Seq[string] {
	return func(yield func(string) bool) {
		start, count := d.pos, 0
		for key := range d.object() {
			if count++; count == 1 {
				yield(key)
			} else {
				d.failAt(start, tryNewer, "found a union with several keys, expected exactly one")
			}
		}
		if count == 0 {
			d.failAt(start, tryNewer, "found a union with no key, expected exactly one")
		}
	}
}

// unknown is the mistake of a union key that the schema does not have.
func (d *decoder) unknown(union, key, known string) {
	d.failAt(d.pos, tryNewer, "the %s has the unknown key %q, expected %s", union, key, known)
}

// skip reads a value of any kind and forgets it.
func (d *decoder) skip() {
	switch c := d.next(); {
	case c == '{':
		d.open('{', "")
		for first := true; d.err == nil; first = false {
			if first && d.empty('}') {
				return
			}
			d.rawString()
			if d.next() != ':' {
				d.expected("a colon")
				return
			}
			d.pos++
			d.skip()
			if !d.more('}') {
				return
			}
		}
	case c == '[':
		for range d.array() {
			d.skip()
		}
	case c == '"':
		d.rawString()
	case d.literal("true"), d.literal("false"), d.literal("null"):
	default:
		d.number("a value")
	}
}
