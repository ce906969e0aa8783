package pt2

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/ir/zipfile"
)

// reading bounds the directory: the largest models have some ten thousand entries.
func reading() zipfile.Options {
	return zipfile.Options{
		MaxEntries: 1 << 18, MaxDirectory: 16 << 20,
		Advice: zipfile.Advice{Copy: tryCopy, Make: trySave, Store: tryStored},
		NotZip: notZip,
		Kind:   func(names []string) error { return asRelative(below(commonRoot(names), names)) },
	}
}

// Container is a zip file with uncompressed entries, mapped into memory: a .pt2 archive, or any other that a .air
// file takes weights from.
type Container struct {
	Path    string
	Root    string  // the one folder that holds every entry; empty when there is none
	Entries []Entry // in directory order

	index map[string]int // by Entry.Name
	file  *zipfile.File
}

// Entry is a file inside a container, by its name relative to the container's root folder.
type Entry = zipfile.Entry

// OpenContainer maps a zip file and checks its directory. No entry is read.
func OpenContainer(path string) (*Container, error) {
	file, err := zipfile.Open(path, reading())
	if err != nil {
		return nil, err
	}
	return newContainer(file), nil
}

// ReadContainer is OpenContainer over bytes that the caller keeps unchanged; name stands for the path in errors.
func ReadContainer(data []byte, name string) (*Container, error) {
	file, err := zipfile.Read(data, name, reading())
	if err != nil {
		return nil, err
	}
	return newContainer(file), nil
}

func newContainer(file *zipfile.File) *Container {
	names := make([]string, len(file.Entries))
	for i, e := range file.Entries {
		names[i] = e.Name
	}
	c := &Container{Path: file.Path, Root: commonRoot(names), Entries: file.Entries, index: make(map[string]int, len(names)), file: file}
	for i, name := range below(c.Root, names) {
		c.Entries[i].Name = name
		c.index[name] = i
	}
	return c
}

// Close ends the mapping; no Entry.Data may be used afterwards.
func (c *Container) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

// Entry finds an entry by its name below the root folder, by its full name, or, for weights and constants, by its
// bare file name as the configurations in the archive spell it (weight_0).
func (c *Container) Entry(name string) (Entry, error) {
	for _, prefix := range [...]string{"", stores[Weights].folder, stores[Constants].folder} {
		if e, ok := c.lookup(prefix + name); ok {
			return e, nil
		}
	}
	if below, ok := strings.CutPrefix(name, c.Root+"/"); ok && c.Root != "" {
		if e, ok := c.lookup(below); ok {
			return e, nil
		}
	}
	return Entry{}, &Error{File: c.Path, What: fmt.Sprintf("there is no entry %q", name),
		Try: "check that this is the file that the name was taken from"}
}

// Bytes finds an entry as Entry does and compares what another file noted about it with the zip directory: a
// container that was replaced since is an error, and so are damaged bytes.
func (c *Container) Bytes(name string, size int64, crc uint32) ([]byte, error) {
	e, err := c.Entry(name)
	if err != nil {
		return nil, err
	}
	if e.Size != size || e.CRC != crc {
		return nil, &Error{File: c.Path, At: name,
			What: fmt.Sprintf("found %d bytes with CRC32 %08x, expected %d bytes with CRC32 %08x: the file was changed",
				e.Size, e.CRC, size, crc),
			Try: "bring the original file back, or import the model again"}
	}
	return c.Checked(e)
}

// Checked gives the bytes of one of the container's entries; an error names the file and the entry where they are damaged.
func (c *Container) Checked(e Entry) ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, c.locate(err)
	}
	return e.Data, nil
}

// Release says that an entry is not read for a while. Its bytes stay valid.
func (c *Container) Release(e Entry) { c.file.Release(e.Data) }

func (c *Container) lookup(name string) (Entry, bool) {
	i, ok := c.index[name]
	if !ok {
		return Entry{}, false
	}
	return c.Entries[i], true
}

// hasPrefix reports whether any entry's name begins so.
func (c *Container) hasPrefix(prefix string) bool {
	for i := range c.Entries {
		if strings.HasPrefix(c.Entries[i].Name, prefix) {
			return true
		}
	}
	return false
}

// locate names the file in an error of this package.
func (c *Container) locate(err error) error {
	if e, ok := err.(*Error); ok && e.File == "" {
		e.File = c.Path
	}
	return err
}

// commonRoot is the folder that all entries lie in, which torch names after the file as it was when saved.
func commonRoot(names []string) string {
	if len(names) == 0 {
		return ""
	}
	root, _, ok := strings.Cut(names[0], "/")
	if !ok {
		return ""
	}
	for _, name := range names {
		if first, _, ok := strings.Cut(name, "/"); !ok || first != root {
			return ""
		}
	}
	return root
}

// below lists names without the root folder that they lie in.
func below(root string, names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = strings.TrimPrefix(name, root+"/")
	}
	return list
}
