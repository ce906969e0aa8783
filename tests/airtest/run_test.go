package airtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt"
)

const module = `-- in.air --
air 1
module @m {
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %e = tensor.exp(%x) : tensor<2xf32> is "exp"
    %y = tensor.neg(%x) : tensor<2xf32> loc(#1)
    core.return(%y)
  }
  loc #1 = "m.py":3
}
`

func load(t *testing.T, text string) *golden {
	t.Helper()
	file := filepath.Join(t.TempDir(), "case.txtar")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return &golden{file: file, archive: archive}
}

func TestSplitWords(t *testing.T) {
	got := splitWords(`aiopt  -passes='w4{group=32, ignore="a b"}' --locs`)
	if diff := cmp.Diff([]string{"aiopt", `-passes=w4{group=32, ignore="a b"}`, "--locs"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGoldenMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no command", "fuse\n" + module, "expected a command such as"},
		{"unknown flag", "aiopt -passes=dce --fast\n" + module, "unknown flag: --fast"},
		{"no passes", "aiopt --locs\n" + module, "expected aiopt -passes=PIPELINE"},
		{"unknown pass", "aiopt -passes=dse\n" + module, "dse"},
		{"no input", "aiopt -passes=dce\n-- want.air --\n", "no section in.air"},
		{"bad input", "aiopt -passes=dce\n" + strings.Replace(module, "tensor.exp", "tensor.expp", 1), "tensor.expp"},
		{"sample of no function", "aiopt -passes=dce\n" + module + "-- sample --\n{\"func\": \"f\"}\n", `the module has no function "f"`},
		{"sample without an input", "aiopt -passes=dce\n" + module + "-- sample --\n{\"y\": [1, 2]}\n", "@main: the input x is missing"},
		{"sample that is no tensor", "aiopt -passes=dce\n" + module + "-- sample --\n{\"x\": [1, [2]]}\n", "x: the lists are not all of one length"},
		{"sample of nothing", "aiopt -passes=dce\n" + module + "-- sample --\n", "found no call"},
		{"invalid input", "aiopt -passes=dce\n" + strings.Replace(module, "tensor.neg(%x) : tensor<2xf32>", "tensor.neg(%x) : tensor<3xf32>", 1), "tensor<3xf32>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := load(t, c.text).run(aiopt.Standard()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, expected an error with %q", err, c.want)
			}
		})
	}
}

func TestGoldenSections(t *testing.T) {
	for _, c := range []struct{ name, command, section, want string }{
		{"module", "aiopt -passes=dce --verify=numeric", sectionWant, `lost "exp" by dce into @main`},
		{"locations", "aiopt -passes=recompose --locs", sectionWant, "tensor.neg(%x) : tensor<2xf32> loc(#1)"},
		{"report", "aiopt -passes=split-heads", sectionReport, "split 0 attentions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := load(t, c.command+"\n"+module).run(aiopt.Standard())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got[c.section], c.want) {
				t.Errorf("section %s is\n%s\nexpected %q in it", c.section, got[c.section], c.want)
			}
		})
	}
}

// What a golden file says by hand stays when its sections are written.
func TestWriteGolden(t *testing.T) {
	g := load(t, "aiopt -passes=dce\nIn plain words.\n"+module+"-- want.air --\nold\n-- notes --\nkept\n")
	got, err := g.run(aiopt.Standard())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.write(got); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(g.file)
	if err != nil {
		t.Fatal(err)
	}
	again := load(t, string(written))
	if text := string(again.archive.Comment); !strings.Contains(text, "In plain words.") {
		t.Errorf("the comment is %q", text)
	}
	if notes, _ := again.section("notes"); notes != "kept\n" {
		t.Errorf("the section notes is %q", notes)
	}
	if diff := cmp.Diff(again.mismatches(got), []string(nil)); diff != "" {
		t.Error(diff)
	}
	if len(g.mismatches(got)) == 0 {
		t.Error("the old section passes for the new one")
	}
	if err := g.write(map[string]string{sectionErr: "pass dce: failed\n"}); err == nil {
		t.Error("an error was written into a file that expects none")
	}
}
