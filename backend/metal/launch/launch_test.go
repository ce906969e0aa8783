package launch

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const silu = `[{"function":"silu","abi":"buffers",
"params":[{"name":"x","kind":"buffer","dtype":"f32","access":"read","rank":1,"len":"n"},
          {"name":"y","kind":"buffer","dtype":"f32","access":"write","rank":1,"len":"n"},
          {"name":"n","kind":"bytes","dtype":"u32","access":"read","rank":0,"value":"n"}],
"builtins":[{"name":"i","type":"uint","attr":"thread_position_in_grid"}],
"threads":["n","1","1"],"threadgroup":[256,1,1],"sizes":["n"]}]`

func TestRoundTrip(t *testing.T) {
	kernels, err := Parse([]byte(silu))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(kernels)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(kernels, again); d != "" {
		t.Error(d)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"json", `[{`, `{`, "expected a JSON list of kernels"},
		{"function", `"function":"silu"`, `"function":""`, "it has no name"},
		{"abi", `"buffers"`, `"images"`, `abi is "images", expected "buffers" or "tensors"`},
		{"name", `"name":"y"`, `"name":"y\""`, "expected a name of letters, digits and underscores"},
		{"kind", `"kind":"bytes"`, `"kind":"texture"`, `parameter "n": kind is "texture"`},
		{"access", `"access":"write"`, `"access":"append"`, `access is "append", expected read, write or readwrite`},
		{"bytes", `"dtype":"u32","access":"read"`, `"dtype":"u32","access":"write"`, "can only be read"},
		{"dtype", `"dtype":"u32"`, `"dtype":"f64"`, `dtype is "f64", expected one of bf16`},
		{"rank", `"rank":0`, `"rank":9`, "rank is 9, expected 0 to 8"},
		{"side", `[256,1,1]`, `[0,1,1]`, "expected sides of 1 to 1024"},
		{"threads", `[256,1,1]`, `[256,8,1]`, "a threadgroup has 2048 threads, expected at most 1024"},
		{"memory", `"abi":"buffers"`, `"abi":"tensors","threadgroup_memory":[64]`, "which the tensor form cannot do"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(silu, c.old, c.new, 1)
			if text == silu {
				t.Fatalf("%q is not in the description", c.old)
			}
			_, err := Parse([]byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, expected %q", err, c.want)
			}
		})
	}
}

func TestBind(t *testing.T) {
	kernels, err := Parse([]byte(silu))
	if err != nil {
		t.Fatal(err)
	}
	k := kernels[0]
	b, err := k.Bind(map[string]int64{"n": 7})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&Bound{Threads: [3]int{7, 1, 1}, Lens: []int64{7, 7, 0}, Values: []int64{0, 0, 7}}, b); d != "" {
		t.Error(d)
	}
	if b, err = k.Bind(map[string]int64{"n": 0}); err != nil || !b.Empty() {
		t.Errorf("found %v and %v, expected nothing to launch", b, err)
	}
	for _, c := range []struct {
		name  string
		sizes map[string]int64
		want  string
	}{
		{"missing", nil, `kernel "silu": threads: `},
		{"too large", map[string]int64{"n": 1 << 31}, "the length of x: n is 2147483648, expected 0 to 2147483647"},
	} {
		if _, err := k.Bind(c.sizes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", c.name, err, c.want)
		}
	}
}

func TestFile(t *testing.T) {
	kernels, err := Parse([]byte(silu))
	if err != nil {
		t.Fatal(err)
	}
	f := &File{Kernels: []Entry{{Text: "silu_1.metal", Origin: Custom, Name: "silu", Kernel: kernels[0]}}}
	text, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseFile(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, again); d != "" {
		t.Error(d)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"no text", `"silu_1.metal"`, `""`, `kernel "silu": it names no text`},
		{"unknown key", `"origin"`, `"source"`, `unknown field "source"`},
		{"a kernel's mistake", `"abi": "buffers"`, `"abi": "images"`, `abi is "images"`},
		{"more text", "]\n}\n", "]\n}\n{}", "found more text behind it"},
		{"not an object", "{\n", "[\n", "launch description: "},
	} {
		changed := strings.Replace(string(text), c.old, c.new, 1)
		if changed == string(text) {
			t.Fatalf("%s: %q is not in the file", c.name, c.old)
		}
		if _, err := ParseFile([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", c.name, err, c.want)
		}
	}
}
