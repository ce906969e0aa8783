package debugger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// mostSide is how many elements a slice shows along an axis; of a longer one every n-th is shown.
const mostSide = 256

// sliceInfo is a plane of a tensor: its last two axes, at one place of the others.
type sliceInfo struct {
	Shape  []int  `json:"shape"`
	At     []int  `json:"at"`
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	Step   [2]int `json:"step"`           // which rows and columns are shown
	Values string `json:"values"`         // f32, little-endian, in base64
	Note   string `json:"note,omitempty"` // as of stats
}

// plane gives the last two axes of a tensor at the place that a request names; a tensor of a lower rank is a row.
func plane(r *http.Request, t *host.Tensor) (*host.Tensor, []int, error) {
	at := make([]int, max(t.Rank()-2, 0))
	for i, word := range strings.Split(r.FormValue("at"), ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || i >= len(at) || n < 0 || n >= t.Shape[i] {
			return nil, nil, badRequest("at=%q: expected a place in %s, without the last two axes", r.FormValue("at"), host.ShapeText(t.Shape))
		}
		at[i] = n
	}
	t, err := cut(t, at)
	if err != nil {
		return nil, nil, err
	}
	for t.Rank() < 2 {
		if t, err = t.Reshape(append([]int{1}, t.Shape...)); err != nil {
			return nil, nil, err
		}
	}
	return t, at, nil
}

// cut gives what a tensor has at one place of its first axes. Of a packed one no more than that is unpacked.
func cut(t *host.Tensor, at []int) (*host.Tensor, error) {
	rest, first := t.Shape[len(at):], 0
	for i, n := range at {
		if t.Shape[i] == 0 {
			return nil, badRequest("the tensor has no elements")
		}
		first = first*t.Shape[i] + n
	}
	if t.Elem.Packed() {
		size, err := host.SizeBytes(t.Elem, rest)
		if err != nil {
			return nil, err
		}
		out, err := host.FromBytes(t.Elem, rest, t.Data[first*size:(first+1)*size]) // rows begin at whole bytes
		if err != nil {
			return nil, err
		}
		return host.Unpack(out), nil
	}
	for _, n := range at {
		t = t.Select(0, n)
	}
	return t, nil
}

// thin shows every n-th element of long axes.
func thin(t *host.Tensor) (*host.Tensor, [2]int) {
	var step [2]int
	for axis := range step {
		step[axis] = max((t.Shape[axis]+mostSide-1)/mostSide, 1)
		t = t.Slice(axis, 0, t.Shape[axis], step[axis])
	}
	return t, step
}

// shownTensor is what a request is about.
func (s *Server) shownTensor(r *http.Request) (*host.Tensor, error) {
	find := s.runTensor
	switch {
	case r.PathValue("comparison") != "":
		find = s.pointTensor
	case r.PathValue("model") != "":
		find = s.constantTensor
	}
	return find(r)
}

// runTensor is a value of a run.
func (s *Server) runTensor(r *http.Request) (*host.Tensor, error) {
	c, id, err := s.runValue(r)
	if err != nil {
		return nil, err
	}
	return s.runValueTensor(r.Context(), c, id)
}

// constantTensor is the data of a constant, which needs no run.
func (s *Server) constantTensor(r *http.Request) (*host.Tensor, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	p, err := m.program(r.PathValue("func"))
	if err != nil {
		return nil, err
	}
	n, err := p.node(r)
	if err != nil {
		return nil, err
	}
	op := p.tree.Op(n)
	if op == nil || !op.Is(core.Constant) {
		return nil, notFound("the node %d is no constant", n)
	}
	switch v := op.Attr("value").(type) {
	case ir.Dense:
		return v.T, nil
	case ir.Symbol:
		if res := m.module.Resource(string(v)); res != nil {
			return res.Tensor()
		}
	}
	return nil, notFound("%s has no data of its own", text.PrintOp(op, p.names[op.Parent()]))
}

func (s *Server) getSlice(r *http.Request) (any, error) {
	t, err := s.shownTensor(r)
	if err != nil {
		return nil, err
	}
	p, at, err := plane(r, t)
	if err != nil {
		return nil, err
	}
	p, step := thin(p)
	data := make([]byte, 0, 4*p.Len())
	for _, x := range numbers(p) {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(x)))
	}
	info := sliceInfo{Shape: t.Shape, At: at, Rows: p.Shape[0], Cols: p.Shape[1], Step: step, Values: base64.StdEncoding.EncodeToString(data)}
	if t.Elem.IsComplex() {
		info.Note = magnitudes
	}
	return info, nil
}

// getImage shows a tensor as a picture. map=gray spreads a plane from its least to its largest number, map=rgb three channels alike,
// and map=mask shows what is above the threshold.
func (s *Server) getImage(r *http.Request) (any, error) {
	t, err := s.shownTensor(r)
	if err != nil {
		return nil, err
	}
	painted, err := paint(r, t)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, painted); err != nil {
		return nil, badRequest("a tensor of %s makes no picture: %v", host.ShapeText(t.Shape), err)
	}
	return picture(b.Bytes()), nil
}

func paint(r *http.Request, t *host.Tensor) (image.Image, error) {
	if r.FormValue("map") == "rgb" {
		return paintColours(r, t)
	}
	p, _, err := plane(r, t)
	if err != nil {
		return nil, err
	}
	if p.Len() > mostPixels {
		return nil, badRequest("the picture would be too large")
	}
	tone := spread(numbers(p))
	if r.FormValue("map") == "mask" {
		threshold, err := strconv.ParseFloat(r.FormValue("threshold"), 64)
		if err != nil {
			return nil, badRequest("threshold=%q: expected a number", r.FormValue("threshold"))
		}
		tone = func(x float64) uint8 {
			if x > threshold {
				return 255
			}
			return 0
		}
	}
	out := image.NewGray(image.Rect(0, 0, p.Shape[1], p.Shape[0]))
	for i, x := range numbers(p) {
		out.Pix[i] = tone(x)
	}
	return out, nil
}

// paintColours shows three channels.
func paintColours(r *http.Request, t *host.Tensor) (image.Image, error) {
	at := imageAxes(ir.TypeOf(t))
	if at == nil || t.Shape[at.channel] != 3 {
		return nil, badRequest("%s has no three channels to show as colours", host.ShapeText(t.Shape))
	}
	n, err := strconv.Atoi("0" + r.FormValue("at"))
	if err != nil || t.Rank() == 4 && n >= t.Shape[0] {
		return nil, badRequest("at=%q: expected the number of an image of the batch", r.FormValue("at"))
	}
	first := t.Rank() - 3 // 1 where there is a batch
	one, err := cut(t, []int{n}[:first])
	if err != nil {
		return nil, err
	}
	order := one.Transpose([]int{at.height - first, at.width - first, at.channel - first})
	if order.Len() > 3*mostPixels {
		return nil, badRequest("the picture would be too large")
	}
	values := numbers(order)
	tone := spread(values)
	out := image.NewRGBA(image.Rect(0, 0, order.Shape[1], order.Shape[0]))
	for i := 0; i+2 < len(values); i += 3 {
		out.SetRGBA(i/3%order.Shape[1], i/3/order.Shape[1], color.RGBA{tone(values[i]), tone(values[i+1]), tone(values[i+2]), 255})
	}
	return out, nil
}

// spread maps numbers to tones, the least to black and the largest to white.
func spread(values []float64) func(float64) uint8 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			least, most = min(least, x), max(most, x)
		}
	}
	return func(x float64) uint8 {
		if !(most > least) || math.IsNaN(x) {
			return 0
		}
		return uint8(math.Round(255 * min(max((x-least)/(most-least), 0), 1)))
	}
}
