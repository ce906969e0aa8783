package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/frontend/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// fuzzSeeds is how many scripts a normal test run tries.
const fuzzSeeds = 400

// FuzzModel sends archives of the corpora, changed by a script of random bytes, the whole way that a model goes. Whatever
// is in a file, the answer is a model or an error.
func FuzzModel(f *testing.F) {
	ops, models := fuzzBases(f)
	seeds := uint64(fuzzSeeds)
	if testing.Short() {
		seeds /= 4
	}
	for seed := range seeds {
		f.Add(randomScript(seed))
	}
	tk := aiopt.Standard()
	f.Fuzz(func(t *testing.T, bytes []byte) {
		file := hostileFile(&script{bytes}, ops, models)
		hang := time.AfterFunc(3*time.Minute, func() { panic("a file that takes minutes") })
		defer hang.Stop()
		if err := wholeWay(tk, file); err != nil {
			t.Fatal(err)
		}
	})
}

func randomScript(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 11))
	s := make([]byte, 24+r.IntN(40))
	for i := range s {
		s[i] = byte(r.Uint32())
	}
	return s
}

// wholeWay reads a file, imports it, prints and parses it, lowers it, simplifies it and runs it. A refusal at any step is
// as good as success; the error is a broken promise.
func wholeWay(tk *aiopt.Toolkit, file []byte) (broken error) {
	stage := "read"
	defer func() {
		if p := recover(); p != nil {
			broken = fmt.Errorf("%s: panic: %v\n%s", stage, p, debug.Stack())
		}
	}()
	a, err := pt2.Read(file, "fuzz.pt2")
	if err != nil {
		return clearError(stage, err, "fuzz.pt2: ")
	}
	stage = "import"
	m, _, err := torch.Import(torch.Programs(a, ""), torch.Options{})
	if err != nil {
		return clearError(stage, err, "")
	}
	if err := ir.Verify(m); err != nil {
		return fmt.Errorf("%s: the module is not valid: %w", stage, err)
	}
	if err := roundTrip(tk, m); err != nil {
		return fmt.Errorf("%s: %w", stage, err)
	}
	for _, pipeline := range []string{"decompose", "fold, cse, canonicalize, dce, fuse"} {
		stage = pipeline
		if !small(m) {
			return nil // folding computes
		}
		if err := tk.Build(context.Background(), m, pipeline, aiopt.BuildOptions{}); err != nil {
			var panicked *pass.Panic
			if errors.As(err, &panicked) {
				return fmt.Errorf("%w\n%s", err, panicked.Stack)
			}
			return clearError(stage, err, "pass ")
		}
		if err := roundTrip(tk, m); err != nil {
			return fmt.Errorf("%s: %w", stage, err)
		}
		if err := runSmall(m); err != nil {
			return fmt.Errorf("%s: run: %w", stage, err)
		}
	}
	return nil
}

// clearError holds an error to be a message to the user.
func clearError(stage string, err error, prefix string) error {
	switch message := err.Error(); {
	case !strings.HasPrefix(message, prefix) || message == "":
		return fmt.Errorf("%s: the message %q does not begin with %q", stage, message, prefix)
	case strings.Contains(message, "is a bug in"), strings.Contains(message, "runtime error"):
		return fmt.Errorf("%s: %.4000s", stage, message)
	}
	return nil
}

// roundTrip holds the text of a module to give the same text again.
func roundTrip(tk *aiopt.Toolkit, m *ir.Module) error {
	var first, second bytes.Buffer
	if err := text.Print(&first, m, text.Options{Locs: true}); err != nil {
		return err
	}
	again, err := text.Parse("fuzz.air", first.Bytes(), tk.Ops)
	if err != nil {
		return fmt.Errorf("the text does not parse: %w", err)
	}
	if err := ir.Verify(again); err != nil {
		return fmt.Errorf("the text is not valid: %w", err)
	}
	if err := text.Print(&second, again, text.Options{Locs: true}); err != nil {
		return err
	}
	if diff := cmp.Diff(strings.Split(first.String(), "\n"), strings.Split(second.String(), "\n")); diff != "" {
		return fmt.Errorf("the text prints differently (-first +again):\n%.4000s", diff)
	}
	return nil
}

// smallSize bounds the elements of a value that fuzzing computes.
const smallSize = 1 << 20

// small reports that no value is large, with each open size taken for a few tens, or for the least that it may be.
func small(m *ir.Module) bool {
	ok, total := true, int64(0)
	count := func(f *ir.Func, t ir.Type) {
		n := int64(1)
		for _, d := range t.Shape {
			size, fixed := d.IsConst()
			if !fixed {
				least, _ := f.Env().Range(d)
				size = max(32, least)
			}
			n = min(n*min(size, smallSize), smallSize)
		}
		total += n
		ok = ok && n < smallSize && total < 16*smallSize
	}
	for _, f := range m.Funcs {
		for _, p := range f.Params {
			count(f, p.Value.Type)
		}
	}
	m.Walk(func(op *ir.Op) {
		for _, r := range op.Results {
			count(op.Parent(), r.Type)
		}
	})
	return ok
}

// runSmall calls every function on made inputs. A call that fails with an error of the engine's own is a mistake, any
// other error is an answer.
func runSmall(m *ir.Module) error {
	cases, err := numeric.MakeCases(m)
	if err != nil {
		return nil
	}
	program, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		return err
	}
	defer program.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for loops of the model that do not end
	defer cancel()
	session := program.NewSession()
	for _, k := range cases {
		_, err := session.Call(ctx, k.Func, k.In, nil)
		if err != nil && (strings.Contains(err.Error(), "internal error") || strings.Contains(err.Error(), "gave")) {
			return err
		}
	}
	return nil
}
