package schedule_test

import (
	"reflect"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
)

// TestFacts changes each field of a target: the facts that plans are found by differ, or it is one of Proofs.
func TestFacts(t *testing.T) {
	var plain schedule.Target
	for i, f := range reflect.VisibleFields(reflect.TypeFor[schedule.Target]()) {
		if f.Anonymous {
			continue
		}
		changed := plain
		v := reflect.ValueOf(&changed).Elem().FieldByIndex(f.Index)
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(int64(i + 1))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(f.Type, 1, 1))
		case reflect.Func:
			v.Set(reflect.MakeFunc(f.Type, func([]reflect.Value) []reflect.Value { return nil }))
		default:
			t.Fatalf("the field %s is a %s, which this test does not change", f.Name, f.Type)
		}
		if same, proofs := changed.Facts() == plain.Facts(), len(f.Index) > 1; same != proofs {
			t.Errorf("%s: the facts are the same: %v, expected %v", f.Name, same, proofs)
		}
	}
}
