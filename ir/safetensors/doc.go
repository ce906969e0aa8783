// Package safetensors reads and writes the safetensors format: a JSON header that names tensors, then their bytes.
//
// A [File] is read from bytes that are mapped from disk, not copied; its tensors share them. The header may be hostile:
// every size is checked before it is used. Files that [Write] makes carry a CRC-32 of each tensor in their metadata.
//
// The package knows nothing of modules or models.
package safetensors
