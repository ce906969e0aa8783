package debugger

// edit is a run of lines that two texts share, and what follows it in each: a and b are where it begins.
type edit struct{ a, b, keep, removed, added int }

// mostSteps bounds the search for the shortest difference; what is left is one large change.
const mostSteps = 1000

// diff finds the lines that two texts share, in order (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986).
func diff(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	d := &differ{}
	d.keep(0, 0, head)
	for _, run := range shared(a[head:len(a)-tail], b[head:len(b)-tail]) {
		d.keep(head+run.a, head+run.b, run.keep)
	}
	d.keep(len(a)-tail, len(b)-tail, tail)
	d.keep(len(a), len(b), 0)
	return d.edits
}

// differ gathers runs of shared lines into edits.
type differ struct {
	edits []edit
	a, b  int // behind the last run
}

func (d *differ) keep(a, b, n int) {
	if at := len(d.edits) - 1; at >= 0 {
		d.edits[at].removed += a - d.a
		d.edits[at].added += b - d.b
	} else if a > 0 || b > 0 {
		d.edits = append(d.edits, edit{removed: a, added: b})
	}
	if n > 0 {
		d.edits = append(d.edits, edit{a: a, b: b, keep: n})
	}
	d.a, d.b = a+n, b+n
}

// shared lists the runs of lines that are in both texts; nothing where the search takes too long.
func shared(a, b []string) []edit {
	n, m := len(a), len(b)
	reach := map[int]int{1: 0} // the furthest place in a on each diagonal
	var trace []map[int]int
	for step := 0; step <= min(n+m, mostSteps); step++ {
		kept := make(map[int]int, 2*step+1)
		for k := -step; k <= step; k += 2 {
			x := reach[k-1] + 1
			if k == -step || k != step && reach[k-1] < reach[k+1] {
				x = reach[k+1]
			}
			y := x - k
			for x < n && y < m && a[x] == b[y] {
				x, y = x+1, y+1
			}
			reach[k], kept[k] = x, x
			if x >= n && y >= m {
				return backtrack(append(trace, kept), n, m)
			}
		}
		trace = append(trace, kept)
	}
	return nil
}

// backtrack follows the steps from the end, and gives the runs from the beginning.
func backtrack(trace []map[int]int, x, y int) []edit {
	var runs []edit
	for step := len(trace) - 1; step >= 0; step-- {
		k := x - y
		fromX, fromY := 0, 0
		if step > 0 {
			before := trace[step-1]
			left, hasLeft := before[k-1]
			down, hasDown := before[k+1]
			if !hasLeft || hasDown && left < down { // a line of b was added
				fromX, fromY = down, down-k-1
				if x > down {
					runs = append(runs, edit{a: down, b: down - k, keep: x - down})
				}
			} else {
				fromX, fromY = left, left-k+1
				if x > left+1 {
					runs = append(runs, edit{a: left + 1, b: left + 1 - k, keep: x - left - 1})
				}
			}
		} else if x > 0 {
			runs = append(runs, edit{keep: x})
		}
		x, y = fromX, fromY
	}
	for i, j := 0, len(runs)-1; i < j; i, j = i+1, j-1 {
		runs[i], runs[j] = runs[j], runs[i]
	}
	return runs
}
