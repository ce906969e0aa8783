// Package programs finds the programs of others that engines work with, in a version that suits.
package programs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Missing is the error of a machine without a program. Who has another way takes that.
type Missing struct {
	What   string
	System bool // no machine with this system has it
}

// Error says what is missing.
func (e *Missing) Error() string { return e.What }

// Kind is what is looked for.
type Kind struct {
	What     string   // for people: "llc, LLVM's code generator"
	Variable string   // the environment variable that may name the program instead
	Names    []string // of programs, or paths; tried in order

	Version        *regexp.Regexp // finds the version, and in it the major number, in what --version says
	Line           string         // how the line begins that holds it
	Product        string         // what goes before a version: "of LLVM"
	Oldest, Newest int            // the major numbers that suit
	Install        string         // what to do where there is none
}

// Found is a program.
type Found struct {
	Path    string
	Version string // what it says of itself, such as "19.1.7"
	Major   int
}

// Ask runs a program for what it says of its version.
func Ask(path string) (string, error) {
	out, err := exec.Command(path, "--version").Output()
	return string(out), err
}

// Find looks for the program that the variable names and, where it names none, for the first one that suits. The error is a
// *Missing where there is none; what the variable names has to suit, though. version is Ask, or remembers what that said.
func (k *Kind) Find(version func(path string) (string, error)) (*Found, error) {
	if name := os.Getenv(k.Variable); name != "" {
		found, err := k.named(name, version)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", k.Variable, name, err)
		}
		return found, nil
	}
	var problems []error
	for _, name := range k.Names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		found, err := k.ask(path, version)
		if err == nil {
			return found, nil
		}
		if errors.As(err, new(*Exhausted)) {
			return nil, err
		}
		problems = append(problems, fmt.Errorf("%s: %w", path, err))
	}
	if len(problems) > 0 {
		return nil, &Missing{What: errors.Join(problems...).Error() + ": " + k.Install}
	}
	return nil, &Missing{What: "there is no " + k.What + ": " + k.Install}
}

// named is the program that a person has named, by a path or by a name to be looked up.
func (k *Kind) named(name string, version func(path string) (string, error)) (*Found, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil || errors.Is(err, exec.ErrDot):
		return k.ask(path, version)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		err = errors.New("there is no such program")
	case errors.Is(err, syscall.EISDIR):
		err = errors.New("it is a folder")
	case errors.Is(err, fs.ErrPermission):
		err = errors.New("it is not a program that may be run")
	default:
		err = unwrapped(err)
	}
	return nil, fmt.Errorf("%w; expected the path of %s, %d to %d; unset %s to have one looked for", err, k.What, k.Oldest, k.Newest, k.Variable)
}

// unwrapped leaves out the path, which the message has.
func unwrapped(err error) error {
	if e := new(exec.Error); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// ask learns the version of a program.
func (k *Kind) ask(path string, version func(path string) (string, error)) (*Found, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	said, err := version(path)
	if err = Started(err); errors.As(err, new(*Exhausted)) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w, when asked for its --version", err)
	}
	match := k.Version.FindStringSubmatch(said)
	if match == nil {
		return nil, fmt.Errorf("expected a line `%s ...` from --version, found %.80q", k.Line, strings.TrimSpace(said))
	}
	major, err := strconv.Atoi(match[2])
	if err != nil {
		return nil, err
	}
	if major < k.Oldest || major > k.Newest {
		return nil, fmt.Errorf("it is %s %s, expected %d to %d", k.Product, match[1], k.Oldest, k.Newest)
	}
	return &Found{Path: path, Version: match[1], Major: major}, nil
}

// Exhausted is the error of a machine that has no room for one more process or open file.
type Exhausted struct{ Err error }

// Error says what to do.
func (e *Exhausted) Error() string {
	return fmt.Sprintf("no program can be started: %v; raise the limit that `ulimit -a` shows, for open files by `ulimit -n 1024`, or end other programs", e.Err)
}

// Unwrap gives the system's error.
func (e *Exhausted) Unwrap() error { return e.Err }

// Started makes an *Exhausted of an error of starting a program where the machine is to blame, not the program.
func Started(err error) error {
	if slices.ContainsFunc([]error{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM}, func(e error) bool { return errors.Is(err, e) }) {
		return &Exhausted{err}
	}
	return err
}
