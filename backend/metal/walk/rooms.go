package walk

import "slices"

// rooms are blocks that are used again from call to call.
type rooms struct {
	device Device
	used   []room // by the call
	unused []room // of the call before
}

type room struct {
	block Block
	bytes int
}

// take gives memory until begin is called.
func (r *rooms) take(n int) (Span, error) {
	best := -1
	for i, have := range r.unused {
		if have.bytes >= n && have.bytes <= 2*n && (best < 0 || have.bytes < r.unused[best].bytes) {
			best = i
		}
	}
	if best >= 0 {
		r.used = append(r.used, r.unused[best])
		r.unused = slices.Delete(r.unused, best, best+1)
		return Span{r.used[len(r.used)-1].block, 0, n}, nil
	}
	b, err := r.device.Alloc(n)
	if err != nil {
		return Span{}, err
	}
	r.used = append(r.used, room{b, n})
	return Span{b, 0, n}, nil
}

// begin has all memory be free for another call, and gives up what the last one did not need.
func (r *rooms) begin() {
	for _, have := range r.unused {
		have.block.Free()
	}
	r.unused, r.used = r.used, nil
}

// free gives up all memory.
func (r *rooms) free() {
	r.begin()
	r.begin()
}
