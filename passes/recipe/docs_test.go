package recipe

import (
	"os"
	"strings"
	"testing"
)

// TestDocumentedRecipes holds that the recipes of docs/recipes.md are read.
func TestDocumentedRecipes(t *testing.T) {
	src, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(src), "```yaml\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("%d recipes", len(blocks))
	}
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		if _, err := Read("recipes.md", []byte(text), Options{}); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

// FuzzRead holds that no file makes the reader panic, and that what is read can be asked.
func FuzzRead(f *testing.F) {
	names, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		if src, err := os.ReadFile("testdata/" + n.Name()); err == nil && strings.HasSuffix(n.Name(), ".yaml") {
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := Read("fuzz", src, Options{})
		if err != nil {
			return
		}
		uses := []Target{linear("encoder.layers.0.mlp.up_proj"), linear("head")}
		for _, u := range uses {
			r.Weight(u)
			r.Input(u, 0, Edge{Module: "head"})
			r.Output(u, 0)
		}
		r.Unmatched(uses)
	})
}
