package inputs

import (
	"fmt"
	"os"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// Read takes all tensors of a file, or the inputs of a run whose values were saved.
func Read(file string) (*Given, error) {
	in := New()
	if err := in.read(file); err != nil {
		return nil, err
	}
	in.inFile = len(in.order)
	return in, nil
}

// Saved are the inputs that saved values were computed from, with the constants of the model.
func Saved(s *intermediates.Set) (*Given, error) {
	in := New()
	for _, x := range s.Inputs {
		if !x.IsTensor {
			in.SetValue(x.Name, x.Value)
			continue
		}
		t, err := s.Tensor(s.Find(x.Name))
		if err != nil {
			return nil, err
		}
		in.Set(x.Name, t)
	}
	in.inFile = len(in.order)
	return in, nil
}

func (in *Given) read(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		if !intermediates.Is(file) {
			return fmt.Errorf("--inputs=%s: found a folder, expected one .safetensors file; a folder of samples is for passes that calibrate, as `aiopt help inputs` explains", file)
		}
		s, err := intermediates.Open(file)
		if err != nil {
			return err
		}
		return in.saved(s)
	}
	f, err := OpenTensors(file, "give a single tensor with --input NAME="+file)
	if err != nil {
		return err
	}
	if intermediates.Holds(f) {
		s, err := intermediates.Read(f)
		if err != nil {
			return err
		}
		return in.saved(s)
	}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return err
		}
		in.Set(name, t)
	}
	return nil
}

// saved takes what a run was given. Constants are those of the model, and stay out.
func (in *Given) saved(s *intermediates.Set) error {
	for _, each := range s.Inputs {
		if !each.IsTensor {
			continue
		}
		t, err := s.Tensor(s.Find(each.Name))
		if err != nil {
			return err
		}
		in.Set(each.Name, t)
	}
	return nil
}

// openTensors opens a .safetensors file. Of another file, the error says what it is, and how to use a NumPy array instead.
func OpenTensors(path, instead string) (*safetensors.File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: found a folder, expected a .safetensors file", path)
	}
	f, err := safetensors.Open(path)
	if err == nil {
		return f, nil
	}
	what := pt2.Recognize(path)
	switch what {
	case "", pt2.Safetensors:
		return nil, err
	case pt2.NumPyArray:
	default:
		instead = `safetensors.torch.save_file({"x": x}, "x.safetensors") in Python makes one`
	}
	return nil, fmt.Errorf("%s: found %s, expected a .safetensors file; %s", path, what, instead)
}
