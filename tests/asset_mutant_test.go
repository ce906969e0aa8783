package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/zipfile"
)

// mutant makes a changed asset as a script says: its bytes, its zip directory, or its entries with the sums around them
// right or wrong.
func mutant(s *script, good []byte) []byte {
	kind := one(s, mutants)
	if kind.file != nil {
		return kind.file(s, slices.Clone(good))
	}
	parts := kind.parts(s, assetParts(good))
	return packAsset(parts, s.pick(2) == 1)
}

// mutants change a file, or its entries, which are then packed again.
var mutants = []struct {
	file  func(s *script, file []byte) []byte
	parts func(s *script, parts []zipPart) []zipPart
}{
	{file: flipBits}, {file: flipBits}, {file: flipBits},
	{file: func(s *script, file []byte) []byte { return file[:s.pick(len(file)+1)] }},
	{file: func(s *script, file []byte) []byte { return one(s, zipMutations)(s, file) }},
	{file: directoryField},
	{file: swapOffsets},
	{file: repeatLine},
	{parts: func(s *script, parts []zipPart) []zipPart { return one(s, partMutations)(s, parts) }},
	{parts: swapContents},
	{parts: flipPart("weights.safetensors")},
	{parts: flipPart("manifest.json")},
	{parts: editLines("manifest.json")},
	{parts: editNumber("manifest.json", regexp.MustCompile(`\d+`))},
	{parts: editLines("program.air")}, {parts: editLines("program.air")},
	{parts: editNumber("program.air", regexp.MustCompile(`tensor<\d+|size \d+|crc "\d+`))},
	{parts: editNumber("weights.safetensors", regexp.MustCompile(`\[\d+|,\d+\]|":"\d+`))},
	{parts: swapTensors},
	{parts: inPlan(editLines(planPart))}, {parts: inPlan(flipPart(planPart))},
	{parts: inPlan(editNumber(planPart, regexp.MustCompile(`[\[,:]\d+|"\d+`)))},
}

const planPart = "kernels/launch.json"

// inPlan changes the launch plan where there is one, otherwise the program.
func inPlan(change func(s *script, parts []zipPart) []zipPart) func(s *script, parts []zipPart) []zipPart {
	other := editLines("program.air")
	return func(s *script, parts []zipPart) []zipPart {
		if slices.ContainsFunc(parts, func(p zipPart) bool { return p.name == planPart }) {
			return change(s, parts)
		}
		return other(s, parts)
	}
}

func flipBits(s *script, file []byte) []byte {
	for range 1 + s.pick(3) {
		file[s.pick(len(file))] ^= 1 << s.pick(8)
	}
	return file
}

// swapOffsets exchanges where two lines of the directory say that their entries are.
func swapOffsets(s *script, file []byte) []byte {
	lines := places(file, "PK\x01\x02")
	a, b := one(s, lines)+42, one(s, lines)+42
	for i := range 4 {
		file[a+i], file[b+i] = file[b+i], file[a+i]
	}
	return file
}

// repeatLine lists an entry of the directory once more.
func repeatLine(s *script, file []byte) []byte {
	lines := places(file, "PK\x01\x02")
	end := places(file, "PK\x05\x06")[0]
	i := s.pick(len(lines))
	line := slices.Clone(file[lines[i]:append(lines, end)[i+1]])
	file[end+8]++
	file[end+10]++
	size := int(file[end+12]) | int(file[end+13])<<8
	size += len(line)
	file[end+12], file[end+13] = byte(size), byte(size>>8)
	return slices.Insert(file, end, line...)
}

// places finds a mark.
func places(file []byte, mark string) []int {
	var at []int
	for from := 0; ; {
		i := bytes.Index(file[from:], []byte(mark))
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + len(mark)
	}
}

func swapContents(s *script, parts []zipPart) []zipPart {
	a, b := &parts[s.pick(len(parts))], &parts[s.pick(len(parts))]
	a.data, b.data = b.data, a.data
	return parts
}

func find(parts []zipPart, name string) *zipPart {
	return &parts[slices.IndexFunc(parts, func(p zipPart) bool { return p.name == name })]
}

func flipPart(name string) func(s *script, parts []zipPart) []zipPart {
	return func(s *script, parts []zipPart) []zipPart {
		p := find(parts, name)
		p.data = flipBits(s, slices.Clone(p.data))
		return parts
	}
}

// editLines drops, repeats or cuts lines of a text. None of these makes another valid program of a program: each line is
// defined once, and something uses it or nothing depends on it.
func editLines(name string) func(s *script, parts []zipPart) []zipPart {
	return func(s *script, parts []zipPart) []zipPart {
		p := find(parts, name)
		lines := bytes.SplitAfter(p.data, []byte("\n"))
		for range 1 + s.pick(2) {
			i := s.pick(len(lines))
			switch s.pick(4) {
			case 0, 1:
				lines = slices.Delete(slices.Clone(lines), i, i+1)
			case 2:
				lines = slices.Insert(slices.Clone(lines), i, lines[i])
			case 3:
				lines = append(slices.Clone(lines[:i]), lines[i][:s.pick(len(lines[i])+1)])
			}
			if len(lines) == 0 {
				break
			}
		}
		p.data = bytes.Join(lines, nil)
		return parts
	}
}

// editNumber puts another number behind what the pattern finds before it.
func editNumber(name string, pattern *regexp.Regexp) func(s *script, parts []zipPart) []zipPart {
	return func(s *script, parts []zipPart) []zipPart {
		p := find(parts, name)
		found := pattern.FindAllIndex(p.data, -1)
		if len(found) == 0 {
			return parts
		}
		at := one(s, found)
		text := string(p.data[at[0]:at[1]])
		digits := strings.TrimRight(text, "]")
		digits = digits[len(strings.TrimRight(digits, "0123456789")):]
		other := one(s, []string{"0", "1", "3", "7", "4294967295", "9223372036854775807", "99999999999999999999", "-1", digits + "0", digits[1:]})
		edited := strings.Replace(text, digits, other, 1)
		p.data = slices.Concat(p.data[:at[0]], []byte(edited), p.data[at[1]:])
		return parts
	}
}

// swapTensors exchanges the names of two tensors in the header of the weights, which keeps its length.
func swapTensors(s *script, parts []zipPart) []zipPart {
	p := find(parts, "weights.safetensors")
	names := regexp.MustCompile(`"([^"]+)":\{`).FindAllSubmatch(p.data, -1)
	if len(names) == 0 {
		return parts
	}
	a, b := one(s, names)[1], one(s, names)[1]
	quoted := func(name []byte) []byte { return []byte(`"` + string(name) + `":{`) }
	const aside = `"":{`
	data := bytes.Replace(p.data, quoted(a), []byte(aside), 1)
	data = bytes.Replace(data, quoted(b), quoted(a), 1)
	p.data = bytes.Replace(data, []byte(aside), quoted(b), 1)
	return parts
}

func assetParts(file []byte) []zipPart {
	z, err := zipfile.Read(file, "", zipfile.Options{MaxEntries: 100, MaxDirectory: 1 << 20})
	if err != nil {
		panic(err)
	}
	var parts []zipPart
	for _, e := range z.Entries {
		parts = append(parts, zipPart{e.Name, slices.Clone(e.Data)})
	}
	return parts
}

// zipMemory is a zip file in memory.
type zipMemory struct{ bytes.Buffer }

func (m *zipMemory) WriteAt(p []byte, at int64) (int, error) { return copy(m.Bytes()[at:], p), nil }

// packAsset packs entries as aiopt does; with fix, the manifest states their sizes and sums.
func packAsset(parts []zipPart, fix bool) []byte {
	out := &zipMemory{}
	z := zipfile.NewWriter(out)
	var sums []asset.Part
	for _, p := range parts {
		if p.name == "manifest.json" && fix {
			p.data = withEntries(p.data, sums)
		}
		e, err := z.Add(p.name, int64(len(p.data)), func(w io.Writer) error {
			_, err := w.Write(p.data)
			return err
		})
		if err != nil {
			panic(err)
		}
		sums = append(sums, asset.Part{Name: p.name, Size: e.Size, SHA256: fmt.Sprintf("%x", e.SHA256)})
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// withEntries puts a list of entries into the text of a manifest that may be damaged.
func withEntries(text []byte, list []asset.Part) []byte {
	at := bytes.LastIndex(text, []byte(`"entries"`))
	if at < 0 {
		return text
	}
	entries, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return slices.Concat(text[:at], []byte(`"entries": `), entries, []byte("}"))
}
