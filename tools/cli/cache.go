package cli

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
)

func cacheCommand() command {
	return command{
		name:  "cache",
		usage: "[list | clear]",
		doc:   "List or clear the compiled kernels that are kept for the next run.",
		long: `Kernels compiled for this machine lie below $XDG_CACHE_HOME/aiopt, or where the system keeps such files. What is not
used for longest is removed when they grow too many; clearing them costs nothing but the time to compile them again.`,
		setup: func(t *tool, _ *pflag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				if len(args) == 0 {
					args = []string{"list"}
				}
				cache, err := toolchain.UserCache()
				if err != nil {
					return err
				}
				switch {
				case len(args) == 1 && args[0] == "list":
					return t.listCache(cache)
				case len(args) == 1 && args[0] == "clear":
					return cache.Clear()
				}
				return usagef("expected list or clear")
			}
		},
	}
}

func (t *tool) listCache(cache *toolchain.Cache) error {
	list, err := cache.List()
	total := int64(0)
	for _, e := range list {
		total += e.Bytes
		fmt.Fprintf(t.stdout, "%.12s %9.1f KiB  %s  %s\n", e.Key, float64(e.Bytes)/1024, e.Used.Format("2006-01-02 15:04"), e.Program)
	}
	fmt.Fprintf(t.stdout, "%d objects, %.1f MiB in %s\n", len(list), float64(total)/(1<<20), cache.Dir)
	return err
}
