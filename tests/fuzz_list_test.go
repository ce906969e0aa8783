package tests

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFuzzList holds that fuzz.sh runs each fuzz target of the tree.
func TestFuzzList(t *testing.T) {
	script, err := os.ReadFile("fuzz.sh")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(script), "<<'TARGETS'\n")
	list, _, _ = strings.Cut(list, "TARGETS\n")
	listed := strings.FieldsFunc(list, func(r rune) bool { return r == '\n' })

	target := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)
	var found []string
	tree := os.DirFS("..")
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		for _, m := range target.FindAllSubmatch(text, -1) {
			found = append(found, fmt.Sprintf("%s %s", path.Dir(name), m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	slices.Sort(found)
	if d := cmp.Diff(found, listed); d != "" {
		t.Errorf("fuzz.sh lists (+) other targets than there are (-):\n%s", d)
	}
}
