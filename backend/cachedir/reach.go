package cachedir

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Reach gives a path of a file for who takes no open one, such as the dynamic linker: on Linux it leads through the open folder, whatever
// has the folder's name by then. It is good until done is called.
func (f *Folder) Reach(name string) (path string, done func() error, err error) {
	var dir *os.File
	err = f.with(func(root *os.Root) (err error) {
		dir, err = root.Open(".")
		return err
	})
	if err != nil {
		return "", nil, err
	}
	if open := fmt.Sprintf("/proc/self/fd/%d", dir.Fd()); runtime.GOOS == "linux" && exists(open) { // there may be no /proc
		return filepath.Join(open, name), dir.Close, nil
	}
	return f.Path(name), dir.Close, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
