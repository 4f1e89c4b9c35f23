# Structures nested very deep: a result or RecursionError, never the end of the process.
import copy, pickle


def build(kind, depth):
    x = kind()
    for _ in range(depth):
        x = (x,) if kind is tuple else [x] if kind is list else {1: x}
    return x


def outcome(operation, *operands):
    try:
        operation(*operands)
    except (RecursionError, TypeError) as error:
        return type(error).__name__
    return "a result"


def equal(x):
    return x == y


DEPTH = 300_000
for kind in tuple, list, dict:
    y = build(kind, DEPTH)
    for operation in repr, hash, copy.deepcopy, pickle.dumps, equal:
        print(kind.__name__, operation.__name__, outcome(operation, build(kind, DEPTH)) in ("a result", "RecursionError", "TypeError"))
x = None
for _ in range(DEPTH):
    x = frozenset([x]) if _ < 1000 else slice(x)
del x
print(outcome(eval, "(" * 150 + ")" * 150))
