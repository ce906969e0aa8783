package toolchain

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"os"
	"regexp"
	"runtime"
)

// ThisProgram names the build of the program that runs: another one may make other modules of the same kernels. It is ""
// where the program's file cannot be read.
func ThisProgram() string {
	path, err := running()
	if err != nil {
		return ""
	}
	if id := goBuildID(path); id != "" {
		return id
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// running is the file of the program that runs: on Linux that very file, though it was removed or another one has its name by
// now.
func running() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// hashesOfBuild is the form of Go's build IDs: hashes of what the program and its main package are made of, and of what was made.
// Who builds may set another ID, such as one word for all programs.
var hashesOfBuild = regexp.MustCompile(`^[A-Za-z0-9_-]{20}(/[A-Za-z0-9_-]{20}){3}$`)

// goBuildID is what Go's linker notes in an ELF file, a hash of the program among it; "" where there is no such note.
func goBuildID(path string) string {
	f, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := f.Section(".note.go.buildid")
	if s == nil || s.Size > 1<<12 {
		return ""
	}
	data, err := s.Data()
	if err != nil {
		return ""
	}
	if _, id, ok := bytes.Cut(data, []byte("Go\x00\x00")); ok && hashesOfBuild.Match(bytes.TrimRight(id, "\x00")) {
		return string(id)
	}
	return ""
}
