package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

const (
	enoughBars = 8  // one looks deeper into the tree of modules until there are as many
	mostInside = 60 // modules of one module; of more, neighbours share a bar
	barHeight  = 22.
)

// sizes shows the bytes of each module: what is stored now and what is gone.
func (d *drawing) sizes() plot {
	bars, depth := d.modulesAt()
	h := barHeight * float64(len(bars))
	p := plot{ID: "sizes", Title: "Size by module", Width: 1160, Height: h + 34, Frame: box{270, 6, 860, h}}
	most := int64(8)
	for _, m := range bars {
		most = max(most, m.Before)
	}
	p.X = linear("", 0, float64(most), p.Frame.X, p.Frame.Right(), 8, tickSize)
	for i, m := range bars {
		y := p.Frame.Y + barHeight*float64(i)
		p.Marks = append(p.Marks, moduleBar(m, &p.X, y+3, barHeight-6)...)
		p.Notes = append(p.Notes, note{p.Frame.X - 8, y + barHeight/2 + 4, short(m.Path, 38), "end"})
	}
	if depth > 0 {
		p.Title += fmt.Sprintf(", %s deep", host.Counted(depth, "level"))
	}
	p.Alt = fmt.Sprintf("%s; %s before, %s after", host.Counted(len(bars), "module"), host.SizeText(d.Total.Before), host.SizeText(d.Total.After))
	return p
}

func moduleBar(m *Module, x *axis, y, height float64) []mark {
	var marks []mark
	at := int64(0)
	for _, part := range []struct {
		class, what string
		bytes       int64
	}{
		{"packed", "compressed", m.After - m.Kept},
		{"kept", "not compressed", m.Kept},
		{"saved", "saved", m.Before - m.After},
	} {
		if part.bytes <= 0 {
			continue
		}
		left := x.at(float64(at))
		at += part.bytes
		marks = append(marks, mark{
			box: box{left, y, max(x.at(float64(at))-left, .5), height}, Class: part.class,
			Tip: fmt.Sprintf("%s\n%s: %s\nbefore %s, after %s", m.Path, part.what, host.SizeText(part.bytes), host.SizeText(m.Before), host.SizeText(m.After)),
		})
	}
	return marks
}

// modulesAt lists the modules of one depth, and the shallower ones that hold no others. depth is the least one at which they
// are enough to look at.
func (d *drawing) modulesAt() (bars []*Module, depth int) {
	for depth = range maxDepth + 1 {
		next := level(d.Modules, depth)
		if depth > 0 && len(next) == len(bars) && !deeper(d.Modules, depth) {
			depth--
			break
		}
		if bars = next; len(bars) >= enoughBars {
			break
		}
	}
	for i, m := range bars {
		if m.Path == "" {
			whole := *m
			whole.Path = "(the model)"
			bars[i] = &whole
		}
	}
	return bars, depth
}

// deeper reports a module that holds others at a depth.
func deeper(m *Module, depth int) bool {
	if depth == 0 {
		return len(m.Children) > 0
	}
	return slices.ContainsFunc(m.Children, func(c *Module) bool { return deeper(c, depth-1) })
}

// level lists the modules that are depth below m. The tensors that a module has beside the modules in it get a bar of their own.
func level(m *Module, depth int) []*Module {
	if depth == 0 || len(m.Children) == 0 {
		return []*Module{m}
	}
	var bars []*Module
	if depth == 1 {
		bars = runs(m.Children)
	} else {
		for _, c := range m.Children {
			bars = append(bars, level(c, depth-1)...)
		}
	}
	if rest := beside(m); rest.Before > 0 {
		bars = append(bars, rest)
	}
	return bars
}

// runs adds up neighbours where there are too many modules for a bar each.
func runs(list []*Module) []*Module {
	if len(list) <= mostInside {
		return slices.Clone(list)
	}
	var out []*Module
	for part := range slices.Chunk(list, (len(list)+mostInside/2-1)/(mostInside/2)) {
		sum := &Module{Path: part[0].Path}
		if last := part[len(part)-1]; last != part[0] {
			sum.Path += " to " + last.Path[strings.LastIndexByte(last.Path, '.')+1:]
		}
		for _, m := range part {
			sum.Before += m.Before
			sum.After += m.After
			sum.Kept += m.Kept
		}
		out = append(out, sum)
	}
	return out
}

// beside sums up what a module has beside the modules in it.
func beside(m *Module) *Module {
	rest := &Module{Path: m.Path + " (itself)", Sums: m.Sums}
	if m.Path == "" {
		rest.Path = "(in no module)"
	}
	for _, c := range m.Children {
		rest.Before -= c.Before
		rest.After -= c.After
		rest.Kept -= c.Kept
	}
	return rest
}
