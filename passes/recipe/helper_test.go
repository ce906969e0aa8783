package recipe

import (
	"os"
	"path/filepath"
	"testing"
)

// file reads a recipe of testdata.
func file(t *testing.T, name string, opt Options) *Recipe {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read(name, src, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// recipeFiles are the names of all recipes in testdata.
func recipeFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recipes in testdata: %v", err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}
