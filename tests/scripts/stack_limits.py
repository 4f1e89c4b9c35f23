# Deep recursion in native code where the address space ends before the stack's limit: the stack of the main thread grows by
# and by, and growth that the system refuses would end the process. Each attempt is a process of its own, whose limit is there
# from the start, or comes later.
import os, resource, sys

DEEP = """
depth, h = 0, None
try:
    while depth < 1_000_000:
        h = [h]
        depth += 1
except MemoryError:
    pass
try:
    repr(h)
except (RecursionError, MemoryError):
    pass
"""
CHAIN = "source = '+'.join(['a'] * 30_000)\ntry: compile(source, 'f', 'eval')\nexcept (RecursionError, MemoryError): pass\n"
CALLS = """
import functools, sys
class A:
    def __add__(self, other): return self + other
    def __getattr__(self, name): return getattr(self, name + 'x')
sys.setrecursionlimit(1_000_000)
for work in lambda: A() + 1, lambda: A().x, lambda: functools.reduce(lambda a, b: A() + 1, [1, 2, 3]):
    try: work()
    except (RecursionError, MemoryError): pass
"""
PROGRAMS = {"deep": DEEP, "chain": CHAIN, "calls": CALLS}
END = "import os; os._exit(7)"
USED = "with open('/proc/self/statm') as file: used = int(file.read().split()[0]) * resource.getpagesize()\n"


def attempt(source, limit):
    child = os.fork()
    if child == 0:
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", source])
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status)


# The least address space in which it starts.
least = 20 << 20
while least < 1 << 31 and attempt(END, least) != 7:
    least = least * 5 // 4
for name, source in PROGRAMS.items():
    for more in 2, 4, 8, 16, 40, 100:
        status = attempt(source + END, least + (more << 20))
        if status not in (7, 1):
            print(name, "with", more, "MB died:", status)
    for more in 0, 1, 4, 16:
        limit = f"import resource\n{USED}resource.setrlimit(resource.RLIMIT_AS, (used + {more << 20},) * 2)\n"
        status = attempt(limit + source + END, 0)
        if status not in (7, 1):
            print(name, "limited to", more, "MB more died:", status)
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_STACK, (1 << 19, 1 << 19))\n"
    status = attempt(limit + source + END, 0)
    if status not in (7, 1):
        print(name, "with less stack died:", status)
print("end")
