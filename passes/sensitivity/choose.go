package sensitivity

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// Goal is what a choice of schemes has to reach; one of the two is set.
type Goal struct {
	Bits float64 // a weight, on average over all weights but those that are ignored: at most this
	DB   float64 // of the outputs, by the table's metric: at least this
}

// Plan is a scheme for each unit of a table.
type Plan struct {
	Schemes []int    // the unit's score that is chosen; -1: it stays as it is
	Bits    float64  // a weight
	DB      *float64 // of the outputs, by running the model with all choices; nil without calibration data
	PSNR    float64  // so, where DB is known
	SNR     float64  // so
}

// Choose finds the plan that loses least for a number of bits, or that is smallest for a quality.
//
// Units go from exact to smaller schemes in the order of what they lose for each byte saved: a unit's schemes that lie on
// the lower convex hull of loss over bytes, those of all units sorted by slope. What a unit loses is the noise of its
// outputs by the table, or without calibration data noise over signal of its weights, and losses add up. With calibration
// data, plans are checked by running the model: for bits, the best of a few is taken; for a quality, the number of moves is
// bisected, from the one that the sum promises.
func (t *Table) Choose(ctx *pass.Context, m *ir.Module, goal Goal) (*Plan, error) {
	if t.Samples == 0 && goal.Bits == 0 {
		return nil, fmt.Errorf("a quality of the outputs can only be reached by running the model; give inputs like those it will see with --inputs")
	}
	moves := t.moves()
	if goal.Bits == 0 {
		return t.bisect(ctx, m, moves, goal.DB)
	}
	var best *Plan
	for _, part := range []float64{1, .95, .9, .85} { // losses do not quite add up: fewer bits may turn out better
		chosen, err := t.within(moves, part*goal.Bits)
		if err != nil && best == nil {
			return nil, err
		} else if err != nil {
			break
		}
		p, err := t.check(ctx, m, chosen)
		if err != nil {
			return nil, err
		}
		if best == nil || p.DB != nil && *p.DB > *best.DB {
			best = p
		}
		if p.DB == nil {
			break
		}
	}
	return best, nil
}

// within makes moves until a number of bits holds, and spends what the last one left.
func (t *Table) within(moves []move, bits float64) ([]int, error) {
	n := 0
	for ; t.bits(t.after(moves[:n])) > bits; n++ {
		if n == len(moves) {
			return nil, fmt.Errorf("the least that these schemes give is %.2f bits a weight, expected %g; name smaller ones by schemes=[...]",
				t.bits(t.after(moves)), bits)
		}
	}
	return t.spend(t.after(moves[:n]), bits), nil
}

// spend gives the bits that the last move left over to the units that gain most for a byte.
func (t *Table) spend(chosen []int, bits float64) []int {
	bytes, elements := t.bytes(chosen)
	spare := int64(bits*float64(elements)/8) - bytes
	for {
		unit, scheme, cost, gain := -1, 0, int64(0), 0.0
		for i := range t.Units {
			bytes, loss := t.of(i, chosen[i])
			for k := -1; k < len(t.Units[i].Scores); k++ {
				moreBytes, lessLoss := t.of(i, k)
				extra := moreBytes - bytes
				if extra <= 0 || extra > spare || lessLoss >= loss {
					continue
				}
				if g := (loss - lessLoss) / float64(extra); g > gain {
					unit, scheme, cost, gain = i, k, extra, g
				}
			}
		}
		if unit < 0 {
			return chosen
		}
		chosen[unit] = scheme
		spare -= cost
	}
}

// of gives the bytes and the loss of a unit by one of its scores; -1: as it is.
func (t *Table) of(unit, scheme int) (bytes int64, loss float64) {
	u := &t.Units[unit]
	if scheme < 0 {
		return u.Before, 0
	}
	return u.Scores[scheme].After, t.loss(&u.Scores[scheme])
}

// move takes a unit to a smaller scheme.
type move struct {
	unit, scheme int
	slope        float64 // loss for each byte saved
	loss         float64 // more than before the move
}

// moves lists all steps from exact to smallest, those that lose least for each byte first.
func (t *Table) moves() []move {
	var list []move
	for i := range t.Units {
		u := &t.Units[i]
		bytes, loss := u.Before, 0.0
		for {
			best := move{scheme: -1}
			for k := range u.Scores {
				s := &u.Scores[k]
				if s.After >= bytes {
					continue
				}
				next := move{i, k, (t.loss(s) - loss) / float64(bytes-s.After), t.loss(s) - loss}
				if best.scheme < 0 || next.slope < best.slope || next.slope == best.slope && s.After < u.Scores[best.scheme].After {
					best = next
				}
			}
			if best.scheme < 0 {
				break
			}
			list = append(list, best)
			bytes, loss = u.Scores[best.scheme].After, loss+best.loss
		}
	}
	slices.SortStableFunc(list, func(a, b move) int { return cmp.Compare(a.slope, b.slope) })
	return list
}

// loss is what a scheme costs, as noise in units of the signal.
func (t *Table) loss(s *Score) float64 {
	switch {
	case s.DB != nil:
		return math.Pow(10, -*s.DB/10)
	case s.Signal == 0:
		return 0
	}
	return s.Noise / s.Signal
}

// after gives each unit's scheme after some moves.
func (t *Table) after(moves []move) []int {
	chosen := slices.Repeat([]int{-1}, len(t.Units))
	for _, m := range moves {
		chosen[m.unit] = m.scheme
	}
	return chosen
}

// bits is how many bits a weight has on average.
func (t *Table) bits(chosen []int) float64 {
	bytes, elements := t.bytes(chosen)
	return 8 * float64(bytes) / float64(max(elements, 1))
}

func (t *Table) bytes(chosen []int) (bytes, elements int64) {
	for i := range t.Units {
		if u := &t.Units[i]; u.counts {
			n, _ := t.of(i, chosen[i])
			bytes += n
			elements += u.elements
		}
	}
	return bytes, elements
}

// check runs the model with all choices.
func (t *Table) check(ctx *pass.Context, m *ir.Module, chosen []int) (*Plan, error) {
	p := &Plan{Schemes: chosen, Bits: t.bits(chosen)}
	if t.Samples == 0 {
		return p, nil
	}
	changed := m.Clone()
	if _, err := t.Apply(ctx, changed, p); err != nil {
		return nil, err
	}
	compared, err := t.outputs(ctx, changed)
	if err != nil {
		return nil, err
	}
	db := compared.worst(t.Metric)
	p.DB, p.PSNR, p.SNR = &db, compared.worst(PSNR), compared.worst(SNR)
	return p, nil
}

// mostChecks is how often a whole plan is tried.
const mostChecks = 12

// bisect finds how many moves keep a quality, beginning with the number that the sum of losses promises.
func (t *Table) bisect(ctx *pass.Context, m *ir.Module, moves []move, db float64) (*Plan, error) {
	best, err := t.check(ctx, m, t.after(nil))
	if err != nil {
		return nil, err
	}
	if *best.DB < db {
		return nil, fmt.Errorf("the model as it is gives %.1f dB against itself, the most that %s can be; expected at least %g", *best.DB, t.Metric, db)
	}
	low, high := 0, len(moves)+1 // low moves are good, high are not
	try, sum := 0, 0.0
	for try < len(moves) && sum+moves[try].loss <= math.Pow(10, -db/10) {
		sum += moves[try].loss
		try++
	}
	for range mostChecks {
		if try == low {
			break
		}
		ctx.Step(fmt.Sprintf("trying %d of %d steps", try, len(moves)), low, high)
		p, err := t.check(ctx, m, t.after(moves[:try]))
		switch {
		case err != nil:
			return nil, err
		case *p.DB >= db:
			best, low = p, try
		default:
			high = try
		}
		try = (low + high) / 2
	}
	return best, nil
}

// Apply compresses a module by a plan, and gives what became of each weight in the order of the model.
func (t *Table) Apply(ctx *pass.Context, m *ir.Module, p *Plan) ([]pass.Compressed, error) {
	of := map[string]pass.Compressed{}
	for k, s := range t.schemes {
		weights := []string{}
		for i := range t.Units {
			if p.Schemes[i] == k {
				weights = append(weights, t.Units[i].Weights...)
			}
		}
		if len(weights) == 0 {
			continue
		}
		list, err := s.apply(ctx, m, weights)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			of[c.Tensor] = c
		}
	}
	var all []pass.Compressed
	for i := range t.Units {
		for _, w := range t.Units[i].Weights {
			c, ok := of[w]
			if !ok {
				c = t.kept[w]
			}
			all = append(all, c)
		}
	}
	return append(all, t.refused...), nil
}
