package tests

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"
)

// counter never ends by itself; the value before its loop is shown when the loop begins.
const counter = `air 1
module @m {
  func @main(%x: tensor<i64>) -> (%y: tensor<i64>) {
    %begin = tensor.neg(%x) : tensor<i64>
    %y = core.while(%begin, %x) {carried = 1} : tensor<i64>
      cond(%a: tensor<i64>, %l: tensor<i64>) {
        %more = tensor.ge(%l, %l) : tensor<bool>
        core.return(%more)
      }
      do(%a: tensor<i64>, %l: tensor<i64>) {
        %b = tensor.add(%a, %l) : tensor<i64>
        core.return(%b)
      }
    core.return(%y)
  }
}
`

// TestSignals ends the command by each signal while it works.
func TestSignals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.air")
	if err := os.WriteFile(path, []byte(counter), 0o644); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		if signal.Ignored(sig) { // as nohup has it: then the command does not hear of it, either
			continue
		}
		cmd := exec.Command(program)
		cmd.Args = []string{"aiopt", "run", "--backend=interp", "--dump=begin", "--input", "x=1", path} // testscript goes by the name
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "%begin") {
			t.Errorf("%v: found %q, expected the value before the loop", sig, lines.Text())
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		var last string
		for lines.Scan() {
			last += lines.Text() + "\n"
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != code || last != "aiopt: interrupted\n" {
			t.Errorf("%v: exit code %d and %q, expected %d and that it was interrupted", sig, got, last, code)
		}
	}
}

// TestSignalWhileCompiling ends the command while llc works, which leaves neither llc nor its files.
func TestSignalWhileCompiling(t *testing.T) {
	dir := t.TempDir()
	llc, started, cache := filepath.Join(dir, "llc"), filepath.Join(dir, "started"), filepath.Join(dir, "cache")
	script := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo LLVM version 19.1.7; exit; fi\necho $$ >" + started + ".new\nmv " + started + ".new " + started + "\nexec sleep 600\n"
	if err := os.WriteFile(llc, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Args = []string{"aiopt", "run", "--threads=1", "../examples/mlp/mlp.pt2"}
	cmd.Env = append(os.Environ(), "AIOPT_LLC="+llc, "XDG_CACHE_HOME="+cache)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for range 3000 {
		if text, err = os.ReadFile(started); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("llc was not started: %s", &said)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.HasSuffix(said.String(), "aiopt: interrupted\n") {
		t.Errorf("exit code %d and %q, expected 130 and that it was interrupted", code, &said)
	}
	left, err := os.FindProcess(pid)
	if err == nil {
		err = left.Signal(syscall.Signal(0))
	}
	if !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("llc still runs: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(cache, "aiopt", "cpu", "*"))
	files = slices.DeleteFunc(files, func(path string) bool { return filepath.Base(path) == "llc.note" }) // what llc said of itself
	if err != nil || len(files) > 0 {
		t.Errorf("%v were left (%v)", files, err)
	}
}

// TestInterrupted holds that a run which was interrupted says only that, and leaves no file.
func TestInterrupted(t *testing.T) {
	model, err := filepath.Abs("../examples/mlp/mlp.pt2")
	if err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{".air", ".airpkg"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var stdout, stderr bytes.Buffer
		args := []string{"aiopt", "-passes=decompose,w8", "--verify=numeric", "--report=" + filepath.Join(dir, "report.html"), model, "-o", filepath.Join(dir, "out"+ext)}
		code := cli.Run(ctx, aiopt.Standard(), args, &stdout, &stderr)
		if code != 130 || stderr.String() != "aiopt: interrupted\n" || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, %q and %q, expected 130 and that it was interrupted", ext, code, stderr.String(), stdout.String())
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
			t.Errorf("%s: found %v (%v), expected no files", ext, list, err)
		}
	}
}

// TestSaveCancelled holds that a text whose writing is cancelled leaves nothing.
func TestSaveCancelled(t *testing.T) {
	tk := aiopt.Standard()
	m, err := tk.Load("../examples/mlp/mlp.pt2", aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tk.Build(t.Context(), m, "decompose,w8", aiopt.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ext := range []string{".air", ".airpkg"} {
		dir := t.TempDir()
		if err := tk.SaveContext(ctx, m, filepath.Join(dir, "out"+ext), aiopt.SaveOptions{}); err != context.Canceled {
			t.Errorf("%s: %v, expected that it was cancelled", ext, err)
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
			t.Errorf("%s: found %v (%v), expected no files", ext, list, err)
		}
	}
}
