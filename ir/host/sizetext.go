package host

import (
	"math"
	"strconv"
)

// SizeText shows a number of bytes to people, with three digits and in powers of 1000, as disks and downloads count.
func SizeText(n int64) string {
	x := float64(n)
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if x < 999.5 {
			return threeDigits(x) + " " + unit
		}
		x /= 1000
	}
	return threeDigits(x) + " TB"
}

// threeDigits shows three digits, or all of a whole number.
func threeDigits(x float64) string {
	digits := 0
	if x != math.Trunc(x) {
		digits = max(0, 2-int(math.Log10(max(x, 1))))
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}
