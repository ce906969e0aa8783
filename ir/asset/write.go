package asset

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/ir/zipfile"
)

// Options say how an asset is written.
type Options struct {
	Generator string // the program that writes it and its version
	Kernels   []File // kernels/*.metal and kernels/launch.json
	// Progress is told how many MiB are done of how many, first of reading the weights and then of writing them; may be nil.
	Progress func(what string, done, total int)
}

// File is an entry that the caller has made.
type File struct {
	Name string
	Data []byte
}

// Write writes a module as an asset, which appears under its name only when it is complete: an error, a cancelled context
// or the end of the program before that leave the file that was there. The same module gives the same bytes.
func Write(ctx context.Context, path string, m *ir.Module, opt Options) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	err = encodeTo(ctx, f.File, m, opt)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return f.Located(err)
	}
	return f.Commit()
}

// encodeTo writes the entries: the manifest last, since it has the sums of the others.
func encodeTo(ctx context.Context, f *os.File, m *ir.Module, opt Options) error {
	step := func(what string, total int64) func(int64) {
		done := int64(0)
		return func(n int64) {
			if done += n; opt.Progress != nil {
				opt.Progress(what, int(done>>20), int(max(total, done)>>20))
			}
		}
	}
	w, of, err := planWeights(ctx, m, step("reading weights (MiB)", bytesOf(m)))
	if err != nil {
		return err
	}
	program, err := printProgram(m, of)
	if err != nil {
		return err
	}
	manifest := Describe(m)
	manifest.Origin.Generator = opt.Generator
	z := zipfile.NewWriter(f)
	add := func(name string, size int64, fill func(io.Writer) error) error {
		if err := allowed(name, size); err != nil {
			return errors.New(err.At + ": " + err.What)
		}
		e, err := z.Add(name, size, fill)
		manifest.Entries = append(manifest.Entries, Part{name, size, hex.EncodeToString(e.SHA256[:])})
		return err
	}
	if err := add(programName, int64(len(program)), writing(program)); err != nil {
		return err
	}
	note := step("writing weights (MiB)", w.size)
	if err := add(weightsName, w.size, func(to io.Writer) error { return w.write(ctx, to, note) }); err != nil {
		return err
	}
	for _, k := range opt.Kernels {
		if err := add(k.Name, int64(len(k.Data)), writing(k.Data)); err != nil {
			return err
		}
	}
	list := encode(manifest)
	if _, err := decodeManifest(list); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	if _, err := z.Add(manifestName, int64(len(list)), writing(list)); err != nil {
		return err
	}
	return z.Close()
}

func writing(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// bytesOf adds up the sources of a module's data, for progress.
func bytesOf(m *ir.Module) int64 {
	total := int64(0)
	for _, r := range m.Resources {
		total += r.Source.Size
	}
	return total
}

// printProgram is the module's text with its data in the weights of the asset.
func printProgram(m *ir.Module, of map[*ir.Resource]*tensor) ([]byte, error) {
	out := *m
	out.Resources = make([]*ir.Resource, len(m.Resources))
	sources := map[*tensor]*ir.Source{}
	for i, r := range m.Resources {
		t := of[r]
		if sources[t] == nil {
			sources[t] = &ir.Source{File: weightsName, Entry: t.Name, Size: t.Size, CRC: t.CRC}
		}
		out.Resources[i] = &ir.Resource{Name: r.Name, Type: r.Type, Source: sources[t]}
	}
	var b bytes.Buffer
	err := text.Print(&b, &out, text.Options{Locs: true})
	return b.Bytes(), err
}
