package checked

// sample is a program with the sizes that it runs at, and how often it is called in a session.
type sample struct {
	name, text string
	sizes      map[string]int64
	calls      int
}

var programs = []sample{
	{"mlp", `air 1
module @m {
  func @main(%x: tensor<5x7xf32>, %w: tensor<9x7xf32>, %b: tensor<9xf32>, %v: tensor<3x9xf32>) -> (%r: tensor<5x3xf32>) {
    %h = nn.linear(%x, %w, %b) : tensor<5x9xf32>
    %s = nn.relu(%h) : tensor<5x9xf32>
    %r = nn.linear(%s, %v) : tensor<5x3xf32>
    core.return(%r)
  }
}
`, nil, 1},
	{"open sizes, views and a host step", `air 1
module @m {
  func @main(%x: tensor<[n]x6xf32>) -> (%r: tensor<[n]x3xf32>, %i: tensor<[n]x6xi64>) {
    dim n in 1..64
    %e = tensor.exp(%x) : tensor<[n]x6xf32>
    %t = tensor.reshape(%e) : tensor<[n]x2x3xf32>
    %u = tensor.sum(%t) {axes = [1]} : tensor<[n]x3xf32>
    %g = tensor.lgamma(%u) : tensor<[n]x3xf32>
    %r = tensor.neg(%g) : tensor<[n]x3xf32>
    %c = tensor.cast(%e) : tensor<[n]x6xi64>
    %i = tensor.add(%c, %c) : tensor<[n]x6xi64>
    core.return(%r, %i)
  }
}
`, map[string]int64{"n": 5}, 2},
	{"states", decoder, nil, 3},
}

// decoder is a token of attention with a cache, which is updated in place, beside a state whose old value is read later.
const decoder = `air 1
module @m {
  state @keys : tensor<1x2x16x8xf32> = zero
  state @old : tensor<4x8xf32> = zero
  func @main(%q: tensor<1x2x1x8xf32>, %k: tensor<1x2x1x8xf32>, %pos: tensor<1xi64>, %row: tensor<1x8xf32>, state @keys %c: tensor<1x2x16x8xf32>, state @old %o: tensor<4x8xf32>) -> (%y: tensor<1x2x1x8xf32>, %z: tensor<4x8xf32>, update @keys %n: tensor<1x2x16x8xf32>, update @old %p: tensor<4x8xf32>) {
    %n = state.index_update(%c, %k, %pos) {axis = 2, in_place = true} : tensor<1x2x16x8xf32>
    %y = nn.sdpa(%q, %n, %n) {scale = 0.5} : tensor<1x2x1x8xf32>
    %p = state.slice_update(%o, %row) {axis = 0, start = 1} : tensor<4x8xf32>
    %z = tensor.add(%o, %p) : tensor<4x8xf32>
    core.return(%y, %z, %n, %p)
  }
}
`
