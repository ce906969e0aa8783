//go:build linux && !race

package tests

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tools/memory"
)

// wide is how many numbers each value of the models below has, and long how many values each of their two chains.
const (
	wide = 1 << 19
	long = 50
)

// chains is a model of two chains that do not depend on each other, computed one after the other.
func chains(names ...string) string {
	kind := fmt.Sprintf("tensor<%dxf32>", wide)
	var b strings.Builder
	fmt.Fprintf(&b, "air 1\nmodule @m {\n  func @main(%%x: %s is \"x\") -> (%%y: %s) {\n", kind, kind)
	for _, n := range names {
		last := "x"
		for i := range long {
			now := fmt.Sprintf("%s_%d", n, i)
			fmt.Fprintf(&b, "    %%%s = tensor.%s(%%%s) : %s is %q\n", now, []string{"tanh", "neg"}[i%2], last, kind, now)
			last = now
		}
	}
	fmt.Fprintf(&b, "    %%y = tensor.add(%%left_%d, %%right_%d) : %s is \"add\"\n    core.return(%%y)\n  }\n}\n", long-1, long-1, kind)
	return b.String()
}

// TestCompareMemory: a comparison takes no more memory than both runs need at a time, and 64 MB; of saved values no more than a few are in memory at a
// time. What is computed is 200 MB on each side.
func TestCompareMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, order := range map[string][]string{"left.air": {"left", "right"}, "right.air": {"right", "left"}} {
		if err := os.WriteFile(path(name), []byte(chains(order...)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	saved := path("right.intermediates.safetensors")
	const engine = "--backend=interp"
	x := host.New(host.F32, wide)
	for i := range wide {
		host.SetFloat(x, i, float64(i%977)/100-4)
	}
	in, err := safetensors.NewStream(path("x.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Discard()
	if err := cmp.Or(in.Add("x", x), in.Commit()); err != nil {
		t.Fatal(err)
	}
	watched(t, "run", engine, "--inputs="+path("x.safetensors"), path("right.air"), "--save-intermediates="+saved)
	m, err := aiopt.Standard().Load(path("left.air"), aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const value = 4 * wide
	live := backend.LargestLiveSet(m.Func("main"), func(*ir.Value) int64 { return value }) + 2*value // with the input and the output
	for _, c := range []struct {
		name string
		runs int64 // sides that compute
		args []string
	}{
		{"itself", 2, []string{"left.air", "left.air"}},
		{"another order", 2, []string{"left.air", "right.air"}},
		{"saved values", 1, []string{"right.air", saved}},
		{"saved values in another order", 1, []string{"left.air", saved}},
		{"operations alone", 3, []string{"left.air", "right.air", "--local=all"}},
		{"operations alone on saved values", 2, []string{"left.air", saved, "--local=all"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"compare", engine, "--reference-backend=interp", "--metric=max-abs", "--fail-below=1e-6"}
			for _, a := range c.args {
				if filepath.Ext(a) == ".air" {
					a = path(a)
				}
				args = append(args, a)
			}
			own, mapped := watched(t, args...)
			if most := c.runs*live + 64<<20; own > most {
				t.Errorf("it took %d MB, expected no more than %d", own>>20, most>>20)
			}
			if most := int64(96 << 20); mapped > most { // the program itself is mapped, too
				t.Errorf("%d MB of files were in memory, expected no more than %d", mapped>>20, most>>20)
			}
		})
	}
}

// watched runs a command line in a process of its own and gives the most memory that it had, and the most of files that were mapped.
func watched(t *testing.T, args ...string) (own, mapped int64) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Args = append([]string{"aiopt"}, args...) // testscript goes by the name
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	for tick := time.NewTicker(memory.Interval); ; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, &out)
			}
			t.Logf("%d MB, of files %d MB", own>>20, mapped>>20)
			return own, mapped
		case <-tick.C:
			n, _ := memory.Own(cmd.Process.Pid)
			own, mapped = max(own, n), max(mapped, ofFiles(cmd.Process.Pid))
		}
	}
}

var rssFile = regexp.MustCompile(`(?m)^RssFile:\s+(\d+) kB$`)

// ofFiles is how much of mapped files a process has in memory.
func ofFiles(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it has ended
	}
	if m := rssFile.FindSubmatch(status); m != nil {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64) // digits
		return n << 10
	}
	return 0
}
