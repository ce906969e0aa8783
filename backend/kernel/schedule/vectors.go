package schedule

import (
	"errors"
	"maps"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// byVectors builds something with vectors, or number by number where the lanes of a vector do not lie at equal distances.
func (e *emitter) byVectors(build func(vectors bool) error) error {
	if e.lanes > 1 {
		if err := e.attempt(func() error { return build(true) }); !errors.Is(err, errLanes) {
			return err
		}
	}
	return build(false)
}

// attempt runs body, and takes back what it built where it fails.
func (e *emitter) attempt(body func() error) error {
	status := e.status
	var made map[string]*kernel.Value
	err := e.Attempt(func() error {
		return e.scoped(func() error {
			err := body()
			made = e.cache[len(e.cache)-1]
			return err
		})
	})
	if err != nil {
		e.status = status
		return err
	}
	maps.Copy(e.cache[len(e.cache)-1], made)
	return nil
}

// numbers gives a value at a place: as many numbers as there are lanes where step is not 0.
func (e *emitter) numbers(v *ir.Value, p point, step ir.Dim) (*kernel.Value, error) {
	x, err := e.value(v, p)
	if err != nil || isZero(step) {
		return x, err
	}
	return e.spread(x, e.lanes), nil
}

// sweepRun goes over n places by vectors, and one by one over the rest.
func (e *emitter) sweepRun(n ir.Dim, vectors bool, body func(at, step ir.Dim) error) error {
	done := zero
	if vectors {
		lanes := ir.Const(int64(e.lanes))
		rounds := n.FloorDiv(lanes)
		done = rounds.Mul(lanes)
		if !isZero(rounds) {
			_, err := e.loop(kernel.Serial, "k", rounds, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(i.Mul(lanes), one) })
			if err != nil {
				return err
			}
		}
	}
	rest := n.Sub(done)
	if isZero(rest) {
		return nil
	}
	_, err := e.loop(kernel.Serial, "k", rest, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(done.Add(i), zero) })
	return err
}

// copyRun stores n numbers of a value, whose places at gives, side by side from base on.
func (e *emitter) copyRun(buf *kernel.Buffer, base, n ir.Dim, v *ir.Value, at func(part) (point, error)) error {
	return e.byVectors(func(vectors bool) error {
		return e.sweepRun(n, vectors, func(i, step ir.Dim) error {
			p, err := at(part{at: i, step: step})
			if err != nil {
				return err
			}
			x, err := e.numbers(v, p, step)
			if err != nil {
				return err
			}
			e.Store(buf, base.Add(i), e.Cast(x, buf.Elem))
			return nil
		})
	})
}
