"""Writes what the reference interpreter makes of the cases of golden files: PYTHON bless.py FILE...

A file is a list of cases: a line "@@ exec" (or eval, single; with -O, -OO, await for PyCF_ALLOW_TOP_LEVEL_AWAIT or
annotations for CO_FUTURE_ANNOTATIONS behind it), the source, a line "@@ expect", and the rows that belong to it: "code NAME@LINE" with a description, "error", or "warn".
"""
import sys
import types
import warnings


def const(value):
    if isinstance(value, types.CodeType):
        return "<code %s>" % value.co_qualname
    if isinstance(value, tuple):
        return "(" + ", ".join(map(const, value)) + ")"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(const, value))) + "}"
    return type(value).__name__ + " " + repr(value)


def walk(code):
    yield "code %s@%d" % (code.co_qualname, code.co_firstlineno)
    yield "code " + code.co_code.hex()
    yield "consts " + ", ".join(map(const, code.co_consts))
    yield "names %r" % (code.co_names,)
    yield "varnames %r" % (code.co_varnames,)
    yield "cells %r" % (code.co_cellvars,)
    yield "free %r" % (code.co_freevars,)
    yield "flags %#x" % code.co_flags
    yield "stack %d" % code.co_stacksize
    yield "args %d %d %d" % (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    yield "exceptions " + code.co_exceptiontable.hex()
    yield "lines " + code.co_linetable.hex()
    for value in code.co_consts:
        if isinstance(value, types.CodeType):
            yield from walk(value)


def expect(head, source):
    words = head.split()
    optimize = 2 if "-OO" in words else 1 if "-O" in words else 0
    flags = 0x2000 * ("await" in words) | 0x1000000 * ("annotations" in words)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            rows = list(walk(compile(source, "<golden>", words[0], flags, dont_inherit=True, optimize=optimize)))
        except SyntaxError as e:
            rows = ["error %s %s %s %s %s" % (e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset)]
    return rows + ["warn %s %s" % (w.message, w.lineno) for w in found if w.category is SyntaxWarning]


def bless(path):
    with open(path) as f:
        text = f.read()
    out = []
    for case in text.split("@@ ")[1:]:
        head, _, body = case.partition("\n")
        if head == "expect":
            continue
        out.append("@@ %s\n%s@@ expect\n%s\n" % (head, body, "\n".join(expect(head, body))))
    with open(path, "w") as f:
        f.write("".join(out))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        bless(path)
