package host

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

// smallTypes are the float formats of at most 16 bits, described apart from the code: exponent and mantissa bits, bias.
var smallTypes = []struct {
	elem           Elem
	exp, mant      int
	bias           int
	hasInf, hasNaN bool
}{
	{F16, 5, 10, 15, true, true},
	{BF16, 8, 7, 127, true, true},
	{F8E5M2, 5, 2, 15, true, true},
	{F8E4M3, 4, 3, 7, false, true},
	{F4E2M1, 2, 1, 1, false, false},
}

// decode reads a code by the definition of its format.
func decode(exp, mant, bias int, hasInf, hasNaN bool, code int) float64 {
	sign := 1.0
	if code>>(exp+mant)&1 == 1 {
		sign = -1
	}
	e, m := code>>mant&(1<<exp-1), code&(1<<mant-1)
	top := e == 1<<exp-1
	switch {
	case hasInf && top && m == 0:
		return math.Inf(int(sign))
	case hasInf && top, hasNaN && !hasInf && top && m == 1<<mant-1:
		return math.NaN()
	case e == 0:
		return sign * math.Ldexp(float64(m), 1-bias-mant)
	}
	return sign * math.Ldexp(float64(m+1<<mant), e-bias-mant)
}

func TestSmallFloatsDecode(t *testing.T) {
	for _, s := range smallTypes {
		if s.elem.Packed() {
			continue
		}
		n := 1 << s.elem.Bits()
		in := New(s.elem, n)
		for c := range n {
			if s.elem.Bytes() == 2 {
				words[uint16](in.Data)[c] = uint16(c)
			} else {
				in.Data[c] = uint8(c)
			}
		}
		got := Values[float32](in)
		for c := range n {
			want := decode(s.exp, s.mant, s.bias, s.hasInf, s.hasNaN, c)
			if !sameFloat(float64(got[c]), want) {
				t.Fatalf("%s code %#x: got %v, want %v", s.elem, c, got[c], want)
			}
		}
		back, err := FromValues(s.elem, []int{n}, got)
		if err != nil {
			t.Fatal(err)
		}
		again := Values[float32](back)
		for c := range n {
			if math.IsNaN(float64(got[c])) {
				if !math.IsNaN(float64(again[c])) {
					t.Fatalf("%s code %#x: NaN is lost", s.elem, c)
				}
				if s.elem.Bytes() == 1 {
					continue // one-byte types keep a NaN, not its payload
				}
			}
			if a, b := rawCode(in, c), rawCode(back, c); a != b {
				t.Fatalf("%s code %#x comes back as %#x", s.elem, a, b)
			}
		}
	}
}

func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

func rawCode(t *Tensor, i int) int {
	if t.Elem.Bytes() == 2 {
		return int(words[uint16](t.Data)[i])
	}
	return int(t.Data[i])
}

// TestSmallFloatsRound holds rounding against a search for the nearest number, ties to the even code, with the neighbours
// of every midpoint.
func TestSmallFloatsRound(t *testing.T) {
	for _, s := range smallTypes {
		value := func(c int) float64 { return decode(s.exp, s.mant, s.bias, s.hasInf, s.hasNaN, c) }
		top := 0 // the largest finite code
		for c := range 1 << (s.exp + s.mant) {
			if v := value(c); !math.IsInf(v, 0) && !math.IsNaN(v) {
				top = c
			}
		}
		type sample struct {
			x    float32
			want int
		}
		var samples []sample
		for c := range top {
			mid := new(big.Float).SetFloat64(value(c))
			mid.Add(mid, new(big.Float).SetFloat64(value(c+1)))
			half, _ := mid.Quo(mid, big.NewFloat(2)).Float32()
			even := c + c&1
			samples = append(samples, sample{half, even}, sample{float32(value(c)), c})
			if half > math.SmallestNonzeroFloat32 {
				samples = append(samples, sample{math.Nextafter32(half, 0), c}, sample{math.Nextafter32(half, math.MaxFloat32), c + 1})
			}
			if s.elem == BF16 && c < 4 {
				samples = nil // bf16's least numbers are float32 subnormals; covered from there on
			}
		}
		samples = append(samples, sample{float32(value(top)), top})
		// Beyond the largest number the next code is infinity, or NaN; f4 stays.
		next := top
		if s.hasInf || s.hasNaN {
			next = top + 1
		}
		step := value(top) - value(top-1)
		tie := value(top) + step/2
		samples = append(samples,
			sample{math.Nextafter32(float32(tie), 0), top},
			sample{math.Nextafter32(float32(tie), math.MaxFloat32), next},
			sample{math.MaxFloat32, next}, sample{float32(math.Inf(1)), next})
		xs := make([]float32, 0, 2*len(samples))
		for _, smp := range samples {
			xs = append(xs, smp.x, -smp.x)
		}
		packed, err := FromValues(s.elem, []int{len(xs)}, xs)
		if err != nil {
			t.Fatal(err)
		}
		got := Values[float32](packed)
		for i, smp := range samples {
			want := value(smp.want)
			if !sameFloat(float64(got[2*i]), want) || !math.IsNaN(want) && !sameFloat(float64(got[2*i+1]), -want) {
				t.Fatalf("%s of %v: got %v and %v, want %v", s.elem, smp.x, got[2*i], got[2*i+1], want)
			}
		}
	}
}

// The codes come from torch 2.11: x.to(torch.float8_e8m0fnu).
func TestE8M0(t *testing.T) {
	xs := []float32{0, 1, 1.5, 1.4999, 1.5001, 3, -2, 0x1p-127, 0x1.8p-127, 0x1p127, 0x1.8p127, float32(math.Inf(1)), float32(math.NaN())}
	want := []int{0, 127, 128, 127, 128, 129, 128, 0, 1, 254, 255, 255, 255}
	out, err := FromValues(F8E8M0, []int{len(xs)}, xs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range xs {
		if rawCode(out, i) != want[i] {
			t.Errorf("%v: got %d, want %d", xs[i], rawCode(out, i), want[i])
		}
	}
	if got := Values[float32](out); got[0] != 0x1p-127 || got[2] != 2 || got[12] == got[12] {
		t.Errorf("decoded %v", got)
	}
}

// ramp holds small numbers, some negative, as far as the type has them.
func ramp(e Elem, n int) *Tensor {
	ints := make([]int64, n)
	for i := range ints {
		ints[i] = int64(i * 7 % 23)
		if e.Kind() != KindUint {
			ints[i] -= 5
		}
	}
	from, _ := FromValues(I64, []int{n}, ints)
	out := New(e, n)
	if err := Cast(Serial, out, from); err != nil {
		panic(err)
	}
	return out
}

func TestLoadStoreStrided(t *testing.T) {
	for _, e := range Elems() {
		if e.Packed() {
			continue
		}
		t.Run(e.String(), func(t *testing.T) {
			x := ramp(e, 200)
			for _, odd := range []int{0, 1} { // and with bytes that are not aligned
				y := &Tensor{Elem: e, Shape: x.Shape, Strides: x.Strides, Data: append(make([]byte, odd, odd+len(x.Data)), x.Data...)[odd:]}
				for _, stride := range []int{0, 1, 2, 3} {
					got := make([]complex128, 60)
					Load(got, y, 5, stride)
					for i, v := range got {
						if want := number(At(x, 5+i*stride)); v != want {
							t.Fatalf("stride %d element %d: got %v, want %v", stride, i, v, want)
						}
					}
				}
			}
		})
	}
}

func TestStoreStrided(t *testing.T) {
	check := func(e Elem, store func(out *Tensor, at, stride int)) {
		for _, odd := range []int{0, 1} {
			for _, stride := range []int{1, 3} {
				n := 150
				size := e.Bytes()
				out := &Tensor{Elem: e, Shape: []int{500}, Strides: []int{1}, Data: make([]byte, odd+500*size)[odd:]}
				store(out, 2, stride)
				for i := range n {
					if got, want := number(At(out, 2+i*stride)), complex(float64(i%100), 0); got != want && e != Bool {
						t.Fatalf("%s stride %d element %d: got %v, want %v", e, stride, i, got, want)
					}
				}
				if got := number(At(out, 2+n*stride)); got != 0 {
					t.Fatalf("%s: wrote past the end", e)
				}
			}
		}
	}
	for _, e := range []Elem{I8, I16, I32, I64} {
		check(e, func(out *Tensor, at, stride int) { Store(out, at, stride, count[int64](150)) })
	}
	for _, e := range []Elem{U8, U16, U32, U64} {
		check(e, func(out *Tensor, at, stride int) { Store(out, at, stride, count[uint64](150)) })
	}
	for _, e := range []Elem{F16, BF16, F32} {
		check(e, func(out *Tensor, at, stride int) { Store(out, at, stride, count[float32](150)) })
	}
	check(F64, func(out *Tensor, at, stride int) { Store(out, at, stride, count[float64](150)) })
	check(C64, func(out *Tensor, at, stride int) { Store(out, at, stride, count[complex64](150)) })
	check(C128, func(out *Tensor, at, stride int) { Store(out, at, stride, count[complex128](150)) })
}

func count[T Wide](n int) []T {
	ints := make([]int64, n)
	for i := range ints {
		ints[i] = int64(i % 100)
	}
	out := make([]T, n)
	Convert(out, ints)
	return out
}

func TestPackRoundTrip(t *testing.T) {
	for _, e := range Elems() {
		if !e.Packed() {
			continue
		}
		for _, shape := range [][]int{{}, {0}, {1}, {3, 0}, {7}, {8}, {2, 3}, {3, 9}, {2, 2, 16}} {
			name := fmt.Sprintf("%s %v", e, shape)
			wide := New(unpackedElem(e), shape...)
			row := 1
			if len(shape) > 0 {
				row = shape[len(shape)-1]
			}
			n := wide.Len()
			codes := make([]int, n)
			for i := range n {
				codes[i] = i * 5 % (1 << e.Bits())
				v := float64(codes[i])
				switch {
				case e == F4E2M1:
					v = decode(2, 1, 1, false, false, codes[i])
				case e.Kind() == KindInt && codes[i] >= 1<<(e.Bits()-1):
					v -= float64(int(1) << e.Bits())
				}
				if e == F4E2M1 {
					words[float32](wide.Data)[i] = float32(v)
				} else {
					wide.Data[i] = byte(int(v))
				}
			}
			packed, err := Pack(wide, e)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			// low bits first, along the last axis, rows padded to a byte
			size := (row*e.Bits() + 7) / 8
			want := make([]byte, len(packed.Data))
			for i, c := range codes {
				bit := i % row * e.Bits()
				for b := range e.Bits() {
					want[i/row*size+(bit+b)/8] |= byte(c>>b&1) << ((bit + b) % 8)
				}
			}
			if string(want) != string(packed.Data) {
				t.Errorf("%s: packed to % x, want % x", name, packed.Data, want)
			}
			if got := Unpack(packed); got.Elem != wide.Elem || string(got.Data) != string(wide.Data) {
				t.Errorf("%s: unpacked to %v, want %v", name, got.Data, wide.Data)
			}
		}
	}
}

func TestPackKeepsLowBits(t *testing.T) {
	in, _ := FromValues(I32, []int{4}, []int64{-1, 8, 17, 300})
	out, err := Pack(in, I4)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(Values[int64](out)); got != "[-1 -8 1 -4]" {
		t.Errorf("got %s", got)
	}
	if _, err := Pack(New(I8, 2), I8); err == nil {
		t.Error("i8 was packed")
	}
}

func TestScalars(t *testing.T) {
	for _, e := range Elems() {
		for _, s := range []*Tensor{must(Scalar(e, 1)), must(Scalar(e, 1.0)), must(Scalar(e, complex128(1)))} {
			want := complex128(1)
			if e == I1 {
				want = -1
			}
			if s.Rank() != 0 || s.Len() != 1 || number(At(s, 0)) != want || FloatAt(s, 0) != real(want) || IntAt(s, 0) != int64(real(want)) {
				t.Errorf("%s: got %v of shape %v", e, At(s, 0), s.Shape)
			}
		}
	}
	if u := must(Scalar(U64, uint64(math.MaxUint64))); At(u, 0) != uint64(math.MaxUint64) {
		t.Errorf("got %v", At(u, 0))
	}
	if _, err := Scalar(F32, "1"); err == nil {
		t.Error("text became a number")
	}
	if _, err := Full(F32, []int{1 << 40, 1 << 40}, 1); err == nil {
		t.Error("a shape too large was made")
	}
}

func TestStoreConverts(t *testing.T) {
	for _, e := range Elems() {
		if e.Packed() || e == F8E8M0 {
			continue
		}
		out := New(e, 300)
		Store(out, 1, 2, count[int64](140))
		Store(out, 0, 2, count[complex128](150))
		for i := range 280 {
			want := complex(float64(i/2%100), 0)
			if i%2 == 1 && i < 281 {
				want = complex(float64((i-1)/2%100), 0)
			}
			switch got := number(At(out, i)); {
			case e == Bool && real(want) != 0:
				want = 1
				fallthrough
			case e.Bits() > 8 || e.IsInt() || e == Bool:
				if got != want {
					t.Fatalf("%s element %d: got %v, want %v", e, i, got, want)
				}
			}
		}
	}
}
