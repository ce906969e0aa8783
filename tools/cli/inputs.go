package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/inputs"
)

// readInputs reads what --inputs and --input say.
func readInputs(file string, single []string) (*inputs.Given, error) {
	in := inputs.New()
	if file != "" {
		var err error
		if in, err = inputs.Read(file); err != nil {
			return nil, err
		}
	}
	for _, s := range single {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usagef("--input %s: expected NAME=FILE or NAME=VALUE", s)
		}
		switch given, inFile := in.Has(name); {
		case inFile:
			return nil, usagef("--input %s: %s has an input of that name, too", name, file)
		case given:
			return nil, usagef("--input %s: the input is given twice", name)
		}
		if err := addInput(in, name, value); err != nil {
			return nil, fmt.Errorf("--input %s: %w", name, err)
		}
	}
	return in, nil
}

// readArray reads a .npy file.
func readArray(path string) (*host.Tensor, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := host.ParseNPY(data)
	if what := pt2.Recognize(path); err != nil && what != "" && what != pt2.NumPyArray {
		return nil, fmt.Errorf("%s: found %s, expected %s", path, what, pt2.NumPyArray)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// addInput adds what --input says of one.
func addInput(in *inputs.Given, name, value string) error {
	if value == "" {
		return errors.New("found nothing after the =, expected a value or the name of a .npy or .safetensors file")
	}
	if v, ok := inputs.ParseValue(value); ok {
		in.SetValue(name, v)
		return nil
	}
	switch filepath.Ext(value) {
	case npyEnding:
		t, err := readArray(value)
		if err != nil {
			return err
		}
		in.Set(name, t)
	case ".safetensors":
		f, err := inputs.OpenTensors(value, "name the file .npy")
		if err != nil {
			return err
		}
		if n := len(f.Names()); n != 1 {
			return fmt.Errorf("%s holds %d tensors, expected one", value, n)
		}
		t, err := f.Tensor(f.Names()[0])
		if err != nil {
			return err
		}
		in.Set(name, t)
	default:
		if what := pt2.Recognize(value); what != "" {
			return fmt.Errorf("%s: found %s, expected a .npy or .safetensors file", value, what)
		}
		return fmt.Errorf("%q is neither JSON (a string needs quotes) nor the name of a .npy or .safetensors file", value)
	}
	return nil
}
