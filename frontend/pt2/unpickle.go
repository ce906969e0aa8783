package pt2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// unpickler reads the part of Python's pickle format, protocol 2, that torch.save writes tensors with (Python's pickletools.py describes
// its instructions). It calls nothing: what is no tensor stays unknown. Values are ints, floats, texts, bools, nil, *host.Tensor and *group.
type unpickler struct {
	data  []byte
	at    int
	stack []any
	memo  map[int]any
	bytes func(key string) ([]byte, error) // of a storage
}

// group is a tuple, a list or the values of a dict.
type group struct{ items []any }

// What the stack may also hold.
type (
	mark   struct{} // where a group begins
	global string   // module and name of a Python object
	dict   struct{ *group }
	opaque struct{} // what a call that is not known would give
)

var errCut = errors.New("it is cut off")

// run reads to the end and gives the value.
func (p *unpickler) run() (any, error) {
	for {
		code, err := p.take(1)
		if err != nil {
			return nil, err
		}
		if code[0] == '.' {
			return p.pop()
		}
		if err := p.step(code[0]); err != nil {
			return nil, fmt.Errorf("byte %d: %w", p.at-1, err)
		}
	}
}

func (p *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(p.data)-p.at {
		return nil, errCut
	}
	b := p.data[p.at : p.at+n]
	p.at += n
	return b, nil
}

// number reads a little-endian integer of some bytes.
func (p *unpickler) number(n int) (int, error) {
	b, err := p.take(n)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], b)
	x := int64(binary.LittleEndian.Uint64(wide[:]))
	if n == 4 {
		x = int64(int32(x))
	}
	return int(x), nil
}

func (p *unpickler) line() (string, error) {
	end := bytes.IndexByte(p.data[p.at:], '\n')
	if end < 0 {
		return "", errCut
	}
	b, err := p.take(end + 1)
	return string(b[:len(b)-1]), err
}

func (p *unpickler) push(v any) { p.stack = append(p.stack, v) }

func (p *unpickler) pop() (any, error) {
	if len(p.stack) == 0 {
		return nil, errors.New("nothing is on the stack")
	}
	v := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	return v, nil
}

// popTo takes what lies above the last mark.
func (p *unpickler) popTo() ([]any, error) {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if _, ok := p.stack[i].(mark); ok {
			items := append([]any(nil), p.stack[i+1:]...)
			p.stack = p.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("there is no mark on the stack")
}

func (p *unpickler) popN(n int) ([]any, error) {
	if n > len(p.stack) {
		return nil, errors.New("too little is on the stack")
	}
	items := append([]any(nil), p.stack[len(p.stack)-n:]...)
	p.stack = p.stack[:len(p.stack)-n]
	return items, nil
}

// pushed pushes what reading gave.
func (p *unpickler) pushed(v any, err error) error {
	if err == nil {
		p.push(v)
	}
	return err
}

// step does one instruction.
func (p *unpickler) step(code byte) error {
	switch code {
	case 0x80: // PROTO
		_, err := p.take(1)
		return err
	case '(':
		p.push(mark{})
	case 'N':
		p.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		p.push(code == 0x88)
	case ')', ']':
		p.push(&group{})
	case '}':
		p.push(dict{&group{}})
	case 'K', 'M', 'J':
		n := map[byte]int{'K': 1, 'M': 2, 'J': 4}[code]
		x, err := p.number(n)
		return p.pushed(x, err)
	case 0x8a: // LONG1
		return p.long()
	case 'G':
		b, err := p.take(8)
		if err != nil {
			return err
		}
		p.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 'X':
		n, err := p.number(4)
		if err != nil {
			return err
		}
		b, err := p.take(n)
		return p.pushed(string(b), err)
	case 'c':
		return p.global()
	case 't', 0x85, 0x86, 0x87: // TUPLE, TUPLE1 to TUPLE3
		return p.tuple(code)
	case 'q', 'r', 'h', 'j':
		return p.remember(code)
	case 'a', 'e', 's', 'u', 'b':
		return p.extend(code)
	case 'Q':
		return p.persistent()
	case 'R':
		return p.call()
	default:
		return fmt.Errorf("the instruction %#x is none that tensors need", code)
	}
	return nil
}

func (p *unpickler) long() error {
	n, err := p.number(1)
	if err != nil || n > 8 {
		return errors.New("an integer has more than 64 bits")
	}
	b, err := p.take(n)
	if err != nil {
		return err
	}
	x := int64(0)
	for i := n - 1; i >= 0; i-- {
		x = x<<8 | int64(b[i])
	}
	if n > 0 && n < 8 && b[n-1] >= 0x80 {
		x -= 1 << (8 * n)
	}
	p.push(int(x))
	return nil
}

func (p *unpickler) global() error {
	module, err := p.line()
	if err != nil {
		return err
	}
	name, err := p.line()
	return p.pushed(global(module+" "+name), err)
}

func (p *unpickler) tuple(code byte) error {
	var items []any
	var err error
	if code == 't' {
		items, err = p.popTo()
	} else {
		items, err = p.popN(int(code-0x85) + 1)
	}
	return p.pushed(&group{items}, err)
}

// remember stores the top of the stack under a number, or pushes what is stored.
func (p *unpickler) remember(code byte) error {
	n := 1
	if code == 'r' || code == 'j' {
		n = 4
	}
	at, err := p.number(n)
	if err != nil {
		return err
	}
	if code == 'h' || code == 'j' {
		v, ok := p.memo[at]
		if !ok {
			return fmt.Errorf("nothing is stored as %d", at)
		}
		p.push(v)
		return nil
	}
	v, err := p.pop()
	if err != nil {
		return err
	}
	p.memo[at] = v
	p.push(v)
	return nil
}

// extend adds to a list or a dict; the state of an object is dropped.
func (p *unpickler) extend(code byte) error {
	var items []any
	var err error
	switch code {
	case 'a', 'b':
		items, err = p.popN(1)
	case 's':
		items, err = p.popN(2)
	default:
		items, err = p.popTo()
	}
	if err != nil || len(p.stack) == 0 {
		return errors.Join(err, errors.New("nothing to extend is on the stack"))
	}
	switch to := p.stack[len(p.stack)-1].(type) {
	case *group:
		if code == 'a' || code == 'e' {
			to.items = append(to.items, items...)
		}
	case dict:
		for i := 1; i < len(items); i += 2 { // keys are names
			to.items = append(to.items, items[i])
		}
	}
	return nil
}

// persistent takes ("storage", class, key, device, length).
func (p *unpickler) persistent() error {
	v, err := p.pop()
	if err != nil {
		return err
	}
	g, ok := v.(*group)
	if !ok || len(g.items) < 3 {
		return errors.New("a storage is not named by a tuple")
	}
	class, _ := g.items[1].(global)
	key, _ := g.items[2].(string)
	elem, ok := storages[string(class)]
	if !ok {
		return fmt.Errorf("the storage class %.60q is not known", class)
	}
	data, err := p.bytes(key)
	return p.pushed(storage{elem, data}, err)
}

// call rebuilds tensors and makes empty dicts; what other calls give stays unknown.
func (p *unpickler) call() error {
	both, err := p.popN(2)
	if err != nil {
		return err
	}
	args, ok := both[1].(*group)
	if !ok {
		return errors.New("the arguments of a call are no tuple")
	}
	switch both[0] {
	case global("torch._utils _rebuild_tensor_v2"):
		t, err := rebuild(args.items)
		return p.pushed(t, err)
	case global("collections OrderedDict"):
		p.push(dict{&group{}})
	default:
		p.push(opaque{})
	}
	return nil
}
