# The events of sys.monitoring, sys.settrace and sys.setprofile for a zoo of functions.
import sys
m = sys.monitoring
E = m.events

def loops(n):
    t = 0
    for x in range(n):
        if x % 2:
            continue
        t += x
    else:
        t += 1
    while t > 0: t -= 3
    while t < 5:
        t += 1
        if t == 4: break
    return [a for a in range(3) if a] + [t]

def tries(x):
    try:
        if x: raise ValueError(x)
        y = 1
    except ValueError as e:
        y = 2
    except (TypeError,
            KeyError):
        y = 3
    else:
        y = 4
    finally:
        y += 1
    try:
        try:
            1 / 0
        finally:
            y += 2
    except ZeroDivisionError:
        pass
    return y

class CM:
    def __enter__(self): return self
    def __exit__(self, *a): return True

def withs():
    with CM() as c, \
         CM() as d:
        raise KeyError
    with CM():
        x = 1
    return c

def gen():
    x = yield 1
    y = yield from sub()
    for z in sub(): yield z
    return y

def sub():
    yield 10
    return 7

def use_gen():
    out = []
    for v in gen(): out.append(v)
    g = gen(); next(g)
    try: g.throw(KeyError("t"))
    except KeyError: out.append("k")
    g = gen(); next(g); g.close()
    return out

def cond(a, b):
    x = a and b or not a
    y = (1 if a
         else 2)
    z = [a,
         b,
         len([1,
              2])]
    if a is None: return 1
    if b is not None: x = 2
    assert a or b, "no"
    return (x, y, z,
            1 if a else
            3)

def calls(*args, **kw):
    len([])
    str(1)
    [].append(1)
    "a".join(["b"])
    cond(*args, **kw)
    cond(a=1, b=None)
    int("3", base=10)
    class Sub(CM):
        def __init__(self): super().__init__()
        def __enter__(self): return super().__enter__()
    with Sub(): pass
    try: int("x")
    except ValueError: pass
    return CM()

def match_it(v):
    match v:
        case [a, b]: return a
        case {"k": x}:
            return x
        case int() | str():
            return 1
        case _:
            return None

async def acoro(n):
    async for x in agen(n):
        if x: break
    async with ACM() as a:
        await asub()
    return [y async for y in agen(2)]

class ACM:
    async def __aenter__(self): return self
    async def __aexit__(self, *a): return None

async def agen(n):
    for i in range(n): yield i

async def asub():
    return 1

def run_async():
    c = acoro(3)
    try:
        while True: c.send(None)
    except StopIteration as e: return e.value

def nested():
    def inner(x): return x * 2
    f = lambda q: (q,
                   q)
    return inner(1), f(2), {k: v for k, v in [(1, 2)]}, {s for s in "ab"}

def reraise():
    try:
        try:
            raise KeyError
        except KeyError:
            raise
    except KeyError as e:
        try: raise ValueError from e
        except ValueError: pass
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError: pass
    except* TypeError: pass

def star():
    it = iter([1, 2, 3])
    a, *b = it
    while True:
        try: next(it)
        except StopIteration: break
    class It:
        n = 0
        def __iter__(self): return self
        def __next__(self):
            self.n += 1
            if self.n > 2: raise StopIteration
            return self.n
    for x in It(): pass
    return b

def one_line(): x = 1; y = 2; return x + y

ALL = [(loops, 5), (tries, 0), (tries, 1), (withs,), (use_gen,), (cond, 1, 2), (cond, 0, None), (cond, None, 1),
       (calls, 1, 2), (match_it, [1, 2]), (match_it, {"k": 3}), (match_it, 4), (match_it, 4.5), (run_async,),
       (nested,), (reraise,), (star,), (one_line,)]

def show(a):
    if a is m.MISSING: return "MISSING"
    if isinstance(a, (int, str, type(None))): return a
    if isinstance(a, BaseException): return type(a).__name__
    return getattr(a, "__qualname__", type(a).__name__)

only = sys.argv[1:]
def record(events, local=False):
    log = []
    m.use_tool_id(1, "zoo")
    for bit in range(18):
        if events >> bit & 1 or bit in (16, 17):
            name = [k for k, v in vars(E).items() if v == 1 << bit][0]
            m.register_callback(1, 1 << bit, lambda code, *a, name=name: log.append(
                (code.co_name, name, *map(show, a))) if code.co_filename == __file__ else None)
    for f, *a in ALL:
        if only and f.__name__ not in only: continue
        log.append(f.__name__)
        m.set_events(1, events)
        try: f(*a)
        except Exception as e: log.append(repr(e))
        finally: m.set_events(1, 0)
    m.free_tool_id(1)
    return log

groups = {"line": E.LINE | E.PY_START, "instr": E.INSTRUCTION, "jump": E.JUMP | E.BRANCH_LEFT | E.BRANCH_RIGHT,
    "py": E.PY_START | E.PY_RESUME | E.PY_RETURN | E.PY_YIELD | E.PY_UNWIND | E.PY_THROW,
    "exc": E.RAISE | E.RERAISE | E.EXCEPTION_HANDLED, "call": E.CALL,
    "all": (1 << 16) - 1 & ~E.INSTRUCTION & ~E.STOP_ITERATION & ~E.BRANCH_LEFT}
for name, events in groups.items():
    print("==", name)
    for row in record(events): print(row)

print("== settrace")
log = []
def tracer(frame, event, arg):
    if frame.f_code.co_filename != __file__: return
    log.append((frame.f_code.co_name, event, frame.f_lineno, type(arg).__name__ if event != "exception" else type(arg[1]).__name__))
    return tracer
for f, *a in ALL:
    if only and f.__name__ not in only: continue
    log.append(f.__name__)
    sys.settrace(tracer)
    try: f(*a)
    except Exception as e: log.append(repr(e))
    sys.settrace(None)
for r in log: print(r)
print("== setprofile")
log = []
def prof(frame, event, arg):
    if frame.f_code.co_filename != __file__: return
    log.append((frame.f_code.co_name, event, frame.f_lineno, getattr(arg, "__name__", type(arg).__name__)))
for f, *a in ALL:
    if only and f.__name__ not in only: continue
    log.append(f.__name__)
    sys.setprofile(prof)
    try: f(*a)
    except Exception as e: log.append(repr(e))
    sys.setprofile(None)
for r in log: print(r)
