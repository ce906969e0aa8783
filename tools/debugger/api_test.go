package debugger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/tools/graph"
)

// small is a model of two modules whose source is beside it.
const small = `air 1
module @small {
  func @main(%x: tensor<2x3xf32>) -> (%y: tensor<2x3xf32>) {
    %w = core.constant() {value = 2.0} : tensor<f32> loc(#1)
    %a = tensor.mul(%x, %w) : tensor<2x3xf32> is "mul" loc(#1)
    %y = nn.relu(%a) : tensor<2x3xf32> is "relu" loc(#2)
    core.return(%y)
  }
  loc #1 = "SOURCE":2 in "encoder.scale" Scale
  loc #2 = "/etc/passwd":1 < "SOURCE":1 in "encoder" Encoder
}
`

// opened is a server with a model whose text is given; SOURCE in it is a Python file.
func opened(t *testing.T, text string) *Server {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "model.py")
	if err := os.WriteFile(source, []byte("def scale(x):\n    return x * 2  # twice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "small.air")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "SOURCE", source)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := served(t)
	open(t, s, path, "")
	finish(t, s, "m1")
	return s
}

// open begins to open a model.
func open(t *testing.T, s *Server, path, passes string) {
	t.Helper()
	if err := s.Open(path, passes); err != nil {
		t.Fatal(err)
	}
}

// finish waits until a job has ended well.
func finish(t *testing.T, s *Server, id string) {
	t.Helper()
	for {
		list, _, changed := s.jobs.since(0)
		at := slices.IndexFunc(list, func(j job) bool { return j.ID == id })
		if at < 0 {
			t.Fatalf("there is no job %s", id)
		}
		switch list[at].Status {
		case done:
			return
		case running:
			select {
			case <-changed:
			case <-time.After(time.Minute):
				t.Fatalf("the job %s does not end", id)
			}
		default:
			t.Fatalf("the job %s: %s %s", id, list[at].Status, list[at].Error)
		}
	}
}

// ask gives the answer of a request that is answered well.
func ask[T any](t *testing.T, s *Server, path string) T {
	t.Helper()
	w := answered(s, request(s, http.MethodGet, path, ""))
	var got T
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s (%v)", path, w.Code, w.Body, err)
	}
	return got
}

// nodeOf finds the node of a name.
func nodeOf(t *testing.T, s *Server, name string) int {
	t.Helper()
	tree := ask[treeInfo](t, s, "/api/models/m1/tree")
	at := slices.IndexFunc(tree.Name, func(text graph.Text) bool { return tree.Texts[text] == name })
	if at < 0 {
		t.Fatalf("the tree has no %q", name)
	}
	return at
}

func TestTree(t *testing.T) {
	s := opened(t, small)
	got := ask[treeInfo](t, s, "/api/models/m1/tree")
	var rows []string
	for i := range got.Kind {
		rows = append(rows, fmt.Sprintf("%s %s in %d", got.Kinds[got.Kind[i]], got.Texts[got.Name[i]], got.Parent[i]))
	}
	want := []string{"root main in -1", "input x in 0", "module encoder in 0", "module encoder.scale in 2", "constant w in 3", "op mul in 3", "op relu in 2", "output relu in 0"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestScene(t *testing.T) {
	s := opened(t, small)
	w := answered(s, request(s, http.MethodPost, "/api/models/m1/scene", "[0, 2, 3]"))
	var got sceneInfo
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if len(got.Boxes) != 7*7 || len(got.Edges) == 0 || got.Width <= 0 {
		t.Errorf("got %+v", got)
	}
	for _, body := range []string{"", "[99]", "[-1]", `["0"]`, "{}"} {
		if w := answered(s, request(s, http.MethodPost, "/api/models/m1/scene", body)); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d", body, w.Code)
		}
	}
}

func TestInspector(t *testing.T) {
	s := opened(t, small)
	mul, relu := nodeOf(t, s, "mul"), nodeOf(t, s, "relu")
	got := ask[opInfo](t, s, fmt.Sprintf("/api/models/m1/op/%d", mul))
	if got.Kind != "tensor.mul" || got.Label != "mul" || got.Module.Path != "encoder.scale" || got.Module.Class != "Scale" || got.Doc == "" {
		t.Errorf("got %+v", got)
	}
	if len(got.Operands) != 2 || int(got.Operands[1].Value.Node) != nodeOf(t, s, "w") || len(got.Results) != 1 || !slices.Equal(got.Results[0].Users, []graph.Node{graph.Node(relu)}) {
		t.Errorf("operands %+v, results %+v", got.Operands, got.Results)
	}
	if len(got.Places) != 1 || got.Places[0].Frames[0].Line != 2 {
		t.Errorf("places %+v", got.Places)
	}
	text := ask[sourceInfo](t, s, "/api/models/m1/text")
	if line := joined(text.Lines[got.Line]); !strings.Contains(line, "%a = tensor.mul(%x, %w)") {
		t.Errorf("its line is %q", line)
	}
	if found := ask[struct{ Nodes []int }](t, s, "/api/models/m1/search?q=scale+mul"); !slices.Equal(found.Nodes, []int{mul}) {
		t.Errorf("found %v", found.Nodes)
	}
}

func joined(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s[1])
	}
	return b.String()
}

// TestSource: a file is chosen by its number among those that locations name, and only Python files are read.
func TestSource(t *testing.T) {
	s := opened(t, small)
	place := ask[opInfo](t, s, fmt.Sprintf("/api/models/m1/op/%d", nodeOf(t, s, "relu"))).Places[0].Frames
	got := ask[sourceInfo](t, s, "/api/models/m1/source/0?from=2")
	if got.First != 2 || len(got.Lines) != 1 || joined(got.Lines[0]) != "    return x * 2  # twice" {
		t.Errorf("got %+v", got)
	}
	if place[1].File != 0 || place[0].Name != "/etc/passwd" {
		t.Fatalf("places %+v", place)
	}
	for _, file := range []string{"1", "2", "-1", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "0%2f..", "model.py", "0x0"} {
		w := answered(s, request(s, http.MethodGet, "/api/models/m1/source/"+file, ""))
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "root:") {
			t.Errorf("%s: got %d %s", file, w.Code, w.Body)
		}
	}
}

// TestOnNetwork: names that lead Windows to another machine are not opened, on any.
func TestOnNetwork(t *testing.T) {
	for name, want := range map[string]bool{
		`\\host\share\model.py`: true, `//host/share/model.py`: true, `\/host/share/model.py`: true, `/\host\share\model.py`: true, `\\?\UNC\host\share\model.py`: true,
		`\\.\pipe\model.py`: true, `/home/me/model.py`: false, `C:\me\model.py`: false, `model.py`: false, `\me\model.py`: false, `.`: false, ``: false, `src//model.py`: false,
	} {
		if got := onNetwork(name); got != want {
			t.Errorf("%s: found %v", name, got)
		}
	}
	if _, err := readSource(`\\host\share\model.py`); err == nil || !strings.Contains(err.Error(), "another machine") {
		t.Errorf("reading it: %v", err)
	}
}

// runForm asks for a run with numbers for x.
func runForm(t *testing.T, s *Server, input string, file []byte, name string) (*http.Request, error) {
	t.Helper()
	return runOf(s, `{"model":"m1","func":"main","backend":"interp","inputs":[`+input+`]}`, file, name)
}

// runOf asks for a run, with a file or without one.
func runOf(s *Server, ask string, file []byte, name string) (*http.Request, error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	if err := form.WriteField("ask", ask); err != nil {
		return nil, err
	}
	if file != nil {
		part, err := form.CreateFormFile("file0", name)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(file); err != nil {
			return nil, err
		}
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	r := request(s, http.MethodPost, "/api/runs", b.String())
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r, nil
}

func TestRun(t *testing.T) {
	s := opened(t, small)
	r, err := runForm(t, s, `{"name":"x","from":"values","text":"[[1, -2, 3], [4, 5, -6]]"}`, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if w := answered(s, r); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	finish(t, s, "r1")
	relu := ask[opInfo](t, s, fmt.Sprintf("/api/models/m1/op/%d", nodeOf(t, s, "relu"))).Results[0].Value
	if relu != 3 {
		t.Fatalf("the value is %d", relu)
	}
	got := ask[stats](t, s, "/api/runs/r1/values/3")
	if got.Count != 6 || got.Min != 0 || got.Max != 10 || got.Zeros != 2 || !near(got.Mean, 26.0/6) || got.Bins[0] != 2 || got.Bins[bins-1] != 1 {
		t.Errorf("got %+v", got)
	}
	plane := ask[sliceInfo](t, s, "/api/runs/r1/values/3/slice")
	if plane.Rows != 2 || plane.Cols != 3 || plane.Values != "AAAAQAAAAAAAAMBAAAAAQQAAIEEAAAAA" {
		t.Errorf("got %+v", plane)
	}
	w := answered(s, request(s, http.MethodGet, "/api/runs/r1/values/3/image.png?map=mask&threshold=5", ""))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("the picture: %d %s", w.Code, w.Body)
	}
	profile := ask[profileInfo](t, s, "/api/models/m1/profile?run=r1")
	if len(profile.Nanos) != 8 {
		t.Errorf("the profile has %d nodes", len(profile.Nanos))
	}
}

// TestConstant: what a model holds is shown without a run.
func TestConstant(t *testing.T) {
	s := opened(t, strings.Replace(small, "value = 2.0} : tensor<f32>", "value = dense<2x3xf32>[1.0, 2.0, 3.0, 4.0, 5.0, -6.0]} : tensor<2x3xf32>", 1))
	path := fmt.Sprintf("/api/models/m1/funcs/main/constants/%d", nodeOf(t, s, "w"))
	if got := ask[stats](t, s, path); got.Count != 6 || got.Min != -6 || got.Max != 5 {
		t.Errorf("got %+v", got)
	}
	if got := ask[sliceInfo](t, s, path+"/slice"); got.Rows != 2 || got.Cols != 3 {
		t.Errorf("got %+v", got)
	}
	for _, path := range []string{fmt.Sprintf("/api/models/m1/funcs/main/constants/%d", nodeOf(t, s, "relu")), "/api/models/m1/funcs/none/constants/1", "/api/models/m1/funcs/main/constants/99"} {
		if w := answered(s, request(s, http.MethodGet, path, "")); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
}

// TestExample: a .pt2 runs on what it was exported with.
func TestExample(t *testing.T) {
	s := served(t)
	open(t, s, "../../examples/mlp/mlp.pt2", "")
	finish(t, s, "m1")
	got := ask[struct {
		Inputs []struct {
			Name   string
			Export bool
		}
	}](t, s, "/api/models/m1/inputs")
	if len(got.Inputs) != 1 || !got.Inputs[0].Export {
		t.Fatalf("the inputs are %+v", got.Inputs)
	}
	r, err := runForm(t, s, fmt.Sprintf(`{"name":%q,"from":"export"}`, got.Inputs[0].Name), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if w := answered(s, r); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	finish(t, s, "r1")
	if x := ask[stats](t, s, "/api/runs/r1/values/0"); x.Count == 0 || x.Std == 0 {
		t.Errorf("the input is %+v", x)
	}
}

// TestWrongInputs: what cannot be an input is an error that names it.
func TestWrongInputs(t *testing.T) {
	s := opened(t, small)
	for _, c := range []struct{ input, file, name, want string }{
		{`{"name":"x","from":"values","text":"1, 2"}`, "", "", "found 2 numbers, expected those of tensor<2x3xf32>"},
		{`{"name":"x","from":"values","text":"1 2 3 4 5 six"}`, "", "", `found "six", expected a number`},
		{`{"name":"x","from":"file","file":"file0"}`, "PK", "x.npz", "found no .npz file"},
		{`{"name":"x","from":"file","file":"file0"}`, "hello", "x.txt", "expected a .npy, .npz, .safetensors, .png or .jpg file"},
		{`{"name":"x","from":"file","file":"file0"}`, "hello", "x.png", "is no image"},
		{`{"name":"x","from":"file","file":"file1"}`, "", "", `no file "file1"`},
		{`{"name":"x","from":"given"}`, "", "", "has no tensor of that name"},
		{`{"name":"x","from":"../x.npy"}`, "", "", "expected made, random"},
	} {
		var file []byte
		if c.name != "" {
			file = []byte(c.file)
		}
		r, err := runForm(t, s, c.input, file, c.name)
		if err != nil {
			t.Fatal(err)
		}
		w := answered(s, r)
		var got struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusBadRequest || !strings.Contains(got.Error, c.want) {
			t.Errorf("%s: got %d %s, want %q", c.input, w.Code, w.Body, c.want)
		}
	}
}

// TestUnknown: what is not there is said, and nothing breaks.
func TestUnknown(t *testing.T) {
	s := opened(t, small)
	for _, path := range []string{
		"/api/models/m2", "/api/models/m1/tree?func=other", "/api/models/m1/op/99", "/api/models/m1/op/-1", "/api/models/m1/op/x",
		"/api/models/m1/stages/9", "/api/models/m1/profile?run=r9", "/api/runs/r1", "/api/runs/r1/values/0",
	} {
		w := answered(s, request(s, http.MethodGet, path, ""))
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	if w := answered(s, request(s, http.MethodPost, "/api/models", `{"model":"m1","passes":"no-such-pass"}`)); w.Code != http.StatusBadRequest {
		t.Errorf("a wrong pipeline: got %d %s", w.Code, w.Body)
	}
}

// TestFilesOfPasses: a pipeline that the page asks for names no file but those of the command line.
func TestFilesOfPasses(t *testing.T) {
	s := opened(t, small)
	path := filepath.Join(t.TempDir(), "chosen.yaml")
	for passes, status := range map[string]int{"dce": http.StatusOK, fmt.Sprintf("auto{bpw=4, write=%q}", path): http.StatusBadRequest, `compress{config="secret.yaml"}`: http.StatusBadRequest} {
		body := fmt.Sprintf(`{"model": "m1", "passes": %q}`, passes)
		if w := answered(s, request(s, http.MethodPost, "/api/models", body)); w.Code != status {
			t.Errorf("%s: found %d %s, expected %d", passes, w.Code, w.Body, status)
		}
	}
}
