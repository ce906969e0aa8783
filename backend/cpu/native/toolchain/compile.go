package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
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
		return "", failure(ctx, t.LLC, err, nil)
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
	if err := errors.Join(errs...); err != nil {
		return err
	}
	args := append(append(t.LinkBy[:len(t.LinkBy):len(t.LinkBy)], "-o", out), objects...)
	said, err := exec.CommandContext(ctx, t.Linker, args...).CombinedOutput()
	if err != nil {
		return failure(ctx, t.Linker, err, said)
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
		return failure(ctx, t.LLC, err, said)
	}
	return nil
}

// failure makes an error of a program's last words.
func failure(ctx context.Context, program string, err error, said []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(said) == 0 {
		said = exit.Stderr
	}
	const most = 12
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("... and %d lines more", len(lines)-most))
	}
	return fmt.Errorf("%s failed (%w):\n%s", filepath.Base(program), err, strings.Join(lines, "\n"))
}

// keep writes the texts of modules that could not be compiled to a folder, for a person to look at.
func keep(dir, key string, texts []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%.16s-%d.ll", key, i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
