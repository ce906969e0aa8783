package pt2

// Level says how far torch had decomposed the program before it was saved.
type Level int

// The levels.
const (
	Training Level = iota // as exported: composite ops, views and in-place ops remain
	Core                  // after run_decompositions: functional core ATen
)

// String names the level.
func (l Level) String() string {
	if l == Core {
		return "core"
	}
	return "training"
}

// Model is one exported program of an archive.
type Model struct {
	Name                     string // models/<Name>.json; "model" for torch.export.save
	SchemaMajor, SchemaMinor int
	TorchVersion             string
	Level                    Level
	Graph                    *Graph
	Inputs                   []InputSpec  // as many as Graph.Inputs, in the same order
	Outputs                  []OutputSpec // as many as Graph.Outputs, in the same order
	Ranges                   []Range      // sorted by symbol
	Guards                   []string     // Python expressions over L['x'].size()[0], as the file states them
	SHA256                   string       // of the program's JSON bytes, in hexadecimal
	InSpec, OutSpec          *Tree        // how user inputs (args, kwargs) and outputs nest; nil when the file has none
	ForwardArgNames          []string     // parameters of forward that the user inputs came from; may be nil

	archive  *Archive
	payloads [2]map[string]payload // by Store
}

// Range bounds a symbol; a side that the file leaves open is math.MinInt64 or math.MaxInt64.
type Range struct {
	Symbol   string
	Min, Max int64
}

// Graph is a function: the program itself or the body of a higher-order op.
type Graph struct {
	Inputs  []Argument
	Outputs []Argument
	Nodes   []*Node

	// What the file says about each named value of this graph. Bodies have names of their own.
	Tensors   map[string]*TensorMeta
	SymInts   map[string]Sym[int64]
	SymFloats map[string]Sym[float64]
	SymBools  map[string]Sym[bool]

	SingleTensorReturn bool // a body that returns a tensor, not a tuple of one
}

// Sym is a number that is constant or an expression over symbols.
type Sym[T int64 | float64 | bool] struct {
	Expr  string // sympy srepr; empty for a constant
	Value T      // the constant, or for an expression the value it had in the traced example (a hint, not a fact)
	Known bool   // Value is set; always so for a constant
}

// Const is the value of a constant; false for an expression.
func (s Sym[T]) Const() (T, bool) { return s.Value, s.Expr == "" }

// TensorMeta is what the file says about a tensor.
type TensorMeta struct {
	DType         ScalarType
	Layout        Layout
	RequiresGrad  bool
	Device        Device
	Sizes         []Sym[int64]
	Strides       []Sym[int64] // in elements; as many as Sizes
	StorageOffset Sym[int64]   // in elements
}

// Device is where the tensor was when the program was traced. Index is -1 when the file states none.
type Device struct {
	Type  string
	Index int
}

// Node is one call.
type Node struct {
	Target  string // torch.ops.aten.linear.default, _operator.add, torch.ops.higher_order.cond, ...
	Name    string // unique in its graph
	Inputs  []NamedArgument
	Outputs []Argument // one per result; a list result is one ArgTensors, an undefined one is ArgNone
	Meta    Metadata
}

// NamedArgument is an argument of a node under the name that the op's schema gives it (empty for higher-order ops).
// Arguments that the caller left at their default are absent.
type NamedArgument struct {
	Name    string
	Arg     Argument
	Keyword bool
}

// ArgKind says which fields of an Argument hold its value.
type ArgKind uint8

// The kinds, each with the fields it uses.
const (
	ArgNone          ArgKind = iota
	ArgTensor                // Name
	ArgTensors               // List of ArgTensor, and of ArgNone where the schema allows it
	ArgInt                   // Int
	ArgInts                  // List of ArgInt
	ArgFloat                 // Float
	ArgFloats                // List of ArgFloat
	ArgBool                  // Bool
	ArgBools                 // List of ArgBool
	ArgString                // Text
	ArgStrings               // List of ArgString
	ArgSymInt                // Name, a key of Graph.SymInts
	ArgSymInts               // List of ArgSymInt and ArgInt
	ArgSymFloat              // Name, a key of Graph.SymFloats
	ArgSymFloats             // List of ArgSymFloat and ArgFloat
	ArgSymBool               // Name, a key of Graph.SymBools
	ArgSymBools              // List of ArgSymBool and ArgBool
	ArgScalarType            // Int, see ScalarType
	ArgMemoryFormat          // Int, see MemoryFormat
	ArgLayout                // Int, see Layout
	ArgDevice                // Text (the type) and Int (the index, -1 for none), see Device
	ArgGraph                 // Name and Graph
	ArgCustomObj             // Name and Text (the class)
	ArgOperator              // Text
	ArgComplex               // List of two ArgFloat: real, imaginary
	ArgNestedTensors         // List of ArgTensors
	ArgIntLists              // List of ArgInts
	ArgFloatLists            // List of ArgFloats
	ArgDict                  // List of ArgItem, in the file's order
	ArgItem                  // Text (the key) and List (the one value)
)

// argKeys are the file's union keys by kind; kinds without one stand only inside other arguments.
var argKeys = [...]string{
	ArgNone:          "as_none",
	ArgTensor:        "as_tensor",
	ArgTensors:       "as_tensors",
	ArgInt:           "as_int",
	ArgInts:          "as_ints",
	ArgFloat:         "as_float",
	ArgFloats:        "as_floats",
	ArgBool:          "as_bool",
	ArgBools:         "as_bools",
	ArgString:        "as_string",
	ArgStrings:       "as_strings",
	ArgSymInt:        "as_sym_int",
	ArgSymInts:       "as_sym_ints",
	ArgSymFloat:      "as_sym_float",
	ArgSymFloats:     "as_sym_floats",
	ArgSymBool:       "as_sym_bool",
	ArgSymBools:      "as_sym_bools",
	ArgScalarType:    "as_scalar_type",
	ArgMemoryFormat:  "as_memory_format",
	ArgLayout:        "as_layout",
	ArgDevice:        "as_device",
	ArgGraph:         "as_graph",
	ArgCustomObj:     "as_custom_obj",
	ArgOperator:      "as_operator",
	ArgComplex:       "as_complex",
	ArgNestedTensors: "as_nested_tensors",
	ArgIntLists:      "as_int_lists",
	ArgFloatLists:    "as_float_lists",
	ArgDict:          "as_string_to_argument",
	ArgItem:          "item",
}

// String is the file's union key, such as as_sym_ints.
func (k ArgKind) String() string { return argKeys[k] }

// Argument is one value of the file's argument union. Cases that mean the same are one kind: an as_sym_int that is
// a plain number is ArgInt, as_optional_tensor is ArgTensor or ArgNone, as_optional_tensors is ArgTensors.
type Argument struct {
	Kind  ArgKind
	Bool  bool
	Int   int64
	Float float64
	Name  string // of a value of the graph around it, or of the body
	Text  string
	List  []Argument
	Graph *Graph
}

// ScalarType is the dtype that an ArgScalarType states.
func (a *Argument) ScalarType() ScalarType { return ScalarType(a.Int) }

// Layout is the layout that an ArgLayout states.
func (a *Argument) Layout() Layout { return Layout(a.Int) }

// MemoryFormat is the format that an ArgMemoryFormat states.
func (a *Argument) MemoryFormat() MemoryFormat { return MemoryFormat(a.Int) }

// Device is the device that an ArgDevice states.
func (a *Argument) Device() Device { return Device{Type: a.Text, Index: int(a.Int)} }

// InputKind says what an input of the program stands for.
type InputKind uint8

// The kinds of inputs.
const (
	UserInput InputKind = iota
	Parameter
	Buffer
	TensorConstant
	CustomObj
	InputToken
	ConstantInput
)

var inputKeys = [...]string{
	UserInput: "user_input", Parameter: "parameter", Buffer: "buffer", TensorConstant: "tensor_constant",
	CustomObj: "custom_obj", InputToken: "token", ConstantInput: "constant_input",
}

// String is the file's union key.
func (k InputKind) String() string { return inputKeys[k] }

// InputSpec says what the graph input at the same position stands for.
type InputSpec struct {
	Kind InputKind
	// Arg is the graph's input: a tensor or symbolic integer, or for a ConstantInput the Python value that the
	// program was specialised to (none, int, float, bool or string).
	Arg Argument
	// Name is the input's own name: Arg's, and the stated one for a ConstantInput.
	Name string
	// Target is the fully qualified name of the parameter, buffer, constant or object; empty for the others.
	Target string
	// Store has the tensor named Target, for a Parameter, Buffer or TensorConstant.
	Store Store
}

// OutputKind says what an output of the program stands for.
type OutputKind uint8

// The kinds of outputs.
const (
	UserOutput OutputKind = iota
	LossOutput
	BufferMutation
	ParameterMutation
	UserInputMutation
	GradientToParameter
	GradientToUserInput
	OutputToken
)

var outputKeys = [...]string{
	UserOutput: "user_output", LossOutput: "loss_output", BufferMutation: "buffer_mutation",
	ParameterMutation: "parameter_mutation", UserInputMutation: "user_input_mutation",
	GradientToParameter: "gradient_to_parameter", GradientToUserInput: "gradient_to_user_input", OutputToken: "token",
}

// String is the file's union key.
func (k OutputKind) String() string { return outputKeys[k] }

// OutputSpec says what the graph output at the same position stands for.
type OutputSpec struct {
	Kind   OutputKind
	Arg    Argument // the graph's output; a user output may be a constant
	Target string   // the mutated buffer, parameter or user input, or the gradient's owner
}
