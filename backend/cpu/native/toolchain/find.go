package toolchain

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// Tools are the programs that make code.
type Tools struct {
	LLC     string // the path of LLVM's code generator
	Version string // what it says of itself, such as "19.1.7"
	Major   int
	Linker  string
	LinkBy  []string // the linker's flags
}

// Missing is the error of a machine without the programs. An engine that has another way takes that.
type Missing struct{ What string }

// Error says what is missing.
func (e *Missing) Error() string { return e.What }

// install is what to do about it.
const install = ": install LLVM 14 to 19 and binutils (on Debian: apt-get install llvm-19 binutils), or name llc by AIOPT_LLC"

// The versions whose text form the code is known to fit.
const (
	oldest = 14
	newest = 19
)

// linkers are tried in order.
var linkers = []struct {
	name  string
	flags []string
}{
	{"ld", []string{"-shared", "-z", "noexecstack"}},
	{"ld.lld", []string{"-shared", "-z", "noexecstack"}},
	{"cc", []string{"-shared", "-nostdlib", "-Wl,-z,noexecstack"}},
}

// Find looks for llc, in $AIOPT_LLC first, and a linker. The error is a *Missing where there is none.
func Find() (*Tools, error) { return find(version) }

// Find is the function Find, which runs llc only where it is another file than the last time.
func (c *Cache) Find() (*Tools, error) { return find(c.version) }

func find(version func(path string) (string, error)) (*Tools, error) {
	if runtime.GOOS != "linux" {
		return nil, &Missing{"native code is made on Linux only, so far"}
	}
	t, err := findLLC(version)
	if err != nil {
		return nil, err
	}
	for _, l := range linkers {
		if path, err := exec.LookPath(l.name); err == nil {
			t.Linker, t.LinkBy = path, l.flags
			return t, nil
		}
	}
	return nil, &Missing{"there is no linker (ld, ld.lld or cc)" + install}
}

func findLLC(version func(path string) (string, error)) (*Tools, error) {
	if path := os.Getenv("AIOPT_LLC"); path != "" {
		t, err := ask(path, version)
		if err != nil {
			return nil, fmt.Errorf("AIOPT_LLC=%s: %w", path, err)
		}
		return t, nil
	}
	var problems []error
	for v := newest; v >= oldest-1; v-- {
		name := fmt.Sprintf("llc-%d", v)
		if v < oldest {
			name = "llc"
		}
		path, err := exec.LookPath(name)
		if err != nil {
			path = fmt.Sprintf("/usr/lib/llvm-%d/bin/llc", v)
			if _, err := os.Stat(path); err != nil {
				continue
			}
		}
		t, err := ask(path, version)
		if err == nil {
			return t, nil
		}
		problems = append(problems, fmt.Errorf("%s: %w", path, err))
	}
	if len(problems) > 0 {
		return nil, &Missing{errors.Join(problems...).Error() + install}
	}
	return nil, &Missing{"there is no llc, LLVM's code generator" + install}
}

var versionLine = regexp.MustCompile(`LLVM version ((\d+)\.[\w.\-+~]+)`)

// version is what llc says of itself.
func version(path string) (string, error) {
	out, err := exec.Command(path, "--version").Output()
	return string(out), err
}

// version is what the file of llc has said before.
func (c *Cache) version(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	head := fmt.Sprintf("%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	if said, ok := strings.CutPrefix(string(c.Note(answerNote)), head); ok {
		return said, nil
	}
	said, err := version(path)
	if err == nil {
		_ = c.PutNote(answerNote, []byte(head+said)) // else it is asked again
	}
	return said, err
}

const answerNote = "llc"

// ask learns the version of llc.
func ask(path string, version func(path string) (string, error)) (*Tools, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	out, err := version(path)
	if err != nil {
		return nil, err
	}
	found := versionLine.FindStringSubmatch(out)
	if found == nil {
		return nil, fmt.Errorf("expected a line `LLVM version ...` from --version, found %.80q", strings.TrimSpace(out))
	}
	major, err := strconv.Atoi(found[2])
	if err != nil {
		return nil, err
	}
	if major < oldest || major > newest {
		return nil, fmt.Errorf("it is of LLVM %s, expected %d to %d", found[1], oldest, newest)
	}
	return &Tools{LLC: path, Version: found[1], Major: major}, nil
}
