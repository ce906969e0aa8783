package pt2

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Archive is an opened .pt2 file.
type Archive struct {
	*Container
	Models []*Model // sorted by name
	Extra  []Entry  // extra_files, named as the caller of torch.export.save named them; sorted; not yet checked

	budget int64 // bytes that decoding may still take, see decoder
}

// Open maps an archive and reads its directory and every model's JSON. The caller closes it after the last use of
// weights and extra files. Weights are checked by size and not read.
func Open(path string) (*Archive, error) {
	c, err := OpenContainer(path)
	if err != nil {
		return nil, err
	}
	a, err := readArchive(c)
	if err != nil {
		c.Close()
		return nil, err
	}
	return a, nil
}

// Read is Open over bytes that the caller keeps unchanged; name stands for the path in errors.
func Read(data []byte, name string) (*Archive, error) {
	c, err := ReadContainer(data, name)
	if err != nil {
		return nil, err
	}
	return readArchive(c)
}

// Inside is Read for an archive that another one holds, in memory; both together may take what the outer one may.
func (a *Archive) Inside(data []byte, name string) (*Archive, error) {
	c, err := ReadContainer(data, name)
	if err != nil {
		return nil, err
	}
	inner := &Archive{Container: c, budget: a.budget}
	if err := inner.read(); err != nil {
		return nil, c.locate(err)
	}
	a.budget = inner.budget
	return inner, nil
}

func readArchive(c *Container) (*Archive, error) {
	a := &Archive{Container: c, budget: baseBudget}
	if err := a.read(); err != nil {
		return nil, c.locate(err)
	}
	return a, nil
}

// marks are the small entries that say how to read the rest; all but the first may be absent.
var marks = []struct{ entry, want, try string }{
	{"archive_format", "pt2", tryProgram},
	{"archive_version", "0", tryNewer},
	{"byteorder", "little", "save the program on a little-endian machine"},
}

func (a *Archive) read() error {
	if _, ok := a.lookup(marks[0].entry); !ok {
		return notExport(a.Container)
	}
	for _, mark := range marks {
		e, ok := a.lookup(mark.entry)
		if !ok {
			continue
		}
		if found := bytes.TrimSpace(e.Data[:min(len(e.Data), 64)]); string(found) != mark.want {
			return problem(mark.entry, mark.try, "found %q, expected %q", found, mark.want)
		}
	}
	for _, e := range a.Entries {
		if name, ok := strings.CutPrefix(e.Name, "extra/"); ok {
			e.Name = name
			a.Extra = append(a.Extra, e)
		}
	}
	slices.SortFunc(a.Extra, func(x, y Entry) int { return strings.Compare(x.Name, y.Name) })
	return a.readModels()
}

func (a *Archive) readModels() error {
	for _, e := range a.Entries {
		name, ok := strings.CutPrefix(e.Name, "models/")
		if !ok {
			continue
		}
		if name, ok = strings.CutSuffix(name, ".json"); !ok || name == "" {
			continue
		}
		m, err := a.readModel(name, e)
		if err != nil {
			return err
		}
		a.Models = append(a.Models, m)
	}
	if len(a.Models) == 0 {
		return noModels(a.Container)
	}
	slices.SortFunc(a.Models, func(x, y *Model) int { return strings.Compare(x.Name, y.Name) })
	return nil
}

func (a *Archive) readModel(name string, e Entry) (*Model, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	m := &Model{Name: name, archive: a}
	if err := m.decodeProgram(e); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(e.Data)
	m.SHA256 = hex.EncodeToString(sum[:])
	for store := range m.payloads {
		if err := m.readPayloads(Store(store)); err != nil {
			return nil, err
		}
	}
	for _, in := range m.Inputs {
		if in.Kind == Parameter || in.Kind == Buffer || in.Kind == TensorConstant {
			if _, err := m.Tensor(in.Target, in.Store); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}
