package runtime

import "unsafe"

// object is an Objective-C object; 0 is nil.
type object uintptr

// kind is how an argument or result is passed. All arguments here are integers, or addresses that go where integers go; at most six of them follow
// the receiver and the selector, so that the eight registers of AAPCS64 hold them all.
type kind uint8

const (
	none     kind = iota
	anObject      // id
	integer       // NSUInteger, NSInteger, BOOL, an enumeration, or a byte
	boolean       // BOOL; of results only, of which the lowest byte counts
	text          // SEL
	address       // of memory of the host
	size          // MTLSize, a structure of three NSUInteger: of more than 16 bytes, so AAPCS64 passes the address of a copy (section 6.8.2, rule B.4)
	span          // NSRange, a structure of two NSUInteger: of 16 bytes, so it takes two registers (rule C.12)
	float         // double; of results only, which come in a register of their own
)

// registers is how many an argument takes.
func (k kind) registers() int {
	if k == span {
		return 2
	}
	return 1
}

// message is one that the package sends.
type message struct {
	to       string // the class or protocol that has it
	selector string
	args     []kind // one for each colon of the selector
	result   kind
}

// name of a message in the table.
type name int

const (
	alloc name = iota
	newObject
	initWithBytes
	respondsTo
	retain
	release
	utf8
	byteLength
	description
	deviceName
	maxBuffer
	maxShared
	newQueue
	newBuffer
	newBufferOver
	contents
	newLibrary
	setMathMode
	setFunctions
	setFastMath
	newFunction
	setFunction
	setMostThreads
	newPipeline
	mostThreads
	width
	shared
	commandBuffer
	computeEncoder
	setPipeline
	setBuffer
	setBytes
	barrier
	dispatch
	endEncoding
	blitEncoder
	fill
	copyBytes
	commit
	wait
	status
	bufferError
	started
	ended
	names // how many there are
)

// messages are all that are sent. Signatures are those of Apple's documentation of Metal and Foundation.
var messages = [names]message{
	alloc:         {"NSObject", "alloc", nil, anObject},
	newObject:     {"NSObject", "new", nil, anObject},
	initWithBytes: {"NSString", "initWithBytes:length:encoding:", []kind{address, integer, integer}, anObject},
	respondsTo:    {"NSObject", "respondsToSelector:", []kind{text}, boolean},
	retain:        {"NSObject", "retain", nil, anObject},
	release:       {"NSObject", "release", nil, none},
	utf8:          {"NSString", "UTF8String", nil, address},
	byteLength:    {"NSString", "lengthOfBytesUsingEncoding:", []kind{integer}, integer},
	description:   {"NSError", "localizedDescription", nil, anObject},

	deviceName:    {"MTLDevice", "name", nil, anObject},
	maxBuffer:     {"MTLDevice", "maxBufferLength", nil, integer},
	maxShared:     {"MTLDevice", "maxThreadgroupMemoryLength", nil, integer},
	newQueue:      {"MTLDevice", "newCommandQueue", nil, anObject},
	newBuffer:     {"MTLDevice", "newBufferWithLength:options:", []kind{integer, integer}, anObject},
	newBufferOver: {"MTLDevice", "newBufferWithBytesNoCopy:length:options:deallocator:", []kind{address, integer, integer, anObject}, anObject},
	contents:      {"MTLBuffer", "contents", nil, address},

	newLibrary:     {"MTLDevice", "newLibraryWithSource:options:error:", []kind{anObject, anObject, address}, anObject},
	setMathMode:    {"MTLCompileOptions", "setMathMode:", []kind{integer}, none},
	setFunctions:   {"MTLCompileOptions", "setMathFloatingPointFunctions:", []kind{integer}, none},
	setFastMath:    {"MTLCompileOptions", "setFastMathEnabled:", []kind{integer}, none},
	newFunction:    {"MTLLibrary", "newFunctionWithName:", []kind{anObject}, anObject},
	setFunction:    {"MTLComputePipelineDescriptor", "setComputeFunction:", []kind{anObject}, none},
	setMostThreads: {"MTLComputePipelineDescriptor", "setMaxTotalThreadsPerThreadgroup:", []kind{integer}, none},
	newPipeline:    {"MTLDevice", "newComputePipelineStateWithDescriptor:options:reflection:error:", []kind{anObject, integer, address, address}, anObject},
	mostThreads:    {"MTLComputePipelineState", "maxTotalThreadsPerThreadgroup", nil, integer},
	width:          {"MTLComputePipelineState", "threadExecutionWidth", nil, integer},
	shared:         {"MTLComputePipelineState", "staticThreadgroupMemoryLength", nil, integer},

	commandBuffer:  {"MTLCommandQueue", "commandBuffer", nil, anObject},
	computeEncoder: {"MTLCommandBuffer", "computeCommandEncoderWithDispatchType:", []kind{integer}, anObject},
	setPipeline:    {"MTLComputeCommandEncoder", "setComputePipelineState:", []kind{anObject}, none},
	setBuffer:      {"MTLComputeCommandEncoder", "setBuffer:offset:atIndex:", []kind{anObject, integer, integer}, none},
	setBytes:       {"MTLComputeCommandEncoder", "setBytes:length:atIndex:", []kind{address, integer, integer}, none},
	barrier:        {"MTLComputeCommandEncoder", "memoryBarrierWithScope:", []kind{integer}, none},
	dispatch:       {"MTLComputeCommandEncoder", "dispatchThreads:threadsPerThreadgroup:", []kind{size, size}, none},
	endEncoding:    {"MTLCommandEncoder", "endEncoding", nil, none},
	blitEncoder:    {"MTLCommandBuffer", "blitCommandEncoder", nil, anObject},
	fill:           {"MTLBlitCommandEncoder", "fillBuffer:range:value:", []kind{anObject, span, integer}, none},
	copyBytes:      {"MTLBlitCommandEncoder", "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:", []kind{anObject, integer, anObject, integer, integer}, none},
	commit:         {"MTLCommandBuffer", "commit", nil, none},
	wait:           {"MTLCommandBuffer", "waitUntilCompleted", nil, none},
	status:         {"MTLCommandBuffer", "status", nil, integer},
	bufferError:    {"MTLCommandBuffer", "error", nil, anObject},
	started:        {"MTLCommandBuffer", "GPUStartTime", nil, float},
	ended:          {"MTLCommandBuffer", "GPUEndTime", nil, float},
}

// Values of enumerations, by their names in Metal's headers.
const (
	storageShared       = 0 // MTLResourceStorageModeShared
	dispatchConcurrent  = 1 // MTLDispatchTypeConcurrent
	scopeBuffers        = 1 // MTLBarrierScopeBuffers
	mathSafe            = 0 // MTLMathModeSafe
	functionsPrecise    = 1 // MTLMathFloatingPointFunctionsPrecise
	pipelineNoOptions   = 0 // MTLPipelineOptionNone
	bufferCompleted     = 4 // MTLCommandBufferStatusCompleted
	encodingUTF8        = 4 // NSUTF8StringEncoding
	mostSetBytes        = 4 << 10
	blitAlignment       = 4 // of offsets and lengths of a blit on macOS
	simdThreads         = 32
	mostBuffersOfKernel = 31
)

// argument is what a message brings.
type argument struct {
	kind   kind
	number uintptr // of an object, integer, selector or span, or an address of memory that does not move
	second uintptr // of a span
	memory unsafe.Pointer
}

func obj(o object) argument        { return argument{kind: anObject, number: uintptr(o)} }
func num(n int) argument           { return argument{kind: integer, number: uintptr(n)} }
func at(p unsafe.Pointer) argument { return argument{kind: address, memory: p} }
func pages(place uintptr) argument { return argument{kind: address, number: place} }
func sel(n name) argument          { return argument{kind: text, number: uintptr(n)} }
func rangeOf(from, length int) argument {
	return argument{kind: span, number: uintptr(from), second: uintptr(length)}
}
func sizeOf(n [3]int) argument {
	copied := [3]uintptr{uintptr(n[0]), uintptr(n[1]), uintptr(n[2])}
	return argument{kind: size, memory: unsafe.Pointer(&copied)}
}
