package check

import (
	"crypto/sha256"
	"encoding/hex"
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

// Tools are the programs that the checker needs.
type Tools struct {
	Clang   string // the path of clang++
	Version string // what it says of itself, such as "19.1.7"
	Major   int
	Cache   string // the folder of what it made; only the user may read it
}

// Missing is the error of a machine without the programs.
type Missing struct{ What string }

// Error says what is missing.
func (e *Missing) Error() string { return e.What }

const install = ": install clang 18 to 20 (on Debian: apt-get install --no-install-recommends clang-19), or name clang++ by AIOPT_CLANG"

// The versions that understand the header: 16 cannot add bfloat numbers and has no exp10. The tests run with 19.
const (
	oldest = 18
	newest = 20
)

// preferred are tried in order, the version that the tests run with first.
var preferred = []string{"clang++-19", "clang++-20", "clang++-18", "clang++"}

// Find looks for clang++, in $AIOPT_CLANG first. What is compiled is kept in the user's cache. The error is a *Missing where
// there is no clang.
func Find() (*Tools, error) {
	if runtime.GOOS != "linux" {
		return nil, &Missing{"Metal code is checked on Linux only, so far"}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	cache = filepath.Join(cache, "aiopt", "metal")
	if path := os.Getenv("AIOPT_CLANG"); path != "" {
		t, err := ask(path)
		if err != nil {
			return nil, fmt.Errorf("AIOPT_CLANG=%s: %w", path, err)
		}
		t.Cache = cache
		return t, nil
	}
	var problems []error
	for _, name := range preferred {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		t, err := ask(path)
		if err == nil {
			t.Cache = cache
			return t, nil
		}
		problems = append(problems, fmt.Errorf("%s: %w", path, err))
	}
	if len(problems) > 0 {
		return nil, &Missing{errors.Join(problems...).Error() + install}
	}
	return nil, &Missing{"there is no clang++, which compiles Metal code for the checker" + install}
}

var versionLine = regexp.MustCompile(`clang version ((\d+)\.[\w.\-+~]+)`)

// ask runs clang to learn its version.
func ask(path string) (*Tools, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return nil, err
	}
	found := versionLine.FindStringSubmatch(string(out))
	if found == nil {
		return nil, fmt.Errorf("expected a line `clang version ...` from --version, found %.80q", strings.TrimSpace(string(out)))
	}
	major, err := strconv.Atoi(found[2])
	if err != nil {
		return nil, err
	}
	if major < oldest || major > newest {
		return nil, fmt.Errorf("it is clang %s, expected %d to %d", found[1], oldest, newest)
	}
	return &Tools{Clang: path, Version: found[1], Major: major}, nil
}

// hash names what was made by all that went into it.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d\n%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
