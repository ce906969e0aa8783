// Command typecheck checks the types of packages, with their tests, for other systems than this one: typecheck darwin/arm64 ./...
//
// It reads their source and that of all they import, and generates no code, which takes a tenth of the time that `go vet` for
// another system does, as that compiles what is imported.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: typecheck SYSTEM/MACHINE PACKAGE..., such as: typecheck darwin/arm64 ./...")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// listed is a package as `go list` describes it.
type listed struct {
	Dir, ImportPath string
	GoFiles         []string
	ImportMap       map[string]string
	DepOnly         bool
	Standard        bool
	Error           *struct{ Err string }
}

// check gives all mistakes of the packages at once.
func check(target string, patterns []string) error {
	system, machine, ok := strings.Cut(target, "/")
	if !ok {
		return fmt.Errorf("found %q, expected a system and a machine such as darwin/arm64", target)
	}
	cmd := exec.Command("go", append([]string{"list", "-e", "-deps", "-test", "-json=Dir,ImportPath,GoFiles,ImportMap,DepOnly,Standard,Error"}, patterns...)...)
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	c := checker{fset: token.NewFileSet(), done: map[string]*types.Package{"unsafe": types.Unsafe}, told: map[string]bool{}, sizes: types.SizesFor("gc", machine)}
	for list := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := list.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		c.add(&p)
	}
	if len(c.mistakes) > 0 {
		return fmt.Errorf("for %s:\n%w", target, errors.Join(c.mistakes...))
	}
	fmt.Printf("%s: the types of %d packages are right\n", target, c.packages)
	return nil
}

// checker has the packages that were checked; each comes after those that it imports.
type checker struct {
	fset     *token.FileSet
	sizes    types.Sizes
	done     map[string]*types.Package
	packages int
	mistakes []error
	told     map[string]bool // as a package is checked once more with its tests
}

func (c *checker) mistake(err error) {
	if !c.told[err.Error()] {
		c.told[err.Error()] = true
		c.mistakes = append(c.mistakes, err)
	}
}

func (c *checker) add(p *listed) {
	if p.ImportPath == "unsafe" || strings.HasSuffix(p.ImportPath, ".test") { // the program that runs tests is written by go test
		return
	}
	if p.Error != nil && !p.DepOnly {
		c.mistake(errors.New(p.Error.Err))
	}
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(c.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			c.mistake(err)
			return
		}
		files = append(files, f)
	}
	conf := types.Config{
		Importer:         importing{c, p.ImportMap},
		Sizes:            c.sizes,
		IgnoreFuncBodies: p.DepOnly || p.Standard, // what others declare is all that counts of them
		FakeImportC:      true,
		Error: func(err error) {
			if !p.Standard {
				c.mistake(err)
			}
		},
	}
	path, _, _ := strings.Cut(p.ImportPath, " ") // a package with its tests is named "path [path.test]"
	made, _ := conf.Check(path, c.fset, files, nil)
	c.done[p.ImportPath] = made
	if !p.DepOnly {
		c.packages++
	}
}

// importing finds what the files of one package import.
type importing struct {
	*checker
	renamed map[string]string
}

// Import gives a package that was checked before.
func (i importing) Import(path string) (*types.Package, error) {
	if to, ok := i.renamed[path]; ok {
		path = to
	}
	if p := i.done[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("package %s was not found", path)
}
