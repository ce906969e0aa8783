package check

// casts turns `(device T *)x` into `aiopt_cast<device T *>(x)`, which the strict pass checks.
func (t *text) casts() []edit {
	var edits []edit
	for i, k := range t.tokens {
		if !k.is("(") || !t.opens(i) {
			continue
		}
		closed := t.match[i]
		if !t.tok(closed-1).is("*") || !t.spaced(i+1, closed) || t.tok(i-1).kind == word && !t.tok(i-1).is("return") {
			continue
		}
		end := t.operand(closed + 1)
		if end <= closed+1 {
			continue
		}
		edits = append(edits,
			edit{k.at, k.end(), "aiopt_cast<"}, edit{t.tokens[closed].at, t.tokens[closed].end(), ">("},
			edit{t.tokens[end-1].end(), t.tokens[end-1].end(), ")"})
	}
	return edits
}

// operand gives the token after what a cast is of: prefix operators, a name or parentheses, and what follows them.
func (t *text) operand(i int) int {
	for t.tok(i).is("*") || t.tok(i).is("&") || t.tok(i).is("-") || t.tok(i).is("+") || t.tok(i).is("~") || t.tok(i).is("!") {
		i++
	}
	switch k := t.tok(i); {
	case k.is("(") && t.opens(i):
		cast := t.tok(t.match[i]-1).is("*") && t.spaced(i+1, t.match[i])
		i = t.match[i] + 1
		if cast {
			return t.operand(i)
		}
	case k.kind == word || k.kind == number:
		if angle := t.constructs(i); angle >= 0 {
			i = angle
		}
		i++
	default:
		return i
	}
	for {
		switch k := t.tok(i); {
		case (k.is("[") || k.is("(")) && t.opens(i):
			i = t.match[i] + 1
		case (k.is(".") || k.is("->") || k.is("::")) && t.tok(i+1).kind == word:
			i += 2
			if angle := t.constructs(i - 1); angle >= 0 {
				i = angle + 1
			}
		case k.is("++") || k.is("--"):
			i++
		default:
			return i
		}
	}
}
