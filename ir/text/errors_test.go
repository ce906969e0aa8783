package text_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/google/go-cmp/cmp"
)

// TestErrors parses files whose comments `// ERROR "regexp" "regexp"` say which mistakes a line has. Missing and further
// mistakes both fail.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.air")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = text.Parse(file, src, testRegistry(t))
			var ds *text.Diagnostics
			if !errors.As(err, &ds) {
				t.Fatalf("found %v, expected diagnostics", err)
			}
			got := map[int][]string{}
			for _, d := range ds.List {
				got[d.Pos.Line] = append(got[d.Pos.Line], d.Text())
			}
			for i, line := range strings.Split(string(src), "\n") {
				checkLine(t, i+1, wanted(t, line), got[i+1])
			}
		})
	}
}

func checkLine(t *testing.T, line int, want []*regexp.Regexp, got []string) {
	t.Helper()
	for _, re := range want {
		found := false
		for i, msg := range got {
			if re.MatchString(msg) {
				got, found = append(got[:i:i], got[i+1:]...), true
				break
			}
		}
		if !found {
			t.Errorf("line %d: no error matches %s", line, re)
		}
	}
	for _, msg := range got {
		t.Errorf("line %d: unexpected error: %s", line, msg)
	}
}

func wanted(t *testing.T, line string) []*regexp.Regexp {
	t.Helper()
	_, rest, ok := strings.Cut(line, "// ERROR ")
	if !ok {
		return nil
	}
	var res []*regexp.Regexp
	for rest != "" {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			// A regexp has escapes that Go's text has not: take everything to the next quote that is not escaped.
			quoted = regexp.MustCompile(`^"(\\.|[^"\\])*"`).FindString(rest)
		}
		res = append(res, regexp.MustCompile(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)))
		rest = strings.TrimSpace(rest[len(quoted):])
	}
	return res
}

// TestDiagnostic holds the look of a message.
func TestDiagnostic(t *testing.T) {
	src := "air 1\nmodule @m {\n  func @main(%x: tensor<2xf32>) -> () {\n\t%é = nn.relu(%x) : tensor<2xf32>\n\t%y = nn.rleu(%x) : tensor<2xf32>\n    core.return()\n  }\n}\n"
	_, err := text.Parse("m.air", []byte(src), testRegistry(t))
	want := "m.air:4:2: error: a name must follow %\n" +
		"    \t%é = nn.relu(%x) : tensor<2xf32>\n" +
		"    \t^\n" +
		"m.air:5:7: error: unknown operation nn.rleu\n" +
		"    \t%y = nn.rleu(%x) : tensor<2xf32>\n" +
		"    \t     ^\n" +
		"hint: did you mean nn.relu?"
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestLongLine shows a part of a line that is too long.
func TestLongLine(t *testing.T) {
	src := "air 1\nmodule @m {\n  func @main() -> () {\n    torch.call() {a = \"" + strings.Repeat("x", 5000) + "\", b = ;} \n    core.return()\n  }\n}\n"
	_, err := text.Parse("m.air", []byte(src), testRegistry(t))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || len(lines[1]) > 200 || lines[1][len(lines[2])-1] != ';' {
		t.Errorf("the caret is not under the ; of a short excerpt:\n%s", err)
	}
}

// TestAdd joins what a verifier found to the lines of the text.
func TestAdd(t *testing.T) {
	src := "air 1\nmodule @m {\n}\n"
	ds := text.NewDiagnostics("m.air", []byte(src))
	if ds.Err() != nil {
		t.Fatal("an empty list is an error")
	}
	ds.Add(ir.Pos{Line: 2, Col: 8}, "the module is empty", "add a function")
	ds.Add(ir.Pos{}, "nothing runs", "")
	want := "m.air: error: nothing runs\nm.air:2:8: error: the module is empty\n    module @m {\n           ^\nhint: add a function"
	if d := cmp.Diff(want, ds.Err().Error()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestHead covers files that are no module at all.
func TestHead(t *testing.T) {
	for src, want := range map[string]string{
		"":           `1:1: error: syntax error: found the end of the text`,
		"hello":      `1:1: error: syntax error: found hello`,
		"PK\x03\x04": `1:1: error: syntax error: found PK`,
		"air 1\nmodule @m {\n  func @f() -> () {\n    x.y() {a = \"b}\n  }\n}\n": `4:16: error: text is not closed by " before the end of the line`,
		"air 1\nmodule @m {\n  program \"b\n}\n":                                 `3:11: error: text is not closed by " before the end of the line`,
		"air 2\nmodule @m {\n}":                                                  `the text has version 2, this aiopt reads version 1`,
		"air 1\nmodule m {\n}":                                                   `2:8: error: syntax error: found m, expected a name such as @x`,
		"air 1\nmodule @m {\n":                                                   `the module is not closed: found the end of the file, expected }`,
		"air 1\nmodule @m {\n}}":                                                 `the module has ended: found }, expected the end of the file`,
		"air 1\nmodule @m {\n  func @f() -> () {\n    core.return()\n\n  func @g() -> () {\n    core.return()\n  }\n}\n": `the operations are not closed: found the end of the function, expected }`,
	} {
		_, err := text.Parse("m.air", []byte(src), testRegistry(t))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: found %v, expected %s", src, err, want)
		}
	}
}

// TestBounds holds hostile texts to errors.
func TestBounds(t *testing.T) {
	body := strings.Repeat("core.cond() then() {\n", 20_000)
	for name, src := range map[string]string{
		"lists":         "air 1\nmodule @m {\n  func @f() -> () {\n torch.call() {a = " + strings.Repeat("[", 100_000),
		"const lists":   "air 1\nmodule @m {\n  func @f(const %x = " + strings.Repeat("[", 100_000),
		"bodies":        "air 1\nmodule @m {\n  func @f() -> () {\n" + body,
		"parentheses":   "air 1\nmodule @m {\n  func @f() -> () {\n torch.call() {a = " + strings.Repeat("(", 100_000) + "}",
		"many mistakes": "air 1\nmodule @m {\n  func @f() -> () {\n" + strings.Repeat("x.y()\n", 20_000) + "}}",
		"many items":    "air 1\nmodule @m {\n" + strings.Repeat("state\n", 20_000) + "}",
	} {
		_, err := text.Parse("m.air", []byte(src), testRegistry(t))
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if n := len(err.Error()); n > 50_000 {
			t.Errorf("%s: the message has %d bytes", name, n)
		}
	}
}
