// Package state holds the updates that a program makes to tensors it keeps from call to call, such as key/value caches.
// They are functional: the old value comes in, the new value goes out, and a function declares it as the update of a
// state. A backend writes in place where a pass has proved that nobody reads the old value any more.
package state
