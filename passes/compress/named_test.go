package compress

import (
	"strings"
	"testing"
)

// TestSchemes holds that each named scheme is one that can be, that no name is there twice, and that someone uses it.
func TestSchemes(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range Schemes() {
		if err := n.Scheme.Check(); err != nil {
			t.Errorf("%s: %v", n.Name, err)
		}
		if seen[n.Name] {
			t.Errorf("%s is there twice", n.Name)
		}
		seen[n.Name] = true
		if !n.Pass && n.Of == "" {
			t.Errorf("%s is nobody's name", n.Name)
		}
		if len(n.Elems) > 0 && n.Elems[0] != n.Scheme.Quant.Elem {
			t.Errorf("%s has %s codes, and its types begin with %s", n.Name, n.Scheme.Quant.Elem, n.Elems[0])
		}
		if n.Doc == "" || strings.HasSuffix(n.Doc, ".") {
			t.Errorf("%s: expected a few words, found %q", n.Name, n.Doc)
		}
	}
}
