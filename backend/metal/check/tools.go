package check

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"runtime"

	"github.com/aiopt/aiopt/backend/cachedir"
	"github.com/aiopt/aiopt/backend/programs"
)

// Tools are the programs that the checker needs.
type Tools struct {
	Clang   string // the path of clang++
	Version string // what it says of itself, such as "19.1.7"
	Major   int
	Cache   cachedir.Folder // of what it made
	Limits  Limits          // of compiling a text
}

// Missing is the error of a machine without the programs.
type Missing = programs.Missing

// clang are the versions that understand the header, the one that the tests run with first: 16 cannot add bfloat numbers and has
// no exp10.
func clang() *programs.Kind {
	return &programs.Kind{
		What: "clang++, which compiles Metal code for the checker", Variable: "AIOPT_CLANG", Oldest: 18, Newest: 20,
		Names:   []string{"clang++-19", "clang++-20", "clang++-18", "clang++"},
		Version: regexp.MustCompile(`clang version ((\d+)\.[\w.\-+~]+)`), Line: "clang version", Product: "clang",
		Install: "install clang 18 to 20 (on Debian: apt-get install --no-install-recommends clang-19), or name clang++ by AIOPT_CLANG",
	}
}

// Find looks for clang++, in $AIOPT_CLANG first. What is compiled is kept in the user's cache. The error is a *Missing where
// there is no clang.
func Find() (*Tools, error) {
	if runtime.GOOS != "linux" {
		return nil, &Missing{What: "Metal code is checked on Linux only, so far"}
	}
	found, err := clang().Find(programs.Ask)
	if err != nil {
		return nil, err
	}
	return &Tools{Clang: found.Path, Version: found.Version, Major: found.Major, Cache: UserCache()}, nil
}

// hash names what was made by all that went into it.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d\n%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
