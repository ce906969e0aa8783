package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

var (
	expectation = regexp.MustCompile(`// ERROR (.*)`)
	quotedText  = regexp.MustCompile("`([^`]*)`")
)

// TestVerify holds the verifier to its rules. The files of verify/ parse and are wrong; a comment // ERROR `regexp` says
// what it finds on that line. What has no place in the text, such as a parameter, is expected on any line. Missing and
// further problems both fail.
func TestVerify(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("verify", "*.air"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	tk := aiopt.Standard()
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".air"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := text.Parse(file, src, tk.Ops)
			if err != nil {
				t.Fatal(err)
			}
			problems, _ := ir.AsProblems(ir.Verify(m))
			for i, line := range strings.Split(string(src), "\n") {
				want := expectation.FindStringSubmatch(line)
				if want == nil {
					continue
				}
				for _, quoted := range quotedText.FindAllStringSubmatch(want[1], -1) {
					left := without(problems, i+1, regexp.MustCompile(quoted[1]))
					if len(left) == len(problems) {
						t.Errorf("line %d: no problem matches %s", i+1, quoted[1])
					}
					problems = left
				}
			}
			for _, p := range problems {
				t.Errorf("line %d: unexpected problem: %s", p.Pos.Line, p)
			}
		})
	}
}

// without leaves out the first problem of a line, or of none, that matches.
func without(problems ir.Problems, line int, re *regexp.Regexp) ir.Problems {
	for i, p := range problems {
		if (p.Pos.Line == line || p.Pos.Line == 0) && re.MatchString(p.String()) {
			return append(problems[:i:i], problems[i+1:]...)
		}
	}
	return problems
}
