package pt2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/zipfile"
)

// What to do with files that are no programs.
const (
	tryWeights = "it has weights and no program: build the model in Python, load them into it, and " + tryProgram
	tryModule  = "take the PyTorch model that it was made from, and " + tryProgram
)

// What Recognize calls the files that hold inputs, and assets.
const (
	NumPyArray  = "a NumPy array"
	Safetensors = "a safetensors file"
	Asset       = "an .airpkg asset"
)

// signatures are the bytes at a place of files that are handed to the reader by mistake.
var signatures = []struct {
	at    int
	bytes string
	what  string
	try   string
}{
	{0, "version https://git-lfs", "a git-lfs pointer, not the file itself", "fetch the file with `git lfs pull`"},
	{0, "\x80\x02", "a pickle, as torch.save of an old torch writes", tryWeights},
	{0, "\x80\x03", "a pickle", tryWeights},
	{0, "\x80\x04", "a pickle", tryWeights},
	{0, "\x80\x05", "a pickle", tryWeights},
	{0, "GGUF", "a GGUF file", tryWeights},
	{0, "\x89HDF", "an HDF5 file, as Keras writes", tryModule},
	{0, "\x93NUMPY", NumPyArray, tryProgram},
	{0, "\x1f\x8b", "a file compressed by gzip", "unpack it first"},
	{0, "<!DOCTYPE", "a web page, not the file itself", "download the file again"},
	{0, "<html", "a web page, not the file itself", "download the file again"},
	{0, "air ", "an .air program", "name the file .air"},
	{4, "TFL3", "a TensorFlow Lite model", tryModule},
	{257, "ustar", "a tar archive", "unpack it first"},
}

// endings are the names of files whose bytes do not tell what they are.
var endings = map[string]struct{ what, try string }{
	".onnx":    {"an ONNX model", tryModule},
	".mlmodel": {"a Core ML model", tryModule},
	".pb":      {"a TensorFlow graph", tryModule},
	".py":      {"a Python program", tryProgram},
	".json":    {"a JSON file", tryProgram},
}

// isSafetensors goes by the form: the length of a header, and the JSON object that it is.
func isSafetensors(data []byte) bool {
	return len(data) > 9 && data[8] == '{' && binary.LittleEndian.Uint64(data) < 1<<30
}

// kindOf says what a file is by its bytes, and what to do with it; empty for a zip file or a stranger.
func kindOf(data []byte) (what, try string) {
	for _, s := range signatures {
		if s.at < len(data) && bytes.HasPrefix(data[s.at:], []byte(s.bytes)) {
			return s.what, s.try
		}
	}
	if isSafetensors(data) {
		return Safetensors, tryWeights
	}
	return "", ""
}

// notZip says what a file without a zip header may be.
func notZip(data []byte) error {
	if len(data) == 0 {
		return problem("", tryCopy, "the file is empty, expected an archive that torch.export.save wrote")
	}
	if what, try := kindOf(data); what != "" {
		return problem("", try, "found %s, expected an archive that torch.export.save wrote", what)
	}
	head := data[:min(8, len(data))]
	return problem("", tryProgram, "not a torch.export archive: expected a zip file, found one that begins with %q", head)
}

// relatives are zip files of torch's family and others, told apart by entries that they have; the first match counts.
var relatives = []struct {
	entries []string
	what    string
	try     string
}{
	{[]string{"serialized_exported_program.json"}, "a torch.export file of torch 2.7 or older (pickled weights)", tryResave},
	{[]string{"data.pkl", "constants.pkl"}, "a TorchScript file (torch.jit.save)", tryModule},
	{[]string{"data.pkl"}, "a pickled state_dict or module (torch.save)", tryWeights},
	{[]string{"manifest.json", "program.air"}, Asset, "name the file .airpkg"},
	{[]string{"config.json", "model.weights.h5"}, "a Keras model", tryModule},
}

// relative says what a zip file is by the names of its entries, and what to do with it; empty for a stranger.
func relative(names []string) (what, try string) {
	for _, r := range relatives {
		found := true
		for _, name := range r.entries {
			found = found && slices.Contains(names, name)
		}
		if found {
			return r.what, r.try
		}
	}
	if len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".npy") }) {
		return "NumPy arrays (.npz)", tryProgram
	}
	return "", ""
}

// asRelative is an error that says what a zip file is; nil for a stranger.
func asRelative(names []string) error {
	if what, try := relative(names); what != "" {
		return problem("", try, "found %s, expected an archive that torch.export.save wrote", what)
	}
	return nil
}

// Recognize says what a file is, by its first bytes and, for a zip file, its entries; empty for a stranger.
func Recognize(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && n == 0 {
		return ""
	}
	if what, _ := kindOf(head[:n]); what != "" {
		return what
	}
	info, err := file.Stat()
	if err != nil || !bytes.HasPrefix(head, []byte("PK")) {
		return ""
	}
	names := zipfile.Names(file, info.Size(), reading())
	names = below(commonRoot(names), names)
	if slices.Contains(names, marks[0].entry) {
		return "a torch.export archive (.pt2)"
	}
	what, _ := relative(names)
	return what
}

// notExport says what a zip file without the marks of an export archive is.
func notExport(c *Container) error {
	var names []string
	for _, e := range c.Entries {
		names = append(names, e.Name)
	}
	if err := asRelative(names); err != nil {
		return err
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

// Identify says what a file or folder is that is not named as a program, and how to make a program of it.
func Identify(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		for _, name := range []string{"config.json", "Manifest.json", "saved_model.pb"} {
			if _, err := os.Stat(filepath.Join(path, name)); err == nil {
				what := map[string]string{"config.json": "a folder with a Hugging Face model", "Manifest.json": "a Core ML package", "saved_model.pb": "a TensorFlow model"}[name]
				return &Error{File: path, What: "found " + what + ", expected a .pt2, .air or .airpkg file", Try: tryProgram}
			}
		}
	}
	if !info.Mode().IsRegular() {
		return &Error{File: path, What: "found a folder or device, expected a .pt2, .air or .airpkg file"}
	}
	if e, ok := endings[strings.ToLower(filepath.Ext(path))]; ok {
		return &Error{File: path, What: "found " + e.what + ", expected a .pt2 (torch.export.save), .air or .airpkg file", Try: e.try}
	}
	a, err := Open(path)
	if err == nil {
		a.Close()
		return &Error{File: path, What: "found a torch.export archive under another name", Try: "name the file .pt2"}
	}
	var own *Error
	if errors.As(err, &own) && own.At == "" && !strings.HasPrefix(own.What, "not a torch.export archive") {
		return err
	}
	return &Error{File: path, What: fmt.Sprintf("found a file named %q, expected .pt2 (torch.export.save), .air or .airpkg", filepath.Ext(path)), Try: tryProgram}
}
