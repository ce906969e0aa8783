package intermediates

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Role is what a value is to the caller of the model.
type Role uint8

// The roles.
const (
	Mid    Role = iota // a value inside the model
	In                 // an input
	Out                // an output
	Update             // what a call left in a buffer, named buf:NAME, or in an input that it changes, mut:NAME
)

var roles = [...]string{Mid: "mid", In: "in", Out: "out", Update: "update"}

// String is the role's name in files.
func (r Role) String() string { return roles[r] }

// Entry is one saved value.
type Entry struct {
	// Node is the path and name of the value in the exported PyTorch graph, as claims spell it, such as true_graph_0/linear; for an
	// input its name.
	Node   string
	Output int // which result of the node; 0 but for nodes whose results have no names of their own
	Run    int // which execution of the node, for those that a call runs more than once
	Op     string
	Origin string  // of a node that run_decompositions made: the node of the exported graph that it comes from
	Loc    *ir.Loc // the module and the lines of Python; never nil
	Role   Role
	Elem   host.Elem
	Shape  []int
}

// Key is the name of the tensor in a file: node#output, with @run behind the node from the second execution on.
func (e *Entry) Key() string {
	if e.Run > 0 {
		return fmt.Sprintf("%s@%d#%d", e.Node, e.Run, e.Output)
	}
	return fmt.Sprintf("%s#%d", e.Node, e.Output)
}

// parseKey reads what Key gives.
func parseKey(key string) (node string, run, output int, err error) {
	bad := fmt.Errorf("%q is no name of a value; expected NODE#OUTPUT, such as linear_3#0", key)
	at := strings.LastIndexByte(key, '#')
	if at <= 0 {
		return "", 0, 0, bad
	}
	node = key[:at]
	if output, err = parseCount(key[at+1:]); err != nil {
		return "", 0, 0, bad
	}
	if at := strings.LastIndexByte(node, '@'); at > 0 {
		if run, err = parseCount(node[at+1:]); err != nil || run == 0 {
			return "", 0, 0, bad
		}
		node = node[:at]
	}
	return node, run, output, nil
}

// parseCount reads a small number in its one form.
func parseCount(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, strconv.ErrSyntax
	}
	return int(n), nil
}

// Input is what the run was given for one input of the model.
type Input struct {
	Name string
	// Value is a Python constant: a bool, json.Number, string or nil. Of a tensor, which is an entry of the role In, IsTensor is set.
	Value    any
	IsTensor bool
}

// SourceFile is a file of Python that entries come from, and what was in it when they were saved.
type SourceFile struct {
	Path   string
	SHA256 string // in hex; empty where the file was not at hand
}
