package safetensors

import (
	"hash/crc32"

	"github.com/aiopt/aiopt/ir/mapped"
)

// Bytes gives a tensor's bytes after comparing their number and checksum with those expected, and the checksum also with
// the one in the header, if it has one. An expected checksum of 0 is not compared. The bytes are hashed the first time only.
func (f *File) Bytes(name string, size int64, crc uint32) ([]byte, error) {
	e, err := f.Entry(name)
	if err != nil {
		return nil, err
	}
	if int64(len(e.Data)) != size {
		return nil, f.errorf("the tensor %q has %d bytes, expected %d: the file was changed", name, len(e.Data), size)
	}
	at := f.index[name]
	if crc != 0 {
		sum, ok := f.sums[name]
		if !ok {
			sum = f.hash(at)
		}
		if sum != crc {
			return nil, f.errorf("the tensor %q has the checksum %08x, expected %08x: the file was changed", name, sum, crc)
		}
	}
	if err := f.check(at); err != nil {
		return nil, err
	}
	return e.Data, nil
}

// Release says that a tensor is not read for a while. Its bytes stay valid.
func (f *File) Release(name string) {
	if e, err := f.Entry(name); err == nil && f.unmap != nil {
		mapped.Release(e.Data)
	}
}

// Sum gives the checksum that the header has of a tensor, if it has one.
func (f *File) Sum(name string) (uint32, bool) {
	sum, ok := f.sums[name]
	return sum, ok
}

// Verify compares every tensor's bytes with the checksum that the header has of them, if it has one.
func (f *File) Verify() error {
	for i := range f.Entries {
		if err := f.check(i); err != nil {
			return err
		}
	}
	return nil
}

// check compares an entry's bytes with the checksum that the header has of them, if it has one.
func (f *File) check(i int) error {
	name := f.Entries[i].Name
	want, ok := f.sums[name]
	if !ok {
		return nil
	}
	if found := f.hash(i); found != want {
		return f.errorf("the tensor %q is damaged: its checksum is %08x, the header has %08x; copy or download the file again", name, found, want)
	}
	return nil
}

func (f *File) hash(i int) uint32 {
	h := &f.hashed[i]
	h.once.Do(func() { h.crc32 = crc32.ChecksumIEEE(f.Entries[i].Data) })
	return h.crc32
}
