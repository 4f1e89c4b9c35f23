# Parsing, compiling and tokenizing sources of all shapes while the system gives less and less memory: MemoryError or a
# result, never the end of the process. Each attempt is a process of its own. Usage: memory_limits.py [size, 10000]
import ast, io, os, resource, symtable, sys, tokenize, warnings

N = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
SOURCES = {
    "list": "[" + "1," * N + "]", "names": "[" + "".join(f"a{i}," for i in range(N // 2)) + "]", "assign": "x=1\n" * N,
    "calls": "f(a)\n" * N, "functions": "def f(a): return a\n" * (N // 8), "lambdas": "x = [" + "lambda:0," * (N // 4) + "]",
    "text": "'" + "a" * N * 4 + "'", "strings": "[" + "'a'," * N + "]", "f-strings": "f'{a}{b}'\n" * (N // 4),
    "attributes": "a.b\n" * N, "ifs": "if a:b\n" * N, "dict": "{" + "1:1," * N + "}", "classes": "class A: pass\n" * (N // 8),
    "semicolons": "a;" * N, "comparisons": "a<b\n" * N, "cases": "match x:\n" + " case 1: pass\n" * (N // 4),
    "comments": "#a\n" * N, "lines": "\n" * N, "long numbers": "[" + "99999999999999999999999," * (N // 4) + "]",
    "with": "with a: b\n" * (N // 2), "try": "try: a\nexcept: b\n" * (N // 4), "comprehensions": "[a for a in b]\n" * (N // 4),
    "wrong": "(a\n" * 100 + "a\n" * N, "wrong at the end": "[" + "a," * N + "b c]", "terms": "a" + "+a" * N * 4,
    "chain": "a" + "<a" * N, "and": "a and " * N + "a", "signs": "?" * N, "with items": ("with " + "a," * 15 + "a: b\n") * (N // 32),
    "types": "type X = a\n" * (N // 4), "annotations": "x: a\n" * (N // 2), "or patterns": "match a:\n case " + "1|" * N + "1: b",
}


def tokens(source):
    for _ in tokenize.generate_tokens(io.StringIO(source).readline):
        pass


WORK = {
    "compile": lambda source: compile(source, "f", "exec"),
    "tree": lambda source: compile(ast.parse(source), "f", "exec"),
    "tokens": tokens,
    "symbols": lambda source: symtable.symtable(source, "f", "exec"),
}


def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def attempt(work, source, more):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = 3
    try:
        limit = used() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        work(source)
        status = 0
    except (MemoryError, RecursionError, SyntaxError, tokenize.TokenError):
        status = 1
    finally:
        os._exit(status)


warnings.simplefilter("ignore")
for work in WORK.values():
    work("def f(x): return [1, f'{x}']")
for name, source in SOURCES.items():
    for word, work in WORK.items():
        for factor in 5, 30, 110, 170, 250, 400, 600, 900:
            status = attempt(work, source, factor * len(source))
            if status not in (0, 1 << 8):
                print(name, word, factor, "died", status)
            if status == 0:
                break
print("end")
