package tensor

import (
	"math"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestSpecialValues compares with values of 30 digits by mpmath; those of bessel_j0 and its kin above 5
// and of airy_ai below -2.09 are PyTorch's.
func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	tests := []struct {
		def  *ir.OpDef
		x    []float64
		want float64
	}{
		{Trigamma, []float64{-0.5}, 8.9348022005446793094},
		{Trigamma, []float64{30}, 0.033895060357739944214},
		{Trigamma, []float64{inf}, 0},
		{Zeta, []float64{2, 1}, 1.6449340668482264365},
		{Zeta, []float64{3, 2.5}, 0.1181020258208637015},
		{Zeta, []float64{1.5, 100}, 0.20050124998177190742},
		{Zeta, []float64{3, -2.25}, -61.948474887030082791},
		{Zeta, []float64{2, -1.75}, 19.301637544529786476},
		{Zeta, []float64{2, -1e15 - 0.5}, math.Pi * math.Pi},
		{Zeta, []float64{41, -1.5}, 4.8357082127492528e-17},
		{Zeta, []float64{50, 1}, 1.0000000000000008882},
		{Zeta, []float64{1, 3}, inf},
		{Zeta, []float64{2, -4}, inf},
		{Zeta, []float64{nan, 0}, inf},
		{Zeta, []float64{inf, -0.5}, inf},
		{Zeta, []float64{0.5, 3}, nan},
		{Zeta, []float64{2.5, -0.5}, nan},
		{Zeta, []float64{2, nan}, nan},
		{Gammainc, []float64{0.5, 0.25}, 0.52049987781304653768},
		{Gammaincc, []float64{2.5, 7}, 0.015609416100266914735},
		{Gammainc, []float64{2.5, 7}, 0.98439058389973308527},
		{Gammainc, []float64{0.001, 0.01}, 0.99596940303351315577},
		{Gammaincc, []float64{0.001, 0.01}, 0.0040305969664868442291},
		{Gammainc, []float64{30, 30}, 0.52428301389368006904},
		{Gammaincc, []float64{150, 170}, 0.05563443131019329444},
		{Gammaincc, []float64{1e4, 1.01e4}, 0.1586512495528203776},
		{Gammainc, []float64{1e6, 1e6}, 0.50013298076087259124},
		{Gammaincc, []float64{1e6, 1.002e6}, 0.022804095898769862758},
		{Gammaincc, []float64{5, 60}, 5.06004606584257394e-21},
		{Gammainc, []float64{10, 1e-3}, 2.75322785942846284e-37},
		{Gammainc, []float64{0, 1}, 1},
		{Gammainc, []float64{0, 0}, nan},
		{Gammainc, []float64{1, 0}, 0},
		{Gammainc, []float64{inf, nan}, 0},
		{Gammainc, []float64{nan, 0}, 0},
		{Gammaincc, []float64{nan, inf}, 0},
		{Gammaincc, []float64{inf, inf}, nan},
		{Gammaincc, []float64{nan, 1}, nan},
		{Gammaincc, []float64{-1, 1}, nan},
		{BesselJ0, []float64{-4.5}, -0.32054250898512154},
		{BesselJ0, []float64{5.04}, -0.16440789545377421},
		{BesselJ0, []float64{-20}, 0.16702466434058694},
		{BesselJ0, []float64{-inf}, nan},
		{BesselJ1, []float64{4.5}, -0.23106043192337065},
		{BesselJ1, []float64{-5.04}, 0.33179285952069804},
		{BesselJ1, []float64{20}, 0.066833124175871492},
		{BesselY0, []float64{4.5}, -0.19470500862950454},
		{BesselY0, []float64{5.04}, -0.31416074466896449},
		{BesselY0, []float64{-20}, nan},
		{BesselY1, []float64{5.04}, 0.13428270421829089},
		{BesselY1, []float64{20}, -0.16551161436251308},
		{BesselY1, []float64{inf}, nan},
		{BesselI0e, []float64{1e-8}, 0.999999990000000075},
		{BesselI0e, []float64{-39}, 0.0640896757505833239},
		{BesselI0e, []float64{41}, 0.0624969437568188907},
		{BesselI0e, []float64{inf}, 0},
		{BesselI1e, []float64{1e-8}, 4.99999995000000042e-9},
		{BesselI1e, []float64{-39}, -0.0632626054004871127},
		{BesselI1e, []float64{41}, 0.0617300206995181654},
		{BesselI1e, []float64{nan}, nan},
		{BesselK0e, []float64{1e-300}, 690.891459413872},
		{BesselK0e, []float64{1e-8}, 18.5366124449769019},
		{BesselK0e, []float64{1.5}, 0.958210053294896496},
		{BesselK0e, []float64{300}, 0.0723300317396073016},
		{BesselK0e, []float64{inf}, 0},
		{BesselK0e, []float64{-1}, nan},
		{BesselK1e, []float64{1e-300}, 1e300},
		{BesselK1e, []float64{1.5}, 1.24316587355255299},
		{BesselK1e, []float64{300}, 0.0724504816672584093},
		{AiryAi, []float64{-20}, -0.17640612707798469},
		{AiryAi, []float64{-3}, -0.37881428833043385},
		{AiryAi, []float64{-2}, 0.227407428201685576},
		{AiryAi, []float64{0.5}, 0.23169360648083349},
		{AiryAi, []float64{2}, 0.0349241304232743791},
		{AiryAi, []float64{10}, 1.10475325528986859e-10},
		{AiryAi, []float64{inf}, nan},
		{AiryAi, []float64{nan}, nan},
		{Ndtri, []float64{1e-300}, -37.0470962993611992},
		{Ndtri, []float64{1e-10}, -6.3613409024040562},
		{Ndtri, []float64{0.4999}, -0.000250662830088007492},
		{Ndtri, []float64{0.7}, 0.524400512708040656},
		{Ndtri, []float64{0.999999}, 4.75342430881708777},
		{Ndtri, []float64{1}, inf},
		{Ndtri, []float64{nan}, nan},
		{ChebyshevT, []float64{0.3, 50}, math.Cos(50 * math.Acos(0.3))},
		{ChebyshevT, []float64{-1, 9}, -1},
		{ChebyshevT, []float64{2, 5}, 362},
		{ChebyshevU, []float64{-1, 9}, -10},
		{ChebyshevV, []float64{-1, 9}, -19},
		{ChebyshevW, []float64{1, 9}, 19},
		{ChebyshevW, []float64{0.25, 4}, -0.5625},
		{ChebyshevT, []float64{2, 1e15}, nan},
		{HermiteH, []float64{0, 4}, 12},
		{HermiteH, []float64{2, 513}, nan},
		{HermiteHe, []float64{0, 4}, 3},
		{LaguerreL, []float64{1, 3}, -2. / 3},
		{LaguerreL, []float64{1, -1}, 0},
		{LegendreP, []float64{0.5, 3.9}, -0.4375},
		{LegendreP, []float64{0.5, -0.5}, 1},
		{LegendreP, []float64{0.5, nan}, 0},
		{LegendreP, []float64{0.5, inf}, 0},
		{LegendreP, []float64{nan, 4}, nan},
	}
	for _, tt := range tests {
		in := make([]*host.Tensor, len(tt.x))
		for i, x := range tt.x {
			in[i] = row(host.F64, x)
		}
		out, err := evalOne(t, tt.def, nil, nil, in...)
		if err != nil {
			t.Errorf("%s%v: %v", tt.def.Name, tt.x, err)
			continue
		}
		got := host.At(out, 0).(float64)
		if got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) && !(math.Abs(got-tt.want) <= 2e-9*math.Abs(tt.want)) {
			t.Errorf("%s%v: got %.17g, want %.17g", tt.def.Name, tt.x, got, tt.want)
		}
	}
}

// TestSpecialNarrow holds what depends on the type: the precision of f32, and mantissa and exponent of narrow types.
func TestSpecialNarrow(t *testing.T) {
	tests := []struct {
		def  *ir.OpDef
		elem host.Elem
		x    []any
		want string
	}{
		{HermiteH, host.F32, []any{2, 129}, "NaN"},
		{HermiteH, host.F32, []any{9, 60}, "NaN"},
		{LegendreP, host.F32, []any{2, 2}, "5.5"},
		{Mantissa, host.F16, []any{6e-8}, "0.5"},
		{Exponent, host.F16, []any{6e-8}, "-23"},
		{Exponent, host.BF16, []any{3e38}, "128"},
		{Exponent, host.F64, []any{5e-324}, "-1073"},
		{Mantissa, host.F64, []any{math.NaN()}, "NaN"},
		{Mantissa, host.F32, []any{math.Copysign(0, -1)}, "-0"},
	}
	for _, tt := range tests {
		var in []*host.Tensor
		for _, x := range tt.x {
			in = append(in, row(tt.elem, x))
		}
		got, err := evalOne(t, tt.def, nil, nil, in...)
		if err != nil {
			t.Errorf("%s%v of %s: %v", tt.def.Name, tt.x, tt.elem, err)
		} else if s := list(got); s != tt.want {
			t.Errorf("%s%v of %s: got %s, want %s", tt.def.Name, tt.x, tt.elem, s, tt.want)
		}
	}
	t32, err := evalOne(t, Trigamma, nil, nil, row(host.F32, -1))
	if err != nil || host.At(t32, 0).(float64) > 1e20 {
		t.Errorf("trigamma(-1) of f32: got %v, %v, want what rounding leaves of a pole", t32, err)
	}
}
