package tests

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// jsonDoc is a JSON text with the places of its values, so that one value can be changed without reading or writing the
// others: an order of keys, a number beyond all types or half a value stay what they are.
type jsonDoc struct {
	text   []byte
	values []jsonValue
	byKey  [][]int // values under the same key, in the order of the keys; a choice of a key first reaches rare ones
	keyAt  map[string]int
}

type jsonValue struct {
	start, end int
	member     int    // where its key begins; start for an item of a list
	key        string // of the member; that of the list around an item and []; that of a table of names and {}
}

// namedTables are objects whose keys are names that the model's author chose.
var namedTables = []string{"tensor_values", "sym_int_values", "sym_bool_values", "sym_float_values", "range_constraints", "config"}

// newJSONDoc finds the values of a text that is known to be JSON.
func newJSONDoc(text []byte) *jsonDoc {
	d := &jsonDoc{text: text, keyAt: map[string]int{}}
	d.scan(d.space(0), 0, "")
	groups := map[string][]int{}
	for i, v := range d.values {
		groups[v.key] = append(groups[v.key], i)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		d.keyAt[key] = len(d.byKey)
		d.byKey = append(d.byKey, groups[key])
	}
	return d
}

// scan notes the value at a place, whose member begins at another, and those in it, and gives the place behind it.
func (d *jsonDoc) scan(member, at int, key string) int {
	i := len(d.values)
	d.values = append(d.values, jsonValue{start: at, member: member, key: key})
	switch d.text[at] {
	case '{':
		for at = d.space(at + 1); d.text[at] != '}'; {
			start := at
			at = d.skipString(at)
			name := string(d.text[start+1 : at-1])
			if slices.Contains(namedTables, key) {
				name = key + "{}"
			}
			at = d.comma(d.scan(start, d.space(d.space(at)+1), name))
		}
		at++
	case '[':
		for at = d.space(at + 1); d.text[at] != ']'; {
			at = d.comma(d.scan(at, at, key+"[]"))
		}
		at++
	case '"':
		at = d.skipString(at)
	default:
		for at < len(d.text) && !bytes.ContainsRune([]byte(",]} \n"), rune(d.text[at])) {
			at++
		}
	}
	d.values[i].end = at
	return at
}

func (d *jsonDoc) space(at int) int {
	for at < len(d.text) && (d.text[at] == ' ' || d.text[at] == '\n') {
		at++
	}
	return at
}

func (d *jsonDoc) comma(at int) int {
	if at = d.space(at); d.text[at] == ',' {
		at = d.space(at + 1)
	}
	return at
}

func (d *jsonDoc) skipString(at int) int {
	for at++; d.text[at] != '"'; at++ {
		if d.text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// at is the text of a value.
func (d *jsonDoc) at(i int) []byte { return d.text[d.values[i].start:d.values[i].end] }

// any chooses a value: first its key, then one of those that have it.
func (d *jsonDoc) any(s *script) int { return one(s, one(s, d.byKey)) }

// under chooses a value with a key; false where the text has none.
func (d *jsonDoc) under(s *script, key string) (int, bool) {
	at, ok := d.keyAt[key]
	if !ok {
		return 0, false
	}
	return one(s, d.byKey[at]), true
}

// jsonEdit puts a text in place of another.
type jsonEdit struct {
	start, end int
	with       string
}

// telling are the keys under which a change has the most to say to what is behind the reader.
var telling = []string{
	"target", "as_int", "as_ints", "as_bool", "as_float", "expr_str", "arg", "nodes[]", "tensor_values{}", "as_scalar_type", "as_string", "min_val", "max_val",
}

// mutate changes a few values, mostly in ways that leave the file one of its schema. donor is another program, from
// which values may be taken.
func (d *jsonDoc) mutate(s *script, donor *jsonDoc) []byte {
	var edits []jsonEdit
	wild := s.pick(4) == 3
	for range 1 + s.pick(4) {
		list, i := mildMutations, d.any(s)
		if wild {
			list = wildMutations
		} else if k, ok := d.under(s, one(s, telling)); ok {
			i = k
		}
		edits = append(edits, one(s, list)(s, d, donor, i)...)
	}
	return d.apply(edits)
}

// apply makes the text with edits in it; of two that overlap, the first one counts.
func (d *jsonDoc) apply(edits []jsonEdit) []byte {
	slices.SortStableFunc(edits, func(a, b jsonEdit) int { return cmp.Compare(a.start, b.start) })
	var out []byte
	from := 0
	for _, e := range edits {
		if e.start < from {
			continue // inside what another edit changed
		}
		out = append(append(out, d.text[from:e.start]...), e.with...)
		from = e.end
	}
	return append(out, d.text[from:]...)
}

// mutation changes value i of a program.
type mutation func(s *script, d, donor *jsonDoc, i int) []jsonEdit

// mildMutations mostly leave a file that can be read.
var mildMutations = []mutation{nudge, extremeInt, sameKey, sameKey, fromDonor, fromDonor, fromDonor, moveItem, clash, expression, manyItems, randomSizes, randomSizes, removeItem, otherArgument, otherType}

var wildMutations = []mutation{extremeValue, otherKind, removeValue, twice, sameKey, fromDonor, brokenText, expression, manyItems, deep}

func (d *jsonDoc) set(i int, with string) []jsonEdit {
	return []jsonEdit{{d.values[i].start, d.values[i].end, with}}
}

var extremes = []string{
	"0", "1", "-1", "2", "3", "7", "64", "-2", "65535", "1048576", "2147483647", "2147483648", "-2147483648", "4294967296", "4611686018427387904",
	"9223372036854775807", "-9223372036854775808",
	"9223372036854775808", "18446744073709551616", "1e400", "0.5", "-0", "1e-400",
	`"Infinity"`, `"NaN"`, "1e18", "1" + strings.Repeat("0", 400),
}

func extremeValue(s *script, d, _ *jsonDoc, i int) []jsonEdit { return d.set(i, one(s, extremes)) }

func extremeInt(s *script, d, _ *jsonDoc, _ int) []jsonEdit {
	i, ok := d.under(s, one(s, []string{"as_int", "as_int", "as_ints[]", "min_val", "max_val"}))
	if !ok {
		return nil
	}
	return d.set(i, extremes[s.pick(17)]) // those that fit in an int64
}

var kinds = []string{
	"null", "true", "{}", "[]", `""`, `"x"`, "1", "[1]", "[[]]", `{"as_int":1}`, `{"as_name":"s0"}`, `{"name":""}`, `{"as_expr":{"expr_str":"Symbol('s9')","hint":null}}`,
}

var arguments = []string{
	`{"as_int":1}`, `{"as_int":-1}`, `{"as_none":[]}`, `{"as_ints":[]}`, `{"as_ints":[-1,0]}`, `{"as_ints":[9223372036854775807]}`, `{"as_tensors":[]}`, `{"as_float":"NaN"}`, `{"as_float":1e300}`, `{"as_bool":true}`,
	`{"as_string":"mean"}`, `{"as_string":""}`, `{"as_scalar_type":6}`, `{"as_scalar_type":12}`, `{"as_scalar_type":10}`, `{"as_complex":{"real":1,"imag":2}}`, `{"as_sym_int":{"as_name":"sym_size_int"}}`, `{"as_sym_int":{"as_int":5}}`,
	`{"as_floats":[0.5,-1]}`, `{"as_bools":[true]}`, `{"as_memory_format":2}`, `{"as_device":{"type":"cuda","index":7}}`, `{"as_layout":1}`, `{"as_string_to_argument":{"a":{"as_int":1}}}`, `{"as_nested_tensors":[[]]}`,
}

func otherKind(s *script, d, _ *jsonDoc, i int) []jsonEdit { return d.set(i, one(s, kinds)) }

// otherArgument gives a call an argument of another kind.
func otherArgument(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	if k, ok := d.under(s, "arg"); ok {
		i = k
	}
	return d.set(i, one(s, arguments))
}

// removeItem takes an item out of a list.
func removeItem(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	if k, ok := d.under(s, one(s, []string{"inputs[]", "nodes[]", "as_ints[]", "as_tensors[]", "sizes[]", "guards_code[]"})); ok {
		i = k
	}
	return removeValue(s, d, nil, i)
}

func nudge(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	n, err := strconv.Atoi(string(d.at(i)))
	if err != nil {
		if i, ok := d.under(s, "as_int"); ok {
			n, _ = strconv.Atoi(string(d.at(i)))
			return d.set(i, strconv.Itoa(one(s, []int{n + 1, n - 1, -n, 2 * n, n / 2, n * 1000})))
		}
		return nil
	}
	return d.set(i, strconv.Itoa(one(s, []int{n + 1, n - 1, -n, 2 * n, n / 2, n * 1000})))
}

func removeValue(_ *script, d, _ *jsonDoc, i int) []jsonEdit {
	start, end := d.values[i].member, d.space(d.values[i].end)
	if end < len(d.text) && d.text[end] == ',' {
		return []jsonEdit{{start, end + 1, ""}}
	}
	for start > 0 && (d.text[start-1] == ' ' || d.text[start-1] == '\n') {
		start--
	}
	if start > 0 && d.text[start-1] == ',' {
		start--
	}
	return []jsonEdit{{start, d.values[i].end, ""}}
}

func twice(_ *script, d, _ *jsonDoc, i int) []jsonEdit {
	v := d.values[i]
	return []jsonEdit{{v.end, v.end, "," + string(d.text[v.member:v.end])}}
}

// sameKey takes the value that the same key has elsewhere.
func sameKey(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	other, _ := d.under(s, d.values[i].key)
	return d.set(i, string(d.at(other)))
}

// fromDonor takes the value that the same key has in another program.
func fromDonor(s *script, d, donor *jsonDoc, i int) []jsonEdit {
	other, ok := donor.under(s, d.values[i].key)
	if !ok {
		return nil
	}
	return d.set(i, string(donor.at(other)))
}

// moveItem moves a node before another, so that what it uses may come after it.
func moveItem(s *script, d, _ *jsonDoc, _ int) []jsonEdit {
	from, ok := d.under(s, "nodes[]")
	to, _ := d.under(s, "nodes[]")
	if !ok {
		return nil
	}
	return append(removeValue(s, d, nil, from), jsonEdit{d.values[to].start, d.values[to].start, string(d.at(from)) + ","})
}

// clash gives something the name of another.
func clash(s *script, d, _ *jsonDoc, _ int) []jsonEdit {
	a, ok := d.under(s, "name")
	b, _ := d.under(s, "name")
	if !ok {
		return nil
	}
	return d.set(a, string(d.at(b)))
}

var texts = []string{
	`""`, `" "`, `"a b"`, `"\u0000"`, `"\ud800"`, `"../x"`, `"%x"`, `"@x\n}"`, `"é"`, `"0"`, `"core.return"`, `"\"\\"`, `"_"`, `"` + strings.Repeat("long", 5000) + `"`,
	`"torch.ops.aten.add.Tensor"`, `"torch.ops.aten.slice.Tensor"`, `"torch.ops.aten.cat.default"`, `"torch.ops.aten._to_copy.default"`, `"torch.ops.aten.view.default"`,
	`"torch.ops.aten.add_.Tensor"`, `"torch.ops.aten.copy_.default"`, `"torch.ops.aten.index.Tensor"`, `"torch.ops.aten.sum.dim_IntList"`, `"torch.ops.aten.convolution.default"`,
	`"torch.ops.aten.as_strided.default"`, `"torch.ops.aten.unbind.int"`, `"torch.ops.aten.nonzero.default"`, `"torch.ops.higher_order.cond"`, `"torch.ops.higher_order.scan"`,
	`"torch.ops.higher_order.while_loop"`, `"_operator.add"`, `"_operator.getitem"`, `"torch.ops.aten.sym_size.int"`, `"math.ceil"`,
}

// brokenText changes a string, also one that holds JSON or Python itself.
func brokenText(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	text := d.at(i)
	if text[0] != '"' || len(text) < 3 || s.pick(2) == 0 {
		return d.set(i, one(s, texts))
	}
	cut := 1 + s.pick(len(text)-2)
	return d.set(i, string(text[:cut])+one(s, []string{"", "'", "(", "[", "\\\\", "0", "-", " ", ","})+string(text[min(cut+s.pick(3), len(text)-1):]))
}

var expressions = []string{
	"Integer(5)", "Integer(-3)", "Symbol('s9', integer=True)", "Symbol('u0', integer=True)", "Mul(Integer(2), %s)", "Add(%s, Integer(-1))", "Add(%s, %s)", "Mul(%s, %s)", "Pow(%s, Integer(2))",
	"Pow(%s, Integer(40))", "Pow(Integer(2), %s)", "Pow(%s, Integer(-1))", "Pow(Add(%s, Symbol('s7')), Integer(30))", "FloorDiv(%s, Integer(0))", "FloorDiv(%s, %s)", "FloorDiv(Integer(7), Add(%s, Mul(Integer(-1), %s)))",
	"Mod(%s, Integer(0))", "Mod(%s, Integer(3))", "PythonMod(%s, %s)", "Max(Integer(1), %s)", "Min(%s, Integer(9223372036854775807))", "Mul(Integer(9223372036854775807), %s)", "Integer(99999999999999999999)",
	"Max(%s, Max(%s, Min(%s, Integer(3))))", "CeilToInt(IntTrueDiv(%s, Integer(2)))", "ToFloat(%s)", "Rational(1, 2)", "Float('1e400', precision=53)", "nan", "oo", "zoo",
	"LessThan(%s, Integer(4))", "Piecewise((Integer(1), Equality(%s, Integer(2))), (Integer(3), true))", "Where(Equality(%s, Integer(1)), Integer(2), %s)", "ModularIndexing(%s, Integer(0), Integer(0))",
	"Unknown(%s)", "Add()", "Mul(", "'", "Symbol()", "Symbol('')", "Symbol('a b')", "FloatTrueDiv(%s, Integer(0))", "RoundDecimal(%s, Integer(400))", "LShift(%s, Integer(64))",
}

// expression writes another size in a symbol of the program, also nested many times.
func expression(s *script, d, _ *jsonDoc, _ int) []jsonEdit {
	symbol, before, behind := "Symbol('s0', positive=True, integer=True)", `{"as_expr":{"expr_str":"`, `","hint":null}}`
	i, ok := d.under(s, "expr_str")
	if ok {
		symbol, before, behind = strings.Trim(string(d.at(i)), `"`), `"`, `"`
	} else if i, ok = d.under(s, "sizes[]"); !ok {
		return nil
	}
	text := fill(one(s, expressions), symbol)
	for range one(s, []int{0, 0, 0, 1, 2, 20}) {
		if outer := one(s, expressions); len(text) < 1<<12 && strings.Contains(outer, "%s") {
			text = fill(outer, text)
		}
	}
	if one(s, []int{0, 0, 0, 0, 0, 0, 0, 1}) == 1 {
		text = strings.Repeat("Max(Integer(1), ", 3000) + text + strings.Repeat(")", 3000)
	}
	return d.set(i, before+text+behind)
}

func fill(template, with string) string { return strings.ReplaceAll(template, "%s", with) }

// manyItems repeats an item of a list.
func manyItems(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	if !strings.HasSuffix(d.values[i].key, "[]") {
		i, _ = d.under(s, one(s, []string{"nodes[]", "nodes[]", "as_tensors[]", "sizes[]", "output_specs[]", "input_specs[]"}))
	}
	v := d.values[i]
	n := min(one(s, []int{2, 10, 64, 65, 300, 3000}), 1+(1<<19)/(v.end-v.member))
	return []jsonEdit{{v.end, v.end, strings.Repeat(","+string(d.text[v.member:v.end]), n)}}
}

// deep puts a value inside many others.
func deep(s *script, d, _ *jsonDoc, i int) []jsonEdit {
	n := one(s, []int{1, 5, 60, 200, 600, 100000})
	open, shut := "[", "]"
	if s.pick(2) == 1 {
		open, shut = `{"as_graph":{"name":"g","graph":`, "}}"
	}
	return d.set(i, strings.Repeat(open, n)+string(d.at(i))+strings.Repeat(shut, n))
}

var sizes = []string{"0", "1", "1", "2", "2", "3", "4", "5", "8", "64", "-1", "1048576", "4611686018427387904"}

// randomSizes writes the shape of a tensor or a list of numbers anew.
func randomSizes(s *script, d, _ *jsonDoc, _ int) []jsonEdit {
	var numbers, objects []string
	for range s.pick(6) {
		n := one(s, sizes)
		numbers, objects = append(numbers, n), append(objects, `{"as_int":`+n+"}")
	}
	list := func(key string, items []string) []jsonEdit {
		i, ok := d.under(s, key)
		if !ok {
			return nil
		}
		return d.set(i, "["+strings.Join(items, ",")+"]")
	}
	switch s.pick(3) {
	case 0:
		return list("as_ints", numbers)
	case 1:
		return list("as_sym_ints", objects)
	}
	at, ok := d.keyAt["sizes"]
	if !ok || len(d.byKey[at]) != len(d.byKey[d.keyAt["strides"]]) {
		return nil
	}
	k := s.pick(len(d.byKey[at])) // both lists of a tensor are as long
	text := "[" + strings.Join(objects, ",") + "]"
	return append(d.set(d.byKey[at][k], text), d.set(d.byKey[d.keyAt["strides"]][k], text)...)
}

// otherType gives a tensor another element type.
func otherType(s *script, d, _ *jsonDoc, _ int) []jsonEdit {
	i, ok := d.under(s, one(s, []string{"dtype", "dtype", "as_scalar_type"}))
	if !ok {
		return nil
	}
	return d.set(i, one(s, []string{"1", "2", "4", "5", "6", "7", "8", "10", "12", "13", "29", "35"}))
}
