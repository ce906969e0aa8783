package pt2

import "fmt"

// jsonPath says where in the JSON the byte at pos lies, such as graph.nodes[12].inputs[0]. It is made only for
// errors, so the decoder need not keep track.
func jsonPath(data []byte, pos int) string {
	type level struct {
		array bool
		index int
		key   string
	}
	var levels []level
	expectKey := false
	for i := 0; i < len(data) && i < pos; i++ {
		top := len(levels) - 1
		switch data[i] {
		case '{', '[':
			if len(levels) > maxDepth {
				break
			}
			levels = append(levels, level{array: data[i] == '['})
			expectKey = data[i] == '{'
		case '}', ']':
			levels = levels[:max(top, 0)]
			expectKey = false
		case ',':
			if top >= 0 {
				levels[top].index++
				expectKey = !levels[top].array
			}
		case '"':
			end := i + 1
			for end < len(data) && data[end] != '"' {
				if data[end] == '\\' {
					end++
				}
				end++
			}
			if expectKey && top >= 0 && end <= pos && end < len(data) {
				levels[top].key = string(data[i+1 : end])
				expectKey = false
			}
			i = end
		}
	}
	var path []byte
	for _, l := range levels {
		switch {
		case l.array:
			path = fmt.Appendf(path, "[%d]", l.index)
		case l.key == "":
		case isPlain(l.key):
			if len(path) > 0 {
				path = append(path, '.')
			}
			path = append(path, l.key...)
		default:
			path = fmt.Appendf(path, "[%.80q]", l.key)
		}
	}
	return string(path)
}

// isPlain reports whether a key needs no quotes in a path.
func isPlain(key string) bool {
	for i := range len(key) {
		c := key[i]
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(key) < 80
}
