package host

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// npy makes a file as NumPy writes it.
func npy(descr, order, shape string, data ...byte) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
	header += strings.Repeat(" ", 127-10-len(header)) + "\n"
	return append([]byte("\x93NUMPY\x01\x00\x76\x00"+header), data...)
}

func TestNPYOrder(t *testing.T) {
	for _, c := range []struct {
		order, shape string
		want         [][]int64 // rows
	}{
		{"False", "(2, 3)", [][]int64{{1, 2, 3}, {4, 5, 6}}},
		{"True", "(2, 3)", [][]int64{{1, 3, 5}, {2, 4, 6}}},
		{"True", "(6,)", [][]int64{{1, 2, 3, 4, 5, 6}}},
	} {
		x, err := ParseNPY(npy("|u1", c.order, c.shape, 1, 2, 3, 4, 5, 6))
		if err != nil {
			t.Fatal(err)
		}
		var got [][]int64
		bytes := x.Bytes()
		for row := range c.want {
			got = append(got, nil)
			for i := range c.want[row] {
				got[row] = append(got[row], int64(bytes[row*len(c.want[row])+i]))
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s %s: -want +got\n%s", c.order, c.shape, d)
		}
	}
	if _, err := ParseNPY(npy("|u1", "True", "(2, 4)", 1, 2, 3)); err == nil || !strings.Contains(err.Error(), "takes 8 bytes, found 3") {
		t.Errorf("found the error %v, expected one about the size", err)
	}
}

func TestEncodeNPY(t *testing.T) {
	for _, c := range []struct {
		x    *Tensor
		want []byte
	}{
		{&Tensor{Elem: U8, Shape: []int{2, 3}, Strides: []int{1, 2}, Data: []byte{1, 4, 2, 5, 3, 6}}, npy("|u1", "False", "(2, 3)", 1, 2, 3, 4, 5, 6)},
		{&Tensor{Elem: Bool, Shape: []int{2}, Strides: []int{1}, Data: []byte{1, 0}}, npy("|b1", "False", "(2,)", 1, 0)},
		{&Tensor{Elem: F32, Shape: []int{}, Strides: []int{}, Data: []byte{0, 0, 0x80, 0x3f}}, npy("<f4", "False", "()", 0, 0, 0x80, 0x3f)},
	} {
		got, err := EncodeNPY(c.x)
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: found %q, %v, expected %q", c.x, got, err, c.want)
		}
		back, err := ParseNPY(got)
		if err != nil || back.String() != c.x.String() || !bytes.Equal(back.Bytes(), c.x.Bytes()) {
			t.Errorf("%s: read again it is %v, %v", c.x, back, err)
		}
	}
	for _, x := range []*Tensor{New(BF16, 2), New(F8E4M3), New(Elems()[0], make([]int, 65)...)} {
		if _, err := EncodeNPY(x); err == nil {
			t.Errorf("%s was written as .npy", x.Elem)
		}
	}
}
