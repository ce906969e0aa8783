package pt2

import "bytes"

// signatures are the first bytes of files that are handed to the reader by mistake.
var signatures = []struct {
	prefix string
	what   string
	try    string
}{
	{"version https://git-lfs", "a git-lfs pointer, not the file itself", "fetch the file with `git lfs pull`"},
	{"\x80\x02", "a pickle (torch.save of an old torch)", tryProgram},
	{"GGUF", "a GGUF file", tryProgram},
	{"air ", "an .air program", "name the file .air"},
}

// notZip says what a file without a zip header may be.
func notZip(data []byte) error {
	if len(data) == 0 {
		return problem("", tryCopy, "the file is empty, expected an archive that torch.export.save wrote")
	}
	for _, s := range signatures {
		if bytes.HasPrefix(data, []byte(s.prefix)) {
			return problem("", s.try, "found %s, expected an archive that torch.export.save wrote", s.what)
		}
	}
	head := data[:min(8, len(data))]
	return problem("", tryProgram, "not a torch.export archive: expected a zip file, found one that begins with %q", head)
}

// relatives are zip files of torch's family, told apart by entries that they have; the first match counts.
var relatives = []struct {
	entries []string
	what    string
	try     string
}{
	{[]string{"serialized_exported_program.json"}, "a torch.export file of torch 2.6 or 2.7 (pickled weights)", tryResave},
	{[]string{"data.pkl", "constants.pkl"}, "a TorchScript file (torch.jit.save)", tryProgram},
	{[]string{"data.pkl"}, "a pickled state_dict or object (torch.save)", tryProgram},
	{[]string{"manifest.json", "program.air"}, "an .airpkg asset", "name the file .airpkg"},
}

// notExport says what a zip file without the marks of an export archive is.
func notExport(c *Container) error {
	for _, r := range relatives {
		found := true
		for _, name := range r.entries {
			if _, ok := c.lookup(name); !ok {
				found = false
			}
		}
		if found {
			return problem("", r.try, "found %s, expected an archive that torch.export.save wrote", r.what)
		}
	}
	return problem("", tryProgram, "not a torch.export archive: the zip file has no entry archive_format below one root folder")
}

// noModels says what an archive holds that has no program.
func noModels(c *Container) error {
	holds := "no models/*.json"
	switch {
	case c.hasPrefix("data/aotinductor/"):
		holds = "only code compiled by AOTInductor"
	case c.hasPrefix("data/executorch/"):
		holds = "only an ExecuTorch program"
	}
	return problem("", tryProgram, "the archive holds %s, expected an exported program (models/*.json)", holds)
}
