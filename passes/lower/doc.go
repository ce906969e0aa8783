// Package lower turns calls of PyTorch operators into operations of the dialects.
//
// A [Table] maps a target such as aten.add.Tensor to a [Lowering], a function that reads the arguments of one call and
// builds the operations that compute it through a [Call]. [Standard] lists the lowerings aiopt comes with; users add
// their own with [Table.Add]. The pass decompose is [Table.Decompose].
//
// [Table.Status] says what becomes of a target, and why one has no lowering on purpose.
//
// Many targets, few operations: an entry is a line of a table where targets are alike, and some lines of Go otherwise.
// The package knows dialects only: nothing of files, backends or other passes.
package lower
