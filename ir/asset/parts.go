package asset

import (
	"path"

	"github.com/aiopt/aiopt/ir/zipfile"
)

// The entries that every asset has.
const (
	manifestName = "manifest.json"
	programName  = "program.air"
	weightsName  = "weights.safetensors"

	kernelsFolder = "kernels/"
)

// maxHeader bounds the header of the weights, in bytes: some fifty thousand tensors.
const maxHeader = 8 << 20

// kinds are the entries that an asset may have, by pattern; nothing else may be in one.
var kinds = []struct {
	pattern  string
	required bool
	max      int64 // bytes; 0 for no limit
}{
	{programName, true, 64 << 20},
	{weightsName, true, 0},
	{kernelsFolder + "*.metal", false, 16 << 20},
	{kernelsFolder + "launch.json", false, 16 << 20},
	{manifestName, true, maxManifest},
}

// Advice that several mistakes share.
const (
	tryCopy  = "copy or download the file again"
	tryWrite = "write the asset again with aiopt -o"
	tryName  = "copy or download the file again, or if torch.export.save wrote it name it .pt2"
	tryStore = "it was packed by another program; write it with aiopt -o, which stores entries uncompressed"
)

func reading() zipfile.Options {
	return zipfile.Options{
		MaxEntries: 4096, MaxDirectory: 1 << 20,
		Advice: zipfile.Advice{Copy: tryCopy, Make: tryWrite, Store: tryStore},
	}
}

// allowed finds what kind of entry a name and size are; the error says what is wrong with it.
func allowed(name string, size int64) *zipfile.Error {
	for _, k := range kinds {
		if ok, _ := path.Match(k.pattern, name); !ok {
			continue
		}
		if k.max > 0 && size > k.max {
			return problem(name, tryWrite, "it has %d bytes, expected at most %d", size, k.max)
		}
		return nil
	}
	return problem(name, tryWrite, "an asset has no such entry; it has %s, %s, %s and kernels/*.metal with kernels/launch.json", manifestName, programName, weightsName)
}
