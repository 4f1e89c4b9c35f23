# Recursion without end where the program allows any depth: RecursionError or MemoryError, never the end of the process,
# whatever calls what. Each attempt is a process of its own with little memory. Usage: endless.py [MB of memory, 12]
import ast, asyncio, builtins, codecs, collections, contextlib, contextvars, copy, functools, gc, heapq, io, itertools, json
import operator, os, pickle, re, resource, sys, types, typing, warnings, weakref

# What may come out; a tuple made in time, since there is no memory for one afterwards.
ENDS = MemoryError, RecursionError
MORE = int(sys.argv[1]) if len(sys.argv) > 1 else 12
# The name of each path, and what defines `go`.
PATHS = {}
for line in r"""
def f(n): return f(n + 1)|go = lambda: f(0)
def f(a, b, c=1, *d, e=2, **k): x = a; return f(x, b, c, *d, e=e, **k)|go = lambda: f(0, 1, 2, 3, z=4)
def f(*a): return f(1, *a)|go = f
def f(n, **k): return f(n + 1, **{f'k{n}': n}, **k)|go = lambda: f(0)
def f(n): x = locals(); return f(n + 1)|go = lambda: f(0)
def f(l): return f((sys._getframe(), l))|go = lambda: f(None)
def f(): return [f() for _ in range(2)]|go = f
def f(): return sum(f() for _ in range(2))|go = f
def f(n):~  def g(): return f(n + 1)~  return g()|go = lambda: f(0)
f = lambda *a: (lambda: f(*a))()|go = f
def f():~  try: 1 / 0~  except ZeroDivisionError: f()|go = f
def f():~  try: f()~  finally: pass|go = f
def f():~  class A: x = f()|go = f
class A:~  def f(self): return self.f()|go = lambda: A().f()
class B:~  def f(self): return self.f()~class A(B):~  def f(self): return super().f()|go = lambda: A().f()
class A:~  @classmethod~  def f(c): return c.f()|go = lambda: A.f()
class A:~  def __init__(self): self.a = A()|go = lambda: A()
class A:~  def __new__(c): return A()|go = lambda: A()
class M(type):~  def __call__(c): return c()~class A(metaclass=M): pass|go = lambda: A()
class A:~  def __init_subclass__(c): type('B', (A,), {})|go = lambda: type('B', (A,), {})
class D:~  def __set_name__(s, o, n): type('X', (), {'d': D()})|go = lambda: type('X', (), {'d': D()})
class A:~  def __class_getitem__(c, i): return A[i]|go = lambda: A[1]
class M(type):~  def __instancecheck__(c, x): return isinstance(x, c)~class A(metaclass=M): pass|go = lambda: isinstance(1, A)
class A:~  def __getattr__(s, n): return s.x|go = lambda: A().x
class A:~  def __getattr__(s, n): return getattr(s, n + 'x')|go = lambda: A().x
class A:~  def __getattribute__(s, n): return s.x|go = lambda: A().x
class A:~  def __setattr__(s, n, v): s.x = v|go = lambda: setattr(A(), 'x', 1)
class A:~  @property~  def p(s): return s.p|go = lambda: A().p
class A:~  @functools.cached_property~  def p(s): return s.p|go = lambda: A().p
class D:~  def __get__(s, i, o): return i.d~class A: d = D()|go = lambda: A().d
class A:~  def __call__(s, *a, **k): return s(*a, **k)|go = lambda: A()(1, x=2)
class A:~  def __getitem__(s, i): return s[i]|go = lambda: A()[1]
class A(dict):~  def __missing__(s, i): return s[i]|go = lambda: A()[1]
class A:~  def __contains__(s, i): return i in s|go = lambda: 1 in A()
class A:~  def __eq__(s, o): return s == o|go = lambda: A() == A()
class A:~  def __eq__(s, o): return [s] == [A()]|go = lambda: A() == A()
class A:~  def __lt__(s, o): return sorted([A(), A()])|go = lambda: A() < A()
class A:~  def __hash__(s): return hash((s,))|go = lambda: hash(A())
class A:~  def __repr__(s): return repr([s])|go = lambda: repr(A())
class A:~  def __str__(s): return f'{s}'|go = lambda: str(A())
class A:~  def __format__(s, _): return f'{s:>9}'|go = lambda: format(A())
class A:~  def __bool__(s): return not s|go = lambda: bool(A())
class A:~  def __len__(s): return len(s)|go = lambda: len(A())
class A:~  def __add__(s, o): return s + o|go = lambda: A() + 1
class A:~  def __radd__(s, o): return sum([s])|go = lambda: sum([A()])
class A:~  def __iter__(s): return iter(s)|go = lambda: list(A())
class A:~  def __iter__(s): return s~  def __next__(s): return next(s)|go = lambda: list(A())
class A:~  def __iter__(s):~    a, b = s|go = lambda: print(*A())
class A:~  def __enter__(s):~    with s: pass~  def __exit__(s, *a): pass|go = lambda: A().__enter__()
class A:~  def __buffer__(s, f): return memoryview(A())|go = lambda: memoryview(A())
def deco(f):~  @functools.wraps(f)~  def w(*a, **k): return f(*a, **k)~  return w~@deco~def f(n, *, k=1): return f(n + 1, k=k)|go = lambda: f(0)
def g(): yield from g()|go = lambda: list(g())
def g():~  for x in g(): yield x|go = lambda: list(g())
def g(n): yield from (g(n - 1) if n else [1])|def go(): x = g(10 ** 6); next(x)
async def f(): return await f()|go = lambda: f().send(None)
async def g():~  async for x in g(): yield x|go = lambda: g().__anext__().send(None)
@contextlib.contextmanager~def c():~  with c(): yield|go = lambda: c().__enter__()
k = lambda x: sorted([1, 2], key=k)|go = lambda: k(1)
k = lambda x: max([1, 2], key=k)|go = lambda: k(1)
f = lambda x: list(map(f, [x]))|go = lambda: f(1)
f = lambda x: list(filter(f, [x]))|go = lambda: f(1)
f = lambda a, b: functools.reduce(f, [a, b])|go = lambda: f(1, 2)
f = lambda *a: functools.partial(f, 1)()|go = f
f = functools.lru_cache(None)(lambda n: f(n + 1))|go = lambda: f(0)
f = functools.singledispatch(lambda n: f(n))|go = lambda: f(0)
f = lambda: collections.defaultdict(f)[1]|go = f
f = lambda *a: list(itertools.starmap(f, [(1,)]))|go = f
f = lambda: contextvars.copy_context().run(f)|go = f
f = lambda: list(iter(f, 1))|go = f
s = 'exec(s)'|go = lambda: exec(s, globals())
s = 'eval(s)'|go = lambda: eval(s, globals())
class F:~  def find_spec(s, n, p, t=None): __import__(n + 'x')|def go(): sys.meta_path.insert(0, F()); __import__('zzz')
builtins.__import__ = lambda *a, **k: __import__('q')|def go(): import q
m = types.ModuleType('m'); m.__getattr__ = lambda n: m.x|go = lambda: m.x
class A:~  def __reduce__(s): return A, (A(),)|go = lambda: pickle.dumps(A())
class A:~  def __getstate__(s): return {'a': A()}|go = lambda: pickle._dumps(A())
class A:~  def __deepcopy__(s, memo): return copy.deepcopy(A(), memo)|go = lambda: copy.deepcopy(A())
d = lambda o: json.dumps(object(), default=d)|go = lambda: json.dumps(object(), default=d)
h = lambda o: json.loads('{}', object_hook=h)|go = lambda: json.loads('{}', object_hook=h)
f = lambda m: re.sub('a', f, 'a')|go = lambda: f(0)
codecs.register_error('q', lambda e: ('\xe9'.encode('ascii', 'q'), 1))|go = lambda: '\xe9'.encode('ascii', 'q')
class R(io.RawIOBase):~  def readinto(s, b): return s.readinto(b)|go = lambda: R().read(3)
class G(ExceptionGroup):~  def derive(s, e): return G('', e).subgroup(ValueError)|go = lambda: G('g', [ValueError(), TypeError()]).subgroup(ValueError)
def f(): return f()|def go(): sys.settrace(lambda *a: None); f()
def f(): return f()|def go(): sys.setprofile(lambda *a: None); f()
type A = A.__value__|go = lambda: A.__value__
def f(x: f.__annotations__): pass|go = lambda: f.__annotations__
class A:~  @property~  def p(s): return t'{s.p}'|go = lambda: A().p
""".strip().splitlines():
    before, _, go = line.partition("|")
    PATHS[line] = before.replace("~", "\n") + "\n" + go + "\n"


def attempt(source, traceback):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = 3
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open("/proc/self/statm") as file:
            limit = int(file.read().split()[0]) * resource.getpagesize() + (MORE << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        exec(source, globals())
        sys.setrecursionlimit(1 << 30)
        globals()["go"]()
        status = 0
    except ENDS as error:
        status = 0
        if traceback:
            try:
                sys.stderr = null
                os.dup2(null.fileno(), 2)
                sys.excepthook(MemoryError, error, error.__traceback__)
            except ENDS:
                pass
    except BaseException as error:
        # What stands in its way may have become another exception.
        if not isinstance(error.__context__ or error.__cause__, ENDS):
            os.write(1, repr(error)[:200].encode() + b"\n")
        status = 0
    finally:
        os._exit(status)


null = open(os.devnull, "w")
warnings.simplefilter("ignore")
sys.unraisablehook = lambda unraisable: None
for number, (name, source) in enumerate(PATHS.items()):
    status = attempt(source, number % 2)
    if status:
        print(name, "died", status)
print("end")
