package host

import (
	"math"
	"testing"
)

// The wanted values of these tests are PyTorch's formulas worked out by hand.
func TestResample(t *testing.T) {
	ramp := []float64{0, 1, 2, 3}
	for _, c := range []struct {
		name      string
		in        []float64
		n         int
		f         Filter
		corners   bool
		antialias bool
		scale     float64
		want      []float64
	}{
		{"nearest up", ramp, 8, FilterNearest, false, false, 0, []float64{0, 0, 1, 1, 2, 2, 3, 3}},
		{"nearest down", ramp, 3, FilterNearest, false, false, 0, []float64{0, 1, 2}},
		{"nearest exact", ramp, 3, FilterNearestExact, false, false, 0, []float64{0, 2, 3}},
		{"nearest by factor", ramp, 5, FilterNearest, false, false, 1.4, []float64{0, 0, 1, 2, 2}},
		{"linear up", ramp, 8, FilterLinear, false, false, 0, []float64{0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3}},
		{"linear corners", ramp, 7, FilterLinear, true, false, 0, []float64{0, 0.5, 1, 1.5, 2, 2.5, 3}},
		{"linear to one", ramp, 1, FilterLinear, true, false, 0, []float64{0}},
		{"linear down", ramp, 2, FilterLinear, false, false, 0, []float64{0.5, 2.5}},
		{"linear same", ramp, 4, FilterLinear, false, false, 0, ramp},
		{"linear same by factor", ramp, 4, FilterLinear, false, false, 1.2, ramp},
		{"linear antialias", ramp, 2, FilterLinear, false, true, 0, []float64{5.0 / 7, 16.0 / 7}},
		{"cubic corners", ramp, 7, FilterCubic, true, false, 0, []float64{0, 0.40625, 1, 1.5, 2, 2.59375, 3}},
		{"cubic same", ramp, 4, FilterCubic, false, false, 0, ramp},
		{"one element", []float64{5}, 3, FilterCubic, false, false, 0, []float64{5, 5, 5}},
	} {
		for _, e := range []Elem{F32, F64, F16, I32, U8} {
			if !e.IsFloat() && c.f > FilterNearestExact {
				continue
			}
			f64, _ := FromValues(F64, []int{1, len(c.in)}, c.in)
			x, out := New(e, 1, len(c.in)), New(F64, 1, c.n)
			if err := Cast(Serial, x, f64); err != nil {
				t.Fatal(err)
			}
			var scales []float64
			if c.scale != 0 {
				scales = []float64{c.scale}
			}
			got, err := Resample(goParallel, x, []int{c.n}, c.f, c.corners, c.antialias, scales)
			if err != nil {
				t.Fatal(c.name, err)
			}
			if err := Cast(Serial, out, got); err != nil {
				t.Fatal(err)
			}
			for i, v := range Values[float64](out) {
				if math.Abs(v-c.want[i]) > 1e-3 || e == F64 && math.Abs(v-c.want[i]) > 1e-12 {
					t.Errorf("%s %s: found %v, want %v", c.name, e, Values[float64](out), c.want)
					break
				}
			}
		}
	}
}

// TestResampleAxes holds that several axes are the product of single ones, whatever the layout.
func TestResampleAxes(t *testing.T) {
	x := transposed(F64, 1, 2, 3, 4, 5)
	got, err := Resample(goParallel, x, []int{7, 3}, FilterLinear, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := Resample(Serial, x, []int{3}, FilterLinear, false, false, nil)
	both, _ := Resample(Serial, rows.Transpose([]int{0, 1, 3, 2}), []int{7}, FilterLinear, false, false, nil)
	near(t, "two axes", got, []int{2, 3, 7, 3}, Values[complex128](both.Transpose([]int{0, 1, 3, 2})))
}

func TestResampleErrors(t *testing.T) {
	x := New(F32, 2, 4)
	for name, run := range map[string]func() (*Tensor, error){
		"size 0": func() (*Tensor, error) { return Resample(Serial, x, []int{0}, FilterNearest, false, false, nil) },
		"rank":   func() (*Tensor, error) { return Resample(Serial, x, []int{1, 1, 1}, FilterNearest, false, false, nil) },
		"factors": func() (*Tensor, error) {
			return Resample(Serial, x, []int{1}, FilterNearest, false, false, []float64{1, 2})
		},
		"empty": func() (*Tensor, error) {
			return Resample(Serial, New(F32, 2, 0), []int{3}, FilterNearest, false, false, nil)
		},
		"integers": func() (*Tensor, error) {
			return Resample(Serial, New(I32, 2, 4), []int{3}, FilterLinear, false, false, nil)
		},
	} {
		if y, err := run(); err == nil {
			t.Errorf("%s: found %s, want an error", name, y)
		}
	}
}

func TestGridSample(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		f       Filter
		pad     GridPadding
		corners bool
		grid    [2]float64 // x, y
		want    float64
	}{
		// the input is 0 1 2 / 3 4 5; without corners x = -1 is half a pixel before the first one
		{"centre", FilterLinear, PadZeros, false, [2]float64{0, 0}, 2.5},
		{"corner", FilterLinear, PadZeros, true, [2]float64{1, 1}, 5},
		{"corner outside", FilterLinear, PadZeros, false, [2]float64{1, 1}, 1.25},
		{"border", FilterLinear, PadBorder, false, [2]float64{1.5, 1.7}, 5},
		{"reflection", FilterLinear, PadReflection, true, [2]float64{2, -1}, 1},
		{"reflection by edges", FilterLinear, PadReflection, false, [2]float64{5.0 / 3, -0.5}, 1.5},
		{"nearest", FilterNearest, PadZeros, true, [2]float64{0.6, 0.9}, 5},
		{"nearest to even", FilterNearest, PadZeros, true, [2]float64{0.5, -1}, 2},
		{"nearest outside", FilterNearest, PadZeros, true, [2]float64{1.6, -1}, 0},
		{"nan", FilterNearest, PadBorder, true, [2]float64{nan, -1}, 0},
		{"far", FilterLinear, PadBorder, false, [2]float64{1e30, -1e30}, 2},
		{"cubic on a pixel", FilterCubic, PadZeros, true, [2]float64{0, 1}, 4},
		{"cubic between", FilterCubic, PadBorder, true, [2]float64{0.5, -1}, 1.59375},
	} {
		for _, e := range []Elem{F32, F64} {
			x, _ := FromValues(F64, []int{1, 1, 2, 3}, []float64{0, 1, 2, 3, 4, 5})
			g, _ := FromValues(F64, []int{1, 1, 1, 2}, c.grid[:])
			x2, g2 := New(e, x.Shape...), New(e, g.Shape...)
			if err := Cast(Serial, x2, x); err != nil {
				t.Fatal(err)
			}
			if err := Cast(Serial, g2, g); err != nil {
				t.Fatal(err)
			}
			got, err := GridSample(Serial, x2, g2, c.f, c.pad, c.corners)
			if err != nil {
				t.Fatal(c.name, err)
			}
			near(t, c.name, got, []int{1, 1, 1, 1}, []complex128{complex(c.want, 0)})
		}
	}
}

// TestGridSampleLinear holds that linear sampling reproduces a linear function, with three axes and several channels.
func TestGridSampleLinear(t *testing.T) {
	values := make([]float64, 2*2*3*4*5)
	for i := range values {
		z, y, x := i/20%3, i/5%4, i%5
		values[i] = float64(i/60) + 2*float64(z) + 3*float64(y) - float64(x)
	}
	x, _ := FromValues(F64, []int{2, 2, 3, 4, 5}, values)
	g := noise(F64, 1, 2, 1, 2, 7, 3)
	for i, v := range Values[float64](g) {
		Values[float64](g)[i] = v / 2.001
	}
	got, err := GridSample(goParallel, x, g, FilterLinear, PadZeros, true)
	if err != nil {
		t.Fatal(err)
	}
	var want []complex128
	at := Values[float64](g)
	for n := range 2 {
		for c := range 2 {
			for i := range 14 {
				p := at[(n*14+i)*3:]
				want = append(want, complex(float64(n*2+c)+2*(p[2]+1)/2*2+3*(p[1]+1)/2*3-(p[0]+1)/2*4, 0))
			}
		}
	}
	near(t, "linear", got, []int{2, 2, 1, 2, 7}, want)
	if _, err := GridSample(Serial, x, g, FilterCubic, PadZeros, true); err == nil {
		t.Error("cubic sampling of three axes must be an error")
	}
}
