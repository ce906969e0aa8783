// Package zipfile reads and writes zip files whose entries are stored without compression, so that they can be used
// where they lie in the mapped file.
//
// A file may be hostile: the directory is bounded, names stay below one folder, and every entry lies inside the file. What
// is wrong is an [Error] that names the file and the entry. [Writer] makes the stricter form that [File.CheckLayout]
// holds a file to: aligned entries one behind the other, and nothing between them.
//
// The package knows nothing of what the entries mean.
package zipfile
