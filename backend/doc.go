// Package backend says what every engine that runs modules offers.
//
// A [Backend] compiles a module into a [Program], which never changes and may be used by several goroutines; a [Session]
// of a program holds the values of its states between calls. What engines share at a call is here too: [Sizes] binds
// the symbols of a function from the shapes of its inputs and checks ranges and guards.
//
// [Executor] is how passes run models. Beside that, the package knows neither passes nor frontends.
package backend
