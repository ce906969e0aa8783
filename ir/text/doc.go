// Package text reads and writes the .air text form of a module.
//
// [Parse] turns text into an [ir.Module] or into [Diagnostics], which show where each mistake is; [Print] writes the one
// canonical text of a module, so that Parse(Print(m)) is m and printing again gives the same bytes. The grammar of the
// file is declared as tags in grammar.go; the list of operations, where nearly all the text is, is read by hand in
// body.go, and a tag form of it in the tests holds both equal.
//
// The package knows no concrete operation (a registry gives their definitions), does not verify what it read, and opens
// no other file.
package text
