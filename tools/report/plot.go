package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// plot is a drawing in the coordinates of its own box.
type plot struct {
	ID, Title string
	Alt       string // what one sees, for who does not see it
	Width     float64
	Height    float64
	X, Y      axis
	Frame     box // where marks lie
	Marks     []mark
	Notes     []note // names beside marks
}

// box is a rectangle; Y grows downwards.
type box struct{ X, Y, W, H float64 }

// Right and Bottom are the far edges.
func (b box) Right() float64  { return b.X + b.W }
func (b box) Bottom() float64 { return b.Y + b.H }

// mark is one thing that is shown: a dot, or where R is 0 a rectangle.
type mark struct {
	box
	R     float64
	Class string
	Tip   string
	Row   int // of the tensor in the table, from 1; 0: none
}

type note struct {
	X, Y   float64
	Text   string
	Anchor string // start, middle or end
}

// box is about where the letters are.
func (n note) box() box {
	const letter, height = 6.4, 12
	w := letter * float64(len([]rune(n.Text)))
	left := map[string]float64{"start": 0, "middle": w / 2, "end": w}[n.Anchor]
	return box{n.X - left, n.Y - height + 3, w, height}
}

// axis maps numbers to a range of coordinates.
type axis struct {
	Name     string
	Ticks    []tick
	from, to float64 // numbers
	low      float64 // coordinate of from
	high     float64 // coordinate of to
	log      bool
}

type tick struct {
	At    float64
	Label string
}

// at gives the coordinate of a number.
func (a *axis) at(x float64) float64 {
	from, to := a.from, a.to
	if a.log {
		from, to, x = math.Log(from), math.Log(to), math.Log(x)
	}
	return a.low + (x-from)/(to-from)*(a.high-a.low)
}

// linear makes an axis from least to most, both included and widened to round numbers, with about n ticks.
func linear(name string, least, most, low, high float64, n int, label func(float64) string) axis {
	step := roundStep((most - least) / float64(n))
	a := axis{Name: name, from: math.Floor(least/step) * step, to: math.Ceil(most/step) * step, low: low, high: high}
	if a.to == a.from {
		a.to += step
	}
	for i := math.Round(a.from / step); i*step <= a.to+step/2; i++ {
		a.Ticks = append(a.Ticks, tick{a.at(i * step), label(i * step)})
	}
	return a
}

// roundStep is the least of 1, 2, 5, 10, ... times a power of ten that is at least x.
func roundStep(x float64) float64 {
	if x <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// bytesAxis makes a logarithmic axis of numbers of bytes, with ticks at 1, 2 and 5 times powers of ten, or where those are
// many at powers of ten.
func bytesAxis(name string, least, most int64, low, high float64) axis {
	a := axis{Name: name, low: low, high: high, log: true}
	steps := []float64{1, 2, 5}
	if most/1000 > least {
		steps = steps[:1]
	}
	var list []float64
	for power := 1.; len(list) == 0 || list[len(list)-1] <= float64(most); power *= 10 {
		for _, s := range steps {
			if len(list) > 0 && s*power <= float64(least) {
				list = list[:0]
			}
			list = append(list, s*power)
			if s*power > float64(most) {
				break
			}
		}
	}
	a.from, a.to = list[0], list[len(list)-1]
	for _, x := range list {
		a.Ticks = append(a.Ticks, tick{a.at(x), tickSize(x)})
	}
	return a
}

// tickSize is a number of bytes without zeros behind the point.
func tickSize(x float64) string {
	number, unit, _ := strings.Cut(host.SizeText(int64(x)), " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return number + " " + unit
}

// plain shows a multiple of a round step, which may be no binary fraction.
func plain(x float64) string { return strconv.FormatFloat(math.Round(x*1e6)/1e6+0, 'f', -1, 64) }

// duration shows seconds with three digits, in a unit that leaves no zeros before them.
func duration(seconds float64) string {
	for _, u := range []struct {
		from float64
		unit string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if x := seconds / u.from; x >= .9995 {
			return strconv.FormatFloat(x, 'f', max(0, 2-int(math.Log10(x)+.0003)), 64) + " " + u.unit
		}
	}
	return "0 s"
}

// short keeps both ends of a long name, for places of n letters.
func short(name string, n int) string {
	runes := []rune(name)
	if len(runes) <= n {
		return name
	}
	head := n / 3
	return string(runes[:head]) + "…" + string(runes[len(runes)-(n-head-1):])
}
