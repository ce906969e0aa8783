package tests

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// holdText compares a text with a file of testdata line by line; -update writes the file.
func holdText(t *testing.T, path, got string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(readGolden(t, path), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; write it with -update):\n%s", path, diff)
	}
}

// holdLines is holdText for a table, of which a short run makes some of the lines only.
func holdLines(t *testing.T, path, got string) {
	t.Helper()
	if !testing.Short() {
		holdText(t, path, got)
		return
	}
	want := readGolden(t, path)
	for line := range strings.Lines(got) {
		if !strings.Contains(want, line) {
			t.Errorf("%s has no line %s", path, line)
		}
	}
}

func readGolden(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
