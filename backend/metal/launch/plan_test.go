package launch

import (
	"bytes"
	"strings"
	"testing"
)

// twice is a file with a function of two steps.
const twice = `{"kernels": [{"text":"a.metal","origin":"generated","function":"silu","abi":"buffers",
"params":[{"name":"x","kind":"buffer","dtype":"f32","access":"read","rank":1,"len":"3*n"},
          {"name":"y","kind":"buffer","dtype":"f32","access":"write","rank":1,"len":"3*n"},
          {"name":"n","kind":"bytes","dtype":"u32","access":"read","rank":0,"value":"n"}],
"threads":["n","1","1"],"threadgroup":[256,1,1],"sizes":["n"]}],
"functions": [{"name":"main","sizes":["n"],"arena":256,"slots":["12*n"],
"buffers":[{"kind":"input","name":"x","dtype":"f32","shape":["n","3"]},
           {"kind":"slot","dtype":"f32","shape":["n","3"],"slot":0},
           {"kind":"output","name":"y","dtype":"f32","shape":["n","3"]},
           {"kind":"arena","dtype":"u4","shape":["2","3"],"offset":252},
           {"kind":"part","dtype":"f32","shape":["2"],"of":0,"at":"1"},
           {"kind":"constant","name":"w","dtype":"f32","shape":["n","3"],"op":1}],
"results":[2],
"steps":[{"op":0,"dispatch":{"kernel":0,"function":"silu","buffers":[0,1]}},
         {"op":2,"dispatch":{"kernel":0,"function":"silu","buffers":[1,2]},"waits":[0]},
         {"op":3,"host":{"name":"tensor.lgamma","reason":"","takes":[4],"gives":[3]}}]}]}`

func TestPlanFile(t *testing.T) {
	f, err := ParseFile([]byte(twice))
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseFile(text)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.Encode(); err != nil || !bytes.Equal(second, text) {
		t.Errorf("what was read is written otherwise: %v\n%s\n%s", err, text, second)
	}
}

func TestFileMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"key", `"arena":256`, `"pool":256`, `unknown field "pool"`},
		{"origin", `"generated"`, `"found"`, `origin is "found", expected "custom" or "generated"`},
		{"name", `"name":"main"`, `"name":""`, "it has no name"},
		{"arena", `"arena":256`, `"arena":-1`, "an arena of -1 bytes"},
		{"outside of the arena", `"offset":252`, `"offset":253`, "buffer 3 takes 4 bytes from 253 on of an arena of 256"},
		{"far outside of the arena", `"offset":252`, `"offset":9223372036854775807`, "of an arena of 256"},
		{"slot", `"slot":0`, `"slot":1`, "buffer 1 lies in slot 1, expected one of 1"},
		{"size", `"slots":["12*n"]`, `"slots":["12*k"]`, "slot 0: k is no size of the function"},
		{"expression", `"slots":["12*n"]`, `"slots":["12*"]`, "slot 0: "},
		{"kind", `"kind":"output"`, `"kind":"heap"`, `buffer 2 is a "heap"`},
		{"dtype", `"dtype":"u4"`, `"dtype":"u99"`, `buffer 3: dtype is "u99"`},
		{"side", `"shape":["2","3"]`, `"shape":["2","-3"]`, "buffer 3: a side of -3"},
		{"part", `"of":0`, `"of":4`, "buffer 4 is a part of buffer 4, expected one before it"},
		{"constant", `"op":1}`, `"op":-1}`, "buffer 5 is the constant of operation -1"},
		{"result", `"results":[2]`, `"results":[6]`, "result 0 is buffer 6, expected one of 6"},
		{"kernel", `"kernel":0,"function":"silu","buffers":[1,2]`, `"kernel":1,"function":"silu","buffers":[1,2]`, "step 1 runs kernel 1, expected one of 1"},
		{"function", `"function":"silu","buffers":[0,1]`, `"function":"relu","buffers":[0,1]`, `step 0 runs kernel 0, which is "silu" and not "relu"`},
		{"buffers", `"buffers":[0,1]`, `"buffers":[0]`, "step 0 gives kernel silu 1 buffers, expected 2"},
		{"write", `"buffers":[0,1]`, `"buffers":[0,5]`, "step 0 writes to buffer 5, which is constant"},
		{"write to a part", `"buffers":[0,1]`, `"buffers":[0,4]`, "step 0 writes to buffer 4, which is input"},
		{"length", `"buffers":[0,1]`, `"buffers":[3,1]`, "step 0: x takes 12*n bytes, buffer 3 has 4"},
		{"waits", `"waits":[0]`, `"waits":[1]`, "step 1 waits for step 1, expected one before it"},
		{"nothing", `"host":{"name":"tensor.lgamma","reason":"","takes":[4],"gives":[3]}`, `"waits":[0]`, "step 2: expected a dispatch or what the host computes"},
		{"twice", `"functions": [`, `"functions": [{"name":"main","buffers":[],"results":[],"steps":[]},`, `function "main" is described twice`},
		{"more", `"gives":[3]}}]}]}`, `"gives":[3]}}]}]} {}`, "found more text behind it"},
		{"many", `"results":[2]`, `"results":[` + strings.Repeat("2,", mostItems) + `2]`, "values and lists, expected at most 500000"},
		{"many objects", `"results":[2]`, `"results":[2` + strings.Repeat(",{}", mostObjects) + `]`, "objects, expected at most 50000"},
		{"long", `"12*n"`, `"` + strings.Repeat("n+", mostText) + `n"`, "an expression of 8193 bytes, expected at most 4096"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(twice, c.old, c.new, 1)
			if text == twice {
				t.Fatalf("%q is not in the description", c.old)
			}
			_, err := ParseFile([]byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, expected %q", err, c.want)
			}
		})
	}
}

// FuzzFile reads descriptions: what is accepted is written and read again as the same.
func FuzzFile(f *testing.F) {
	f.Add([]byte(twice))
	f.Add([]byte(`{"kernels": []}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ParseFile(data)
		if err != nil {
			return
		}
		text, err := file.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseFile(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(second, text) {
			t.Fatalf("written otherwise: %v\n%s\n%s", err, text, second)
		}
	})
}
