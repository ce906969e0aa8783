//go:build !(darwin && arm64)

package runtime

import "github.com/aiopt/aiopt/backend/programs"

// connect gives a *programs.Missing.
func connect() (system, error) {
	return nil, &programs.Missing{System: true, What: "Metal is on Macs with an Apple chip only: use --backend=cpu here, `aiopt metal MODEL --check` to try the kernels on the processor, or write an asset for a Mac by `aiopt --target=metal`"}
}
