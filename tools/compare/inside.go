package compare

import "strings"

// InsideKernel reports a tensor that a run computes, and does not show because an engine runs the kernel around it as a whole.
func (u Unmatched) InsideKernel() bool { return strings.HasPrefix(u.Reason, insideKernel) }
