package check

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// FuzzText reads and rewrites any text: no text may make the lexical pass fail, move a line, or come through with a word that is forbidden.
func FuzzText(f *testing.F) {
	text, err := os.ReadFile("testdata/good/kernels.metal")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("kernel void k(device float* x [[buffer(0)]]) { threadgroup float a[4], b; x[0] = vec<float, 2>(1.0, 2).x; }")
	f.Add("#define A \\\n b\nkernel void k(){(device float*)*&x[1](2).z->w++;}")
	f.Add("template <typename T> struct S { void f(thread T& a) {} }; namespace n { constant int t[] = {1}; }")
	f.Fuzz(func(t *testing.T, s string) {
		src := read(Source{"fuzz.metal", s})
		for i, k := range src.tokens {
			if s[k.at:k.end()] != k.text || k.line != 1+strings.Count(s[:k.at], "\n") {
				t.Fatalf("token %d is %q of line %d, which the text does not have there", i, k.text, k.line)
			}
			if i > 0 && k.at < src.tokens[i-1].end() {
				t.Fatalf("token %d begins inside of the one before", i)
			}
		}
		if len(src.problems) > 0 {
			return
		}
		src.lint()
		r := src.rewrite()
		if len(src.problems) > 0 {
			return
		}
		for _, text := range []string{r.text, r.strict} {
			if strings.Count(text, "\n") != strings.Count(s, "\n") {
				t.Fatalf("the text has %d lines, rewritten %d", strings.Count(s, "\n"), strings.Count(text, "\n"))
			}
		}
		again, _ := scan(r.text)
		if slices.ContainsFunc(again, func(k token) bool { return k.kind == word && forbidden[k.text] != "" }) {
			t.Fatalf("a forbidden word came through: %s", r.text)
		}
	})
}
