package host

import (
	"strconv"
	"strings"
)

// ShapeText shows a shape to people as types have it, such as 3x256; with less than two axes as [256] and [].
func ShapeText(shape []int) string {
	sizes := make([]string, len(shape))
	for i, d := range shape {
		sizes[i] = strconv.Itoa(d)
	}
	if len(shape) < 2 {
		return "[" + strings.Join(sizes, "") + "]"
	}
	return strings.Join(sizes, "x")
}
