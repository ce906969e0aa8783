package recipe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func treeOf(t *testing.T, src []byte) *node {
	t.Helper()
	r := &reporter{file: "r", seen: map[string]bool{}}
	n := parseTree(src, r)
	if len(r.errors) > 0 {
		t.Fatal(r.errors)
	}
	return n
}

// fits validates a value by the part of JSON schema that Schema uses; it refuses schemas that use more.
func fits(defs, s object, n *node, at string) error {
	for key := range s {
		if !slices.Contains([]string{"$schema", "title", "description", "$defs", "$ref", "type", "enum", "const", "minimum", "maximum", "items", "properties",
			"additionalProperties", "required", "anyOf", "oneOf"}, key) {
			return fmt.Errorf("%s: the schema uses %s", at, key)
		}
	}
	if ref, ok := s["$ref"].(string); ok {
		return fits(defs, defs[ref[len("#/$defs/"):]].(object), n, at)
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		choices, ok := s[key].([]any)
		if !ok {
			continue
		}
		fit := 0
		var err error
		for _, c := range choices {
			if e := fits(defs, c.(object), n, at); e != nil {
				err = e
			} else {
				fit++
			}
		}
		if fit == 0 || key == "oneOf" && fit != 1 {
			return fmt.Errorf("%s: %d choices of %s fit; %v", at, fit, key, err)
		}
		return nil
	}
	if word, ok := s["const"].(string); ok && n.text != word {
		return fmt.Errorf("%s: %s is not %s", at, n.text, word)
	}
	if words, ok := s["enum"].([]any); ok && !slices.Contains(words, any(n.text)) {
		return fmt.Errorf("%s: %s is not in %v", at, n.text, words)
	}
	kinds := map[string][]kind{"string": {kindText}, "integer": {kindInt}, "number": {kindInt, kindFloat, kindText}, "boolean": {kindBool}, "array": {kindList},
		"object": {kindMapping}, "null": {kindNull}}
	if name, ok := s["type"].(string); ok && !slices.Contains(kinds[name], n.kind) {
		return fmt.Errorf("%s: %s is no %s", at, n.describe(), name)
	}
	if least, ok := s["minimum"].(float64); ok && n.number() < least {
		return fmt.Errorf("%s: %s is below %v", at, n.text, least)
	}
	if most, ok := s["maximum"].(float64); ok && n.number() > most {
		return fmt.Errorf("%s: %s is above %v", at, n.text, most)
	}
	for _, item := range n.items {
		if of, ok := s["items"].(object); ok {
			if err := fits(defs, of, item, at+"[]"); err != nil {
				return err
			}
		}
	}
	props, _ := s["properties"].(object)
	for _, p := range n.pairs {
		of, ok := props[p.key].(object)
		if !ok {
			if of, ok = s["additionalProperties"].(object); !ok && s["additionalProperties"] == false {
				return fmt.Errorf("%s: there is no key %s", at, p.key)
			}
		}
		if of != nil {
			if err := fits(defs, of, p.value, join(at, p.key)); err != nil {
				return err
			}
		}
	}
	if required, ok := s["required"].([]any); ok {
		for _, key := range required {
			if n.get(key.(string)) == nil {
				return fmt.Errorf("%s: %s is missing", at, key)
			}
		}
	}
	return nil
}
