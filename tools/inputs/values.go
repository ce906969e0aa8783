package inputs

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// notNumbers are what JSON has no form for, as Python and NumPy print it; they are read as texts.
var notNumbers = regexp.MustCompile(`[+-]?\b(?i:nan|inf|infinity)\b`)

// ParseValue reads a value as JSON, or as Python and NumPy print it.
func ParseValue(text string) (v any, ok bool) {
	if v, ok = parseJSON(text); ok {
		return v, true
	}
	return parseJSON(notNumbers.ReplaceAllString(text, `"$0"`))
}

func parseJSON(text string) (v any, ok bool) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	err := dec.Decode(&v)
	return v, err == nil && !dec.More()
}

// fromJSON makes a tensor of a type's element type from a number or nested lists.
func fromJSON(v any, t ir.Type) (*host.Tensor, error) {
	var shape []int
	for x := v; ; {
		list, ok := x.([]any)
		if !ok {
			break
		}
		shape = append(shape, len(list))
		if len(list) == 0 {
			break
		}
		x = list[0]
	}
	if len(shape) != t.Rank() {
		return nil, fmt.Errorf("found a value of rank %d, expected %s", len(shape), t)
	}
	out, err := host.Alloc(t.Elem, shape)
	if err != nil {
		return nil, err
	}
	if t.Elem.Packed() {
		return nil, fmt.Errorf("%s cannot be given as JSON", t)
	}
	at := 0
	return out, fill(out, &at, v, shape)
}

func fill(t *host.Tensor, at *int, v any, shape []int) error {
	if list, ok := v.([]any); ok {
		if len(shape) == 0 || len(list) != shape[0] {
			return fmt.Errorf("the lists are not all of one length")
		}
		for _, it := range list {
			if err := fill(t, at, it, shape[1:]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(shape) != 0 {
		return fmt.Errorf("the lists are not all of one depth")
	}
	defer func() { *at++ }()
	switch v := v.(type) {
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		host.SetInt(t, *at, n)
		return nil
	case string:
		if x, err := strconv.ParseFloat(v, 64); err == nil && t.Elem.IsFloat() && notNumbers.MatchString(v) {
			host.SetFloat(t, *at, x)
			return nil
		}
	case json.Number:
		if n, err := v.Int64(); err == nil && !t.Elem.IsFloat() {
			host.SetInt(t, *at, n)
			return nil
		}
		x, err := v.Float64()
		const exact = 1 << 53 // beyond it, a number written as a float names no integer
		if err != nil || !t.Elem.IsFloat() && (x != math.Trunc(x) || math.Abs(x) > exact) {
			return fmt.Errorf("found %s, expected a number that %s holds", v, t.Elem)
		}
		host.SetFloat(t, *at, x)
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return fmt.Errorf("found %s, expected a number", text)
}
