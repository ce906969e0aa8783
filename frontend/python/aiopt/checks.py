"""What can be wrong with a kernel before it is called. Needs no torch."""

import numbers
import re

from .parameter import ATTRIBUTES

#: Metal's own limits: parameters of a kernel, threads of a threadgroup.
MOST_PARAMETERS = 31
MOST_THREADS = 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*\Z")
_IDENTIFIER = re.compile(r"(?<![.\w])[A-Za-z_]\w*")  # no member of anything

#: Words that Metal keeps for itself, and that are likely as names.
_WORDS = frozenset(
    """alignas auto bool break case char class const constant constexpr continue decltype default device do else enum explicit
    extern false float for friend half if inline int kernel long namespace operator private protected public register return
    short signed sizeof static struct switch template tensor this thread threadgroup true typedef typename uchar uint ulong
    union unsigned ushort using vec vertex fragment void volatile while bfloat metal mpp""".split()
)

_REFUSED = (
    (re.compile(r"^\s*(?:#|%:)\s*(?:include|include_next|import)\b"), "aiopt includes Metal's headers, and no other file is read; take the line out"),
    (re.compile(r"^\s*(?:#|%:)\s*embed\b|\b__has_embed\b"), "no file is read into a kernel"),
    (re.compile(r"\b(?:asm|__asm|__asm__)\b"), "assembler is not run"),
    (re.compile(r"\[\[\s*(?:kernel|vertex|fragment)\s*\]\]|\bkernel\s+void\b"), "give what stands between the kernel's braces; aiopt writes the line before them"),
)

_COMMENTS = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


class KernelError(ValueError):
    """A kernel that cannot be one. The message begins with the line that is wrong, where that is known."""


def check_name(kernel, what, name):
    """Refuse a name that Metal would."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise KernelError(f"kernel {kernel}: {what} {name!r}: expected a name of letters, digits and underscores")
    if name in _WORDS:
        raise KernelError(f"kernel {kernel}: {what} {name!r} is a word of Metal's own; take another name")
    if name.startswith("__") or name.lower().startswith("aiopt"):
        raise KernelError(f"kernel {kernel}: {what} {name!r}: names that begin with two underscores or with aiopt are taken")


def check_names(kernel, inputs, results, parameters, numbers=0):
    """Refuse names that are wrong or given twice, and more parameters than Metal takes; numbers count for none."""
    check_name(kernel, "the name", kernel)
    if not results:
        raise KernelError(f"kernel {kernel}: result_names is empty; a kernel gives at least one result")
    seen = set()
    for what, names in (("input", inputs), ("result", results), ("parameter", [p.name for p in parameters])):
        for name in names:
            check_name(kernel, what, name)
            if name in seen:
                raise KernelError(f"kernel {kernel}: the name {name!r} is given twice")
            seen.add(name)
    total = len(seen) - numbers
    if total > MOST_PARAMETERS:
        raise KernelError(f"kernel {kernel}: it has {total} parameters, Metal takes at most {MOST_PARAMETERS}")


def check_templates(kernel, templates, inputs, numbers):
    """Refuse templates of what is no tensor, and one name for two inputs."""
    seen = set()
    for name, template in templates.items():
        if name not in inputs:
            raise KernelError(f"kernel {kernel}: template_dtypes names {name!r}, which is no input; the inputs are {', '.join(inputs)}")
        if name in numbers:
            raise KernelError(f"kernel {kernel}: template_dtypes names {name!r}, which is a number and has no element type")
        if not isinstance(template, str) or not _NAME.match(template):
            raise KernelError(f"kernel {kernel}: the template {template!r} of input {name}: expected a name of letters, digits and underscores")
        if template in seen:
            raise KernelError(f"kernel {kernel}: the template {template!r} stands for two inputs")
        seen.add(template)


def without_comments(text):
    """The text with spaces in place of comments; lines stay."""
    return _COMMENTS.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def check_source(kernel, what, text, place=None):
    """Refuse what a kernel's text may not have. ``place`` is the file and line of its first line."""

    def wrong(line, message):
        at = f"{place[0]}:{place[1] + line - 1}: " if place else ""
        raise KernelError(f"{at}kernel {kernel}, line {line} of its {what}: {message}")

    if not isinstance(text, str):
        raise KernelError(f"kernel {kernel}: its {what} is {type(text).__name__}, expected a string")
    depth = 0
    lines = without_comments(text).split("\n")
    for number, line in enumerate(lines, 1):
        for pattern, why in _REFUSED:
            found = pattern.search(line)
            if found:
                wrong(number, f"{found.group().strip()}: {why}")
        if line.endswith("\\"):
            continue
        for letter in line:
            depth += (letter == "{") - (letter == "}")
            if depth < 0:
                wrong(number, "`}` closes a brace that no line before it opens")
    if depth > 0 and "\\\n" not in text:
        wrong(len(lines), f"{depth} of its braces are not closed")


def check_use(kernel, source, helpers, inputs, results, parameters, place=None):
    """Refuse inputs and results that the text never names, and attributes that it names instead of a parameter."""
    used = set(_IDENTIFIER.findall(without_comments(helpers + "\n" + source)))
    for what, names, argument in (("input", inputs, "input_names"), ("result", results, "result_names")):
        for name in names:
            if name not in used:
                raise KernelError(f"kernel {kernel}: the source never names the {what} {name}; a kernel calls them by the names of {argument}")
    own = {p.name for p in parameters}
    for number, line in enumerate(without_comments(source).split("\n"), 1):
        for name in _IDENTIFIER.findall(line):
            if name in ATTRIBUTES and name not in own:
                at = f"{place[0]}:{place[1] + number - 1}: " if place else ""
                raise KernelError(
                    f"{at}kernel {kernel}, line {number} of its source: {name} is an attribute: give "
                    f"metal_params=[MetalParameter(..., {ATTRIBUTES[name][0]!r}, {name!r})] and use the parameter's name"
                )


def _is_size(size):
    """An integer, which may be one of torch's symbolic ones: those are told by their name, as torch is not needed here."""
    return type(size) is int or type(size).__name__ == "SymInt" or isinstance(size, numbers.Integral) and not isinstance(size, bool)


def check_threads(kernel, group, grid, parameters):
    """Refuse threadgroups beyond Metal's limits, and grids whose threads cannot tell themselves apart.

    Sizes of the grid may be symbolic; then they are no ``int`` and are not compared.
    """
    for what, value in (("threads_per_grid", grid), ("threads_per_thread_group", group)):
        if not isinstance(value, (tuple, list)) or len(value) != 3:
            raise KernelError(f"kernel {kernel}: {what} is {value!r}, expected three sizes (x, y, z)")
    total = 1
    for size in group:
        if type(size) is not int or not 1 <= size <= MOST_THREADS:
            raise KernelError(f"kernel {kernel}: threads_per_thread_group is {tuple(group)}, expected integers of 1 to {MOST_THREADS} that are known when exporting")
        total *= size
    if total > MOST_THREADS:
        raise KernelError(f"kernel {kernel}: threads_per_thread_group {tuple(group)} has {total} threads, expected at most {MOST_THREADS}")
    for size in grid:
        if not _is_size(size):
            raise KernelError(f"kernel {kernel}: threads_per_grid is {tuple(grid)}, expected integers, found {type(size).__name__}; `//` divides integers")
        if type(size) is int and size < 1:
            raise KernelError(f"kernel {kernel}: threads_per_grid is {tuple(grid)}, expected sizes of 1 or more")
    if not parameters and any(type(size) is not int or size != 1 for size in grid):
        raise KernelError(
            f"kernel {kernel}: a grid of {tuple(grid)} threads, and no parameter tells one from another: give "
            "metal_params=[MetalParameter('gid', 'uint3', 'thread_position_in_grid')]"
        )
