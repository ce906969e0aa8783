package runtime

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unsafe"

	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
)

// compile makes pipelines of the generated kernels of a plan.
func (d *device) compile(p *plan.Plan, progress func(done, total int)) error {
	for i, t := range p.Texts {
		if progress != nil {
			progress(i, len(p.Texts))
		}
		if err := d.pooled(func() error { return d.addText(t, p.File) }); err != nil {
			return err
		}
	}
	return nil
}

// addText compiles a text and makes the pipelines of those of its kernels that aiopt made.
func (d *device) addText(t custom.File, f *launch.File) error {
	var library object
	defer func() { d.release(library) }()
	for i := range f.Kernels {
		k := &f.Kernels[i]
		if k.Text != t.Name || k.Origin != launch.Generated || d.pipelines[key(k)] != 0 {
			continue
		}
		var err error
		if library == 0 {
			if library, err = d.library(t); err != nil {
				return err
			}
		}
		if d.pipelines[key(k)], err = d.pipeline(library, k); err != nil {
			delete(d.pipelines, key(k))
			return fmt.Errorf("%s: kernel %s: %w", t.Name, k.Function, err)
		}
	}
	return nil
}

// library compiles a text. Results are to be those of IEEE arithmetic, as the printer of kernels takes for granted: infinities, NaNs and the
// order of sums count.
func (d *device) library(t custom.File) (object, error) {
	options := d.object(d.class("MTLCompileOptions"), newObject)
	defer d.release(options)
	if d.yes(options, respondsTo, sel(setMathMode)) { // macOS 15 and later
		d.to(options, setMathMode, num(mathSafe))
		d.to(options, setFunctions, num(functionsPrecise))
	} else {
		d.to(options, setFastMath, num(0))
	}
	source := d.string(string(t.Data))
	defer d.release(source)
	failed := &outError{}
	library := d.object(d.id, newLibrary, obj(source), obj(options), failed.arg())
	if library == 0 {
		return 0, located(t, d.failed(failed.o))
	}
	return library, nil
}

// pipeline makes the state in which a kernel is dispatched, and holds it against what the GPU can do.
func (d *device) pipeline(library object, k *launch.Entry) (object, error) {
	name := d.string(k.Function)
	function := d.object(library, newFunction, obj(name))
	descriptor := d.object(d.class("MTLComputePipelineDescriptor"), newObject)
	defer d.release(name, function, descriptor)
	if function == 0 {
		return 0, fmt.Errorf("the text has no kernel of that name")
	}
	threads := k.Threadgroup[0] * k.Threadgroup[1] * k.Threadgroup[2]
	d.to(descriptor, setFunction, obj(function))
	d.to(descriptor, setMostThreads, num(threads))
	failed := &outError{}
	p := d.object(d.id, newPipeline, obj(descriptor), num(pipelineNoOptions), at(unsafe.Pointer(nil)), failed.arg())
	if p == 0 {
		return 0, d.failed(failed.o)
	}
	if err := d.fits(p, k, threads); err != nil {
		d.release(p)
		return 0, err
	}
	return p, nil
}

// fits holds a kernel's needs against the GPU.
func (d *device) fits(p object, k *launch.Entry, threads int) error {
	memory := int(d.to(p, shared))
	for _, n := range k.ThreadgroupMemory {
		memory += n
	}
	switch {
	case int(d.to(p, width)) != simdThreads:
		return fmt.Errorf("%s has SIMD groups of %d threads, expected %d", d.label, d.to(p, width), simdThreads)
	case int(d.to(p, mostThreads)) < threads:
		return fmt.Errorf("%s runs it in threadgroups of at most %d threads, the plan has %d", d.label, d.to(p, mostThreads), threads)
	case memory > d.shared:
		return fmt.Errorf("a threadgroup shares %d bytes, %s has %d", memory, d.label, d.shared)
	}
	return nil
}

// The compiler names a text without a file program_source; a kernel begins where its function does.
var (
	sourceLine  = regexp.MustCompile(`program_source:(\d+)`)
	kernelStart = regexp.MustCompile(`(?m)^kernel void (\w+)\(`)
)

// located puts the text's name and the kernel into what Metal's compiler says of a text.
func located(t custom.File, err error) error {
	said := err.Error()
	kernel := ""
	if found := sourceLine.FindStringSubmatch(said); found != nil {
		line, _ := strconv.Atoi(found[1]) // digits; 0 of too many
		kernel = kernelAt(string(t.Data), line)
	}
	return fmt.Errorf("%s%s: Metal does not compile it:\n%s", t.Name, kernel, sourceLine.ReplaceAllString(said, t.Name+":$1"))
}

// kernelAt names the kernel around a line.
func kernelAt(text string, line int) string {
	lines := strings.SplitAfter(text, "\n")
	before := strings.Join(lines[:min(max(line, 0), len(lines))], "")
	if all := kernelStart.FindAllStringSubmatch(before, -1); len(all) > 0 {
		return ", kernel " + all[len(all)-1][1]
	}
	return ""
}
