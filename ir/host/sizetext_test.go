package host

import "testing"

func TestSizeText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1: "1 B", 999: "999 B", 1000: "1 kB", 1234: "1.23 kB", 99_949: "99.9 kB", 999_499: "999 kB",
		999_500: "1.00 MB", 12_300_000: "12.3 MB", 3_400_000_000: "3.40 GB", 5e15: "5000 TB", -1500: "-1500 B"} {
		if got := SizeText(n); got != want {
			t.Errorf("SizeText(%d) = %s, expected %s", n, got, want)
		}
	}
}
