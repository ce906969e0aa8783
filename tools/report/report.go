package report

// Format is the version of the JSON; it grows when a key changes its meaning or goes.
const Format = 1

// Facts are what a report says of the run.
type Facts struct {
	Version string `json:"aiopt"`       // of the program
	Model   string `json:"model"`       // the file or files
	Passes  string `json:"passes"`      // the pipeline
	Data    Size   `json:"model_bytes"` // all constant data of the model, tensors that no pass would compress included
}

// Size is a number of bytes before and after.
type Size struct {
	Before int64 `json:"before"`
	After  int64 `json:"after"`
}

// Report says what became of the tensors of a model that passes could compress.
type Report struct {
	Format int `json:"format"`
	Facts
	Total   Sums     `json:"total"`
	Schemes []Group  `json:"by_scheme"` // in the order of first use
	Modules *Module  `json:"by_module"`
	Reasons []Group  `json:"by_refusal"` // in the order of first use
	Tensors []Tensor `json:"tensors"`    // in the order of the model
	// Runtime are activations and states, which are no part of the sums.
	Runtime []Tensor `json:"runtime,omitempty"`
}

// Tensor is what became of one tensor.
type Tensor struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind,omitempty"` // activation or state; empty for a weight
	Modules []string `json:"modules"`        // those that use it
	Op      string   `json:"op"`
	Shape   []int    `json:"shape"`
	Dtype   string   `json:"dtype"` // of its elements before
	Pass    string   `json:"pass"`
	Scheme  string   `json:"scheme"` // empty where it is not compressed
	Bits    float64  `json:"bits_per_element"`
	SNR     *float64 `json:"snr_db"` // null where it is not compressed, and where nothing was lost
	Signal  float64  `json:"signal"` // sum of squares of its numbers
	Noise   float64  `json:"noise"`  // sum of squares of the differences
	Before  int64    `json:"bytes_before"`
	After   int64    `json:"bytes_after"`
	Seconds float64  `json:"seconds"`
	Refused string   `json:"refused"` // the reason; empty where it is compressed
	Ignored bool     `json:"ignored"` // refused because the user asked for it
}

// Sums are of several tensors.
type Sums struct {
	Tensors    int      `json:"tensors"`
	Compressed int      `json:"compressed"`
	Refused    int      `json:"refused"`
	Ignored    int      `json:"ignored"`
	Elements   int64    `json:"elements"`
	Before     int64    `json:"bytes_before"`
	After      int64    `json:"bytes_after"`
	Kept       int64    `json:"bytes_kept"`       // of the tensors that are not compressed; a part of both others
	Bits       float64  `json:"bits_per_element"` // of all tensors, those that stay as they are included
	SNR        *float64 `json:"snr_db"`           // of the compressed tensors together; null as in Tensor
	Signal     float64  `json:"signal"`
	Noise      float64  `json:"noise"`
	Seconds    float64  `json:"seconds"`
}

// Group is what several tensors have in common, a scheme or a reason.
type Group struct {
	Name string `json:"name"`
	Sums
}

// Module is a module of the model with the tensors in it. A tensor that several modules use counts in the first of them.
type Module struct {
	Path string `json:"path"` // empty for the whole model
	Sums
	Children []*Module `json:"modules"`
}

// exact reports a compressed tensor that decodes to its very numbers.
func (t *Tensor) exact() bool { return t.Refused == "" && t.Noise == 0 }
