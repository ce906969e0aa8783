package debugger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestPlaneOfPacked: a plane of packed numbers is that of the unpacked ones, and the others stay packed.
func TestPlaneOfPacked(t *testing.T) {
	for _, elem := range []host.Elem{host.U4, host.I4, host.F4E2M1, host.U3} {
		whole := host.New(host.F32, 2, 3, 5, 7) // rows that end within a byte
		for i := range whole.Len() {
			host.SetFloat(whole, i, float64(i%4))
		}
		packed, err := host.Pack(whole, elem)
		if err != nil {
			t.Fatal(err)
		}
		for a := range 2 {
			for b := range 3 {
				r := httptest.NewRequest("GET", fmt.Sprintf("/?at=%d,%d", a, b), nil)
				got, at, err := plane(r, packed)
				if err != nil {
					t.Fatal(err)
				}
				want, _, err := plane(r, host.Unpack(packed))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(at, []int{a, b}) || !slices.Equal(got.Shape, []int{5, 7}) || !slices.Equal(numbers(got), numbers(want)) {
					t.Errorf("%s at %v: got %v, want %v", elem, at, numbers(got), numbers(want))
				}
			}
		}
	}
	large := host.New(host.U4, 1<<12, 32, 32)
	if n := allocated(func() {
		if _, _, err := plane(httptest.NewRequest("GET", "/?at=9", nil), large); err != nil {
			t.Error(err)
		}
	}); n > 1<<16 {
		t.Errorf("%d bytes are allocated for a plane of 1024", n)
	}
	if got, _, err := plane(httptest.NewRequest("GET", "/", nil), host.New(host.U4, 3)); err != nil || !slices.Equal(got.Shape, []int{1, 3}) {
		t.Errorf("a row: %v, %v", got, err)
	}
}

// TestNoPicture: what makes no picture is an answer that says so, and so is a bug in making one.
func TestNoPicture(t *testing.T) {
	s := opened(t, strings.ReplaceAll(small, "2x3xf32", "2x0xf32"))
	r, err := runForm(t, s, `{"name":"x"}`, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if w := answered(s, r); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	finish(t, s, "r1")
	const path = "/api/runs/r1/values/0/image.png"
	if w := answered(s, request(s, http.MethodGet, path, "")); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "a tensor of 2x0 makes no picture") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.runs.get("r1").program = nil // a promise is broken
	if w := answered(s, request(s, http.MethodGet, path, "")); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "this is a bug in aiopt") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
