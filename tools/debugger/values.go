package debugger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
)

// The sides of a point, and their difference.
const (
	testedSide    = "tested"
	referenceSide = "reference"
	difference    = "difference"
)

// pointValues are the two tensors of a point as they were compared and, where they fit, their difference.
type pointValues map[string]*host.Tensor

// pointTensor is a value of a point of a comparison.
func (s *Server) pointTensor(r *http.Request) (*host.Tensor, error) {
	c, i, err := s.pointOf(r)
	if err != nil {
		return nil, err
	}
	values, err := s.lookAtPoint(r.Context(), c, i)
	if err != nil {
		return nil, err
	}
	t := values[r.PathValue("side")]
	if t == nil {
		return nil, notFound("the point has no %q; it has tested, reference and, where they fit, difference", r.PathValue("side"))
	}
	return t, nil
}

// lookAtPoint gives the values of a point, which are computed again where they are not at hand.
func (s *Server) lookAtPoint(ctx context.Context, c *comparison, i int) (pointValues, error) {
	at := place{c.job.ID, i}
	if values, ok := s.pointValues.get(at); ok {
		return values, nil
	}
	c.mu.Lock()
	point := c.report.Points[i]
	c.mu.Unlock()
	return look(ctx, s, &s.pointLooks, at, "values of "+point.Name, c.job, func(ctx context.Context, j *job) (pointValues, error) {
		both, err := compare.Tensors(ctx, watched(c.tested, j), watched(c.reference, j), &point)
		if err != nil {
			return nil, err
		}
		values := pointValues{testedSide: both[0], referenceSide: both[1]}
		if point.Scores != nil {
			values[difference] = minus(both[0], both[1])
		}
		size := int64(0)
		for _, t := range values {
			size += sizeOf(t)
		}
		s.pointValues.put(at, values, size)
		return values, nil
	})
}

// postLocal runs the operation of a point alone, on what the reference has computed before it.
func (s *Server) postLocal(r *http.Request) (any, error) {
	c, i, err := s.pointOf(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	report := *c.report
	report.Points = slices.Clone(report.Points)
	c.mu.Unlock()
	point := &report.Points[i]
	if point.Local != nil {
		return c.describe(i), nil
	}
	local, err := look(r.Context(), s, &s.localLooks, place{c.job.ID, i}, point.Name+" alone", c.job, func(ctx context.Context, j *job) (*compare.Local, error) {
		return c.alone(ctx, j, &report, i)
	})
	if err != nil {
		return nil, fmt.Errorf("the operation could not be run alone: %w", err)
	}
	c.mu.Lock()
	c.report.Points[i].Local = local
	c.mu.Unlock()
	return c.describe(i), nil
}

// alone runs the operation of a point of a report that nobody else has. The reference is stopped when the operation has run.
func (c *comparison) alone(ctx context.Context, j *job, report *compare.Report, i int) (*compare.Local, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ran := errors.New("the operation has run")
	err := compare.LocalErrors(ctx, c.tested, watched(c.reference, j), report, []int{i}, compare.Options{Progress: func(int, int) { stop(ran) }})
	if err != nil && !errors.Is(err, ran) {
		return nil, err
	}
	return report.Points[i].Local, nil
}

// minus is the difference of two tensors of one shape: of complex ones complex, shown as other complex numbers by its magnitude, which is
// not the difference of their magnitudes.
func minus(a, b *host.Tensor) *host.Tensor {
	if a.Elem.IsComplex() || b.Elem.IsComplex() {
		out := host.New(host.C64, a.Shape...)
		to := host.Raw[complex64](out)
		y := host.Values[complex128](b)
		for i, x := range host.Values[complex128](a) {
			to[i] = complex64(x - y[i])
		}
		return out
	}
	out := host.New(host.F32, a.Shape...)
	to := host.Raw[float32](out)
	y := numbers(b)
	for i, x := range numbers(a) {
		to[i] = float32(x - y[i])
	}
	return out
}
