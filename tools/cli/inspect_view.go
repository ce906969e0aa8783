package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/inspect"
)

const bold = "\x1b[1m"

// view prints a summary for people.
type view struct {
	w      io.Writer
	colour bool
	err    error // the first of writing
}

func (v *view) line(format string, args ...any) {
	if _, err := fmt.Fprintf(v.w, format+"\n", args...); v.err == nil {
		v.err = err
	}
}

func (v *view) title(text string) {
	if v.colour {
		text = bold + text + plain
	}
	v.line("\n%s", text)
}

func (v *view) summary(s *inspect.Summary) {
	v.line("%s: %s, %s, module @%s", readable(s.File), s.Kind, host.SizeText(s.FileBytes), readable(s.Module))
	v.origin(s)
	for _, f := range s.Functions {
		v.function(&f.Function, s.Variants)
		if f.MultiplyAdds != "" {
			v.line("  %s multiply-adds", workText(string(f.MultiplyAdds)))
		}
	}
	if len(s.States) > 0 {
		v.title("States")
		rows := [][]string{}
		for _, p := range s.States {
			from := "zeros"
			if p.Initial != "" {
				from = "@" + p.Initial
			}
			rows = append(rows, []string{p.Name, portType(p), "from " + from})
		}
		v.table("", rows)
	}
	v.weights(&s.Weights)
	v.modules(s.Modules)
	v.ops(s.Ops)
	if len(s.Entries) > 0 {
		v.title("Entries")
		rows := [][]string{}
		for _, e := range s.Entries {
			rows = append(rows, []string{e.Name, host.SizeText(e.Size), "sha256 " + e.SHA256})
		}
		v.table(" > ", rows)
	}
	if s.Verified {
		v.line("\nAll data agrees with its checksums.")
	}
}

func (v *view) origin(s *inspect.Summary) {
	if s.Origin.Generator != "" {
		v.line("written by %s", readable(s.Origin.Generator))
	}
	if s.Origin.Program != "" {
		v.line("from the program with sha256 %s", readable(s.Origin.Program))
	}
	if len(s.Origin.Passes) > 0 {
		v.line("by the passes %s", readable(strings.Join(s.Origin.Passes, ", ")))
	}
}

func (v *view) function(f *asset.Function, variants []asset.Variant) {
	v.title("Function @" + readable(f.Name))
	for _, x := range variants {
		if x.Function == f.Name {
			var sizes []string
			for _, a := range x.Sizes {
				sizes = append(sizes, fmt.Sprintf("%s=%d", a.Name, a.Value))
			}
			v.line("  variant of @%s for %s, target %s", x.Of, strings.Join(sizes, ", "), x.Target)
		}
	}
	rows := [][]string{}
	for _, p := range f.Inputs {
		kind, note := portType(p), ""
		switch {
		case p.Binds != "":
			note = "gives " + p.Binds
		case p.Constant != "":
			kind, note = "constant", "must be "+p.Constant
		}
		rows = append(rows, []string{"in", p.Name, kind, note})
	}
	for _, p := range f.Outputs {
		rows = append(rows, []string{"out", p.Name, portType(p), ""})
	}
	v.table("", rows)
	for _, r := range f.Sizes {
		limit := ""
		if r.Max != nil {
			limit = fmt.Sprint(*r.Max)
		}
		v.line("  size %s in %d..%s", r.Name, r.Min, limit)
	}
	for _, g := range f.Guards {
		v.line("  where %s", g)
	}
	if len(f.States) > 0 {
		v.line("  reads %s", readable(strings.Join(f.States, ", ")))
	}
	if len(f.Updates) > 0 {
		v.line("  updates %s", readable(strings.Join(f.Updates, ", ")))
	}
}

func portType(p asset.Port) string {
	text := ""
	for _, s := range p.Shape {
		if _, err := strconv.Atoi(string(s)); err != nil { // a formula, which may have an x of its own
			s = "[" + s + "]"
		}
		text += string(s) + "x"
	}
	return text + p.DType
}

func (v *view) weights(w *inspect.Weights) {
	v.title("Weights")
	v.line("  %d tensors, %s, %s parameters, %.2f bits each", w.Tensors, host.SizeText(w.Bytes), countText(w.Parameters), w.BitsPerWeight)
	rows := [][]string{{"role", "dtype", "tensors", "elements", "bytes", "share"}}
	for _, s := range w.Storage {
		rows = append(rows, []string{s.Role, s.DType, fmt.Sprint(s.Tensors), countText(s.Elements), host.SizeText(s.Bytes), share(s.Bytes, w.Bytes)})
	}
	if len(rows) > 1 {
		v.table("  >>>>", rows)
	}
}

func (v *view) modules(list []inspect.Folder) {
	if len(list) < 2 {
		return
	}
	v.title("Modules")
	rows := [][]string{{"module", "tensors", "parameters", "bytes", "share"}}
	for _, f := range list {
		name := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
		if f.Path == "" {
			name = "all"
		}
		rows = append(rows, []string{strings.Repeat("  ", f.Depth) + name, fmt.Sprint(f.Tensors), countText(f.Parameters), host.SizeText(f.Bytes), share(f.Bytes, list[0].Bytes)})
	}
	v.table(" >>>>", rows)
}

// mostOps is how many kinds of operations are listed for people.
const mostOps = 20

func (v *view) ops(list []inspect.Count) {
	v.title("Operations")
	rows := [][]string{}
	for i, c := range list {
		if i == mostOps {
			rest := 0
			for _, c := range list[i:] {
				rest += c.Count
			}
			rows = append(rows, []string{fmt.Sprintf("%d other kinds", len(list)-i), fmt.Sprint(rest)})
			break
		}
		rows = append(rows, []string{c.Name, fmt.Sprint(c.Count)})
	}
	v.table(" >", rows)
}

// table prints rows in columns; > in align sets a column to the right.
func (v *view) table(align string, rows [][]string) {
	var wide []int
	for _, row := range rows {
		for i, cell := range row {
			row[i] = readable(cell)
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], len([]rune(row[i])))
		}
	}
	for _, row := range rows {
		text := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", wide[i]-len([]rune(cell)))
			if i < len(align) && align[i] == '>' {
				cell = pad + cell
			} else {
				cell += pad
			}
			text += "  " + cell
		}
		v.line("%s", strings.TrimRight(text, " "))
	}
}

// workText is a number of multiply-adds in powers of 1000; an expression of sizes stays as it is.
func workText(text string) string {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return readable(text)
	}
	units := []string{"", " k", " M", " G", " T"}
	unit := 0
	for x >= 999.5 && unit < len(units)-1 {
		x, unit = x/1000, unit+1
	}
	return strconv.FormatFloat(x, 'g', max(3, len(strconv.Itoa(int(x)))), 64) + units[unit]
}

// countText is a number with its digits in groups of three.
func countText(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

func share(part, all int64) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(all))
}
