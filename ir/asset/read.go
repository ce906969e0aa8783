package asset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/ir/zipfile"
)

// Asset is an opened .airpkg file.
type Asset struct {
	Path     string
	Manifest *Manifest

	zip     *zipfile.File
	weights *safetensors.File
}

func problem(at, try, format string, args ...any) *zipfile.Error {
	return &zipfile.Error{At: at, What: fmt.Sprintf(format, args...), Try: try}
}

// Open maps an asset and checks all but the bytes of its weights; see the package. Errors are a [zipfile.Error].
func Open(path string) (*Asset, error) {
	z, err := zipfile.Open(path, reading())
	if err != nil {
		return nil, err
	}
	a, err := newAsset(z)
	if err != nil {
		z.Close()
		return nil, err
	}
	return a, nil
}

// Read is Open over bytes that the caller keeps unchanged; name stands for the path in errors.
func Read(data []byte, name string) (*Asset, error) {
	z, err := zipfile.Read(data, name, reading())
	if err != nil {
		return nil, err
	}
	return newAsset(z)
}

func newAsset(z *zipfile.File) (*Asset, error) {
	a := &Asset{Path: z.Path, zip: z}
	if err := a.check(); err != nil {
		return nil, a.locate(err)
	}
	return a, nil
}

// Close ends the mapping; data of the asset must not be used any more.
func (a *Asset) Close() error { return a.zip.Close() }

// Size is the number of bytes of the whole file.
func (a *Asset) Size() int64 { return a.zip.Size() }

// ProgramName names the program in messages.
func (a *Asset) ProgramName() string { return a.Path + ":" + programName }

// Program is the text of the program.
func (a *Asset) Program() []byte {
	e, _ := a.zip.Entry(programName) // check has seen it
	return e.Data
}

// locate names the file in an error.
func (a *Asset) locate(err error) error {
	if e, ok := err.(*zipfile.Error); ok && e.File == "" {
		e.File = a.Path
	}
	return err
}

func (a *Asset) check() error {
	if _, ok := a.zip.Entry(manifestName); !ok {
		return problem("", tryName, "the asset has no entry %s", manifestName)
	}
	for _, e := range a.zip.Entries {
		if err := allowed(e.Name, e.Size); err != nil {
			return err
		}
	}
	for _, k := range kinds {
		if _, ok := a.zip.Entry(k.pattern); k.required && !ok {
			return problem("", tryCopy, "the asset has no entry %s", k.pattern)
		}
	}
	if err := a.zip.CheckLayout(); err != nil {
		return err
	}
	e, _ := a.zip.Entry(manifestName)
	if err := e.Check(); err != nil {
		return err
	}
	manifest, err := decodeManifest(e.Data)
	if err != nil {
		return problem(manifestName, tryWrite, "%v", err)
	}
	a.Manifest = manifest
	if err := a.checkParts(); err != nil {
		return err
	}
	return a.openWeights()
}

// checkParts holds the entries against the manifest; the weights by their size only.
func (a *Asset) checkParts() error {
	if found, want := len(a.zip.Entries), len(a.Manifest.Entries)+1; found != want {
		return problem(manifestName, tryWrite, "it lists %d entries, the file has %d beside it", want-1, found-1)
	}
	seen := map[string]bool{manifestName: true}
	for _, p := range a.Manifest.Entries {
		e, ok := a.zip.Entry(p.Name)
		switch {
		case !ok:
			return problem(manifestName, tryWrite, "it lists the entry %q, which the file does not have", p.Name)
		case seen[p.Name]:
			return problem(manifestName, tryWrite, "it lists the entry %q twice, or itself", p.Name)
		case e.Size != p.Size:
			return problem(p.Name, tryCopy, "it has %d bytes, the manifest states %d", e.Size, p.Size)
		}
		seen[p.Name] = true
		if p.Name == weightsName {
			continue
		}
		if err := checkSum(e, p); err != nil {
			return err
		}
	}
	return nil
}

func checkSum(e zipfile.Entry, p Part) error {
	sum := sha256.Sum256(e.Data)
	if found := hex.EncodeToString(sum[:]); found != p.SHA256 {
		return problem(e.Name, tryCopy, "the bytes are damaged: their SHA-256 is %s, the manifest states %q", found, p.SHA256)
	}
	return nil
}

func (a *Asset) openWeights() error {
	e, _ := a.zip.Entry(weightsName)
	if len(e.Data) >= 8 {
		if n := binary.LittleEndian.Uint64(e.Data); n > maxHeader {
			return problem(weightsName, tryCopy, "its header takes %d bytes, expected at most %d", n, maxHeader)
		}
	}
	f, err := safetensors.Parse(e.Data)
	if err != nil {
		return problem(weightsName, tryCopy, "%v", err)
	}
	f.Path = a.Path + ": " + weightsName
	a.weights = f
	return nil
}

// Bytes gives a tensor's bytes after comparing their number and checksum with those expected, the first time by reading
// them.
func (a *Asset) Bytes(tensor string, size int64, crc uint32) ([]byte, error) {
	return a.weights.Bytes(tensor, size, crc)
}

// Release says that a tensor is not read for a while. Its bytes stay valid.
func (a *Asset) Release(tensor string) {
	if e, err := a.weights.Entry(tensor); err == nil {
		a.zip.Release(e.Data)
	}
}

// maxErrors is how many mistakes of one kind are reported.
const maxErrors = 10

// Bind gives the data of a parsed and verified program its place in the asset, and holds names, sizes and sums of all
// data, and the manifest, against the program.
func (a *Asset) Bind(m *ir.Module) error {
	var errs []error
	for _, r := range m.Resources {
		if err := a.bind(r); err != nil {
			errs = append(errs, a.locate(err))
		}
		if len(errs) == maxErrors {
			break
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if err := a.Manifest.differ(Describe(m)); err != nil {
		return a.locate(problem(manifestName, tryWrite, "%v", err))
	}
	m.Passes = a.Manifest.Origin.Passes
	return nil
}

func (a *Asset) bind(r *ir.Resource) error {
	src := r.Source
	at := programName + ": @" + r.Name
	switch {
	case src.Open != nil && whole(r): // shared with another resource
		return nil
	case src.File != weightsName || src.Elided:
		return problem(at, tryWrite, "its data is not in %s; an asset refers to nothing else", weightsName)
	case !whole(r):
		return problem(at, tryWrite, "%s is not all of the %d bytes of tensor %q", r.Type, src.Size, src.Entry)
	}
	e, err := a.weights.Entry(src.Entry)
	if err != nil {
		return problem(at, tryWrite, "its tensor %q is not in %s", src.Entry, weightsName)
	}
	sum, ok := a.weights.Sum(src.Entry)
	if !ok || sum != src.CRC || int64(len(e.Data)) != src.Size {
		return problem(at, tryCopy, "expected %d bytes with the CRC-32 %08x, %s has %d bytes of tensor %q with %08x", src.Size, src.CRC, weightsName, len(e.Data), src.Entry, sum)
	}
	name, size, crc := src.Entry, src.Size, src.CRC
	src.File = a.Path
	src.Open = func() ([]byte, error) { return a.Bytes(name, size, crc) }
	src.Release = func() { a.Release(name) }
	return nil
}

// Verify reads the whole file and holds every entry and tensor against its sums.
func (a *Asset) Verify() error {
	if err := a.weights.Verify(); err != nil { // names the tensor
		return err
	}
	for _, p := range a.Manifest.Entries {
		e, _ := a.zip.Entry(p.Name)
		if err := checkSum(e, p); err != nil {
			return a.locate(err)
		}
		if err := e.Check(); err != nil {
			return a.locate(err)
		}
	}
	return nil
}

// Kernels gives the entries for kernels, in their order; their bytes must not be changed.
func (a *Asset) Kernels() []File {
	var list []File
	for _, e := range a.zip.Entries {
		if strings.HasPrefix(e.Name, kernelsFolder) {
			list = append(list, File{e.Name, e.Data})
		}
	}
	return list
}
