package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/tools/debugger"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// highestPort is the largest number of a TCP port.
const highestPort = 1<<16 - 1

func debugCommand() command {
	return command{
		name:  "debug",
		usage: "[flags] MODEL.{pt2,air,airpkg}... [SAVED.intermediates.safetensors]",
		doc:   "Show models in the browser: modules, operations, source, runs, and where two runs differ.",
		long: `The page is served to this machine alone, under an address that has a random token; ctrl-c ends it. It shows what runs: a .pt2
is made ready by @cpu unless -passes says otherwise, a .air or .airpkg stands as it is, and the page opens each again with other passes.

Saved values of a run, as aiopt.save_intermediates in Python or run --save-intermediates write them, can be compared with.

--inputs names tensors that runs may start from; the page also takes .npy, .npz, .safetensors and image files, numbers, and makes
random ones. docs/debugging.md explains the page.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &debugCmd{tool: t}
			fs.StringVar(&c.passes, "passes", "", "the passes to run over the models, such as decompose,fuse,w4 or @cpu")
			fs.StringVar(&c.config, "config", "", "compress the models as this YAML file says, after the passes; the page shows its text and opens models with another one")
			fs.StringVar(&c.inputs, "inputs", "", "a .safetensors file that runs may take their inputs from")
			fs.IntVar(&c.port, "port", 0, "the port to listen on; 0: a free one")
			fs.BoolVar(&c.noOpen, "no-open", false, "print the address only, and open no browser")
			return c.run
		},
	}
}

type debugCmd struct {
	*tool
	passes string
	config string
	inputs string
	port   int
	noOpen bool
}

func (c *debugCmd) run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usagef("expected models, found none; `%s debug --help` shows how it goes", c.name)
	}
	if c.port < 0 || c.port > highestPort {
		return usagef("--port=%d: expected 0, for a free one, or a number up to %d", c.port, highestPort)
	}
	if _, err := c.Passes.Parse(c.passes); err != nil {
		return err
	}
	if c.inputs != "" {
		if _, err := readInputs(c.inputs, nil); err != nil {
			return err
		}
	}
	for _, path := range args { // a mistyped name is told here, not in the browser
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	opt := debugger.Options{Inputs: c.inputs, Warn: func(m string) { c.warn("%s", m) }}
	if c.config != "" {
		var err error
		if opt.Config, err = debugger.ReadConfig(c.config); err != nil {
			return fmt.Errorf("--config: %w", err)
		}
	}
	s := debugger.New(ctx, c.Toolkit, opt)
	l, err := s.Listen(c.port)
	if err != nil {
		return err
	}
	for _, path := range args {
		if intermediates.Is(path) {
			err = s.OpenSaved(path)
		} else {
			err = s.Open(path, c.passes)
		}
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(c.stdout, "%s\n", s.URL())
	if !c.noOpen && c.tty {
		openBrowser(s.Once())
	}
	return s.Serve(l)
}

// openBrowser shows an address in the user's browser, where there is one; the address has been printed in any case.
func openBrowser(url string) {
	opener := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if opener == nil {
		opener = []string{"xdg-open"}
	}
	cmd := exec.Command(opener[0], append(opener[1:], url)...)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
