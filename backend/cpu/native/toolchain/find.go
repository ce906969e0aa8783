package toolchain

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"github.com/aiopt/aiopt/backend/programs"
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
type Missing = programs.Missing

// install is what to do about it.
const install = "install LLVM 14 to 19 and binutils (on Debian: apt-get install llvm-19 binutils), or name llc by AIOPT_LLC"

// The versions whose text form the code is known to fit.
const (
	oldest = 14
	newest = 19
)

// llc is LLVM's code generator, the newest first.
func llc() *programs.Kind {
	k := &programs.Kind{
		What: "llc, LLVM's code generator", Variable: "AIOPT_LLC", Oldest: oldest, Newest: newest, Product: "of LLVM",
		Version: regexp.MustCompile(`LLVM version ((\d+)\.[\w.\-+~]+)`), Line: "LLVM version", Install: install,
	}
	for v := newest; v >= oldest; v-- {
		k.Names = append(k.Names, fmt.Sprintf("llc-%d", v), fmt.Sprintf("/usr/lib/llvm-%d/bin/llc", v))
	}
	k.Names = append(k.Names, "llc")
	return k
}

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
func Find() (*Tools, error) { return find(programs.Ask) }

// Find is the function Find, which runs llc only where it is another file than the last time.
func (c *Cache) Find() (*Tools, error) { return find(c.version) }

func find(version func(path string) (string, error)) (*Tools, error) {
	if runtime.GOOS != "linux" {
		return nil, &Missing{What: "native code is made on Linux only, so far"}
	}
	found, err := llc().Find(version)
	if err != nil {
		return nil, err
	}
	t := &Tools{LLC: found.Path, Version: found.Version, Major: found.Major}
	for _, l := range linkers {
		if path, err := exec.LookPath(l.name); err == nil {
			t.Linker, t.LinkBy = path, l.flags
			return t, nil
		}
	}
	return nil, &Missing{What: "there is no linker (ld, ld.lld or cc): " + install}
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
	said, err := programs.Ask(path)
	if err == nil {
		_ = c.PutNote(answerNote, []byte(head+said)) // else it is asked again
	}
	return said, err
}

const answerNote = "llc"
