package kernel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// memory is a buffer while a kernel runs.
type memory struct {
	buf     *Buffer
	data    []byte
	n       int64
	written []bool  // of shared and private memory: which elements have a value
	own     []bool  // of such memory: which elements this round of the parallel loop has written
	rounds  []bool  // of such memory: which elements any round has written
	times   []uint8 // of memory whose elements are written once: how often each was
	touched []touch // of shared memory, and of global memory that is written: by which thread of a group
	owner   []int64 // of global memory that is written in rounds of any order: 1 + the round that wrote the element
}

func newLocal(b *Buffer, n int64) *memory {
	return &memory{buf: b, data: make([]byte, n*int64(b.Elem.Bytes())), n: n, written: make([]bool, n), own: make([]bool, n), rounds: make([]bool, n)}
}

func (m *memory) inside(at int64) error {
	if at < 0 || at >= m.n {
		return fmt.Errorf("element %d is outside buffer %s of %d elements", at, m.buf.Name, m.n)
	}
	return nil
}

// load reads an element as a lane. round is 1 + that of the parallel loop around, 0 outside one.
func (m *memory) load(at, round int64) (uint64, error) {
	if err := m.inside(at); err != nil {
		return 0, err
	}
	if m.written != nil && !m.written[at] {
		return 0, fmt.Errorf("element %d of %s buffer %s is read before it is written", at, m.buf.Space, m.buf.Name)
	}
	if m.rounds != nil && m.rounds[at] && !m.own[at] {
		return 0, fmt.Errorf("element %d of %s buffer %s was written before the parallel loop, and another round has written it since", at, m.buf.Space, m.buf.Name)
	}
	if m.times != nil {
		return 0, fmt.Errorf("buffer %s is to be written only, and is read", m.buf.Name)
	}
	if m.owner != nil && m.owner[at] != 0 && m.owner[at] != round {
		return 0, fmt.Errorf("element %d of buffer %s is read by another round of the parallel loop than wrote it", at, m.buf.Name)
	}
	size := m.buf.Elem.Bytes()
	var raw [8]byte
	copy(raw[:], m.data[int(at)*size:][:size])
	bits := binary.LittleEndian.Uint64(raw[:])
	switch e := m.buf.Elem; {
	case e == host.Bool:
		return boolBits(bits != 0), nil
	case e.IsFloat():
		return bits, nil
	default:
		return wrapInt(e, bits), nil
	}
}

func (m *memory) store(at, round int64, bits uint64) error {
	if err := m.inside(at); err != nil {
		return err
	}
	if m.written != nil {
		m.written[at] = true
		if round != 0 {
			m.own[at], m.rounds[at] = true, true
		}
	}
	if m.owner != nil && round != 0 {
		if m.owner[at] != 0 && m.owner[at] != round {
			return fmt.Errorf("element %d of buffer %s is written by two rounds of the parallel loop", at, m.buf.Name)
		}
		m.owner[at] = round
	}
	if m.times != nil {
		if m.times[at]++; m.times[at] > 1 {
			return fmt.Errorf("element %d of buffer %s is written again, expected once", at, m.buf.Name)
		}
	}
	m.put(at, bits)
	return nil
}

// whole says which element of memory that is to be written once was not.
func (m *memory) whole() error {
	if at := slices.Index(m.times, 0); at >= 0 {
		return fmt.Errorf("element %d of buffer %s is not written, expected once", at, m.buf.Name)
	}
	return nil
}

func (m *memory) put(at int64, bits uint64) {
	size := m.buf.Elem.Bytes()
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], bits)
	copy(m.data[int(at)*size:][:size], raw[:])
}
