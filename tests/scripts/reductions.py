"""How objects of built-in types are taken apart for pickle and copy: __reduce_ex__ at each protocol, and what comes back."""
import array, collections, copy, copyreg, datetime, decimal, enum, fractions, functools, io, itertools, operator, pickle, random, re
import struct, sys, types, typing, uuid, weakref, contextvars, string.templatelib


class Plain:
    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)


class Slots:
    __slots__ = ("a", "b")


class State:
    def __getstate__(self):
        return "state"

    def __setstate__(self, state):
        self.state = state


class NewArgs:
    def __new__(cls, a):
        return super().__new__(cls)

    def __getnewargs__(self):
        return 1,


class NewArgsEx:
    def __new__(cls, *, a):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"a": 1}


class Reduces:
    def __reduce__(self):
        return Plain, ()


class Ints(int):
    pass


class Texts(str):
    pass


class Lists(list):
    pass


class Dicts(dict):
    pass


class Tuples(tuple):
    pass


class Sets(set):
    pass


class Frozen(frozenset):
    pass


class ByteArrays(bytearray):
    pass


class Floats(float):
    pass


class Complexes(complex):
    pass


class Errors(Exception):
    pass


class Deques(collections.deque):
    pass


class Generics(typing.Generic[typing.T]):
    pass


class Partials(functools.partial):
    pass


class Dates(datetime.date):
    pass


class Decimals(decimal.Decimal):
    pass


class Meta(type):
    pass


class Made(metaclass=Meta):
    pass


class Colour(enum.Enum):
    RED = 1


class Flags(enum.Flag):
    A = 1
    B = 2


Point = collections.namedtuple("Point", "x y")


def function():
    pass


def with_attributes(made, **attributes):
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def iterated(iterator, n):
    for _ in range(n):
        next(iterator)
    return iterator


EXPRESSIONS = """
0; 5; -3; 2**70; True; None; ...; NotImplemented; 1.5; 2j; ''; 'text'; b''; b'bytes'; bytearray(); bytearray(b'ab\\xff'); (); (1, 2); [1, 2]; {}; {1: 2}
set(); {1}; frozenset(); frozenset([1]); range(3); range(1, 10, 2); slice(1, 2, 3); memoryview(b'ab'); object(); type; int; object; Plain; Made; Meta
Plain(); with_attributes(Plain(), a=1); Slots(); with_attributes(Slots(), a=1, b=2); State(); NewArgs(1); NewArgsEx(a=1); Reduces()
Ints(5); with_attributes(Ints(5), a=1); Texts('x'); Lists([1]); with_attributes(Lists([1]), a=1); Dicts(a=1); Tuples((1, 2)); Sets([1]); Frozen([1])
ByteArrays(b'a'); Floats(1.5); Complexes(1j); Deques([1]); Partials(len); Dates(2020, 1, 2); Decimals('1.5'); Generics(); Generics[int]; Point(1, 2)
Errors(); Errors(1, 2); with_attributes(Errors(1), a=2); ValueError('a'); KeyError('k'); OSError(2, 'x'); OSError(2, 'x', 'f'); OSError(2, 'x', 'f', None, 'g')
SystemExit(3); StopIteration(4); SyntaxError('m', ('f', 1, 2, 't')); ImportError('m', name='n', path='p'); ImportError('m'); ModuleNotFoundError('m', name='n')
UnicodeDecodeError('ascii', b'a', 0, 1, 'r'); UnicodeEncodeError('ascii', 'a', 0, 1, 'r'); AttributeError('m', name='n', obj=1); AttributeError('m'); NameError('m', name='n')
ExceptionGroup('m', [ValueError(1)]); BaseExceptionGroup('m', [ValueError(1)]); with_attributes(ValueError(1), __notes__=['note']); BlockingIOError(1, 'x', 3)
FileNotFoundError(2, 'x', 'f'); KeyboardInterrupt(); MemoryError(); RecursionError('a'); Warning('w')
function; len; (lambda: 0); [].append; 'x'.join; dict.fromkeys; str.join; int.__add__; (1).__add__; int.real; slice.start; Plain().__init__; Plain.__init__
State().__getstate__; State.__getstate__; int.from_bytes; Plain.mro; operator.itemgetter; collections.deque; io.open; print
iter([1, 2]); iterated(iter([1, 2]), 1); iterated(iter([1]), 1); iter((1, 2)); iterated(iter((1, 2)), 2); iter('ab'); iter('\\u1234'); iterated(iter('ab'), 1); iter(b'ab')
iter(bytearray(b'ab')); iter({1: 2}); iter({1: 2}.values()); iter({1: 2}.items()); reversed({1: 2}); iter({1}); iter(range(3)); iterated(iter(range(3)), 1); iter(range(10**30))
reversed([1, 2]); iterated(reversed([1, 2]), 1); reversed((1, 2)); reversed('ab'); enumerate('ab'); enumerate('ab', 5); enumerate('ab', 10**30); zip('ab', 'cd'); zip('a', 'b', strict=True)
map(str, [1]); map(max, [1], [2]); map(str, [1], strict=True); filter(None, [1]); iter(int, 1); iter(lambda: 0, 1); iter(memoryview(b'ab')); {}.keys(); {}.values(); {}.items()
types.MappingProxyType({}); types.SimpleNamespace(a=1); types.SimpleNamespace(); list[int]; dict[str, int]; int | str; int | None; iter(list[int]); typing.Optional[int]; typing.Any
typing.List[int]; typing.T; typing.TypeVar('T2'); typing.ParamSpec('P'); typing.TypeVarTuple('Ts'); typing.Generic; typing.Union[int, str]; typing.Callable[[int], str]; typing.Literal[1]
types.CellType(1); function.__code__; types.ModuleType('m'); sys; property(function); classmethod(function); staticmethod(function); super(Meta, Meta)
(x for x in ()); t'a{1}b'; t'{1!r:x}'.interpolations[0]; sys.flags; sys.version_info; sys.float_info; sys._getframe(); sys.exception
weakref.ref(Plain); weakref.proxy(Plain); contextvars.ContextVar('v'); contextvars.Context(); type(sys.flags); types.GenericAlias(list, int)
collections.deque(); collections.deque([1, 2]); collections.deque([1], 5); iter(collections.deque([1, 2])); reversed(collections.deque([1])); collections.OrderedDict(); collections.OrderedDict(a=1)
iter(collections.OrderedDict(a=1)); iter(collections.OrderedDict(a=1).items()); collections.OrderedDict(a=1).keys(); reversed(collections.OrderedDict(a=1).values())
collections.defaultdict(list); collections.defaultdict(list, a=1); collections.defaultdict(None, a=1); collections.Counter('aab'); collections.ChainMap({1: 2}); collections.UserDict({1: 2})
functools.partial(max, 1, default=2); functools.partial(len); with_attributes(functools.partial(len), a=1); functools.lru_cache(function); functools.cmp_to_key(max); functools.Placeholder
operator.itemgetter(1); operator.itemgetter(1, 2); operator.attrgetter('a'); operator.attrgetter('a.b', 'c'); operator.methodcaller('a'); operator.methodcaller('a', 1); operator.methodcaller('a', b=1)
itertools.count(); itertools.count(5, 2); itertools.cycle([1]); itertools.repeat(1); itertools.repeat(1, 5); itertools.chain([1]); itertools.islice([1], 1); itertools.product([1]); itertools.groupby([1])
itertools.tee([1])[0]; itertools.accumulate([1]); itertools.permutations([1]); itertools.combinations([1], 1); itertools.zip_longest([1]); itertools.starmap(max, []); itertools.takewhile(len, [])
array.array('i', [1, 2]); array.array('w', 'ab'); array.array('d', []); iter(array.array('i', [1, 2])); iterated(iter(array.array('i', [1, 2])), 1); struct.Struct('i'); re.compile('a'); re.match('a', 'a')
re.compile('a(b)', re.I); datetime.date(2020, 1, 2); datetime.time(1, 2, 3, 4); datetime.datetime(2020, 1, 2, 3); datetime.timedelta(1, 2, 3); datetime.timezone.utc; datetime.timezone(datetime.timedelta(0, 60))
datetime.timezone(datetime.timedelta(0, 60), 'n'); datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc); datetime.time(1, fold=1); datetime.date(2020, 1, 2).isocalendar(); datetime.tzinfo()
decimal.Decimal('1.50'); decimal.Decimal('-NaN123'); decimal.Context(prec=3); fractions.Fraction(1, 2); random.Random(1).random; random.SystemRandom(); uuid.UUID(int=5); Colour.RED; Flags.A | Flags.B; Colour
io.StringIO('ab'); io.BytesIO(b'ab'); io.TextIOWrapper(io.BytesIO()); io.BufferedReader(io.BytesIO()); io.FileIO; sys.stdout; io.IncrementalNewlineDecoder(None, False); io.BytesIO().getbuffer()
copyreg.__newobj__; pickle.PickleBuffer(b''); pickle.Pickler(io.BytesIO()); type(None); type(...); type(NotImplemented); types.NoneType; type(function); type({}.keys()); type(iter([]))
"""

# What cannot be pickled says so in words that are compared as well; a type's own words stand in the line of protocol 2.
IDENTITY = re.compile(r"0x[0-9a-f]+")


def show(value, depth=0):
    """A text for parts of a reduction, without addresses and orders of sets."""
    if isinstance(value, tuple) and type(value) is tuple and depth < 6:
        return "(" + ", ".join(show(item, depth + 1) for item in value) + ",)"
    if type(value) is dict:
        return "{" + ", ".join(f"{show(key)}: {show(item, depth + 1)}" for key, item in value.items()) + "}"
    if isinstance(value, type(iter([]))) or isinstance(value, type(iter({}.items()))):
        return f"<{type(value).__name__} of {show(tuple(value), depth + 1)}>"
    if isinstance(value, types.FunctionType):
        return f"<function {value.__module__}.{value.__qualname__}>"
    return IDENTITY.sub("0x", repr(value))[:200]


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return f"raises {type(error).__name__}: {IDENTITY.sub('0x', str(error))[:150]}"


def reduced(value, protocol):
    result = attempt(value.__reduce_ex__, protocol)
    return result if isinstance(result, str) else show(result)


def returned(value, function):
    """The type and text of what comes back, or what is raised."""
    result = attempt(function, value)
    if isinstance(result, str) and not isinstance(value, str):
        return result
    if result is value:
        return "the same"
    return f"{type(result).__name__} {show(result)}"


def main():
    count = 0
    for line in EXPRESSIONS.strip().splitlines():
        for expression in line.split("; "):
            value = eval(expression, globals())
            count += 1
            print("==", expression)
            last = None
            for protocol in range(6):
                text = reduced(value, protocol)
                if text != last:
                    print(protocol, text)
                last = text
            texts = {}
            for protocol in range(6):
                value = eval(expression, globals())
                text = returned(value, lambda value: pickle.loads(pickle.dumps(value, protocol)))
                texts.setdefault(text, []).append(protocol)
            for text, protocols in texts.items():
                print("pickle", *protocols, text)
            slow = attempt(pickle._dumps, eval(expression, globals()), 2)
            fast = attempt(pickle.dumps, eval(expression, globals()), 2)
            if isinstance(slow, str) != isinstance(fast, str):
                print("one pickler alone", slow, fast)
            print("copy", returned(eval(expression, globals()), copy.copy))
            print("deepcopy", returned(eval(expression, globals()), copy.deepcopy))
    for cls in [object, int, Plain, Slots, Lists, Ints, Dicts, Errors, Deques, Generics, NewArgs, typing.Generic, collections.deque, functools.partial]:
        print(cls.__name__, attempt(lambda: show(copyreg._slotnames(cls))), bool(cls.__flags__ & copyreg._HEAPTYPE),
              attempt(lambda: show(copyreg.__reduce_ex__(cls.__new__(cls), 0))) if hasattr(copyreg, "__reduce_ex__") else
              attempt(lambda: show(copyreg._reduce_ex(cls.__new__(cls), 1))))
    print(count, "objects")


main()
