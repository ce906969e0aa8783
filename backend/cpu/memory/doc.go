// Package memory holds the memory outside of Go's heap that CPU engines compute in. A [Region] is one mapping, an [Arena] hands
// out blocks of its own regions and takes them back as values die, so that a session's memory is about what its largest
// call has alive at a time, and stays mapped from call to call.
package memory
