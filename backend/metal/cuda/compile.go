package cuda

import (
	"context"
	"embed"
	"fmt"
	"os"
	"strings"

	"github.com/aiopt/aiopt/backend/metal/check"
)

//go:embed shim
var shim embed.FS

// Module is a text compiled for a GPU.
type Module struct {
	Name    string         `json:"name"` // of the source
	Kernels []check.Kernel `json:"kernels"`
	PTX     string         `json:"ptx"`
}

// Hopper is the architecture that texts are compiled for where no device is at hand; it is the oldest that adds and multiplies bfloat numbers.
const Hopper = "sm_90"

// architectures are those that the header is compiled for. A GPU runs what was compiled for its own and for older ones.
var architectures = []struct {
	name         string
	major, minor int
}{{"sm_80", 8, 0}, {"sm_86", 8, 6}, {"sm_89", 8, 9}, {Hopper, 9, 0}}

// architecture gives the newest one that a GPU of a compute capability runs.
func architecture(major, minor int) (string, error) {
	best := ""
	for _, a := range architectures {
		if a.major < major || a.major == major && a.minor <= minor {
			best = a.name
		}
	}
	if best == "" {
		return "", fmt.Errorf("the GPU has compute capability %d.%d, expected 8.0 or more", major, minor)
	}
	return best, nil
}

// flags are those of check, as far as they say what a text means.
func flags(arch string) []string {
	return []string{
		"-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch=" + arch, "-nocudainc", "-nocudalib", "-S", "-O2",
		"-Xclang", "-target-feature", "-Xclang", "+ptx78", // the oldest version that knows sm_90
		"-std=c++2b", "-fsigned-char", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off", "-fno-math-errno", "-fno-finite-loops",
		"-Xclang", "-ffloat16-excess-precision=none", "-Xclang", "-fbfloat16-excess-precision=none",
		"-fno-color-diagnostics", "-fno-caret-diagnostics", "-ferror-limit=20", "-Wno-everything",
	}
}

// header gives the files of the header: check's, with this package's in place of those that are the CPU's.
func header() (map[string]string, error) {
	files, err := check.Header()
	if err != nil {
		return nil, err
	}
	own, err := shim.ReadDir("shim")
	if err != nil {
		return nil, err
	}
	for _, f := range own {
		data, err := shim.ReadFile("shim/" + f.Name())
		if err != nil {
			return nil, err
		}
		files[f.Name()] = string(data)
	}
	return files, nil
}

// Compile compiles a checked text for an architecture such as [Hopper]. It needs clang and no GPU.
func Compile(ctx context.Context, tools *check.Tools, p *check.Program, arch string) (*Module, error) {
	files, err := header()
	if err != nil {
		return nil, err
	}
	dir, key, err := tools.Folder(files)
	if err != nil {
		return nil, err
	}
	u, args := p.Unit(), flags(arch)
	text := unit(u, p.Kernels())
	path, err := tools.Cached(".ptx", func(out string) error {
		said, err := tools.Call(ctx, dir, text, append(args, "-I", dir, "-", "-o", out)...)
		if err != nil {
			return tools.Failure(ctx, u.Name+" for an NVIDIA GPU", err, said)
		}
		return nil
	}, append([]string{key, text}, args...)...)
	if err != nil {
		return nil, err
	}
	ptx, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &Module{Name: u.Name, Kernels: p.Kernels(), PTX: string(ptx)}, nil
}

// entry names the kernel of a module that calls a text's.
func entry(number int) string { return fmt.Sprintf("aiopt_kernel_%d", number) }

// unit is what clang gets to compile. The text's functions are in a namespace without a name, so that only what kernels call is left of them.
func unit(u check.Unit, kernels []check.Kernel) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#include \"metal.h\"\nnamespace {\n#line 1 \"%s\"\n%s\n}\n#line 1 \"aiopt-calls\"\n", u.Name, u.Text)
	for i, k := range kernels {
		buffers := 0
		var args, given strings.Builder
		for _, p := range k.Params {
			switch p.Attr {
			case "buffer":
				buffers = max(buffers, p.Index+1)
				fmt.Fprintf(&args, ", &launch.argument[%d]", p.Index)
			case "threadgroup":
				fmt.Fprintf(&given, "aiopt::Argument given%d = {{aiopt::given + launch.shared[%d]}}; ", p.Index, p.Index)
				fmt.Fprintf(&args, ", &given%d", p.Index)
			default:
				fmt.Fprintf(&args, ", t.%s", p.Attr)
			}
		}
		fmt.Fprintf(&b, "AIOPT_ENTRY(%s, %d) { aiopt::Builtins t; if (!aiopt::place(launch.grid, t)) return; %saiopt::call(&%s%s); }\n",
			entry(i), max(buffers, 1), &given, k.Name, &args)
	}
	b.WriteString("#pragma clang force_cuda_host_device end\n")
	return b.String()
}
