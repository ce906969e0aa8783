package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/inputs"
)

// candidate is a word that may stand at the cursor.
type candidate struct {
	text string
	done bool // nothing can follow in the same word
}

// whole makes candidates of words that are complete.
func whole(words ...string) []candidate {
	list := make([]candidate, len(words))
	for i, w := range words {
		list[i] = candidate{w, true}
	}
	return list
}

// behind puts what stands before them in front of candidates.
func behind(before string, list []candidate) []candidate {
	out := make([]candidate, len(list))
	for i, c := range list {
		out[i] = candidate{before + c.text, c.done}
	}
	return out
}

// candidates lists what may stand in the place of a word, the last one of a command line.
func (t *tool) candidates(before []string, word string) []candidate {
	cmd, args := commands()[0], before
	for _, c := range commands()[1:] {
		if len(before) > 0 && c.name == before[0] {
			cmd, args = c, before[1:]
		}
	}
	flags := t.flags(cmd)
	cmd.setup(t, flags)
	flags.BoolP("help", "h", false, "")
	if name, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(word, "-") {
		if f := flags.Lookup(strings.TrimLeft(name, "-")); f != nil {
			return behind(name+"=", t.values(f, args, value))
		}
		return nil
	}
	if len(args) > 0 {
		if f := valueOf(flags, args[len(args)-1]); f != nil {
			return t.values(f, args, word)
		}
	}
	if strings.HasPrefix(word, "-") {
		return flagNames(flags, word)
	}
	switch cmd.name {
	case "help":
		return t.helpWords(args, word)
	case "completion":
		var names []string
		for _, s := range shells() {
			names = append(names, s.name)
		}
		return whole(names...)
	case "":
		name, path, named := strings.Cut(word, "=")
		if named {
			return behind(name+"=", files(path, modelEndings...))
		}
		if len(args) == 0 {
			return append(whole(commandNames()...), files(word, modelEndings...)...)
		}
	case "compare":
		return files(word, append([]string{".safetensors"}, modelEndings...)...)
	}
	return files(word, modelEndings...)
}

var modelEndings = []string{".pt2", ".air", ".airpkg"}

// valueOf gives the flag that takes the next word as its value.
func valueOf(flags *pflag.FlagSet, word string) *pflag.Flag {
	name := strings.TrimLeft(word, "-")
	if name == word || name == "" || strings.Contains(word, "=") {
		return nil
	}
	f := flags.Lookup(name)
	if f == nil && len(name) == 1 {
		f = flags.ShorthandLookup(name)
	}
	if f == nil || f.NoOptDefVal != "" {
		return nil
	}
	return f
}

// flagNames lists flags with as many dashes as the user types.
func flagNames(flags *pflag.FlagSet, word string) []candidate {
	dashes := "--"
	if len(word) > 1 && word[1] != '-' {
		dashes = "-"
	}
	var list []candidate
	flags.VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" { // a value may follow, too
			list = append(list, candidate{dashes + f.Name, true})
			return
		}
		list = append(list, candidate{dashes + f.Name + "=", false})
	})
	return list
}

// values lists what a flag may be set to.
func (t *tool) values(f *pflag.Flag, args []string, value string) []candidate {
	switch f.Name {
	case "passes", "reference-passes", "schemes":
		return t.pipelineWords(value)
	case "dump-after":
		at := strings.LastIndexByte(value, ',') + 1
		return behind(value[:at], whole(append(t.Passes.Names(), "all")...))
	case "input":
		name, path, ok := strings.Cut(value, "=")
		if !ok {
			return nil
		}
		return behind(name+"=", files(path, fileValues[f.Name]...))
	case "function":
		at := strings.LastIndexByte(value, ',') + 1
		return behind(value[:at], whole(t.functionsOf(args)...))
	case "backend", "reference-backend":
		return whole(backendNames(t)...)
	}
	if words := wordValues[f.Name]; words != nil {
		return whole(words...)
	}
	if endings := fileValues[f.Name]; endings != nil {
		return files(value, endings...)
	}
	return nil
}

// wordValues are the values of flags that have few.
var wordValues = map[string][]string{
	"io":     {"name", "position"},
	"metric": {"psnr", "snr"},
	"by":     {"tensor", "module"},
	"preset": presetNames(),
	"sort":   {string(compare.WorstFirst), string(compare.ProgramOrder), string(compare.ModuleOrder)},
	"local":  {"all"},
	"verify": {"numeric", "structure"},
	"locs":   {"true", "false"},
}

// fileValues are the endings of the files that flags name.
var fileValues = map[string][]string{
	"output":  {".air", ".airpkg"},
	"config":  {".yaml", ".yml", ".json"},
	"report":  {".html", ".json"},
	"html":    {".html"},
	"inputs":  {".safetensors"},
	"input":   {".npy", ".safetensors"},
	"ref":     {".safetensors", ".npy"},
	"outputs": {".safetensors", ".npy"},
	"svg":     {".svg"},
	"dot":     {".dot"},

	"save-intermediates": {".safetensors"},
	"dump-to":            {".safetensors"},
	"pack":               {}, // folders
	"kernels":            {},
}

// functionsOf lists the functions of the model on a command line, where it is one that is read fast.
func (t *tool) functionsOf(args []string) []string {
	for _, a := range args {
		if slices.Contains([]string{".air", ".airpkg"}, filepath.Ext(a)) && !strings.HasPrefix(a, "-") {
			if m, err := t.Load(a, aiopt.LoadOptions{}); err == nil {
				return inputs.Choices(m)
			}
		}
	}
	return nil
}

// pipelineWords lists passes and pipelines or, within braces, the options of a pass and their values.
func (t *tool) pipelineWords(text string) []candidate {
	item, option, depth := 0, 0, 0
	name := "" // of the pass whose braces are open
	for i, r := range text {
		switch {
		case r == '{' && depth == 0:
			name = strings.TrimSpace(text[item:i])
			depth, option = 1, i+1
		case r == '[' || r == '{':
			depth++
		case r == ']' || r == '}':
			depth = max(depth-1, 0)
		case r == ',' && depth == 0:
			item = i + 1
		case r == ',' && depth == 1:
			option = i + 1
		}
	}
	if depth > 0 {
		return t.optionWords(name, text, option)
	}
	for item < len(text) && text[item] == ' ' {
		item++
	}
	var list []candidate
	for _, p := range t.Passes.Names() {
		list = append(list, candidate{text: p})
	}
	for _, p := range pipelineNames(t) {
		list = append(list, candidate{text: "@" + p})
	}
	return behind(text[:item], list)
}

// optionWords lists options of a pass, from a place in the text on.
func (t *tool) optionWords(name, text string, at int) []candidate {
	p := t.Passes.Make(name)
	if p == nil {
		return nil
	}
	for at < len(text) && text[at] == ' ' {
		at++
	}
	var list []candidate
	option, _, valued := strings.Cut(text[at:], "=")
	for _, o := range p.Options.All() {
		switch {
		case !valued && !o.Any:
			list = append(list, candidate{text: o.Name + "="})
		case valued && o.Name == option && o.Kind == "bool":
			list = append(list, candidate{text: option + "=true"}, candidate{text: option + "=false"})
		case valued && o.Name == option:
			for _, c := range o.Choices {
				if c != "" {
					list = append(list, candidate{text: option + "=" + c})
				}
			}
		}
	}
	return behind(text[:at], list)
}

// helpWords lists what there is help on.
func (t *tool) helpWords(args []string, word string) []candidate {
	if len(args) > 1 {
		return nil
	}
	var list []string
	if len(args) == 0 {
		list = commandNames()
	}
	for _, tp := range topics() {
		switch {
		case len(args) == 0:
			list = append(list, tp.kind, tp.all)
			if word != "" { // else there are hundreds
				list = append(list, tp.name(t)...)
			}
		case args[0] == tp.kind && tp.kind == "pipeline" && strings.HasPrefix(word, "@"):
			for _, n := range tp.name(t) {
				list = append(list, "@"+n)
			}
		case args[0] == tp.kind:
			list = tp.name(t)
		}
	}
	for _, x := range texts() {
		if len(args) == 0 {
			list = append(list, x.name)
		}
	}
	return whole(list...)
}

// files lists folders, and files with certain endings, whose names begin as a path does. A leading ~ stands for the home.
func files(path string, endings ...string) []candidate {
	dir, base := filepath.Split(path)
	at := dir
	if rest, ok := strings.CutPrefix(dir, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		at = filepath.Join(home, rest)
	}
	if at == "" {
		at = "."
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return nil
	}
	var found, folders []candidate
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), base) || strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".") {
			continue
		}
		switch is, err := isFolder(e, filepath.Join(at, e.Name())); {
		case err != nil:
		case is:
			folders = append(folders, candidate{text: dir + e.Name() + "/"})
		case slices.Contains(endings, filepath.Ext(e.Name())):
			found = append(found, candidate{dir + e.Name(), true})
		}
	}
	return append(found, folders...)
}
