package debugger

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// board is a picture of two by two pixels: black and red above, white and black below.
func board() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for i, c := range []color.RGBA{{A: 255}, {R: 255, A: 255}, {255, 255, 255, 255}, {A: 255}} {
		img.SetRGBA(i%2, i/2, c)
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}

func array(t testing.TB, values ...float32) []byte {
	t.Helper()
	x, err := host.FromValues(host.F32, []int{len(values)}, values)
	if err != nil {
		t.Fatal(err)
	}
	data, err := host.EncodeNPY(x)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// archive is a .npz file.
func archive(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, name := range names {
		w, err := z.Create(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(array(t, float32(i), 7)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tensors(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := safetensors.Encode(&b, []safetensors.Entry{{Name: "x", Elem: host.U8, Shape: []int{2}, Data: []byte{3, 7}}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// parsed is what an input gets of a file.
func parsed(name string, data []byte, v *ir.Value, place int, ask inputAsk) (*host.Tensor, error) {
	file, err := newUploaded(name, data)
	if err != nil {
		return nil, err
	}
	return file.tensor(v, place, ask)
}

// TestUploadOnce: inputs that name one file share what is read of it.
func TestUploadOnce(t *testing.T) {
	file, err := newUploaded("x.npz", archive(t, "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	k := &maker{files: map[string]*uploaded{"file0": file}, asks: map[string]inputAsk{"a": {From: fromFile, File: "file0"}}}
	var got [2]*host.Tensor
	for i := range got {
		if got[i], err = k.read(i, &ir.Param{Value: &ir.Value{Name: "a"}}); err != nil {
			t.Fatal(err)
		}
	}
	if got[0] != got[1] {
		t.Error("the file is parsed for each input")
	}
}

func TestUploads(t *testing.T) {
	rgb, gray := ir.StaticType(host.F32, 1, 3, 2, 2), ir.StaticType(host.U8, 2, 2, 1)
	for _, c := range []struct {
		name string
		data []byte
		typ  ir.Type
		ask  inputAsk
		want []float64
	}{
		{"x.npy", array(t, 1, 2), ir.Type{}, inputAsk{}, []float64{1, 2}},
		{"one.npz", archive(t, "other"), ir.Type{}, inputAsk{}, []float64{0, 7}},
		{"named.npz", archive(t, "a", "x"), ir.Type{}, inputAsk{}, []float64{1, 7}},
		{"placed.NPZ", archive(t, "a", "b", "in0"), ir.Type{}, inputAsk{}, []float64{2, 7}},
		{"x.safetensors", tensors(t), ir.Type{}, inputAsk{}, []float64{3, 7}},
		{"x.png", board(), rgb, inputAsk{}, []float64{0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0}},
		{"x.png", board(), rgb, inputAsk{Mean: []float64{0.5, 0, 1}, Std: []float64{0.5, 1, 0.25}}, []float64{-1, 1, 1, -1, 0, 0, 1, 0, -4, -4, 0, -4}},
		{"x.png", board(), gray, inputAsk{}, []float64{0, 76, 255, 0}},
	} {
		got, err := parsed(c.name, c.data, &ir.Value{Name: "x", Type: c.typ}, 0, c.ask)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, x := range numbers(got) {
			if i >= len(c.want) || math.Abs(x-c.want[i]) > 1e-3 {
				t.Errorf("%s: got %v, want %v", c.name, numbers(got), c.want)
				break
			}
		}
	}
	if _, err := parsed("x.npz", archive(t, "a", "b"), &ir.Value{Name: "x"}, 0, inputAsk{}); err == nil {
		t.Error("one of two arrays is taken")
	}
}

// FuzzUpload: whatever a page sends becomes a tensor or an error.
func FuzzUpload(f *testing.F) {
	endings := []string{".npy", ".npz", ".safetensors", ".png", ".jpg"}
	for i, data := range [][]byte{array(f, 1, 2), archive(f, "x"), tensors(f), board(), board()} {
		f.Add(uint8(i), data)
	}
	v := &ir.Value{Name: "x", Type: ir.StaticType(host.F32, 1, 3, 4, 4)}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		got, err := parsed("x"+endings[int(kind)%len(endings)], data, v, 0, inputAsk{})
		if err == nil {
			measure(got)
		}
	})
}
