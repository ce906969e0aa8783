package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/report"
)

// compressionFlags say what is compressed, and what the user wants to know of it.
type compressionFlags struct {
	config string
	report string
	strict bool
}

func (c *compressionFlags) declare(fs *pflag.FlagSet) {
	fs.StringVar(&c.config, "config", "", "compress as this YAML file says, after the passes; a .pt2 without passes is decomposed before; docs/recipes.md explains it")
	fs.StringVar(&c.report, "report", "", "write what became of each weight to this .html or .json file")
	fs.BoolVar(&c.strict, "strict", false, "fail where a weight cannot be compressed as asked")
}

// compressions collects what passes say of each weight.
type compressions struct {
	facts report.Facts
	list  []pass.Compressed
}

// checkReport refuses a report that cannot be written.
func (c *compressionFlags) checkReport() error {
	if c.report == "" {
		return nil
	}
	if err := report.CheckName(c.report); err != nil {
		return usagef("--report=%w", err)
	}
	if err := atomicfile.Check(c.report); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// watch makes passes tell what they compress.
func (c *compressionFlags) watch(m *ir.Module, pipeline string, opt *aiopt.BuildOptions) *compressions {
	got := &compressions{facts: report.Facts{Version: aiopt.Version(), Model: m.File, Passes: pipeline}}
	got.facts.Data.Before = dataBytes(m)
	opt.Strict = c.strict
	opt.Compressed = func(t pass.Compressed) { got.list = append(got.list, t) }
	opt.Outputs = func(q pass.OutputQuality) {
		got.facts.Outputs = &report.Outputs{Pass: q.Pass, Samples: q.Samples, PSNR: q.PSNR, SNR: q.SNR}
	}
	return got
}

// tell prints a summary, unless the passes failed, whose error says the same; and writes the report, which then holds what
// was done until then.
func (t *tool) tell(c *compressions, m *ir.Module, file string, failed bool) error {
	c.facts.Data.After = dataBytes(m)
	r := report.New(c.facts, c.list)
	if !failed {
		var b strings.Builder
		if err := r.Summary(&b); err != nil {
			return err
		}
		if _, err := t.stderr.Write([]byte(readable(b.String()))); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	return r.Save(file)
}

// dataBytes is the size of all constant data of a module.
func dataBytes(m *ir.Module) int64 {
	n := int64(0)
	seen := map[*ir.Source]bool{}
	for _, r := range m.Resources {
		if r.Source != nil && !seen[r.Source] {
			seen[r.Source] = true
			n += max(r.Source.Size, int64(len(r.Source.Data)))
		}
	}
	return n
}
