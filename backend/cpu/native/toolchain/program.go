package toolchain

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"os"
	"sync"
)

// ThisProgram names the build of the program that runs: another one may make other modules of the same kernels.
var ThisProgram = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	if id := goBuildID(path); id != "" {
		return id, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
})

// goBuildID is what Go's linker notes in an ELF file, a hash of the program among it; "" where there is no note.
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
	if _, id, ok := bytes.Cut(data, []byte("Go\x00\x00")); ok {
		return string(id)
	}
	return ""
}
