package pt2

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead feeds whole files, which mostly tries the container.
func FuzzRead(f *testing.F) {
	f.Add(legal().bytes())
	files, err := filepath.Glob("testdata/*.pt2")
	if err != nil || len(files) == 0 {
		f.Fatal("no testdata", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, m := range mistakes {
		b := legal()
		m.change(b)
		if data := b.bytes(); len(data) < 1<<16 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAny(t, data) })
}

// FuzzJSON feeds the JSON entries of an archive that is legal otherwise, so that checksums do not stand in the way.
func FuzzJSON(f *testing.F) {
	f.Add(modelJSON, weightsJSON)
	for _, m := range mistakes {
		b := legal()
		m.change(b)
		var program, config string
		for _, e := range b.entries {
			switch e.name {
			case model:
				program = e.data
			case weights:
				config = e.data
			}
		}
		if len(program) < 1<<14 {
			f.Add(program, config)
		}
	}
	f.Fuzz(func(t *testing.T, program, config string) {
		b := legal()
		b.entry(model).data = program
		b.entry(weights).data = config
		readAny(t, b.bytes())
	})
}

func readAny(t *testing.T, data []byte) {
	a, err := Read(data, "fuzz.pt2")
	if err == nil {
		touch(t, a)
		return
	}
	if !strings.HasPrefix(err.Error(), "fuzz.pt2: ") || len(err.Error()) > 4000 {
		t.Errorf("message: %q", err)
	}
}
