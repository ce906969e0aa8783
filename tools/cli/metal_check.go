package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// checkCustom compiles and runs the kernels that the model's author wrote, if the user trusts them. The report gets a line for each
// that is right, and what is wrong.
func (c *metal) checkCustom(ctx context.Context, m *ir.Module, list []*custom.Kernel, r *metalReport) error {
	if !c.trust {
		return c.untrusted(list)
	}
	tools, err := check.Find()
	if err != nil {
		return err
	}
	checker := &custom.Checker{
		Tools: tools, Engine: interp.Backend{},
		Inputs: func(f *ir.Func) ([]*host.Tensor, error) { return numeric.MakeInputs(f, nil) },
	}
	if c.check == checkCUDA {
		gpu, err := cuda.Start()
		if err != nil {
			return fmt.Errorf("--check=cuda: %w", err)
		}
		defer gpu.Close()
		checker.Elsewhere = gpu.Run
	}
	bar := c.newProgress()
	defer bar.finish()
	for i, k := range list {
		bar.step("checking kernels", i, len(list))
		out, err := checker.Run(ctx, m, k)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.wrong(err)
			continue
		}
		if err := r.verdict(k, out); err != nil {
			return err
		}
	}
	return nil
}

// verdict says how near a kernel comes to its definition, or what is wrong with it.
func (r *metalReport) verdict(k *custom.Kernel, out *custom.Outcome) error {
	before := len(r.errs)
	for _, d := range out.Findings {
		r.wrong(errors.New(k.Say(d)))
	}
	var gaps []string
	for i, name := range k.Op.Strings("gives") {
		if out.Got == nil {
			break
		}
		gap, err := host.Measure(out.Got[i], out.Want[i], host.Tolerance{})
		if err != nil {
			return err
		}
		gaps = append(gaps, fmt.Sprintf("%s differs by at most %.3g", name, gap.MaxAbs))
		if err := numeric.Differ(out.Got[i], out.Want[i]); err != nil {
			r.wrong(fmt.Errorf("%skernel %s: the result %s%s is not what its definition gives: %w", at(k.Op), k.Launch.Name, name, place(out), said(err)))
		}
	}
	if len(r.errs) == before {
		r.Checked = append(r.Checked, fmt.Sprintf("kernel %s%s: %s [%s]", k.Launch.Name, sizesText(out.Sizes), strings.Join(gaps, ", "), k.Launch.Text))
	}
	return nil
}

// place names the GPU, where results are the GPU's.
func place(out *custom.Outcome) string {
	if out.Elsewhere {
		return " on the GPU"
	}
	return ""
}

// said puts what the comparison of passes says in words for kernels.
func said(err error) error {
	if m := new(numeric.Mismatch); errors.As(err, &m) {
		return fmt.Errorf("element %d is %s, expected %s", m.Element, m.Got, m.Want)
	}
	return err
}

func at(op *ir.Op) string {
	if op.Loc.IsUnknown() {
		return ""
	}
	return op.Loc.String() + ": "
}

func sizesText(sizes map[string]int64) string {
	if len(sizes) == 0 {
		return ""
	}
	var list []string
	for _, s := range slices.Sorted(maps.Keys(sizes)) {
		list = append(list, fmt.Sprintf("%s=%d", s, sizes[s]))
	}
	return " with " + strings.Join(list, ", ")
}

// compileKernels finds what a compiler says of the kernels that came with a model; the user trusts them.
func (t *tool) compileKernels(ctx context.Context, m *ir.Module) error {
	list, err := custom.Of(m)
	if err != nil || len(list) == 0 {
		return err
	}
	tools, err := check.Find()
	if err != nil {
		return err
	}
	var errs []error
	seen := map[string]bool{}
	for _, k := range list {
		if !seen[k.Launch.Text] {
			seen[k.Launch.Text] = true
			_, err := k.Compile(ctx, tools)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
