package compress

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// workspace is what one piece is worked on in: the numbers of its blocks, one block after another, and what becomes of them.
type workspace struct {
	n             int // elements of a block
	x, importance []float32
	wide          []float64 // the numbers of f64 weights
	codes         []uint8
	scale, low    []float32 // of each block
	zero          []uint8

	tensors workspaceTensors
}

// workspaceTensors show the results as tensors.
type workspaceTensors struct {
	codes *host.Tensor
	grids gridTensors
}

// block is a block of some numbers, if there are any.
func (w *workspace) block(of []float32, b int) []float32 {
	if of == nil {
		return nil
	}
	return of[b*w.n : (b+1)*w.n]
}

// load reads a piece's numbers.
func (j *quantJob) load(i int) (*workspace, error) {
	numbers := j.layout.piece(j.numbers, i)
	rank := len(j.layout.count)
	x, err := castTo(host.F32, numbers)
	if err != nil {
		return nil, err
	}
	w := &workspace{x: host.Raw[float32](x)}
	if numbers.Elem == host.F64 {
		wide, err := castTo(host.F64, numbers)
		if err != nil {
			return nil, err
		}
		w.wide = host.Raw[float64](wide)
		if err := narrowed(w.wide, w.x); err != nil {
			return nil, err
		}
	}
	if j.importance != nil {
		if w.importance, err = j.loadImportance(i); err != nil {
			return nil, err
		}
	}
	t := &w.tensors
	if j.given != nil {
		t.codes = j.layout.piece(j.given.codes, i).Clone()
		g := j.given.grids
		t.grids = gridTensors{j.layout.piece(g.scale, i).Clone(), j.layout.piece(g.low, i).Clone(), j.layout.piece(g.zero, i).Clone()}
	} else {
		count := numbers.Shape[:rank]
		t.codes = host.New(host.U8, numbers.Shape...)
		t.grids = gridTensors{host.New(host.F32, count...), host.New(host.F32, count...), host.New(host.U8, count...)}
	}
	w.codes = host.Raw[uint8](t.codes)
	w.scale, w.low, w.zero = host.Raw[float32](t.grids.scale), host.Raw[float32](t.grids.low), host.Raw[uint8](t.grids.zero)
	w.n = len(w.x) / max(len(w.scale), 1)
	return w, nil
}

// loadImportance reads how much a piece's numbers weigh.
func (j *quantJob) loadImportance(i int) ([]float32, error) {
	t, err := castTo(host.F32, j.layout.piece(j.importance, i))
	if err != nil {
		return nil, err
	}
	weights := host.Raw[float32](t)
	for _, v := range weights {
		if !(v >= 0) || math.IsInf(float64(v), 1) {
			return nil, fmt.Errorf("its importance: it holds %g; weights of squared errors are finite and not negative", v)
		}
	}
	return weights, nil
}

// narrowed refuses what f32 cannot hold.
func narrowed(wide []float64, x []float32) error {
	for i, v := range x {
		if math.IsInf(float64(v), 0) && !math.IsInf(wide[i], 0) {
			return &Refusal{fmt.Sprintf("it holds %g; scales are f32, which ends at 3.4e38", wide[i])}
		}
	}
	return nil
}

func castTo(e host.Elem, t *host.Tensor) (*host.Tensor, error) {
	out := host.New(e, t.Shape...)
	return out, host.Cast(host.Serial, out, t)
}

// store puts the results of a piece into their places.
func (j *quantJob) store(i int, w *workspace) error {
	to, from := j.grids, w.tensors.grids
	for _, part := range []struct{ to, from *host.Tensor }{{to.scale, from.scale}, {to.low, from.low}, {to.zero, from.zero}} {
		if part.to == nil {
			continue
		}
		if err := host.Cast(host.Serial, j.layout.piece(part.to, i), part.from); err != nil {
			return err
		}
	}
	return j.codes.store(i, w.tensors.codes)
}

// givenGrids turns grids into tensors.
func (j *quantJob) givenGrids(grids []Grid, codes []uint8) (*givenGrids, error) {
	count := j.layout.count
	parts := gridTensors{host.New(host.F32, count...), host.New(host.F32, count...), host.New(host.U8, count...)}
	if len(grids) != parts.scale.Len() {
		return nil, fmt.Errorf("%d grids for %d blocks", len(grids), parts.scale.Len())
	}
	scale, low, zero := host.Raw[float32](parts.scale), host.Raw[float32](parts.low), host.Raw[uint8](parts.zero)
	for i, g := range grids {
		scale[i], low[i], zero[i] = g.Scale, g.Min, uint8(g.Zero)&j.fitter.kind.mask
	}
	flat, err := host.FromBytes(host.U8, j.layout.shape, codes)
	if err != nil {
		return nil, fmt.Errorf("the codes: %w", err)
	}
	split, err := j.layout.split(flat)
	return &givenGrids{parts, split}, err
}
