package zipfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// CheckLayout holds a file to the form that [Writer] gives: entries one behind the other and aligned, local headers that
// say what the directory says, and no bytes that belong to nothing. So every program that reads the file sees the same.
func (f *File) CheckLayout() error {
	order := slices.Clone(f.Entries)
	slices.SortStableFunc(order, func(a, b Entry) int { return cmp.Compare(a.offset, b.offset) })
	at := int64(0)
	for i := range order {
		if err := f.checkLocal(&order[i], at); err != nil {
			return f.locate(err)
		}
		at = order[i].offset + order[i].Size
	}
	rest := f.data[at:]
	if !bytes.HasPrefix(rest, []byte(centralMark)) {
		return f.locate(problem("", f.advice.Make, "found bytes of no entry at %d, expected the zip directory", at))
	}
	end := len(rest) - endSize
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte(endMark)) {
		return f.locate(problem("", f.advice.Make, "found bytes behind the end of the zip directory, or a comment in it"))
	}
	if err := f.checkDirectory(rest); err != nil {
		return f.locate(err)
	}
	return nil
}

// checkDirectory holds the times in the directory to the one that [Writer] gives.
func (f *File) checkDirectory(rest []byte) error {
	le := binary.LittleEndian
	for len(rest) >= centralSize && bytes.HasPrefix(rest, []byte(centralMark)) {
		name, extra, comment := int(le.Uint16(rest[28:])), int(le.Uint16(rest[30:])), int(le.Uint16(rest[32:]))
		line := centralSize + name + extra + comment
		if line > len(rest) {
			break
		}
		if le.Uint32(rest[12:]) != date1980<<16 {
			return problem(string(rest[centralSize:centralSize+name]), f.advice.Make, "the directory gives it a time, expected the beginning of 1980")
		}
		rest = rest[line:]
	}
	return nil
}

// checkLocal compares an entry's local header, which must begin at a place, with the directory.
func (f *File) checkLocal(e *Entry, at int64) error {
	odd := func(format string, args ...any) error { return problem(e.Name, f.advice.Make, format, args...) }
	if e.offset < at {
		return odd("its data begins at byte %d, inside another entry, which ends at %d", e.offset, at)
	}
	head := f.data[at:]
	if len(head) < localSize || !bytes.HasPrefix(head, []byte(localMark)) {
		return odd("expected its local header at byte %d, found bytes of no entry", at)
	}
	le := binary.LittleEndian
	name, extra := int(le.Uint16(head[26:])), int(le.Uint16(head[28:]))
	if begin := at + localSize + int64(name) + int64(extra); begin != e.offset {
		return odd("found bytes of no entry before it: its data begins at byte %d, expected %d", e.offset, begin)
	}
	if found := head[localSize : localSize+name]; string(found) != e.Name {
		return odd("its local header names it %q", found)
	}
	small := e.Size
	if head[4] == version64 { // its sizes stand in the extra field, and the directory's count
		small = max32
	}
	if le.Uint16(head[6:]) != 0 || le.Uint16(head[8:]) != 0 || le.Uint32(head[14:]) != e.CRC ||
		int64(le.Uint32(head[18:])) != small || int64(le.Uint32(head[22:])) != small {
		return odd("its local header and the directory differ in flags, method, CRC32 or size")
	}
	if e.offset%Alignment != 0 {
		return odd("its data begins at byte %d, expected a multiple of %d", e.offset, Alignment)
	}
	if le.Uint32(head[10:]) != date1980<<16 {
		return odd("its local header gives it a time, expected the beginning of 1980")
	}
	return nil
}
