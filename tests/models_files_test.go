package tests

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tools/cli"
)

// checkDeterministic holds two compilations to the same text, and runs on one, two and three threads to the same bytes.
func (m *model) checkDeterministic(t *testing.T) {
	var texts []string
	var built *ir.Module
	for range 2 {
		built = m.build(t, "@cpu")
		s, err := m.tk.Text(built, text.Options{Locs: true})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, s)
	}
	if diff := cmp.Diff(strings.Split(texts[0], "\n"), strings.Split(texts[1], "\n")); diff != "" {
		t.Errorf("a second compilation gives another text (-first +second):\n%.4000s", diff)
	}
	want := m.outputs(t, built, 1)
	for _, threads := range []int{2, 3} {
		if err := sameBytes(m.outputs(t, built, threads), want); err != nil {
			t.Errorf("%d threads: %v", threads, err)
		}
	}
}

// TestModelFiles writes each model of the corpus as .air and that as .air again, which must not change a byte, and runs
// it: the text computes the same bytes as the archive it came from.
func TestModelFiles(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	cases := c.cases
	if testing.Short() {
		cases = every(20, cases)
	}
	failing := readFailing(t)
	reasons := make([]error, len(cases))
	host.InParallel(runtime.GOMAXPROCS(0), len(cases), func(i int) { reasons[i] = c.throughText(cases[i], failing[cases[i].Name] == "") })
	for i, k := range cases {
		if reasons[i] != nil {
			t.Errorf("%s: %v", k.Name, reasons[i])
		}
	}
}

// throughText compares a model with its text; run is false for a model that does not run.
func (c *unpacked) throughText(k corpusCase, run bool) error {
	base := filepath.Join(c.dir, k.Name)
	first, second := base+".first.air", base+".second.air"
	if err := transform(base+".pt2", first); err != nil {
		return err
	}
	if err := transform(first, second); err != nil {
		return err
	}
	if err := sameFile(second, first); err != nil || !run {
		return err
	}
	direct, viaText := base+".direct.safetensors", base+".via.safetensors"
	if err := c.call(k, base+".pt2", direct, "-passes=@cpu"); err != nil {
		return err
	}
	if err := c.call(k, first, viaText, "-passes=@cpu"); err != nil {
		return err
	}
	return sameFile(viaText, direct)
}

// transform runs aiopt FLAGS IN -o OUT.
func transform(in, out string, flags ...string) error {
	var stderr bytes.Buffer
	if code := cli.Run(context.Background(), aiopt.Standard(), append([]string{"aiopt", in, "-o", out}, flags...), io.Discard, &stderr); code != 0 {
		return fmt.Errorf("%s: exit code %d: %s", filepath.Base(in), code, strings.TrimSpace(stderr.String()))
	}
	return nil
}

func sameFile(got, want string) error {
	g, err := os.ReadFile(got)
	if err != nil {
		return err
	}
	w, err := os.ReadFile(want)
	if err != nil {
		return err
	}
	if !bytes.Equal(g, w) {
		return fmt.Errorf("%s and %s differ", filepath.Base(got), filepath.Base(want))
	}
	return nil
}
