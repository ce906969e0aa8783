package pt2

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// null reads a null if one is next.
func (d *decoder) null() bool {
	if d.next() != 'n' {
		return false
	}
	d.literal("null")
	return true
}

func (d *decoder) literal(word string) bool {
	if !bytes.HasPrefix(d.data[d.pos:], []byte(word)) {
		return false
	}
	d.pos += len(word)
	return true
}

func (d *decoder) bool() bool {
	switch d.next(); {
	case d.literal("true"):
		return true
	case d.literal("false"):
		return false
	}
	d.expected("true or false")
	return false
}

// number reads the text of a number.
func (d *decoder) number(want string) []byte {
	if c := d.next(); c != '-' && (c < '0' || c > '9') {
		d.expected(want)
		return nil
	}
	start := d.pos
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			d.pos++
			continue
		}
		break
	}
	return d.data[start:d.pos]
}

// int reads an integer exactly.
func (d *decoder) int() int64 {
	text := d.number("an integer")
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil && d.err == nil {
		d.failAt(d.pos-len(text), tryCopy, "found %.40s, expected an integer of 64 bits", text)
	}
	return n
}

// float reads a number, or one of the strings that stand for what JSON numbers cannot say.
func (d *decoder) float() float64 {
	if d.next() == '"' {
		start := d.pos
		switch text := d.text(); text {
		case "Infinity":
			return math.Inf(1)
		case "-Infinity":
			return math.Inf(-1)
		case "NaN":
			return math.NaN()
		default:
			d.failAt(start, tryCopy, "found %.40q, expected a number, \"Infinity\", \"-Infinity\" or \"NaN\"", text)
			return 0
		}
	}
	text := d.number("a number")
	x, err := strconv.ParseFloat(string(text), 64)
	if err != nil && d.err == nil {
		d.failAt(d.pos-len(text), tryCopy, "found %.40s, expected a number that fits in a float64", text)
	}
	return x
}

// text reads a string. Equal strings share their memory.
func (d *decoder) text() string {
	raw, escaped := d.rawString()
	if escaped {
		plain, ok := d.unescape(raw)
		if !ok {
			d.fail("the string %.40q has an escape that JSON does not know", raw)
			return ""
		}
		raw = plain
	}
	if s, ok := d.strings[string(raw)]; ok {
		return s
	}
	if !utf8.Valid(raw) {
		d.fail("the string %.40q is not UTF-8", raw)
		return ""
	}
	d.charge(len(raw) + mapEntry + stringEntry)
	s := string(raw)
	d.strings[s] = s
	return s
}

// rawString reads a string as it stands between the quotes.
func (d *decoder) rawString() (raw []byte, escaped bool) {
	if d.next() != '"' {
		d.expected("a string")
		return nil, false
	}
	start := d.pos + 1
	for i := start; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '"':
			d.pos = i + 1
			return d.data[start:i], escaped
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			d.failAt(i, tryCopy, "found the control character %#02x in a string", c)
			return nil, false
		}
	}
	d.failAt(start-1, tryCopy, "the string is not closed before the end of the entry")
	return nil, false
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape gives the string that raw stands for, in memory that the next call uses again.
func (d *decoder) unescape(raw []byte) ([]byte, bool) {
	if cap(d.scratch) < len(raw) {
		d.charge(len(raw))
		d.scratch = make([]byte, 0, len(raw)) // no escape is shorter than what it stands for
	}
	return unescape(d.scratch[:0], raw)
}

// unescape appends the string that raw stands for.
func unescape(out, raw []byte) ([]byte, bool) {
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return append(out, raw...), true
		}
		out = append(out, raw[:at]...)
		raw = raw[at+1:]
		if len(raw) == 0 {
			return out, false
		}
		if raw[0] != 'u' {
			c := escapes[raw[0]]
			if c == 0 {
				return out, false
			}
			out, raw = append(out, c), raw[1:]
			continue
		}
		r, ok := hex4(raw)
		if !ok {
			return out, false
		}
		raw = raw[5:]
		if utf16.IsSurrogate(r) && len(raw) > 0 && raw[0] == '\\' {
			if low, ok := hex4(raw[1:]); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r, raw = pair, raw[6:]
				}
			}
		}
		out = utf8.AppendRune(out, r) // half a pair becomes U+FFFD
	}
}

// hex4 reads u and four hexadecimal digits.
func hex4(raw []byte) (rune, bool) {
	if len(raw) < 5 || raw[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[1:5]), 16, 16)
	return rune(n), err == nil
}
