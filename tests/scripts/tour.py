import os, abc
class A:
    x = 1
    def __init__(self, n): self.n = n
    def __repr__(self): return f"A({self.n!r})"
def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)
print(fib(20), [A(i) for i in range(3)], {k: v for k, v in zip("abc", range(3))})
try:
    1/0
except ZeroDivisionError as e:
    print("caught", e)
def gen():
    r = yield 1
    print("got", r)
    try:
        yield 2
    finally:
        print("fin")
g = gen(); print(next(g)); print(g.send("hi")); g.close()
with open(__file__) as f: print(len(f.read()))
match {"a": [1, 2]}:
    case {"a": [x, y]}: print(x, y)
async def co(): return 5
try: co().send(None)
except StopIteration as s: print(s.value)
try:
    raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
except* ValueError as eg: print(eg.exceptions)
except* TypeError as eg: print(eg.exceptions)
print(f"{3.14159:.2f} {255:#x} {'a':>5} {2**100}")
print(sorted([3,1,2], key=lambda v: -v), sum(range(100)), max("abc"), os.path.basename(__file__))
def f(a, /, b, *args, c=3, **kw): return a, b, args, c, kw
print(f(1, 2, 3, 4, c=5, d=6))
try: f()
except TypeError as e: print(e)
class M(type):
    def __new__(m, n, b, d): d["tag"] = n; return super().__new__(m, n, b, d)
class B(metaclass=M): pass
print(B.tag, isinstance(B(), B))
class P:
    @property
    def v(self): return 42
    @staticmethod
    def s(): return 's'
    @classmethod
    def c(cls): return cls.__name__
print(P().v, P.s(), P.c())
s = 0
for i in range(100000): s += i % 7
print(s)
def h[T](x: T) -> T: return x
print(h.__type_params__, h.__annotations__)
type X = int | str
print(X.__value__)
