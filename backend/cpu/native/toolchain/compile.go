package toolchain

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Target is what llc makes code for.
type Target struct {
	Triple, CPU string
	Features    []string
}

// flags are what llc is told about the target and the kind of code.
func (t *Tools) flags(target Target) []string {
	var attrs []string
	for _, f := range target.Features {
		attrs = append(attrs, "+"+f)
	}
	if strings.HasPrefix(target.Triple, "x86_64") {
		attrs = append(attrs, "-prefer-256-bit")
	}
	flags := []string{"-O3", "-mtriple=" + target.Triple, "-mcpu=" + target.CPU, "-mattr=" + strings.Join(attrs, ","), "-relocation-model=pic"}
	if t.Major == 14 {
		flags = append(flags, "-opaque-pointers")
	}
	return flags
}

// Assembly gives the assembler text of a module.
func (t *Tools) Assembly(ctx context.Context, target Target, text string) (string, error) {
	cmd := exec.CommandContext(ctx, t.LLC, append(t.flags(target), "-filetype=asm", "-o", "-", "-")...)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		return "", t.failure(ctx, t.LLC, err, nil)
	}
	return string(out), nil
}

// build compiles modules, at most `parallel` at a time, and links them into one shared object.
func (t *Tools) build(ctx context.Context, target Target, texts []string, out, dir string, parallel int) error {
	objects := make([]string, len(texts))
	errs := make([]error, len(texts))
	slots := make(chan struct{}, max(parallel, 1))
	var wg sync.WaitGroup
	for i, text := range texts {
		objects[i] = filepath.Join(dir, fmt.Sprintf("%d.o", i))
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = t.object(ctx, target, text, objects[i])
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	var bad *uncompiled
	for i, err := range errs {
		switch {
		case err == nil:
		case bad == nil:
			bad = &uncompiled{[]int{i}, err}
		default:
			bad.modules = append(bad.modules, i)
		}
	}
	if bad != nil {
		return bad
	}
	args := append(append(t.LinkBy[:len(t.LinkBy):len(t.LinkBy)], "-o", out), objects...)
	said, err := exec.CommandContext(ctx, t.Linker, args...).CombinedOutput()
	if err != nil {
		return t.failure(ctx, t.Linker, err, said)
	}
	return nil
}

// patience is how long a program that was ended is waited for.
const patience = time.Second

func (t *Tools) object(ctx context.Context, target Target, text, out string) error {
	cmd := exec.CommandContext(ctx, t.LLC, append(t.flags(target), "-filetype=obj", "-o", out, "-")...)
	cmd.Stdin = strings.NewReader(text)
	cmd.WaitDelay = patience
	said, err := cmd.CombinedOutput()
	if err != nil {
		return t.failure(ctx, t.LLC, err, said)
	}
	return nil
}
