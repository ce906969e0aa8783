// Package debugger shows models in a browser: their modules and operations, the source they come from, what runs compute,
// and where two runs part.
//
// A [Server] is on the loopback address only. It answers no request without its random token, from a page of another origin,
// or for another host name, and reads no source file but those that a model's locations name. Long work (opening a
// model, running it, comparing) is a job: it begins at once, tells how far it is on one stream of events, and can be cancelled.
//
// The page is written in TypeScript under web/ and bundled into dist/, which is part of the program. See docs/debugging.md.
package debugger
