package airtest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

var update = flag.Bool("update", false, "write what the passes give into the golden files instead of comparing")

// The sections of a golden file.
const (
	sectionIn     = "in.air"
	sectionWant   = "want.air"    // the module after the passes
	sectionErr    = "want.err"    // instead of want.air: the error that the passes give
	sectionReport = "want.report" // optional: the lines that the passes report
	sectionSample = "sample"      // optional, any number: calibration data, which numeric verification runs, too
)

// Run runs every golden file (*.txtar) of a folder through a toolkit, as a subtest each. A golden file starts with a
// command line, followed by what it shows in plain words, and has these sections:
//
//	aiopt -passes=fuse --verify=numeric
//	A relu joins the linear before it.
//	-- in.air --
//	-- want.air --     or want.err, for an error
//	-- want.report --  optional
//	-- sample1 --      optional: {"x": [[1, 2]]}, calibration data, on which numeric verification runs, too
//
// The flags are -passes, --verify=numeric and --locs, as the command aiopt has them, save that locations are left out
// unless --locs asks for them. The passes run twice and must give the same text, which must parse back. With
// `go test -update` the sections are written instead of compared; an error needs an (empty) section want.err for that.
func Run(t *testing.T, dir string, tk *aiopt.Toolkit) {
	t.Helper()
	if err := tk.Err(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s has no golden files (*.txtar)", dir)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runGolden(t, file, tk) })
	}
}

func runGolden(t *testing.T, file string, tk *aiopt.Toolkit) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{file: file, archive: archive}
	got, err := g.run(tk)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := g.write(got); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, mistake := range g.mismatches(got) {
		t.Errorf("%s: %s", file, mistake)
	}
}

// mismatches compares the sections with what they should hold.
func (g *golden) mismatches(got map[string]string) []string {
	var list []string
	for _, name := range []string{sectionWant, sectionErr, sectionReport} {
		want, ok := g.section(name)
		if !ok && name == sectionReport || !ok && got[name] == "" {
			continue
		}
		if !ok {
			list = append(list, fmt.Sprintf("no section %s; found\n%s", name, got[name]))
		} else if diff := cmp.Diff(lines(want), lines(got[name])); diff != "" {
			list = append(list, fmt.Sprintf("%s (-want +got; write it with -update):\n%s", name, diff))
		}
	}
	return list
}

func lines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

// golden is a golden file.
type golden struct {
	file    string
	archive *txtar.Archive
}

func (g *golden) section(name string) (string, bool) {
	for _, f := range g.archive.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

// write puts what was found into the sections, and keeps everything else.
func (g *golden) write(got map[string]string) error {
	if got[sectionErr] != "" {
		if _, ok := g.section(sectionErr); !ok {
			return fmt.Errorf("%s: the passes fail, and the file has no section %s: %s", g.file, sectionErr, got[sectionErr])
		}
	}
	var files []txtar.File
	for _, f := range g.archive.Files {
		if f.Name != sectionWant && f.Name != sectionErr && f.Name != sectionReport {
			files = append(files, f)
		}
	}
	for _, name := range []string{sectionWant, sectionErr, sectionReport} {
		if _, ok := g.section(name); got[name] != "" && (ok || name != sectionReport) {
			files = append(files, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	out := txtar.Format(&txtar.Archive{Comment: g.archive.Comment, Files: files})
	old, err := os.ReadFile(g.file)
	if err == nil && bytes.Equal(old, out) {
		return nil
	}
	return os.WriteFile(g.file, out, 0o644)
}

// goldenFlags are the flags in the first line of a golden file.
type goldenFlags struct {
	passes string
	verify string
	locs   bool
}

func (g *golden) flags() (*goldenFlags, error) {
	line, _, _ := strings.Cut(string(g.archive.Comment), "\n")
	words := splitWords(line)
	if len(words) == 0 || words[0] != "aiopt" {
		return nil, fmt.Errorf("%s: the first line is %q, expected a command such as aiopt -passes=fuse", g.file, line)
	}
	f := &goldenFlags{}
	fs := pflag.NewFlagSet("aiopt", pflag.ContinueOnError)
	fs.StringVar(&f.passes, "passes", "", "")
	fs.StringVar(&f.verify, "verify", "", "")
	fs.BoolVar(&f.locs, "locs", false, "")
	var args []string
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") {
			w = "-" + w
		}
		args = append(args, w)
	}
	if err := fs.Parse(args); err != nil {
		return nil, fmt.Errorf("%s: %w", g.file, err)
	}
	if f.passes == "" || fs.NArg() > 0 || f.verify != "" && f.verify != "numeric" {
		return nil, fmt.Errorf("%s: found %q, expected aiopt -passes=PIPELINE [--verify=numeric] [--locs]", g.file, line)
	}
	return f, nil
}

// splitWords splits a command line at spaces outside single quotes.
func splitWords(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '\'' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "'", "")
	}
	return words
}

// run gives what each section should hold.
func (g *golden) run(tk *aiopt.Toolkit) (map[string]string, error) {
	flags, err := g.flags()
	if err != nil {
		return nil, err
	}
	src, ok := g.section(sectionIn)
	if !ok {
		return nil, fmt.Errorf("%s has no section %s", g.file, sectionIn)
	}
	m, err := parse(g.file, src, tk)
	if err != nil {
		return nil, err
	}
	again := m.Clone()
	samples, err := g.samples(m)
	if err != nil {
		return nil, err
	}
	got, err := build(m, flags, samples, tk)
	if err != nil || got[sectionErr] != "" {
		return got, err
	}
	flags.verify = ""
	second, err := build(again, flags, samples, tk)
	if err != nil {
		return nil, err
	}
	if diff := cmp.Diff(lines(got[sectionWant]), lines(second[sectionWant])); diff != "" {
		return nil, fmt.Errorf("%s: a second run gives another module (-first +second):\n%s", g.file, diff)
	}
	return got, roundTrip(g.file, got[sectionWant], flags, tk)
}

func parse(file, src string, tk *aiopt.Toolkit) (*ir.Module, error) {
	m, err := text.Parse(file+"/"+sectionIn, []byte(src), tk.Ops)
	if err != nil {
		return nil, err
	}
	if err := ir.Verify(m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// build runs the passes. What they say is wrong goes into a section; what numeric verification finds is the test's error.
func build(m *ir.Module, flags *goldenFlags, samples *pass.Samples, tk *aiopt.Toolkit) (map[string]string, error) {
	var report strings.Builder
	opt := aiopt.BuildOptions{Calibration: samples, Report: func(line string) { report.WriteString(line + "\n") }}
	if interp := tk.Backend("interp"); interp != nil {
		opt.Executor = backend.Executor{Backend: interp}
	}
	if flags.verify == "numeric" {
		opt.Hooks = []pass.Hook{numeric.Hook(cases(samples), nil)}
	}
	if err := tk.Build(context.Background(), m, flags.passes, opt); err != nil {
		var failed *pass.Error
		var bug *pass.Panic
		if errors.As(err, &failed) && failed.Stage == "" && !errors.As(err, &bug) {
			return map[string]string{sectionErr: err.Error() + "\n", sectionReport: report.String()}, nil
		}
		return nil, err
	}
	out, err := tk.Text(m, text.Options{Locs: flags.locs})
	if err != nil {
		return nil, err
	}
	return map[string]string{sectionWant: out, sectionReport: report.String()}, nil
}

func roundTrip(file, printed string, flags *goldenFlags, tk *aiopt.Toolkit) error {
	m, err := parse(file, printed, tk)
	if err != nil {
		return fmt.Errorf("%s: the result does not parse: %w", file, err)
	}
	back, err := tk.Text(m, text.Options{Locs: flags.locs})
	if err != nil {
		return err
	}
	if diff := cmp.Diff(lines(printed), lines(back)); diff != "" {
		return fmt.Errorf("%s: the result does not survive printing and parsing (-printed +again):\n%s", file, diff)
	}
	return nil
}
