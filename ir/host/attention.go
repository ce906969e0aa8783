package host

import (
	"fmt"
	"math"
	"slices"
)

// AttentionParams are the options of [Attention].
type AttentionParams struct {
	Causal bool    // query i sees the keys 0..i
	Scale  float64 // the factor of the scores
	Window int     // if positive, query i sees the keys closer than this to i
}

// attentionRows is the number of queries whose scores are held at a time.
const attentionRows = 64

// Attention is scaled dot product attention: softmax(q*k' * scale + mask) * v for q [..., h, l, e], k [..., g, s, e] and
// v [..., g, s, e'], where head i of q uses head i/(h/g) of k and v; other leading axes broadcast. The mask, which may be
// nil, broadcasts to [..., h, l, s]: false hides a key, numbers are added. Where all keys are hidden the result is 0.
func Attention(p Parallel, q, k, v, mask *Tensor, c AttentionParams) (*Tensor, error) {
	if q.Rank() < 2 || k.Rank() < 2 || v.Rank() < 2 || q.Elem != k.Elem || q.Elem != v.Elem {
		return nil, fmt.Errorf("cannot attend with %s to %s and %s", q, k, v)
	}
	rank := max(q.Rank(), k.Rank(), v.Rank(), 3)
	q4, k4, v4 := withRank(q, rank), withRank(k, rank), withRank(v, rank)
	r := rank - 3
	batch, err := BroadcastShapes(q4.Shape[:r], k4.Shape[:r], v4.Shape[:r])
	if err != nil {
		return nil, fmt.Errorf("cannot attend with %s to %s and %s: %w", q, k, v, err)
	}
	heads, keys := q4.Shape[r], k4.Shape[r+1]
	for _, t := range []*Tensor{k4, v4} {
		if g := t.Shape[r]; g == 0 || heads%g != 0 {
			return nil, fmt.Errorf("cannot attend with %s to %s and %s: %d heads of keys or values do not divide %d", q, k, v, g, heads)
		}
	}
	if q4.Shape[r+2] != k4.Shape[r+2] || v4.Shape[r+1] != keys {
		return nil, fmt.Errorf("cannot attend with %s to %s and %s: sizes differ", q, k, v)
	}
	for _, t := range []**Tensor{&q4, &k4, &v4} {
		if *t, err = (*t).Expand(append(slices.Clone(batch), (*t).Shape[r:]...)); err != nil {
			return nil, err
		}
	}
	if mask != nil {
		wide, err := mask.Expand(append(slices.Clone(batch), heads, q4.Shape[r+1], keys))
		if err != nil {
			return nil, fmt.Errorf("mask %s does not fit: %w", mask, err)
		}
		mask = wide
	}
	out, err := Alloc(q.Elem, append(slices.Clone(batch), heads, q4.Shape[r+1], v4.Shape[r+2]))
	if err != nil {
		return nil, err
	}
	switch q.Elem.Class() {
	case ClassF32:
		attend[float32](p, out, q4, k4, v4, mask, c)
	case ClassF64:
		attend[float64](p, out, q4, k4, v4, mask, c)
	default:
		return nil, unsupported("attention", q.Elem)
	}
	if longest := max(q.Rank(), k.Rank(), v.Rank()); longest < rank {
		return out.Select(0, 0), nil
	}
	return out, nil
}

// withRank puts axes of size 1 before the others.
func withRank(t *Tensor, rank int) *Tensor {
	more := rank - t.Rank()
	shape, strides := make([]int, more, rank), make([]int, more, rank)
	for i := range shape {
		shape[i] = 1
	}
	return t.with(append(shape, t.Shape...), append(strides, t.Strides...))
}

// attention is the work of one Attention after its operands have one rank.
type attention[T float32 | float64] struct {
	AttentionParams
	out, mask              *Tensor
	q, k, v                *matrix[T]
	maskBases              []int
	queries, keys, in, val int
}

func attend[T float32 | float64](p Parallel, out, q, k, v, mask *Tensor, c AttentionParams) {
	r := q.Rank() - 3
	a := &attention[T]{AttentionParams: c, out: out, mask: mask, queries: q.Shape[r+1], keys: k.Shape[r+1], in: q.Shape[r+2], val: v.Shape[r+2]}
	heads := q.Shape[r]
	a.q = tensorMatrix[T](q, headBases(q, r, heads), q.Strides[r+1], q.Strides[r+2])
	a.k = tensorMatrix[T](k, headBases(k, r, heads), k.Strides[r+1], k.Strides[r+2])
	a.v = tensorMatrix[T](v, headBases(v, r, heads), v.Strides[r+2], v.Strides[r+1]) // the sum goes over the keys
	if mask != nil {
		a.maskBases = headBases(mask, r, heads)
	}
	blocks := ceilDiv(a.queries, attentionRows)
	cost := min(a.queries, attentionRows) * a.keys * (a.in + a.val + 32)
	p(len(a.q.bases)*blocks, 1+gemmWork/max(cost, 1), func(lo, hi int) {
		var s gemmScratch[T]
		count := min(a.queries, attentionRows)
		scores, row, sums := make([]T, count*a.keys), make([]T, a.keys), make([]T, count*a.val)
		for i := lo; i < hi; i++ {
			a.block(&s, i/blocks, i%blocks*attentionRows, scores, row, sums)
		}
	})
}

// headBases lists where each head of each batch starts; heads may share the memory of one.
func headBases(t *Tensor, r, heads int) []int {
	var bases []int
	share := heads / t.Shape[r]
	for _, at := range newOffsets(t.Shape[:r], t.Strides[:r]).all() {
		for h := range heads {
			bases = append(bases, at+h/share*t.Strides[r])
		}
	}
	return bases
}

// block computes the queries from first on of one head.
func (a *attention[T]) block(s *gemmScratch[T], head, first int, scores, row, sums []T) {
	count := min(attentionRows, a.queries-first)
	keys := a.keys
	if a.Causal {
		keys = min(keys, first+count)
	}
	multiply(s, scores, a.q, a.k, head, first, count, keys, a.in)
	scale := T(a.Scale)
	for i := range count {
		line := scores[i*keys : (i+1)*keys]
		for j := range line {
			line[j] *= scale
		}
		if a.mask != nil {
			at := a.mask.Offset + a.maskBases[head] + (first+i)*a.mask.Strides[a.mask.Rank()-2]
			a.hide(line, row[:keys], at)
		}
		lo, hi := 0, keys
		if a.Causal {
			hi = min(hi, first+i+1)
		}
		if a.Window > 0 {
			lo, hi = min(max(lo, first+i-a.Window+1), hi), min(hi, first+i+a.Window)
		}
		clear(line[:lo])
		clear(line[max(lo, hi):])
		line = line[lo:max(lo, hi)]
		if most := largestOf(line); most == T(math.Inf(-1)) {
			clear(line)
		} else {
			softmaxInPlace(line, most)
		}
	}
	weights := sliceMatrix(scores, keys, 1)
	b := *a.v
	b.bases = a.v.bases[head : head+1]
	multiply(s, sums, weights, &b, 0, 0, count, a.val, keys)
	Store(a.out, (head*a.queries+first)*a.val, 1, sums[:count*a.val])
}

// hide applies a row of the mask, the elements from place at on, to a row of scores.
func (a *attention[T]) hide(line, row []T, at int) {
	stride := a.mask.Strides[a.mask.Rank()-1]
	Load(row, a.mask, at, stride)
	if a.mask.Elem != Bool {
		for j, m := range row {
			line[j] += m
		}
		return
	}
	for j, seen := range row {
		if seen == 0 {
			line[j] = T(math.Inf(-1))
		}
	}
}

// multiply computes, in this goroutine, rows first..first+m of one batch of a times b transposed into the dense out [m, n].
func multiply[T gemmNum](s *gemmScratch[T], out []T, a, b *matrix[T], batch, first, m, n, k int) {
	from := *a
	from.bases = []int{a.bases[batch] + first*a.rows}
	to := *b
	to.bases = []int{b.bases[batch]}
	if m <= gemmFew {
		few := make([]T, m*k)
		for i := range m {
			copy(few[i*k:(i+1)*k], from.line(few[i*k:(i+1)*k], from.bases[0]+i*from.rows, k, from.cols))
		}
		fewRows(s, out, few, m, k, &to, 0, 0, n)
		return
	}
	g := gemm[T]{batch: 1, m: m, n: n, k: k, a: &from, b: &to}
	g.done = func(_ *gemmScratch[T], _, i0, m, j0, cols int, tile []T, ld int) {
		for i := range m {
			copy(out[(i0+i)*n+j0:(i0+i)*n+j0+cols], tile[i*ld:])
		}
	}
	g.runIn(s)
}
