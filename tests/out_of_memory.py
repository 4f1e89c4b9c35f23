"""Failing allocations, one after the other, in programs that touch all types and modules: each run has to give MemoryError
or to succeed, and never to end the process.

Usage: taipan tests/out_of_memory.py [injections per program, 1000] [names of programs...]

Each program runs in a process of its own (this file again, with `-run`): once to warm up, once to count its allocations,
then with a failure at allocations spread over all of it, by turns a single one and fifty in a row. What else is raised is
listed: CPython turns a MemoryError into something else here and there as well.
"""
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

# Blocks above 64 KiB: the reserve behind Rust's own allocations does not give these, so whatever is not asked for fallibly
# ends the process. They run when they are named; docs/missing.md says which of them die.
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
}
PROGRAMS |= LARGE


def run(name, injections, place):
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
    for _ in range(2):
        exec(code, {})
    _taipan.fail_allocations(0, 0, least)
    exec(code, {})
    total = _taipan.end_failures()
    outcomes = {}
    for number in range(injections):
        at = 1 + total * number // injections
        width = 1 if number % 2 else 50
        os.pwrite(note, f"{at:9}+{width:2}".encode(), 0)
        scope = {}
        outcome = "success"
        signal.setitimer(signal.ITIMER_REAL, *[20 if name in LARGE else 2] * 2)
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
        signal.setitimer(signal.ITIMER_REAL, 0)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(total, outcomes, flush=True)
    os._exit(0)


def main():
    injections = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    names = sys.argv[2:] or [name for name in PROGRAMS if name not in LARGE]
    died, wrong, done = [], 0, 0
    for name in names:
        place = tempfile.mktemp()
        try:
            result = subprocess.run([sys.executable, __file__, "-run", name, str(injections), place], capture_output=True,
                                    text=True, errors="replace", timeout=600)
            status, out, err = result.returncode, result.stdout, result.stderr
        except subprocess.TimeoutExpired as error:
            status, out, err = "no end", "", (error.stderr or b"").decode(errors="replace")
        at = open(place).read() if os.path.exists(place) else ""
        if status == 0:
            done += injections
            total, outcomes = out.strip().split("\n")[-1].split(" ", 1)
            wrong += "SystemError" in outcomes
            print(f"{name}: {total} allocations, {outcomes}", flush=True)
        else:
            died.append(name)
            print(f"{name}: DIED {status} at {at}: {out[-200:]} {err[-1500:]}", flush=True)
    print(f"{done} failures injected, {len(died)} programs died {died}, {wrong} with SystemError")
    sys.exit(1 if died or wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["-run"]:
        run(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main()
