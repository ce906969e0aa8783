package tests

import (
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/tools/operators"
)

// TestCoreSet holds that every overload that PyTorch tags core is lowered, done by import, or refused with a reason.
func TestCoreSet(t *testing.T) {
	count := map[operators.Status]int{}
	for _, o := range operators.All(lower.Standard()) {
		if o.Schema == nil || !o.Schema.Core {
			continue
		}
		count[o.Status]++
		_, example := operators.Example(o.Call)
		switch {
		case o.Status == operators.Missing:
			t.Errorf("%s is missing", o.Name)
		case o.Status == operators.Lowered && !example:
			t.Errorf("%s has a lowering and no example that shows it works", o.Name)
		}
	}
	t.Logf("core set: %v", count)
	if total := count[operators.Lowered] + count[operators.Imported] + count[operators.Refused]; total < 190 {
		t.Errorf("the schema table tags %d overloads core, expected at least 190", total)
	}
	if count[operators.Lowered] < 170 {
		t.Errorf("%d overloads of the core set are lowered, expected at least 170", count[operators.Lowered])
	}
}

// TestRandomOperators holds that what draws random numbers is refused, or lowered with a limit; no value may differ from
// PyTorch's without a word.
func TestRandomOperators(t *testing.T) {
	refused, limited := 0, 0
	for _, o := range operators.All(lower.Standard()) {
		switch {
		case o.Schema == nil || !o.Schema.Random:
		case o.Status == operators.Refused:
			refused++
		case o.Limit != "":
			limited++
		case o.Status == operators.Lowered:
			t.Errorf("%s draws random numbers and is lowered; lower.Limits says nothing of it", o.Name)
		}
	}
	if refused < 120 || limited < 20 {
		t.Errorf("the schema table tags %d operators refused and %d lowered with a limit as random, expected at least 120 and 20", refused, limited)
	}
}

// TestCorpusTargets holds that the operators met in the corpora are known, but for custom ones.
func TestCorpusTargets(t *testing.T) {
	t.Parallel()
	cases, err := readCorpus()
	if err != nil {
		t.Fatal(err)
	}
	if cases.Total < 1050 {
		t.Errorf("the zips hold %d cases, expected at least 1050", cases.Total)
	}
	met := 0
	for _, o := range operators.All(aiopt.Standard().Lowerings) {
		if cases.Cases[o.Name] == 0 {
			continue
		}
		met++
		if o.Status >= operators.Refused {
			t.Errorf("%s is called by %d cases and is %s", o.Name, cases.Cases[o.Name], o.Status)
		}
	}
	if met < 500 {
		t.Errorf("the cases call %d overloads, expected at least 500", met)
	}
}
