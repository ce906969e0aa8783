package tests

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// TestDocumentedRecipes compresses a model by every recipe that docs/recipes.md shows: no weight of a linear layer is refused.
func TestDocumentedRecipes(t *testing.T) {
	src, err := os.ReadFile("../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(src), "```yaml\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("docs/recipes.md shows %d recipes", len(blocks))
	}
	for i, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		path := filepath.Join(t.TempDir(), "recipe.yaml")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		done := 0
		opt := aiopt.BuildOptions{Strict: true, Compressed: func(c pass.Compressed) {
			switch {
			case c.Refused == "":
				done++
			case !c.Ignored:
				t.Errorf("recipe %d: %s: %s", i, c.Tensor, c.Refused)
			}
		}}
		if err := aiopt.Standard().Build(t.Context(), recipeModel(t), fmt.Sprintf("compress{config=%q}", path), opt); err != nil {
			t.Errorf("recipe %d: %v\n%s", i, err, text)
		}
		if done < 2 {
			t.Errorf("recipe %d compresses %d weights", i, done)
		}
	}
}

// recipeModel has an embedding and two linear layers.
func recipeModel(t *testing.T) *ir.Module {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	data := func(n int) string {
		b := make([]byte, 4*n)
		for i := range n {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(float32(r.NormFloat64())))
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	path := filepath.Join(t.TempDir(), "m.air")
	text := fmt.Sprintf(`air 1
module @m {
  func @main(%%ids: tensor<3xi64>) -> (%%z: tensor<3x32xf32>) {
    %%e = core.constant() {value = @model.emb.weight} : tensor<8x64xf32>
    %%x = nn.embedding(%%e, %%ids) : tensor<3x64xf32> loc(#1)
    %%w = core.constant() {value = @model.layers.0.fc.weight} : tensor<64x64xf32>
    %%y = nn.linear(%%x, %%w) : tensor<3x64xf32> loc(#2)
    %%v = core.constant() {value = @model.layers.1.fc.weight} : tensor<32x64xf32>
    %%z = nn.linear(%%y, %%v) : tensor<3x32xf32> loc(#3)
    core.return(%%z)
  }
  resource @model.emb.weight : tensor<8x64xf32> = data %q
  resource @model.layers.0.fc.weight : tensor<64x64xf32> = data %q
  resource @model.layers.1.fc.weight : tensor<32x64xf32> = data %q
  loc #1 = "m.py":1 in "model.emb" Embedding
  loc #2 = "m.py":2 in "model.layers.0.fc" Linear
  loc #3 = "m.py":3 in "model.layers.1.fc" Linear
}
`, data(8*64), data(64*64), data(32*64))
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := aiopt.Standard().Load(path, aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
