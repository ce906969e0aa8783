package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aiopt/aiopt/ir/atomicfile"
)

// writers are the kinds of files, by their endings.
func writers() map[string]func(*Report, io.Writer) error {
	return map[string]func(*Report, io.Writer) error{".json": (*Report).JSON, ".html": (*Report).HTML}
}

// CheckName refuses a file name that says no kind of report.
func CheckName(path string) error {
	if writers()[filepath.Ext(path)] == nil {
		return fmt.Errorf("%s: expected a name that ends in .html or .json", path)
	}
	return nil
}

// Save writes the report in the form that the file's ending says. An error leaves an older file as it was.
func (r *Report) Save(path string) error {
	if err := CheckName(path); err != nil {
		return err
	}
	return atomicfile.Write(path, func(f *os.File) error { return writers()[filepath.Ext(path)](r, f) })
}

// JSON writes the report as JSON; [Report] documents the keys.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}
