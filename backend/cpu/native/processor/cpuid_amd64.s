#include "textflag.h"

// func featuresOfLeaf1() uint32
TEXT ·featuresOfLeaf1(SB), NOSPLIT, $0-4
	MOVL $1, AX
	MOVL $0, CX
	CPUID
	MOVL CX, ret+0(FP)
	RET
