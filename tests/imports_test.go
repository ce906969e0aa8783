package tests

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/aiopt/aiopt"

// mayImport is the shape of the project: what each part may import of the others. A part's own subpackages come along
// only where they are named.
var mayImport = []struct {
	part    string
	imports []string
}{
	{"ir/host", nil},
	{"ir/atomicfile", nil},
	{"ir/mapped", nil},
	{"ir/safetensors", []string{"ir/host", "ir/atomicfile", "ir/mapped"}},
	{"ir/zipfile", []string{"ir/mapped"}},
	{"ir/asset", []string{"ir", "ir/host", "ir/text", "ir/safetensors", "ir/zipfile", "ir/atomicfile"}},
	{"ir/text", []string{"ir", "ir/host"}},
	{"ir", []string{"ir/host"}},
	{"dialect", []string{"ir", "ir/host", "dialect"}},
	{"passes/pass", []string{"ir", "ir/host"}},
	{"passes/compress", []string{"ir/host"}},
	{"passes/rewrite", []string{"ir", "ir/host", "dialect"}},
	{"passes/weights", []string{"ir", "ir/host", "dialect", "passes/pass", "passes/compress", "passes/rewrite"}},
	{"passes/recipe", []string{"ir/host", "passes/compress", "passes/pass"}},
	{"passes/lower", []string{"ir", "ir/host", "dialect"}},
	{"passes/kernels", []string{"ir", "dialect"}},
	{"passes/calibrate", []string{"ir/host"}},
	{"passes/sensitivity", []string{"ir", "ir/host", "passes/pass"}},
	{"passes", []string{"ir", "ir/host", "ir/atomicfile", "dialect", "passes"}},
	{"frontend/pt2", []string{"ir/host", "ir/zipfile"}},
	{"frontend", []string{"ir", "ir/host", "dialect", "frontend"}},
	{"tools/intermediates", []string{"ir", "ir/host", "ir/mapped", "ir/safetensors"}},
	{"tools/metric", []string{"ir/host"}},
	{"tools/compare", []string{"ir", "ir/host", "ir/text", "dialect", "backend", "passes/pass", "tools/metric", "tools/intermediates"}},
	{"tools/inputs", []string{"ir", "ir/host", "ir/safetensors", "backend", "passes/pass", "frontend/pt2", "tools/intermediates"}},
	{"tools/sides", []string{"ir", "ir/host", "backend", "passes/pass", "passes/numeric", "tools/inputs", "tools/intermediates"}},
	{"tools/graph", []string{"ir", "dialect"}},
	{"tools/report", []string{"ir/host", "ir/atomicfile", "passes/pass"}},
	{"backend/kernel/schedule", []string{"ir", "ir/host", "dialect", "backend/kernel"}},
	{"backend/kernel/calls", []string{"ir", "ir/host", "dialect", "backend/kernel"}},
	{"backend/kernel", []string{"ir", "ir/host"}},
	{"backend/metal/launch", []string{"ir", "ir/host"}},
	{"backend/programs", nil},
	{"backend/metal/msl", []string{"ir", "ir/host", "backend/kernel", "backend/metal/launch"}},
	{"backend/metal/check/checktest", []string{"backend/metal/launch"}},
	{"backend/metal/metaltest", []string{"ir", "ir/host", "backend/kernel", "backend/metal"}},
	{"backend/metal/check", []string{"backend/metal/launch", "backend/cachedir", "backend/programs"}},
	{"backend/metal/runtime", []string{"ir", "backend", "backend/cpu/interp", "backend/metal/custom", "backend/metal/launch", "backend/metal/plan", "backend/metal/walk", "backend/programs"}},
	{"backend/metal/cuda/engine", []string{"ir", "backend", "backend/cpu/interp", "backend/metal/check", "backend/metal/cuda", "backend/metal/custom", "backend/metal/launch", "backend/metal/plan", "backend/metal/walk"}},
	{"backend/metal/cuda/cudatest", []string{"backend/metal/launch", "backend/metal/check", "backend/metal/cuda"}},
	{"backend/metal/cuda", []string{"ir/host", "backend/metal/launch", "backend/metal/check", "backend/metal/cuda", "backend/programs"}},
	{"backend/metal/custom", []string{"ir", "ir/host", "dialect", "backend", "backend/metal/check", "backend/metal/launch"}},
	{"backend/metal/walk/walktest", []string{"ir", "ir/host", "backend"}},
	{"backend/metal/walk", []string{"ir", "ir/host", "dialect", "backend", "backend/cpu/interp", "backend/metal/launch", "backend/metal/plan"}},
	{"backend/metal/checked", []string{"ir", "ir/host", "dialect", "backend", "passes/numeric"}},
	{"backend/metal/plan", []string{"ir", "ir/host", "dialect", "backend/kernel", "backend/cpu/interp", "backend/metal/custom", "backend/metal/launch", "backend/metal/msl"}},
	{"backend/cpu/memory", []string{"ir/host"}},
	{"backend/cpu/native/toolchain", []string{"backend/cachedir", "backend/programs"}},
	{"backend/cpu/native/packed", []string{"backend/cpu/memory", "backend/cachedir"}},
	{"backend/cpu/native/emit", []string{"ir", "ir/host", "backend/kernel"}},
	{"backend/backendtest", []string{"ir", "ir/host", "ir/text", "dialect", "backend"}},
	{"backend", []string{"ir", "ir/host", "dialect", "passes/pass", "backend"}},
}

// TestImports holds the arrows between packages: they point from later parts to earlier ones and never back.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		at := slices.IndexFunc(mayImport, func(r struct {
			part    string
			imports []string
		}) bool {
			return within(pkg, r.part)
		})
		if at < 0 {
			continue // the front door, tools and tests see all
		}
		rule := mayImport[at]
		for _, imp := range fields[1:] {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			imp = strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
			if !within(imp, rule.part) && !slices.ContainsFunc(rule.imports, func(a string) bool { return imp == a || within(imp, a) && a != "ir" }) {
				t.Errorf("%s imports %s; %s may import %v", pkg, imp, rule.part, rule.imports)
			}
		}
	}
}

// TestNoTestPackages holds that the program which is shipped has nothing of the packages that only tests are for.
func TestNoTestPackages(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"/tools/aiopt").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(pkg, module) && strings.HasSuffix(pkg, "test") {
			t.Errorf("tools/aiopt has %s in it, which is for tests", pkg)
		}
	}
}

// TestPackageTable holds that each package is in the table of docs/architecture.md, and each row is of packages there are.
func TestPackageTable(t *testing.T) {
	out, err := exec.Command("go", "list", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "\n| package |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := map[string]bool{} // whether a package was found
	for _, line := range strings.Split(table, "\n")[2:] {
		for _, name := range regexp.MustCompile("`[^`]+`").FindAllString(strings.Split(line, "|")[1], -1) {
			rows[strings.Trim(name, "`")] = false
		}
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		name := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		if name == "" {
			name = "aiopt"
		}
		_, named := rows[name]
		if all := path.Dir(name) + "/*"; !named {
			name = all
			_, named = rows[name]
		}
		if !named {
			t.Errorf("docs/architecture.md has no row for %s", pkg)
			continue
		}
		rows[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if !rows[name] {
			t.Errorf("docs/architecture.md has a row for %s, which is no package", name)
		}
	}
}

func within(pkg, part string) bool { return pkg == part || strings.HasPrefix(pkg, part+"/") }
