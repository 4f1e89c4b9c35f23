from __future__ import annotations
from __future__ import barry_as_FLUFL, generator_stop
async def f[T: int = str, *Ts = *tuple[int, ...], **P = []](a, /, b: T = 1, *args: *Ts, c, d=2, **kw: P.kwargs) -> T:
    async with a as b, c() as (d, *e), f as g[0]: await b
    async for x.y, *z in await w: yield x
    else: return
    return [i async for i in x if await i], {k: v for k, v in z}, {*a, *b}, (j for j in range(3) for k in j if k if j)
type Alias[T] = list[T] | None
type X = lambda: (yield)
class C[T](Base, metaclass=M, **kw):
    __slots__ = ('a', '_C__b')
    __x: ClassVar[int] = 1
    def __init__(self): super().__init__(); self.__x = __class__; nonlocal z
    @property
    @(lambda f: f)
    def __p(self): return self.__p
    [a for b in c if __x]
match x, *y:
    case {"a": 1, -1.5: [a, *_], None: (b | C.D(x=1) as q), **rest} if q: pass
    case [1 + 2j, "s" b"t", *z] | (None, True): pass
    case Point(x=0, y=[]) | Point(1, z=-3) | a.b.c: pass
    case _: pass
match (a): 
  case ("x" | 'y') as z | w: 1
  case f"{x}": 2
  case {**a, 'b': c}: 3
  case Cls(a, b=1, c): 4
try:
    raise E(1) from None
except* (A, B) as e:
    break
except A, B:
    continue
except A, B as c: pass
else: pass
finally:
    return 1
for x in *a, b: print(x, end='') if x else del_
while (n := f(x)) != 0 and not n <> 3: continue
else: del (a), [b, (c.d)], e[f:g:h, ...]
with (a as b, c as d,): pass
with (yield a), (b): pass
if a < b <= c is not d not in e: x = y, *z = [*w] = (q)
elif lambda *, a=1, **k: (yield): global g; g += 1; nonlocal h
else: x: int; (y): int = 3; z.a: "str" = yield; w[0]: None
f'{a!r:>{w}.{p}} {b=} {{}} {f"{c:{d}}"!s} {lambda x: 1} {x:=5} {(y:=2)} {*a, *b} {d["k"]}'
t'{a}{b!s:c}' t"{x=}" rt'\{' Rf"\N{DIGIT ONE}"
rf"""{
    x  # comment
    :%Y-{m}}"""
'\N{BULLET}\x41\u1234\U0001F600\777\z' "abc" b'\xff\q' u'x' br'\d'
b'é' + "é" f"{'"a"'}"
0x_ff 0b1012 0o78 1_000 1__0 1e+5 1e 0777 0.5j 1if x else 2 0xfor 1_ 12abc 1.e5 .5 ...
x = (1, 2, 3)[-1] ** -2 @ y // ~z % +w << 1 >> 2 & a ^ b | c
x @= y; x //= 1; x **= 2; x >>= 3; x ->= 4; x := 5
a.b.c(*d, e=f, **g)(h for h in i)[j:k, ::l, *m](n := o, *p, q)
print "hello"; exec "x"
def g(a, a, *, b): return
def h(*): pass
def h(a=1, b): pass
def h(**k, *a): pass
def h(a, /, b, /): pass
f(a=1, 2); f(**k, *a); f(a for a in b, c); f(a.b=1); f(True=1); f(a, b for b in c)
a = 1 = b; f() = 1; (a, b) += 1; [x for x in y] = z; None = 1; a + 1 = 2; del f(); del 1; for 1 in x: pass
import a.b.c as d, e; from . import *; from ...x import (y as z, w,); from .x import a, b as; import a as b.c
x = [1, 2 3]; y = {1: 2, 3}; z = {1, 2: 3}; {**a, b}; {a:}; (a b); a b; (a; b)
assert x, y; assert (x, y); assert(x), y, z
return; yield x; await y; return (yield from z)
async x = 1; await = 2; async def await(): pass
if x = 1: pass
if x: y = 1 else: z = 2
    unexpected
	tab
        mixed
 dedent
class A: pass; def f(): pass
else: pass
def f():
pass
try: pass
x = 'unterminated
y = """unterminated
z = (1, [2, {3
w = )]}
a \
b \ c
# -*- coding: latin-1 -*-
# vim: set fileencoding=utf-8 :
# type: ignore[x]
x = [] # type: List[int]
def f(a, # type: int
      b): # type: (...) -> str
    pass
if __debug__: x = "%s-%d" % (a, b); y = not not (a and b or c) is None; z = x in [1, 2] in {3, 4}
while 1: x = 1 + 2 * 3 - "a" * 5 + (1, 2)[0]; break
if 0: yield 1
x = a if b else c if d else e; y = a and b or c and not d; (x) = y; -1; -1.0j; ~1; not 1; +True
for i, (j, *k) in enumerate(x): (lambda: (i, j, k, l := 1))()
def f(x):
    global y; y = x; del x
    try: z = x
    except E as x: del x
    finally: print(x, y, z)
    def g(): nonlocal x; return x, __class__
    return locals(), [lambda: x for x in y], {x: (yield) for x in z}
def outer():
    with open(a) as f, open(b) as g:
        for line in f:
            if line: continue
            elif g: return 1
            try: return line
            finally: g.close()
            while True:
                try: break
                except: raise
    return None
