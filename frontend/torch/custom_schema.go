package torch

import (
	_ "embed"
	"strings"
)

// customText has schemas of operators outside PyTorch, one a line, in the form of schemaText.
//
//go:embed custom_schemas.txt
var customText string

// customLine finds the line of customText that begins with prefix.
func customLine(prefix string) (string, bool) {
	_, rest, ok := strings.Cut(customText, "\n"+prefix)
	line, _, _ := strings.Cut(rest, "\n")
	return prefix + line, ok
}
