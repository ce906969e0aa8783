package check

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
)

// lines finds the line of the text that an address of an executable was compiled from.
type lines struct {
	rows  []row // by address
	calls []call
}

// row says that code from an address on, to the next row, is of a line; 0 is a line of another file.
type row struct {
	pc   uint64
	line int
}

// call is a range of code that was inlined where a line of the text called a function.
type call struct {
	low, high uint64
	line      int // 0 where another file called it
}

// readLines reads the debug information of an executable for a source.
func readLines(path, source string) (*lines, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return nil, fmt.Errorf("%s has no debug information: %w", path, err)
	}
	l := &lines{}
	r := data.Reader()
	for {
		unit, err := r.Next()
		if err != nil || unit == nil {
			slices.SortStableFunc(l.rows, func(a, b row) int { return compare(a.pc, b.pc) })
			return l, err
		}
		if unit.Tag != dwarf.TagCompileUnit {
			r.SkipChildren()
			continue
		}
		if err := l.unit(data, r, unit, source); err != nil {
			return nil, err
		}
	}
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// unit reads the rows and inlined calls of a compile unit.
func (l *lines) unit(data *dwarf.Data, r *dwarf.Reader, unit *dwarf.Entry, source string) error {
	table, err := data.LineReader(unit)
	if err != nil || table == nil {
		r.SkipChildren()
		return err
	}
	var entry dwarf.LineEntry
	for {
		if err := table.Next(&entry); err != nil {
			break // the end, or rows that cannot be read: what is known stays
		}
		line := 0
		if entry.File != nil && base(entry.File.Name) == base(source) && !entry.EndSequence {
			line = entry.Line
		}
		l.rows = append(l.rows, row{entry.Address, line})
	}
	files := table.Files()
	depth := 0
	if !unit.Children {
		return nil
	}
	for {
		e, err := r.Next()
		if err != nil {
			return err
		}
		if e == nil {
			return errors.New("the debug information ends inside of a unit")
		}
		if e.Tag == 0 {
			if depth == 0 {
				return nil
			}
			depth--
			continue
		}
		if e.Children {
			depth++
		}
		if e.Tag != dwarf.TagInlinedSubroutine {
			continue
		}
		at := 0
		n, _ := e.Val(dwarf.AttrCallFile).(int64)
		if n >= 0 && int(n) < len(files) && files[n] != nil && base(files[n].Name) == base(source) {
			line, _ := e.Val(dwarf.AttrCallLine).(int64)
			at = int(line)
		}
		ranges, err := data.Ranges(e)
		if err != nil {
			return err
		}
		for _, g := range ranges {
			l.calls = append(l.calls, call{g[0], g[1], at})
		}
	}
}

// base is the name behind the last slash.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

// line gives the line of an address, or 0. Code of the header counts for the innermost line of the text that called it.
func (l *lines) line(pc uint64) int {
	i, exact := slices.BinarySearchFunc(l.rows, pc, func(r row, pc uint64) int { return compare(r.pc, pc) })
	if !exact {
		i--
	} else {
		for i+1 < len(l.rows) && l.rows[i+1].pc == pc {
			i++
		}
	}
	if i >= 0 && l.rows[i].line > 0 {
		return l.rows[i].line
	}
	best, width := 0, ^uint64(0)
	for _, c := range l.calls {
		if c.low <= pc && pc < c.high && c.line > 0 && c.high-c.low <= width { // the innermost comes last
			best, width = c.line, c.high-c.low
		}
	}
	return best
}
