// Package corpus reads the zips of cases that stand beside it and in tests/dynamic: programs that torch.export saved, and
// what PyTorch computes with them.
package corpus

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Zips lists the zips of cases under the project's folder tests, sorted.
func Zips(tests string) ([]string, error) {
	var all []string
	for _, dir := range []string{"corpus", "dynamic"} {
		found, err := filepath.Glob(filepath.Join(tests, dir, "*.zip"))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no zips in corpus and dynamic", tests)
	}
	slices.Sort(all)
	return all, nil
}

// Each gives the files of a zip whose names, without their folders, match a pattern such as *.pt2.
func Each(zipPath, pattern string, fn func(name string, data []byte) error) error {
	z, err := zip.OpenReader(zipPath)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		name := path.Base(f.Name)
		if ok, err := path.Match(pattern, name); err != nil {
			return err
		} else if !ok || f.FileInfo().IsDir() {
			continue
		}
		data, err := read(f)
		if err == nil {
			err = fn(name, data)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", zipPath, f.Name, err)
		}
	}
	return nil
}

// Unpack writes the files of a zip to a folder, all side by side.
func Unpack(zipPath, dir string) error {
	return Each(zipPath, "*", func(name string, data []byte) error {
		return os.WriteFile(filepath.Join(dir, name), data, 0o644)
	})
}

func read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
