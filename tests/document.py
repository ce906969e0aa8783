"""Puts what a script measured into a document, between two lines that name it."""

import sys


def write(path, name, text):
    """Replaces what is between the lines <!-- NAME: begin --> and <!-- NAME: end -->."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    with open(path, encoding="utf-8") as f:
        old = f.read()
    if begin not in old or end not in old:
        sys.exit(f"{path} lacks the lines {begin} and {end}, between which the measurements go")
    before, rest = old.split(begin, 1)
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + begin + "\n" + text + "\n" + end + rest.split(end, 1)[1])
