package check

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/cpu"
)

//go:embed shim
var shim embed.FS

// Program is a text that was found good as far as that can be seen without running it.
type Program struct {
	source  *text
	parts   rewritten
	tools   *Tools
	mu      sync.Mutex
	built   map[bool]string // executables: true is the checked one
	located map[bool]*lines
}

// Kernels gives the kernels of the text in their order.
func (p *Program) Kernels() []Kernel { return p.parts.kernels }

// Scan reads a text and refuses what it may not have, without compiling it. The error is a *SourceError where the text is to blame.
func Scan(tools *Tools, src Source) (*Program, error) {
	if src.Name == "" {
		src.Name = "kernel.metal"
	}
	if strings.ContainsAny(src.Name, "\"\\\n") {
		return nil, fmt.Errorf("the name %q of a text: expected no quotes, backslashes or line ends", src.Name)
	}
	t := read(src)
	p := &Program{source: t, tools: tools, built: map[bool]string{}, located: map[bool]*lines{}}
	if len(t.problems) == 0 {
		t.lint()
		p.parts = t.rewrite()
	}
	if len(t.problems) > 0 {
		return nil, p.refused(t.problems)
	}
	return p, nil
}

// Compile is Scan, and compiles the text for checked runs. The error is a *SourceError with everything that was found, where the text is to
// blame.
func Compile(ctx context.Context, tools *Tools, src Source) (*Program, error) {
	p, err := Scan(tools, src)
	if err != nil {
		return nil, err
	}
	var found []Diagnostic
	var strict, run error
	var wg sync.WaitGroup
	wg.Go(func() { found, strict = p.strict(ctx) })
	wg.Go(func() { _, run = p.executable(ctx, true) })
	wg.Wait()
	if strict != nil {
		return nil, strict
	}
	var bad *SourceError
	if errors.As(run, &bad) {
		return nil, p.refused(merge(bad.Diagnostics, found))
	}
	if run != nil {
		return nil, run
	}
	if len(found) > 0 {
		return nil, p.refused(found)
	}
	return p, nil
}

// merge leaves out what the strict pass says of lines that do not compile at all.
func merge(errs, strict []Diagnostic) []Diagnostic {
	for _, s := range strict {
		if !slices.ContainsFunc(errs, func(e Diagnostic) bool { return e.Line == s.Line }) {
			errs = append(errs, s)
		}
	}
	return errs
}

func (p *Program) refused(list []Diagnostic) error {
	for i := range list {
		list[i].Source = p.source.Name
		if list[i].Kernel == "" {
			list[i].Kernel = p.source.around(list[i].Line)
		}
	}
	return &SourceError{tidy(list)}
}

// common are the flags of every call of clang. _Float16 and __bf16 are rounded after each operation, and a vector of a loop
// would be wider than the checker sees.
func (t *Tools) common() []string {
	flags := []string{
		"-std=c++2b", "-fsigned-char", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off", "-fno-vectorize", "-fno-slp-vectorize",
		"-Xclang", "-ffloat16-excess-precision=none", "-Xclang", "-fbfloat16-excess-precision=none",
		"-fno-color-diagnostics", "-fno-caret-diagnostics", "-ferror-limit=20", "-gline-tables-only", "-fno-stack-protector", "-fno-math-errno", "-fno-optimize-sibling-calls",
		"-fno-finite-loops", "-fstack-clash-protection", "-mllvm", "-trap-unreachable", // what C++ leaves undefined ends in a report
		"-Wno-everything",
	}
	if runtime.GOARCH == "amd64" && cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2 {
		flags = append(flags, "-march=x86-64-v3")
	}
	return flags
}

// instrumented makes the compiler call the runtime at each access, and at indices and divisions that it can check itself.
var instrumented = []string{
	"-DAIOPT_CHECKED", "-O1", "-fsanitize=thread,array-bounds,integer-divide-by-zero", "-fno-sanitize-link-runtime",
	"-mllvm", "-tsan-instrument-func-entry-exit=0", "-mllvm", "-tsan-instrument-read-before-write",
}

var plain = []string{"-O2"}

// unit is what clang gets to compile.
func (p *Program) unit() string {
	return fmt.Sprintf("#include \"metal.h\"\n#line 1 \"%s\"\n%s\n#line 1 \"aiopt-calls\"\n%s", p.source.Name, p.parts.text, p.parts.calls)
}

// shimFolder writes the header and the runtime where clang finds them.
func (t *Tools) shimFolder() (path, key string, err error) {
	files, err := Header()
	if err != nil {
		return "", "", err
	}
	return t.Folder(files)
}

// runtimeObject gives the object of the runtime, which all executables share.
func (t *Tools) runtimeObject(ctx context.Context, dir, key string) (string, error) {
	args := append(t.common(), "-O2", "-nostdinc++", "-c", filepath.Join(dir, "main.cpp"))
	return t.cached(hash(append([]string{t.Version, key}, args...)...), ".o", func(out string) error {
		said, err := t.Call(ctx, dir, "", append(args, "-o", out)...)
		if err != nil {
			return t.Failure(ctx, "the checker's own runtime", err, said)
		}
		return nil
	})
}

// executable gives the program that runs the text's kernels.
func (p *Program) executable(ctx context.Context, checked bool) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if path := p.built[checked]; path != "" {
		return path, nil
	}
	t := p.tools
	dir, key, err := t.shimFolder()
	if err != nil {
		return "", err
	}
	object, err := t.runtimeObject(ctx, dir, key)
	if err != nil {
		return "", err
	}
	args := t.common()
	if checked {
		args = append(args, instrumented...)
	} else {
		args = append(args, plain...)
	}
	link := []string{"-static", "-no-pie", "-nostdlib++"}
	unit := p.unit()
	path, err := t.cached(hash(append([]string{t.Version, key, unit, object}, append(args, link...)...)...), ".exe", func(out string) error {
		temp := filepath.Join(filepath.Dir(out), "unit.o")
		said, err := t.Call(ctx, dir, unit, append(args, "-I", dir, "-c", "-x", "c++", "-", "-o", temp)...)
		if err != nil {
			return p.blame(ctx, err, said)
		}
		said, err = t.Call(ctx, dir, "", append(link, temp, object, "-lm", "-o", out)...)
		if err != nil {
			return p.blame(ctx, err, said)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	p.built[checked] = path
	return path, nil
}

// strict parses the text with address spaces in its types.
func (p *Program) strict(ctx context.Context) ([]Diagnostic, error) {
	t := p.tools
	dir, _, err := t.shimFolder()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("#include \"metal.h\"\n#line 1 \"%s\"\n%s\n", p.source.Name, p.parts.strict)
	said, err := t.Call(ctx, dir, text, append(t.common(), "-DAIOPT_STRICT", "-fsyntax-only", "-ferror-limit=100", "-I", dir, "-x", "c++", "-")...)
	if err == nil {
		return nil, nil
	}
	blamed := p.blame(ctx, err, said)
	var bad *SourceError
	if blamed == nil || !errors.As(blamed, &bad) {
		return nil, blamed
	}
	for i, d := range bad.Diagnostics {
		if d.Kind == Invalid {
			bad.Diagnostics[i].Kind = AddressSpace
		}
	}
	return bad.Diagnostics, nil
}

// Failure is the error of a text that clang did not compile: the first lines of what it said.
func (t *Tools) Failure(ctx context.Context, what string, err error, said []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	const most = 12
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("... and %d lines more", len(lines)-most))
	}
	return fmt.Errorf("%s could not be compiled by %s (%w):\n%s", what, t.Clang, err, strings.Join(lines, "\n"))
}
