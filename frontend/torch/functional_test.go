package torch

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/google/go-cmp/cmp"
)

// What in-place operators, views and other aliases become.
func TestFunctional(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"in place on a whole tensor", `
			x: f32[4]
			y: f32[4] = aten.clone.default(x)
			a: f32[4] = aten.add_.Tensor(y, 2)
			b: f32[4] = aten.relu_.default(y)
			return y, a`, `
			y = aten.clone.default(x)
			a = aten.add.Tensor(y, other=2)
			b = aten.relu.default(a)
			return b, b`},
		{"a view is written and its base read", `
			x: f32[2,4]
			y: f32[2,4] = aten.clone.default(x)
			v: f32[4] = aten.select.int(y, 0, 1)
			w: f32[2] = aten.slice.Tensor(v, 0, 1, 3)
			z: f32[2] = aten.zero_.default(w)
			return y, v`, `
			y = aten.clone.default(x)
			v = aten.select.int(y, dim=0, index=1)
			w = aten.slice.Tensor(v, start=1, end=3)
			z = aten.zero.default(w)
			v.1 = aten.slice_scatter.default(v, z, start=1, end=3)
			y.1 = aten.select_scatter.default(y, v.1, dim=0, index=1)
			return y.1, v.1`},
		{"the base is written and a view read, once made anew", `
			x: f32[2,4]
			y: f32[2,4] = aten.clone.default(x)
			v: f32[4,2]{1,4} = aten.t.default(y)
			a: f32[2,4] = aten.mul_.Tensor(y, 3)
			p: f32[4,2] = aten.exp.default(v)
			q: f32[4,2] = aten.sin.default(v)
			return p, q`, `
			y = aten.clone.default(x)
			v = aten.t.default(y)
			a = aten.mul.Tensor(y, other=3)
			v.1 = aten.t.default(a)
			p = aten.exp.default(v.1)
			q = aten.sin.default(v.1)
			return p, q`},
		{"copy_ of the same type is the source itself, of another one a conversion", `
			x: f32[2,4]
			y: f32[4]
			z: f16[1]
			r: f32[4] = aten.select.int(x, 0, 0)
			a: f32[4] = aten.copy_.default(r, y)
			s: f32[4] = aten.select.int(x, 0, 1)
			b: f32[4] = aten.copy_.default(s, z)
			return x`, `
			r = aten.select.int(x, dim=0, index=0)
			x.1 = aten.select_scatter.default(x, y, dim=0, index=0)
			s = aten.select.int(x.1, dim=0, index=1)
			b = aten.copy.default(s, z)
			x.2 = aten.select_scatter.default(x.1, b, dim=0, index=1)
			return x.2, x.2`},
		{"reshape that copies shares nothing", `
			x: f32[3,2]{1,3}
			y: f32[6] = aten.reshape.default(x, [6])
			a: f32[6] = aten.zero_.default(y)
			return x, y`, `
			y = aten.reshape.default(x, shape=[6])
			a = aten.zero.default(y)
			return x, a`},
		{"reshape that views shares all", `
			x: f32[3,2]
			y: f32[6] = aten.reshape.default(x, [6])
			a: f32[6] = aten.zero_.default(y)
			return x, y`, `
			y = aten.reshape.default(x, shape=[6])
			a = aten.zero.default(y)
			x.1 = aten.reshape.default(a, shape=[3 2])
			return x.1, a, x.1`},
		{"to and contiguous share when nothing changes", `
			x: f32[3,2]{1,3}
			a: f32[3,2]{1,3} = aten.to.dtype(x, f32)
			b: f64[3,2]{1,3} = aten.to.dtype(x, f64)
			c: f32[3,2]{1,3} = aten.to.dtype(x, f32, copy=true)
			d: f32[3,2] = aten.contiguous.default(x)
			e: f32[3,2]{1,3} = aten.detach.default(a)
			f: f32[3,2]{1,3} = aten.zero_.default(e)
			return x, a, b, c, d`, `
			a = aten.to.dtype(x, dtype=f32)
			b = aten.to.dtype(x, dtype=f64)
			c = aten.to.dtype(x, dtype=f32, copy=true)
			d = aten.contiguous.default(x)
			e = aten.detach.default(a)
			f = aten.zero.default(e)
			return f, f, b, c, d, f`},
		{"dropout shares outside training only", `
			x: f32[2]
			y: f32[2] = aten.dropout.default(x, 0.5, false)
			z: f32[2] = aten.dropout.default(x, 0.5, true)
			a: f32[2] = aten.zero_.default(y)
			b: f32[2] = aten.neg_.default(z)
			c: f32[2] = aten.dropout_.default(y, 0.5, false)
			return x, c`, `
			y = aten.dropout.default(x, p=0.5, train=false)
			z = aten.dropout.default(x, p=0.5, train=true)
			a = aten.zero.default(y)
			b = aten.neg.default(z)
			return a, a, a`},
		{"pieces are slices, elements selections", `
			x: f32[5,2]
			p: f32[2,2], q: f32[3,2] = aten.split.sizes(x, [2, 3])
			u: f32[3]{2}, v: f32[3]{2} = aten.unbind.int(q, -1)
			a: f32[3]{2} = aten.zero_.default(v)
			return x, p, u`, `
			p, q = aten.split.sizes(x, split_size=[2 3])
			u, v = aten.unbind.int(q, dim=-1)
			a = aten.zero.default(v)
			q.1 = aten.select_scatter.default(q, a, dim=1, index=1)
			x.1 = aten.slice_scatter.default(x, q.1, start=2, end=5)
			p.1 = aten.slice.Tensor(x.1, start=0, end=2)
			u.1 = aten.select.int(q.1, dim=1, index=0)
			return x.1, p.1, u.1, x.1`},
		{"views of the same number of elements are turned back", `
			x: f32[2,3,4]
			a: f32[4,2,3]{1,12,4} = aten.permute.default(x, [2, 0, 1])
			b: f32[4,3,2]{1,4,12} = aten.transpose.int(a, 1, 2)
			c: f32[3,4,2]{4,1,12} = aten.movedim.int(b, 0, 1)
			d: f32[1,3,4,2]{24,4,1,12} = aten.unsqueeze.default(c, 0)
			e: f32[1,3,4,2]{24,4,1,12} = aten.zero_.default(d)
			return x`, `
			a = aten.permute.default(x, dims=[2 0 1])
			b = aten.transpose.int(a, dim0=1, dim1=2)
			c = aten.movedim.int(b, source=0, destination=1)
			d = aten.unsqueeze.default(c, dim=0)
			e = aten.zero.default(d)
			c.1 = aten.reshape.default(e, shape=[3 4 2])
			b.1 = aten.permute.default(c.1, dims=[1 0 2])
			a.1 = aten.permute.default(b.1, dims=[0 2 1])
			x.1 = aten.permute.default(a.1, dims=[1 2 0])
			return x.1, x.1`},
		{"narrow from the end, diagonal, as_strided, expand", `
			x: f32[3,3]
			a: f32[1,3] = aten.narrow.default(x, 0, -1, 1)
			b: f32[1,3] = aten.zero_.default(a)
			c: f32[3]{4} = aten.diagonal.default(x)
			d: f32[3]{4} = aten.zero_.default(c)
			e: f32[2]{3} = aten.as_strided.default(x, [2], [3], 1)
			f: f32[2]{3} = aten.zero_.default(e)
			g: f32[2,3,3]{0,3,1} = aten.expand.default(x, [2, 3, 3])
			h: f32[2,3,3]{0,3,1} = aten.zero_.default(g)
			return x`, `
			a = aten.narrow.default(x, dim=0, start=-1, length=1)
			b = aten.zero.default(a)
			x.1 = aten.slice_scatter.default(x, b, start=2, end=3)
			c = aten.diagonal.default(x.1)
			d = aten.zero.default(c)
			x.2 = aten.diagonal_scatter.default(x.1, d)
			e = aten.as_strided.default(x.2, size=[2], stride=[3], storage_offset=1)
			f = aten.zero.default(e)
			x.3 = aten.as_strided_scatter.default(x.2, f, size=[2], stride=[3], storage_offset=1)
			g = aten.expand.default(x.3, size=[2 3 3])
			h = aten.zero.default(g)
			t0 = aten.slice.Tensor(h, start=0, end=1)
			x.4 = aten.reshape.default(t0, shape=[3 3])
			return x.4, x.4`},
		{"complex parts and other element types", `
			x: c64[2]
			y: f32[2]
			a: f32[2,2] = aten.view_as_real.default(x)
			b: f32[2,2] = aten.neg_.default(a)
			c: f32[2]{2} = aten.imag.default(x)
			d: f32[2]{2} = aten.zero_.default(c)
			e: i32[2] = aten.view.dtype(y, i32)
			f: i32[2] = aten.zero_.default(e)
			return x`, `
			a = aten.view_as_real.default(x)
			b = aten.neg.default(a)
			x.1 = aten.view_as_complex.default(b)
			c = aten.imag.default(x.1)
			d = aten.zero.default(c)
			t0 = aten.real.default(x.1)
			x.2 = aten.complex.default(t0, d)
			e = aten.view.dtype(y, dtype=i32)
			f = aten.zero.default(e)
			y.1 = aten.view.dtype(f, dtype=f32)
			return x.2, x.2, y.1`},
		{"wider operands are computed with and rounded back, comparisons stored as numbers", `
			x: f16[2]
			y: f32[2]
			z: f32[]
			a: f16[2] = aten.add_.Tensor(x, y)
			b: f16[2] = aten.mul_.Tensor(x, z)
			c: f16[2] = aten.eq_.Scalar(x, 0)
			return x`, `
			t0 = aten.add.Tensor(x, y)
			a = aten.to.dtype(t0, dtype=f16)
			b = aten.mul.Tensor(a, z)
			t1 = aten.eq.Scalar(b, other=0)
			c = aten.to.dtype(t1, dtype=f16)
			return c, c`},
		{"operators in place that reshape, and dunders", `
			x: bool[2,3]
			y: bool[2,3]
			a: bool[1,2,3] = aten.unsqueeze_.default(x, 0)
			b: bool[1,3,2]{6,1,3} = aten.transpose_.default(a, 1, 2)
			c: bool[2,3] = aten.__ior__.Tensor(y, x)
			d: bool[1,3,2]{6,1,3} = aten.logical_not_.default(b)
			return x, c`, `
			a = aten.unsqueeze.default(x, dim=0)
			b = aten.transpose.int(a, dim0=1, dim1=2)
			c = aten.__or__.Tensor(y, x)
			d = aten.logical_not.default(b)
			a.1 = aten.permute.default(d, dims=[0 2 1])
			x.1 = aten.reshape.default(a.1, shape=[2 3])
			return x.1, c, x.1, c`},
		{"results given as arguments", `
			x: f32[3]
			o: f32[3] = aten.empty.memory_format([3])
			v: f32[1] = aten.slice.Tensor(o, 0, 0, 1)
			a: f32[3] = aten.add.out(x, x, out=o)
			e: f32[0] = aten.empty.memory_format([0])
			b: f32[3] = aten.mul.out(x, x, out=e)
			return o, v, e`, `
			o = aten.empty.memory_format(size=[3])
			v = aten.slice.Tensor(o, start=0, end=1)
			a = aten.add.Tensor(x, x)
			e = aten.empty.memory_format(size=[0])
			b = aten.mul.Tensor(x, x)
			v.1 = aten.slice.Tensor(a, start=0, end=1)
			return a, v.1, b`},
		{"indices keep their absent places", `
			x: f32[3,4]
			i: i64[2]
			v: f32[3,2]
			a: f32[3,4] = aten.index_put_.default(x, [none, i], v)
			return a`, `
			a = aten.index_put.default(x, indices=[{} 1], v)
			return a, a`},
		{"an operator unknown here keeps its arguments", `
			x: f32[3]
			y: f32[3] = mine.scale.default(factor=2, input=x, mode=true)
			return y`, `
			y = mine.scale.default(factor=2, x, mode=true)
			return y`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, _, err := testImport(t, testModel(t, test.src))
			if err != nil {
				t.Fatal(err)
			}
			if err := ir.Verify(m); err != nil {
				t.Error(err)
			}
			want := strings.ReplaceAll(strings.TrimLeft(test.want, "\n"), "\t", "") + "\n"
			if diff := cmp.Diff(want, brief(m.Funcs[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The values that an in-place operator leaves carry its name, and views made anew carry none.
func TestFunctionalClaims(t *testing.T) {
	m, _, err := testImport(t, testModel(t, `
		x: f32[2,4]
		y: f32[2,4] = aten.clone.default(x)
		v: f32[4] = aten.select.int(y, 0, 1)
		a: f32[2,4] = aten.mul_.Tensor(y, 3)
		b: f32[4] = aten.zero_.default(v)
		return y`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, op := range m.Funcs[0].Ops {
		for _, r := range op.Results {
			got[r.Name] = ""
			for _, c := range r.Claims {
				got[r.Name] += c.Tensor
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"y": "y", "v": "v", "a": "a", "v.1": "", "b": "b", "y.2": ""}, got); diff != "" {
		t.Error(diff)
	}
}

// Training-mode normalisation moves its running statistics.
func TestRunningStatistics(t *testing.T) {
	m, _, err := testImport(t, testModel(t, `
		x: f16[2,3,4]
		mean: f16[3]
		var: f16[3]
		y: f16[2,3,4] = aten.batch_norm.default(x, none, none, mean, var, true, 0.25, 1e-05, false)
		z: f16[2,3,4] = aten.batch_norm.default(y, none, none, mean, var, false, 0.25, 1e-05, false)
		return z`))
	if err != nil {
		t.Fatal(err)
	}
	want := `y = aten.batch_norm.default(x, weight=none, bias=none, mean, var, training=true, momentum=0.25, eps=1e-05, cudnn_enabled=false)
t0 = aten.to.dtype(x, dtype=f32)
t1 = aten.mean.dim(t0, dim=[0 2])
t2 = aten.to.dtype(mean, dtype=f32)
t3 = aten.mul.Scalar(t2, other=0.75)
t4 = aten.add.Tensor(t3, t1, alpha=0.25)
mean.1 = aten.to.dtype(t4, dtype=f16)
t5 = aten.to.dtype(x, dtype=f32)
t6 = aten.var.correction(t5, dim=[0 2], correction=1)
t7 = aten.to.dtype(var, dtype=f32)
t8 = aten.mul.Scalar(t7, other=0.75)
t9 = aten.add.Tensor(t8, t6, alpha=0.25)
var.1 = aten.to.dtype(t9, dtype=f16)
z = aten.batch_norm.default(y, weight=none, bias=none, mean.1, var.1, training=false, momentum=0.25, eps=1e-05, cudnn_enabled=false)
return z, mean.1, var.1
`
	if diff := cmp.Diff(want, brief(m.Funcs[0])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
