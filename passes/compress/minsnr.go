package compress

import "github.com/aiopt/aiopt/ir/host"

// What codes leave at least of a model's outputs, in dB: of integers by their bits, and of floats. A bit is worth
// 20 log10(2) = 6 dB where numbers are spread evenly; few bits leave less, and the errors of many layers add up, so that
// these are below what models show.
var (
	bitsSNR  = []float64{0, 0, 0, 3, 8, 13, 18, 22, 25}
	floatSNR = map[host.Elem]float64{host.F4E2M1: 8, host.F8E5M2: 14, host.F8E4M3: 20}
)

// MinSNR is the least SNR of a model's outputs, in dB, that one should expect with its weights stored so: what numeric
// verification demands. It is 0 where the user says how many elements become zero.
func (s Scheme) MinSNR() float64 {
	switch {
	case s.Sparse != nil:
		return 0
	case s.Quant != nil && s.Quant.Granularity.Kind == PerTensor && s.Quant.Elem.IsInt():
		return bitsSNR[min(max(s.Quant.Elem.Bits()-1, 0), 8)] // channels of small numbers use a part of the codes
	case s.Quant != nil:
		return codesSNR(s.Quant.Elem)
	case s.Palette != nil:
		least := bitsSNR[min(max(s.Palette.Bits/max(s.Palette.Length, 1), 0), 8)]
		if s.Palette.Table != host.Invalid {
			least = min(least, codesSNR(s.Palette.Table))
		}
		return least
	}
	return 0
}

func codesSNR(e host.Elem) float64 {
	if e.IsInt() {
		return bitsSNR[min(e.Bits(), 8)]
	}
	return floatSNR[e]
}
