package compress

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

// inPieces runs fn on the pieces of n things, always the same ones, on all cores if there are several.
func inPieces(n int, fn func(piece, lo, hi int)) {
	host.Each(context.Background(), piecesOf(n), func(i int) error {
		fn(i, i*pieceSize, min((i+1)*pieceSize, n))
		return nil
	})
}

// sumPieces adds up what fn gives for pieces, in their order.
func sumPieces(n int, fn func(lo, hi int) float64) (sum float64) {
	if n <= pieceSize {
		return fn(0, n)
	}
	sums := make([]float64, piecesOf(n))
	inPieces(n, func(piece, lo, hi int) { sums[piece] = fn(lo, hi) })
	for _, s := range sums {
		sum += s
	}
	return sum
}

const pieceSize = 1 << 18 // that a core works on a while longer than it takes to begin

func piecesOf(n int) int { return (n + pieceSize - 1) / pieceSize }
