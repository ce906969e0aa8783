package recipe

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/passes/pass"
)

// Error is one mistake in a recipe.
type Error struct {
	File string
	Pos
	Key  string // the path of keys to it, such as quantization_config.global_config.op_state_spec.weight
	Text string // what was found, what was expected and what to try
}

// Error is the mistake with its place: recipe.yaml:3:7: quantization_config.global_config: unknown key ...
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.File, e.Line, e.Col, e.Key, e.Text)
}

// Errors are all mistakes in a recipe, in the file's order.
type Errors []*Error

// Error lists them, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// maxErrors is how many mistakes one reading tells.
const maxErrors = 50

// reporter collects mistakes and notes. What stands behind an anchor is told once, however often it is used.
type reporter struct {
	file    string
	errors  Errors
	notes   Errors
	seen    map[string]bool
	stopped bool
}

func (r *reporter) fail(at Pos, key, text string) { r.add(&r.errors, at, key, text) }

func (r *reporter) note(at Pos, key, text string) { r.add(&r.notes, at, key, text) }

func (r *reporter) add(list *Errors, at Pos, key, text string) {
	id := fmt.Sprint(at, text)
	if r.seen[id] || len(*list) >= maxErrors {
		return
	}
	r.seen[id] = true
	*list = append(*list, &Error{r.file, at, key, text})
}

// sorted gives mistakes in the file's order.
func sorted(list Errors) Errors {
	slices.SortStableFunc(list, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
	return list
}

func didYouMean(name string, names []string) string {
	if near := pass.Nearest(name, names); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// oneOf lists names for messages.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// join extends a path of keys; a key that is no plain word is quoted.
func join(path, key string) string {
	plain := key != ""
	for _, c := range key {
		plain = plain && (c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
	}
	if !plain {
		return path + fmt.Sprintf("[%q]", key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
