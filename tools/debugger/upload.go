package debugger

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for uploads
	_ "image/png"  // for uploads
	"io"
	"mime/multipart"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// uploaded is a file that the page sends. It is parsed once, for however many inputs it is.
type uploaded struct {
	name    string
	tensors func() (map[string]*host.Tensor, error) // nil for an image
	picture func() (image.Image, error)             // nil for tensors
}

// readUpload reads a part of a request.
func readUpload(h *multipart.FileHeader) (*uploaded, error) {
	f, err := h.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxUpload))
	if err != nil {
		return nil, err
	}
	return newUploaded(h.Filename, data)
}

// newUploaded takes a .npy, .npz or .safetensors, or an image.
func newUploaded(name string, data []byte) (*uploaded, error) {
	u := &uploaded{name: name}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".npy":
		u.tensors = sync.OnceValues(func() (map[string]*host.Tensor, error) {
			t, err := host.ParseNPY(data)
			return map[string]*host.Tensor{"": t}, err
		})
	case ".npz":
		u.tensors = sync.OnceValues(func() (map[string]*host.Tensor, error) { return readNPZ(data) })
	case ".safetensors":
		u.tensors = sync.OnceValues(func() (map[string]*host.Tensor, error) {
			file, err := safetensors.Parse(data)
			if err != nil {
				return nil, err
			}
			return allOf(file)
		})
	case ".png", ".jpg", ".jpeg":
		u.picture = sync.OnceValues(func() (image.Image, error) { return readPicture(data) })
	default:
		return nil, fmt.Errorf("found %s, expected a .npy, .npz, .safetensors, .png or .jpg file", name)
	}
	return u, nil
}

// tensor gives that of an input: the image, the only tensor of the file, or the one by the input's name or place.
func (u *uploaded) tensor(v *ir.Value, place int, ask inputAsk) (*host.Tensor, error) {
	if u.picture != nil {
		return readImage(u.picture, v.Type, ask)
	}
	all, err := u.tensors()
	if err != nil {
		return nil, err
	}
	if t := pick(all, v.Name, place); t != nil {
		return t, nil
	}
	if len(all) == 1 {
		for _, t := range all {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%s has %s and none is called %s", u.name, host.Counted(len(all), "tensor"), v.Name)
}

// readNPZ reads the arrays of a zip file, whose directory may lie about their sizes.
func readNPZ(data []byte) (map[string]*host.Tensor, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("found no .npz file: %w", err)
	}
	all := map[string]*host.Tensor{}
	left := int64(maxUpload)
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			return nil, err
		}
		array, err := io.ReadAll(io.LimitReader(r, left+1))
		r.Close()
		if err != nil {
			return nil, err
		}
		if left -= int64(len(array)); left < 0 {
			return nil, fmt.Errorf("the arrays of the .npz have more than %d MiB", maxUpload>>20)
		}
		t, err := host.ParseNPY(array)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name, err)
		}
		all[strings.TrimSuffix(entry.Name, ".npy")] = t
	}
	return all, nil
}

// axes are the places of an image's axes in a shape.
type axes struct{ channel, height, width int }

// imageAxes finds the axes of an image in a type of rank 3 or 4, whose first axis is then the batch; nil where there are none.
func imageAxes(t ir.Type) *axes {
	first := t.Rank() - 3
	if first != 0 && first != 1 {
		return nil
	}
	for _, a := range []axes{{first, first + 1, first + 2}, {first + 2, first, first + 1}} {
		if n, ok := t.Shape[a.channel].IsConst(); ok && (n == 1 || n == 3) {
			return &a
		}
	}
	return nil
}

// mostPixels bounds what an image unfolds to.
const mostPixels = 16 << 20

// readPicture unfolds an image, whose head says how large it is.
func readPicture(data []byte) (image.Image, error) {
	known, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the image cannot be read: %w", err)
	}
	if known.Width <= 0 || known.Height <= 0 || known.Width > mostPixels/known.Height {
		return nil, errors.New("the image is too large")
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the image cannot be read: %w", err)
	}
	return img, nil
}

// readImage makes the tensor of an image: numbers from 0 to 1, less the mean, over the standard deviation of each channel; integers
// stay from 0 to 255. It takes the sizes of the type, or its own where these are open.
func readImage(picture func() (image.Image, error), t ir.Type, ask inputAsk) (*host.Tensor, error) {
	at := imageAxes(t)
	if at == nil {
		return nil, fmt.Errorf("%s is no image; expected 3 or 4 axes, one of them 1 or 3 channels", t)
	}
	img, err := picture()
	if err != nil {
		return nil, err
	}
	channels, _ := t.Shape[at.channel].IsConst()
	planes := split(img, int(channels))
	size := []int{sizeOr(t.Shape[at.height], planes.Shape[1]), sizeOr(t.Shape[at.width], planes.Shape[2])}
	if planes, err = host.Resample(host.Serial, planes, size, host.FilterLinear, false, true, nil); err != nil {
		return nil, err
	}
	return arrange(planes, t, *at, ask)
}

func sizeOr(d ir.Dim, otherwise int) int {
	if n, ok := d.IsConst(); ok {
		return int(n)
	}
	return otherwise
}

// split gives the channels of an image as planes of numbers from 0 to 1. One channel is its luminance (ITU-R BT.601).
func split(img image.Image, channels int) *host.Tensor {
	b := img.Bounds()
	out := host.New(host.F32, channels, b.Dy(), b.Dx())
	to := host.Raw[float32](out)
	plane := b.Dy() * b.Dx()
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			rgb := [3]float32{float32(r) / 0xffff, float32(g) / 0xffff, float32(bl) / 0xffff}
			if channels == 1 {
				rgb[0] = 0.299*rgb[0] + 0.587*rgb[1] + 0.114*rgb[2]
			}
			for c := range channels {
				to[c*plane+y*b.Dx()+x] = rgb[c]
			}
		}
	}
	return out
}

// arrange normalises planes and puts them in the order of a type's axes.
func arrange(planes *host.Tensor, t ir.Type, at axes, ask inputAsk) (*host.Tensor, error) {
	shape := make([]int, t.Rank())
	shape[0] = 1
	shape[at.channel], shape[at.height], shape[at.width] = planes.Shape[0], planes.Shape[1], planes.Shape[2]
	out, err := host.Alloc(t.Elem, shape)
	if err != nil {
		return nil, err
	}
	order := out.Transpose(append(leading(t.Rank()), at.channel, at.height, at.width))
	from := host.Raw[float32](planes)
	per := len(from) / planes.Shape[0]
	for i, x := range from {
		v := float64(x)
		switch c := i / per; {
		case !t.Elem.IsFloat():
			v *= 255
		case c < len(ask.Mean) && c < len(ask.Std) && ask.Std[c] != 0:
			v = (v - ask.Mean[c]) / ask.Std[c]
		}
		host.SetFloat(order, i, v)
	}
	return out, nil
}

// leading lists the axes before an image's three.
func leading(rank int) []int {
	if rank == 4 {
		return []int{0}
	}
	return nil
}
