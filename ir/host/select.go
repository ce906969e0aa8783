package host

import (
	"fmt"
	"math/bits"
)

// TopK gives the k largest elements along an axis, or the smallest, and where they are, as i64. NaN is the greatest.
// Among equal elements, and without sorted in the order of the result, it chooses as PyTorch on a CPU does.
func TopK(p Parallel, t *Tensor, axis, k int, largest, sorted bool) (values, index *Tensor, err error) {
	return rankLanes(p, t, axis, k, largest, func(list, _ []ranked) []ranked {
		selectTop(list, k, sorted)
		return list
	})
}

// KthValue gives the element along an axis that has k smaller ones before it when sorted, and where it is, as i64: values
// and index have size 1 on the axis. NaN is the greatest. Among equal elements it chooses as PyTorch on a CPU does.
func KthValue(p Parallel, t *Tensor, axis, k int) (values, index *Tensor, err error) {
	if k < 0 || k >= t.Shape[axis] {
		return nil, nil, fmt.Errorf("element %d of an axis of size %d", k, t.Shape[axis])
	}
	return rankLanes(p, t, axis, 1, false, func(list, _ []ranked) []ranked {
		quickSelect(list, k)
		return list[k:]
	})
}

// Mode gives the most frequent element along an axis, the smallest of several, and where it is, as i64: values and index have
// size 1 on the axis. Among equal elements it chooses as PyTorch on a CPU does.
func Mode(p Parallel, t *Tensor, axis int) (values, index *Tensor, err error) {
	return rankLanes(p, t, axis, 1, false, func(list, _ []ranked) []ranked {
		introSort(list)
		best, most, run := 0, 0, 0
		for i, r := range list {
			if run++; i == len(list)-1 || list[i+1].key != r.key {
				if run > most {
					best, most = i, run
				}
				run = 0
			}
		}
		return list[best:]
	})
}

// quickSelect brings element k to its place. Which of equal ones that is follows from each swap, as in PyTorch.
func quickSelect(list []ranked, k int) {
	order := func(a, b int) { // puts the smaller one of two at a
		if list[a].key > list[b].key {
			list[a], list[b] = list[b], list[a]
		}
	}
	lo, hi := 0, len(list)-1
	for hi > lo+1 {
		mid := lo + (hi-lo)/2
		list[mid], list[lo+1] = list[lo+1], list[mid]
		order(lo+1, hi)
		order(lo, hi)
		order(lo+1, lo)
		i, j, pivot := lo+1, hi, list[lo].key
		for {
			for i++; list[i].key < pivot; i++ {
			}
			for j--; list[j].key > pivot; j-- {
			}
			if j < i {
				break
			}
			list[i], list[j] = list[j], list[i]
		}
		list[lo], list[j] = list[j], list[lo]
		if j <= k {
			lo = i
		}
		if j >= k {
			hi = j - 1
		}
	}
	if hi == lo+1 {
		order(lo, hi)
	}
}

// The algorithms below are those of libstdc++, which PyTorch's topk and mode call: which of several equal elements come first
// follows from every single swap, so they are written out here. None of them is stable.

// selectTop brings the k elements with the smallest keys to the front.
func selectTop(list []ranked, k int, sorted bool) {
	switch {
	case k == 0:
	case k*64 <= len(list):
		partialSort(list, k)
	default:
		nthElement(list, k-1)
		if sorted {
			introSort(list[:k-1])
		}
	}
}

// partialSort is std::partial_sort.
func partialSort(list []ranked, k int) {
	heapSelect(list, k)
	for n := k; n > 1; n-- {
		popHeap(list, n-1, n-1)
	}
}

// heapSelect makes the k smallest a heap at the front, the largest of them first.
func heapSelect(list []ranked, k int) {
	for parent := (k - 2) / 2; k >= 2 && parent >= 0; parent-- {
		siftDown(list[:k], parent, list[parent])
	}
	for i := k; i < len(list); i++ {
		if list[i].key < list[0].key {
			popHeap(list, k, i)
		}
	}
}

// popHeap moves the first of a heap of n elements to place to, whose element joins the heap.
func popHeap(list []ranked, n, to int) {
	value := list[to]
	list[to] = list[0]
	siftDown(list[:n], 0, value)
}

// siftDown is std::__adjust_heap: the hole sinks to a leaf, then value rises from there.
func siftDown(heap []ranked, hole int, value ranked) {
	top, n := hole, len(heap)
	child := hole
	for child < (n-1)/2 {
		child = 2 * (child + 1)
		if heap[child].key < heap[child-1].key {
			child--
		}
		heap[hole] = heap[child]
		hole = child
	}
	if n%2 == 0 && child == (n-2)/2 {
		child = 2*child + 1
		heap[hole] = heap[child]
		hole = child
	}
	for hole > top {
		parent := (hole - 1) / 2
		if heap[parent].key >= value.key {
			break
		}
		heap[hole] = heap[parent]
		hole = parent
	}
	heap[hole] = value
}

// nthElement is std::nth_element.
func nthElement(list []ranked, nth int) {
	first, last := 0, len(list)
	for depth := maxDepth(last); last-first > 3; depth-- {
		if depth == 0 {
			heapSelect(list[first:last], nth+1-first)
			list[first], list[nth] = list[nth], list[first]
			return
		}
		if cut := first + partition(list[first:last]); cut <= nth {
			first = cut
		} else {
			last = cut
		}
	}
	insertionSort(list[first:last])
}

// introSort is std::sort.
func introSort(list []ranked) {
	introLoop(list, maxDepth(len(list)))
	if len(list) <= 16 {
		insertionSort(list)
		return
	}
	insertionSort(list[:16])
	for i := 16; i < len(list); i++ {
		insertBack(list, i)
	}
}

func introLoop(list []ranked, depth int) {
	for len(list) > 16 {
		if depth == 0 {
			partialSort(list, len(list))
			return
		}
		depth--
		cut := partition(list)
		introLoop(list[cut:], depth)
		list = list[:cut]
	}
}

// maxDepth is twice the logarithm, the partitions after which the heap takes over.
func maxDepth(n int) int { return 2 * (bits.Len(uint(max(n, 1))) - 1) }

// partition is std::__unguarded_partition_pivot: it cuts the list around the median of three elements.
func partition(list []ranked) int {
	medianFirst(list, 1, len(list)/2, len(list)-1)
	pivot := list[0].key
	lo, hi := 1, len(list)
	for {
		for list[lo].key < pivot {
			lo++
		}
		hi--
		for pivot < list[hi].key {
			hi--
		}
		if lo >= hi {
			return lo
		}
		list[lo], list[hi] = list[hi], list[lo]
		lo++
	}
}

// medianFirst swaps the median of three elements to the front.
func medianFirst(list []ranked, a, b, c int) {
	at := a
	switch ka, kb, kc := list[a].key, list[b].key, list[c].key; {
	case ka < kb && kb < kc:
		at = b
	case ka < kb && ka < kc:
		at = c
	case ka < kb || ka < kc:
	case kb < kc:
		at = c
	default:
		at = b
	}
	list[0], list[at] = list[at], list[0]
}

func insertionSort(list []ranked) {
	for i := 1; i < len(list); i++ {
		if list[i].key < list[0].key {
			value := list[i]
			copy(list[1:i+1], list[:i])
			list[0] = value
			continue
		}
		insertBack(list, i)
	}
}

// insertBack moves element i to its place among those before it, one of which is not larger.
func insertBack(list []ranked, i int) {
	value := list[i]
	for ; value.key < list[i-1].key; i-- {
		list[i] = list[i-1]
	}
	list[i] = value
}
