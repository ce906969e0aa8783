package pt2

import "unsafe"

// argument reads the argument union.
func (d *decoder) argument(a *Argument) {
	for key := range d.union() {
		switch key {
		case "as_none":
			d.none(a)
		case "as_tensor":
			d.tensorName(a)
		case "as_tensors":
			d.listOf(a, ArgTensors, d.tensorName)
		case "as_optional_tensor":
			d.optionalTensor(a)
		case "as_optional_tensors":
			d.listOf(a, ArgTensors, d.optionalTensor)
		case "as_nested_tensors":
			d.listOf(a, ArgNestedTensors, func(a *Argument) { d.listOf(a, ArgTensors, d.tensorName) })
		case "as_int":
			d.intArg(a)
		case "as_ints":
			d.listOf(a, ArgInts, d.intArg)
		case "as_int_lists":
			d.listOf(a, ArgIntLists, func(a *Argument) { d.listOf(a, ArgInts, d.intArg) })
		case "as_float":
			d.floatArg(a)
		case "as_floats":
			d.listOf(a, ArgFloats, d.floatArg)
		case "as_float_lists":
			d.listOf(a, ArgFloatLists, func(a *Argument) { d.listOf(a, ArgFloats, d.floatArg) })
		case "as_bool":
			d.boolArg(a)
		case "as_bools":
			d.listOf(a, ArgBools, d.boolArg)
		case "as_string":
			d.stringArg(a)
		case "as_strings":
			d.listOf(a, ArgStrings, d.stringArg)
		case "as_operator":
			a.Kind, a.Text = ArgOperator, d.text()
		case "as_sym_int":
			d.symIntArg(a)
		case "as_sym_ints":
			d.listOf(a, ArgSymInts, d.symIntArg)
		case "as_sym_float":
			d.symFloatArg(a)
		case "as_sym_floats":
			d.listOf(a, ArgSymFloats, d.symFloatArg)
		case "as_sym_bool":
			d.symBoolArg(a)
		case "as_sym_bools":
			d.listOf(a, ArgSymBools, d.symBoolArg)
		case "as_scalar_type":
			a.Kind, a.Int = ArgScalarType, int64(enum[ScalarType](d))
		case "as_memory_format":
			a.Kind, a.Int = ArgMemoryFormat, int64(enum[MemoryFormat](d))
		case "as_layout":
			a.Kind, a.Int = ArgLayout, int64(enum[Layout](d))
		case "as_device":
			device := d.device()
			a.Kind, a.Text, a.Int = ArgDevice, device.Type, int64(device.Index)
		case "as_graph":
			d.graphArg(a)
		case "as_custom_obj":
			d.customObj(a)
		case "as_complex":
			d.complexArg(a)
		case "as_string_to_argument":
			d.dictArg(a)
		default:
			d.unknown("argument", key, "one of the schema's argument kinds, such as as_tensor or as_int")
		}
	}
}

func (d *decoder) listOf(a *Argument, kind ArgKind, item func(*Argument)) {
	a.Kind, a.List = kind, list(d, item)
}

func (d *decoder) none(a *Argument)      { a.Kind = ArgNone; d.skip() }
func (d *decoder) intArg(a *Argument)    { a.Kind, a.Int = ArgInt, d.int() }
func (d *decoder) floatArg(a *Argument)  { a.Kind, a.Float = ArgFloat, d.float() }
func (d *decoder) boolArg(a *Argument)   { a.Kind, a.Bool = ArgBool, d.bool() }
func (d *decoder) stringArg(a *Argument) { a.Kind, a.Text = ArgString, d.text() }

// tensorName reads {"name": "x"}.
func (d *decoder) tensorName(a *Argument) {
	a.Kind = ArgTensor
	a.Name = d.name()
}

// name reads an object of which only the name counts.
func (d *decoder) name() string {
	var name string
	start := d.pos
	for key := range d.object() {
		if key == "name" {
			name = d.text()
		} else {
			d.skip()
		}
	}
	if name == "" && d.err == nil {
		d.failAt(start, tryCopy, "the reference has no name")
	}
	return name
}

func (d *decoder) optionalTensor(a *Argument) {
	for key := range d.union() {
		switch key {
		case "as_none":
			d.none(a)
		case "as_tensor":
			d.tensorName(a)
		default:
			d.unknown("optional tensor", key, "as_tensor or as_none")
		}
	}
}

func (d *decoder) symIntArg(a *Argument) {
	for key := range d.union() {
		switch key {
		case "as_name":
			a.Kind, a.Name = ArgSymInt, d.text()
		case "as_int":
			d.intArg(a)
		default:
			d.unknown("symbolic integer", key, "as_name or as_int")
		}
	}
}

func (d *decoder) symFloatArg(a *Argument) {
	for key := range d.union() {
		switch key {
		case "as_name":
			a.Kind, a.Name = ArgSymFloat, d.text()
		case "as_float":
			d.floatArg(a)
		default:
			d.unknown("symbolic float", key, "as_name or as_float")
		}
	}
}

func (d *decoder) symBoolArg(a *Argument) {
	for key := range d.union() {
		switch key {
		case "as_name":
			a.Kind, a.Name = ArgSymBool, d.text()
		case "as_bool":
			d.boolArg(a)
		default:
			d.unknown("symbolic bool", key, "as_name or as_bool")
		}
	}
}

func (d *decoder) graphArg(a *Argument) {
	a.Kind = ArgGraph
	start := d.pos
	for key := range d.object() {
		switch key {
		case "name":
			a.Name = d.text()
		case "graph":
			a.Graph = d.graph()
		default:
			d.skip()
		}
	}
	if a.Graph == nil && d.err == nil {
		d.failAt(start, tryCopy, "the body %q has no graph", a.Name)
	}
}

func (d *decoder) customObj(a *Argument) {
	a.Kind = ArgCustomObj
	for key := range d.object() {
		switch key {
		case "name":
			a.Name = d.text()
		case "class_fqn":
			a.Text = d.text()
		default:
			d.skip()
		}
	}
}

func (d *decoder) complexArg(a *Argument) {
	d.charge(2 * int(unsafe.Sizeof(Argument{})))
	a.Kind = ArgComplex
	a.List = []Argument{{Kind: ArgFloat}, {Kind: ArgFloat}}
	for key := range d.object() {
		switch key {
		case "real":
			a.List[0].Float = d.float()
		case "imag":
			a.List[1].Float = d.float()
		default:
			d.skip()
		}
	}
}

func (d *decoder) dictArg(a *Argument) {
	a.Kind = ArgDict
	for key := range d.object() {
		d.charge(3 * int(unsafe.Sizeof(Argument{})))
		item := Argument{Kind: ArgItem, Text: key, List: make([]Argument, 1)}
		d.argument(&item.List[0])
		a.List = append(a.List, item)
	}
}
