//go:build unix

package nativetest

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/cpu/native/processor"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
)

// loaded is code that this process has mapped.
type loaded struct {
	library *toolchain.Library
}

// own gives runners for the targets that this processor has every feature of.
func own(t testing.TB) []Runner {
	t.Helper()
	machines, err := processor.Machines()
	if err != nil {
		t.Fatal(err)
	}
	var list []Runner
	for _, m := range machines {
		list = append(list, Runner{m, &loaded{}})
	}
	return list
}

func (l *loaded) link(t testing.TB, tools *toolchain.Tools, target toolchain.Target, modules []string) {
	t.Helper()
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	job := &toolchain.Job{Program: "test", Target: target, Modules: modules, Parallel: runtime.GOMAXPROCS(0), Failed: t.TempDir()}
	made, err := cache.Object(context.Background(), tools, job, processor.Features())
	if err != nil {
		t.Fatal(err)
	}
	if l.library, err = made.Load(); err != nil {
		t.Fatal(err)
	}
}

func (l *loaded) run(t testing.TB, calls []call) [][][]byte {
	t.Helper()
	var all [][][]byte
	for i := range calls {
		addr, err := l.library.Symbol(calls[i].function)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, invoke(t, addr, &calls[i]))
	}
	if err := l.library.Close(); err != nil {
		t.Error(err)
	}
	return all
}

// invoke runs one call of the function at an address.
func invoke(t testing.TB, addr uintptr, c *call) (out [][]byte) {
	t.Helper()
	var buffers []*Guarded
	var addresses []uint64
	hold := func(data []byte, atEnd bool) *Guarded {
		buffers = append(buffers, Guard(t, data, atEnd))
		return buffers[len(buffers)-1]
	}
	for _, b := range c.Call.Buffers {
		addresses = append(addresses, uint64(hold(b, c.AtEnd).Addr()))
	}
	ctx, scratch := hold(Words(c.context(addresses)), true), hold(make([]byte, c.bytes), true)
	for p := range c.Pieces {
		lo, hi := c.piece(p)
		purego.SyscallN(addr, ctx.Addr(), uintptr(lo), uintptr(hi), scratch.Addr())
	}
	for i, g := range buffers {
		if i < len(c.Call.Buffers) {
			out = append(out, slices.Clone(g.Data))
		}
		g.Free(t)
	}
	return out
}
