# What is nested very deep gives a result or an exception, never the end of the process: each kind of chain is built,
# used by everything that walks it, and freed, in a thread with a small stack.
# Usage: nested.py [depth [kind] [-v]]. The default is more levels than that stack holds, however small the native frames
# are. A million, or -v, which says what is done next, runs all of it in the main thread as well.
import _pickle, ast, collections, contextlib, contextvars, copy, functools, gc, io, itertools, json, marshal, operator, os
import pickle, pprint, re, sys, threading, traceback, types, typing, weakref, array, string, struct, time

DEPTH = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
VERBOSE = "-v" in sys.argv
EXPECTED = (RecursionError, MemoryError, TypeError, ValueError, AttributeError, SyntaxError, OverflowError, LookupError,
            pickle.PicklingError, StopIteration, RuntimeError)


class Plain:
    def __init__(self, inner=None):
        self.inner = inner


class Slotted:
    __slots__ = "inner", "__weakref__"

    def __init__(self, inner=None):
        self.inner = inner


class Listy(list):
    pass


class Tuply(tuple):
    pass


class Dicty(dict):
    pass


class Equal:
    "Compares and hashes by what it holds, in Python."

    def __init__(self, inner=None):
        self.inner = inner

    def __eq__(self, other):
        return self.inner == other.inner

    def __hash__(self):
        return hash(self.inner)

    def __repr__(self):
        return f"Equal({self.inner!r})"


class Delegate:
    "Every attribute and operation goes to what it holds."

    def __init__(self, inner):
        object.__setattr__(self, "inner", inner)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __call__(self, *args):
        return self.inner(*args)

    def __iter__(self):
        return iter(self.inner)

    def __len__(self):
        return len(self.inner)

    def __bool__(self):
        return bool(self.inner)

    def __index__(self):
        return operator.index(self.inner)

    def __getitem__(self, key):
        return self.inner[key]

    def __contains__(self, key):
        return key in self.inner

    def __add__(self, other):
        return self.inner + other

    def __instancecheck__(self, thing):
        return isinstance(thing, self.inner)

    def __subclasscheck__(self, thing):
        return issubclass(thing, self.inner)

    def __format__(self, spec):
        return format(self.inner, spec)

    def __buffer__(self, flags):
        return memoryview(self.inner)

    def __fspath__(self):
        return os.fspath(self.inner)

    def __str__(self):
        return str(self.inner)


class Sequence:
    def __init__(self, inner):
        self.inner = inner

    def __getitem__(self, index):
        return next(self.inner)

    def __length_hint__(self):
        return operator.length_hint(self.inner)


class Finalized:
    def __init__(self, inner):
        self.inner = inner

    def __del__(self):
        self.inner = None


Point = collections.namedtuple("Point", "inner")


def chain(step, start=None, depth=None):
    thing = start
    for _ in range(depth or DEPTH):
        thing = step(thing)
    return thing


def cell(inner):
    return types.CellType(inner)


def closure(inner):
    return lambda: inner


def generator(inner):
    def run():
        yield inner
    started = run()
    next(started)
    return started


def delegating(inner):
    yield from inner


def waiting(inner):
    async def run():
        await inner
    return run()


def caused(inner):
    error = ValueError()
    error.__cause__ = inner
    return error


def in_context(inner):
    error = KeyError()
    error.__context__ = inner
    return error


def noted(inner):
    return ValueError(inner)


def grouped(inner):
    return ExceptionGroup("g", [inner])


def traced(inner):
    return types.TracebackType(inner, sys._getframe(), 0, 1)


def weak(inner):
    thing = Slotted()
    return (weakref.ref(thing, lambda ref: inner), thing)


def weak_finalizer(inner):
    thing = Slotted(inner)
    weakref.finalize(thing, lambda: None).atexit = False
    return thing


def bound(inner):
    return types.MethodType(len, inner)


def bound_call(inner):
    return types.MethodType(inner, 1)


def builtin_method(inner):
    return [inner].append


def one_property(inner):
    return property(inner)


def wrapped(inner):
    def function():
        pass
    function.__wrapped__ = inner
    return function


def defaults(inner):
    def function(x=inner):
        pass
    return function


def keyword_defaults(inner):
    def function(*, x=inner):
        pass
    return function


def module(inner):
    made = types.ModuleType("m")
    made.inner = inner
    return made


def proxied(inner):
    return types.MappingProxyType({1: inner})


def inner_proxy(inner):
    return types.MappingProxyType(inner)


def chain_map(inner):
    return collections.ChainMap({1: inner})


def ordered(inner):
    return collections.OrderedDict(a=inner)


def defaulted(inner):
    return collections.defaultdict(None, {1: inner})


def factory(inner):
    return collections.defaultdict(inner)


def counted(inner):
    return collections.Counter({inner: 1})


def user_list(inner):
    made = collections.UserList()
    made.data = inner
    return made


def generic(inner):
    return types.GenericAlias(list, inner)


def generic_origin(inner):
    return types.GenericAlias(inner, int)


def named_type(inner):
    return typing.TypeVar("T", bound=inner)


def annotated(inner):
    made = lambda: None
    made.__annotations__ = {"x": inner}
    return made


def slot_list(inner):
    return Slotted([inner])


def node(inner):
    return ast.UnaryOp(ast.USub(), inner)


def attribute_node(inner):
    return ast.Attribute(inner, "a", ast.Load())


def tuple_node(inner):
    return ast.Tuple([inner], ast.Load())


def if_node(inner):
    return ast.If(ast.Constant(1), [inner], [])


def lambda_node(inner):
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), inner)


def code(inner):
    return CODE.replace(co_consts=(inner,))


CODE = (lambda: 0).__code__


def struct_seq(inner):
    return os.stat_result([inner] * 10)


def view(inner):
    return memoryview(inner)


def template(inner):
    return string.templatelib.Template(string.templatelib.Interpolation(inner, "x"))


import string.templatelib
NUMBERS = [3, 1, 2]
ANY = int | str

# name: (step, start)
CHAINS = {
    "list": (lambda x: [x], None), "tuple": (lambda x: (x,), None), "dict": (lambda x: {1: x}, None),
    "dict key": (lambda x: {(1, x): 1}.popitem()[0], None),
    "frozenset": (lambda x: frozenset([x]), None), "set in tuple": (lambda x: ({id(x)}, x), None),
    "frozendict items": (lambda x: {1: x}.items(), None), "dict values": (lambda x: {1: x}.values(), None),
    "dict keys": (lambda x: {Slotted(x): 1}.keys(), None), "dict iterator": (lambda x: iter({Slotted(x): 1}), None),
    "slice": (lambda x: slice(x), None), "slice 3": (lambda x: slice(1, 2, x), None),
    "list subclass": (lambda x: Listy([x]), None), "tuple subclass": (lambda x: Tuply([x]), None),
    "dict subclass": (lambda x: Dicty({1: x}), None), "named tuple": (Point, None), "struct sequence": (struct_seq, None),
    "object": (Plain, None), "slots": (Slotted, None), "slots and list": (slot_list, None), "equal": (Equal, None),
    "finalized": (Finalized, None), "namespace": (lambda x: types.SimpleNamespace(x=x), None), "module": (module, None),
    "cell": (cell, None), "closure": (closure, None), "generator": (generator, None), "defaults": (defaults, None),
    "keyword defaults": (keyword_defaults, None), "wrapped": (wrapped, len), "annotated": (annotated, None),
    "started yield from": (delegating, ()), "coroutine": (waiting, None), "code": (code, None),
    "cause": (caused, None), "context": (in_context, None), "exception argument": (noted, None),
    "exception group": (grouped, ValueError()), "traceback": (traced, None),
    "weak reference": (weak, None), "weakref finalizer": (weak_finalizer, None),
    "method of": (bound, 1), "method call": (bound_call, lambda *a: 0), "builtin method": (builtin_method, None),
    "partial": (lambda x: functools.partial(functools.partial, x), len), "partial of method": (
        lambda x: functools.partialmethod(x), len),
    "partial argument": (lambda x: functools.partial(len, x), None),
    "partial keyword": (lambda x: functools.partial(len, k=x), None),
    "lru_cache": (lambda x: functools.lru_cache(x), lambda: 0), "cached_property": (functools.cached_property, len),
    "singledispatchmethod": (lambda x: [functools.cmp_to_key(x)], len),
    "property": (one_property, len), "classmethod": (classmethod, len), "staticmethod": (staticmethod, len),
    "super": (lambda x: (super(Plain, Plain(x))), None),
    "proxy of dict": (proxied, None), "mapping proxy": (inner_proxy, {}), "chain map": (chain_map, None),
    "deque": (lambda x: collections.deque([x]), None), "OrderedDict": (ordered, None), "defaultdict": (defaulted, None),
    "default factory": (lambda x: Delegate(factory(x)), dict), "UserList": (user_list, None),
    "map": (lambda x: map(abs, x), (1, 2)), "map function": (lambda x: map(x, [1]), abs),
    "filter": (lambda x: filter(None, x), (1, 2)), "zip": (lambda x: zip(x), (1, 2)), "enumerate": (enumerate, (1, 2)),
    "iter of list": (lambda x: iter([x]), None), "iter of tuple": (lambda x: iter((x,)), None),
    "reversed": (lambda x: reversed([x]), None), "callable iterator": (lambda x: iter(x.__next__, 1), iter(int, 1)),
    "sequence iterator": (lambda x: iter(Sequence(x)), (1, 2)),
    "chain": (lambda x: itertools.chain(x), (1, 2)), "chain 2": (lambda x: itertools.chain.from_iterable((x,)), (1, 2)),
    "islice": (lambda x: itertools.islice(x, 1), (1, 2)), "cycle": (itertools.cycle, (1, 2)),
    "accumulate": (lambda x: itertools.accumulate(x), (1, 2)), "takewhile": (
        lambda x: itertools.takewhile(bool, x), (1, 2)),
    "dropwhile": (lambda x: itertools.dropwhile(bool, x), (0, 2)), "starmap": (lambda x: itertools.starmap(abs, x), ((1,),)),
    "compress": (lambda x: itertools.compress(x, x), (1, 2)), "pairwise": (itertools.pairwise, (1, 2, 3)),
    "batched": (lambda x: itertools.batched(x, 1), (1, 2)), "groupby": (itertools.groupby, (1, 2)),
    "repeat": (lambda x: itertools.repeat(x), None), "count": (lambda x: itertools.filterfalse(None, x), (0, 0)),
    "tee": (lambda x: itertools.tee(x)[0], (1, 2)), "zip_longest": (lambda x: itertools.zip_longest(x), (1, 2)),
    "product": (lambda x: itertools.product([x]), None), "permutations": (lambda x: itertools.permutations([x]), None),
    "GenericAlias": (generic, int), "GenericAlias of": (generic_origin, list), "TypeVar": (named_type, None),
    "typing": (lambda x: typing.Generic.__class__ and [typing.ParamSpecArgs(x)], None),
    "union": (lambda x: (types.GenericAlias(list, x) | None), int),
    "itemgetter": (lambda x: operator.itemgetter(x), 1), "attribute": (lambda x: operator.methodcaller("f", x), None),
    "memoryview": (view, b"abc"), "delegate": (Delegate, 1), "template": (template, None),
    "ast": (node, ast.Constant(1)), "ast attribute": (attribute_node, ast.Name("x", ast.Load())),
    "ast tuple": (tuple_node, ast.Name("x", ast.Load())), "ast if": (if_node, ast.Pass()),
    "ast lambda": (lambda_node, ast.Constant(1)),
    "contextvar": (lambda x: contextvars.ContextVar("v", default=x), None),
    "BytesIO": (lambda x: io.BufferedReader(x), io.BytesIO(b"abc")), "text": (lambda x: io.TextIOWrapper(x), io.BytesIO(b"abc")),
    "exit stack": (lambda x: [contextlib.closing(x)], None), "thread local": (lambda x: Local(x), None),
    "staticmethod call": (lambda x: staticmethod(x), lambda *a: 1), "awaitable": (lambda x: waiting(x).__await__(), None),
    "async generator": (lambda x: wrap_async(x).asend(None), None),
}


class Local(threading.local):
    def __init__(self, inner):
        self.inner = inner


async def wrap_async(inner):
    yield inner


def set_state(x):
    copied = copy.copy(x)
    return copied


def equal(x, y):
    return x == y


def compile_tree(x):
    if isinstance(x, ast.stmt):
        return compile(ast.Module([x], []), "f", "exec")
    return compile(ast.Expression(x), "f", "eval")


def split(x):
    return isinstance(x, ExceptionGroup) and (x.split(KeyError), x.subgroup(ValueError), x.derive([x]))


def catch(x):
    if isinstance(x, ExceptionGroup):
        try:
            raise x
        except* ValueError:
            pass


def print_error(x):
    if isinstance(x, BaseException):
        traceback.print_exception(x, file=io.StringIO())


def consume(x):
    return next(x) if isinstance(x, ENDLESS) else collections.deque(x, 100)


def clear_all(x):
    x.clear()


OPERATIONS = {
    "repr": repr, "str": str, "hash": hash, "copy": copy.copy, "deepcopy": copy.deepcopy, "reduce": lambda x: x.__reduce_ex__(2),
    "C pickle": lambda x: _pickle.dumps(x), "pickle 0": lambda x: _pickle.dumps(x, 0), "pickle": lambda x: pickle._dumps(x),
    "json": json.dumps, "Python json": lambda x: json.dumps(x, indent=1), "marshal": marshal.dumps, "len": len, "bool": bool,
    "call": lambda x: callable(x) and x(1), "consume": consume, "format": lambda x: f"{x:>4}" and None, "sizeof": sys.getsizeof,
    "isinstance": lambda x: isinstance(1, x), "issubclass": lambda x: issubclass(int, x), "split": split, "catch": catch,
    "print": print_error, "compile": compile_tree, "dump": lambda x: ast.dump(x), "unparse": lambda x: ast.unparse(x),
    "fix": lambda x: ast.fix_missing_locations(x), "index": operator.index, "int": int, "float": float, "list": lambda x: 0,
    "get": lambda x: x[1], "contains": lambda x: 5 in x, "add": lambda x: x + (1,), "less": lambda x: x < x,
    "attribute": lambda x: x.missing, "abstract": lambda x: x.__isabstractmethod__,
    "name": lambda x: x.__name__, "doc": lambda x: x.__doc__, "wrapped": lambda x: x.__wrapped__, "function": lambda x: x.__func__.x,
    "set": lambda x: setattr(x, "missing", 1), "delete": lambda x: delattr(x, "missing"), "next": next,
    "del item": lambda x: x.__delitem__(1), "keys": lambda x: x.keys(), "property": lambda x: x.__get__(1, int),
    "iter": iter, "reversed": lambda x: reversed(x), "tuple": lambda x: tuple.__new__(tuple, (x,)), "star": lambda x: (lambda *a: 1)(x),
    "max depth": lambda x: x.__set_name__(int, "x"), "divmod": lambda x: divmod(x, x), "negative": lambda x: -x, "matrix": lambda x: x @ x,
    "super attribute": lambda x: super(Plain, x).x, "bytes": lambda x: memoryview(x)[0], "path": os.fspath,
    "sum": lambda x: sum(x), "min": lambda x: min(x), "or": lambda x: x | int, "parameters": lambda x: x.__parameters__,
    "subscript": lambda x: x[int], "setstate": lambda x: x.__setstate__(x), "length hint": lambda x: operator.length_hint(x),
    "pprint": lambda x: pprint.saferepr(x), "collect": lambda x: gc.collect(), "send": lambda x: x.send(None),
    "throw": lambda x: x.throw(KeyError), "close": lambda x: x.close(), "print into": lambda x: print(x, file=io.StringIO()),
    "clear": clear_all,
}
ENDLESS = itertools.cycle | itertools.repeat
# Never ends with an endless iterator.
WHOLE = {"contains", "sum", "min", "json", "Python json", "pprint"}


# The texts of these would be as long as the chain at each level, and a stat_result refers to what it holds ten times.
SLOW = {(name, word) for name in ("struct sequence", "slice", "slice 3", "dict key", "frozenset") for word in ("Python json", "json", "repr", "str", "format", "print into", "pprint", "deepcopy")}


def outcome(operation, *operands):
    try:
        operation(*operands)
    except EXPECTED as error:
        return type(error).__name__
    except Exception as error:
        return "unexpected " + type(error).__name__
    return "done"


def say(*words):
    if VERBOSE:
        print(*words, flush=True)


# Each level of these asks all those below it something when it is made.
DEPTHS = {"BytesIO": 40, "text": 40}


def walk(name):
    step, start = CHAINS[name]
    depth = DEPTHS.get(name)
    try:
        thing = chain(step, start, depth)
    except EXPECTED as error:
        # Some calls flatten or refuse what is too deep.
        say(f"  {name}: not built: {type(error).__name__}")
        return
    problems = []
    for word, operation in OPERATIONS.items():
        if word in WHOLE and isinstance(thing, ENDLESS) or (name, word) in SLOW:
            continue
        say(f"  {name}: {word} ...")
        start_time = time.perf_counter()
        result = outcome(operation, thing)
        say(f"  {name}: {word}: {result} {time.perf_counter() - start_time:.2f}")
        if result.startswith("unexpected"):
            problems.append(f"{word}: {result}")
    say(f"  {name}: == ...")
    try:
        other = chain(step, start, depth)
    except EXPECTED:
        other = None
    outcome(equal, thing, other)
    outcome(lambda: {thing: 1}.get(other))
    del other
    say(f"  {name}: freeing")
    if name in ("coroutine", "awaitable"):
        with contextlib.suppress(*EXPECTED):
            thing.close()
    del thing
    # A ring around the chain is freed by the collector.
    try:
        ring = [chain(step, start, depth)]
        ring.append(ring)
        del ring
    except EXPECTED:
        pass
    say(f"  {name}: collecting")
    gc.collect()
    if problems:
        print(name, problems)


# ---- what is no chain of objects ----

def nested_text():
    n = DEPTH
    for text in ("(" * n, "[" * n + "]" * n, "{1:" * n + "1" + "}" * n, "-" * n + "1", "not " * n + "1", "lambda: " * n + "1",
                 "x" + ".a" * n, "f" + "(1)" * n, "f" + "(" * n + ")" * n, "1" + "+1" * n, "1" + "**1" * n, "1 if 1 else " * n + "1",
                 "f'{" * 100 + "}'" * 100, "x" + "[1]" * n, "[x " + "for x in x " * n + "]", "1" + " < 1" * n, "*" * n + "x",
                 "await " * n + "x", "x = " * n + "1", "1 and " * n + "1", "(x := " * n + "1" + ")" * n):
        for mode in "eval", "exec", "single":
            outcome(compile, text, "f", mode)
        outcome(ast.parse, text)
        outcome(ast.literal_eval, text)
    for text in ("if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 99)) + " " * 99 + "pass\n",
                 "if 1: pass\n" + "elif 1: pass\n" * n, "@x\n" * n + "def f(): pass\n", "with " + "x, " * n + "x: pass\n",
                 "def f(x: " + "[" * 150 + "]" * 150 + "): pass\n", "match x:\n case " + "[" * n + "]" * n + ": pass\n",
                 "match x:\n case " + "1 | " * n + "1: pass\n", "x" + " = x" * n + "\n", "try: pass\n" + "except x: pass\n" * 1000,
                 "class A" + "[T" + ": T" * n + "]: pass\n", "type A = " + "list[" * n + "]" * n + "\n", "import " + "a." * n + "a\n",
                 "from " + "." * n + " import a\n"):
        outcome(compile, text, "f", "exec")
    for text in "(" * n, "(?:" * n + ")" * n, "(?=" * n + ")" * n, "(a" * 90 + ")" * 90, "[" * n, "(?:a|" * n + ")" * n, "a" + "*" * n:
        outcome(re.compile, text)
    outcome(re.match, "(?:(?:a?)*?b?)*" + "c", "ab" * n)
    outcome(re.match, "(?:a|b)*c", "ab" * n)
    outcome(re.match, "((a)|b)*?c", "ab" * n)
    for text in "[" * n, "[" * n + "]" * n, '{"a":' * n + "1" + "}" * n:
        outcome(json.loads, text)
        outcome(json.JSONDecoder().raw_decode, text)
    outcome(marshal.loads, b"(\x01\x00\x00\x00" * n + b"N")
    outcome(marshal.loads, b"[\x01\x00\x00\x00" * n + b"N")
    outcome(marshal.loads, b"{" * n + b"N")
    outcome(marshal.loads, b"<\x01\x00\x00\x00" * n + b"N")
    outcome(pickle.loads, b"(" * n + b"t" * n + b".")
    outcome(pickle._loads, b"(" * n + b"t" * n + b".")
    outcome(pickle.loads, b"N" + b"\x85" * n + b".")
    outcome(copy.copy, pickle.loads(b"]" * 2 + b"a."))
    outcome(struct.calcsize, "1" * 1000 + "i")
    outcome(lambda: "{:" * n + "}" * n and ("{:" * n + "}" * n).format(*range(9)))
    outcome(lambda: ("%(" * n) % {})
    outcome(lambda: "{0[" * n)
    outcome(int, "1" * 4000)


def recursive_calls():
    def direct():
        direct()

    class Hashing:
        def __hash__(self):
            return hash(self)

        def __eq__(self, other):
            return self == other

        def __repr__(self):
            return repr(self)

        def __str__(self):
            return "%s" % self

        def __getattr__(self, name):
            return getattr(self, name + "a" if len(name) < 9 else name)

        def __getitem__(self, key):
            return self[key]

        def __len__(self):
            return len(self)

        def __iter__(self):
            return iter(self)

        def __next__(self):
            return next(self)

        def __call__(self):
            return self()

        def __add__(self, other):
            return self + other

        def __bool__(self):
            return bool(self)

        def __contains__(self, other):
            return other in self

        def __index__(self):
            return operator.index(self)

        def __format__(self, spec):
            return format(self, spec)

        def __set__(self, instance, value):
            instance.me = value

        def __reduce_ex__(self, protocol):
            return copy.copy(self)

        def __instancecheck__(self, other):
            return isinstance(other, self)

        def __enter__(self):
            with self:
                pass

        def __exit__(self, *args):
            pass

        def __length_hint__(self):
            return operator.length_hint(self)

    class Me:
        me = Hashing()

    h = Hashing()
    for operation in (hash, repr, str, len, iter, next, bool, operator.index, format, copy.copy, pickle.dumps, list, sorted, dict,
                      lambda x: x(), lambda x: x + 1, lambda x: x == x, lambda x: 1 in x, lambda x: x[1], lambda x: x.foo,
                      lambda x: isinstance(1, x), lambda x: x.__enter__(), lambda x: setattr(Me(), "me", 1), operator.length_hint,
                      lambda x: {x: 1}, lambda x: sorted([1, x]), lambda x: max(x), lambda x: sum([x, x]), lambda x: [x] == [h, 1],
                      lambda x: functools.reduce(lambda a, b: a + b, [x, x]), lambda x: "".join(map(str, [x])),
                      lambda x: exec("x()", {"x": x}), lambda x: eval("x + x"), lambda x: bytes(x), lambda x: direct()):
        outcome(operation, h)

    def via_map():
        return list(map(lambda _: via_map(), [1]))

    def via_sort():
        return sorted([1, 2], key=lambda _: via_sort())

    def via_sub():
        return re.sub("a", lambda _: via_sub(), "a")

    def via_exec():
        exec("via_exec()", {"via_exec": via_exec})

    def via_generator():
        yield from via_generator()

    def via_class():
        class A(type):
            __prepare__ = classmethod(lambda *args: via_class())
        class B(metaclass=A):
            pass

    def via_partial():
        return functools.partial(via_partial)()

    def via_import():
        return __import__("nested_import_" + str(via_import()))

    def via_json():
        return json.dumps(object(), default=lambda _: via_json())

    def via_reduce():
        return functools.reduce(lambda a, b: via_reduce(), [1, 2, 3])

    @functools.lru_cache
    def via_cache(n):
        return via_cache(n + 1)

    @functools.singledispatch
    def via_dispatch(n):
        return via_dispatch(n)

    @contextlib.contextmanager
    def via_context():
        with via_context():
            yield

    def via_default():
        return collections.defaultdict(via_default)[1]

    def via_weakref():
        s = Slotted()
        r = weakref.ref(s, lambda _: via_weakref())
        del s

    def via_finalizer():
        class D:
            def __del__(self):
                via_finalizer()
        D()

    def via_property():
        class P:
            p = property(lambda self: via_property())
        return P().p

    def via_subclass():
        class S:
            def __init_subclass__(cls):
                via_subclass()
        class T(S):
            pass

    def via_name():
        class N:
            def __set_name__(self, owner, name):
                via_name()
        class O:
            x = N()

    def via_except():
        try:
            via_except()
        finally:
            via_except.count += 1
            if via_except.count < 100:
                via_except()

    via_except.count = 0

    def via_new():
        class V:
            def __new__(cls):
                return cls()
        V()

    old = sys.getrecursionlimit(), sys.unraisablehook
    sys.unraisablehook = lambda unraisable: None
    try:
        for limit in 1000, 1_000_000:
            sys.setrecursionlimit(limit)
            for operation in (direct, via_map, via_sort, via_sub, via_exec, lambda: list(via_generator()), via_class, via_partial,
                              via_import, via_json, via_reduce, lambda: via_cache(1), lambda: via_dispatch(1),
                              lambda: via_context().__enter__(), via_default, via_weakref, via_finalizer, via_property,
                              via_subclass, via_name, via_except, via_new):
                say("  ", operation, limit)
                result = outcome(operation)
                say("  ", operation, limit, result)
                if result.startswith("unexpected"):
                    print(operation.__name__, result)
            if limit == 1000:
                for operation in (hash, repr):
                    outcome(operation, h)
    finally:
        sys.setrecursionlimit(old[0])
        sys.unraisablehook = old[1]


def classes():
    # A chain of classes 2,000 deep, each of which knows its base through the MRO.
    made = object
    try:
        for _ in range(500):
            made = type("C", (made,), {})
    except EXPECTED:
        pass
    outcome(issubclass, made, int)
    outcome(made)
    made.x = 1
    del made
    gc.collect()
    deep = chain(lambda x: (int, x), str)
    outcome(isinstance, 1.5, deep)
    outcome(issubclass, float, deep)
    outcome(lambda: "a".startswith(deep))
    try:
        try:
            raise KeyError
        except deep:
            pass
    except EXPECTED + (KeyError,):
        pass
    outcome(lambda: max(deep, deep, key=lambda x: x))
    frame = None
    errors = None
    for _ in range(min(DEPTH, 50_000)):
        try:
            raise ValueError from errors
        except ValueError as error:
            errors = error
    print_error(errors)
    del errors
    gc.collect()
    # Attribute access through a chain of descriptors and __wrapped__ functions.
    import inspect
    function = chain(wrapped, len)
    outcome(inspect.signature, function)
    outcome(inspect.unwrap, function)
    linked = collections.UserDict()
    d = {}
    for _ in range(DEPTH):
        d = collections.ChainMap(d) if _ % 1000 == 0 else {1: d}
    outcome(repr, d)


def all_of_it():
    for name in CHAINS:
        if len(sys.argv) > 2 and sys.argv[2] not in ("-v", name):
            continue
        say(name)
        walk(name)
    if len(sys.argv) > 2 and sys.argv[2] != "-v":
        return
    for part in nested_text, recursive_calls, classes:
        say(part.__name__)
        part()
    print("whole")


import warnings
warnings.simplefilter("ignore")
if DEPTH >= 1_000_000 or VERBOSE:
    all_of_it()
threading.stack_size(256 * 1024)
thread = threading.Thread(target=all_of_it)
thread.start()
thread.join()
print("end")
