package pt2

import (
	"bytes"
	"strings"
	"testing"
)

// TestDamagedWeight: an archive with damaged weights opens, since no weight is read for that; asking for the bytes fails.
func TestDamagedWeight(t *testing.T) {
	whole := legal().read(t)
	w, err := whole.Models[0].Tensor("fc.weight", Weights)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second answer is remembered
		if data, err := whole.Bytes("weight_0", w.Entry.Size, w.Entry.CRC); err != nil || !bytes.Equal(data, w.Entry.Data) {
			t.Errorf("found %d bytes and %v, expected those of the entry", len(data), err)
		}
	}

	a := legal().read(t)
	d, err := a.Models[0].Tensor("fc.weight", Weights)
	if err != nil {
		t.Fatal(err)
	}
	d.Entry.Data[7] ^= 1
	for range 2 {
		for what, open := range map[string]func() ([]byte, error){
			"Checked": func() ([]byte, error) { return a.Checked(d.Entry) },
			"Bytes":   func() ([]byte, error) { return a.Bytes("weight_0", d.Entry.Size, d.Entry.CRC) },
		} {
			_, err := open()
			if err == nil || !strings.HasPrefix(err.Error(), a.Path) || !strings.Contains(err.Error(), "data/weights/weight_0") ||
				!strings.Contains(err.Error(), "the bytes are damaged") {
				t.Errorf("%s: found the error %v, expected one that names the file and the entry", what, err)
			}
		}
	}
}
