package cuda

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt/backend/metal/check"
)

func tools(t testing.TB) *check.Tools {
	t.Helper()
	found, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func compile(t testing.TB, name, text string) (*check.Program, *Module) {
	t.Helper()
	tools := tools(t)
	p, err := check.Compile(context.Background(), tools, check.Source{Name: name, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Compile(context.Background(), tools, p, Hopper)
	if err != nil {
		t.Fatal(err)
	}
	return p, m
}

// texts are the kernels that check's own tests run.
func texts(t testing.TB) map[string]string {
	t.Helper()
	list := map[string]string{}
	good, err := os.ReadFile("../check/testdata/good/kernels.metal")
	if err != nil {
		t.Fatal(err)
	}
	list["good"] = string(good)
	paths, err := filepath.Glob("../check/testdata/shim/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, p := range paths {
		a, err := txtar.ParseFile(p)
		if err != nil {
			t.Fatal(err)
		}
		list[strings.TrimSuffix(filepath.Base(p), ".txtar")] = string(a.Files[0].Data)
	}
	return list
}

var (
	entryLine  = regexp.MustCompile(`(?m)^\.visible \.entry (\w+)\(`)
	externLine = regexp.MustCompile(`(?m)^\.extern (\.func|\.global).*$|^\.func.*$`)
)

// TestCompile compiles every right kernel of check's tests: each is an entry, and nothing is called that a GPU has not.
func TestCompile(t *testing.T) {
	for name, text := range texts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, m := compile(t, name+".metal", text)
			found := entryLine.FindAllStringSubmatch(m.PTX, -1)
			if len(found) != len(m.Kernels) {
				t.Errorf("%d entries for %d kernels", len(found), len(m.Kernels))
			}
			for _, line := range externLine.FindAllString(m.PTX, -1) {
				t.Errorf("the PTX has %q", line)
			}
		})
	}
}
