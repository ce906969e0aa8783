package debugger

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// mostMade is how many bytes all made inputs of a call may take together.
const mostMade = 1 << 30

// sizeInfo is a size that the caller chooses.
type sizeInfo struct {
	Name string `json:"name"`
	Min  int64  `json:"min"`
	Max  int64  `json:"max"`
}

func sizeOfDim(d *ir.DimDecl) sizeInfo {
	return sizeInfo{d.Name, max(d.Min, 0), min(d.Max, math.MaxInt32)}
}

// String is a size's range.
func (s sizeInfo) String() string { return fmt.Sprintf("%s from %d to %d", s.Name, s.Min, s.Max) }

// checkSizes refuses sizes that a function does not have, or that are out of their range.
func checkSizes(f *ir.Func, sizes map[string]int64) error {
	left := len(sizes)
	var wrong []string
	for _, d := range f.Dims {
		allowed := sizeOfDim(d)
		n, ok := sizes[d.Name]
		if ok {
			left--
		}
		if ok && (n < allowed.Min || n > allowed.Max) {
			wrong = append(wrong, fmt.Sprintf("found %s=%d, expected %s", d.Name, n, allowed))
		}
	}
	if left > 0 {
		wrong = append(wrong, fmt.Sprintf("@%s has no sizes but these: %s", f.Name, cmp.Or(ranges(f), "none")))
	}
	if wrong != nil {
		return badRequest("%s", strings.Join(wrong, "; "))
	}
	return nil
}

// checkMemory refuses sizes with which the inputs of a function would take too much memory. Nothing is allocated.
func checkMemory(f *ir.Func, sizes map[string]int64) error {
	size := func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok }
	total := int64(0)
	for _, p := range f.Params {
		if p.Role != ir.Input {
			continue
		}
		shape := make([]int, p.Value.Type.Rank())
		for i, d := range p.Value.Type.Shape {
			n, err := d.Eval(size)
			if err != nil {
				return err
			}
			shape[i] = int(n)
		}
		n, err := host.SizeBytes(p.Value.Type.Elem, shape)
		if total += int64(n); err != nil || total > mostMade { // an error: they are more than any tensor has
			return fmt.Errorf("the inputs would take more than %d MiB with %s; choose smaller sizes: %s", mostMade>>20, chosen(f, sizes), ranges(f))
		}
	}
	return nil
}

// chosen lists sizes as they were chosen.
func chosen(f *ir.Func, sizes map[string]int64) string {
	var list []string
	for _, d := range f.Dims {
		if n, ok := sizes[d.Name]; ok {
			list = append(list, fmt.Sprintf("%s=%d", d.Name, n))
		}
	}
	return strings.Join(list, ", ")
}

// ranges lists the sizes of a function.
func ranges(f *ir.Func) string {
	var list []string
	for _, d := range f.Dims {
		list = append(list, sizeOfDim(d).String())
	}
	return strings.Join(list, ", ")
}
