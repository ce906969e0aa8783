package zipfile

import (
	"fmt"
	"strings"
)

// Error is what is wrong with a file: where, what was found and expected, and what to try.
type Error struct {
	File string // as the caller named it
	At   string // entry, and the place inside it; empty for the file as a whole
	What string // what was found and what was expected
	Try  string // advice; may be empty
}

// Error puts the parts on one line, which stays readable when the file's own names are not.
func (e *Error) Error() string {
	text := e.File + ": "
	if e.At != "" {
		text += clip(e.At) + ": "
	}
	text += clip(e.What)
	if e.Try != "" {
		text += "; " + e.Try
	}
	return text
}

// clip keeps both ends of a long text.
func clip(text string) string {
	const keep = 200
	if len(text) <= 2*keep {
		return text
	}
	return strings.ToValidUTF8(text[:keep], "") + " ... " + strings.ToValidUTF8(text[len(text)-keep:], "")
}

// Advice is what the errors of a file suggest, by the kind of mistake.
type Advice struct {
	Copy  string // the bytes are damaged or cut short
	Make  string // another program made the file
	Store string // the entries are compressed
}

// problem is an Error that does not know its file yet.
func problem(at, try, format string, args ...any) *Error {
	return &Error{At: at, What: fmt.Sprintf(format, args...), Try: try}
}
