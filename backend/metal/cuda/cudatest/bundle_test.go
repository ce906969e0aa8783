package cudatest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/check/checktest"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/programs"
)

// With -make this machine compiles and checks; with -bundle a machine that has a GPU and no more than the folder and this test's executable runs
// what was made:
//
//	go test ./backend/metal/cuda/cudatest -run TestBundle -make DIR     # needs clang
//	go test ./backend/kernel/schedule -run GPU -cuda-bundle DIR2     # the same for generated kernels
//	CGO_ENABLED=0 go test -c ./backend/metal/cuda/cudatest
//	cudatest.test -test.run TestBundle -test.v -bundle DIR -times times.json     # needs a GPU
var (
	made  = flag.String("make", "", "keep the bundle in this folder")
	given = flag.String("bundle", "", "run the bundle of this folder on the GPU, which must be there")
	texts = flag.String("texts", "", "write the generated texts that are measured to this folder")
	times = flag.String("times", "", "with -bundle: measure kernels and write the times to this file")
)

// elsewhere are numbers that Metal leaves open, where a GPU gives other ones than the CPU: a float that no integer holds becomes the nearest
// that one does.
var elsewhere = map[string]map[int]string{
	"narrowed i32": {8: "2147483647"},
	"narrowed u8":  {8: "255"},
}

func checked(t *testing.T, tools *check.Tools, name, text string) (*check.Program, *cuda.Module) {
	t.Helper()
	p, err := check.Compile(t.Context(), tools, check.Source{Name: name, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	m, err := cuda.Compile(t.Context(), tools, p, cuda.Hopper)
	if err != nil {
		t.Fatal(err)
	}
	return p, m
}

// add runs a dispatch in the checker and takes its result for the right one.
func add(t *testing.T, b *Bundle, p *check.Program, m *cuda.Module, name string, d check.Dispatch) *Case {
	t.Helper()
	after := d
	after.Args = nil
	for _, a := range d.Args {
		after.Args = append(after.Args, check.Arg{Bytes: append([]byte{}, a.Bytes...), Extents: a.Extents})
	}
	r, err := p.Run(t.Context(), after, check.Options{Checked: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Diagnostics) > 0 || !r.Finished {
		t.Fatalf("%s: finished: %v, found %v", name, r.Finished, r.Diagnostics)
	}
	return b.Add(name, m, d, after)
}

// bundle makes everything: check's own tests of the header, and the kernels that are measured.
func bundle(t *testing.T) *Bundle {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	b := &Bundle{}
	paths, err := filepath.Glob("../../check/testdata/shim/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		p, m := checked(t, tools, name+".metal", checktest.Part(a, "kernels.metal"))
		cases, err := checktest.Parse(checktest.Part(a, "dispatches"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			d := check.Dispatch{Launch: c.Launch, Threads: c.Threads}
			for _, arg := range c.Args {
				d.Args = append(d.Args, check.Arg{Bytes: arg.Bytes, Extents: arg.Extents})
			}
			k := add(t, b, p, m, name+"/"+c.Launch.Function, d)
			k.expect(c)
		}
	}
	addGenerated(t, tools, b)
	return b
}

// expect takes the numbers that are written down; those of the CPU then say no more.
func (c *Case) expect(from *checktest.Case) {
	for _, e := range from.Expected {
		e.Values = append([]string{}, e.Values...)
		for i, v := range elsewhere[c.Launch.Function+" "+c.Launch.Params[e.Arg].Name] {
			e.Values[i] = v
		}
		c.Expected = append(c.Expected, e)
		for i := range c.Want {
			if c.Want[i].Param == e.Arg {
				c.Want = append(c.Want[:i], c.Want[i+1:]...)
				break
			}
		}
	}
}

// readAll reads the bundles of a folder and of those in it.
func readAll(dir string) ([]*Bundle, error) {
	var list []*Bundle
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != casesFile {
			return err
		}
		b, err := Read(filepath.Dir(path))
		list = append(list, b)
		return err
	})
	return list, err
}

// TestBundle makes a bundle, and reads it again. Where there is a GPU, it runs the bundle; where there is none, the error must say so.
func TestBundle(t *testing.T) {
	dir := *given
	if dir == "" {
		dir = t.TempDir()
		if *made != "" {
			dir = *made
		}
		if err := bundle(t).Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	bundles, err := readAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	device, err := cuda.Open()
	if err != nil {
		var missing *programs.Missing
		if *given != "" || !errors.As(err, &missing) || !strings.Contains(err.Error(), "NVIDIA") {
			t.Fatal(err)
		}
		return
	}
	defer device.Close()
	t.Logf("%s, CUDA %s, texts compiled for %s", device.Name, device.Driver, device.Architecture)
	for _, b := range bundles {
		equal := 0
		for _, o := range b.Run(t.Context(), device) {
			if o.Err != nil {
				t.Errorf("%s: %v", o.Case.Name, o.Err)
			}
			if o.Equal {
				equal++
			}
		}
		t.Logf("%d of %d cases gave the CPU's very bytes", equal, len(b.Cases))
	}
	if *times != "" {
		measure(t, bundles, device)
	}
}

// measured is a line of the file of times.
type measured struct {
	Kernel    string
	Size      string
	Bytes     float64
	Flops     float64
	Seconds   float64 // of the best round
	Median    float64
	Bandwidth float64 // bytes a second
}

// measure times kernels.
func measure(t *testing.T, bundles []*Bundle, device *cuda.Device) {
	peaks, err := device.Peaks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a copy moves %.0f GB/s; %.0f GFLOP/s of float", peaks.Bandwidth/1e9, peaks.Flops/1e9)
	list := []measured{{Kernel: "copy", Bandwidth: peaks.Bandwidth}}
	for _, b := range bundles {
		for _, k := range b.Timed {
			timing, err := k.Measure(t.Context(), device, b.Modules, cuda.Rounds{})
			if err != nil {
				t.Errorf("%s: %v", k.Name, err)
				continue
			}
			t.Logf("%-14s %-12s %9v %s", k.Name, k.Size, timing.Best, timing.Rate(k.Work, peaks))
			list = append(list, measured{k.Name, k.Size, k.Work.Bytes, k.Work.Flops, timing.Best.Seconds(), timing.Median.Seconds(), k.Work.Bytes / timing.Best.Seconds()})
		}
	}
	text, err := json.MarshalIndent(list, "", " ")
	if err == nil {
		err = os.WriteFile(*times, text, 0o666)
	}
	if err != nil {
		t.Error(fmt.Errorf("the times: %w", err))
	}
}
