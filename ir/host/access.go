package host

import (
	"fmt"
	"math"
	"strconv"
)

// SetInt writes element i of a contiguous tensor, converted as [Cast] does.
func SetInt(t *Tensor, i int, v int64) { Store(t, t.Offset+i, 1, []int64{v}) }

// SetFloat writes element i of a contiguous tensor, converted as [Cast] does.
func SetFloat(t *Tensor, i int, v float64) { Store(t, t.Offset+i, 1, []float64{v}) }

// Format prints element i for people and for the text form: floats with as many digits as tell them apart.
func Format(t *Tensor, i int) string {
	switch v := At(t, i).(type) {
	case float64:
		return FormatFloat(v, t.Elem)
	case complex128:
		part := F32
		if t.Elem == C128 {
			part = F64
		}
		return fmt.Sprintf("complex(%s, %s)", FormatFloat(real(v), part), FormatFloat(imag(v), part))
	default:
		return fmt.Sprint(v)
	}
}

// FormatFloat prints a float with the fewest digits that give it back in its type, and so that it reads as a float.
func FormatFloat(v float64, e Elem) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	bits := 32
	if e == F64 {
		bits = 64
	}
	s := strconv.FormatFloat(v, 'g', -1, bits)
	for _, c := range s {
		if c == '.' || c == 'e' {
			return s
		}
	}
	return s + ".0"
}
