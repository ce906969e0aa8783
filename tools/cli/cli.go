package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/passes/pass"
)

// The exit codes.
const (
	exitOK    = 0
	exitError = 1 // a mistake in the model, the inputs or the pipeline
	exitUsage = 2 // a command line that makes no sense; a signal gives 128 and its number
)

// tool is one run of the command: what it knows and where it reads and writes.
type tool struct {
	*aiopt.Toolkit
	name   string // of the program, for messages
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	colour bool // stderr is a terminal that shows colours
	bright bool // stdout is
	tty    bool // stderr is a terminal
	alone  bool // the process is this tool's own, so it may set limits of the whole process
}

// command is one entry of the table of commands.
type command struct {
	name  string
	usage string // what follows the name
	doc   string // one sentence
	long  string // more for `help`, may be empty
	// setup declares the flags and gives the function that runs the command.
	setup func(t *tool, fs *pflag.FlagSet) func(ctx context.Context, args []string) error
}

// commands is the one list; the first one has no name and is the default.
func commands() []command {
	return []command{transformCommand(), runCommand(), benchCommand(), inspectCommand(), compareCommand(), sensitivityCommand(), graphCommand(), debugCommand(), metalCommand(), cacheCommand(), helpCommand(), completionCommand()}
}

func commandNames() []string {
	var names []string
	for _, c := range commands()[1:] {
		names = append(names, c.name)
	}
	return names
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs the command line of a program with the given toolkit and exits.
func Main(tk *aiopt.Toolkit) {
	debug.SetGCPercent(400) // reading a model makes many small objects that stay
	ctx, stop := untilSignal()
	t := newTool(tk, os.Stdout, os.Stderr)
	t.alone, t.stdin = true, os.Stdin
	code := t.run(ctx, os.Args)
	stop()
	os.Exit(code)
}

// Run runs one command line and gives its exit code; args[0] is the program's name.
func Run(ctx context.Context, tk *aiopt.Toolkit, args []string, stdout, stderr io.Writer) int {
	return newTool(tk, stdout, stderr).run(ctx, args)
}

func newTool(tk *aiopt.Toolkit, stdout, stderr io.Writer) *tool {
	t := &tool{Toolkit: tk, name: "aiopt", stdin: strings.NewReader(""), stdout: stdout, stderr: stderr}
	t.tty = isTerminal(stderr)
	t.colour, t.bright = showsColours(stderr), showsColours(stdout)
	return t
}

// run runs one command line.
func (t *tool) run(ctx context.Context, args []string) int {
	if err := t.Err(); err != nil {
		t.printError(fmt.Errorf("this program is put together wrongly: %w", err))
		return exitError
	}
	stdout := &firstError{w: t.stdout}
	t.stdout = stdout
	err := t.guarded(ctx, args[1:])
	if err == nil && stdout.err != nil {
		err = fmt.Errorf("the output could not be written: %w", stdout.err)
	}
	var usage usageError
	switch by := interruption(ctx); {
	case err == nil:
		return exitOK
	case by != nil:
		t.printError(by)
		return by.code
	case errors.As(err, &usage):
		t.printError(err)
		return exitUsage
	}
	t.printError(err)
	return exitError
}

// firstError keeps the first error of writing, so that no command needs to look at each line that it prints.
type firstError struct {
	w   io.Writer
	err error
}

// Write writes until that fails.
func (c *firstError) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(p)
	var perr *fs.PathError
	if c.err = err; errors.As(err, &perr) {
		c.err = perr.Err
	}
	return n, c.err
}

// guarded turns a broken promise inside the program into an error that asks for a report.
func (t *tool) guarded(ctx context.Context, args []string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &pass.Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	return t.dispatch(ctx, args)
}

func (t *tool) dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == completeCommand {
		return t.complete(args[1:])
	}
	cmd := commands()[0]
	if len(args) > 0 {
		for _, c := range commands()[1:] {
			if c.name == args[0] {
				cmd, args = c, args[1:]
				break
			}
		}
	}
	fs := t.flags(cmd)
	run := cmd.setup(t, fs)
	help := fs.BoolP("help", "h", false, "print what the command does and its flags")
	version := new(bool)
	if cmd.name == "" {
		version = fs.Bool("version", false, "print the version")
	}
	if err := t.parse(fs, args); err != nil {
		var usage usageError
		if errors.As(err, &usage) {
			return err
		}
		return usagef("%w; `%s` lists the flags", t.explainFlag(cmd, fs, err), strings.TrimSpace(t.name+" help "+cmd.name))
	}
	switch {
	case *help:
		t.printCommand(cmd, fs)
		return nil
	case *version:
		fmt.Fprintln(t.stdout, t.name, aiopt.Version())
		return nil
	}
	return run(ctx, fs.Args())
}

// parse sets the flags. One that takes a single value must not be given twice, nor without any.
func (t *tool) parse(fs *pflag.FlagSet, args []string) error {
	return fs.ParseAll(doubleDashes(fs, args), func(f *pflag.Flag, value string) error {
		_, list := f.Value.(pflag.SliceValue)
		switch {
		case f.Changed && f.Name == "passes":
			return usagef("--passes is given twice; one pipeline has all the passes, as in --passes=decompose,w4")
		case f.Changed && !list && f.Value.Type() != "bool":
			return usagef("--%s is given twice: %s and %s", f.Name, f.Value, value)
		case value == "" && f.Value.Type() == "string" && f.Name != "passes":
			return usagef("--%s: expected a value, found nothing", f.Name)
		}
		return fs.Set(f.Name, value)
	})
}

// explainFlag adds to an error of parsing which flag may have been meant, or which command has the flag.
func (t *tool) explainFlag(cmd command, fs *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	name := unknown.GetSpecifiedName()
	if short, _, _ := strings.Cut(unknown.GetSpecifiedShortnames(), "="); len(short) > 1 { // -renam is no list of short flags
		name = short
		err = fmt.Errorf("unknown flag: -%s", name)
	}
	for _, other := range commands() {
		flags := t.flags(other)
		other.setup(t, flags)
		if other.name != cmd.name && flags.Lookup(name) != nil {
			return fmt.Errorf("%w, which is one of `%s`", err, strings.TrimSpace(t.name+" "+other.name))
		}
	}
	var names []string
	fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := pass.Nearest(name, names); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

func (t *tool) flags(cmd command) *pflag.FlagSet {
	fs := pflag.NewFlagSet(cmd.name, pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	return fs
}

// doubleDashes lets people type -passes=... : a single dash before a long flag's name becomes two.
func doubleDashes(fs *pflag.FlagSet, args []string) []string {
	out := make([]string, len(args))
	copy(out, args)
	for i, a := range out {
		if a == "--" {
			break
		}
		if len(a) < 3 || a[0] != '-' || a[1] == '-' {
			continue
		}
		name, _, _ := strings.Cut(a[1:], "=")
		if fs.Lookup(name) != nil {
			out[i] = "-" + a
		}
	}
	return out
}
