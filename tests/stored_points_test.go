package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"
)

// storedBuild is a build that is held against what PyTorch computed.
type storedBuild struct {
	name, engine, passes string
	least, median        float64 // dB of PSNR that each point must have, and the one in the middle
}

// 4 bits may make a router choose another expert, whose tensors are far off then.
var storedBuilds = []storedBuild{
	{"unfused", "interp", "decompose{composites=false}, fold, cse, canonicalize, kv-cache, dce, layout{convs=dense}", 60, 60},
	{"cpu", "cpu", "@cpu", 60, 60},
	{"w4", "interp", "decompose, fuse, w4", 0, 25},
}

// storedReasons are those that a tensor of PyTorch may have no point for: a pass took it, with the place, the engine does not show it, or
// the model does not compute it.
var storedReasons = regexp.MustCompile(`^(lost by [\w-]+)(?: into %\S+|: nothing that is left uses it)$|^(inside kernel) %\S+, which the backend \w+ does not expose$|^(not computed): `)

// storedCase is a model whose values tests/sync_points.py stored.
type storedCase struct {
	Name      string   `json:"name"`
	Functions []string `json:"functions"` // of the calls, where there are several
}

// TestStoredPoints compares builds of small models with what PyTorch computed of each node: control flow, states, several functions, open
// sizes, memory that is written in place, complex numbers and half types. testdata/stored_points.txt counts points; -update writes it.
func TestStoredPoints(t *testing.T) {
	t.Parallel()
	dir, cases := unpack[storedCase](t, "stored_points")
	corpus := openCorpus(t, "models")
	lines := make([]string, len(cases))
	t.Run("models", func(t *testing.T) {
		for i, k := range cases {
			t.Run(k.Name, func(t *testing.T) {
				t.Parallel()
				model := filepath.Join(corpus.dir, k.Name+".pt2")
				if _, err := os.Stat(model); err != nil { // one of its own
					model = filepath.Join(dir, k.Name+".pt2")
				}
				lines[i] = k.compare(t, model, filepath.Join(dir, k.Name+".intermediates.safetensors"))
			})
		}
	})
	if t.Failed() {
		return
	}
	head := "# Tensors of PyTorch that builds of small models have points for, and why others have none.\n"
	for _, b := range storedBuilds {
		head += fmt.Sprintf("# %s: %s on %s\n", b.name, b.passes, b.engine)
	}
	holdText(t, filepath.Join("testdata", "stored_points.txt"), head+strings.Join(lines, ""))
}

// storedReport is what the test reads of a report.
type storedReport struct {
	Points []struct {
		Name   string
		Call   int
		Also   []string
		Scores *struct {
			PSNR      any // a number or "inf"
			NonFinite int
		}
	}
	Unmatched []struct {
		Name, Missing, Reason string
		Call                  int
		Float                 bool
	}
}

// compare holds the builds against the values, and counts.
func (k storedCase) compare(t *testing.T, model, saved string) string {
	line := k.Name + ":"
	for _, b := range storedBuilds {
		args := []string{"aiopt", "compare", model, saved, "--json", "--threads=1", "--backend=" + b.engine}
		if len(k.Functions) > 0 {
			args = append(args, "--function="+strings.Join(k.Functions, ","))
		}
		var stdout, stderr bytes.Buffer
		code := cli.Run(context.Background(), aiopt.Standard(), append(args, "-passes="+b.passes), &stdout, &stderr)
		if strings.Contains(stderr.String(), "found no weight to compress") {
			continue
		}
		var r storedReport
		if err := json.Unmarshal(stdout.Bytes(), &r); code != 0 || err != nil {
			t.Fatalf("%s: exit code %d: %s", b.name, code, &stderr)
		}
		line += fmt.Sprintf(" %s %s;", b.name, r.count(t, b))
	}
	return strings.TrimSuffix(line, ";") + "\n"
}

// count counts the points, and the reasons of the tensors that PyTorch has and the build does not.
func (r *storedReport) count(t *testing.T, build storedBuild) string {
	n := 0
	var decibels []float64
	for _, p := range r.Points {
		n += 1 + len(p.Also)
		if p.Scores == nil || p.Scores.NonFinite > 0 {
			t.Errorf("%s: %s of call %d cannot be compared", build.name, p.Name, p.Call)
			continue
		}
		if p.Scores.PSNR == nil { // it has no elements
			continue
		}
		db, err := strconv.ParseFloat(fmt.Sprint(p.Scores.PSNR), 64)
		if err != nil || db < build.least {
			t.Errorf("%s: %s of call %d: %v dB, expected %v at least", build.name, p.Name, p.Call, p.Scores.PSNR, build.least)
		}
		decibels = append(decibels, db)
	}
	slices.Sort(decibels)
	if n := len(decibels); n > 0 && decibels[n/2] < build.median {
		t.Errorf("%s: half of the points are below %.1f dB, expected %v at least", build.name, decibels[n/2], build.median)
	}
	reasons := map[string]int{}
	for _, u := range r.Unmatched {
		if u.Missing == "reference" && strings.HasPrefix(u.Reason, "no counterpart: ") {
			continue // such as casts to the same type, which PyTorch's file leaves out
		}
		found := storedReasons.FindStringSubmatch(u.Reason)
		if found == nil {
			t.Errorf("%s: %s of call %d has no point: %s", build.name, u.Name, u.Call, u.Reason)
			continue
		}
		reasons[strings.Join(found[1:], "")]++
	}
	var list []string
	for reason, many := range reasons {
		list = append(list, fmt.Sprintf(", %d %s", many, reason))
	}
	slices.Sort(list)
	return fmt.Sprintf("%d points", n) + strings.Join(list, "")
}
