package ir

import "fmt"

// MarshalText gives the text of a size that [ParseDim] reads as an equal one; the error is of a size without such a text, as invalid
// ones are.
func (d Dim) MarshalText() ([]byte, error) {
	text := d.String()
	if again, err := ParseDim(text); err != nil || !again.Equal(d) {
		return nil, fmt.Errorf("the size %s has no text that reads back as the same", text)
	}
	return []byte(text), nil
}

// UnmarshalText is [ParseDim].
func (d *Dim) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDim(string(text))
	return err
}
