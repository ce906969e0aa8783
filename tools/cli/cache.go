package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend/cachedir"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/metal/check"
)

func cacheCommand() command {
	return command{
		name:  "cache",
		usage: "[list | clear]",
		doc:   "List or clear the compiled kernels and packed weights that are kept for the next run.",
		long: `Kernels compiled for this machine, weights in the order in which they read them, and what the Metal checker compiled lie below
$XDG_CACHE_HOME/aiopt, or where the system keeps such files. What is not used for longest is removed when they grow too many: kernels,
and notes on them and on models, beyond 512 MiB, packed weights beyond 4 GiB, the checker's beyond 256 MiB, each beyond a tenth of the
disk. Clearing them costs nothing but the time to make them again.

The folders must be the user's alone (mode 700), as what is in them runs. Where they are not, or nothing can be written, each run
compiles anew in a temporary folder and says so.

AIOPT_PACKED_CACHE=off keeps no packed weights.`,
		setup: func(t *tool, _ *pflag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				if len(args) == 0 {
					args = []string{"list"}
				}
				objects, weights, checks := toolchain.UserCache(), packed.UserCache(), check.UserCache()
				switch {
				case len(args) == 1 && args[0] == "list":
					return errors.Join(t.listObjects(objects), t.listSum("packed weights", &weights.Folder), t.listSum("objects and programs of the Metal checker", &checks))
				case len(args) == 1 && args[0] == "clear":
					return errors.Join(objects.Clear(), weights.Clear(), checks.Clear())
				}
				return usagef("expected list or clear")
			}
		},
	}
}

func (t *tool) listObjects(cache *toolchain.Cache) error {
	list, err := cache.List()
	if err != nil {
		return err
	}
	total := int64(0)
	for _, e := range list {
		total += e.Bytes
		fmt.Fprintf(t.stdout, "%.12s %9.1f KiB  %s  %s\n", e.Key, float64(e.Bytes)/1024, e.Used.Format("2006-01-02 15:04"), e.Program)
	}
	fmt.Fprintf(t.stdout, "%d objects, %.1f MiB in %s\n", len(list), float64(total)/(1<<20), cache.Dir)
	notes, err := cache.Notes()
	if err != nil {
		return err
	}
	total = 0
	for _, e := range notes {
		total += e.Bytes
	}
	fmt.Fprintf(t.stdout, "%d notes on models and kernels, %.1f MiB in %s\n", len(notes), float64(total)/(1<<20), cache.Dir)
	return nil
}

// listSum adds entries up: a model has hundreds of packed weights.
func (t *tool) listSum(what string, folder *cachedir.Folder) error {
	list, err := folder.List()
	if err != nil {
		return err
	}
	total := int64(0)
	for _, e := range list {
		total += e.Bytes
	}
	fmt.Fprintf(t.stdout, "%d %s, %.1f MiB in %s\n", len(list), what, float64(total)/(1<<20), folder.Dir)
	return nil
}
