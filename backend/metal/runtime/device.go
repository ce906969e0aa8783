package runtime

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/aiopt/aiopt/backend/metal/walk"
	"github.com/aiopt/aiopt/backend/programs"
)

// device is the GPU of a Mac.
type device struct {
	sender
	id        object
	label     string
	page      int
	buffer    int // the most bytes of a buffer
	shared    int // the most bytes that a threadgroup shares
	pipelines map[string]object
}

// open finds the GPU.
func open(s system) (*device, error) {
	d := &device{sender: sender{s}, page: os.Getpagesize(), pipelines: map[string]object{}}
	return d, d.pooled(func() error {
		if d.id = d.createDevice(); d.id == 0 {
			return &programs.Missing{What: "macOS gives no Metal device: expected a Mac with an Apple chip, and a process that may use its GPU"}
		}
		d.label = d.text(d.object(d.id, deviceName))
		d.buffer, d.shared = int(d.to(d.id, maxBuffer)), int(d.to(d.id, maxShared))
		return nil
	})
}

// Name is metal.
func (d *device) Name() string { return Name }

// Close gives up the pipelines and the device. Metal's buffers keep it as long as they need it.
func (d *device) Close() error {
	return d.pooled(func() error {
		for _, p := range d.pipelines {
			d.release(p)
		}
		clear(d.pipelines)
		d.release(d.id)
		d.id = 0
		return nil
	})
}

// block is a buffer, or what is behind its first bytes.
type block struct {
	sender
	id   object
	from int    // where it starts in the buffer
	data []byte // the memory, which the GPU shares
}

// Alloc gives a buffer.
func (d *device) Alloc(bytes int) (b walk.Block, err error) {
	return b, d.pooled(func() error {
		b, err = d.alloc(bytes)
		return err
	})
}

func (d *device) alloc(bytes int) (walk.Block, error) {
	length := max(bytes, walk.Alignment) // Metal has no empty buffers
	if length > d.buffer {
		return nil, fmt.Errorf("a buffer of %d bytes: %s takes at most %d; smaller sizes, or weights in fewer bits, may help", length, d.label, d.buffer)
	}
	id := d.object(d.id, newBuffer, num(length), num(storageShared))
	if id == 0 {
		return nil, fmt.Errorf("%s has no memory for a buffer of %d bytes", d.label, length)
	}
	return &block{d.sender, id, 0, d.memory(d.to(id, contents), length)[:bytes]}, nil
}

// Constant gives a buffer over the pages in which data lies, where that begins as kernels need it; otherwise a copy. Pages of mapped files are read
// when the GPU reads them.
func (d *device) Constant(data []byte) (b walk.Block, err error) {
	return b, d.pooled(func() error {
		if over := d.over(data); over != nil {
			b = over
			return nil
		}
		b, err = d.alloc(len(data))
		if err == nil {
			err = b.Write(0, data)
		}
		return err
	})
}

// over gives a buffer over the memory itself; nil where there can be none, or where a copy is less work.
func (d *device) over(data []byte) walk.Block {
	if len(data) < d.page {
		return nil
	}
	first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	from := int(first % uintptr(d.page))
	length := (from + len(data) + d.page - 1) / d.page * d.page
	if from%walk.Alignment != 0 || length > d.buffer {
		return nil
	}
	id := d.object(d.id, newBufferOver, pages(first-uintptr(from)), num(length), num(storageShared), obj(0))
	if id == 0 {
		return nil
	}
	return &block{d.sender, id, from, data}
}

// Bytes is the memory.
func (b *block) Bytes() []byte { return b.data }

// Read copies from the memory.
func (b *block) Read(at int, to []byte) error { copy(to, b.data[at:][:len(to)]); return nil }

// Write copies to the memory.
func (b *block) Write(at int, from []byte) error { copy(b.data[at:][:len(from)], from); return nil }

// Free gives up the buffer.
func (b *block) Free() {
	b.release(b.id)
	b.id, b.data = 0, nil
}
