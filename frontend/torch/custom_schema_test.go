package torch

import (
	"strings"
	"testing"
)

// Every line of the table of custom operators parses, is found, and stands after the one before it; none is PyTorch's.
func TestCustomSchemas(t *testing.T) {
	last := ""
	for line := range strings.Lines(customText) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if line <= last {
			t.Errorf("%q stands after %q", line, last)
		}
		last = line
		s, err := parseSchema(line)
		if err != nil {
			t.Error(err)
			continue
		}
		if found, ok := LookupSchema(s.Callee); !ok || found.Line() != line {
			t.Errorf("looking for %s found %v", s.Callee, found)
		}
		if strings.Contains("\n"+schemaText, "\n"+s.Callee+"(") {
			t.Errorf("PyTorch's table has %s too", s.Callee)
		}
	}
	for callee, written := range map[string]bool{
		"coreai.mutable_slice_update.default":             true,
		"coreai.mutable_cache_update_and_fetch.default":   true,
		"coreai.immutable_slice_update.default":           false,
		"coreai.constexpr_blockwise_shift_scale.default":  false,
		"quantized_decomposed.choose_qparams.tensor":      false,
		"coreai.mutable_cache_update_and_fetch.something": false,
	} {
		if s, _ := LookupSchema(callee); s.mutates() != written {
			t.Errorf("%s changes an argument: %v, expected %v", callee, s.mutates(), written)
		}
	}
}
