package pt2

import (
	"fmt"

	"github.com/aiopt/aiopt/ir/zipfile"
)

// Error is what is wrong with a file: where, what was found and expected, and what to try.
type Error = zipfile.Error

// The advice that several mistakes share.
const (
	trySave    = "save the program again with torch.export.save of torch 2.9 or newer"
	tryResave  = "re-save the program with torch >= 2.9: torch.export.save(torch.export.load(file), file)"
	tryCopy    = "copy or download the file again"
	tryNewer   = "it may come from a newer torch than this reader knows; save it with torch 2.15 or older"
	tryStored  = "re-save with torch.export.save, which stores entries uncompressed; do not zip the archive again"
	tryProgram = "export the model: torch.export.save(torch.export.export(model, args), \"model.pt2\")"
)

// problem is an Error that does not know its file yet; the outermost function fills it in.
func problem(at, try, format string, args ...any) *Error {
	return &Error{At: at, What: fmt.Sprintf(format, args...), Try: try}
}
