package debugger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// files are the source files that a model's locations name. Requests choose one by its number: no path of a request is ever
// opened.
type files struct {
	names  []string
	byName map[string]int
}

func newFiles() *files { return &files{byName: map[string]int{}} }

func (f *files) add(name string) {
	if _, ok := f.byName[name]; !ok {
		f.byName[name] = len(f.names)
		f.names = append(f.names, name)
	}
}

// id is the number of a file; -1 where no location names it.
func (f *files) id(name string) int {
	if at, ok := f.byName[name]; ok {
		return at
	}
	return -1
}

// Bounds of what is shown of a file.
const (
	maxSource  = 8 << 20
	maxLines   = 2000
	pythonFile = ".py"
)

// sourceInfo is a run of lines, each as spans of one class of words.
type sourceInfo struct {
	Name  string   `json:"name"`
	First int      `json:"first"` // the number of the first line
	Total int      `json:"total"`
	Lines [][]span `json:"lines"`
	// Changed names a saved run that came from another content of the file.
	Changed string `json:"changed,omitempty"`
}

func (s *Server) getSource(r *http.Request) (any, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	id, err := strconv.Atoi(r.PathValue("file"))
	if err != nil || id < 0 || id >= len(m.files.names) {
		return nil, notFound("no location of the model names file %q", r.PathValue("file"))
	}
	name := m.files.names[id]
	data, err := readSource(name)
	if err != nil {
		return nil, err
	}
	info, err := window(r, name, python, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"))
	info.Changed = s.changed(name, data)
	return info, err
}

// changed names the saved run since which a file has changed; empty where that is not known.
func (s *Server) changed(name string, data []byte) string {
	sum := sha256.Sum256(data)
	for _, v := range s.saved.all() {
		for _, f := range v.set.Files {
			if f.Path == name && f.SHA256 != "" && f.SHA256 != hex.EncodeToString(sum[:]) {
				return v.title
			}
		}
	}
	return ""
}

// onNetwork reports a name that Windows takes for that of another machine, \\host\share\file, or of a device: it would send the user's
// credentials there.
func onNetwork(name string) bool {
	slash := func(c byte) bool { return c == '\\' || c == '/' }
	return len(name) > 1 && slash(name[0]) && slash(name[1])
}

// readSource reads a file that a location names. A model may come from a stranger: what is no Python file is not read.
func readSource(name string) ([]byte, error) {
	if filepath.Ext(name) != pythonFile {
		return nil, notFound("%s is not shown: it is no %s file", name, pythonFile)
	}
	if onNetwork(name) {
		return nil, notFound("%s is not shown: it is on another machine", name)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, notFound("%s is not on this machine, or not where the model was exported", name)
	case !info.Mode().IsRegular() || info.Size() > maxSource:
		return nil, notFound("%s is not shown: it is no regular file of at most %d MiB", name, maxSource>>20)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, notFound("%s cannot be read: %v", name, err)
	}
	return data, nil
}

// window gives the lines that a request asks for, counted from 1, highlighted in view of all before them.
func window(r *http.Request, name string, l language, lines []string) (sourceInfo, error) {
	from, to := 1, len(lines)
	for _, bound := range []struct {
		name string
		to   *int
	}{{"from", &from}, {"to", &to}} {
		if text := r.FormValue(bound.name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return sourceInfo{}, badRequest("%s=%q: expected the number of a line", bound.name, text)
			}
			*bound.to = n
		}
	}
	from = min(max(from, 1), len(lines)+1)
	to = max(min(to, len(lines), from+maxLines-1), from-1)
	return sourceInfo{Name: name, First: from, Total: len(lines), Lines: highlight(l, lines, from-1, to)}, nil
}

// getText gives lines of the module's text, with the line of each operation of a function.
func (s *Server) getText(r *http.Request) (any, error) {
	m, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	lines, _, err := p.source(s.tk.Ops)
	if err != nil {
		return nil, fmt.Errorf("the text of the module cannot be shown: %w", err)
	}
	return window(r, m.module.Name+".air", air, lines)
}
