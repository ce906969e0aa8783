package msl

import (
	"slices"
	"strconv"
	"strings"
)

// names gives each thing of a function a name that it has alone.
type names map[string]bool

// give makes a name of a hint: itself, or with the first number behind it that is free.
func (n names) give(hint string) string {
	if strings.HasPrefix(hint, "__") || strings.HasPrefix(strings.ToLower(hint), "aiopt") {
		hint = "x" + hint
	}
	name := hint
	for i := 2; n[name] || slices.Contains(words, name); i++ {
		name = hint + strconv.Itoa(i)
		if last := hint[len(hint)-1]; last >= '0' && last <= '9' {
			name = hint + "_" + strconv.Itoa(i)
		}
	}
	n[name] = true
	return name
}

// words are what no name of ours may be: words of C++ and Metal, types, and what the text calls.
var words = strings.Fields(`
alignas alignof and asm auto bool break case catch char class const constexpr continue default delete do double else enum explicit
export extern false float for friend goto if inline int long mutable namespace new not operator or private protected public register
return short signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual void
volatile while xor main NULL
constant device kernel thread threadgroup threadgroup_imageblock ray_data vertex fragment metal mpp precise fast tensor extents dextents
tensor_handle half bfloat uchar ushort uint ulong size_t vec array atomic_int atomic_uint
char2 char4 uchar2 uchar4 short2 short4 ushort2 ushort4 int2 int3 int4 uint2 uint3 uint4 long2 ulong2 half2 half4 bfloat2 bfloat4
float2 float3 float4 bool2 bool4 simdgroup_float8x8 simdgroup_half8x8 simdgroup_bfloat8x8
abs all any ceil clamp exp exp2 floor fma isnan log log2 max min rint round rsqrt select sin cos sqrt tanh trunc as_type
simd_sum simd_max simd_min simd_any simd_shuffle simdgroup_load simdgroup_store simdgroup_multiply_accumulate
threadgroup_barrier mem_flags memory_order_relaxed atomic_store_explicit
INFINITY NAN HUGE_VALF MAXFLOAT CHAR_MAX CHAR_MIN UCHAR_MAX SHRT_MAX SHRT_MIN USHRT_MAX INT_MAX INT_MIN UINT_MAX LONG_MAX LONG_MIN ULONG_MAX
FLT_MAX FLT_MIN FLT_EPSILON HALF_MAX HALF_MIN HALF_EPSILON M_PI_F M_PI_2_F M_1_PI_F M_E_F M_LN2_F M_LOG2E_F M_SQRT2_F
`)
