package pass

import (
	"fmt"
	"strings"
)

// Meant suggests, for a message, the name that is nearest, or those that a part of is given: nn.sdpa for sdpa.
func Meant(name string, names []string) string {
	if n := Nearest(name, names); n != "" {
		return fmt.Sprintf("; did you mean %s?", n)
	}
	const least, most = 3, 4 // letters, names
	if len(name) < least {
		return ""
	}
	var within []string
	for _, n := range names {
		switch {
		case strings.HasSuffix(n, "."+name):
			return fmt.Sprintf("; did you mean %s?", n)
		case strings.Contains(n, name):
			within = append(within, n)
		}
	}
	if len(within) == 0 {
		return ""
	}
	if len(within) > most {
		within = append(within[:most], "...")
	}
	return "; names with it are " + strings.Join(within, ", ")
}
