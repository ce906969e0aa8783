package zipfile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
)

// Alignment of the data of every entry that Writer writes, in bytes.
const Alignment = 64

// The records of a zip file, from PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
const (
	localMark    = "PK\x03\x04"
	centralMark  = "PK\x01\x02"
	endMark      = "PK\x05\x06"
	endMark64    = "PK\x06\x06"
	locatorMark  = "PK\x06\x07"
	localSize    = 30
	centralSize  = 46
	endSize      = 22
	version      = 20             // 2.0: plain entries
	version64    = 45             // 4.5: sizes of 64 bits
	unix         = 3 << 8         // the system that attributes are of
	plainFile    = 0o100644 << 16 // the attributes of a readable file
	date1980     = 1<<5 | 1       // January 1, 1980, where the time of zip files begins
	max32        = math.MaxUint32
	max16        = math.MaxUint16
	extraZip64   = 0x0001
	extraAligned = 0xd935 // zero bytes for alignment, as Android's zipalign writes them: 2 bytes say to what
)

// Target takes the bytes of a zip file; sums are put into headers when their entry is complete.
type Target interface {
	io.Writer
	io.WriterAt
}

// Writer writes a zip file of stored, aligned entries, one behind the other, without times. The same entries give the
// same bytes.
type Writer struct {
	w       Target
	at      int64
	entries []Written
	large   int64 // the least size or offset that needs a field of 64 bits
}

// Written is an entry as it was written.
type Written struct {
	Name   string
	Size   int64
	CRC    uint32
	SHA256 [sha256.Size]byte

	header int64 // offset of the local header
}

// NewWriter begins a file at the start of w.
func NewWriter(w Target) *Writer { return &Writer{w: w, large: max32} }

// Add writes an entry of the given size, whose bytes fill writes.
func (z *Writer) Add(name string, size int64, fill func(io.Writer) error) (Written, error) {
	e := Written{Name: name, Size: size, header: z.at}
	if len(name) > max16 {
		return e, errors.New("the name of an entry is too long")
	}
	if err := z.write(z.local(&e)); err != nil {
		return e, err
	}
	sums := &summer{w: z.w, crc: crc32.NewIEEE(), sha: sha256.New()}
	if err := fill(sums); err != nil {
		return e, err
	}
	if sums.size != size {
		return e, fmt.Errorf("%s: %d bytes were written, expected %d", name, sums.size, size)
	}
	z.at += size
	e.CRC = sums.crc.Sum32()
	sums.sha.Sum(e.SHA256[:0])
	if _, err := z.w.WriteAt(binary.LittleEndian.AppendUint32(nil, e.CRC), e.header+14); err != nil {
		return e, err
	}
	z.entries = append(z.entries, e)
	return e, nil
}

// summer passes bytes on and adds them to the sums.
type summer struct {
	w    io.Writer
	crc  hash.Hash32
	sha  hash.Hash
	size int64
}

// Write adds the bytes that were written.
func (s *summer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.crc.Write(p[:n])
	s.sha.Write(p[:n])
	s.size += int64(n)
	return n, err
}

func (z *Writer) write(p []byte) error {
	n, err := z.w.Write(p)
	z.at += int64(n)
	return err
}

// local is the header before an entry, without its sum, and filled up to the alignment.
func (z *Writer) local(e *Written) []byte {
	le := binary.LittleEndian
	var extra []byte
	need, size := uint16(version), uint32(min(e.Size, max32))
	if e.Size >= z.large {
		need, size = version64, max32
		extra = le.AppendUint16(extra, extraZip64)
		extra = le.AppendUint16(extra, 16)
		extra = le.AppendUint64(le.AppendUint64(extra, uint64(e.Size)), uint64(e.Size))
	}
	const least = 6 // of the field for alignment
	end := e.header + localSize + int64(len(e.Name)+len(extra)+least)
	fill := int((Alignment - end%Alignment) % Alignment)
	extra = le.AppendUint16(extra, extraAligned)
	extra = le.AppendUint16(extra, uint16(2+fill))
	extra = le.AppendUint16(extra, Alignment)
	extra = append(extra, make([]byte, fill)...)

	b := append([]byte(nil), localMark...)
	for _, v := range []uint16{need, 0, 0, 0, date1980} { // version, flags, method, time, date
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(b, 0) // the sum, see Add
	b = le.AppendUint32(le.AppendUint32(b, size), size)
	b = le.AppendUint16(b, uint16(len(e.Name)))
	b = le.AppendUint16(b, uint16(len(extra)))
	return append(append(b, e.Name...), extra...)
}

// central is the line of the directory for an entry.
func (z *Writer) central(e *Written) []byte {
	le := binary.LittleEndian
	var extra []byte
	need, size, offset := uint16(version), uint32(min(e.Size, max32)), uint32(min(e.header, max32))
	if e.Size >= z.large || e.header >= z.large {
		need, size, offset = version64, max32, max32
		extra = le.AppendUint16(extra, extraZip64)
		extra = le.AppendUint16(extra, 24)
		extra = le.AppendUint64(le.AppendUint64(extra, uint64(e.Size)), uint64(e.Size))
		extra = le.AppendUint64(extra, uint64(e.header))
	}
	b := append([]byte(nil), centralMark...)
	for _, v := range []uint16{unix | version64, need, 0, 0, 0, date1980} { // made by, version, flags, method, time, date
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(b, e.CRC)
	b = le.AppendUint32(le.AppendUint32(b, size), size)
	for _, v := range []uint16{uint16(len(e.Name)), uint16(len(extra)), 0, 0, 0} { // and comment, disk, kind of content
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(b, plainFile)
	b = le.AppendUint32(b, offset)
	return append(append(b, e.Name...), extra...)
}

// Close writes the directory. It does not close what it writes to.
func (z *Writer) Close() error {
	le := binary.LittleEndian
	begin := z.at
	var b []byte
	for i := range z.entries {
		b = append(b, z.central(&z.entries[i])...)
	}
	size, count := int64(len(b)), len(z.entries)
	short := [...]uint64{uint64(count), uint64(size), uint64(begin)}
	if count >= max16 || size >= z.large || begin >= z.large {
		b = append(b, endMark64...)
		b = le.AppendUint64(b, 44) // the bytes that follow in this record
		b = le.AppendUint16(le.AppendUint16(b, unix|version64), version64)
		b = le.AppendUint64(b, 0) // disks
		for _, v := range []uint64{uint64(count), uint64(count), uint64(size), uint64(begin)} {
			b = le.AppendUint64(b, v)
		}
		b = append(b, locatorMark...)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(begin+size))
		b = le.AppendUint32(b, 1)
		short = [...]uint64{max16, max32, max32}
	}
	b = append(b, endMark...)
	b = le.AppendUint32(b, 0) // disks
	b = le.AppendUint16(le.AppendUint16(b, uint16(short[0])), uint16(short[0]))
	b = le.AppendUint32(le.AppendUint32(b, uint32(short[1])), uint32(short[2]))
	b = le.AppendUint16(b, 0) // length of a comment
	return z.write(b)
}
