package compress

import (
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

func TestMinSNR(t *testing.T) {
	quant := func(e host.Elem, g Granularity) Scheme { return Scheme{Quant: &Quant{Elem: e, Granularity: g}} }
	channel := Granularity{Kind: PerChannel, Auto: true}
	for _, tt := range []struct {
		name string
		s    Scheme
		want float64
	}{
		{"as it is", Scheme{}, 0},
		{"w2", Codes(host.I2), 0},
		{"w4", Codes(host.I4), 8},
		{"w8", Codes(host.I8), 25},
		{"u8", Codes(host.U8), 25},
		{"one scale for all", quant(host.I4, Granularity{Kind: PerTensor}), 3},
		{"one scale for all bits", quant(host.I1, Granularity{}), 0},
		{"fp8", quant(host.F8E4M3, channel), 20},
		{"one scale for all floats", quant(host.F8E4M3, Granularity{}), 20},
		{"fp8 of the other kind", quant(host.F8E5M2, channel), 14},
		{"mxfp4", quant(host.F4E2M1, channel), 8},
		{"pal4", Tables(4), 8},
		{"pal8", Tables(8), 25},
		{"pal8 of f8e5m2", Scheme{Palette: &Palette{Bits: 8, Table: host.F8E5M2}}, 14},
		{"pal4 of i8", Scheme{Palette: &Palette{Bits: 4, Table: host.I8}}, 8},
		{"an index for two numbers", Scheme{Palette: &Palette{Bits: 8, Length: 2}}, 8},
		{"half of the elements", Scheme{Sparse: &Sparse{Fraction: 0.5}, Quant: Codes(host.I8).Quant}, 0},
		{"no such codes", quant(host.I32, Granularity{}), 25},
		{"no such palette", Scheme{Palette: &Palette{Bits: 99, Length: -1}}, 25},
	} {
		if got := tt.s.MinSNR(); got != tt.want {
			t.Errorf("%s: found %g dB, expected %g", tt.name, got, tt.want)
		}
	}
}

// TestMinSNRGrows holds that a bit more is never worth less.
func TestMinSNRGrows(t *testing.T) {
	elems := []host.Elem{host.I1, host.I2, host.I3, host.I4, host.I5, host.I6, host.I7, host.I8}
	for i := 1; i < len(elems); i++ {
		if Codes(elems[i]).MinSNR() < Codes(elems[i-1]).MinSNR() || Tables(i+1).MinSNR() < Tables(i).MinSNR() {
			t.Errorf("%s codes or tables are worth less than those of a bit less", elems[i])
		}
	}
}
