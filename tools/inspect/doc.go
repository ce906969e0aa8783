// Package inspect sums up what is in a model: its functions, operations and weights, for people and for scripts.
package inspect
