package tests

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tests/corpus"
	"github.com/aiopt/aiopt/tools/cli"
	"github.com/aiopt/aiopt/tools/inspect"
)

// segmenterFunctions are the programs that tests/segmenter.py exports, in the order of their calls.
var segmenterFunctions = []string{"image_encode", "text_encode", "detect"}

// segmenter is a folder with the three programs, and the asset made of them.
type segmenter struct{ dir, asset string }

func (s segmenter) file(name string) string { return filepath.Join(s.dir, name) }

// aiopt runs the command.
func (s segmenter) aiopt(t *testing.T, args ...string) {
	t.Helper()
	var stderr bytes.Buffer
	if code := cli.Run(context.Background(), aiopt.Standard(), append([]string{"aiopt"}, args...), io.Discard, &stderr); code != 0 {
		t.Fatalf("aiopt %s: exit code %d: %s", strings.Join(args, " "), code, &stderr)
	}
}

// encoders is the configuration that stores the encoders as palettes of 4 bits.
const encoders = "--config=segmenter/encoders.yaml"

// build makes an asset in f16.
func (s segmenter) build(t *testing.T, path string, flags ...string) {
	t.Helper()
	args := append(flags, "-passes=decompose, fold, cse, canonicalize, dce, fp16, fuse", "-o", path)
	for _, f := range segmenterFunctions {
		args = append(args, f+"="+s.file(f+".pt2"))
	}
	s.aiopt(t, args...)
}

func openSegmenter(t *testing.T) segmenter {
	t.Helper()
	s := segmenter{dir: shared.folder(t, "segmenter/segmenter")}
	s.asset = s.file("segmenter.airpkg")
	s.build(t, s.asset, encoders)
	return s
}

// TestSegmenter makes one asset of an image encoder, a text encoder and a detector, and runs it on an image and two prompts.
func TestSegmenter(t *testing.T) {
	if testing.Short() {
		return // it is a minute of compressing; the passes' own tests show the race detector each of them
	}
	s := openSegmenter(t)
	t.Run("bytes", s.sameBytes)
	t.Run("weights", s.weights)
	t.Run("manifest", s.manifest)
	t.Run("calls", s.calls)
	t.Run("second prompt", s.secondPrompt)
	t.Run("detector", s.detector)
}

// sameBytes makes the asset again, on one core, with the configuration named by its whole path.
func (s segmenter) sameBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	config, err := filepath.Abs(filepath.FromSlash("segmenter/encoders.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	again := s.file("again.airpkg")
	s.build(t, again, "--config="+config)
	if err := sameFile(again, s.asset); err != nil {
		t.Error(err)
	}
}

// weights finds the encoders' matrices as indices of 4 bits into tables for 16 rows, with a scale for each row, and all
// other data as f16. What the detector computes of its queries alone is folded.
func (s segmenter) weights(t *testing.T) {
	m := s.load(t, s.asset)
	palettes, plain := 0, 0
	for _, f := range segmenterFunctions {
		for _, w := range s.load(t, s.file(f+".pt2")).Resources {
			shape, _ := w.Type.Static()
			matrix := len(shape) > 1 && strings.HasSuffix(w.Name, ".weight")
			switch {
			case f != "detect" && matrix:
				palettes++
				elements, _ := w.Type.NumElements().IsConst()
				rows, columns := shape[0], elements/int64(shape[0])
				want(t, m, w.Name+".indices", fmt.Sprintf("tensor<%dx%dxu4>", rows, columns))
				want(t, m, w.Name+".lut", fmt.Sprintf("tensor<%dx1x16x1xf16>", (rows+15)/16))
				want(t, m, w.Name+".scale", fmt.Sprintf("tensor<%dx1xf16>", rows))
			case f != "detect" || matrix && m.Resource(w.Name) != nil:
				plain++
				want(t, m, w.Name, ir.Type{Elem: host.F16, Shape: w.Type.Shape}.String())
			}
		}
	}
	if palettes != 16 || plain < 20 {
		t.Errorf("found %d matrices in the encoders, expected 16, and %d other weights", palettes, plain)
	}
	for _, r := range m.Resources {
		if strings.HasPrefix(r.Name, "detector.") && r.Type.Elem != host.F16 {
			t.Errorf("@%s is %s, expected f16", r.Name, r.Type)
		}
	}
}

func (s segmenter) load(t *testing.T, path string) *ir.Module {
	t.Helper()
	m, err := aiopt.Standard().Load(path, aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// want holds a resource to a type.
func want(t *testing.T, m *ir.Module, name, typ string) {
	t.Helper()
	if r := m.Resource(name); r == nil || r.Type.String() != typ {
		t.Errorf("@%s: found %v, expected %s", name, r, typ)
	}
}

// manifest finds the three functions, and as many bytes of weights as its tensors have; equal ones are stored once.
func (s segmenter) manifest(t *testing.T) {
	a, err := asset.Open(s.asset)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Verify(); err != nil {
		t.Error(err)
	}
	var got []string
	for _, f := range a.Manifest.Functions {
		for _, p := range append(f.Inputs, f.Outputs...) {
			got = append(got, fmt.Sprint(f.Name, " ", p.Name, " ", p.DType, p.Shape))
		}
	}
	ports := []string{"image_encode image f16[1 3 64 64]", "image_encode features f16[1 64 8 8]", "text_encode ids i64[1 8]", "text_encode prompt f16[1 8 64]",
		"detect features f16[1 64 8 8]", "detect prompt f16[1 8 64]", "detect boxes f16[1 4 4]", "detect scores f16[1 4]", "detect masks f16[1 4 16 16]"}
	if !slices.Equal(got, ports) {
		t.Errorf("found the ports %q, expected %q", got, ports)
	}
	m, err := aiopt.Standard().LoadAsset(a)
	if err != nil {
		t.Fatal(err)
	}
	size := inspect.Of(m, s.asset, 1).Weights.Bytes
	for _, e := range a.Manifest.Entries {
		if e.Name == "weights.safetensors" && e.Size != size+s.header(t) {
			t.Errorf("the weights have %d bytes, expected the %d of the tensors and a header of %d", e.Size, size, s.header(t))
		}
	}
}

// header is the size of what is before the data in the asset's weights.
func (s segmenter) header(t *testing.T) (size int64) {
	t.Helper()
	err := corpus.Each(s.asset, "weights.safetensors", func(_ string, data []byte) error {
		size = 8 + int64(binary.LittleEndian.Uint64(data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// calls makes all five calls in one run, with palettes and without: then only f16 is between the outputs and PyTorch's.
func (s segmenter) calls(t *testing.T) {
	plain := s.file("plain.airpkg")
	s.build(t, plain)
	for _, c := range []struct {
		asset string
		least map[string]float64 // SNR in dB of each output
	}{
		{s.asset, map[string]float64{"features": 14, "prompt": 19, "boxes": 24, "scores": 8, "masks": 13}},
		{plain, map[string]float64{"features": 50, "prompt": 50, "boxes": 50, "scores": 50, "masks": 50}},
	} {
		got, expected := readTensors(t, s.allCalls(t, c.asset)), readTensors(t, s.file("expected.safetensors"))
		if len(got) != 9 || len(expected) != 9 {
			t.Errorf("found %d outputs, PyTorch gave %d, expected 9", len(got), len(expected))
		}
		for name, x := range got {
			near(t, name, x, expected[name], c.least[name[len("s0."):]])
		}
	}
}

// allCalls runs the functions on the image and both prompts, and gives the file of the outputs.
func (s segmenter) allCalls(t *testing.T, path string) string {
	t.Helper()
	out := path + ".safetensors"
	s.aiopt(t, "run", path, "--function=image_encode,text_encode,detect,text_encode,detect", "--inputs="+s.file("calls.safetensors"), "--outputs="+out)
	return out
}

// secondPrompt keeps the features of the image, and runs the rest alone. It gives what the run of all five calls gives.
func (s segmenter) secondPrompt(t *testing.T) {
	given := readTensors(t, s.file("calls.safetensors"))
	image, ids, features := s.file("image.npy"), s.file("ids.npy"), s.file("features.npy")
	writeNPY(t, image, given["image"])
	writeNPY(t, ids, given["s3.ids"])
	s.aiopt(t, "run", s.asset, "--function=image_encode", "--input", "image="+image, "--outputs="+features)
	out := s.file("second.safetensors")
	s.aiopt(t, "run", s.asset, "--function=text_encode,detect", "--input", "features="+features, "--input", "ids="+ids, "--outputs="+out)
	got, expected := readTensors(t, out), readTensors(t, s.allCalls(t, s.asset))
	for name, same := range map[string]string{"s0.prompt": "s3.prompt", "s1.boxes": "s4.boxes", "s1.scores": "s4.scores", "s1.masks": "s4.masks"} {
		if got[name] == nil || !bytes.Equal(got[name].Bytes(), expected[same].Bytes()) {
			t.Errorf("%s is not what %s is in a run of all calls", name, same)
		}
	}
}

// detector runs the detector on PyTorch's features: f16 alone costs little.
func (s segmenter) detector(t *testing.T) {
	expected := readTensors(t, s.file("expected.safetensors"))
	in, out := s.file("detect.in.safetensors"), s.file("detect.out.safetensors")
	var entries []safetensors.Entry
	for name, from := range map[string]string{"features": "s0.features", "prompt": "s1.prompt"} {
		x := expected[from]
		entries = append(entries, safetensors.Entry{Name: name, Elem: x.Elem, Shape: x.Shape, Data: x.Bytes()})
	}
	if _, err := safetensors.Write(in, entries); err != nil {
		t.Fatal(err)
	}
	s.aiopt(t, "run", s.asset, "--function=detect", "--inputs="+in, "--outputs="+out)
	got := readTensors(t, out)
	for _, name := range []string{"boxes", "scores", "masks"} {
		near(t, name, got[name], expected["s2."+name], 50)
	}
}

// near holds a tensor to an SNR.
func near(t *testing.T, name string, got, expected *host.Tensor, least float64) {
	t.Helper()
	if got == nil || expected == nil {
		t.Errorf("there is no %s", name)
		return
	}
	gap, err := host.Measure(got, expected, host.Tolerance{})
	if err != nil || gap.SNR < least {
		t.Errorf("%s has an SNR of %.1f dB, expected %v or more (%v)", name, gap.SNR, least, err)
	}
}

func readTensors(t *testing.T, path string) map[string]*host.Tensor {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*host.Tensor{}
	for _, name := range f.Names() {
		if all[name], err = f.Tensor(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func writeNPY(t *testing.T, path string, x *host.Tensor) {
	t.Helper()
	data, err := host.EncodeNPY(x)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
