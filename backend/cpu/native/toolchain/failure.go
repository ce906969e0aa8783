package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/aiopt/aiopt/backend/programs"
)

// uncompiled is the error of modules that llc could not compile.
type uncompiled struct {
	modules []int
	error   // of the first one
}

// Unwrap gives the error of the first module.
func (u *uncompiled) Unwrap() error { return u.error }

// died is the error of a program that did not end by itself.
type died struct {
	program string
	signal  syscall.Signal
	advice  string
}

// Error says what to do.
func (d *died) Error() string {
	return fmt.Sprintf("%s was ended by a signal (%v): %s", d.program, d.signal, d.advice)
}

// shellSignal is what shells, which may stand between, add to a signal's number for an exit code.
const shellSignal = 128

// endedBy is the signal that has ended a program.
func endedBy(exit *exec.ExitError) (syscall.Signal, bool) {
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return w.Signal(), true
	}
	return syscall.Signal(exit.ExitCode() - shellSignal), exit.ExitCode() > shellSignal
}

// crashes are the signals of a program's own faults.
func crashes() []syscall.Signal {
	return []syscall.Signal{syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGABRT, syscall.SIGILL, syscall.SIGFPE, syscall.SIGTRAP}
}

// failure makes an error of a program's last words.
func (t *Tools) failure(ctx context.Context, program string, err error, said []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err = programs.Started(err); errors.As(err, new(*programs.Exhausted)) {
		return err
	}
	name, instead := filepath.Base(program), ""
	if program == t.LLC {
		name, instead = fmt.Sprintf("%s (LLVM %s)", name, t.Version), "name another version by AIOPT_LLC, or "
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if signal, ok := endedBy(exit); ok {
			return &died{name, signal, advice(signal, string(said), instead)}
		}
		if len(said) == 0 {
			said = exit.Stderr
		}
	}
	if len(said) == 0 {
		return fmt.Errorf("%s failed: %w", name, err)
	}
	const most = 12
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("... and %d lines more", len(lines)-most))
	}
	return fmt.Errorf("%s failed (%w):\n%s", name, err, strings.Join(lines, "\n"))
}

// advice is what to do about a signal. instead is what may be taken in place of the program.
func advice(signal syscall.Signal, said, instead string) string {
	switch {
	case signal == syscall.SIGKILL, strings.Contains(said, "out of memory"), strings.Contains(said, "bad_alloc"):
		return "as a rule memory ran out; free some, or compile fewer kernels at a time by --threads=1"
	case slices.Contains(crashes(), signal):
		return "it has a fault; " + instead + "do without native code by --backend=interp"
	default:
		return "run it again, or look at the limits that `ulimit -a` shows"
	}
}

// ofInput holds that the program may have died of its input. Other signals come from people.
func (d *died) ofInput() bool {
	return d.signal == syscall.SIGKILL || slices.Contains(crashes(), d.signal)
}

// explain adds to the error of a build where the texts of the modules are that llc could not compile. They are kept in the
// job's folder; without one, and where llc may have died of them, in the cache or a temporary folder.
func (c *Cache) explain(err error, j *Job, texts []string) error {
	var bad *uncompiled
	if !errors.As(err, &bad) {
		return err
	}
	if d := new(died); j.Failed == "" && !(errors.As(err, &d) && d.ofInput()) {
		return err
	}
	first := ""
	for _, i := range bad.modules {
		path, failed := c.saveText(j.Failed, texts[i])
		if failed != nil {
			return errors.Join(err, failed)
		}
		if first == "" {
			first = path
		}
	}
	return fmt.Errorf("%w\nits input is kept in %s", err, first)
}

// saveText writes the text of a module for a person to look at. In the cache it is an entry of its own.
func (c *Cache) saveText(dir, text string) (path string, err error) {
	name := hash([]byte(text)) + ".ll"
	switch {
	case dir != "":
		err = os.MkdirAll(dir, 0o755)
	case c.Write(name, []byte(text)) == nil:
		return c.Path(name), nil
	default:
		dir, err = os.MkdirTemp("", "aiopt-llc-")
	}
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(text), 0o644)
}
