// Package runtime is the engine metal: it runs a module by its plan (packages plan and walk) on the GPU of a Mac, through Metal.framework, without
// cgo.
//
// It has not yet run on Apple hardware. What is known of it: it is compiled and vetted for darwin/arm64, and its tests run everything but the
// sending of messages on any system, against a stand-in for Metal (recorder_test.go) that computes what kernels compute and refuses what Metal
// refuses. Messages are sent in darwin.go alone, by the table in messages.go.
//
// A segment of the plan is encoded into command buffers, whose encoders run dispatches side by side but for the barriers that the plan asks for.
// Memory is shared with the host: weights are the pages of their files where these are aligned, states stay where kernels write them.
package runtime
