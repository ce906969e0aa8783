package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/host"
)

// The header of a stream is known when its tensors are written. Room is left for it, in bytes; what it does not take is filled with
// spaces, unless there is so little data that moving it is cheap.
const (
	headerRoom  = 4 << 20
	cheapToMove = 64 << 20
	movedAtOnce = 4 << 20
)

// Stream writes a file whose tensors come one after the other, and keeps none of them. Whoever creates it ends it by Commit or Discard;
// Discard after Commit does nothing. The same tensors give the same bytes.
type Stream struct {
	file    *atomicfile.File
	out     *bufio.Writer
	entries []Described
	names   map[string]bool
	size    int64 // of the data

	room, cheap int64 // headerRoom and cheapToMove
}

// NewStream starts a file, which appears under its name at Commit.
func NewStream(path string) (*Stream, error) { return newStream(path, headerRoom, cheapToMove) }

func newStream(path string, room, cheap int64) (*Stream, error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(room, io.SeekStart); err != nil {
		f.Discard()
		return nil, f.Located(err)
	}
	return &Stream{file: f, out: bufio.NewWriterSize(f, 1<<20), names: map[string]bool{}, room: room, cheap: cheap}, nil
}

// Add writes a tensor, which may be changed afterwards. A name that is taken is an error.
func (s *Stream) Add(name string, t *host.Tensor) error {
	if s.names[name] {
		return s.file.Located(fmt.Errorf("tensor %q: the name is taken", name))
	}
	s.names[name] = true
	data := t.Bytes()
	s.entries = append(s.entries, Described{Name: name, Elem: t.Elem, Shape: slices.Clone(t.Shape), Size: int64(len(data)), CRC: crc32.ChecksumIEEE(data)})
	s.size += int64(len(data))
	if _, err := s.out.Write(data); err != nil {
		return s.file.Located(err)
	}
	return nil
}

// Len is how many tensors there are so far.
func (s *Stream) Len() int { return len(s.entries) }

// Commit writes the header and gives the file its name.
func (s *Stream) Commit(metadata ...Pair) error {
	if err := s.finish(metadata); err != nil {
		return s.file.Located(err)
	}
	return s.file.Commit()
}

// Discard removes a file that has no name yet.
func (s *Stream) Discard() { s.file.Discard() }

func (s *Stream) finish(metadata []Pair) error {
	header, err := Header(s.entries, metadata...)
	if err != nil {
		return err
	}
	if err := s.out.Flush(); err != nil {
		return err
	}
	if gap := s.room - int64(len(header)); gap < 0 || s.size <= s.cheap {
		if err := move(s.file, s.room, int64(len(header)), s.size); err != nil {
			return err
		}
	} else {
		header = append(header, bytes.Repeat([]byte(" "), int(gap))...)
		binary.LittleEndian.PutUint64(header, uint64(len(header)-8))
	}
	_, err = s.file.WriteAt(header, 0)
	return err
}

// move copies size bytes of a file, part by part, from where they are to where they go, which may overlap, and ends the file there.
func move(f *atomicfile.File, from, to, size int64) error {
	part := make([]byte, min(size, movedAtOnce))
	for done := int64(0); done < size; {
		n := min(size-done, movedAtOnce)
		at := done
		if to > from { // the last part first, so that none is written over before it is read
			at = size - done - n
		}
		if _, err := f.ReadAt(part[:n], from+at); err != nil {
			return err
		}
		if _, err := f.WriteAt(part[:n], to+at); err != nil {
			return err
		}
		done += n
	}
	return f.Truncate(to + size)
}
