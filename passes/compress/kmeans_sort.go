package compress

import "math"

// newLine sorts finite numbers and joins equal ones. weights may be nil: all are 1 then. Numbers with weights that are very
// small beside the greatest one count as if they had a little, so that every number has a mean.
func newLine(x []float32, weights []float64) line {
	if weights == nil {
		keys := make([]uint32, len(x))
		for i, v := range x {
			keys[i] = floatKey(v)
		}
		sortKeys(keys, 0)
		return countedLine(keys)
	}
	out := line{make([]float32, 0, len(x)), make([]float64, 0, len(x))}
	keys, least := make([]uint64, len(x)), leastOf(weights)
	for i, v := range x {
		keys[i] = uint64(floatKey(v))<<32 | uint64(uint32(i))
	}
	sortKeys(keys, 32)
	for i := 0; i < len(keys); {
		k, w := uint32(keys[i]>>32), 0.0
		for i < len(keys) && uint32(keys[i]>>32) == k {
			w += max(weights[uint32(keys[i])], least)
			i++
		}
		out.v, out.w = append(out.v, keyFloat(k)), append(out.w, w)
	}
	return out
}

// countedLine makes a line of sorted keys, whose weights are how often they are there.
func countedLine(keys []uint32) line {
	v, w, n := make([]float32, len(keys)), make([]float64, len(keys)), 0
	for i, k := range keys {
		if i > 0 && k != keys[i-1] {
			n++
		}
		v[n] = keyFloat(k)
		w[n]++
	}
	n = min(n+1, len(keys))
	return line{v[:n], w[:n]}
}

// leastWeight is the least weight of a number, as a part of the greatest.
const leastWeight = 1e-12

// floatKey orders finite floats as unsigned integers; both zeros are the same.
func floatKey(v float32) uint32 {
	b := math.Float32bits(v + 0) // -0 + 0 is 0
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

func keyFloat(k uint32) float32 {
	return math.Float32frombits(k ^ (uint32(int32(^k)>>31) | 1<<31))
}

// sortKeys sorts by the 32 bits from bit low on, 11 at a time, and keeps the order of equal ones.
func sortKeys[K uint32 | uint64](keys []K, low int) {
	const digits, width = 3, 11
	var count [digits][1 << width]uint32
	for _, k := range keys {
		k >>= low
		for d := range digits {
			count[d][k>>(d*width)&(1<<width-1)]++
		}
	}
	from, to := keys, make([]K, len(keys))
	for d := range digits {
		c, at, one := &count[d], uint32(0), false
		for i, n := range c {
			one = one || n == uint32(len(keys))
			c[i] = at
			at += n
		}
		if one { // all have the same digit
			continue
		}
		for _, k := range from {
			slot := &c[k>>(low+d*width)&(1<<width-1)]
			to[*slot] = k
			*slot++
		}
		from, to = to, from
	}
	if len(keys) > 0 && &from[0] != &keys[0] {
		copy(keys, from)
	}
}
