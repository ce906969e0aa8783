package compress

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// sparsify stores the elements of a weight that matter most, and which ones they are; the elements as they are, as codes or
// as indices. What is not stored is 0.
func sparsify(ctx context.Context, t *host.Tensor, s Scheme, opt Options) (*Packed, error) {
	p, err := newPruning(t, *s.Sparse, opt)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x := host.Values[float32](t)
	keep, err := p.keep(x, opt.Importance)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Palette != nil:
		return sparsePalette(ctx, t, keep, *s.Palette, opt)
	case s.Quant != nil:
		return sparseCodes(ctx, t, keep, *s.Quant, opt)
	}
	return sparseNumbers(t, keep)
}

// sparseNumbers stores the kept elements as they are.
func sparseNumbers(t *host.Tensor, keep *host.Tensor) (*Packed, error) {
	stored, _ := StoredShape(t.Shape, t.Shape)
	out := &Packed{Stored: stored}
	var err error
	if out.Mask, err = packBits(host.U1, stored, keep.Data); err != nil {
		return nil, err
	}
	size, data := t.Elem.Bytes(), t.Bytes()
	var kept []byte
	for i, k := range keep.Data {
		if k != 0 {
			kept = append(kept, data[i*size:][:size]...)
		}
	}
	out.Signal, out.Noise = energies(t, keep)
	out.Codes, err = host.FromBytes(t.Elem, []int{len(kept) / size}, kept)
	return out, err
}

// energies are the sums of squares of all elements, and of those that become zero.
func energies(t, keep *host.Tensor) (all, dropped float64) {
	for i, v := range host.Values[float64](t) {
		all += float64(v * v)
		if keep.Data[i] == 0 {
			dropped += float64(v * v)
		}
	}
	return all, dropped
}

// sparseCodes quantizes the weight with zeros in place of what is dropped. They have the code 0 whatever the scale is, so
// scales are fitted to the others.
func sparseCodes(ctx context.Context, t, keep *host.Tensor, q Quant, opt Options) (*Packed, error) {
	q = q.full()
	switch {
	case q.Elem.Kind() == host.KindUint:
		return nil, &Refusal{fmt.Sprintf("the code 0 of a pruned element must stand for 0, which it does not for %s: try i%d", q.Elem, q.Elem.Bits())}
	case q.Range == Asymmetric || q.Offset == MinValue:
		return nil, &Refusal{"the code 0 of a pruned element must stand for 0: try a symmetric range, without a minimum value"}
	}
	pruned := t.Clone()
	size := t.Elem.Bytes()
	for i, k := range keep.Data {
		if k == 0 {
			clear(pruned.Data[i*size:][:size])
		}
	}
	out, err := quantize(ctx, pruned, q, opt)
	if err != nil {
		return nil, err
	}
	all, dropped := energies(t, keep)
	out.Signal, out.Noise = all, out.Noise+dropped
	return out, out.thin(keep)
}

// thin leaves the codes of kept elements alone.
func (p *Packed) thin(keep *host.Tensor) (err error) {
	codes := p.Codes
	if e := codes.Elem; e.Packed() {
		same, err := host.FromBytes(unsigned[e.Bits()], codes.Shape, codes.Data)
		if err != nil {
			return err
		}
		codes = host.Unpack(same)
	}
	var kept []uint8
	for i, k := range keep.Data {
		if k != 0 {
			kept = append(kept, codes.Data[i])
		}
	}
	if p.Mask, err = packBits(host.U1, codes.Shape, keep.Data); err != nil {
		return err
	}
	p.Codes, err = packBits(p.Codes.Elem, []int{len(kept)}, kept)
	return err
}

// sparsePalette palettizes the kept elements. The first entry of each table is 0, and what is dropped has it.
func sparsePalette(ctx context.Context, t, keep *host.Tensor, p Palette, opt Options) (*Packed, error) {
	j, err := newPaletteJob(t, p, opt, keep)
	if err != nil {
		return nil, err
	}
	if err := j.do(ctx); err != nil {
		return nil, err
	}
	out, err := j.packed()
	if err != nil {
		return nil, err
	}
	return out, out.thin(keep)
}
