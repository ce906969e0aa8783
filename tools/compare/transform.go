package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// align gives two values that claim one tensor the same axes, without copying them: permutations are undone, and of a tensor of
// which the other side has a slice that slice is taken. A cast needs nothing, as numbers of any type are compared.
func align(values [2]*host.Tensor, claims [2]ir.Claim) ([2]*host.Tensor, error) {
	parts := [2]string{claims[0].Transform.Slice, claims[1].Transform.Slice}
	if parts[0] != parts[1] && parts[0] != "" && parts[1] != "" {
		return values, fmt.Errorf("not comparable: the tested side has the part %s, the reference %s", parts[0], parts[1])
	}
	out := values
	for at := range out {
		out[at] = host.Unpack(out[at])
		perm := claims[at].Transform.Perm
		if perm == nil || parts[0] != "" && parts[0] == parts[1] {
			continue
		}
		if parts[at] != "" { // the axes of the slice are those of this value
			continue
		}
		back, err := claims[at].Transform.Back(out[at].Rank())
		if err != nil {
			return values, fmt.Errorf("not comparable: %w", err)
		}
		out[at] = out[at].Transpose(back)
	}
	for at := range out {
		if parts[at] == "" || parts[0] == parts[1] {
			continue
		}
		var err error
		if out[1-at], err = taken(out[1-at], claims[at].Transform); err != nil {
			return values, err
		}
	}
	return out, nil
}

// taken is what a transform makes of a tensor, its cast apart.
func taken(t *host.Tensor, tr ir.Transform) (*host.Tensor, error) {
	if tr.Perm != nil {
		if _, err := tr.Back(t.Rank()); err != nil {
			return nil, fmt.Errorf("not comparable: %w", err)
		}
		t = t.Transpose(tr.Perm)
	}
	bad := fmt.Errorf("not comparable: the claim's slice %s does not fit the shape %v", tr.Slice, host.ShapeText(t.Shape))
	parts := strings.Split(strings.Trim(tr.Slice, "[]"), ",")
	if len(parts) > t.Rank() {
		return nil, bad
	}
	for axis, part := range parts {
		bounds := []int{0, t.Shape[axis], 1}
		fields := strings.Split(strings.TrimSpace(part), ":")
		if len(fields) < 2 || len(fields) > 3 {
			return nil, bad
		}
		for i, f := range fields {
			if f == "" {
				continue
			}
			n, err := strconv.Atoi(f)
			if err != nil {
				return nil, bad
			}
			bounds[i] = n
		}
		if start, stop, step := bounds[0], bounds[1], bounds[2]; start < 0 || stop < start || stop > t.Shape[axis] || step < 1 {
			return nil, bad
		}
		t = t.Slice(axis, bounds[0], bounds[1], bounds[2])
	}
	return t, nil
}

// asClaimed makes of a tensor of PyTorch what a value with a claim has to be: permuted, sliced and of the value's type.
func asClaimed(t *host.Tensor, c ir.Claim, elem host.Elem) (*host.Tensor, error) {
	t = host.Unpack(t)
	var err error
	switch tr := c.Transform; {
	case tr.Slice != "":
		t, err = taken(t, tr)
	case tr.Perm != nil:
		if _, err = tr.Back(t.Rank()); err == nil {
			t = t.Transpose(slices.Clone(tr.Perm))
		}
	}
	if err != nil {
		return nil, err
	}
	out, err := host.Alloc(elem, t.Shape)
	if err != nil {
		return nil, err
	}
	return out, host.Cast(host.Serial, out, t)
}
