package msl

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// helper is a function that kernels call, written out once where one does.
type helper struct {
	name string
	text string
}

// helpers are all of them.
func helpers() []helper {
	list := []helper{
		{"floor_div", floorDivText("floor_div", "int")},
		{"floor_div_long", floorDivText("floor_div_long", "long")},
		{"min_long", longExtremeText("min", "smaller", "<")},
		{"max_long", longExtremeText("max", "larger", ">")},
		{"erf_of", erfText},
	}
	for _, lanes := range []int{1, 2, 4} {
		list = append(list, extremeHelper("min", "<=", lanes), extremeHelper("max", ">=", lanes))
	}
	for _, name := range []string{"min", "max"} {
		list = append(list, helper{"simd_" + name + "_of", fmt.Sprintf(`// simd_%[1]s over the threads of a SIMD group, NaN where one is.
inline float simd_%[1]s_of(float x) {
  bool nan = simd_any(isnan(x));
  float m = simd_%[1]s(x);
  return nan ? NAN : m;
}
`, name)})
	}
	for _, e := range []host.Elem{host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64} {
		list = append(list, castHelper(e))
	}
	return list
}

func floorDivText(name, t string) string {
	return fmt.Sprintf(`// The quotient rounded down.
inline %[2]s %[1]s(%[2]s a, %[2]s b) {
  %[2]s q = a / b;
  return a %% b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
`, name, t)
}

// longExtremeText is for indices: Metal's own functions are of 32 bits at most.
func longExtremeText(name, which, op string) string {
	return fmt.Sprintf("// The %[2]s of two.\ninline long %[1]s_long(long a, long b) { return a %[3]s b ? a : b; }\n", name, which, op)
}

// extremeHelper is the smaller or larger of two, NaN where one is.
func extremeHelper(name, op string, lanes int) helper {
	t := vectorName("float", lanes)
	full := name + "_of" + laneSuffix(lanes)
	text := fmt.Sprintf("// The %s of two, NaN where one is.\ninline %s %s(%s a, %s b) ", map[string]string{"min": "smaller", "max": "larger"}[name], t, full, t, t)
	if lanes == 1 {
		text += fmt.Sprintf("{ return a %s b || isnan(a) ? a : b; }\n", op)
	} else {
		text += fmt.Sprintf("{\n  bool%[1]d first = a %[2]s b;\n  return select(b, a, first || isnan(a));\n}\n", lanes, op)
	}
	return helper{full, text}
}

// castHelper drops a float's fraction and keeps it within an integer type; NaN is 0. A bound that is no float is compared with
// the next one, which the type does not have.
func castHelper(e host.Elem) helper {
	name := elemName(e)
	signed := e.Kind() == host.KindInt
	bits := e.Bits()
	most := math.Ldexp(1, bits)
	low, high := "0", fmt.Sprintf("%d", uint64(1)<<(bits-1)*2-1)
	if signed {
		most = math.Ldexp(1, bits-1)
		low, high = fmt.Sprintf("-%d", uint64(1)<<(bits-1)), fmt.Sprintf("%d", uint64(1)<<(bits-1)-1)
	}
	switch e {
	case host.I32:
		low = "int(0x80000000u)"
	case host.I64:
		low, high = "long(0x8000000000000000ul)", high+"L"
	case host.U32:
		high += "u"
	case host.U64:
		high += "ul"
	}
	least := "0.0f"
	if signed {
		least = fmt.Sprintf("%.1ff", -most)
	}
	return helper{"to_" + name, fmt.Sprintf(`// Toward zero and within %[1]s; NaN is 0.
inline %[1]s to_%[1]s(float x) {
  if (isnan(x)) return 0;
  if (x <= %[2]s) return %[3]s;
  if (x >= %[4]s) return %[5]s;
  return %[1]s(x);
}
`, name, least, low, fmt.Sprintf("%.1ff", most), high)}
}

// erfText is a rational function of x*x, as Eigen has it; the error is below 5 ulp.
const erfText = `// The error function by a rational function; its error is below 5 ulp.
inline float erf_of(float x) {
  float c = clamp(x, -3.925724029541015625f, 3.925724029541015625f);
  float z = c * c;
  float p = 2.1237322e-06f;
  p = fma(p, z, 2.861979592e-04f);
  p = fma(p, z, 3.658048342913389e-03f);
  p = fma(p, z, 5.243302136659622e-02f);
  p = fma(p, z, 1.8741607666015625e-01f);
  p = fma(p, z, 1.1283791065216064f);
  float q = 3.8918573409318924e-05f;
  q = fma(q, z, 1.1432960163801908e-03f);
  q = fma(q, z, 1.4752088114619255e-02f);
  q = fma(q, z, 1.1294509985499454e-01f);
  q = fma(q, z, 4.9942579865455627e-01f);
  q = fma(q, z, 1.0f);
  float y = abs(x) < 1e-4f ? x * 1.1283791671f : clamp(c * p / q, -1.0f, 1.0f);
  return isnan(x) ? x : y;
}
`
