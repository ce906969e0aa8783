package check

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/metal/check/checktest"
)

// wanted are the comments `// ERROR "re" "re"` of a text: what must be reported of their lines.
type wanted struct {
	line    int
	pattern *regexp.Regexp
	met     bool
}

var errorComment = regexp.MustCompile(`// ERROR (".*")\s*$`)

func wantedOf(t *testing.T, text string) []*wanted {
	var list []*wanted
	for i, line := range strings.Split(text, "\n") {
		m := errorComment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for rest := m[1]; rest != ""; {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			pattern, _ := strconv.Unquote(quoted)
			list = append(list, &wanted{line: i + 1, pattern: regexp.MustCompile(pattern)})
			rest = strings.TrimSpace(rest[len(quoted):])
		}
	}
	return list
}

// match holds what was reported against what was wanted: each of the one is one of the other.
func match(t *testing.T, list []*wanted, found []Diagnostic) {
	t.Helper()
	for _, d := range found {
		known := false
		for _, w := range list {
			if w.line == d.Line && w.pattern.MatchString(d.String()) {
				w.met, known = true, true
			}
		}
		if !known {
			t.Errorf("reported and not wanted: %s", d)
		}
	}
}

func missed(t *testing.T, list []*wanted) {
	t.Helper()
	for _, w := range list {
		if !w.met {
			t.Errorf("line %d: nothing reported that matches %q", w.line, w.pattern)
		}
		w.met = false
	}
}

// TestBugs runs kernels with planted mistakes in three orders: each must be reported in each of them, with kernel, line and thread, and
// nothing else.
func TestBugs(t *testing.T) {
	tools := tools(t)
	for name, a := range archives(t, "bugs") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := checktest.Part(a, "kernels.metal")
			list := wantedOf(t, text)
			if len(list) == 0 {
				t.Fatal("no mistake is planted")
			}
			p, err := Compile(context.Background(), tools, Source{name + ".metal", text})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range modes[:3] {
				if testing.Short() && o.Order != Reversed {
					continue
				}
				for _, c := range dispatches(t, a) {
					r, err := p.Run(context.Background(), dispatchOfCase(c), o)
					if err != nil {
						t.Fatalf("dispatches:%d: %v", c.Line, err)
					}
					if len(r.Diagnostics) == 0 {
						t.Errorf("dispatches:%d: %s, %s: nothing reported", c.Line, c.Launch.Function, o.name())
					}
					for _, d := range r.Diagnostics {
						if d.Kernel != c.Launch.Function || !d.Ran {
							t.Errorf("%s: expected it of kernel %s", d, c.Launch.Function)
						}
					}
					match(t, list, r.Diagnostics)
				}
				missed(t, list)
			}
		})
	}
}

// TestText compiles texts that must be refused, for each line that says so.
func TestText(t *testing.T) {
	tools := tools(t)
	for name, a := range archives(t, "text") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range a.Files {
				text := string(f.Data)
				list := wantedOf(t, text)
				_, err := Compile(context.Background(), tools, Source{f.Name, text})
				var bad *SourceError
				if !errors.As(err, &bad) {
					t.Errorf("%s: found %v, expected a *SourceError", f.Name, err)
					continue
				}
				match(t, list, bad.Diagnostics)
				missed(t, list)
			}
		})
	}
}
