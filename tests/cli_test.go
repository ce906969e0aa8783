package tests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aiopt": func() { cli.Main(aiopt.Standard()) }})
}

// TestCLI runs the scripts under cli: exit codes, flags, files, and what the user reads. $EXAMPLES is the folder of
// examples.
func TestCLI(t *testing.T) {
	examples, err := filepath.Abs(filepath.Join("..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "cli",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
	})
}
