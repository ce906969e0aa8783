package host

import "testing"

// What torch.promote_types gives, and the packed integers by the same rule.
func TestPromote(t *testing.T) {
	tests := []struct{ a, b, want Elem }{
		{Bool, Bool, Bool}, {Bool, U8, U8}, {Bool, I64, I64}, {Bool, BF16, BF16}, {Bool, C64, C64},
		{U8, I8, I16}, {U8, I16, I16}, {U8, I64, I64}, {I8, I32, I32}, {U64, I8, I64}, {U8, U16, U16}, {U4, I4, I8},
		{U8, F16, F16}, {I64, F16, F16}, {F16, BF16, F32}, {F16, F32, F32}, {F64, BF16, F64}, {F8E4M3, F8E5M2, F32},
		{I64, C64, C64}, {F16, C64, C64}, {F32, C64, C64}, {F64, C64, C128}, {F32, C128, C128}, {C64, C128, C128},
		{Invalid, I8, I8}, {Invalid, Invalid, Invalid},
	}
	for _, test := range tests {
		if got := Promote(test.a, test.b); got != test.want {
			t.Errorf("%s with %s is %s, expected %s", test.a, test.b, got, test.want)
		}
		if got := Promote(test.b, test.a); got != test.want {
			t.Errorf("%s with %s is %s, expected %s", test.b, test.a, got, test.want)
		}
	}
}
