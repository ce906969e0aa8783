package recipe

// shape is what a value of the schema may be. The shapes in schema.go are the one place where keys, values and defaults
// are written: the reader checks by them and [Schema] prints them.
type shape struct {
	id     string // of a shape that a JSON schema writes once
	form   form
	null   bool              // null may stand here
	words  []string          // of text: what it may be; nil for any
	others map[string]string // of text: further spellings of the words
	least  float64           // of numbers, with least < most
	most   float64
	item   *shape   // of the items of a list or the values of a dictionary
	keys   keys     // of a dictionary
	fields []field  // of a struct
	tag    string   // the key that chooses a variant, such as type
	cases  []choice // by the tag's value
	either *shape   // another shape that the value may have
	check  func(r *reporter, n *node, path string)
}

// form is the kind of YAML value that a shape takes.
type form string

const (
	formText   form = "text"
	formInt    form = "an integer"
	formNumber form = "a number"
	formBool   form = "true or false"
	formList   form = "a list"
	formDict   form = "a mapping"  // of keys that the user chooses
	formStruct form = "a mapping " // of the fields
	formNull   form = "null"
	formAny    form = "anything"
)

// keys says what the keys of a dictionary mean.
type keys string

const (
	keyTensor  keys = "a tensor's name, or * for all"
	keyIndex   keys = "an index, or * for all"
	keyModules keys = "a regular expression over whole module paths"
	keyClass   keys = "a class of modules, by its full name or the last part of it"
	keyOp      keys = "a type of operation"
	keyOpNames keys = "a regular expression over whole names of operations"
)

// field is a key of a struct.
type field struct {
	key      string
	doc      string
	shape    *shape
	def      string // what an omitted key means; empty where that is nothing
	required bool
	ours     bool   // aiopt's own: coreai-opt does not know it
	idle     string // why it has no effect here; empty where it has
}

// choice is a variant of a tagged struct.
type choice struct {
	name   string
	doc    string
	fields []field
	ours   bool
}

func text(words ...string) *shape { return &shape{form: formText, words: words} }

func integer(least, most float64) *shape { return &shape{form: formInt, least: least, most: most} }

func number(least, most float64) *shape { return &shape{form: formNumber, least: least, most: most} }

func dict(k keys, item *shape) *shape { return &shape{form: formDict, keys: k, item: item} }

func orNull(s *shape) *shape {
	c := *s
	c.null = true
	return &c
}

// field finds a key of a struct; nil where there is none.
func (s *shape) field(key string) *field {
	for i := range s.fields {
		if s.fields[i].key == key {
			return &s.fields[i]
		}
	}
	return nil
}
