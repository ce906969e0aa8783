package debugger

import (
	"strings"
	"testing"
)

func TestHighlight(t *testing.T) {
	for _, c := range []struct {
		language   language
		text, want string // spans as class:text, between |
	}{
		{python, "def f(x): # no", "k:def|: |f:f|:(x): |c:# no"},
		{python, `s = "a # b" + 'it''s'`, `:s = |s:"a # b"|: + |s:'it''s'`},
		{python, "\"\"\"two\nlines\"\"\" + 1.5", "s:\"\"\"two\ns:lines\"\"\"|: + |n:1.5"},
		{python, `open = "never closed`, `:open = |s:"never closed`},
		{air, `  %a = nn.relu(%x) : tensor<2x3xf32> is "relu" // c`, `:  |v:%a|: = |f:nn.relu|:(|v:%x|:) : |t:tensor|:<|n:2x3xf32|:> |k:is|: |s:"relu"|: |c:// c`},
		{llvm, "%1 = fadd float %x, 1.0", "v:%1|: = |k:fadd|: |t:float|: |v:%x|:, |n:1.0"},
		{metal, "kernel void f(device float *x)", "k:kernel|: |k:void|: |f:f|:(|k:device|: |t:float|: *x)"},
	} {
		lines := strings.Split(c.text, "\n")
		var got []string
		for _, spans := range highlight(c.language, lines, 0, len(lines)) {
			var line []string
			for _, s := range spans {
				line = append(line, s[0]+":"+s[1])
			}
			got = append(got, strings.Join(line, "|"))
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, text, c.want)
		}
	}
}
