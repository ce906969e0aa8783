package host

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
)

// naiveAttention has one batch axis; all operands are dense.
func naiveAttention(q, k, v, mask *Tensor, c AttentionParams) []complex128 {
	b, h, l, e := q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3]
	g, s, ev := k.Shape[1], k.Shape[2], v.Shape[3]
	vq, vk, vv := Values[float64](q), Values[float64](k), Values[float64](v)
	var add []float64
	if mask != nil {
		wide, err := mask.Expand([]int{b, h, l, s})
		if err != nil {
			panic(err)
		}
		add = slices.Clone(Values[float64](wide))
		if mask.Elem == Bool {
			for i := range add {
				add[i] = math.Log(add[i])
			}
		}
	}
	var out []complex128
	for n := range b {
		for head := range h {
			for i := range l {
				sums, total := make([]float64, ev), 0.0
				for j := range s {
					if c.Causal && j > i || c.Window > 0 && (i-j >= c.Window || j-i >= c.Window) {
						continue
					}
					score := 0.0
					for x := range e {
						score += vq[((n*h+head)*l+i)*e+x] * vk[((n*g+head/(h/g))*s+j)*e+x]
					}
					score *= c.Scale
					if add != nil {
						score += add[((n*h+head)*l+i)*s+j]
					}
					w := math.Exp(score)
					total += w
					for x := range ev {
						sums[x] += w * vv[((n*g+head/(h/g))*s+j)*ev+x]
					}
				}
				for _, v := range sums {
					if total == 0 {
						total = 1
					}
					out = append(out, complex(v/total, 0))
				}
			}
		}
	}
	return out
}

func TestAttention(t *testing.T) {
	type sizes struct{ b, h, g, l, s, e, ev int }
	for _, c := range []struct {
		sizes
		mask []int // negative: bool
		AttentionParams
	}{
		{sizes: sizes{1, 1, 1, 1, 1, 1, 1}},
		{sizes: sizes{2, 2, 2, 5, 7, 4, 3}},
		{sizes: sizes{2, 4, 2, 3, 6, 4, 4}},
		{sizes: sizes{1, 4, 1, 1, 9, 8, 8}},
		{sizes: sizes{1, 2, 2, 70, 66, 3, 5}},
		{sizes: sizes{1, 2, 1, 70, 66, 3, 5}, AttentionParams: AttentionParams{Causal: true}},
		{sizes: sizes{1, 1, 1, 6, 6, 3, 5}, AttentionParams: AttentionParams{Causal: true, Window: 3, Scale: 0.3}},
		{sizes: sizes{1, 1, 1, 6, 6, 3, 5}, AttentionParams: AttentionParams{Window: 2}},
		{sizes: sizes{1, 1, 1, 9, 2, 3, 2}, AttentionParams: AttentionParams{Window: 1}},
		{sizes: sizes{2, 2, 2, 4, 5, 4, 4}, mask: []int{4, 5}},
		{sizes: sizes{2, 2, 2, 4, 5, 4, 4}, mask: []int{2, 1, 1, 5}},
		{sizes: sizes{0, 2, 2, 4, 5, 4, 4}},
		{sizes: sizes{1, 2, 2, 4, 0, 4, 4}},
	} {
		for _, e := range []Elem{F32, F16, BF16, F64} {
			for _, hide := range []bool{false, true} {
				q, k, v := transposed(e, 1, c.b, c.h, c.l, c.e), transposed(e, 2, c.b, c.g, c.s, c.e), transposed(e, 3, c.b, c.g, c.s, c.ev)
				var mask *Tensor
				if c.mask != nil {
					mask = transposed(e, 4, c.mask...)
					if hide {
						mask = transposed(Bool, 9, c.mask...)
					}
				}
				if c.Scale == 0 {
					c.Scale = 0.5
				}
				got, err := Attention(goParallel, q, k, v, mask, c.AttentionParams)
				if err != nil {
					t.Fatal(err)
				}
				near(t, fmt.Sprint(c, e, hide), got, []int{c.b, c.h, c.l, c.ev}, naiveAttention(q, k, v, mask, c.AttentionParams))
			}
		}
	}
}

func TestAttentionHidden(t *testing.T) {
	q, k, v := noise(F32, 1, 2, 4), noise(F32, 2, 3, 4), noise(F32, 3, 3, 2)
	mask, _ := FromValues(Bool, []int{2, 3}, []bool{false, false, false, false, true, false})
	got, err := Attention(Serial, q, k, v, mask, AttentionParams{Scale: 1})
	if err != nil {
		t.Fatal(err)
	}
	second := Values[complex128](v)[2:4]
	near(t, "hidden", got, []int{2, 2}, append([]complex128{0, 0}, second...))
}

func TestAttentionErrors(t *testing.T) {
	q := New(F32, 1, 4, 3, 8)
	for name, c := range map[string]struct{ q, k, v, mask *Tensor }{
		"heads":  {q, New(F32, 1, 3, 5, 8), New(F32, 1, 3, 5, 8), nil},
		"width":  {q, New(F32, 1, 4, 5, 7), New(F32, 1, 4, 5, 8), nil},
		"length": {q, New(F32, 1, 4, 5, 8), New(F32, 1, 4, 6, 8), nil},
		"mask":   {q, New(F32, 1, 4, 5, 8), New(F32, 1, 4, 5, 8), New(F32, 3, 4)},
		"rank":   {q, New(F32, 8), New(F32, 1, 4, 5, 8), nil},
		"types":  {q, New(F16, 1, 4, 5, 8), New(F32, 1, 4, 5, 8), nil},
	} {
		if out, err := Attention(Serial, c.q, c.k, c.v, c.mask, AttentionParams{Scale: 1}); err == nil {
			t.Errorf("%s: found %s, want an error", name, out)
		}
	}
}

func TestAttentionCuts(t *testing.T) {
	q, k, v := noise(F32, 1, 2, 3, 150, 16), noise(F32, 2, 2, 3, 150, 16), noise(F32, 3, 2, 3, 150, 16)
	one, _ := Attention(Serial, q, k, v, nil, AttentionParams{Causal: true, Scale: 0.1})
	many, _ := Attention(goParallel, q, k, v, nil, AttentionParams{Causal: true, Scale: 0.1})
	if !bytes.Equal(one.Data, many.Data) {
		t.Error("the result depends on the cuts")
	}
}

func TestRope(t *testing.T) {
	for _, e := range []Elem{F32, BF16, F64} {
		for _, interleaved := range []bool{false, true} {
			x, cos, sin := transposed(e, 1, 2, 3, 4, 6), noise(e, 2, 2, 1, 4, 6), noise(e, 3, 4, 6)
			got, err := Rope(goParallel, x, cos, sin, interleaved)
			if err != nil {
				t.Fatal(err)
			}
			wideCos, _ := cos.Expand(x.Shape)
			wideSin, _ := sin.Expand(x.Shape)
			v, c, s := Values[complex128](x), Values[complex128](wideCos), Values[complex128](wideSin)
			want := make([]complex128, len(v))
			for i := range v {
				k, turned := i%6, complex(0, 0)
				switch {
				case interleaved && k%2 == 0:
					turned = -v[i+1]
				case interleaved:
					turned = v[i-1]
				case k < 3:
					turned = -v[i+3]
				default:
					turned = v[i-3]
				}
				want[i] = v[i]*c[i] + turned*s[i]
			}
			near(t, fmt.Sprint(e, interleaved), got, x.Shape, want)
		}
	}
	if _, err := Rope(Serial, New(F32, 2, 5), New(F32, 5), New(F32, 5), false); err == nil {
		t.Error("an odd number of elements must be an error")
	}
	if _, err := Rope(Serial, New(F32, 2, 4), New(F32, 3, 4), New(F32, 4), false); err == nil {
		t.Error("a cosine that does not broadcast must be an error")
	}
}

func BenchmarkAttention(b *testing.B) {
	q := noise(F32, 1, 1, 12, 384, 64)
	for b.Loop() {
		if _, err := Attention(Serial, q, q, q, nil, AttentionParams{}); err != nil {
			b.Fatal(err)
		}
	}
}
