package runtime

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/metal/walk"
	"github.com/aiopt/aiopt/backend/programs"
)

// TestErrors makes everything fail that can. Nothing may be left behind.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse map[string]string
		limits map[name]uintptr
		want   string
	}{
		{"device", map[string]string{"device": "x"}, nil, "macOS gives no Metal device"},
		{"text", map[string]string{"text": "program_source:20:3: error: no such thing"}, nil, "add.generated.metal, kernel add_"},
		{"line", map[string]string{"text": "program_source:20:3: error: no such thing"}, nil, "add.generated.metal:20:3: error: no such thing"},
		{"pipeline", map[string]string{"pipeline": "too many registers"}, nil, "add.generated.metal: kernel add_"},
		{"reason", map[string]string{"pipeline": "too many registers"}, nil, ": too many registers"},
		{"no reason", map[string]string{"text": " "}, nil, "Metal does not compile it"},
		{"threads", nil, map[name]uintptr{mostThreads: 31}, "the stand-in runs it in threadgroups of at most 31 threads, the plan has "},
		{"simd", nil, map[name]uintptr{width: 16}, "the stand-in has SIMD groups of 16 threads, expected 32"},
		{"shared", nil, map[name]uintptr{shared: 40 << 10}, "a threadgroup shares 40960 bytes, the stand-in has 32768"},
		{"large", nil, map[name]uintptr{maxBuffer: 100}, "a buffer of 768 bytes: the stand-in takes at most 100"},
		{"memory", map[string]string{"buffer": "x"}, nil, "the stand-in has no memory for a buffer of "},
		{"queue", map[string]string{"queue": "x"}, nil, "the stand-in gives no command queue"},
		{"run", map[string]string{"run": "the GPU hangs"}, nil, "the stand-in gave up on one of 4 kernels, exp_"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, m, in := stand(t, branches, nil)
			for k, v := range c.refuse {
				r.refuse[k] = v
			}
			for k, v := range c.limits {
				r.limits[k] = v
			}
			p, err := engine{r}.Compile(t.Context(), m, backend.Options{})
			if err == nil {
				s := p.NewSession()
				if _, err = s.Call(t.Context(), "main", in, nil); c.name == "run" {
					r.refuse["run"] = ""
					if _, again := s.Call(t.Context(), "main", in, nil); again == nil || !strings.Contains(again.Error(), "gave up") {
						t.Errorf("a session whose memory nobody knows: %v", again)
					}
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, expected %q", err, c.want)
			}
		})
	}
}

// TestElsewhere holds that other systems are told what to do.
func TestElsewhere(t *testing.T) {
	if _, err := connect(); err != nil {
		var missing *programs.Missing
		if !errors.As(err, &missing) || !missing.System || !strings.Contains(err.Error(), "--backend=cpu") {
			t.Errorf("found %v", err)
		}
	}
}

// TestConstant holds which constants are the very pages they lie in.
func TestConstant(t *testing.T) {
	memory := make([]byte, 8*page)
	first := (page - int(uintptr(unsafe.Pointer(&memory[0]))%page)) % page // of a page
	for _, c := range []struct {
		name      string
		from, len int
		refuse    bool
		over      bool
	}{
		{"page", 0, page, false, true},
		{"aligned", 48, 2*page + 100, false, true},
		{"not aligned", 50, 2 * page, false, false},
		{"small", 0, page - 1, false, false},
		{"refused", 0, page, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(nil, nil)
			if c.refuse {
				r.refuse["pages"] = "x"
			}
			d, err := open(r)
			if err != nil {
				t.Fatal(err)
			}
			d.page = page
			data := memory[first+c.from:][:c.len]
			data[0], data[c.len-1] = 3, 4
			b, err := d.Constant(data)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Bytes(); len(got) != c.len || got[0] != 3 || got[c.len-1] != 4 || (&got[0] == &data[0]) != c.over {
				t.Errorf("%d bytes, the same: %v, expected %d and %v", len(got), &got[0] == &data[0], c.len, c.over)
			}
			if c.over && b.(*block).from != c.from {
				t.Errorf("it starts at byte %d of its pages, expected %d", b.(*block).from, c.from)
			}
			b.Free()
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			r.gone(t)
		})
	}
}

// TestBlits holds what is filled and copied where blits cannot do it.
func TestBlits(t *testing.T) {
	r := record(nil, nil)
	d, err := open(r)
	if err != nil {
		t.Fatal(err)
	}
	q, err := d.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	x, err1 := d.Alloc(32)
	y, err2 := d.Alloc(32)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		q.Fill(walk.Span{Block: x, At: 0, Len: 32}, 1), q.Fill(walk.Span{Block: x, At: 5, Len: 2}, 2),
		q.Copy(walk.Span{Block: y, At: 0, Len: 8}, walk.Span{Block: x, At: 4, Len: 8}), q.Copy(walk.Span{Block: y, At: 9, Len: 3}, walk.Span{Block: x, At: 5, Len: 3}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := q.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []byte{1, 2, 2, 1, 1, 1, 1, 1, 0, 2, 2, 1, 0, 0, 0, 0}
	if got := y.Bytes()[:16]; !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
	x.Free()
	y.Free()
	q.Close()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	r.gone(t)
}
