package report

import "github.com/aiopt/aiopt/passes/pass"

// Format is the version of the JSON; it grows when a key changes its meaning or goes.
const Format = 1

// Facts are what a report says of the run.
type Facts struct {
	Version string `json:"aiopt"`       // of the program
	Model   string `json:"model"`       // the file or files
	Passes  string `json:"passes"`      // the pipeline
	Data    Size   `json:"model_bytes"` // all constant data of the model, tensors that no pass would compress included
	// Outputs is what the last pass that ran the model to see found; nil where none did.
	Outputs *Outputs `json:"outputs"`
}

// Outputs says how near the compressed model's outputs are to the exact ones, over calibration data; of several outputs the
// worst counts.
type Outputs struct {
	Pass    string  `json:"pass"`
	Samples int     `json:"samples"`
	PSNR    float64 `json:"psnr_db"`
	SNR     float64 `json:"snr_db"`
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
	Total Sums `json:"total"` // of the weights
	// Activations and States are of the tensors that are no weights, which count neither in Total nor by module.
	Activations Sums     `json:"activations"`
	States      Sums     `json:"states"`
	Schemes     []Group  `json:"by_scheme"` // in the order of first use
	Modules     *Module  `json:"by_module"`
	Reasons     []Group  `json:"by_refusal"` // in the order of first use
	Tensors     []Tensor `json:"tensors"`    // in the order of the model
}

// Tensor is what became of one tensor.
type Tensor struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`    // weight, activation or state
	Modules  []string `json:"modules"` // those that use it
	Op       string   `json:"op"`
	Shape    []int    `json:"shape"`
	Dtype    string   `json:"dtype"` // of its elements before
	Pass     string   `json:"pass"`
	Scheme   string   `json:"scheme"` // empty where it is not compressed
	Bits     float64  `json:"bits_per_element"`
	SNR      *float64 `json:"snr_db"`   // null where it is not compressed, where nothing was lost, and where it was not measured
	Measured bool     `json:"measured"` // signal and noise are known
	Signal   float64  `json:"signal"`   // sum of squares of its numbers
	Noise    float64  `json:"noise"`    // sum of squares of the differences
	Before   int64    `json:"bytes_before"`
	After    int64    `json:"bytes_after"`
	Outputs  *Output  `json:"outputs"` // of its operation; null where they are not known
	Seconds  float64  `json:"seconds"`
	Refused  string   `json:"refused"` // the reason; empty where it is compressed
	Ignored  bool     `json:"ignored"` // refused because the user asked for it
}

// Output is what storing a weight does to the outputs of its operation on calibration data.
type Output struct {
	Nearest float64 `json:"error_nearest"` // mean square of the errors with the nearest code for each element, summed over the channels
	Stored  float64 `json:"error_stored"`  // so, with the codes that are stored
	Gain    float64 `json:"gain_db"`       // how far the second is below the first
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
	Unmeasured int      `json:"unmeasured"` // of the compressed ones
}

// Group is what several tensors of a kind have in common, a scheme or a reason.
type Group struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // as in Tensor
	Sums
}

// Module is a module of the model with the tensors in it. A tensor that several modules use counts in the first of them.
type Module struct {
	Path string `json:"path"` // empty for the whole model
	Sums
	Children []*Module `json:"modules"`
}

// exact reports a compressed tensor that decodes to its very numbers.
func (t *Tensor) exact() bool { return t.Refused == "" && t.Measured && t.Noise == 0 }

// Quality shows the SNR to people.
func (t *Tensor) Quality() string { return quality(t.SNR, t.Refused == "", t.Measured) }

// Quality shows the SNR to people.
func (s *Sums) Quality() string { return quality(s.SNR, s.Compressed > 0, s.Unmeasured == 0) }

// of are the sums of a kind.
func (r *Report) of(k pass.Kind) *Sums {
	return []*Sums{pass.Weight: &r.Total, pass.Activation: &r.Activations, pass.State: &r.States}[k]
}
