package graph

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestGoldens draws the first function of in.air, open as deep as the comment says, and compares what it shows as text.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, depth, _ := strings.Cut(string(ar.Comment), "depth=")
			deep, err := strconv.Atoi(strings.TrimSpace(depth))
			if err != nil {
				t.Fatal(err)
			}
			m := parse(t, string(ar.Files[0].Data))
			tree := NewTree(m, m.Funcs[0])
			open := tree.ToDepth(0, deep)
			s := tree.Layout(open)
			checkTree(t, tree)
			checkScene(t, tree, open, s)
			got := treeText(tree) + sceneText(tree, s)
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if len(ar.Files) < 2 {
				t.Fatal("no section want; run with -update")
			}
			if d := cmp.Diff(string(ar.Files[1].Data), got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// treeText lists the nodes: what they are, what their boxes say, and who takes their values.
func treeText(t *Tree) string {
	var b strings.Builder
	deep := make([]int, t.Len())
	for n := range t.Kind {
		if p := t.Parent[n]; p != None {
			deep[n] = deep[p] + 1
		}
		fmt.Fprintf(&b, "%s%d %s %s", strings.Repeat("  ", deep[n]), n, t.Kind[n], t.Text(t.Title[n]))
		if f := t.Family[n]; f != Other {
			fmt.Fprintf(&b, " (%s)", f)
		}
		if second := t.Second(Node(n)); second != "" {
			fmt.Fprintf(&b, " | %s", second)
		}
		for _, l := range t.Lines[n] {
			fmt.Fprintf(&b, " | %s", t.Text(l))
		}
		for _, v := range t.Values {
			if v.From == Node(n) {
				fmt.Fprintf(&b, " > %s%v", t.Text(v.Name), v.Users)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func sceneText(t *Tree, s *Scene) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nscene %d×%d\n", s.Width, s.Height)
	for _, x := range s.Boxes {
		shape := "box"
		if x.Open {
			shape = "frame"
		}
		fmt.Fprintf(&b, "%s %d: %d,%d %d×%d\n", shape, x.Node, x.X, x.Y, x.W, x.H)
	}
	for _, e := range s.Edges {
		fmt.Fprintf(&b, "edge %d %d %s", s.Boxes[e.From].Node, s.Boxes[e.To].Node, t.Text(t.Values[e.Value].Name))
		if e.More > 0 {
			fmt.Fprintf(&b, " +%d", e.More)
		}
		b.WriteByte(':')
		for _, p := range e.Points {
			fmt.Fprintf(&b, " %d,%d", p.X, p.Y)
		}
		b.WriteByte('\n')
	}
	for _, u := range s.Stubs {
		way := "takes"
		if u.Gives {
			way = "gives"
		}
		fmt.Fprintf(&b, "stub %d %s %s: %d,%d\n", s.Boxes[u.Box].Node, way, t.Text(t.Values[u.Value].Name), u.X, u.Y)
	}
	return b.String()
}
