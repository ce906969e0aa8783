package passes

import (
	"context"
	"errors"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// int4Rule says how scales are chosen.
type int4Rule struct {
	search bool // for least squared error; otherwise so that no number is clipped
	coreai bool // as coreai-opt does, bit for bit
}

// int4Weight is a weight as 4-bit integers -8..7 and scales, one per block. Both have the weight's stored shape.
type int4Weight struct {
	codes, scales *host.Tensor
	signal, noise float64 // sums of squares: of the numbers, and of what the stored ones differ by
}

var errNotFinite = errors.New("it holds NaN or infinity")

// quantizeInt4 quantizes a weight that is cut into blocks. The scales have its element type.
func quantizeInt4(ctx context.Context, t *host.Tensor, block []int, rule int4Rule) (*int4Weight, error) {
	shape, block := storedShape(t.Shape, block)
	j, err := newInt4Job(t, shape, block, rule)
	if err != nil {
		return nil, err
	}
	pieces := (j.count[j.axis] + j.step - 1) / j.step
	signal, noise := make([]float64, pieces), make([]float64, pieces)
	err = parallel(ctx, pieces, func(i int) error {
		var err error
		signal[i], noise[i], err = j.piece(i*j.step, min((i+1)*j.step, j.count[j.axis]))
		return err
	})
	for i := range pieces { // in order, so that the sum is always the same
		j.out.signal += signal[i]
		j.out.noise += noise[i]
	}
	return j.out, err
}

// int4Job quantizes pieces of a weight: ranges of blocks along one axis.
type int4Job struct {
	rule   int4Rule
	out    *int4Weight
	rows   *host.Tensor // the bytes of out.codes, with the packed rows as last axis
	blocks *host.Tensor // the numbers, as [blocks along each axis..., a block's elements along each axis...]
	block  []int
	count  []int // blocks along each axis
	axis   int   // the one that is cut into pieces
	step   int   // blocks along it in a piece
}

// pieceLen is about how many elements are worked on at once.
const pieceLen = 1 << 18

func newInt4Job(t *host.Tensor, shape, block []int, rule int4Rule) (*int4Job, error) {
	rank := len(shape)
	j := &int4Job{rule: rule, block: block, count: make([]int, rank)}
	split, perm := make([]int, 0, 2*rank), make([]int, 2*rank)
	for i := range shape {
		j.count[i] = shape[i] / block[i]
		split = append(split, j.count[i], block[i])
		perm[i], perm[rank+i] = 2*i, 2*i+1
	}
	for j.axis < rank-1 && j.count[j.axis] == 1 {
		j.axis++
	}
	j.step = max(2, pieceLen/max(t.Len()/j.count[j.axis], 1)) &^ 1 // even, so that no two pieces share a byte of a row
	blocks, err := t.Reshape(split)
	if err != nil {
		return nil, err
	}
	j.blocks = blocks.Transpose(perm)
	codes, err := host.Alloc(host.I4, shape)
	if err != nil {
		return nil, err
	}
	scales, err := host.Alloc(t.Elem, j.count)
	if err != nil {
		return nil, err
	}
	j.out = &int4Weight{codes: codes, scales: scales}
	j.rows, err = bytesOfRows(codes)
	return j, err
}

// bytesOfRows shows a packed tensor as bytes.
func bytesOfRows(t *host.Tensor) (*host.Tensor, error) {
	rank := len(t.Shape)
	shape := append([]int(nil), t.Shape...)
	shape[rank-1] = (shape[rank-1]*t.Elem.Bits() + 7) / 8
	return host.FromBytes(host.U8, shape, t.Data)
}

// piece quantizes the blocks lo to hi along the axis.
func (j *int4Job) piece(lo, hi int) (signal, noise float64, err error) {
	rank := len(j.count)
	view := j.blocks.Slice(j.axis, lo, hi, 1)
	x := host.New(host.F32, view.Shape...)
	if err := host.Cast(host.Serial, x, view); err != nil {
		return 0, 0, err
	}
	codes, scales := host.New(host.I8, view.Shape...), host.New(host.F32, view.Shape[:rank]...)
	xs, cs, ss := host.Raw[float32](x), host.Raw[int8](codes), host.Raw[float32](scales)
	q := newInt4Block(j.rule, j.out.scales.Elem)
	n := len(xs) / len(ss)
	for i := range ss {
		if !q.quantize(cs[i*n:(i+1)*n], xs[i*n:(i+1)*n]) {
			return 0, 0, errNotFinite
		}
		ss[i] = q.scale
		signal += q.signal
		noise += q.noise
	}
	if err := host.Cast(host.Serial, j.out.scales.Slice(j.axis, lo, hi, 1), scales); err != nil {
		return 0, 0, err
	}
	return signal, noise, j.store(codes, lo, hi)
}

// store packs the codes of a piece into their place.
func (j *int4Job) store(codes *host.Tensor, lo, hi int) error {
	rank := len(j.count)
	perm, shape := make([]int, 2*rank), make([]int, rank)
	for i := range rank {
		perm[2*i], perm[2*i+1] = i, rank+i
		shape[i] = codes.Shape[i] * codes.Shape[rank+i]
	}
	flat, err := codes.Transpose(perm).Reshape(shape)
	if err != nil {
		return err
	}
	packed, err := host.Pack(flat, host.I4)
	if err != nil {
		return err
	}
	rows, err := bytesOfRows(packed)
	if err != nil {
		return err
	}
	from := lo * j.block[j.axis]
	if j.axis == rank-1 {
		from /= 2
	}
	host.Assign(host.Serial, j.rows.Slice(j.axis, from, from+rows.Shape[j.axis], 1), rows)
	return nil
}

// int4Block quantizes one block after another; the fields after elem describe the last one.
type int4Block struct {
	rule int4Rule
	elem host.Elem // that scales and decoded numbers are rounded to

	scale         float32
	signal, noise float64

	store   *host.Tensor // for rounding
	decoded [16]float32  // what the codes stand for
}

func newInt4Block(rule int4Rule, elem host.Elem) *int4Block {
	return &int4Block{rule: rule, elem: elem, store: host.New(elem, 16)}
}

// round rounds numbers to the element type.
func (q *int4Block) round(xs []float32) {
	if q.elem == host.F32 || q.elem == host.F64 {
		return
	}
	host.Store(q.store, 0, 1, xs)
	host.Load(xs, q.store, 0, 1)
}

// quantize finds a block's scale and codes; it reports false for NaN and infinity.
func (q *int4Block) quantize(codes []int8, x []float32) bool {
	low, high := float32(0), float32(0)
	q.signal = 0
	for _, v := range x {
		if v-v != 0 {
			return false
		}
		low, high = min(low, v), max(high, v)
		q.signal += float64(float64(v) * float64(v))
	}
	if q.rule.coreai {
		q.asCoreAI(codes, x, max(-low, high))
		return true
	}
	q.noise = math.Inf(1)
	q.try(codes, x, max(-low/8, high/7))
	if q.rule.search && q.noise > 0 {
		most := max(-low, high)
		q.try(codes, x, most/7.5)
		q.try(codes, x, searchInt4(x, most, q.signal))
		q.try(codes, x, searchInt4(x, -most, q.signal))
	}
	return true
}

// try keeps a scale and its codes if they are better than those before.
func (q *int4Block) try(codes []int8, x []float32, scale float32) {
	scale = q.usable(scale)
	q.decode(scale)
	inverse, noise := 1/scale, 0.0
	for _, v := range x {
		d := float64(v) - float64(q.decoded[int(nearestInt4(v, inverse)+8)&15])
		noise += float64(d * d)
	}
	if !(noise < q.noise) { // NaN, too
		return
	}
	q.noise, q.scale = noise, scale
	for i, v := range x {
		codes[i] = int8(nearestInt4(v, inverse))
	}
}

// decode sets what the codes stand for.
func (q *int4Block) decode(scale float32) {
	for k := range q.decoded {
		q.decoded[k] = float32(k-8) * scale
	}
	q.round(q.decoded[:])
}

// usable is a scale as it is stored: rounded, and not so small that it or its inverse is lost.
func (q *int4Block) usable(scale float32) float32 {
	least := float32(0x1p-120)
	if q.elem == host.F16 {
		least = 0x1p-24
	}
	if scale == 0 {
		return 1 // all numbers are zeros
	}
	one := [1]float32{scale}
	q.round(one[:])
	if abs := max(one[0], -one[0]); abs < least {
		return float32(math.Copysign(float64(least), float64(scale)))
	}
	return one[0]
}

// asCoreAI quantizes as coreai-opt's `symmetric` scheme does: the rounded scale divides in f32.
func (q *int4Block) asCoreAI(codes []int8, x []float32, most float32) {
	q.scale, q.noise = q.usable(max(most/7.5, 0x1p-23)), 0
	q.decode(q.scale)
	for i, v := range x {
		codes[i] = int8(min(max(math.RoundToEven(float64(v/q.scale)), -8), 7))
		d := float64(v) - float64(q.decoded[int(codes[i])+8])
		q.noise += float64(d * d)
	}
}

// toEven added to a number below 2^22 and taken away again rounds it to an integer, halves to even.
const toEven = 3 << 22

// nearestInt4 divides by a scale, whose inverse is given, and rounds. It is small enough for the compiler to put it into
// loops; the builtins min and max would be slower, as they mind NaN. (The conversions keep every machine from fusing the
// product with the sum.)
func nearestInt4(v, inverse float32) float32 {
	r := float32(v * inverse)
	if r > 7 {
		r = 7
	} else if r < -8 {
		r = -8
	}
	return float32(r+toEven) - toEven
}

// The series of scales that searchInt4 tries. From manyInBlock numbers on the error changes smoothly with the scale, so
// that wider steps do, and a few worse ones in a row are the end.
const (
	fineStep    = 1.045
	wideStep    = 1.1
	manyInBlock = 128
	worseInRow  = 2
)

// searchInt4 looks for the scale with the least squared error among those of most's sign; energy is the sum of squares.
// It tries scales that clip the largest number more and more, each as good as the codes that it gives can be, until that
// clipping alone costs more than the best one does. Then codes and scale are fitted to each other in turns.
func searchInt4(x []float32, most float32, energy float64) float32 {
	many := len(x) >= manyInBlock
	step := float32(fineStep)
	if many {
		step = wideStep
	}
	var best, gain, clip float32
	try := func(inverse float32) bool {
		s, g := fitInt4(x, inverse)
		if g <= gain {
			return false
		}
		best, gain = s, g
		return true
	}
	for f, worse := float32(0.95), 0; f < 8 && worse < worseInRow; f *= step {
		if clipped := float64(most - most/f); f > 1 && clipped*clipped > energy-float64(gain) {
			break
		}
		if try(8 * f / most) {
			clip, worse = f, 0
		} else if many {
			worse++
		}
	}
	if gain == 0 {
		return most / 8
	}
	if many {
		for _, near := range []float32{0.97, 1.03} {
			try(8 * clip * near / most)
		}
	}
	for range 4 {
		if !try(1 / best) {
			break
		}
	}
	return best
}

// fitInt4 encodes with a scale, whose inverse is given, and gives the scale that is best for these codes and by how much
// the squared error is below that of zeros.
func fitInt4(x []float32, inverse float32) (scale, gain float32) {
	var product, square float32
	for _, v := range x {
		r := nearestInt4(v, inverse)
		product += float32(v * r)
		square += float32(r * r)
	}
	if square == 0 {
		return 1 / inverse, 0
	}
	scale = product / square
	return scale, float32(scale * product)
}
