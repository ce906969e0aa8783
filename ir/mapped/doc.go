// Package mapped handles the memory of mapped files.
package mapped
