"""Failing allocations, one after the other, in programs that touch all types and modules: each run has to give MemoryError
or to succeed, and never to end the process.

Usage: taipan tests/out_of_memory.py [injections per program, 1000] [names of programs...]

Each program runs in a process of its own (this file again, with `-run`): once to warm up, once to count its allocations,
then with a failure at allocations spread over all of it, by turns a single one and fifty in a row. What else is raised is
listed: CPython turns a MemoryError into something else here and there as well.
"""
import ast
import collections
import os
import subprocess
import sys
import tempfile

PROGRAMS = {
    "int": "x = 3 ** 500; y = x * x // 7 % 1000003; s = str(x); assert int(s) == x; divmod(x, 12345); x << 99 | 5; hash(x); hex(x); x.to_bytes(120); pow(x, 3, 97); [int(str(i)) for i in range(300, 350)]",
    "float": "x = [i / 7 for i in range(50)]; [repr(v) for v in x]; [float(str(v)) for v in x]; (1.5).hex(); float.fromhex('0x1.8p3'); f'{x[3]:.30f}'; x[3].as_integer_ratio(); round(x[3], 2); complex(1, 2) ** 3; complex('1+2j')",
    "str": "s = 'abc déf ' * 20; s.upper().title().split(); ','.join(s.split()); s.replace('d', 'xyz'); s.encode('utf-16').decode('utf-16'); s.center(400); s.translate({97: 'zz'}); s.partition('f'); s.casefold(); '%s %r %d' % (s, s, 5); '{0:>9} {x}'.format(1, x=2); s.splitlines(); s.find('q'); s[::2]; s.zfill(300)",
    "str wide": "s = '\\U0001f600a' * 60; s.encode(); s.encode('utf-16'); s.encode('ascii', 'backslashreplace'); s.encode('ascii', 'namereplace'); s.split('a'); s * 3; s + 'é'; repr(s); ascii(s); s.isidentifier(); sorted(s); s.encode('utf-8').decode('latin-1'); s.translate(str.maketrans('a', 'b'))",
    "bytes": "b = b'hello world' * 30; b.split(); b.hex(' '); bytes.fromhex('00ff'); bytearray(b).extend(b); x = bytearray(b); x += b; x[3:9] = b'zz'; del x[::2]; b.replace(b'l', b'LL'); b.translate(None, b'l'); b.join([b, b]); memoryview(x)[2:9].tobytes(); x.insert(3, 7); b.decode(); b'%d %s' % (3, b)",
    "list": "a = list(range(400)); a.sort(key=lambda v: -v); a += a; a[3:5] = range(90); del a[::3]; a.insert(2, None); a.reverse(); b = a * 2; b.remove(None); [x for x in b if x]; sorted(map(str, b)); a.copy(); a.extend(iter(b)); a.pop(); a == b",
    "tuple": "t = tuple(range(90)); t + t; t * 3; t[1:30]; hash(t); repr(t); sorted([(2, 'b'), (1, 'a')]); a, *b = t; tuple(x for x in t); [*t, *t]; t < t + (1,); t.index(80)",
    "dict": "d = {i: str(i) for i in range(200)}; d.update(a=1, b=2); d | d; {**d, 'k': 1}; d.pop('a'); d.setdefault('zz', []); list(d.items()); repr(d); d.copy(); del d[5]; dict.fromkeys('abc', 1); dict(zip('abc', range(3))); d.keys() & {1, 2}; d.popitem(); list(reversed(d)); d == dict(d); d.keys() ^ {3}",
    "set": "s = set(range(150)); s | {500}; s & {3, 4}; s - {5}; s ^ {6, 999}; frozenset(s); hash(frozenset(s)); s.update('abc', [1.5]); s.add((1, 2)); s.discard(3); repr(s); s.copy(); {frozenset({1}): 1}; s.intersection([1, 2], [2]); s <= s; s.pop(); s.symmetric_difference_update([7, 8]); s.issubset(range(9))",
    "range and slice": "r = range(0, 10 ** 20, 7); r[5:900]; list(range(50)); r.index(14); hash(r); slice(1, 2, 3).indices(9); list(reversed(range(9))); list(enumerate('abc')); list(zip('ab', 'cd', strict=True)); list(map(pow, [2], [3])); list(filter(None, [0, 1])); repr(r); sum(range(99)); min(range(9)); iter(int, 1)",
    "class": "class A:\n  x: int = 1\n  def __init__(self, v): self.v = v\n  @property\n  def p(self): return self.v\n  @classmethod\n  def c(cls): return cls(3)\n  @staticmethod\n  def s(): return 4\n  def __eq__(self, o): return self.v == o.v\n  def __hash__(self): return 3\nclass B(A):\n  __slots__ = ('q',)\n  def __init__(self): super().__init__(2); self.q = 3\nb = B(); b.p; B.s(); A.c(); {A(1): 2, A(1): 3}; vars(A(2)); b.z = 1; del b.z; B.__mro__; B.y = 2; setattr(B, 'w', 3); dir(b); repr(b)",
    "metaclass": "class M(type):\n  def __new__(m, n, b, d, **k): return super().__new__(m, n, b, d)\n  def __init__(c, n, b, d, **k): super().__init__(n, b, d)\n  def __prepare__(n, b, **k): return {}\nclass A(metaclass=M, flag=1):\n  def __init_subclass__(cls, **k): cls.k = k\nclass B(A, z=3): pass\nclass D:\n  def __set_name__(s, o, n): s.n = n\n  def __get__(s, i, o): return s.n\nclass C(B):\n  d = D()\nassert C().d == 'd'; type('X', (C,), {'y': 1}); C.__subclasses__(); isinstance(3, M); C.__bases__ = (A,); C().__class__ = B",
    "generator": "def g(n):\n  try:\n    for i in range(n):\n      yield i\n  finally: pass\ndef h():\n  x = yield from g(9)\n  return x\nlist(h()); k = h(); next(k); k.close(); (x for x in g(3)); it = g(3); next(it)\ntry: it.throw(KeyError)\nexcept KeyError: pass\nsum(x * x for x in range(30)); z = g(2); next(z); z.send(None); z.gi_frame; repr(z)",
    "coroutine": "import asyncio\nasync def f(n):\n  await asyncio.sleep(0)\n  return n\nasync def main():\n  r = await asyncio.gather(*[f(i) for i in range(4)])\n  async with asyncio.timeout(5): pass\n  async def a():\n    yield 1\n    yield 2\n  return [x async for x in a()], r\nloop = asyncio.new_event_loop()\ntry: loop.run_until_complete(main())\nfinally: loop.close()",
    "exceptions": "def f(n):\n  if n: return f(n - 1)\n  raise ValueError('x', n)\ntry:\n  try: f(9)\n  except ValueError as e: raise KeyError('y') from e\nexcept KeyError as e:\n  import traceback; ''.join(traceback.format_exception(e)); e.add_note('n'); e.__traceback__.tb_frame.f_locals; repr(e); str(e)\ntry: raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\nexcept* ValueError as g: g.exceptions\nexcept* TypeError: pass\nOSError(2, 'x', 'f'); UnicodeDecodeError('utf-8', b'x', 0, 1, 'r')",
    "frames": "import sys, inspect\ndef f(a, b=2, *c, d=4, **e):\n  x = 3\n  def g(): return x, a\n  return sys._getframe().f_locals, g(), locals(), inspect.currentframe().f_lineno\nf(1, 5, 6, d=7, z=8); f(*[1, 2], **{'q': 1}); f.__defaults__ = (9,); f(1); f.__code__.co_varnames; f.__code__.replace(co_name='z'); inspect.signature(f); list(f.__code__.co_lines()); list(f.__code__.co_positions())",
    "compile": "compile('def f(x):\\n  return [y for y in x if y > 3] or {1: 2, **x}\\nclass A(B): pass\\nmatch f:\\n  case [1, *r]: pass\\n  case {\"a\": z}: pass\\ntry: pass\\nexcept* E: pass\\nwith a as b, c: pass\\nf\"{x!r:>{w}} {y=}\"\\nasync def g():\\n  async for i in x: await i\\nlambda *a, k=1: a\\n', 'f', 'exec')\ntry: compile('a b c', 'f', 'exec')\nexcept SyntaxError: pass\neval('1 + 2 * 3'); exec('x = [1, 2, 3]')",
    "ast": "import ast\nt = ast.parse('def f(a, b: int = 3) -> str:\\n  return a[1:2] + b.c(d, *e, **g)\\nx = [i for i in y]\\nclass A[T](B): z: T = 1\\n'); ast.dump(t); ast.unparse(t); compile(t, 'f', 'exec'); ast.literal_eval('[1, {2: (3,)}]'); list(ast.walk(t)); ast.NodeTransformer().visit(t); ast.fix_missing_locations(t)",
    "dis": "import dis, io\ndef f(x):\n  for i in x:\n    try: yield i\n    except ValueError: pass\ndis.dis(f, file=io.StringIO()); list(dis.get_instructions(f)); dis.code_info(f)",
    "marshal": "import marshal\nc = compile('def f(x, y=(1, 2.5, \"s\", None, b\"b\", 1j, frozenset({1}))): return x', 'f', 'exec'); exec(marshal.loads(marshal.dumps(c))); marshal.loads(marshal.dumps([1, {2: 3}, {4}, 10 ** 40, 'é', slice(1)]))",
    "pickle": "import pickle, collections\nx = [1, 2.5, 'é', b'b', (1,), {1: [2]}, {3}, frozenset({4}), 10 ** 40, None, True, collections.OrderedDict(a=1), range(3), len, complex(1, 2), bytearray(b'z'), ValueError('q')]\nfor p in range(6): pickle.loads(pickle.dumps(x, p))\npickle._loads(pickle._dumps(x)); import copy; copy.deepcopy(x); copy.copy(x)",
    "json": "import json\nx = {'a': [1, 2.5, None, True, 'é\\n\"', {'b': []}], 'c': 10 ** 30}; s = json.dumps(x, indent=2, sort_keys=True); assert json.loads(s) == x; json.dumps(x, ensure_ascii=False); json.loads('[1e5, \"\\\\ud83d\\\\ude00\"]')\ntry: json.loads('[1,')\nexcept ValueError: pass",
    "re": "import re\nre.purge(); re.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'hello world ' * 9); re.findall('a|b*c', 'abbbcab'); re.split('[,;]', 'a,b;c'); m = re.match('(?P<x>.)(?:y|z)+?', 'qyz'); m.groupdict(); m.span(); re.compile('(?i)é+', re.X | re.U).search('ÉÉ'); re.sub('.', lambda m: m[0] * 2, 'abc'); re.escape('a.b'); list(re.finditer('a', 'aaa'))",
    "collections": "import collections as c\nd = c.deque(range(99)); d.extend('ab'); d.rotate(3); d.appendleft(1); d.insert(3, 4); d.remove(4); list(reversed(d)); d + d; o = c.OrderedDict((i, i) for i in range(30)); o.move_to_end(3); o.popitem(False); list(reversed(o)); c.Counter('hello world').most_common(2); c.defaultdict(list)[1].append(2); P = c.namedtuple('P', 'x y'); P(1, 2)._replace(x=3)._asdict(); c.ChainMap({1: 2}, {3: 4})[3]; repr(o), repr(d)",
    "itertools": "import itertools as i\nlist(i.chain([1], 'ab')); list(i.islice(i.count(), 5)); list(i.product('ab', repeat=3)); list(i.permutations('abc')); list(i.combinations(range(5), 3)); list(i.combinations_with_replacement('ab', 2)); [list(g) for k, g in i.groupby('aabb')]; a, b = i.tee(range(90)); list(a), list(b); list(i.accumulate(range(9))); list(i.zip_longest('ab', 'c')); list(i.batched(range(9), 2)); list(i.pairwise('abc')); list(i.starmap(pow, [(2, 3)])); list(i.compress('ab', [1, 0])); list(i.takewhile(bool, [1, 0])); list(i.islice(i.cycle('ab'), 7))",
    "functools": "import functools as f\n@f.lru_cache(maxsize=9)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(30); fib.cache_info(); fib.cache_clear(); f.reduce(lambda a, b: a + b, range(9)); p = f.partial(max, 3, key=lambda v: -v); p(4); repr(p); sorted([3, 1, 2], key=f.cmp_to_key(lambda a, b: a - b))\n@f.singledispatch\ndef g(x): return x\n@g.register\ndef _(x: int): return x + 1\ng(1), g('a')\n@f.wraps(g)\ndef h(): pass\nclass A:\n  @f.cached_property\n  def q(self): return 3\nA().q\n@f.cache\ndef z(): pass\nz()",
    "operator": "import operator as o\no.itemgetter(1, 2)([1, 2, 3]); o.attrgetter('real', 'imag')(1j); o.methodcaller('split', ',')('a,b'); o.length_hint(iter([1])); o.concat([1], [2]); o.countOf([1, 1], 1); o.indexOf([1, 2], 2); o.iadd([1], [2]); repr(o.itemgetter(1)); o.index(5); o.matmul",
    "math": "import math, cmath, random, statistics, fractions, decimal\nmath.factorial(60); math.comb(60, 20); math.isqrt(10 ** 40); math.fsum([.1] * 30); math.prod(range(1, 30)); math.gcd(10 ** 30, 6); math.sumprod([1, 2.5], [3, 4]); cmath.sqrt(-1); random.Random(3).sample(range(100), 9); random.Random(1).shuffle([1, 2]); statistics.stdev([1, 2, 3.5]); fractions.Fraction(3, 7) ** 5; decimal.Decimal('1.23456789') ** 20 / 3; decimal.Decimal(2).sqrt(); str(decimal.Decimal('1E+30').normalize()); format(decimal.Decimal('1234.5'), ',.2f'); random.getrandbits(900)",
    "datetime": "import datetime as d\nx = d.datetime(2024, 2, 29, 12, 30, tzinfo=d.timezone(d.timedelta(hours=2))); x.isoformat(); d.datetime.fromisoformat('2024-01-02T03:04:05+00:00'); x.strftime('%Y %j %A'); d.datetime.strptime('2024 05', '%Y %m'); x - d.timedelta(days=3, microseconds=7); repr(x); x.astimezone(d.UTC); d.date.today().timetuple(); d.time(1, 2).replace(hour=4); hash(x); x.isocalendar(); import time; time.strftime('%c'); time.localtime(); import calendar; calendar.month(2024, 2)",
    "io": "import io, os, tempfile\nf, n = tempfile.mkstemp(); os.close(f)\ntry:\n  with open(n, 'w', encoding='utf-8') as f: f.write('é\\n' * 99); f.writelines(['a', 'b'])\n  with open(n, encoding='utf-8') as f: f.readline(); list(f); f.seek(0); f.read(5); f.tell()\n  with open(n, 'r+b') as f: f.read(10); f.peek(); f.seek(0); f.readinto(bytearray(9)); f.write(b'z')\nfinally: os.unlink(n)\ns = io.StringIO('a\\nb'); list(s); s.write('q' * 99); s.getvalue(); b = io.BytesIO(b'abc'); b.getbuffer(); b.read(); b.write(b'z' * 99); io.TextIOWrapper(b, 'utf-16').write('x')",
    "os": "import os, pathlib, shutil, tempfile, glob, stat\nd = tempfile.mkdtemp()\ntry:\n  p = pathlib.Path(d) / 'a' / 'b'; p.mkdir(parents=True); (p / 'f.txt').write_text('x'); list(os.walk(d)); list(os.scandir(d)); os.listdir(d); os.stat(d).st_mode; glob.glob(d + '/**/*', recursive=True); list(p.parent.rglob('*')); p.resolve(); os.path.join(d, 'x', '..'); os.path.relpath(d, '/'); os.path.normpath('/a/../b')\nfinally: shutil.rmtree(d)\nos.environ.copy(); os.getcwd(); os.fspath(pathlib.PurePath('a', 'b')); os.urandom(9); os.cpu_count()",
    "struct and array": "import struct, array\nstruct.pack('<iHd10sq?', 1, 2, 3.5, b'x', 4, True); struct.unpack('<ii', b'12345678'); list(struct.iter_unpack('h', b'1234')); struct.Struct('2i').size; a = array.array('d', range(90)); a.extend(a); a.tobytes(); a[3:5] = a[:2]; a.byteswap(); a.fromlist([1.5]); repr(a); a + a; array.array('w', 'héé').tounicode(); memoryview(a).cast('B')[3:9].tolist(); a * 3; a.tolist(); a.insert(2, 1.0); struct.pack('e', 1.5)",
    "memoryview": "b = bytearray(range(240)); m = memoryview(b); m.cast('I', [3, 20]).tolist(); m[::2].tobytes(); m == b; hash(memoryview(b'abc')); m[3:9].hex(); m.toreadonly(); m.cast('B', [4, 60])[1, 3]; list(m[5:9]); m[2:4] = b'zz'; m.release(); repr(m)",
    "weakref": "import weakref\nclass A: pass\na = A(); r = weakref.ref(a, lambda r: None); p = weakref.proxy(a); p.x = 1; w = weakref.WeakValueDictionary(); w[1] = a; k = weakref.WeakKeyDictionary(); k[a] = 2; s = weakref.WeakSet([a]); list(w.items()); weakref.finalize(a, lambda: None); weakref.getweakrefs(a); hash(r); repr(r); m = weakref.WeakMethod([].append) if 0 else None; del a; r()",
    "gc": "import gc\nclass A:\n  def __del__(self): pass\nfor i in range(20):\n  a = A(); a.b = A(); a.b.a = a\ndel a; gc.collect(); gc.get_objects(0); gc.get_referrers(A); gc.get_referents([1, 2]); gc.get_stats(); gc.freeze(); gc.unfreeze(); gc.callbacks.append(lambda *a: None); gc.collect(); gc.callbacks.clear()",
    "threads": "import threading, queue\nr = []\nq = queue.Queue()\ndef f(i):\n  with l: r.append(i)\n  q.put(i)\nl = threading.Lock()\nt = [threading.Thread(target=f, args=(i,)) for i in range(3)]\ns = []\ntry:\n  for x in t: x.start(); s.append(x)\nfinally:\n  for x in s: x.join()\nq.qsize(); x = threading.local(); x.y = 3; threading.RLock().acquire(); e = threading.Event(); e.set(); e.wait(1); c = threading.Condition(); threading.Semaphore(2).acquire(); import contextvars; contextvars.copy_context().run(len, 'a'); v = contextvars.ContextVar('v'); v.reset(v.set(1))",
    "typing": "import typing as t, types\nt.Optional[int]; t.Union[int, str, None]; list[int] | None; dict[str, list[t.TypeVar('T')]]; t.Callable[[int], str]; t.Literal[1, 'a']; t.get_type_hints(lambda x: x)\nclass P(t.Protocol):\n  def f(self) -> int: ...\nclass N(t.NamedTuple):\n  x: int = 1\nclass D(t.TypedDict):\n  y: int\ndef g[T: int, *U, **V](x: T) -> T: return x\ntype A[T] = list[T]\nA[int].__value__; A.__value__; g.__type_params__; N(2); repr(list[int]); types.GenericAlias(list, (int,)).__parameters__; t.get_args(t.Annotated[int, 3]); g.__annotations__; isinstance(3, int | str)",
    "dataclasses": "import dataclasses as d, enum\n@d.dataclass(order=True, frozen=True)\nclass A:\n  x: int\n  y: list = d.field(default_factory=list)\na = A(1); d.asdict(a); d.replace(a, x=2) > a; repr(a); d.fields(A)\nclass E(enum.Enum):\n  P = 1\n  Q = enum.auto()\nclass F(enum.IntFlag):\n  R = 1\n  S = 2\nE['P']; E(2); F.R | F.S; list(E); repr(F(3))",
    "import": "import sys, importlib.util\nfor n in ('textwrap', 'colorsys', 'this_does_not_exist', 'quopri', 'bisect', 'heapq'):\n  sys.modules.pop(n, None)\n  try: __import__(n)\n  except ModuleNotFoundError: pass\nimportlib.util.find_spec('json.decoder'); importlib.invalidate_caches(); importlib.reload(sys.modules['textwrap']); import types; types.ModuleType('m', 'doc').__dict__; import pkgutil; pkgutil.resolve_name('os.path:join')",
    "sys": "import sys\nsys.getsizeof([]); sys.intern('abc' * 3); sys.exc_info(); sys.getrefcount(None); sys.version_info; sys.flags; sys.settrace(lambda *a: None); (lambda: 1)(); sys.settrace(None); sys.setprofile(lambda *a: None); len('a'); sys.setprofile(None); sys._getframe(); sys.getallocatedblocks(); sys.call_tracing(len, ('a',)); sys.displayhook(None); sys._current_frames(); sys.getrecursionlimit(); sys.thread_info; sys.hash_info",
    "codecs": "import codecs, unicodedata, encodings\nfor c in ('utf-8', 'utf-16', 'utf-32', 'latin-1', 'cp1252', 'idna', 'punycode', 'unicode_escape', 'raw_unicode_escape', 'utf-7', 'shift_jis', 'gb18030', 'big5', 'rot13'):\n  try: codecs.decode(codecs.encode('héllo', c, *(('ignore',) if c not in ('idna', 'rot13') else ())), c)\n  except (UnicodeError, TypeError): pass\nunicodedata.normalize('NFKD', 'éﬁ' * 30); unicodedata.name('é'); unicodedata.lookup('BULLET'); codecs.getincrementaldecoder('utf-8')().decode(b'\\xc3'); codecs.charmap_build('abc')",
    "compression": "import zlib, bz2, lzma, gzip, binascii, base64, hashlib, io\nx = b'hello world ' * 50; zlib.decompress(zlib.compress(x)); d = zlib.decompressobj(); d.decompress(zlib.compress(x), 9); d.flush(); bz2.decompress(bz2.compress(x)); lzma.decompress(lzma.compress(x, preset=0)); gzip.decompress(gzip.compress(x)); base64.b64decode(base64.b64encode(x)); binascii.hexlify(x); binascii.crc32(x); hashlib.sha256(x).hexdigest(); hashlib.md5(x).copy().digest(); hashlib.blake2b(x, key=b'k').digest(); base64.b85encode(x); zlib.adler32(x)",
    "csv and text": "import csv, io, textwrap, string, difflib, shlex, html, urllib.parse, configparser\nw = io.StringIO(); csv.writer(w).writerows([[1, 'a,b', 'q\"'], [2]]); list(csv.reader(io.StringIO(w.getvalue()))); list(csv.DictReader(io.StringIO('a,b\\n1,2\\n'))); textwrap.fill('word ' * 40); string.Template('$a').substitute(a=1); list(difflib.ndiff(['a'], ['b'])); shlex.split('a \"b c\"'); html.unescape('&lt;'); urllib.parse.urlsplit('http://a/b?c=d#e'); urllib.parse.quote('é'); configparser.ConfigParser().read_string('[a]\\nb=1')",
    "descriptors": "class P(property): pass\nclass A:\n  @P\n  def x(self): 'doc'; return 1\n  @x.setter\n  def x(self, v): pass\na = A(); a.x = 2; a.x; A.x.__doc__; super(A, a).__init__(); A.__init__; 'a'.join; str.join; A.x.fget; (1).__add__(2); int.__add__; object.__dict__['__repr__']; type.__dict__['__name__'].__get__(A); len.__self__; [].append.__qualname__; repr(A.x); repr([].append); dict.fromkeys.__doc__; int.from_bytes.__text_signature__; vars(int); A.__dict__ | {}; type(A.__dict__)({1: 2}).copy()",
    "iterators": "class I:\n  def __iter__(self): return self\n  def __next__(self):\n    self.n = getattr(self, 'n', 0) + 1\n    if self.n > 9: raise StopIteration(self.n)\n    return self.n\nlist(I()); tuple(I()); set(I()); dict(zip(I(), I())); [*I()]; sum(I()); max(I()); sorted(I(), reverse=True); ','.join(map(str, I())); a, b, *c = I(); any(I()); all(I()); bytes(I()); bytearray(I()); next(I(), None); list(reversed([1, 2])); 5 in I(); import copy; copy.copy(iter([1])); iter([1]).__reduce__(); iter({1: 2}).__length_hint__()",
    "context": "import contextlib, io, warnings\n@contextlib.contextmanager\ndef c():\n  try: yield 3\n  finally: pass\nwith c() as x, contextlib.ExitStack() as s, contextlib.suppress(KeyError), contextlib.redirect_stdout(io.StringIO()): s.enter_context(c()); s.callback(len, 'a'); print('x', x, sep=','); raise KeyError\nwith warnings.catch_warnings(record=True) as w: warnings.simplefilter('always'); warnings.warn('x'); str(w[0])\nwith contextlib.closing(io.BytesIO()): pass",
    "namespaces": "import types\nn = types.SimpleNamespace(a=1, b=[2]); repr(n); n == types.SimpleNamespace(a=1); n.c = 3; m = types.MappingProxyType({1: 2}); m | {3: 4}; list(m.items()); types.new_class('X', (), {}, lambda d: d.update(y=1)); types.CellType(3).cell_contents; types.MethodType(len, 'a')(); types.FunctionType(compile('1', 'f', 'eval'), {})(); types.DynamicClassAttribute(len); t'a {n!r:>9}'.interpolations; t'x{1}' + t'y'; exec('def f(): global q; q = 1\\nf()', {})",
    "logging": "import logging, io\nh = logging.StreamHandler(io.StringIO()); l = logging.Logger('x'); l.addHandler(h); h.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(message)s')); l.warning('a %s', 3)\ntry: 1 / 0\nexcept ZeroDivisionError: l.exception('b')\nl.isEnabledFor(3); import argparse; p = argparse.ArgumentParser(prog='p'); p.add_argument('-x', type=int, help='h'); p.parse_args(['-x', '3']); p.format_help(); import heapq, bisect; heapq.nsmallest(2, [3, 1, 2]); bisect.insort([1, 3], 2); import pprint; pprint.pformat({'a': [1] * 30})",
    "sockets": "import socket, select, selectors\na, b = socket.socketpair(); a.sendall(b'hello'); b.recv(9); b.sendmsg([b'x', b'y']); a.recv_into(bytearray(9)); select.select([], [a], [], 0); s = selectors.DefaultSelector(); s.register(a, 1); s.select(0); s.close(); a.getsockname(); repr(a); f = b.makefile('rw'); f.write('x'); f.flush(); f.close(); a.close(); b.close(); socket.inet_aton('1.2.3.4'); import signal; signal.getsignal(2); import errno; errno.errorcode[2]",
    "subprocess": "import subprocess, shlex, tempfile, os\np = subprocess.run(['/bin/echo', 'x'], capture_output=True, text=True); p.stdout; subprocess.CompletedProcess([], 0); os.waitstatus_to_exitcode(0); import uuid, secrets; uuid.UUID(int=5).hex; secrets.token_hex(9); import tracemalloc; tracemalloc.start(); x = [bytes(99) for i in range(9)]; tracemalloc.take_snapshot().statistics('lineno'); tracemalloc.stop()",
}

# What types and modules do beyond their first use: hooks, subclasses, protocols, errors.
PROGRAMS |= {
    "json hooks": r"""
import decimal, io, json
class Encoder(json.JSONEncoder):
    def default(self, o): return {"r": o.real, "i": o.imag} if isinstance(o, complex) else super().default(o)
text = json.dumps({"z": 1 + 2j, "l": [1.5, None, {"a": [2j] * 9}], 3: True, (1, 2): 0}, cls=Encoder, skipkeys=True, indent="\t", separators=(",", ": "))
json.loads(text, object_hook=lambda d: complex(d["r"], d["i"]) if "r" in d else d)
json.loads("[1.25, -3e4, 12345678901234567890, NaN, Infinity]", parse_float=decimal.Decimal, parse_int=str, parse_constant=len)
json.loads(text, object_pairs_hook=tuple); json.JSONDecoder(strict=False).raw_decode('{"a\tb": "\\u00e9\\ud83d\\ude00"} rest')
json.dump(list(range(99)), f := io.StringIO()); f.seek(0); json.load(f); json.loads(b"\xff\xfe[\x001\x00]\x00"); "".join(Encoder().iterencode([{"a": 1j}]))
for wrong in '{"a"', '[1,]', '"\\x"', 'nul', '{"a": 1 "b"}', '[' * 50:
    try: json.loads(wrong)
    except ValueError as error: str(error), error.lineno
for wrong in object(), {1, 2}, float("nan"):
    try: json.dumps(wrong, allow_nan=False)
    except (TypeError, ValueError) as error: repr(error), error.__notes__ if hasattr(error, "__notes__") else 0
""",
    "re groups": r"""
import copy, pickle, re
re.purge(); p = re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)(?(m)-(\d+)|x)(?<=\d)(?!z)", re.A)
m = p.search("on 2024-02-29 and 2025-01-01z"); m.expand(r"\g<y>/\2"); m.groups("-"); m.regs; m.lastgroup; copy.copy(m); repr(m); m[2]; m.span("m")
pickle.loads(pickle.dumps(p)); p == copy.deepcopy(p); hash(p); p.groupindex; p.scanner("2024-02-29").match(); repr(p)
re.findall(r"(?>a+)b|a++c|(?i:X)(?-i:y)|\bq\B", "aaab aac Xy xy qq"); re.sub(rb"(\w)(\W?)", rb"\2\1", bytearray(b"a-b-c" * 20)); re.fullmatch(rb".*", memoryview(b"abc"))
re.subn("[aeiou]", lambda m: m[0].upper(), "education " * 9); re.split(r"(,)|;", "a,b;c" * 9, maxsplit=7); [x.start() for x in re.finditer("(?=aa)", "aaaa")]
re.compile(r"(?x) a  # comment" "\n b | [^\\W\\d_]+ | \N{BULLET}").findall("ab c\u2022"); re.match(r"(a)(?:(b)|c)*\1", "abcba"); re.escape("a.b*c\0")
scan = re.Scanner([(r"\d+", lambda s, t: int(t)), (r"\w+", str), (r"\s+", None)]); 
try: scan.scan("12 ab 3")
except TypeError: pass
for wrong in "(", "a**", "[z-a]", "(?P<n>a)(?P<n>b)", r"\9", "(?<=a*)b", "(?z)":
    try: re.compile(wrong)
    except re.PatternError as error: str(error), error.pos
""",
    "pickle hooks": r"""
import copy, copyreg, io, pickle, types
class S:
    __slots__ = "a", "b"
    def __init__(self): self.a = [self]; self.b = {1: self}
class N:
    def __new__(cls, *args, key=None): o = object.__new__(cls); o.args = args, key; return o
    def __getnewargs_ex__(self): return self.args[0], {"key": self.args[1]}
class R:
    def __reduce__(self): return list, (), None, iter([1, 2]), None
class T:
    def __getstate__(self): return {"x": 1}, {"y": 2}
    def __setstate__(self, state): self.state = state
import sys; m = types.ModuleType("oom_pickle"); sys.modules["oom_pickle"] = m
try:
    for c in S, N, R, T: c.__module__ = "oom_pickle"; c.__qualname__ = c.__name__; setattr(m, c.__name__, c)
    things = [S(), N(1, 2, key=3), R(), T(), "x" * 300, 2 ** 70, -1, 1.5, {"k": ("a", ("b",))}, Ellipsis, NotImplemented, range(3), S]
    for p in range(2, 6): pickle.loads(pickle.dumps(things, p))
    pickle._loads(pickle._dumps(things, 4)); copy.deepcopy(things)
    class P(pickle.Pickler):
        dispatch_table = copyreg.dispatch_table.copy()
        def persistent_id(self, o): return "id" if o is m else None
        def reducer_override(self, o): return (int, ("5",)) if o is len else NotImplemented
    class U(pickle.Unpickler):
        def persistent_load(self, i): return m
        def find_class(self, module, name): return super().find_class(module, name)
    f = io.BytesIO(); P.dispatch_table[complex] = lambda c: (complex, (c.real, c.imag)); p = P(f, 5); p.dump([m, len, 1j, things[0]]); p.memo.copy(); p.clear_memo(); f.seek(0); u = U(f); u.load(); u.memo
    buffers = []; d = pickle.dumps([pickle.PickleBuffer(bytearray(90)), bytearray(9)], 5, buffer_callback=buffers.append); pickle.loads(d, buffers=buffers)
    copyreg.add_extension("oom_pickle", "S", 240)
    try: pickle.loads(pickle.dumps(S, 2)), pickle.loads(pickle.dumps(S, 4))
    finally: copyreg.remove_extension("oom_pickle", "S", 240); copyreg.clear_extension_cache()
    import pickletools; pickletools.optimize(d); pickletools.dis(pickle.dumps([1, (2,)]), io.StringIO())
    for wrong in b"", b"c\n", b"(l.", b"\x80\x09.", b"cno_such\nx\n.", b"]q\x00h\x05.":
        try: pickle.loads(wrong)
        except (pickle.UnpicklingError, EOFError, ValueError, ImportError, LookupError): pass
finally: del sys.modules["oom_pickle"]
""",
    "dates and zones": r"""
import copy, datetime as d, pickle, zoneinfo
class Z(d.tzinfo):
    def utcoffset(self, t): return d.timedelta(hours=1, minutes=30)
    def dst(self, t): return d.timedelta(hours=1)
    def tzname(self, t): return "Z%z"
class D(d.datetime): pass
z = Z(); x = D(2024, 3, 31, 1, 59, 59, 999, tzinfo=z, fold=1); x + d.timedelta(days=1.5); x.astimezone(d.timezone(d.timedelta(seconds=-3723), "name")); f"{x:%Y-%m-%d %H:%M:%S.%f %Z %z %G-W%V %%}"
x - D(2020, 1, 1, tzinfo=d.UTC); x < D(2025, 1, 1, tzinfo=z); x.timetz(); x.utctimetuple(); x.dst(); x.replace(fold=0) == x; {x: 1}; repr(x); str(x.tzinfo); x.isoformat(" ", "milliseconds"); x.timestamp(); x.ctime()
for t in x.date(), x.time(), d.timedelta(3, 4, 5), d.timezone.utc, d.timezone(d.timedelta(1, -1)), D(1, 1, 1): pickle.loads(pickle.dumps(t)) if type(t) is not D else 0; copy.deepcopy(t); repr(t); str(t); hash(t)
t = d.timedelta(weeks=1, hours=-3, milliseconds=7); t / 3; t // d.timedelta(hours=1); t % d.timedelta(minutes=7); divmod(t, d.timedelta(1)); abs(-t) * 1.25; t.total_seconds(); t / t
d.datetime.strptime("31 Mar 2024 23:59:01.5 +0130", "%d %b %Y %H:%M:%S.%f %z"); d.datetime.fromtimestamp(1e9, z); d.datetime.combine(x, d.time(5, tzinfo=z)); d.date.fromisocalendar(2024, 9, 3); d.date.fromisoformat("2024-W09-3"); d.time.fromisoformat("T010203,5Z"); d.date.max.toordinal(); d.date(2024, 2, 29).strftime("%x"); d.date.fromordinal(7).isocalendar().week
try: k = zoneinfo.ZoneInfo.no_cache("Europe/Berlin"); d.datetime(2024, 7, 1, tzinfo=k).utcoffset(); d.datetime(2050, 1, 1, tzinfo=k).tzname(); repr(k); k.fromutc(d.datetime(2024, 1, 1, tzinfo=k))
except zoneinfo.ZoneInfoNotFoundError: pass
for wrong in lambda: d.date(2024, 2, 30), lambda: d.datetime.fromisoformat("2024-13-01"), lambda: d.date.max + d.timedelta(1), lambda: d.datetime.strptime("x", "%Y"), lambda: d.timedelta(10 ** 10), lambda: d.datetime(1, 1, 1) < x:
    try: wrong()
    except (ValueError, OverflowError, TypeError) as error: str(error)
""",
    "decimal contexts": r"""
import decimal as d, pickle
with d.localcontext(prec=40, rounding=d.ROUND_HALF_EVEN, Emax=999, traps=[d.InvalidOperation]) as c:
    x = d.Decimal("123456789.987654321e-3"); x.ln(); x.exp(); x.log10(); x ** d.Decimal("0.5"); x.sqrt(); x.fma(x, 3); x.quantize(d.Decimal("0.01")); x.to_eng_string(); x.as_tuple(); x.as_integer_ratio(); x.scaleb(5); x.next_plus(); x.remainder_near(7); divmod(x, 3); x % 7; -x; abs(x); int(x); float(x); round(x, 2); hash(x); f"{x:>+40,.5e} {x:%} {x:_.3f}"; x.normalize(c); x.compare_total(-x); x.rotate(2); x.shift(1); x.logb(); x.number_class(); x.same_quantum(d.Decimal(1)); x.canonical(); x.is_subnormal(); x.max_mag(9); repr(x), str(x)
    d.Decimal("1101").logical_xor(d.Decimal("0111")); d.Decimal.from_float(0.1); d.Decimal((1, (1, 2, 3), -2)); d.Decimal("NaN123"); d.Decimal("-Infinity") + 1; d.Decimal(1) / 3 * 10 ** 30; c.power(7, 90, 13); c.create_decimal("1.5"); c.divide_int(9, 2); c.to_sci_string(x); c.flags; repr(c); c.copy(); c.clear_flags(); pickle.loads(pickle.dumps([c, x, d.Decimal("sNaN")])); c.Etiny(); c.radix()
    d.Decimal(10) ** 30 // 7; str(d.Decimal(3) ** 300); d.Decimal("1e500") == 10 ** 500; d.Decimal("1.5") < 1.6; sum([d.Decimal(i) / 7 for i in range(20)]); d.Decimal.from_number(3)
    class S(d.Decimal): pass
    S("1.0") + S(2); c.traps[d.Inexact] = True
    for wrong in lambda: d.Decimal("abc"), lambda: d.Decimal(1) / 3, lambda: d.Decimal(0) / 0, lambda: d.Decimal("1e99999") * 10, lambda: c.sqrt(-1), lambda: c.quantize(x, d.Decimal("1e-80")), lambda: format(x, "zz"):
        try: wrong()
        except (d.DecimalException, ValueError) as error: repr(error)
d.getcontext().clear_flags(); d.DefaultContext.copy(); d.setcontext(d.Context())
""",
    "struct and csv": r"""
import csv, io, struct
for format in "<bBhHiIlLqQ", ">efd", "@nNP", "=?c5s7p3x2h", "!0i4xq", "<FD":
    try: s = struct.Struct(format)
    except struct.error: continue
    n = s.size; b = bytearray(n + 9); v = s.unpack(bytes(n)); s.pack(*v); s.pack_into(b, 4, *v); s.unpack_from(b, 4); list(s.iter_unpack(bytes(n * 3))) if n else 0; repr(s); s.format; struct.calcsize(format)
for wrong in lambda: struct.pack("<b", 300), lambda: struct.pack("zz", 1), lambda: struct.unpack("<i", b""), lambda: struct.pack("<i", "x"), lambda: struct.pack_into("<q", bytearray(3), 0, 1), lambda: struct.pack("e", 1e9):
    try: wrong()
    except (struct.error, OverflowError) as error: str(error)
class E(csv.excel): delimiter = ";"; lineterminator = "\n"; quoting = csv.QUOTE_NONNUMERIC
csv.register_dialect("oom", E); w = csv.writer(f := io.StringIO(), "oom"); w.writerow([1, "a;b", None, 2.5, 'q"r']); w.writerows([[i, str(i)] for i in range(20)]); list(csv.reader(f.getvalue().splitlines(), "oom")); csv.get_dialect("oom").quotechar; csv.list_dialects(); csv.unregister_dialect("oom")
w = csv.DictWriter(f := io.StringIO(), ["a", "b"], restval="-", extrasaction="ignore", quoting=csv.QUOTE_NOTNULL); w.writeheader(); w.writerows([{"a": 1, "c": 2}, {"b": None}]); list(csv.DictReader(io.StringIO("a,b\n1\n1,2,3\n\n"), restkey="more", restval=0))
csv.Sniffer().sniff("a;b;c\n1;2;3\n4;5;6\n"); csv.Sniffer().has_header("name,age\nx,1\ny,2\n"); list(csv.reader(["'a''b',\\,c"], quotechar="'", escapechar="\\", skipinitialspace=True)); list(csv.reader(['a"b"', 'x\ty'], delimiter="\t")); csv.field_size_limit()
for wrong in lambda: list(csv.reader(['"a'], strict=True)), lambda: csv.writer(f, quoting=csv.QUOTE_NONE).writerow([","]), lambda: csv.reader([], delimiter="ab"), lambda: list(csv.reader([b"a"])), lambda: csv.writer(f).writerow(5):
    try: wrong()
    except (csv.Error, TypeError) as error: str(error)
""",
    "archives": r"""
import bz2, gzip, io, lzma, tarfile, zipfile, zlib
x = bytes(range(256)) * 8; c = zlib.compressobj(9, zlib.DEFLATED, -15, 8, zlib.Z_FIXED, b"abc"); y = c.compress(x) + c.copy().flush() ; d = zlib.decompressobj(-15, b"abc"); d.decompress(y, 100); d.copy().decompress(d.unconsumed_tail); d.unused_data; zlib.crc32_combine(1, 2, 3) if hasattr(zlib, "crc32_combine") else 0
for m in bz2.BZ2Compressor, lzma.LZMACompressor: k = m(); z = k.compress(x) + k.flush(); u = (bz2.BZ2Decompressor if m is bz2.BZ2Compressor else lzma.LZMADecompressor)(); u.decompress(z[:40], 10); u.needs_input; u.decompress(z[40:] + b"rest"); u.unused_data
lzma.decompress(lzma.compress(x, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 4096}])); lzma.decompress(lzma.compress(x, lzma.FORMAT_RAW, filters=(f := [{"id": lzma.FILTER_DELTA, "dist": 3}, {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096}])), lzma.FORMAT_RAW, filters=f)
try: from compression import zstd; zstd.decompress(zstd.compress(x, 3)); e = zstd.ZstdCompressor(); e.compress(x) + e.flush()
except ImportError: pass
with gzip.GzipFile(fileobj=(b := io.BytesIO()), mode="w", mtime=0) as g: g.write(x); g.writelines([x, x])
b.seek(0)
with gzip.open(b, "rt", encoding="latin-1") as g: g.readline(); g.read()
with bz2.open(b := io.BytesIO(), "wb") as g: g.write(x)
b.seek(0); list(bz2.open(b)); 
with lzma.open(b := io.BytesIO(), "wb", preset=0) as g: g.write(x)
b.seek(0); lzma.open(b).read(99)
with zipfile.ZipFile(b := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as a: a.writestr("a/b.txt", x); a.writestr(zipfile.ZipInfo("c"), "text"); a.mkdir("d")
with zipfile.ZipFile(b) as a: a.namelist(); a.read("a/b.txt"); a.testzip(); list(zipfile.Path(a).iterdir())
with tarfile.open(fileobj=(b := io.BytesIO()), mode="w:gz", compresslevel=1) as a: i = tarfile.TarInfo("n" * 120); i.size = len(x); a.addfile(i, io.BytesIO(x))
b.seek(0)
with tarfile.open(fileobj=b) as a: [a.extractfile(i).read() for i in a]
for wrong in lambda: zlib.decompress(b"x"), lambda: bz2.decompress(b"BZh"), lambda: lzma.decompress(b"\xfd7zXZ"), lambda: zipfile.ZipFile(io.BytesIO(b"x")), lambda: gzip.decompress(b"\x1f\x8b\x08"), lambda: tarfile.open(fileobj=io.BytesIO(b"x")):
    try: wrong()
    except (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError): pass
""",
    "iterator tools": r"""
import copy, heapq, itertools as i, operator
t = i.tee(iter(range(150)), 3); next(t[0]); u = copy.copy(t[0]); list(u); list(i.islice(t[1], 3, 90, 7)); i.tee(t[2], 2); del t
for n in i.count(5, -2), i.count(1.5, 0.5), i.count(10 ** 30), i.repeat("x", 4), i.cycle([1, 2]), i.islice(range(9), 1, None, 2), i.chain([1], [2]), i.batched("abcde", 2), i.pairwise("abc"), i.product([1], [2]), i.permutations([1, 2]), i.combinations([1, 2], 1), i.accumulate([1, 2]), i.compress([1], [1]), i.starmap(pow, [(1, 2)]), i.zip_longest([1], [2, 3]), i.filterfalse(None, [0]), i.dropwhile(bool, [0, 1]): repr(n); next(n); next(n, 0)
g = i.groupby(sorted("mississippi"), key=str.upper); a = next(g); b = next(g); list(a[1]); list(b[1]); {k: len(list(v)) for k, v in g}
list(i.accumulate([3, 1, 2], max, initial=0)); list(i.zip_longest(range(20), "ab", fillvalue=None)); list(i.product(range(3), "ab", repeat=2)); list(i.chain.from_iterable([[j] * 3 for j in range(9)])); dict(zip(i.count(), "abc")); list(zip("ab", i.repeat(1))); list(map(operator.mul, range(9), i.count(2))); list(map(max, "ab", "cd")); list(enumerate("ab", 10 ** 20)); list(reversed(range(10 ** 20, 10 ** 20 + 5))); list(i.takewhile(lambda v: v < 30, i.count()))
list(heapq.merge([1, 4], [2, 3], key=lambda v: v)); heapq.nlargest(3, range(50), key=lambda v: -v); h = []; [heapq.heappush(h, (-v, str(v))) for v in range(40)]; heapq.heapreplace(h, (0, "")); [heapq.heappop(h) for v in range(30)]; h = [3, 1, 2]; heapq.heapify_max(h); heapq.heappush_max(h, 9)
class L:
    def __length_hint__(self): return 50
    def __iter__(self): return self
    def __next__(self): raise StopIteration
list(L()), tuple(L()), [].extend(L()), bytearray(L())
for wrong in lambda: list(zip([1], [], strict=True)), lambda: list(map(len, [1], [2, 3], strict=True)), lambda: i.islice([], -1), lambda: list(i.batched("abc", 2, strict=True)), lambda: i.combinations([], -1), lambda: next(i.starmap(pow, [3])):
    try: wrong()
    except (ValueError, TypeError) as error: str(error)
""",
    "partials and caches": r"""
import copy, functools as f, pickle
def g(*a, **k): return a, k
p = f.partial(g, 1, f.Placeholder, 3, x=1); p(2, 4, y=5); f.partial(p, 9, z=2)(7); repr(p); p.keywords; copy.copy(p); p.attribute = 5; p.__reduce__(); pickle.loads(pickle.dumps(f.partial(max, 3))); f.partial(f.partial(g, 1), 2).args
class A:
    m = f.partialmethod(g, 5, k=1)
    @f.singledispatchmethod
    def d(self, x): return 0
    @d.register
    def _(self, x: int): return 1
    @d.register(list)
    def _(self, x): return 2
    @f.lru_cache(maxsize=4, typed=True)
    def c(self, x=1, *, y=2): return x, y
    @f.cached_property
    def q(self): return self.__dict__.copy()
    def __lt__(self, o): return id(self) < id(o)
    def __eq__(self, o): return self is o
    __hash__ = object.__hash__
A = f.total_ordering(A); a = A(); a.m(2); a.d(1), a.d([]), a.d("x"); [a.c(i % 7, y=i / 3) for i in range(30)]; a.c(x=1.0); A.c.cache_info(); A.c.cache_parameters(); A.c.cache_clear(); a.q; a <= a; a >= A()
c = f.cache(lambda *k: k); [c(i, str(i)) for i in range(100)]; c(1, 2), c((1, 2)), c("a"); c.cache_info(); c.__wrapped__; copy.copy(c)
f.reduce(lambda x, y: {**x, y: 1}, range(20), {}); f.reduce(max, [3]); sorted(range(9), key=f.cmp_to_key(lambda x, y: y - x)); f.cmp_to_key(lambda x, y: 0)(1) == f.cmp_to_key(lambda x, y: 0)(2)
@f.wraps(g, updated=())
def w(): pass
w.__wrapped__; f.singledispatch(g).registry; f.update_wrapper(f.partial(g), g).__name__; f.recursive_repr()(lambda s: "") if hasattr(f, "recursive_repr") else 0
for wrong in lambda: f.partial(), lambda: f.partial(g, f.Placeholder), lambda: c([]), lambda: f.reduce(max, []), lambda: f.lru_cache(3)(5), lambda: f.partial(g, f.Placeholder, 1)():
    try: wrong()
    except TypeError as error: str(error)
""",
    "exception groups": r"""
import contextlib, io, traceback
class G(ExceptionGroup):
    def derive(self, e): return G(self.message, e)
def f(n):
    if n: 
        try: f(n - 1)
        except Exception as e: raise (G if n % 2 else BaseExceptionGroup)(f"g{n}", [e, ValueError(n), KeyError("k"), OSError(2, "no", "file")])
    raise TypeError("deep")
try: f(4)
except* OSError as e: e.exceptions[0]; e.add_note("note")
except* (KeyError, TypeError) as e: x = e
except* ValueError as e: e.split(lambda v: v.args[0] == 2); e.subgroup(ValueError); repr(e), str(e)
except* BaseException: pass
"".join(traceback.format_exception(x)); t = traceback.TracebackException.from_exception(x, capture_locals=True, max_group_width=2); list(t.format()); list(t.format_exception_only(show_group=True)); x.__traceback__.tb_next; traceback.extract_tb(x.__traceback__).format(); x.with_traceback(None)
def h():
    try: raise G("outer", [G("inner", [ValueError(1)]), StopIteration()])
    except* ValueError as e: raise KeyError("other") from e
    except* StopIteration: raise
with contextlib.suppress(ExceptionGroup): h()
with contextlib.suppress(KeyError): raise ExceptionGroup("x", [KeyError(1)])
def s(): 
    yield
    raise StopIteration
with contextlib.suppress(RuntimeError): list(s())
for e in NameError("q", name="q"), AttributeError("a", name="b", obj=[]), ImportError("m", name="n", path="p"), SyntaxError("bad", ("f", 1, 2, "text\n", 1, 3)), UnicodeEncodeError("ascii", "é", 0, 1, "r"), SystemExit(3), StopIteration(5), OSError(13, "a", "b", None, "c"), KeyError((1,)):
    try: raise e from ValueError("cause")
    except BaseException as c: traceback.print_exception(c, file=io.StringIO()); c.__reduce__(); repr(c), str(c); c.__context__ = None; c.__suppress_context__ = False
for wrong in lambda: ExceptionGroup("x", []), lambda: ExceptionGroup("x", [1]), lambda: ExceptionGroup("x", [KeyboardInterrupt()]), lambda: ValueError().with_traceback(1), lambda: setattr(ValueError(), "__cause__", 1):
    try: wrong()
    except (ValueError, TypeError) as error: str(error)
""",
    "async kinds": r"""
import asyncio, contextlib
@contextlib.asynccontextmanager
async def manager():
    try: yield 1
    finally: await asyncio.sleep(0)
async def numbers(n):
    try:
        for i in range(n): yield i; await asyncio.sleep(0)
    finally: await asyncio.sleep(0)
async def worker(q, out):
    while (x := await q.get()) is not None: out.append(x); q.task_done()
async def fail(): raise KeyError("x")
async def main():
    q, out, lock, event = asyncio.Queue(2), [], asyncio.Lock(), asyncio.Event()
    async with asyncio.TaskGroup() as g:
        g.create_task(worker(q, out), name="w")
        for i in range(5): await q.put(i)
        await q.join(); await q.put(None)
    async with manager() as m, lock, contextlib.AsyncExitStack() as s: await s.enter_async_context(manager()); s.push_async_callback(asyncio.sleep, 0)
    {x: y async for x in numbers(3) for y in [x]}; [await asyncio.sleep(0, x) for x in range(3)]; sorted([x async for x in numbers(3) if x])
    a = numbers(5); await anext(a); await a.aclose(); b = numbers(5); await b.asend(None)
    with contextlib.suppress(ValueError): await b.athrow(ValueError)
    try:
        async with asyncio.TaskGroup() as g: g.create_task(fail()); g.create_task(asyncio.sleep(9))
    except* KeyError: pass
    with contextlib.suppress(TimeoutError): await asyncio.wait_for(event.wait(), 0)
    t = asyncio.create_task(asyncio.sleep(9)); await asyncio.sleep(0); t.cancel(); repr(t), t.get_stack()
    await asyncio.gather(t, fail(), return_exceptions=True); done, pending = await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0))]); [await c for c in asyncio.as_completed([asyncio.sleep(0, i) for i in range(3)])]
    f = asyncio.get_running_loop().create_future(); f.add_done_callback(lambda f: event.set()); f.set_result(1); await f; await event.wait(); await asyncio.shield(asyncio.sleep(0)); asyncio.all_tasks(); asyncio.current_task().get_coro(); asyncio.get_running_loop().call_later(0, len, "a"); await asyncio.sleep(0)
    async with asyncio.Semaphore(2), asyncio.Condition() as c: pass
loop = asyncio.new_event_loop(); loop.set_exception_handler(lambda *a: None)
try: loop.run_until_complete(main())
finally:
    try:
        for t in asyncio.all_tasks(loop): t.cancel()
        loop.run_until_complete(asyncio.sleep(0)); loop.run_until_complete(loop.shutdown_asyncgens())
    finally: loop.close()
async def one(): return [x async for x in numbers(2)]
async def two(): return await one()
c = two(); c.send(None); c.cr_await, c.cr_frame, repr(c); c.throw(KeyError) if 0 else 0
with contextlib.suppress(RuntimeError): c.close()
d = two(); d.__await__(); d.close()
""",
    "enums and dataclasses": r"""
import dataclasses as d, enum, typing
class S(enum.StrEnum): A = enum.auto(); B = "b"
class F(enum.Flag, boundary=enum.KEEP): X = 1; Y = 2; Z = X | Y
@enum.unique
class E(enum.Enum):
    P = 1, 2
    Q = 3, 4
    def __init__(self, x, y): self.x = x
    @enum.property
    def both(self): return self.value
    @enum.nonmember
    class C: pass
    @classmethod
    def _missing_(cls, v): return cls.P if v == 0 else None
I = enum.IntEnum("I", "ONE TWO", start=5); E(0), E((3, 4)), E["Q"], S("b"), F(7), ~F.X, F.Z & F.X, list(F.Z), F(8) in F, repr(F(9)), str(S.A), f"{S.B:>9}", I.ONE + 1, E.P.both, E.Q.x, hash(E.P), len(E), list(reversed(E)), E.__members__, dir(E.P), I(6), S.A == "a"; enum.Enum("D", {"a": 1, "b": 2}); enum.verify(enum.CONTINUOUS)(I)
@d.dataclass(slots=True, kw_only=True, order=True, unsafe_hash=True, weakref_slot=True)
class A: x: int; y: list = d.field(default_factory=list, compare=False, metadata={"m": 1}); z: d.InitVar[int] = 3; k: typing.ClassVar[int] = 1; _: d.KW_ONLY = None
@d.dataclass(frozen=True, match_args=True)
class B:
    a: int; b: "typing.Any" = d.field(default=1, repr=False, init=True)
    def __post_init__(self): object.__setattr__(self, "c", self.a)
a = A(x=1); repr(a), hash(a), a < A(x=2), a == A(x=1); b = B(1, [2]); d.astuple(b), d.asdict(B(b, {"k": b})); d.replace(b, a=3); d.fields(A); d.is_dataclass(B); 
match b:
    case B(a, b=[z]): pass
M = d.make_dataclass("M", ["x", ("y", int), ("z", int, d.field(default=5))], bases=(B,), namespace={"f": lambda s: 1}) if 0 else d.make_dataclass("M", ["x", ("y", int), ("z", int, d.field(default=5))], namespace={"f": lambda s: 1}); M(1, 2).f(); import copy; copy.replace(b, a=9); copy.copy(a)
for wrong in lambda: E(99), lambda: setattr(b, "a", 1), lambda: A(1), lambda: d.dataclass(type("W", (), {"__annotations__": {"x": list}, "x": []})), lambda: enum.Enum("D", "a a"), lambda: setattr(E, "P", 1), lambda: E["none"], lambda: type("T", (E,), {}):
    try: wrong()
    except (ValueError, AttributeError, TypeError, KeyError) as error: str(error)
""",
    "classes made": r"""
import abc, contextlib, types, weakref
class M(type):
    def __new__(m, n, b, ns, **k): return super().__new__(m, n, b, dict(ns))
    def __init__(c, n, b, ns, **k): super().__init__(n, b, ns)
    @classmethod
    def __prepare__(m, n, b, **k): return types.SimpleNamespace().__dict__
    def __call__(c, *a, **k): return super().__call__(*a, **k)
    def __getattr__(c, n): return n if n.startswith("v") else type.__getattribute__(c, n)
class A(metaclass=M, extra=1): __slots__ = {"a": "doc of a", "_A__b": "x"}; a.__class__ if 0 else 0
class W(A): __slots__ = "__dict__", "__weakref__", "__private"
class X(W, dict if 0 else object): pass
w = W(); w.a = 1; w.q = 2; weakref.ref(w); A.virtual; A.a.__doc__; W.__slots__; w.__class__ = W; X.__mro__; X().__dict__; type(w)("x") if 0 else 0; A.__dict__["a"].__get__(w); del w.a
class E:
    def __mro_entries__(self, bases): return (int,)
class I(E()): __class_getitem__ = classmethod(types.GenericAlias); __hash__ = None
I[int], I.__orig_bases__; types.resolve_bases((E(),)); types.new_class("N", (I,), {"metaclass": type}, lambda n: n.update(x=1)); types.prepare_class("P", (A,)); types.get_original_bases(I)
class B(abc.ABC):
    @property
    @abc.abstractmethod
    def p(self): ...
    @classmethod
    def __subclasshook__(c, k): return True if "p" in k.__dict__ else NotImplemented
B.register(int); isinstance(3, B); issubclass(str, B); C = type("C", (B,), {"p": 1}); C(); B._dump_registry(open("/dev/null", "w")); abc.get_cache_token(); abc.update_abstractmethods(C)
class D:
    def __init__(self): self.n = None
    def __set_name__(self, o, n): self.n = n
    def __get__(self, i, o=None): return self if i is None else i.__dict__.setdefault(self.n, [])
    def __set__(self, i, v): i.__dict__[self.n] = v
    def __delete__(self, i): i.__dict__.pop(self.n)
class K: d = D(); __match_args__ = "d",; __getattr__ = lambda s, n: 5; __setattr__ = lambda s, n, v: object.__setattr__(s, n, v); __bool__ = lambda s: True; __len__ = lambda s: 3; __getitem__ = lambda s, i: [1, 2, 3][i]; __call__ = lambda s, *a: a; __enter__ = lambda s: s; __exit__ = lambda s, *a: None; __add__ = lambda s, o: o; __iter__ = lambda s: iter("a"); __contains__ = lambda s, x: True
k = K(); k.d.append(1); k.d = 2; del k.d; k.zz; k.y = 1; k(1, 2); k + 1; [*k]; 5 in k; k[1]; list(reversed(k)); K.__add__ = lambda s, o: 7; k + 1; del K.__add__; K.__len__ = None; K.__name__ = "Q"; K.__qualname__ = "Q.Q"; K.__doc__ = "text"; K.__module__; [type("S%d" % i, (K,), {"i": i}) for i in range(9)]; K.__subclasses__(); K.__annotations__
with k, contextlib.suppress(TypeError): k + 1
for wrong in lambda: type("Z", (A, dict), {}), lambda: type("Z", (int, str), {}), lambda: type("Z", (K, object, K), {}), lambda: type("Z", (), {"__slots__": ["1"]}), lambda: type("Z", (bool,), {}), lambda: setattr(k, "__class__", int), lambda: B(), lambda: type("a\0b", (), {}), lambda: setattr(K, "__bases__", (K,)), lambda: type("Z", (object, K), {}), lambda: object.__new__(B), lambda: super(int, "x").a:
    try: wrong()
    except (TypeError, ValueError, AttributeError, RuntimeError) as error: str(error)
""",
    "arrays and views": r"""
import array, io, struct
for c in "bBhHiIlLqQfdw": a = array.array(c, "abc" if c == "w" else [1, 2, 3]); a *= 3; a += a[1:]; a[1:3] = a[5:7]; a[::2] = a[::2]; del a[1::3]; a.pop(); a.count(a[0]); a.index(a[0]); a.reverse(); a.tobytes() ; b = array.array(c); b.frombytes(a.tobytes()); a == b, a < b; repr(a); iter(a).__reduce__(); a.__reduce_ex__(4); b.fromfile(io.BytesIO(a.tobytes()), 2); memoryview(a).tolist() if c != "w" else 0; a.buffer_info(); list(a); a.remove(a[0]); a.clear()
m = memoryview(bytearray(range(96))); n = m.cast("h", [4, 3, 4]); n.tolist(); n[1, 2, 3]; n[3, 0, 0] = 5; n.tobytes("F"); n.shape, n.strides, n.contiguous; n == n, n != m; m[::-3].tolist(); m[5:50:4] = m[45:90:4] ; m[10:20].cast("B").cast("H")[1] = 7; m.cast("?").tolist()[:3]; m.cast("c")[2]; m.cast("d")[1]; m.cast("e").tolist(); bytes(m[3::5]); m.hex("-", 4); [*m[:9]]; m.index(7); m.count(3); list(reversed(m[:5])); 7 in m; struct.unpack_from("i", m, 4); int.from_bytes(m[:9]); b"".join([m[:3], m[3:5]]); hash(m.toreadonly()[:0]) if 0 else 0; bytes(m) == m; m.obj; repr(m)
class V:
    def __init__(self): self.b = bytearray(b"hello"); self.n = 0
    def __buffer__(self, flags): self.n += 1; return memoryview(self.b)
    def __release_buffer__(self, view): self.n -= 1; view.release()
v = V(); bytes(v), memoryview(v)[1:3].tobytes(), bytearray(v) + v, io.BytesIO(v).read(), b"%b" % v
with memoryview(v) as w: w[0] = 1
b = bytearray(b"abc"); b.extend(range(50)); b.resize(90); b += bytes(b); b *= 2; b[3:60:2] = b[:29]; b.removeprefix(b"a"); b.take_bytes() if hasattr(b, "take_bytes") else 0; x = memoryview(b)
for wrong in lambda: b.append(1), lambda: b.clear(), lambda: memoryview("x"), lambda: m.cast("h", [5, 5]), lambda: n[9, 9, 9], lambda: m.__setitem__(0, 300), lambda: memoryview(b"x").__setitem__(0, 1), lambda: array.array("b", [300]), lambda: array.array("z"), lambda: array.array("d", b"abc"), lambda: m[::2].cast("h"), lambda: array.array("i").pop(), lambda: n[1].tolist():
    try: wrong()
    except (BufferError, TypeError, ValueError, IndexError, OverflowError, NotImplementedError) as error: str(error)
x.release(); b[:3] = b"abc"
""",
    "weak containers": r"""
import copy, gc, weakref as w
class A:
    def __init__(self, n=0): self.n = n
    def __hash__(self): return self.n
    def __eq__(self, o): return self.n == o.n
    def __add__(self, o): return self.n
    def __call__(self): return 1
    def __iter__(self): return iter("ab")
    def m(self): pass
class R(w.ref): __slots__ = "key",
k = [A(i) for i in range(30)]; calls = []; d = w.WeakKeyDictionary(zip(k, range(30))); v = w.WeakValueDictionary(enumerate(k)); s = w.WeakSet(k)
d.setdefault(A(99), 1); d.pop(k[0]); d | {k[0]: 5}; d.copy(), copy.deepcopy(d); d.update({k[1]: 2}); d.keyrefs(); v.valuerefs(); v.setdefault(50, k[3]); v.pop(3); dict(v.items()); list(v.itervaluerefs()); v |= {7: k[7]}; v.get(99); d == d; len(v), len(s), repr(d), repr(s) and 0
s | {k[1]}, s & set(k[:9]), s - s, s ^ {k[2]}, s <= s; s.add(k[0]); s.discard(k[5]); s.isdisjoint([]); s.update(k); s.copy()
for x in s: k.pop(); break
for x in d: k.pop(); break
del x
r = R(k[0], calls.append); r.key = 1; r(), r == w.ref(k[0]), hash(r), repr(r); [w.ref(k[1], calls.append) for i in range(20)]; refs = [w.ref(k[2], calls.append) for i in range(20)]; w.getweakrefcount(k[2]), w.getweakrefs(k[2])
p = w.proxy(k[4]); p.n, p.z if hasattr(p, "z") else 0; p + 1; str(p), list(p), p == k[4]; p(); q = w.WeakMethod(k[4].m, calls.append); q(), q == w.WeakMethod(k[4].m), hash(q); 
f = w.finalize(k[6], calls.append, 1); g = w.finalize(k[6], len, "a"); f.alive, f.peek(), repr(f); g.detach(); h = w.finalize(k[7], calls.append, 2); h()
c = A(77); c.me = c; cr = w.ref(c, calls.append); c.r = cr; w.finalize(c, calls.append, 3).atexit = False; del c; k.clear(); gc.collect(); len(d), len(v), len(s), f.alive, [x() for x in refs], q()
for wrong in lambda: p.n, lambda: w.ref(3), lambda: v[1000], lambda: d[A(5)], lambda: s.pop(), lambda: hash(w.ref(A(5), id)) and hash(w.ref(type("T", (), {})())), lambda: p + 1:
    try: wrong()
    except (ReferenceError, TypeError, KeyError) as error: str(error)
""",
    "set algebra": r"""
import collections.abc as c, copy, pickle
class S(set):
    def __contains__(self, x): return super().__contains__(x)
class F(frozenset): pass
class L(c.Set):
    def __init__(self, x): self.x = list(x)
    def __contains__(self, v): return v in self.x
    def __iter__(self): return iter(self.x)
    def __len__(self): return len(self.x)
class K:
    def __init__(self, v): self.v = v
    def __hash__(self): return self.v % 3
    def __eq__(self, o): return isinstance(o, K) and self.v == o.v
a, b, f, l = S(range(60)), {i * 2 for i in range(60)}, F("abcdef"), L(range(9)); ks = {K(i) for i in range(20)}
a | b, a & b, a - b, a ^ b, b | f, f - b, f | f, f & "a".__class__("abc").__iter__().__class__ if 0 else f; a |= {999}; a &= set(range(50)); a -= {1, 2}; a ^= {3, 1000}; a <= b, a < b, a >= f, a == b, a != b; a.isdisjoint(f), a.issuperset([5]), a.union(f, "xyz", range(3)), a.intersection(range(9), b), a.difference(b, [1]), a.symmetric_difference(b)
l | {100}, l & a, l - {1}, l ^ {1, 20}, l <= a, l == set(range(9)), l._hash(), {1} | l, L.__rsub__(l, {1, 99}); d = {i: -i for i in range(20)}; d.keys() & a, d.keys() | f, d.keys() - {1}, d.keys() ^ [1], d.items() & {(1, -1)}, d.items() - {(1, -1)}, d.keys() <= a, d.keys().isdisjoint([99]), d.values().mapping, list(reversed(d.items())), {1, 2} - d.keys()
ks & {K(3), K(50)}, ks - {K(1)}, ks ^ {K(1)}, ks | {K(99)}; ks.discard(K(5)); ks.remove(K(6)); ks.add(K(5)); sorted(ks, key=lambda k: k.v); hash(frozenset([frozenset(range(i)) for i in range(9)])); {frozenset({1}), frozenset({2})} - {frozenset({1})}; {1} in {frozenset({1})}; {frozenset({1})}.discard({1}); {*a, *b, *f}; frozenset({1}) | {2}; set("hello") - set("l"); [x for x in a if x in b]
for x in a, b, f, ks: copy.copy(x); repr(x) if x is not ks else 0; iter(x).__reduce__(); x.__reduce__(); x.__sizeof__()
pickle.loads(pickle.dumps([{1, 2}, frozenset("ab")])); a.x = 1; vars(a); t = set(range(300)); [t.pop() for i in range(250)]; t.update(range(300, 600)); t.clear(); set(d), frozenset(f) is f, set(map(str, range(50))), {str(i): None for i in range(50)}.keys() == set(map(str, range(50)))
for wrong in lambda: {[]}, lambda: {1} | [2], lambda: a.remove(-1), lambda: set().pop(), lambda: hash(a), lambda: {1} < [2], lambda: set(5), lambda: frozenset().add(1), lambda: [b.add(x + 5000) for x in b], lambda: set(1, 2):
    try: wrong()
    except (TypeError, KeyError, AttributeError, RuntimeError) as error: str(error)
""",
    "translate and format": r"""
import datetime, string, textwrap
t = str.maketrans({"a": "AA", "b": None, "c": 0x1F600, 0xE9: "e"}); ("abc\u00e9d" * 30).translate(t); "abc".translate(str.maketrans("ab", "\u0416x", "c")); "x".translate({}), ("\U0001f600a" * 9).translate({0x1F600: "smile"})
class T:
    def __getitem__(self, i): return chr(i + 1) if i % 2 else (None if i % 3 else i)
("hello world" * 9).translate(T()); b"hello".translate(bytes(range(255, -1, -1)), b"l"); bytes.maketrans(b"ab", b"xy")
class V:
    def __format__(self, s): return f"<{s}>"
    def __getitem__(self, i): return [i]
    a = {"k": 1.5}
for s in "", "10", "<10", ">+10.3e", "^#20x", "020,d", "_b", "=+8", "n", "c", ",.2f", "%", "*^30g", "z.1f", "#o", ".3", "_.3f", ",.3_f":
    for v in 65, -3.25, 10 ** 25, True, "text", 2 - 3j:
        try: format(v, s)
        except (ValueError, OverflowError) as error: str(error)
"{0[2]} {0.a[k]!r:>8} {1!a:{w}} {{}} {n:%Y} {v:spec}".format(V(), "\u00e9", w=9, n=datetime.date(2024, 1, 2), v=V()); "{:{}{}}".format(5, ">", 9); "{a.b}".format_map({"a": type("B", (), {"b": 1})}); f"{V():{'a'}{'b'}} {3!r:^{5}} {[x for x in 'ab']!s} {V().a['k']=:.2f} { {1: 2}[1] } {'nested ' f'{1:{2}}'}"
"%5.2f|%-8s|%+d|%#x|%c|%%|%r|%(a)s".replace("%(a)s", "%a") % (1.5, "x", 3, 255, "q", V, "\u00e9"); "%(a)s %(b)05d" % {"a": [1], "b": 7}; "%*.*f" % (9, 2, 1.5); b"%s %x %a %5d" % (b"a", 255, "\u00e9", 3); bytearray(b"%i") % 5; "%s" % ("\U0001f600" * 50); "%.3s|%10.2s" % ("abcdef", "\u00e9\u00e9\u00e9")
class F(string.Formatter):
    def get_value(self, k, a, kw): return super().get_value(k, a, kw) if k in kw or isinstance(k, int) else "?"
F().format("{0} {x} {y!r:>5}", 1, x=2); list(F().parse("a{b!r:c}{{")); string.Template("$a ${b} $$").safe_substitute(a=1); string.Template("$a").get_identifiers(); string.capwords("a b"); textwrap.dedent("  a\n  b"), textwrap.shorten("word " * 30, 40), textwrap.indent("a\nb", "> "); "a\tb\r\nc\x0bd\x85e".splitlines(True), "a,b,,c".rsplit(",", 2), " \u3000x\u00a0".strip(), "\u01c6\ufb01\u00df".title().swapcase().casefold(), "\u03a3\u03a3".lower(), "a-b_c".isidentifier(), "\u0661\u0662".isdecimal(), "x".join(map(str, range(30))), "ab" * 20 < "abc", "aXbX".rpartition("X"), "abc".center(20, "\u2022"), "A" "\N{SNOWMAN}".encode("unicode_escape")
for wrong in lambda: "{".format(), lambda: "{0} {}".format(1, 2), lambda: "{x}".format(), lambda: "%d" % "a", lambda: "%s %s" % (1,), lambda: "%q" % 1, lambda: f"{1:q}", lambda: f"{V:x}", lambda: "a".translate([]) and "b".translate({98: 1 << 30}), lambda: "{0.__x}".format(1), lambda: "%(a)s" % 5, lambda: "%c" % 2 ** 40, lambda: "{!z}".format(1):
    try: wrong()
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error: str(error)
""",
    "numbers of any size": r"""
import fractions, math, numbers, operator
x = 7 ** 900; y = -(3 ** 1500) + 1; z = 1 << 3000
for o in operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, divmod, operator.and_, operator.or_, operator.xor, operator.lt, math.gcd, math.lcm:
    for a in x, y, z, 5, -1, True: o(a, x), o(y, a), o(x, a)
x >> 700, y >> 1000, y << 65, ~z, -x, abs(y), x.bit_length(), y.bit_count(), int(str(x)), int(str(y)[:700]), int(hex(z), 0), int(bin(x), 2), int("z" * 90, 36), oct(y), x.to_bytes(400, "little"), y.to_bytes(400, signed=True), int.from_bytes(b"\xff" * 300, signed=True), int.from_bytes(range(100)), pow(x, y % 1000, z + 1), pow(7, -1, x + 1), pow(3, 400), 2 ** 0.5, x ** 3, math.isqrt(x), math.comb(500, 200), math.perm(90), math.factorial(200), hash(x), hash(y), round(x, -500), x.conjugate(), x.__round__(), x / z, x / 3 ** 1500, float(7 ** 300), int(1e300), int(-1.5), (1e300).as_integer_ratio(), f"{x:,}", f"{y:_x}", f"{z:+.3e}" if 0 else f"{7 ** 90:+.3e}", f"{x:>900d}", "%d %x" % (y, x), repr(y), x == z, x < 1e308, 1 << 2000 > 1e300, math.log(x), math.log2(z), x % 10 ** 9, [i ** 40 for i in range(-20, 20)], sum([x, 1, y]), math.prod([10 ** 9] * 30), [int(str(i) * 40) % i for i in range(1, 30)], x.__index__(), operator.index(z), x.numerator, x.is_integer()
class I(int):
    def __add__(self, o): return I(int(self) + o)
I(x) + 1, I("99" * 50), I(5).real, I.from_bytes(b"a" * 30), str(I(y)), I(3) * x, range(x, x + 5)[2], range(-z, z, x)[1], len(range(5)), x in range(x, x + 9), slice(x, z).indices(9), list(range(z, z + 3)), [1, 2, 3][-2:x], "ab"[y:x]
f = fractions.Fraction(x, 3 ** 90); f + 1, f * f, f ** 3, f // 7, f % 5, -f, abs(f), f < 1, float(fractions.Fraction(1, x)), f.limit_denominator(1000), fractions.Fraction("3.14159"), fractions.Fraction(1.5), hash(f), round(f, 2), str(f), f"{f:.30f}", math.floor(f), int(f), divmod(f, 3), fractions.Fraction(3, 7) == 3 / 7; isinstance(x, numbers.Integral)
c = complex(3, -4); c ** 5, c / (1 + 1j), abs(c), c == 3, str(c), hash(c), c.conjugate(), pow(c, 0.5), complex("1e5-2j"), f"{c:.2f}", 1.5 .hex(), float.fromhex("0x1p-1074"), (2.5).__divmod__(0.7), -7.5 // 2, 1e308 * 10, repr(5e-324), round(2.675, 2), float("-inf"), (0.1).as_integer_ratio(), math.fsum([1e100, 1, -1e100]), math.frexp(1.5), math.nextafter(1, 2), 3.0 == 3, hash(float("nan")) and 0, float("1_000.5"), 1e22 == 10 ** 22
for wrong in lambda: x // 0, lambda: x << -1, lambda: 1 << (1 << 70), lambda: float(x ** 9), lambda: int("9" * 5000), lambda: int("1x"), lambda: x.to_bytes(3), lambda: pow(2, -1, 4), lambda: math.isqrt(-1), lambda: y / 0, lambda: x ** -5000 / 0, lambda: int(float("nan")), lambda: str(10 ** 5000), lambda: round(1.5, "x"), lambda: range(1, 2, 0), lambda: fractions.Fraction(1, 0), lambda: complex("x"), lambda: [][z], lambda: int("1", 99):
    try: wrong()
    except (ZeroDivisionError, ValueError, OverflowError, TypeError, IndexError, MemoryError) as error: str(error)
""",
    "kinds of collections": r"""
import collections as c, copy, pickle
d = c.deque(range(200), maxlen=150); d.extend(range(100)); d.appendleft(1); d.rotate(-70); d[3], d[-5]; d[7] = 1; del d[9]; d.count(1), d.index(50), 5 in d; d.reverse(); d == d, d < c.deque([1]); d += [1]; d *= 2; copy.copy(d); pickle.loads(pickle.dumps(d)); repr(d); i = iter(d); next(i); i.__reduce__(); list(reversed(d)); [d.popleft() for x in range(100)]; e = c.deque([1, 2]); e.insert(1, e); repr(e); e.clear(); e.extendleft("abc"); e.remove("a"); c.deque("ab") + c.deque("c"); e.pop(); d.clear()
class O(c.OrderedDict):
    def __missing__(self, k): return k
o = O(zip("abcdefghij", range(10))); o.move_to_end("a"); o.move_to_end("j", False); o.popitem(), o.popitem(False); o["zz"]; o == O(o), o == dict(o); list(reversed(o.items())), o.keys() & {"b"}; o | {"q": 1}; o |= {"r": 2}; o.setdefault("s", []); del o["b"]; copy.copy(o); o.x = 1; o.__reduce__(); repr(o); o.pop("c"); o.update(t=5); O.fromkeys("ab"); iter(o).__reduce__(); [o.__setitem__(str(x), x) for x in range(50)]; o.clear()
f = c.defaultdict(lambda: c.defaultdict(list)); [f[x % 5][x].append(x) for x in range(30)]; repr(f) and f.copy(); f | {9: 9}; f.__reduce__; copy.copy(f); c.defaultdict(int, a=1)["b"]; c.defaultdict(None, {1: 2}).default_factory
n = c.Counter("mississippi"); n + n, n - c.Counter("mi"), n & n, n | c.Counter(z=3), +n, -n; n.subtract("s"), n.update({"q": 5}), n.total(), list(n.elements()), n.most_common(), n <= n, n["none"], repr(n); c.Counter(x % 7 for x in range(90))
m = c.ChainMap({1: 2}, {1: 3, 4: 5}); m.new_child({6: 7})[4], m.parents, list(m), m | {8: 9}, repr(m), m.pop(1), len(m), m.copy(), 4 in m, m.get(9)
class P(c.namedtuple("P", "x y z", defaults=[1, 2], rename=True)): __slots__ = ()
p = P(1); p._replace(y=5), p._asdict(), P._make("abc"), repr(p), p == (1, 1, 2), hash(p), P._fields, p.x, copy.replace(p, x=2), P.x.__doc__; pickle.loads(pickle.dumps(c.Counter(a=1)))
class U(c.UserDict): pass
class L(c.UserList): pass
u = U(a=1); u |= {"b": 2}; u.copy(), u == {"a": 1}, "a" in u, repr(u), u.fromkeys("ab"); l = L(range(9)); l + [1], l[2:5], l * 2, l == list(range(9)), l.sort(), l.append(l) if 0 else l, [9] + l, 3 in l, l.copy(); s = c.UserString("abc"); s + "d", s.upper(), s[1:], s % (), s == "abc", hash(s), int(c.UserString("5"))
class D(dict):
    def __missing__(self, k): self[k] = k; return k
    def __setitem__(self, k, v): super().__setitem__(k, v)
x = D({1: 2}); x["q"], x | {3: 4}, x.copy(), D.fromkeys(range(30)), x == {1: 2}, dict(x, z=1), {**x}, list(x.items()), x.pop(1, None), x.popitem(), dict([("a", 1), "bc"]), dict.fromkeys(range(9), [])
for wrong in lambda: c.deque().pop(), lambda: c.deque(maxlen=-1), lambda: d[0], lambda: c.deque([1]).remove(2), lambda: o.popitem(), lambda: o.move_to_end("?"), lambda: c.namedtuple("Q", "a a"), lambda: P(), lambda: {}[1], lambda: c.Counter(a=1).fromkeys("a"), lambda: [e.append(1) for v in e], lambda: dict([1]), lambda: dict([(1, 2, 3)]), lambda: c.defaultdict(3), lambda: {[]: 1}, lambda: m[99], lambda: c.ChainMap().popitem():
    try: wrong()
    except (IndexError, ValueError, KeyError, TypeError, NotImplementedError, RuntimeError) as error: str(error)
""",
    "packages": r"""
import importlib, importlib.util, importlib.machinery, io, os, runpy, shutil, sys, tempfile, zipfile
d = tempfile.mkdtemp(); path = sys.path[:]
for k in [k for k in sys.modules if k.startswith("oom")]: del sys.modules[k]
def write(name, text):
    os.makedirs(os.path.dirname(d + "/" + name), exist_ok=True)
    with open(d + "/" + name, "w") as f: f.write(text)
try:
    write("oompkg/__init__.py", "from .a import *\nfrom . import b\n__all__ = ['b', 'x']\ndef __getattr__(name):\n  if name == 'lazy': return 5\n  raise AttributeError(name)\n"); write("oompkg/a.py", "x = 1\n_y = 2\nfrom oompkg import b\n"); write("oompkg/b.py", "import oompkg.a as a, sys\nclass C: pass\n"); write("oompkg/bad.py", "x = = 1\n"); write("oompkg/fails.py", "1 / 0\n"); write("oomspace/inner/mod.py", "z = __name__\n"); write("oompkg/__main__.py", "import sys\nr = sys.argv\n"); write("oompkg/data.txt", "text")
    with zipfile.ZipFile(d + "/z.zip", "w") as z: z.writestr("oomzip/__init__.py", "q = 3\n"); z.writestr("oomzip/m.py", "w = 4\n")
    sys.path[:0] = [d, d + "/z.zip"]; importlib.invalidate_caches()
    import oompkg, oompkg.b as b, oomspace.inner.mod, oomzip.m; from oompkg import *; from oompkg import lazy; oompkg.lazy, oomspace.__path__, oomzip.m.__loader__.get_source("oomzip.m"), oomzip.__spec__; importlib.reload(oompkg.a); repr(oompkg), repr(oomspace), dir(oompkg)
    s = importlib.util.spec_from_file_location("oomfile", d + "/oompkg/a.py"); m = importlib.util.module_from_spec(s); s.loader.exec_module(m); repr(s); importlib.util.cache_from_source(s.origin), importlib.util.resolve_name(".x", "oompkg"); importlib.util.find_spec("oompkg.a").loader.get_code("oompkg.a"); importlib.machinery.SourceFileLoader("q", d + "/oompkg/a.py").get_data(d + "/oompkg/a.py"); importlib.machinery.PathFinder.find_spec("oompkg", [d]); runpy.run_module("oompkg.a"); runpy.run_path(d + "/oompkg/__main__.py"); importlib.import_module(".a", "oompkg")
    import importlib.resources as r; r.files("oompkg").joinpath("data.txt").read_text(); import pkgutil; list(pkgutil.iter_modules([d])), list(pkgutil.walk_packages(oompkg.__path__, "oompkg.")), pkgutil.get_data("oompkg", "data.txt")
    l = importlib.util.LazyLoader.factory(importlib.machinery.SourceFileLoader)("oomlazy", d + "/oompkg/b.py"); n = importlib.util.module_from_spec(importlib.util.spec_from_loader("oomlazy", l)); sys.modules["oomlazy"] = n; l.exec_module(n); n.C
    class Finder:
        def find_spec(self, name, path, target=None): return importlib.util.spec_from_loader(name, self) if name == "oomfound" else None
        def create_module(self, spec): return None
        def exec_module(self, module): module.v = 1
    sys.meta_path.append(f := Finder())
    try: import oomfound; oomfound.v
    finally: sys.meta_path.remove(f)
    for wrong in "import oompkg.bad", "import oompkg.fails", "import oompkg.none", "from oompkg import none", "from oompkg.a import none", "import oompkg.a.x", "from .. import q", "from oompkg.b import __nothing__":
        try: exec(wrong, {"__package__": "oompkg", "__name__": "oompkg"})
        except (ImportError, SyntaxError, ZeroDivisionError) as error: str(error)
finally:
    sys.path[:] = path; sys.path_importer_cache.pop(d, None), sys.path_importer_cache.pop(d + "/z.zip", None); shutil.rmtree(d, True)
""",
    "compile and exec": r"""
import ast, code, io, symtable, tokenize, types, contextlib, codeop, linecache
source = '''
import os as o, sys
from collections import (deque as d, OrderedDict)
type Alias[*Ts, **P, T: int = str] = tuple[*Ts]
@(lambda f: f)
def f[T](a, /, b: int = 1, *c, d=2, **e) -> "T":
    "doc"
    global g; g = [x + y for x in range(5) if x % 2 for y in (x, b)]
    def inner():
        nonlocal a; a = (lambda q=a: q)(); return a, __class__ if 0 else None
    try: inner()
    except (ValueError, TypeError) as err: raise
    except Exception: pass
    else: a = 1
    finally: a = 2 if a else 3
    while (n := len(g)) > 99: break
    else: n = -1
    with open("/dev/null") as x, open("/dev/null"): assert x, "message"
    del n; return {**{"k": [*c]}, "s": {1, 2}, "t": a[0:1:2] if 0 else ..., "b": b"x" rb"y", "f": f"{a!r:>{b}}{{}}" "lit", "u": not a < 1 <= 2 != 3, "l": 1 + 2 * -3 ** 2 // 4 | 5 & ~6 ^ 7 << 1 @ 1 if 0 else 9j}
async def co():
    async with a() as b: [i async for i in b]
    yield await c
class K(object, metaclass=type): v: int = 3; w: "str"; __slots__ = ()
def m(x):
    match x:
        case {"a": 1, "b": [_, *rest], **more} if rest: return 1
        case K(v=3) | complex(real=0) | -1.5 | "s" "t" | None: return 2
        case [1, (2 | 3) as two, *_]: return two
        case _: return x
    for i, (j, *k) in []: continue
    return (yield)
try: pass
except* OSError: pass
r = f(1); list(m(5)); [m(y) for y in ({"a": 1}, [1, 2])]; q = t"{r} {1!r:x}"; x: int; (x): int = 5; x += 1; a = b = 3; print if 0 else 0
'''
c = compile(source, "oom", "exec", dont_inherit=True, optimize=1); exec(c, s := {"__name__": "oom"}); s["Alias"].__value__; t = compile(source, "oom", "exec", ast.PyCF_ONLY_AST | ast.PyCF_TYPE_COMMENTS); ast.unparse(t); ast.dump(t, indent=1, include_attributes=True); compile(t, "oom", "exec", optimize=2); compile(ast.parse("a + 1", mode="eval"), "e", "eval"); compile("await x", "e", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT); compile("x\n", "s", "single"); ast.parse("(int) -> str", mode="func_type"); ast.get_docstring(t.body[4]), ast.get_source_segment(source, t.body[0])
class V(ast.NodeTransformer):
    def visit_Constant(self, n): return ast.copy_location(ast.Constant(0), n) if isinstance(n.value, int) else n
V().visit(t); ast.fix_missing_locations(t); ast.compare(t, t) if hasattr(ast, "compare") else 0
class N(dict):
    def __missing__(self, k): return 5
eval("a + b", {}, N()); exec("def h(): return x\nx = 1\ny = h.__code__", s); exec(s["y"].replace(co_name="n", co_consts=(None, 1)), {"x": 1}); z = 1
def outer():
    v = 1
    def closed(): return v
    return closed
exec(outer().__code__, closure=outer().__closure__); types.FunctionType(outer().__code__, {}, "n", None, (types.CellType(3),))(); symtable.symtable(source, "f", "exec").get_children()[1].get_symbols(); list(tokenize.tokenize(io.BytesIO(source.encode()).readline)); tokenize.untokenize(list(tokenize.generate_tokens(io.StringIO("a = (1,\n 2)\n").readline))); codeop.compile_command("if a:\n  b"); 
with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()): i = code.InteractiveInterpreter({}); i.runsource("1 + 1"); i.runsource("1 / 0"); i.runsource("a b"); i.runcode(c)
for wrong in "def f(a, a): 0", "return", "x = yield = 1", "f(a=1, a=2)", "'abc", "if 1:\nx", "\tx\n  y", "nonlocal q", "f'{a'", "a = 1 = 2", "break", "async def f(): yield from x", "match x:\n case a: 0\n case b: 0", "from __future__ import nothing", "x: int = *a", "0777", "é = §", "class A: return", "print 1", "(x for x in y) = 1", "lambda: (yield)\nawait z", "def f():\n global x\n x: int", "import a.b as", "{1: 2, 3}", "t'{'", "try: 0", "*a", "del f()", "b'é'", "'\\N{none}'", "a\0b":
    try: compile(wrong, "w", "exec")
    except (SyntaxError, ValueError) as error: str(error), error.args
for wrong in lambda: eval("1", 5), lambda: exec(outer().__code__), lambda: compile(5, "f", "exec"), lambda: compile("x", "f", "what"), lambda: compile(ast.Module([ast.Expr(3)], []), "f", "exec"), lambda: c.replace(co_code=b"x"):
    try: wrong()
    except (TypeError, ValueError) as error: str(error)
""",
    "templates": r"""
import string.templatelib as l, copy, pickle
a, w, name = 5, 9, "W\u00f6rld"
def f(t): return "".join(x if isinstance(x, str) else format(l.convert(x.value, x.conversion), x.format_spec) for x in t)
t = t"hello {name!r:>{w}} and {a + 1=:.2f} {t'{a}'!s} {{braces}} {[x for x in range(3)]!a}"; f(t"{a} {name!s:>20} {name!a}"); t.strings, t.values, t.interpolations, repr(t), list(t), iter(t).__reduce__ and 0; t + t, t"" + t"x{a}", t"{a}{w}" t" z"; rt"\n{a}\n"; t'''{
 a !r}'''
for x in t:
    match x:
        case l.Interpolation(v, e, c, s): (v, e, c, s); repr(x)
        case str() as s: s
l.Template("a", "b", l.Interpolation(1, "x", "r", ">5"), l.Interpolation([2]), "c").strings; l.Interpolation(1, "e", None, "").__match_args__, l.Template(*["x", l.Interpolation(1)] * 20).values; hash(l.Interpolation); l.Template[int] if 0 else l.Interpolation[int]; copy.copy(t), pickle.loads(pickle.dumps(l.Interpolation(1, "x", "r"))), pickle.loads(pickle.dumps(l.Template("a", l.Interpolation(3)))); l.convert(a, "r"), l.convert(a, None); eval("t'{1}{2:{3}}'"); compile("t'{x!r:{y}{z}}' t'{q}'", "f", "eval"); [t"{i}{i * 2:x}" for i in range(9)]; (lambda: t"{w}")(); t"{f"{t'{a}'}"}"
for wrong in lambda: t"a" + "b", lambda: l.Template(1), lambda: l.Interpolation(1, 2), lambda: l.Interpolation(1, "x", "q"), lambda: l.convert(1, "z"), lambda: t"{undefined}", lambda: eval("t'{' "), lambda: eval("t'{a!x}'"), lambda: eval("t'{}'"), lambda: eval("t'a' 'b'"), lambda: "" + t"x", lambda: setattr(t, "x", 1), lambda: l.Template(x=1):
    try: wrong()
    except (TypeError, ValueError, NameError, SyntaxError, AttributeError) as error: str(error)
""",
    "kinds of generators": r"""
import contextlib, inspect, sys, types
def inner():
    try:
        while True:
            try: x = yield 1
            except KeyError as e: yield repr(e)
    except GeneratorExit: return 5
    finally: [y for y in range(3)]
def outer():
    r = yield from inner(); yield r; return r
def tree(n): 
    if n: yield from tree(n - 1); yield n; yield from tree(n - 1)
g = outer(); next(g), g.send(3), g.throw(KeyError("k")), g.gi_yieldfrom, g.gi_frame.f_locals, g.gi_frame.f_back, inspect.getgeneratorstate(g), inspect.getgeneratorlocals(g), repr(g), g.gi_code, g.gi_running, g.gi_suspended; g.close(); next(g, 0); list(tree(5)); a, *b = tree(3); sum(x * y for x in range(9) for y in range(x) if y % 2); list(x for x in (y for y in (z for z in range(9)))); dict((k, v) for k, v in zip("ab", tree(2))); max(tree(4)); any(x > 3 for x in tree(4)); 3 in tree(4)
class I:
    def __iter__(self): return self
    def __next__(self): self.n = getattr(self, "n", 0) + 1; return self.n if self.n < 5 else self.stop()
    def stop(self): raise StopIteration(7)
    def send(self, v): return v
    def throw(self, *a): raise StopIteration("thrown")
    def close(self): pass
def d(): r = yield from I(); yield r
list(d()); h = d(); next(h); h.send(5); h.throw(ValueError); h.close(); h = d(); next(h); del h
def ctx():
    with contextlib.ExitStack() as s: s.callback(len, "a"); yield sys.exc_info()
try: raise ValueError
except ValueError: k = ctx(); next(k); k.close()
@types.coroutine
def wait(v): return (yield v)
class W:
    def __await__(self): return (yield "w")
async def co(n): return await (co(n - 1) if n else W())
async def ag():
    try:
        for i in range(3): x = yield i; await wait(x)
    except ValueError: yield "v"
    finally: await wait("end")
async def use(): return [x async for x in ag()] + [await co(3)]
def drive(c, *v):
    try:
        r = c.send(None)
        while True: r = c.send(r)
    except StopIteration as s: return s.value
drive(use()); c = co(9); c.send(None), c.cr_await, inspect.getcoroutinestate(c); c.close(); u = ag(); drive(u.__anext__()), u.ag_frame, u.ag_await, repr(u); drive(u.athrow(ValueError)); drive(u.aclose()); v = ag(); drive(anext(v, 5)); old = sys.get_asyncgen_hooks(); sys.set_asyncgen_hooks(lambda a: None, lambda a: None); z = ag(); drive(z.asend(None)); del z; sys.set_asyncgen_hooks(*old); sys.set_coroutine_origin_tracking_depth(3); q = co(1); q.cr_origin; q.close(); sys.set_coroutine_origin_tracking_depth(0)
def wrong1(): yield; raise StopIteration
def wrong2(): 
    try: yield
    finally: yield
def wrong3(): yield from 5
def wrong4(): it = wrong5(it) if 0 else None; yield it
r = wrong4(); wrong = wrong2(); next(wrong)
for bad in lambda: list(wrong1()), lambda: wrong.close(), lambda: list(wrong3()), lambda: outer().send(1), lambda: outer().throw(5), lambda: outer().throw(ValueError("x")), lambda: drive(co(1), 1) and c.send(None), lambda: iter(co(0)), lambda: next(r) and (lambda g: g.send(g))(r) if 0 else 1 / 0, lambda: u.asend(1).send(None):
    try: bad()
    except (RuntimeError, TypeError, ValueError, ZeroDivisionError, StopIteration, StopAsyncIteration) as error: str(error)
""",
}

# Blocks above 64 KiB: the reserve behind Rust's own allocations does not give these, so whatever is not asked for fallibly
# ends the process. There are few of them in a program, and each fails once alone and once with the fifty after it.
LARGE = {
    "large str": "s = 'hello wörld ' * 30000; s.upper(); s.split(); s.replace('o', '00'); s.encode('utf-16'); s.splitlines(); repr(s); s.title(); s.translate({111: 'xx'}); ','.join([s, s]); s.find('zz'); '%s' % s; '{:>900000}'.format(s); s.casefold(); s.expandtabs(); s.partition('zz'); s[::2]; s.zfill(900000); ascii(s); s.encode('ascii', 'xmlcharrefreplace'); s.swapcase(); s.rsplit('l', 9); s.isidentifier(); s.count('l'); hash(s); f'{s!r:>500000}'; s == s + ''; s.maketrans(s[:9], s[:9]); s.center(900000, 'é'); int(('1' * 4000))",
    "large bytes": "b = bytes(range(256)) * 2000; b.hex(); b.hex(':'); bytes.fromhex(b.hex()); b.split(b'a'); b.replace(b'a', b'bb'); bytearray(b).replace(b'a', b''); b.translate(bytes(256)); b.decode('latin-1'); b.decode('utf-8', 'replace'); b.decode('cp437'); bytes(b); bytearray(b) * 2; b.join([b] * 3); b.upper(); repr(b); b.splitlines(); memoryview(b)[::3].tobytes(); memoryview(b).tolist(); bytes(list(b)); b % () if 0 else b; b.title(); b.expandtabs(); b.zfill(999999); b.center(999999); memoryview(b).cast('I').hex(); bytearray(b)[::2]; b.find(b'zz' * 40000)",
    "large list": "a = list(range(100000)); a.sort(key=lambda v: -v); a.sort(); sorted(a, reverse=True); a * 3; a + a; repr(a); tuple(a); set(a); frozenset(a); dict.fromkeys(a); list(map(str, a)); list(zip(a, a)); list(reversed(a)); a[::2]; a[10:90000] = a; sum(a); min(a); [*a, *a]; (lambda *x: len(x))(*a); max(*a); a.extend(tuple(a)); a.copy(); a == a[:]; print(*a[:1]) if 0 else 0; a.insert(3, a); del a[3]; any(a); sorted(str(x) for x in a[:30000])",
    "large dict": "d = {i: str(i) for i in range(60000)}; d | d; {**d}; list(d.items()); repr(d); d.copy(); dict(d); d.keys() & d.keys(); d.keys() | [1]; sorted(d); d == dict(d); d.update(d); set(d); {v: k for k, v in d.items()}; d.items() ^ {(1, 2)}; import collections; collections.OrderedDict(d); collections.Counter(d.values()); collections.ChainMap(d, d).keys(); list(collections.ChainMap(d, d)); dict(**{str(k): v for k, v in list(d.items())[:20000]}); d.clear()",
    "large set": "s = set(range(70000)); s | {1.5}; s & s; s - {3}; s ^ {4}; s.copy(); frozenset(s); repr(s); sorted(s); s <= set(s); s.update(range(70000, 90000)); s.intersection(range(60000)); s.symmetric_difference(range(5, 80000)); hash(frozenset(s)); s.difference(list(range(9)))",
    "large iterators": "import itertools as i, collections as c, heapq, bisect, functools, operator\nr = range(30000); c.deque(r).copy(); c.deque(r) * 2; list(i.batched(r, 20000)); i.tee(r, 9); list(i.zip_longest(r, range(9))); list(i.accumulate(r)); next(i.permutations(r)); next(i.combinations(r, 20000)); next(i.product(r, r)); next(i.combinations_with_replacement(r, 20000)); heapq.nlargest(20000, r); h = list(r); heapq.heapify(h); list(heapq.merge(r, r)); functools.reduce(operator.add, r); operator.itemgetter(*range(20000))(r); functools.partial(max, *r)(); list(i.chain.from_iterable([r, r])); list(i.starmap(min, zip(r, r))); next(i.cycle(r)); c.namedtuple('P', ['a%d' % j for j in range(300)])(*range(300))",
    "large text formats": "import json, pickle, marshal, csv, io, re, ast, pprint, copy, base64, binascii, struct, array, textwrap, string, html, urllib.parse\nx = {'k%d' % i: [i, 'é' * 9, 1.5, None] for i in range(4000)}; j = json.dumps(x); json.loads(j); json.dumps(x, indent=1); p = pickle.dumps(x); pickle.loads(p); m = marshal.dumps(x); marshal.loads(m); copy.deepcopy(x); w = io.StringIO(); csv.writer(w).writerows([['a' * 90] * 900] * 9); list(csv.reader(io.StringIO(w.getvalue()))); csv.writer(io.StringIO()).writerow(['q\"' * 90000]); list(csv.reader(['\"' + 'x' * 100000 + '\"'])); re.sub('k', 'zz', j); re.findall('[0-9]+', j); re.split(',', j); re.escape(j); re.sub('(.)', r'\\1\\1', j[:40000]); base64.b64encode(p); binascii.hexlify(p); binascii.b2a_qp(p); binascii.unhexlify(binascii.hexlify(p)); json.dumps(j); json.loads(json.dumps('é' * 90000)); html.escape(j); urllib.parse.quote(j[:9000]); struct.pack('90000s', b''); struct.unpack('20000i', bytes(80000)); array.array('i', range(50000)).tolist(); array.array('w', 'a' * 50000).tounicode(); array.array('d', bytes(800000)).byteswap()",
    "large compression": "import zlib, bz2, lzma, hashlib, io, random, gzip\nb = random.Random(3).randbytes(120000); z = zlib.compress(b); zlib.decompress(z); zlib.decompressobj().decompress(z, 100000); y = bz2.compress(b); bz2.decompress(y); x = lzma.compress(b, preset=0); lzma.decompress(x); hashlib.sha512(b).hexdigest(); hashlib.shake_128(b).digest(200000); gzip.decompress(gzip.compress(b)); f = io.BytesIO(b); f.read(); f.getvalue(); f.write(b); f.readlines(); io.BufferedReader(io.BytesIO(b), 200000).read(150000); io.TextIOWrapper(io.BytesIO(b), 'latin-1').read(); io.StringIO('x' * 300000).readlines(); io.BytesIO().writelines([b, b]); io.BufferedWriter(io.BytesIO(), 100000).write(b); zlib.crc32(b); hashlib.scrypt(b'a', salt=b'b', n=2, r=8, p=1, dklen=100000) if hasattr(hashlib, 'scrypt') else 0",
    "large numbers": "x = 3 ** 60000; y = x * x; y // x; y % (x + 1); pow(x, 3, y); import sys; sys.set_int_max_str_digits(0); s = str(x); int(s); hex(x); int(hex(x), 16); x >> 9; x | y; x.to_bytes(20000); int.from_bytes(bytes(100000)); import math; math.isqrt(x); math.gcd(x, y); math.factorial(9000); math.comb(9000, 4500); math.prod(range(1, 9000)); import decimal; d = decimal.Decimal(s); d + 1; str(d); d * d; decimal.Context(prec=30000).divide(1, 7); decimal.Context(prec=3000).sqrt(2); decimal.Decimal(x); int(d); import fractions; fractions.Fraction(x, y); '%x' % x; f'{x:,}'; f'{1.5:.70000f}'; '%.70000f' % 1.5; float(s[:300]); round(x, -9); divmod(y, x); import random; random.getrandbits(900000); random.Random(x); random.sample(range(60000), 30000); random.shuffle(list(range(30000))); math.fsum([.1] * 30000); math.sumprod(range(30000), range(30000)); math.hypot(*range(20000)); math.dist(range(20000), range(20000)); sys.set_int_max_str_digits(4300)",
    "large source": "s = '\\n'.join('def f%d(a, b=[1, 2, {3: 4}]): return a + b * %d + len(\"text %d\")' % (i, i, i) for i in range(1500)); c = compile(s, 'f', 'exec'); import ast; t = ast.parse(s); compile(t, 'f', 'exec'); import tokenize, io, marshal; list(tokenize.generate_tokens(io.StringIO(s).readline)); marshal.loads(marshal.dumps(c)); ast.dump(t); exec(c, {}); compile('x = ' + '\"' + 'a' * 200000 + '\"', 'f', 'exec'); compile('[' + '1, ' * 30000 + ']', 'f', 'eval'); compile('x(' + 'y, ' * 30000 + ')', 'f', 'eval'); import symtable; symtable.symtable(s, 'f', 'exec')\ntry: compile('x = (\\n' + 'y\\n' * 30000, 'f', 'exec')\nexcept SyntaxError: pass",
    "large objects": "class A: pass\na = A(); a.__dict__.update({'x%d' % i: i for i in range(9000)}); dir(a); vars(a); repr(a.__dict__); b = type('B', (), {'m%d' % i: i for i in range(9000)}); dir(b); c = type('C', (), {'__slots__': ['s%d' % i for i in range(9000)]}); c(); import types; types.SimpleNamespace(**a.__dict__); repr(types.SimpleNamespace(**a.__dict__)); e = ExceptionGroup('g', [ValueError(i) for i in range(9000)]); e.split(KeyError); e.subgroup(lambda x: True); repr(e); import weakref; w = [weakref.ref(a, lambda r: 0) for i in range(9000)]; weakref.getweakrefs(a); import gc; gc.get_objects(); gc.get_referrers(A); gc.get_referents(*[list(range(9000))] * 9); import sys; sys._current_frames(); isinstance(1, tuple([str] * 20000) + (int,)); list[tuple(range(20000))]; 'a'.startswith(tuple('b' * 20000)); print(end='', sep='', *[''] * 20000); exec('def f(' + ','.join('a%d' % i for i in range(3000)) + '): return locals()\\nf(*range(3000))', {})",
    "large files": "import os, tempfile, mmap, pathlib, shutil\nd = tempfile.mkdtemp()\ntry:\n  n = d + '/f'\n  with open(n, 'wb') as f: f.write(bytes(900000)); f.writelines([bytes(90000)] * 9)\n  with open(n, 'rb') as f: f.read(); f.seek(0); f.readlines(); f.seek(0); f.read(500000); f.readinto(bytearray(500000))\n  with open(n, encoding='latin-1') as f: f.read(); f.seek(0); f.read(400000); f.tell()\n  with open(n, 'rb', buffering=0) as f: f.read(); f.seek(0); f.read(300000)\n  f = os.open(n, os.O_RDWR); os.read(f, 400000); os.pread(f, 300000, 9); os.write(f, bytes(300000)); os.writev(f, [bytes(9)] * 900); os.readv(f, [bytearray(90000)] * 9); os.close(f)\n  pathlib.Path(n).read_bytes(); pathlib.Path(n).read_text('latin-1'); shutil.copy(n, n + '2')\n  for i in range(300): os.close(os.open(d + '/' + 'x' * 200 + str(i), os.O_CREAT))\n  os.listdir(d); list(os.scandir(d)); list(pathlib.Path(d).iterdir()); os.getrandom(100000); os.urandom(300000); os.path.join(*['a' * 9000] * 20); os.path.normpath('a/' * 90000); os.fsencode('é' * 90000)\nfinally: shutil.rmtree(d)\nimport socket\na, b = socket.socketpair(); a.send(bytes(90000)); b.recv(100000); a.sendmsg([bytes(9)] * 900); b.recvmsg(100000); b.recv_into(bytearray(100000), 9, socket.MSG_DONTWAIT) if 0 else 0; a.close(); b.close()",
    "large encodings": "import unicodedata, codecs, locale, time, datetime, io, array, binascii\ns = 'été ß日本' * 9000; [s.encode(c, 'replace').decode(c, 'replace') for c in ('utf-8', 'utf-7', 'utf-16-le', 'utf-32', 'latin-1', 'cp1252', 'shift_jis', 'gb18030', 'big5', 'euc_kr', 'iso2022_jp', 'raw_unicode_escape', 'unicode_escape', 'utf-8-sig', 'ascii', 'hz')]; unicodedata.normalize('NFD', s); unicodedata.normalize('NFKC', s); unicodedata.is_normalized('NFC', s); codecs.getincrementaldecoder('shift_jis')().decode(s.encode('shift_jis', 'ignore')); codecs.getincrementalencoder('gb18030')().encode(s); codecs.escape_encode(s.encode()); codecs.escape_decode(s.encode()); codecs.charmap_build(''.join(map(chr, range(256)))); codecs.charmap_decode(s.encode(), 'strict', {i: 'ab' for i in range(256)}); codecs.charmap_encode('a' * 90000, 'strict', {97: b'zz'}); binascii.b2a_base64(s.encode()); binascii.a2b_base64(binascii.b2a_base64(s.encode())); binascii.a2b_qp(b'=41' * 40000); time.strftime('%Y' * 20000); datetime.date(2020, 1, 2).strftime('%d' * 30000); datetime.datetime(2020, 1, 2).__format__('x' * 90000); float('1' * 70000); locale.strxfrm('a' * 90000); s.encode('ascii', 'namereplace'); 'a'.join(s); s.translate(dict.fromkeys(map(ord, 'abcé'), 'x')); eval(repr(s)); eval(repr(s.encode())); s.rstrip('x').removeprefix('é'); io.IncrementalNewlineDecoder(None, True).decode('a\\r\\n' * 40000); s.format_map({}); ('{}' * 9000).format(*range(9000)); '%d ' * 9000 % tuple(range(9000)); b'%d ' * 9000 % tuple(range(9000)); list(codecs.iterdecode([s.encode()], 'utf-8')); ''.join(sorted(s)); s.isprintable(); s.split('é'); s.rsplit('日'); list(s); tuple(s.encode()); set(s); dict(enumerate(s[:9000]))",
    "large pickles": "import sys, pickle, marshal, io, collections, array, copy, xml.etree.ElementTree as E, xml.parsers.expat as X\nsys.set_int_max_str_digits(0); x = [b'b' * 90000, 'é' * 90000, bytearray(90000), 3 ** 200000, tuple(range(20000)), set(range(20000)), frozenset(range(20000)), {i: i for i in range(20000)}, list(range(20000)), collections.deque(range(20000)), array.array('d', range(20000)), collections.OrderedDict.fromkeys(range(9000)), [[] for i in range(9000)]]\nfor p in range(6): pickle.loads(pickle.dumps(x, p))\nf = io.BytesIO(); pickle.dump(x, f); f.seek(0); pickle.load(f); b = []; d = pickle.dumps([pickle.PickleBuffer(bytearray(90000))], 5, buffer_callback=b.append); pickle.loads(d, buffers=b); pickle.Unpickler(io.BytesIO(pickle.dumps(x[:6]))).load(); m = marshal.dumps(x[:9]) if 0 else marshal.dumps([v for v in x if type(v) in (bytes, str, bytearray, int, tuple, set, frozenset, dict, list)]); marshal.loads(m); marshal.load(io.BytesIO(m)); copy.deepcopy(x[4:9]); t = E.fromstring('<a>' + '<b c=\"d\">text</b>' * 9000 + 'x' * 90000 + '</a>'); E.tostring(t); list(t.iter()); list(t); t.findall('b'); ''.join(t.itertext()); t[:9000]; t[3:8000] = []; t.extend([E.Element('q') for i in range(9000)]); copy.deepcopy(t); E.fromstring('<a ' + ' '.join('a%d=\"%d\"' % (i, i) for i in range(5000)) + '/>'); p = X.ParserCreate(); p.buffer_text = True; p.CharacterDataHandler = lambda s: None; p.StartElementHandler = lambda *a: None; p.Parse('<a b=\"' + 'c' * 90000 + '\">' + 'é' * 90000 + '<!--' + 'x' * 90000 + '--></a>', True)",
    "large calls": "import functools, itertools, operator, types, contextvars, sys, traceback, inspect, weakref, re, _queue, threading, heapq, bisect, collections, string, textwrap\nn = 20000; r = list(range(n)); k = {'a%d' % i: i for i in range(n)}\ndef f(*a, **b): return a, b\nf(*r); f(**k); f(*r, **k); functools.partial(f, *r)(*r); functools.partial(f, **k)(**k); operator.methodcaller('__call__', *r)(f); operator.attrgetter(*k)(types.SimpleNamespace(**k)); dict(**k); print(*r, file=open('/dev/null', 'w')); max(*r); zip(*[r] * 9000); list(map(lambda *a: 0, *[r[:3]] * 9000)); list(itertools.product(*[[1]] * 9000)); list(itertools.zip_longest(*[[1]] * 9000)); itertools.chain(*r); type('T', (), k); types.SimpleNamespace(**k); str.format('{a9}', **k); [*r, *r]; {*r}; {**k, **k}; a, *b = r; (*r, *r); ''.join([*k]); exec('a, *b = r', {'r': r}); exec('; '.join('x%d = 1' % i for i in range(5000)), {}); exec('def g():\\n ' + '; '.join('x%d = 1' % i for i in range(3000)) + '\\n return locals()\\ng()', {}); exec('match r:\\n case [a, *b]: pass', {'r': r}); exec('match k:\\n case {\"a1\": 1, **z}: pass', {'k': k}); re.compile('|'.join(k)).findall(' '.join(k)[:20000]); re.compile('[' + ''.join(map(chr, range(300, 9000, 2))) + ']').match('a'); re.sub('a', 'b' * 90000, 'aa'); re.match('(?:(a)|b)*', 'ab' * 30000); re.split('(a)', 'ab' * 30000); re.fullmatch('.*?c', 'ab' * 50000); re.compile('a' * 50000); q = _queue.SimpleQueue(); [q.put(i) for i in r]; [q.get() for i in r]; functools.lru_cache(f)(*r); l = functools.lru_cache(None)(lambda x: x); [l(i) for i in r]; c = contextvars.copy_context(); v = [contextvars.ContextVar('v') for i in range(3000)]; c.run(lambda: [w.set(1) for w in v]); sys.intern('x' * 90000); [sys.intern(str(i) + 'qq') for i in r]; compile('x' * 90000, 'f', 'eval'); slice(*r[:3]).indices(9); hash(tuple(r)); hash('x' * 90000); textwrap.wrap('ab ' * 9000); 'x' * 90000 in {'y' * 90000}; isinstance(1, (int,) * 20000); e = Exception(*r); repr(e); str(e); traceback.format_exception(e); raiser = lambda: 1 / 0; all(r); sum([[1]] * 3000, []); reversed(r).__reduce__(); iter(r).__reduce__(); enumerate(r).__reduce__(); d = collections.deque(r); d.rotate(9); d.extendleft(r); d * 2; d.copy(); del d[3]; d == d; repr(d); list(reversed(d)); c2 = collections.Counter(r); c2 + c2; c2.most_common(9000); memoryview(bytes(90000)).cast('B').tolist(); bytes(90000).translate(None, b'a'); sorted(r, key=str); heapq.nsmallest(9000, r); sys.getsizeof(k); k.keys() - {'a1'}; k.items() & k.items(); collections.ChainMap(k, k).copy(); r.sort(reverse=True, key=lambda x: (x, x)); r.index(5); r == sorted(r); set(r).union(r, r); set(r) ^ set(k); frozenset(k) | set(r)",
    "large shapes": "import ast, codecs, contextlib, copy, decimal, functools, gc, marshal, os, string.templatelib as t, sys, types, typing, weakref\nn = 9000; r = range(n); sys.setrecursionlimit(30000)\nv = tuple(typing.TypeVar('T') for i in range(n)); a = types.GenericAlias(tuple, v); a.__parameters__; a[tuple(r)]; types.GenericAlias(dict, (a, int))[tuple(r)]\ntyping.Union[tuple(types.GenericAlias(list, i) for i in r)]; p = t.Template(*[t.Interpolation(1)] * n); p + p; p.values\ncodecs.charmap_build(''.join(map(chr, range(0, 65536, 256)))); ('\\udc80' * 90000).encode('ascii', 'surrogateescape')\n[('\\udc80' * 90000).encode(c, 'surrogatepass') for c in ('utf-8', 'utf-16', 'utf-32')]; ('é' * 20000).encode('ascii', 'namereplace')\ns = {}; exec('import sys\\ndef f():\\n ' + '; '.join('x%d = 1' % i for i in r) + '\\n return sys._getframe().f_locals\\n', s); l = s['f'](); l['more'] = 1\nl.keys(); l.values(); l.items(); list(reversed(l)); l.copy(); c = s['f'].__code__; c.co_code; list(c.co_lines()); list(c.co_positions()); c.co_lnotab\nlist(c.co_branches()); d = c.replace(co_name='x'); c == d; hash(c); c.co_varnames; marshal.loads(marshal.dumps(c)); c.replace(co_varnames=c.co_varnames, co_code=c.co_code)\nclass N(tuple):\n  def __new__(cls, *args): return tuple.__new__(cls, args)\n  def __getnewargs__(self): return tuple(range(20000))\nN().__reduce_ex__(2); copy.copy(N())\nasync def g(): pass\ndef h(n):\n  if n: return h(n - 1)\n  sys.set_coroutine_origin_tracking_depth(20000)\n  try: g().close()\n  finally: sys.set_coroutine_origin_tracking_depth(0)\nh(n)\ndef k():\n  try: raise ExceptionGroup('g', [ValueError(i) for i in r])\n  except* ValueError: raise\nwith contextlib.suppress(ExceptionGroup): k()\nm = types.ModuleType('m'); m.__dict__.update(s['f']()); dir(m)\nclass B: pass\nclass C: pass\nclass D(B): pass\nq = [type('S', (D,), {}) for i in r]; D.__subclasses__(); D.__bases__ = (C,); del q\nexec('def w(%s, *, %s): pass' % (', '.join('a%d' % i for i in r), ', '.join('b%d' % i for i in r)), s)\nfor b in (), range(n):\n  with contextlib.suppress(TypeError): s['w'](*b)\nwith contextlib.suppress(TypeError): s['w'](*r, wrong=1)\nexec('def w(%s, /): pass' % ', '.join('a%d' % i for i in r), s)\nwith contextlib.suppress(TypeError): s['w'](**{'a%d' % i: i for i in r})\nf = functools.lru_cache(20000)(lambda x: x); [f(i) for i in range(20000)]; f.cache_clear(); [f(i) for i in range(20000)]; del f\no = B(); z = [weakref.ref(o, id) for i in r]; del o\nwith contextlib.suppress(OSError): os.execve('/nowhere', ['x'] * 20000, {'a%d' % i: '' for i in r})\nos.getgroups(); decimal.Decimal((0, (1,) * 90000, 0)); o = []\nfor i in range(9000): o = [o]\nrepr(o); compile(ast.Expression(ast.copy_location(ast.Constant(tuple(range(20000))), ast.parse('1').body[0])), 'f', 'eval')\nsys.setrecursionlimit(1000)",
}
PROGRAMS |= LARGE


# So many injections of a program with large blocks are one process: each may take seconds.
PIECE = 50


def run(name, injections, place, first):
    import _taipan

    code = compile(PROGRAMS[name], name, "exec")
    note = os.open(place, os.O_WRONLY | os.O_CREAT)
    sys.unraisablehook = lambda unraisable: None
    import threading
    threading.excepthook = lambda arguments: None
    import warnings
    warnings.simplefilter("ignore")
    import signal

    # A loop whose wake-up call was lost waits for ever, in CPython as well.
    class NoEnd(BaseException):
        pass

    waiting = False
    least = 65537 if name in LARGE else 0

    def interrupt(*_):
        if waiting:
            _taipan.end_failures()
            raise NoEnd

    signal.signal(signal.SIGALRM, interrupt)
    signal.signal(signal.SIGPROF, interrupt)
    # Programs with large blocks wait for nobody, and take long on a busy machine.
    timer, seconds = (signal.ITIMER_PROF, 20) if name in LARGE else (signal.ITIMER_REAL, 2)
    for _ in range(2):
        exec(code, {})
    _taipan.fail_allocations(0, 0, least)
    exec(code, {})
    total = _taipan.end_failures()
    outcomes = {}
    if name in LARGE:
        injections = min(injections, 2 * total)
    last = min(injections, first + PIECE) if name in LARGE else injections
    for number in range(first, last):
        at = 1 + (total * number // injections if name not in LARGE else number // 2)
        width = 1 if number % 2 else 50
        os.pwrite(note, f"{at:9}+{width:2}".encode(), 0)
        scope = {}
        outcome = "success"
        signal.setitimer(timer, seconds, seconds)
        try:
            try:
                waiting = True
                _taipan.fail_allocations(at, at + width, least)
                exec(code, scope)
            finally:
                waiting = False
                _taipan.end_failures()
        except MemoryError:
            outcome = "MemoryError"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {str(error)[:90]}"
        signal.setitimer(timer, 0)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(total, last, injections, outcomes, flush=True)
    os._exit(0)


def main():
    injections = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    names = sys.argv[2:] or list(PROGRAMS)
    died, wrong, done = [], 0, 0
    for name in names:
        first, last, outcomes, status = 0, 1, collections.Counter(), 0
        while first < last and status == 0:
            place = tempfile.mktemp()
            try:
                result = subprocess.run([sys.executable, __file__, "-run", name, str(injections), place, str(first)],
                                        capture_output=True, text=True, errors="replace", timeout=3600)
                status, out, err = result.returncode, result.stdout, result.stderr
            except subprocess.TimeoutExpired as error:
                status, out, err = "no end", "", (error.stderr or b"").decode(errors="replace")
            if status == 0:
                total, reached, last, found = out.strip().split("\n")[-1].split(" ", 3)
                done += int(reached) - first
                first, last = int(reached), int(last)
                outcomes.update(ast.literal_eval(found))
        if status == 0:
            wrong += any("SystemError" in outcome for outcome in outcomes)
            print(f"{name}: {total} allocations, {last} failures, {dict(outcomes)}", flush=True)
        else:
            at = open(place).read() if os.path.exists(place) else ""
            died.append(name)
            print(f"{name}: DIED {status} at {at}: {out[-200:]} {err[-1500:]}", flush=True)
        if os.path.exists(place):
            os.unlink(place)
    print(f"{done} failures injected, {len(died)} programs died {died}, {wrong} with SystemError")
    sys.exit(1 if died or wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["-run"]:
        run(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
    else:
        main()
