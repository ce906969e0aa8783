package nativetest

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
)

// emulated is a program for Arm that an emulator runs: the kernels and a start that carries out commands.
type emulated struct {
	path      string
	emulator  string
	functions map[string]uint64
}

// starter is the start of the program: it reads commands of eight words from standard input, until there are no more. The
// first word tells calls of the function at the second word from system calls of that number; then come the arguments.
const starter = `
	.globl	_start
_start:
	sub	sp, sp, #64
next:
	mov	x0, #0
	mov	x1, sp
	mov	x2, #64
	mov	x8, #63
	svc	#0
	cmp	x0, #64
	b.ne	end
	ldp	x9, x8, [sp]
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	cbnz	x9, call
	svc	#0
	b	next
call:
	blr	x8
	b	next
end:
	mov	x0, #0
	mov	x8, #93
	svc	#0
`

// System calls of Linux on Arm.
const (
	sysRead  = 63
	sysWrite = 64
	sysUnmap = 215
	sysMap   = 222
)

// tool finds a program by one of its names.
func tool(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("there is no %s: the tests of code for Arm need qemu-user and binutils for aarch64 (on Debian: apt-get install qemu-user binutils-aarch64-linux-gnu)", names[0])
	return ""
}

func (e *emulated) link(t testing.TB, tools *toolchain.Tools, target toolchain.Target, modules []string) {
	t.Helper()
	dir := t.TempDir()
	e.emulator = tool(t, "qemu-aarch64", "qemu-aarch64-static")
	as, ld := tool(t, "aarch64-linux-gnu-as"), tool(t, "aarch64-linux-gnu-ld")
	e.path = filepath.Join(dir, "kernels")
	texts := []string{starter}
	for _, m := range modules {
		text, err := tools.Assembly(context.Background(), target, m)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	args := []string{"-static", "-z", "noexecstack", "-o", e.path}
	for i, text := range texts {
		object := filepath.Join(dir, fmt.Sprintf("%d.o", i))
		command(t, as, text, "-o", object)
		args = append(args, object)
	}
	command(t, ld, "", args...)
	file, err := elf.Open(e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	e.functions = map[string]uint64{}
	for _, s := range symbols {
		e.functions[s.Name] = s.Value
	}
}

func command(t testing.TB, name, input string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%.2000s", filepath.Base(name), err, said)
	}
}

// script is what the program reads.
type script struct {
	bytes.Buffer
	next uint64 // the first address that is not mapped
}

// What the emulated program maps is far from its code. Between all buffers a page stays free.
const (
	firstAddress = 1 << 36
	guestPage    = 4096
)

func (s *script) system(number uint64, args ...uint64) { s.words(append([]uint64{0, number}, args...)) }
func (s *script) function(at uint64, args ...uint64)   { s.words(append([]uint64{1, at}, args...)) }

func (s *script) words(list []uint64) {
	s.Write(Words(append(list, make([]uint64, 8-len(list))...)))
}

// hold has the program map memory with data in it and gives the address.
func (s *script) hold(data []byte, atEnd bool) uint64 {
	n := uint64(len(data)+guestPage-1) / guestPage * guestPage
	at := s.next
	s.next += n + guestPage
	if n == 0 {
		return at
	}
	const readWrite, fixedPrivateZeros = 1 | 2, 0x10 | 0x02 | 0x20
	s.system(sysMap, at, n, readWrite, fixedPrivateZeros, ^uint64(0), 0)
	if atEnd {
		at += n - uint64(len(data))
	}
	s.system(sysRead, 0, at, uint64(len(data)))
	s.Write(data)
	return at
}

// add has the program carry out a call and write the buffers.
func (s *script) add(c *call, function uint64) {
	s.next = firstAddress
	var addresses []uint64
	for _, b := range c.Call.Buffers {
		addresses = append(addresses, s.hold(b, c.AtEnd))
	}
	ctx, scratch := s.hold(Words(c.context(addresses)), true), s.hold(make([]byte, c.bytes), true)
	for p := range c.Pieces {
		lo, hi := c.piece(p)
		s.function(function, ctx, uint64(lo), uint64(hi), scratch)
	}
	for i, b := range c.Call.Buffers {
		if len(b) > 0 {
			s.system(sysWrite, 1, addresses[i], uint64(len(b)))
		}
	}
	s.system(sysUnmap, firstAddress, s.next-firstAddress)
}

func (e *emulated) run(t testing.TB, calls []call) [][][]byte {
	t.Helper()
	s := &script{}
	for i := range calls {
		at, ok := e.functions[calls[i].function]
		if !ok {
			t.Fatalf("internal error: the program has no function %s", calls[i].function)
		}
		s.add(&calls[i], at)
	}
	path := e.path + ".script" // a file: reads from a pipe may end early
	if err := os.WriteFile(path, s.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, said bytes.Buffer
	cmd := exec.Command(e.emulator, "-cpu", "max", e.path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &said
	failed := cmd.Run()
	var all [][][]byte
	for i := range calls {
		var list [][]byte
		for _, b := range calls[i].Call.Buffers {
			got := bytes.Clone(out.Next(len(b)))
			if len(got) < len(b) {
				t.Fatalf("the emulated code stopped in call %d of %d (%v): %s\n%.4000s", i+1, len(calls), failed, said.Bytes(), kernel.Print(calls[i].Kernel))
			}
			list = append(list, got)
		}
		all = append(all, list)
	}
	if failed != nil || out.Len() > 0 {
		t.Fatalf("the emulated code wrote %d bytes more than expected, and ended with: %v\n%s", out.Len(), failed, said.Bytes())
	}
	return all
}
