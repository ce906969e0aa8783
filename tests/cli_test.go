package tests

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(withCache{m}, map[string]func(){"aiopt": func() { cli.Main(aiopt.Standard()) }})
}

// withCache runs tests with a cache of compiled kernels of their own, so that they neither read the user's nor fill it.
type withCache struct{ *testing.M }

// Run is testing.M's.
func (m withCache) Run() (code int) {
	dir, err := os.MkdirTemp("", "aiopt-tests-")
	if err == nil {
		defer os.RemoveAll(dir)
		shared.root = dir
		err = os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.M.Run()
}

// damage FILE ENTRY changes a bit in the middle of a zip file's entry; damage FILE, one in the last byte.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	at := int64(len(data) - 1)
	if len(args) > 1 {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		ts.Check(err)
		i := slices.IndexFunc(z.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, args[1]) })
		if i < 0 {
			ts.Fatalf("%s has no entry %s", args[0], args[1])
		}
		offset, err := z.File[i].DataOffset()
		ts.Check(err)
		at = offset + int64(z.File[i].UncompressedSize64/2)
	}
	data[at] ^= 1
	ts.Check(os.WriteFile(path, data, 0o644))
}

// spoil DIR changes a bit in each file of a folder.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	files, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	for _, f := range files {
		path := filepath.Join(ts.MkAbs(args[0]), f.Name())
		data, err := os.ReadFile(path)
		ts.Check(err)
		data[len(data)/3] ^= 1
		ts.Check(os.WriteFile(path, data, 0o600))
	}
}

// TestCLI runs the scripts under cli: exit codes, flags, files, and what the user reads. $EXAMPLES is the folder of
// examples, $DETECTOR that of a model with what PyTorch computes of it.
func TestCLI(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs(filepath.Join("..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	dir, files := "cli", []string(nil)
	if testing.Short() { // the race detector makes each command of a script many times slower
		dir, files = "", []string{"cli/numeric.txtar", "cli/functions.txtar"}
	}
	testscript.Run(t, testscript.Params{
		Dir:           dir,
		Files:         files,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"damage": damage, "spoil": spoil},
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("DETECTOR", filepath.Join(filepath.Dir(examples), "tests", "detector"))
			env.Setenv("BIN", filepath.SplitList(env.Getenv("PATH"))[0]) // where aiopt is, alone
			env.Setenv("XDG_CACHE_HOME", os.Getenv("XDG_CACHE_HOME"))
			return nil
		},
	})
}
