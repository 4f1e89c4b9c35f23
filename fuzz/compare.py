"""Compares what `fuzz emit` prints with what a reference interpreter says: fuzz emit 20000 | PYTHON fuzz/compare.py [LIMIT]

Every line is a mode, the source in hexadecimal, and what became of it, escaped: the code objects in full, or the error with
its place, and the warnings. The first LIMIT (20) differences are shown.
"""
import os
import re
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../crates/compiler/tests/golden"))
from bless import walk

MODES = {"e": "exec", "s": "single", "v": "eval"}


def expect(mode, source):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            rows = list(walk(compile(source, "<fuzz>", MODES[mode], 0, dont_inherit=True, optimize=0)))
        except SyntaxError as e:
            place = e.lineno, e.offset, e.end_lineno, e.end_offset
            rows = ["%s: %s %s %s %s %s" % (type(e).__name__, e.msg, *place)]
        except (MemoryError, RecursionError, ValueError, OverflowError) as e:
            rows = ["%s: %s" % (type(e).__name__, e)]
    return rows + ["warn %s %s" % (w.message, w.lineno) for w in found if w.category is SyntaxWarning]


def main(limit):
    count = different = codes = 0
    for line in sys.stdin:
        mode, digits, result = line.rstrip("\n").split("\t")
        source = bytes.fromhex(digits).decode()
        actual = re.sub(r"\\(.)", lambda escape: escape[1].replace("n", "\n"), result).split("\n")
        expected = "\n".join(expect(mode, source)).split("\n")
        count += 1
        codes += expected[0].startswith("code ")
        if expected != actual:
            different += 1
            if different <= limit:
                print("-- %s" % MODES[mode], repr(source))
                for a, b in zip(expected, actual):
                    if a != b:
                        print("  expected", a[:600])
                        print("    actual", b[:600])
                if len(expected) != len(actual):
                    print("  %d rows expected, %d found: %s" % (len(expected), len(actual), (expected + actual)[-1][:200]))
    print("%d sources, %d programs, %d differ" % (count, codes, different))
    return different > 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
