package tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tools/cli"
)

// The corpora hold what PyTorch computes: a model, inputs and outputs a case, and a line of the manifest.
var corpora = []string{"ops", "models", "external"}

// corpusCase is a line of a manifest.
type corpusCase struct {
	Name     string  `json:"name"`
	Atol     float64 `json:"atol"`
	Rtol     float64 `json:"rtol"`
	EagerErr float64 `json:"eager_err"`
	Inputs   []struct {
		Value any `json:"value"`
	} `json:"inputs"`
	Steps json.RawMessage `json:"steps"`
}

// unpacked is a corpus in a folder.
type unpacked struct {
	dir   string
	cases []corpusCase
}

// openCorpus unpacks a zip of tests/corpus into a folder that goes with the test.
func openCorpus(t *testing.T, name string) *unpacked {
	t.Helper()
	dir, cases := unpack[corpusCase](t, "corpus/"+name)
	return &unpacked{dir, cases}
}

// unpack unpacks a zip of cases, such as corpus/ops, into a folder that goes with the test, and reads its manifest.
func unpack[T any](t *testing.T, zip string) (dir string, cases []T) {
	t.Helper()
	dir = shared.folder(t, zip)
	manifest, err := os.ReadFile(filepath.Join(dir, "manifest.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(manifest) {
		var k T
		if err := json.Unmarshal(line, &k); err != nil {
			t.Fatalf("%s: %v", zip, err)
		}
		cases = append(cases, k)
	}
	return dir, cases
}

// TestCorpus runs every case through the command line, in process. Cases listed in corpus/failing.txt must fail: one
// that passes is taken off the list. With -short, every twentieth case runs.
func TestCorpus(t *testing.T) {
	t.Parallel()
	failing := readFailing(t)
	for _, name := range corpora {
		c := openCorpus(t, name)
		cases := c.cases
		if testing.Short() {
			cases = every(20, cases)
		}
		reasons := make([]error, len(cases))
		host.InParallel(runtime.GOMAXPROCS(0), len(cases), func(i int) { reasons[i] = c.run(cases[i]) })
		for i, k := range cases {
			known := failing[k.Name] != ""
			switch {
			case reasons[i] != nil && !known:
				t.Errorf("%s: %v", k.Name, reasons[i])
			case reasons[i] == nil && known:
				t.Errorf("%s passes; take it off corpus/failing.txt", k.Name)
			}
		}
	}
}

// every is each nth case.
func every(n int, cases []corpusCase) []corpusCase {
	var some []corpusCase
	for i := 0; i < len(cases); i += n {
		some = append(some, cases[i])
	}
	return some
}

// readFailing gives the reason for each case that is known to fail.
func readFailing(t *testing.T) map[string]string {
	f, err := os.Open(filepath.Join("corpus", "failing.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, reason, ok := strings.Cut(s.Text(), ": "); ok && !strings.HasPrefix(name, "#") {
			list[name] = reason
		}
	}
	return list
}

// run runs a case with the aiopt command and compares what it wrote; extra are more flags.
func (c *unpacked) run(k corpusCase, extra ...string) error {
	base := filepath.Join(c.dir, k.Name)
	out := base + fmt.Sprintf(".got%d.safetensors", len(extra))
	if err := c.call(k, base+".pt2", out, extra...); err != nil {
		return err
	}
	return c.compare(k, out)
}

// call runs a model on the inputs of a case and writes its outputs to a file.
func (c *unpacked) call(k corpusCase, model, out string, extra ...string) error {
	args := append([]string{"aiopt", "run", model, "--backend=interp", "--io=position", "--inputs=" + filepath.Join(c.dir, k.Name+".in.safetensors"), "--outputs=" + out}, extra...)
	if functions := k.functions(); functions != "" {
		args = append(args, "--function="+functions)
	}
	for i, in := range k.Inputs {
		if in.Value != nil {
			v, err := json.Marshal(in.Value)
			if err != nil {
				return err
			}
			args = append(args, "--input", fmt.Sprintf("in%d=%s", i, v))
		}
	}
	var stderr bytes.Buffer
	if code := cli.Run(context.Background(), aiopt.Standard(), args, io.Discard, &stderr); code != 0 {
		return fmt.Errorf("exit code %d: %s", code, strings.TrimSpace(stderr.String()))
	}
	return nil
}

// functions names the function of each call, for models of several.
func (k corpusCase) functions() string {
	names := k.steps()
	if !slices.ContainsFunc(names, func(n string) bool { return n != names[0] }) {
		return ""
	}
	return strings.Join(names, ",")
}

// steps gives the function of each call of a case that keeps state.
func (k corpusCase) steps() []string {
	var steps []struct {
		Function string `json:"function"`
	}
	if json.Unmarshal(k.Steps, &steps) != nil {
		return nil
	}
	var names []string
	for _, s := range steps {
		names = append(names, s.Function)
	}
	return names
}

func (c *unpacked) compare(k corpusCase, path string) error {
	got, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	want, err := safetensors.Open(filepath.Join(c.dir, k.Name+".out.safetensors"))
	if err != nil {
		return err
	}
	for _, name := range want.Names() {
		w, err := want.Tensor(name)
		if err != nil {
			return err
		}
		g, err := got.Tensor(name)
		if err != nil {
			return err
		}
		if err := k.differ(g, w); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// differ allows atol + rtol*|want| + min(4*eager_err, s*|want| + 20*atol), where eager_err is what PyTorch's own result
// is off by and s is 2^-6 for f16 and bf16, 2^-12 otherwise. Integers and bools must be equal.
func (k corpusCase) differ(got, want *host.Tensor) error {
	if got.Elem != want.Elem || !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("found %s, expected %s", got, want)
	}
	share := math.Ldexp(1, -12)
	if want.Elem == host.F16 || want.Elem == host.BF16 {
		share = math.Ldexp(1, -6)
	}
	for i := range want.Len() {
		if host.At(got, i) == host.At(want, i) {
			continue
		}
		d, size := distance(host.At(got, i), host.At(want, i))
		if want.Elem.IsInt() || want.Elem == host.Bool || math.IsInf(size, 0) ||
			!(d <= k.Atol+k.Rtol*size+min(4*k.EagerErr, share*size+20*k.Atol)) {
			return fmt.Errorf("element %d is %s, expected %s", i, host.Format(got, i), host.Format(want, i))
		}
	}
	return nil
}

// distance is |a - b| and |b|; two NaN are equal.
func distance(a, b any) (d, size float64) {
	x, y := complexOf(a), complexOf(b)
	if math.IsNaN(real(x)) && math.IsNaN(real(y)) {
		return 0, 0
	}
	return math.Hypot(real(x)-real(y), imag(x)-imag(y)), math.Hypot(real(y), imag(y))
}

func complexOf(v any) complex128 {
	switch v := v.(type) {
	case float64:
		return complex(v, 0)
	case complex128:
		return v
	}
	return complex(math.NaN(), 0)
}
