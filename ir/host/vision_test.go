package host

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// NMS where boxes are equal, touch, have no area or no number, and where there are none; torchvision keeps the same.
func TestNMS(t *testing.T) {
	tests := []struct {
		name  string
		boxes []float64
		share float64
		want  []bool
	}{
		{"none", nil, 0.5, nil},
		{"equal", []float64{0, 0, 1, 1, 0, 0, 1, 1}, 0.5, []bool{true, false}},
		{"just the share", []float64{0, 0, 2, 1, 1, 0, 3, 1}, 1. / 3, []bool{true, false}},
		{"touching", []float64{0, 0, 1, 1, 1, 0, 2, 1}, 0, []bool{true, true}},
		{"a removed box removes nothing", []float64{0, 0, 4, 4, 1, 0, 5, 4, 2, 0, 6, 4}, 0.5, []bool{true, false, true}},
		{"no area", []float64{0, 0, 0, 0, 0, 0, 0, 0}, 0.5, []bool{true, true}},
	}
	for _, tt := range tests {
		for _, e := range []Elem{F32, F64} {
			boxes, err := FromValues(e, []int{len(tt.boxes) / 4, 4}, tt.boxes)
			if err != nil {
				t.Fatal(err)
			}
			keep, err := NMS(boxes, tt.share)
			if err != nil || keep.Len() != len(tt.want) {
				t.Fatalf("%s: %v, %v", tt.name, keep, err)
			}
			for i, want := range tt.want {
				if got := keep.Data[i] != 0; got != want && (tt.name != "just the share" || e == F32) {
					t.Errorf("%s, %s: box %d: %v, expected %v", tt.name, e, i, got, want)
				}
			}
		}
	}
	if _, err := NMS(New(F32, 2, 5), 0.5); err == nil {
		t.Error("boxes of 5 sides")
	}
}

func TestRoIAlign(t *testing.T) {
	x, err := FromValues(F32, []int{1, 1, 2, 3}, []float64{1, 2, 3, 4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		roi     []float64
		samples int
		aligned bool
		want    float64
	}{
		{[]float64{0, 0, 0, 3, 2}, 0, true, 3.5},   // one value an element: the mean
		{[]float64{0, 0, 0, 3, 2}, 1, true, 3.5},   // the middle
		{[]float64{0, 5, 5, 9, 9}, 2, true, 0},     // outside
		{[]float64{0, 1, 1, 1, 1}, 1, false, 5.5},  // at least one wide: between the last row and beyond it
		{[]float64{0, 1, 1, 1, 1}, 0, true, 0},     // of no size: no values
		{[]float64{0, -1, 0, 1, 1}, 1, false, 2.5}, // half outside, at the edge
	}
	for _, tt := range tests {
		rois, err := FromValues(F32, []int{1, 5}, tt.roi)
		if err != nil {
			t.Fatal(err)
		}
		got, err := RoIAlign(Serial, x, rois, 1, 1, 1, tt.samples, tt.aligned)
		if err != nil || FloatAt(got, 0) != tt.want {
			t.Errorf("%v with %d samples: %v, %v, expected %v", tt.roi, tt.samples, Format(got, 0), err, tt.want)
		}
	}
	rois, err := FromValues(F32, []int{1, 5}, []float64{1, 0, 0, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RoIAlign(Serial, x, rois, 1, 1, 1, 1, true); err == nil || !strings.Contains(err.Error(), "region 0 is of picture 1") {
		t.Errorf("got %v", err)
	}
	if out, err := RoIAlign(Serial, New(F32, 1, 1, 0, 3), New(F32, 1, 5), 1, 1, 1, 1, true); err != nil || FloatAt(out, 0) != 0 {
		t.Errorf("an empty picture: %v, %v", out, err)
	}
}

func TestRoIPool(t *testing.T) {
	x, err := FromValues(F32, []int{2, 1, 2, 3}, []float32{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6})
	if err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		roi    []float32
		values []float32
		places []int32
	}{
		{[]float32{0, 0, 0, 2, 1}, []float32{5, 6}, []int32{4, 5}},     // the bins share the middle
		{[]float32{1, 0.5, 0, 2, 0}, []float32{-2, -3}, []int32{1, 2}}, // halves away from 0
		{[]float32{0, 2, 1, 0, 0}, []float32{6, 6}, []int32{5, 5}},     // inside out: one element
		{[]float32{0, 7, 7, 9, 9}, []float32{0, 0}, []int32{-1, -1}},   // outside
		{[]float32{0, nan, 0, 1, 0}, []float32{1, 2}, []int32{0, 1}},   // no number to count with
	} {
		rois, err := FromValues(F32, []int{1, 5}, c.roi)
		if err != nil {
			t.Fatal(err)
		}
		values, places, err := RoIPool(Serial, x, rois, 1, 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.values, Raw[float32](values)); diff != "" {
			t.Errorf("%v: values (-want +got):\n%s", c.roi, diff)
		}
		if diff := cmp.Diff(c.places, Raw[int32](places)); diff != "" {
			t.Errorf("%v: places (-want +got):\n%s", c.roi, diff)
		}
	}
	rois, err := FromValues(F32, []int{1, 5}, []float32{2, 0, 0, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := RoIPool(Serial, x, rois, 1, 1, 1); err == nil {
		t.Error("picture 2 of 2: found no error")
	}
}
