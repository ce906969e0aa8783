package ir

import (
	"slices"
	"testing"
)

func TestClasses(t *testing.T) {
	m := &Module{}
	m.AddClasses(Class{"fc", "a.Linear"}, Class{"", "b.Model"}, Class{"fc", "a.Linear"})
	other := &Module{}
	other.AddClasses(Class{"fc", "a.Conv"}, Class{"fc.sub", "a.Linear"}, Class{"", "b.Model"})
	c := m.Clone()
	if err := m.Merge(other); err != nil {
		t.Fatal(err)
	}
	want := []Class{{"", "b.Model"}, {"fc", "a.Conv"}, {"fc", "a.Linear"}, {"fc.sub", "a.Linear"}}
	if !slices.Equal(m.Classes, want) {
		t.Errorf("found %v, expected %v", m.Classes, want)
	}
	if len(c.Classes) != 2 {
		t.Errorf("the copy has %v", c.Classes)
	}
	for path, want := range map[string]int{"": 1, "fc": 2, "fc.su": 0, "fc.sub": 1, "z": 0} {
		if got := m.ClassesOf(path); len(got) != want {
			t.Errorf("%q has %v, expected %d", path, got, want)
		}
	}
}
