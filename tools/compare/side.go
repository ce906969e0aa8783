package compare

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

// Side is a run that shows its values: a model that computes them, or saved ones.
type Side interface {
	Info() Info
	// Values lists what the side may show, in the order in which it does.
	Values() []*Value
	// Lost lists what no value of the side equals any more.
	Lost() []Lost
	// Show runs the side from its beginning and calls show, in one goroutine, with each value that is wanted, as often as it is computed. The
	// tensor is valid until show returns, or while the side is in use where it is Stable. An error begins with what the side is.
	Show(ctx context.Context, wanted func(*Value) bool, show func(*Value, *host.Tensor)) error
	// Release says that the tensor of a value and turn, which was read after show had returned, is not read any more.
	Release(v *Value, turn int)
}

// Info is what is known of a side before it runs.
type Info struct {
	Title   string   `json:"title"`             // for people: the file, the passes, the engine
	How     string   `json:"-"`                 // for messages: the backend cpu
	Program string   `json:"program,omitempty"` // sha256 of the exported program in hex; empty where it is not known
	Schemes []string `json:"schemes,omitempty"` // presets of what was done to numbers, such as w4; see metric.Presets
	Unsaid  bool     `json:"-"`                 // what was done to numbers is not known: saved values that do not say it
	Stable  bool     `json:"-"`                 // tensors stay valid when show has returned
}
