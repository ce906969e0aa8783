package compare

import (
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// floatSchemes are the presets of the element types that values may be rounded to.
var floatSchemes = map[host.Elem]string{host.F16: "fp16", host.BF16: "bf16"}

// SchemesOf names the presets of what was done to the numbers of a module: from its operations, not from the passes that it came
// through, of which a file knows nothing. It is never nil.
func SchemesOf(m *ir.Module, opt backend.Options) []string {
	found := map[string]bool{"bf16": opt.Precision == backend.BF16, "w8": opt.Precision == backend.INT8}
	m.Walk(func(op *ir.Op) {
		for _, r := range op.Results {
			found[floatSchemes[r.Type.Elem]] = true
		}
		switch {
		case op.Is(quant.Dequantize), op.Is(quant.Quantize):
			codes := op.Operands[0].Type.Elem
			if op.Is(quant.Quantize) {
				codes = op.Results[0].Type.Elem
			}
			found[codeScheme(codes, "w4")] = true
		case op.Is(quant.Lookup):
			found[codeScheme(op.Operands[0].Type.Elem, "lut4")] = true
		}
	})
	delete(found, "")
	list := []string{}
	for name, is := range found {
		if is {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// codeScheme is the preset of codes: few for up to 4 bits, and of palettes below 4 bits the loosest.
func codeScheme(e host.Elem, few string) string {
	switch {
	case e.Bits() > 8:
		return ""
	case e.Bits() > 4:
		return "w8"
	case e.Bits() < 4:
		return "w4"
	}
	return few
}
