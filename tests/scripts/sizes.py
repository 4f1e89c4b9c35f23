"""What sys.getsizeof and sys.getrefcount say of objects of every kind.

The counts leave out constants of the code that asks: whether a constant is counted while it is an argument is the interpreter's
own affair."""
import array, collections, datetime, decimal, enum, fractions, functools, io, itertools, operator, random, re, struct, sys, types
import typing, weakref, contextvars, queue, threading, string, uuid, pathlib, zlib, hashlib, bz2, _csv, json, asyncio


class Plain:
    pass


class Values:
    def __init__(self):
        self.a = 1
        self.b = 2


class Slots:
    __slots__ = ("a", "b")


class Both:
    __slots__ = ("a", "__dict__", "__weakref__")


class Weak:
    __slots__ = ("__weakref__",)


class Derived(Values):
    __slots__ = ()


class Ints(int):
    pass


class Texts(str):
    pass


class Lists(list):
    pass


class Dicts(dict):
    pass


class Tuples(tuple):
    __slots__ = ()


class Sets(set):
    pass


class Errors(Exception):
    pass


class Meta(type):
    pass


class Made(metaclass=Meta):
    pass


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


Point = collections.namedtuple("Point", "x y")


def generator():
    x = yield 1
    return x


async def coroutine():
    return 1


async def asynchronous():
    yield 1


def closure(a):
    def inner():
        return a
    return inner


def appended(n):
    made = []
    for i in range(n):
        made.append(i)
    return made


def extended(n, step):
    made = []
    for _ in range(n):
        made.extend(range(step))
    return made


def popped(n, left):
    made = list(range(n))
    while len(made) > left:
        made.pop()
    return made


def inserted(n):
    made = []
    for i in range(n):
        made.insert(0, i)
    return made


def deleted(n, left):
    made = {i: i for i in range(n)}
    for i in range(n - left):
        del made[i]
    return made


def updated(n):
    made = {}
    made.update({i: i for i in range(n)})
    return made


def words(n):
    return {f"key{i}": i for i in range(n)}


def mutated(n):
    made = words(n)
    made[1] = 1
    return made


def set_of(n, removed=0):
    made = set(range(n))
    for i in range(removed):
        made.discard(i)
    return made


def attributes(n):
    made = Plain()
    for i in range(n):
        setattr(made, f"a{i}", i)
    return made


def bytearray_of(n):
    made = bytearray()
    for i in range(n):
        made.append(i % 256)
    return made


def raised():
    try:
        raise ValueError("text")
    except ValueError as error:
        return error


def filled(made, items):
    for item in items:
        made.append(item)
    return made


def ordered(n, gone=0):
    made = collections.OrderedDict((i, i) for i in range(n))
    for i in range(gone):
        del made[i]
    return made


def iterated(iterator, n):
    for _ in range(n):
        next(iterator)
    return iterator


SIZES = """
0; 1; -1; 2**15; 2**30 - 1; 2**30; 2**60 - 1; 2**60; 2**90; -(2**90); 2**1000; 10**100; True; False; Ints(5); Ints(2**70)
0.0; 1.5; 1j; None; ...; NotImplemented
''; 'a'; 'ab'; 'a' * 100; '\\xe9'; '\\xe9\\xe8'; 'a\\xe9' * 50; '\\u0100'; 'a\\u0100' * 20; '\\U0001F600'; 'a\\U0001F600' * 20
'abc'[1:]; 'abc' + chr(255); ''.join(['a', '\\u0100']); str(b'abc', 'ascii'); 'x'.upper(); chr(200); Texts('abc'); Texts('\\u1234')
'%s' % 'abcdef'; f'{12}x'; 'a,b'.split(',')[0]; sys.intern('interned text'); repr('a'); ascii('\\u1234'); str(1234)
b''; b'a'; b'abc' * 10; bytes(100); bytearray(); bytearray(b'abc'); bytearray(100); bytearray_of(1); bytearray_of(10); bytearray_of(1000)
memoryview(b'abc'); memoryview(bytearray(10)); memoryview(array.array('i', [1, 2])).cast('B')
(); (1,); (1, 2, 3); tuple(range(100)); Tuples((1, 2)); Point(1, 2); (1, 2) + (3,); (1, 2) * 5; tuple([1, 2, 3]); tuple(i for i in range(11))
[]; [1]; [1, 2]; [1, 2, 3]; [1, 2, 3, 4, 5]; list(range(10)); list((1, 2, 3)); [i for i in range(10)]; [i for i in range(100)]
list(i for i in range(11)); [1] * 10; [1, 2] + [3]; list(range(10))[2:5]; list(range(100))[::2]; appended(1); appended(4); appended(5)
appended(9); appended(17); appended(100); appended(1000); extended(1, 3); extended(3, 5); extended(10, 7); popped(100, 50); popped(100, 10)
popped(100, 1); popped(1000, 300); inserted(1); inserted(10); inserted(50); [*range(5)]; [*range(5), 6]; [1, 2, 3].copy(); list('abc'); Lists()
Lists([1, 2]); sorted([3, 1, 2]); list({1: 2}); list({1, 2, 3}); list(map(str, range(7))); [[]] * 3; 'a b c'.split(); 'abcd'.split('c')
b'a b'.split(); list(zip('ab', 'cd')); list(reversed([1, 2, 3])); list(enumerate('ab')); 'a\\nb'.splitlines(); list(range(0)); list(filter(None, [1, 2]))
{}; {1: 1}; {'a': 1}; {'a': 1, 'b': 2}; {i: i for i in range(5)}; {i: i for i in range(6)}; {i: i for i in range(10)}; {i: i for i in range(11)}
{i: i for i in range(100)}; {i: i for i in range(1000)}; {i: i for i in range(100000)}; words(1); words(5); words(6); words(11); words(100)
words(1000); mutated(5); mutated(100); deleted(10, 1); deleted(100, 5); deleted(1000, 1); deleted(5, 0); updated(3); updated(10); updated(100)
dict(); dict(a=1); dict(a=1, b=2, c=3); dict([(1, 2)]); dict(zip(range(20), range(20))); dict.fromkeys(range(10)); dict.fromkeys('abcdefgh')
dict.fromkeys({1, 2, 3, 4, 5, 6}); {1: 1}.copy(); words(20).copy(); deleted(100, 5).copy(); {**words(3)}; {**words(10), 'x': 1}; words(3) | words(9)
Dicts(); Dicts(a=1); dict(words(10)); dict(deleted(100, 50)); {'a': 1} | {1: 2}; {(1, 2): 3}; {'a': 1, 2: 3}; {str(i): i for i in range(10)}
Plain().__dict__; Values().__dict__; attributes(1).__dict__; attributes(5).__dict__; attributes(20).__dict__; attributes(40).__dict__
vars(Derived()); Errors().__dict__; closure(1).__dict__; types.SimpleNamespace(a=1).__dict__; words(3).keys(); words(3).values(); words(3).items()
iter({}); iter({1: 2}.values()); iter({1: 2}.items()); reversed({}); types.MappingProxyType({}); vars(int)
set(); {1}; {1, 2, 3, 4}; {1, 2, 3, 4, 5}; set_of(10); set_of(20); set_of(100); set_of(1000); set_of(100000); set_of(100, 90); set('abc')
frozenset(); frozenset([1]); frozenset(range(10)); frozenset(range(100)); set_of(100, 90).copy(); {1, 2} | {3}; {i for i in range(30)}
Sets(); set([1, 2, 3, 4, 5, 6]); set({1: 2}); set_of(50) & set_of(5); set_of(50) - set_of(45); frozenset(set_of(20)); iter(set())
range(10); range(10**30); range(2, 5, 2); slice(1); slice(1, 2, 3); iter(range(3)); iter(range(10**30)); iter([]); iter(()); iter('a'); iter('\\u1234')
iter(b''); iter(bytearray()); reversed([]); reversed((1,)); enumerate([]); zip(); zip([], []); map(str, []); map(max, [], []); filter(None, [])
iter(int, 1); reversed('abc'); iter(memoryview(b'')); iter(Lists())
generator(); (i for i in []); iterated(generator(), 1); asynchronous(); asynchronous().asend(1); asynchronous().athrow(ValueError)
generator; closure; closure(1); (lambda: 0); (lambda a, b=1, *c, d, **e: 0); closure(1).__closure__; closure(1).__closure__[0]; types.CellType()
generator.__code__; closure.__code__; (lambda: 0).__code__; compile('', '', 'exec'); compile('x = 1', 'f', 'exec'); coroutine.__code__
compile('def f(a, b=2, *c, **d):\\n  try:\\n    return a + b\\n  except ValueError:\\n    raise', 'f', 'exec')
len; [].append; ''.join; dict.fromkeys; str.join; int.__add__; (1).__add__; int.real; slice.start; type.__dict__['__dict__']; print; type.mro
Plain().__init__; Values.__init__; Values().__init__; classmethod(len); staticmethod(len); property(); property(len, len); super(Derived, Derived())
functools.partial(len); functools.partial(max, 1, 2, key=None); functools.lru_cache(len); functools.cmp_to_key(max); functools.reduce; functools.cached_property(len)
operator.itemgetter(1); operator.itemgetter(1, 2, 3); operator.attrgetter('a'); operator.attrgetter('a.b'); operator.methodcaller('a'); operator.methodcaller('a', 1, b=2)
int; object; type; str; list; dict; Exception; OSError; BaseException; types.ModuleType; Plain; Values; Slots; Derived; Meta; Made; Colour; Point
Ints; Lists; collections.OrderedDict; collections.deque; datetime.date; functools.partial; re.Pattern; decimal.Decimal; itertools.chain
object(); Plain(); Values(); Slots(); Both(); Weak(); Derived(); Made(); attributes(3); attributes(40); Colour.RED; types.SimpleNamespace(); types.SimpleNamespace(a=1)
Exception(); Exception(1, 2); ValueError('a'); KeyError(1); OSError(2, 'x'); SystemExit(3); StopIteration(4); SyntaxError('x'); ImportError('a', name='b')
UnicodeDecodeError('ascii', b'a', 0, 1, 'r'); UnicodeEncodeError('ascii', 'a', 0, 1, 'r'); AttributeError('a'); NameError('b'); Errors(); ExceptionGroup('a', [ValueError()])
BaseException(); KeyboardInterrupt(); MemoryError(); raised(); raised().__traceback__; raised().__traceback__.tb_frame
sys; types; types.ModuleType('m'); sys.flags; sys.version_info; sys.implementation; sys._getframe(); sys.float_info; sys.hash_info
list[int]; dict[str, int]; int | str; typing.Any; typing.TypeVar('T'); typing.ParamSpec('P'); typing.TypeVarTuple('Ts'); typing.List[int]; typing.Optional[int]
iter(list[int]); types.GenericAlias(list, (int,)); t''; t'a{1}'; t'{1}{2}'.interpolations[0]
weakref.ref(Plain); weakref.proxy(Plain); weakref.WeakValueDictionary(); weakref.WeakSet(); weakref.ref(len); contextvars.Context(); contextvars.ContextVar('v')
contextvars.copy_context(); contextvars.ContextVar('v').set(1)
collections.deque(); collections.deque([1, 2]); collections.deque(range(64)); collections.deque(range(65)); collections.deque(range(200)); collections.deque(maxlen=5)
collections.OrderedDict(); ordered(1); ordered(5); ordered(6); ordered(20); ordered(100); ordered(100, 95); collections.OrderedDict(a=1, b=2)
collections.defaultdict(); collections.defaultdict(list, a=1); collections.Counter(); collections.Counter('abca'); collections.ChainMap(); iter(collections.deque())
iter(ordered(3)); ordered(3).keys(); ordered(3).values(); ordered(3).items(); collections.UserDict(); reversed(collections.deque())
array.array('b'); array.array('i', [1, 2, 3]); array.array('d', range(10)); filled(array.array('l'), range(10)); filled(array.array('H'), range(100)); array.array('w', 'abc')
iter(array.array('b')); struct.Struct('i'); struct.Struct('ihb2x10s'); struct.Struct(''); struct.iter_unpack('i', b'')
re.compile('a'); re.compile('a(b)*c'); re.compile('[a-z]+|(?P<n>x)'); re.compile(b'x'); re.match('a', 'a'); re.match('(a)(b)?', 'a'); re.compile('a').scanner('b')
datetime.date(2020, 1, 1); datetime.time(1); datetime.datetime(2020, 1, 1); datetime.timedelta(1); datetime.timezone.utc; datetime.timezone(datetime.timedelta(hours=1))
datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc); datetime.time(1, tzinfo=datetime.timezone.utc); datetime.date(2020, 1, 1).isocalendar(); datetime.tzinfo()
decimal.Decimal(0); decimal.Decimal('1.5'); decimal.Decimal(10)**50; decimal.Decimal('NaN'); decimal.Context(); decimal.Decimal('1' * 100); decimal.localcontext()
fractions.Fraction(1, 2); random.Random(1); uuid.UUID(int=1); pathlib.PurePosixPath('a'); string.Template('a'); string.Formatter()
itertools.count(); itertools.cycle([]); itertools.repeat(1); itertools.chain(); itertools.islice([], 1); itertools.accumulate([]); itertools.product([1], [2])
itertools.permutations([1, 2]); itertools.combinations([1, 2], 1); itertools.groupby([]); itertools.tee([])[0]; itertools.zip_longest([]); itertools.starmap(max, [])
itertools.takewhile(None, []); itertools.dropwhile(None, []); itertools.filterfalse(None, []); itertools.compress([], []); itertools.pairwise([]); itertools.batched([], 2)
itertools.combinations_with_replacement([1, 2], 1); itertools.chain.from_iterable([])
io.StringIO(); io.BytesIO(); io.StringIO('abc'); io.BytesIO(b'abc'); io.BytesIO().getbuffer(); io.TextIOWrapper(io.BytesIO())
io.BufferedReader(io.BytesIO()); io.BufferedWriter(io.BytesIO()); io.IncrementalNewlineDecoder(None, False); io.BufferedRWPair(io.BytesIO(), io.BytesIO())
threading.Lock(); threading.RLock(); threading.local(); threading.Condition(); threading.Event(); queue.SimpleQueue(); queue.Queue()
zlib.compressobj(); zlib.decompressobj(); hashlib.blake2b(); bz2.BZ2Compressor(); json.JSONDecoder(); json.JSONEncoder(); json.scanner.make_scanner(json.JSONDecoder())
_csv.reader([]); _csv.writer(io.StringIO()); _csv.Dialect()
"""

COUNTS = """
object(); []; {}; {'a': 1}; set(); frozenset([1]); Plain(); Slots(); generator(); lambda: 0
None; True; False; ...; NotImplemented; 0; 1; 256; -5; ''; 'a'; chr(200); chr(300); b''; b'a'; (); int; str; object; type; list; dict; Exception
sys.intern('interned' * 2); frozenset(); Colour.RED.name; ''.join; [].append; range(3); slice(1)
NAME; LIST; TUPLE; TWICE; TWICE[0]; HELD[0]; HELD[1]; PAIR[0]; KEYS['k']; Plain.__dict__; Plain; Slots; Meta; Values.__init__; generator.__code__
INSTANCE; INSTANCE.a; INSTANCE.b; BOUND; BOUND.__self__; BOUND.__func__; CLOSURE; CLOSURE.__closure__[0]; CLOSURE.__closure__[0].cell_contents; WEAK; WEAK()
ITERATOR; ITERABLE; PARTIAL; PARTIAL.func; PARTIAL.args; DEQUE; DEQUE[0]; ORDERED; VIEW; SLICE; SLICE.start; EXCEPTION; EXCEPTION.args; PROPERTY; PROPERTY.fget
LIST[0]; LIST[1]; POINT; POINT.x; ALIAS; ALIAS.__args__; GENERATOR; GENERATOR.gi_code; STRUCT; VIEWED; VIEWED.obj; SLOTTED.a
"""

NAME = object()
LIST = [object(), object()]
TUPLE = (object(),)
TWICE = [NAME, NAME]
HELD = [[], []]
HELD.append(HELD[0])
PAIR = (HELD[1], 1)
KEYS = {"k": object()}
INSTANCE = Values()
INSTANCE.a = object()
INSTANCE.b = INSTANCE.a
BOUND = INSTANCE.__init__
CLOSURE = closure(object())
WEAK = weakref.ref(INSTANCE)
ITERABLE = [1]
ITERATOR = iter(ITERABLE)
PARTIAL = functools.partial(closure, object())
DEQUE = collections.deque([object()])
ORDERED = collections.OrderedDict(a=DEQUE)
VIEW = KEYS.items()
SLICE = slice(LIST, None)
EXCEPTION = ValueError(LIST)
PROPERTY = property(closure)
POINT = Point(object(), 1)
ALIAS = list[Plain]
GENERATOR = generator()
STRUCT = struct.Struct("i")
VIEWED = memoryview(bytearray(3))
SLOTTED = Slots()
SLOTTED.a = object()
# The calls of a function are what changes a count while it is looked at.
SCOPE = dict(globals())


def in_locals():
    one = object()
    yield "local", sys.getrefcount(one)
    two = one
    yield "two locals", sys.getrefcount(one)
    three = [one, two]
    yield "locals and list", sys.getrefcount(one), sys.getrefcount(three)
    four = {one: two}
    yield "locals, list, dict", sys.getrefcount(one), sys.getrefcount(four)
    del two, three, four
    yield "again", sys.getrefcount(one)
    five = lambda: one
    yield "captured", sys.getrefcount(one), sys.getrefcount(five)
    six = (one,) * 5
    yield "in a tuple five times", sys.getrefcount(one), sys.getrefcount(six)
    for seven in [one]:
        yield "loop", sys.getrefcount(one), sys.getrefcount(seven)
    yield "comprehension", [sys.getrefcount(each) for each in [object(), [], {}]]
    yield "argument", (lambda x: sys.getrefcount(x))(object())
    yield "star arguments", (lambda *x: (sys.getrefcount(x), sys.getrefcount(x[0])))(object())
    yield "keywords", (lambda **x: (sys.getrefcount(x), sys.getrefcount(x["a"])))(a=object())
    yield "method", type("C", (), {"m": lambda self: sys.getrefcount(self)})().m()


def list_in_frame():
    made = [object() for _ in range(3)]
    first = made[0]
    yield "item", sys.getrefcount(first), sys.getrefcount(made[1])
    copied = made[:]
    yield "copied", sys.getrefcount(first)
    made.clear()
    yield "cleared", sys.getrefcount(first)
    copied += copied
    yield "doubled", sys.getrefcount(first)
    copied.sort(key=id)
    yield "sorted", sys.getrefcount(first)
    taken = {i: each for i, each in enumerate(copied)}
    yield "in a dict", sys.getrefcount(first)
    taken.clear()
    yield "gone", sys.getrefcount(first)
    group = set(copied)
    yield "in a set", sys.getrefcount(first), sys.getrefcount(group)
    instance = Values()
    instance.a = first
    yield "in an attribute", sys.getrefcount(first), sys.getrefcount(instance)
    vars(instance)
    yield "with a dict", sys.getrefcount(first), sys.getrefcount(instance.__dict__)


def main():
    count = 0
    for kind, function, table in ("size", sys.getsizeof, SIZES), ("count", sys.getrefcount, COUNTS):
        for line in table.strip().splitlines():
            for expression in line.split("; "):
                call = compile(f"FUNCTION({expression})", "table", "eval")
                SCOPE["FUNCTION"] = function
                try:
                    result = eval(call, SCOPE)
                except Exception as error:
                    result = repr(error)
                print(kind, expression, result)
                count += 1
    for generated in in_locals(), list_in_frame():
        for row in generated:
            print(*row)
            count += 1
    for row in [coroutine(), asyncio.sleep(0)]:
        print(type(row).__name__, sys.getsizeof(row))
        row.close()
        count += 1
    print(count, "expressions")


main()
