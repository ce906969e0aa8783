package ir

import "testing"

func TestDimText(t *testing.T) {
	n := Sym("N")
	for _, c := range []struct {
		dim  Dim
		want string // "" for none
	}{
		{Dim{}, "0"},
		{Const(-7), "-7"},
		{n.Mul(Const(2)).Add(Const(1)).FloorDiv(Sym("M")), "(2*N+1)//M"},
		{Sym("no name"), ""},
		{n.FloorDiv(Const(0)), ""},
	} {
		text, err := c.dim.MarshalText()
		if string(text) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%v: found %q (%v), expected %q", c.dim, text, err, c.want)
		}
		if again := n; err == nil && (again.UnmarshalText(text) != nil || !again.Equal(c.dim)) {
			t.Errorf("%q reads back as %v, expected %v", text, again, c.dim)
		}
	}
	if again := n; again.UnmarshalText([]byte("N+")) == nil {
		t.Errorf("an expression that does not end is read as %v", again)
	}
}
