package operators

import (
	_ "embed"
	"iter"
	"strings"
)

// examples is what Examples gives; tests/genexamples writes it.
//
//go:embed examples.air
var examples string

// Examples is a module in the text form with a function for each PyTorch operator that has a lowering: a call of it as
// import makes it. A function is named as its target, aten.add.Tensor; they are sorted.
func Examples() string { return examples }

// Example is the part of Examples for one target, as a module that can be parsed; false where there is none.
func Example(callee string) (string, bool) {
	const end = "\n  }\n"
	at := strings.Index(examples, "\n  func @"+callee+"(")
	if at < 0 {
		return "", false
	}
	f, _, _ := strings.Cut(examples[at:], end)
	head, _, _ := strings.Cut(examples, "\n  func ")
	return strings.TrimRight(head, "\n") + f + end + "}\n", true
}

// ExampleTargets lists the targets that have an example, sorted.
func ExampleTargets() iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := examples
		for {
			_, after, ok := strings.Cut(rest, "\n  func @")
			if !ok {
				return
			}
			name, r, _ := strings.Cut(after, "(")
			if rest = r; !yield(name) {
				return
			}
		}
	}
}
