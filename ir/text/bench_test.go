package text_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime/debug"
	"testing"

	"github.com/aiopt/aiopt/ir/text"
)

// bigText makes a module of n operations of the kinds and lengths that imported models have, with a location each and
// a resource for every tenth.
func bigText(n int) []byte {
	var b bytes.Buffer
	b.WriteString("air 1\nmodule @big {\n  func @main(%x: tensor<[B]x[2*S+1]x256xf32>) -> (tensor<[B]x[2*S+1]x256xf32>) {\n" +
		"    dim B in 1..64\n    dim S in 1..\n    guard S <= 2*B\n")
	last := "x"
	for i := 0; i < n; i++ {
		switch i % 10 {
		case 0:
			fmt.Fprintf(&b, "    %%w_%d = core.constant() {value = @layers.%d.self_attn.q_proj.weight} : tensor<256x256xf32>\n", i, i)
			continue
		case 1:
			fmt.Fprintf(&b, "    %%linear_%d = nn.linear@2(%%%s, %%w_%d) : tensor<[B]x[2*S+1]x256xf32> is \"linear_%d\"", i, last, i-1, i)
			last = fmt.Sprintf("linear_%d", i)
		case 2, 3, 4:
			fmt.Fprintf(&b, "    %%norm_%d = nn.norm(%%%s, none, %%w_%d) {axes = [1], eps = 1e-06} : tensor<[B]x[2*S+1]x256xf32> is \"layer_norm_%d\"", i, last, i-i%10, i)
			last = fmt.Sprintf("norm_%d", i)
		default:
			fmt.Fprintf(&b, "    %%view_%d = torch.call(%%%s) {callee = \"aten.view.default\", self = $0, size = [B, 2*S+1, 256]} : tensor<[B]x[2*S+1]x256xf32> is \"view_%d\"", i, last, i)
			last = fmt.Sprintf("view_%d", i)
		}
		fmt.Fprintf(&b, " loc(#%d)\n", i)
	}
	fmt.Fprintf(&b, "    core.return(%%%s)\n  }\n", last)
	for i := 0; i < n; i += 10 {
		fmt.Fprintf(&b, "  resource @layers.%d.self_attn.q_proj.weight : tensor<256x256xf32> = \"model.pt2\" entry \"weight_%d\" size 262144 crc \"9a1c22e0\"\n", i, i)
	}
	for i := 0; i < n; i++ {
		if i%10 != 0 {
			fmt.Fprintf(&b, "  loc #%d = \"modeling_llama.py\":%d < \"run.py\":5 in \"layers.%d.self_attn\" LlamaAttention\n", i, i%1000, i)
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// The command line runs with this setting too.
func cliGC(b *testing.B) {
	old := debug.SetGCPercent(400)
	b.Cleanup(func() { debug.SetGCPercent(old) })
}

func BenchmarkParse50k(b *testing.B) {
	cliGC(b)
	src, reg := bigText(50_000), testRegistry(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := text.Parse("big.air", src, reg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrint50k(b *testing.B) {
	cliGC(b)
	m := parse(b, testRegistry(b), bigText(50_000))
	b.ReportAllocs()
	for b.Loop() {
		if err := text.Print(io.Discard, m, text.Options{Locs: true}); err != nil {
			b.Fatal(err)
		}
	}
}
