package intermediates

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/edsrzf/mmap-go"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/mapped"
)

// This file reads what coreai_torch.debugging.torch_utils.save_intermediates writes (coreai-torch 0.4.0): a folder with metadata.json,
// whose keys inputs, outputs and intermediates each hold an object by node, and data/*.npy. NumPy has no bf16: such values are in it as
// f32.

const (
	appleEnding   = ".aimodelintermediates"
	appleMetadata = "metadata.json"

	maxMetadata = 256 << 20 // bytes
	maxNodes    = 1 << 20
)

// appleRoles are the keys of metadata.json.
var appleRoles = map[string]Role{"inputs": In, "intermediates": Mid, "outputs": Out}

// appleNode is what metadata.json says of a value.
type appleNode struct {
	Op     string `json:"node_op"`
	Target string `json:"node_target"`
	File   string `json:"data_file"`
	Shape  []int  `json:"shape"`
	DType  string `json:"torch_dtype"`
}

// torchTypes are the names of the types that NumPy has, too.
var torchTypes = map[string]host.Elem{"torch.float32": host.F32, "torch.float64": host.F64, "torch.float16": host.F16,
	"torch.int64": host.I64, "torch.int32": host.I32, "torch.int16": host.I16, "torch.int8": host.I8, "torch.uint8": host.U8,
	"torch.uint16": host.U16, "torch.uint32": host.U32, "torch.uint64": host.U64, "torch.bool": host.Bool,
	"torch.complex64": host.C64, "torch.complex128": host.C128}

// folder is the store of such a folder. A file is mapped, or read, when its value is asked for.
type folder struct {
	root  *os.Root
	files map[string]string // by Entry.Key

	mu   sync.Mutex
	maps map[string]mmap.MMap // by Entry.Key
	most int                  // of maps
}

// mostMaps is far below what systems allow a process: 65530 on Linux.
const mostMaps = 4096

// openFolder reads a folder. Nothing outside of it is looked at, whatever its files and links say.
func openFolder(path string) (*Set, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	s, err := readFolder(root)
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.Path = path
	return s, nil
}

func readFolder(root *os.Root) (*Set, error) {
	info, err := root.Stat(appleMetadata)
	if err != nil {
		return nil, fmt.Errorf("no folder of saved values, which coreai-torch names *%s: %w", appleEnding, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxMetadata {
		return nil, fmt.Errorf("%s is no file, or larger than %s", appleMetadata, host.SizeText(maxMetadata))
	}
	f, err := root.Open(appleMetadata)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	store := &folder{root: root, files: map[string]string{}, maps: map[string]mmap.MMap{}, most: mostMaps}
	s := &Set{Tool: "coreai-torch", tensors: store}
	order, err := s.readApple(f, store)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", appleMetadata, err)
	}
	slices.SortStableFunc(s.Entries, func(a, b Entry) int { return cmp.Compare(order[a.Node], order[b.Node]) })
	for i := range s.Entries {
		if e := &s.Entries[i]; e.Role == In {
			s.Inputs = append(s.Inputs, Input{Name: e.Node, IsTensor: true})
		}
	}
	return s.finish()
}

// counter is what names of data files end in: how many were written before.
var counter = regexp.MustCompile(`_(\d{4,9})\.npy$`)

// readApple reads metadata.json and gives the order in which nodes ran.
func (s *Set) readApple(r io.Reader, store *folder) (map[string]int, error) {
	order := map[string]int{}
	dec := json.NewDecoder(r)
	found := 0
	err := object(dec, func(key string) error {
		role, ok := appleRoles[key]
		if !ok { // mappings, which say nothing of values
			var skipped json.RawMessage
			return dec.Decode(&skipped)
		}
		found++
		return object(dec, func(node string) error {
			var n appleNode
			if err := dec.Decode(&n); err != nil {
				return fmt.Errorf("%q: %w", node, err)
			}
			if n.Op == "get_attr" { // a weight
				return nil
			}
			if _, twice := order[node]; twice {
				return fmt.Errorf("%q is there twice", node)
			}
			if len(order) == maxNodes {
				return fmt.Errorf("there are more than %d values", maxNodes)
			}
			e, err := n.entry(node, role, store)
			if err != nil {
				return fmt.Errorf("%q: %w", node, err)
			}
			order[node] = math.MaxInt
			if m := counter.FindStringSubmatch(n.File); m != nil {
				order[node], _ = strconv.Atoi(m[1]) // at most nine digits
			}
			s.Entries = append(s.Entries, e)
			return nil
		})
	})
	if err == nil && found != len(appleRoles) {
		err = errors.New("expected the keys inputs, outputs and intermediates")
	}
	return order, err
}

// entry checks a value's description against its file.
func (n *appleNode) entry(node string, role Role, store *folder) (Entry, error) {
	e := Entry{Node: node, Op: n.Target, Role: role, Loc: ir.Unknown, Shape: n.Shape}
	if _, _, _, err := parseKey(e.Key()); err != nil {
		return e, err
	}
	if n.Op == "placeholder" {
		e.Op = n.Op
	}
	elem, ok := torchTypes[n.DType]
	if !ok {
		return e, fmt.Errorf("the type %q is not known", n.DType)
	}
	e.Elem = elem
	size, err := host.SizeBytes(elem, n.Shape)
	if err != nil {
		return e, err
	}
	if !filepath.IsLocal(filepath.FromSlash(n.File)) {
		return e, fmt.Errorf("the data file %q is not in the folder", n.File)
	}
	info, err := store.root.Stat(filepath.FromSlash(n.File))
	switch {
	case err != nil:
		return e, err
	case !info.Mode().IsRegular():
		return e, fmt.Errorf("%s is no file", n.File)
	case info.Size() < int64(size):
		return e, fmt.Errorf("%s has %d bytes, %s of shape %s takes %d", n.File, info.Size(), elem, host.ShapeText(n.Shape), size)
	}
	store.files[e.Key()] = filepath.FromSlash(n.File)
	return e, nil
}

func (f *folder) tensor(e *Entry) (*host.Tensor, error) {
	name, ok := f.files[e.Key()]
	if !ok {
		return nil, fmt.Errorf("%s: there is no value %s", f.root.Name(), e.Key())
	}
	located := func(err error) error { return fmt.Errorf("%s: %w", filepath.Join(f.root.Name(), name), err) }
	data, err := f.bytes(e.Key(), name)
	if err != nil {
		return nil, located(err)
	}
	t, err := host.ParseNPY(data)
	if err != nil {
		return nil, located(err)
	}
	if t.Elem != e.Elem || !slices.Equal(t.Shape, e.Shape) {
		return nil, located(fmt.Errorf("it is %s, %s says %s of shape %s", t, appleMetadata, e.Elem, host.ShapeText(e.Shape)))
	}
	return t, nil
}

// bytes maps a file once, while few are mapped: a system has a limit, and tensors stay valid until the end. Of further ones it gives copies,
// which last as long as their tensors.
func (f *folder) bytes(key, name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if data, ok := f.maps[key]; ok {
		return data, nil
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 { // what cannot be mapped
		return nil, errors.New("not a .npy file")
	}
	if len(f.maps) >= f.most {
		return io.ReadAll(io.LimitReader(file, info.Size()))
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, err
	}
	f.maps[key] = data
	return data, nil
}

func (f *folder) release(e *Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mapped.Release(f.maps[e.Key()])
}

func (f *folder) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := []error{f.root.Close()}
	for _, data := range f.maps {
		errs = append(errs, data.Unmap())
	}
	f.maps = nil
	return errors.Join(errs...)
}
