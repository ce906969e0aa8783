"""Where a string of a program stands in its file. Needs no torch."""

import ast
import linecache


def find_text(text, file, near):
    """Give ``(file, line)`` of the string literal that is ``text``, the one nearest to line ``near``; None where there is none.

    A literal whose lines are not those of the file, because of escapes or joined parts, counts for none.
    """
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return None
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == text and node.end_lineno - node.lineno == text.count("\n")
    ]
    return (file, min(lines, key=lambda line: abs(line - near))) if lines else None
