package toolchain

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func ago(hours int) time.Time { return time.Now().Add(-time.Duration(hours) * time.Hour) }

// replaced asks a copy of this program for its name after another file has taken its place.
const replaced = "AIOPT_TEST_REPLACED"

// TestThisProgram has a program that was removed and one that was replaced: each has the name that it had.
func TestThisProgram(t *testing.T) {
	if by := os.Getenv(replaced); by != "" {
		path, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if by == "another" {
			if err := os.WriteFile(path, []byte("another program"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Printf("\nbuild=%q\n", ThisProgram())
		return
	}
	if runtime.GOOS != "linux" {
		t.Log("this system finds programs by their paths only")
		return
	}
	want := ThisProgram()
	if want == "" {
		t.Fatal("the name of this program is not known")
	}
	for _, by := range []string{"nothing", "another"} {
		cmd := exec.Command(copied(t), "-test.run=^TestThisProgram$")
		cmd.Env = append(os.Environ(), replaced+"="+by)
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, fmt.Appendf(nil, "\nbuild=%q\n", want)) {
			t.Errorf("replaced by %s: found %s (%v), expected %q", by, out, err, want)
		}
	}
}

// TestSharedBuildID has a program whose build ID says nothing of it, as release builds have that leave it out.
func TestSharedBuildID(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("this system's programs have no notes")
		return
	}
	path := copied(t)
	id := goBuildID(path)
	if id == "" {
		t.Fatal("this program has no build ID of Go's")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{strings.Repeat("redacted", len(id))[:len(id)], "redacted" + strings.Repeat("\x00", len(id)-8), strings.Repeat("/", len(id))} {
		changed := bytes.ReplaceAll(data, []byte(id), []byte(other))
		if err := os.WriteFile(path, changed, 0o755); err != nil {
			t.Fatal(err)
		}
		if found := goBuildID(path); found != "" {
			t.Errorf("found the build ID %q, expected that it is not taken for a hash", found)
		}
	}
}

// copied is the path of a copy of this program.
func copied(t *testing.T) string {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(t.TempDir(), "copy"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}
