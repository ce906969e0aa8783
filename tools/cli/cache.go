package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend/cachedir"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/metal/check"
)

func cacheCommand() command {
	return command{
		name:  "cache",
		usage: "[--all] [--json] [list | clear]",
		doc:   "List or clear the compiled kernels and packed weights that are kept for the next run.",
		long: `Kernels compiled for this machine, weights in the order in which they read them, and what the Metal checker compiled lie below
$XDG_CACHE_HOME/aiopt, or where the system keeps such files. What is not used for longest is removed when they grow too many: kernels,
and notes on them and on models, beyond 512 MiB, packed weights beyond 4 GiB, the checker's beyond 256 MiB, each beyond a tenth of the
disk. Clearing them costs nothing but the time to make them again.

The folders must be the user's alone (mode 700), as what is in them runs. Where they are not, or nothing can be written, each run
compiles anew in a temporary folder and says so.

The list begins with sums; of the compiled kernels the largest follow, as a machine may keep thousands.

AIOPT_PACKED_CACHE=off keeps no packed weights.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &cacheLister{tool: t, objects: toolchain.UserCache(), weights: packed.UserCache(), checks: check.UserCache()}
			fs.BoolVar(&c.all, "all", false, "list all objects, not only the largest")
			fs.BoolVar(&c.json, "json", false, "print the list as JSON, all of it")
			return c.run
		},
	}
}

// cacheLister is the folders of the user.
type cacheLister struct {
	*tool
	objects   *toolchain.Cache
	weights   *packed.Cache
	checks    cachedir.Folder
	all, json bool
}

func (c *cacheLister) run(_ context.Context, args []string) error {
	if err := c.known(); err != nil {
		return err
	}
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "list":
		return c.list()
	case len(args) == 1 && args[0] == "clear":
		return errors.Join(c.objects.Clear(), c.weights.Clear(), c.checks.Clear())
	}
	return usagef("expected list or clear")
}

// known is an error, the same for all of them, where it is not known where the folders are.
func (c *cacheLister) known() error {
	if c.objects.Dir != "" {
		return nil
	}
	_, err := c.objects.List()
	return err
}

// cacheList is what is kept; JSON has these fields in this order.
type cacheList struct {
	Folders []cacheFolder `json:"folders"`
	Objects []cacheObject `json:"objects"` // the largest first
}

type cacheFolder struct {
	What  string `json:"what"`
	Dir   string `json:"dir"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"`
}

type cacheObject struct {
	Key     string    `json:"key"`
	Bytes   int64     `json:"bytes"`
	Used    time.Time `json:"used"`
	Program string    `json:"program"` // what it was made for
}

// gather reads the folders. One that cannot be read is told of; the others are listed all the same.
func (c *cacheLister) gather() (*cacheList, error) {
	l := &cacheList{Folders: []cacheFolder{}, Objects: []cacheObject{}}
	var errs []error
	add := func(what, dir string, list []cachedir.Entry, err error) {
		if err != nil {
			errs = append(errs, err)
			return
		}
		f := cacheFolder{What: what, Dir: dir, Count: len(list)}
		for _, e := range list {
			f.Bytes += e.Bytes
		}
		l.Folders = append(l.Folders, f)
	}
	objects, err := c.objects.List()
	entries := make([]cachedir.Entry, len(objects))
	for i, o := range objects {
		entries[i] = o.Entry
		l.Objects = append(l.Objects, cacheObject{o.Key, o.Bytes, o.Used, o.Program})
	}
	slices.SortStableFunc(l.Objects, func(a, b cacheObject) int { return cmp.Compare(b.Bytes, a.Bytes) })
	add("objects", c.objects.Dir, entries, err)
	if err == nil {
		notes, err := c.objects.Notes()
		add("notes on models and kernels", c.objects.Dir, notes, err)
	}
	weights, err := c.weights.Folder.List()
	add("packed weights", c.weights.Dir, weights, err)
	checks, err := c.checks.List()
	add("objects and programs of the Metal checker", c.checks.Dir, checks, err)
	return l, errors.Join(errs...)
}

// mostListed is how many objects are listed where not all are asked for.
const mostListed = 20

func (c *cacheLister) list() error {
	l, err := c.gather()
	if c.json {
		e := json.NewEncoder(c.stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return errors.Join(e.Encode(l), err)
	}
	for _, f := range l.Folders {
		fmt.Fprintf(c.stdout, "%d %s, %.1f MiB in %s\n", f.Count, f.What, float64(f.Bytes)/(1<<20), f.Dir)
	}
	shown := l.Objects
	if len(shown) > mostListed && !c.all {
		shown = shown[:mostListed]
	}
	if len(shown) > 0 {
		fmt.Fprintln(c.stdout)
	}
	for _, o := range shown {
		fmt.Fprintf(c.stdout, "%.12s %9.1f KiB  %s  %s\n", o.Key, float64(o.Bytes)/1024, o.Used.Format("2006-01-02 15:04"), o.Program)
	}
	if more := len(l.Objects) - len(shown); more > 0 {
		fmt.Fprintf(c.stdout, "%d more; --all lists them\n", more)
	}
	return err
}
