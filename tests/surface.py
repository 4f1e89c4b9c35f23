"""The surface of the native modules and types as an interpreter shows it, and the differences between two interpreters.

    surface.py                      writes the surface of the interpreter that runs it: `name<TAB>fact<TAB>value`, sorted
    surface.py REFERENCE SUBJECT    runs itself on both interpreters and prints what differs; the last line counts
    surface.py ONE.tsv OTHER.tsv    the same over two dumps; -q prints the counts alone

A name is `module.attribute` or `module.type.attribute`; the facts are names in `dir()`, docstrings, signatures, types, layouts,
bases and flags. Values are compared as text, without addresses.
"""
import collections
import fnmatch
import importlib
import inspect
import json
import os
import re
import subprocess
import sys

MODULES = """
_abc _ast _asyncio _bisect _blake2 _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections
_contextvars _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _elementtree _functools _hashlib _heapq _hmac _imp
_interpchannels _interpqueues _interpreters _io _json _locale _lsprof _lzma _md5 _multibytecodec _multiprocessing _opcode
_operator _pickle _posixshmem _posixsubprocess _queue _random _remote_debugging _sha1 _sha2 _sha3 _signal _socket _sqlite3 _sre
_ssl _stat _statistics _string _struct _suggestions _symtable _sysconfig _thread _tokenize _tracemalloc _types _typing _uuid
_warnings _weakref _zoneinfo _zstd array atexit binascii builtins cmath errno faulthandler fcntl gc grp itertools marshal math
mmap posix pwd pyexpat readline resource select sys syslog termios time unicodedata zlib
""".split()

# What makes the types that no module names; those that exist are found as subclasses of object.
EXPRESSIONS = """
iter([]); reversed([]); iter(()); iter({}); iter({}.values()); iter({}.items()); reversed({}); reversed({}.values())
reversed({}.items()); {}.keys(); {}.values(); {}.items(); iter(set()); iter(''); iter('\\u1234'); iter(b''); iter(bytearray())
iter(range(1)); iter(range(10**30)); iter(memoryview(b'')); iter(lambda: 1, 1); (i for i in ()); ().__len__; int.real; slice.start
int.__add__; str.join; dict.__dict__['fromkeys']; dict.fromkeys; sys.flags; sys.version_info; sys.hash_info; sys.float_info
sys.int_info; sys.thread_info; sys.implementation; sys.get_asyncgen_hooks(); (lambda: 0).__code__.co_positions()
(lambda: 0).__code__.co_lines(); list[int]; iter(list[int]); int | str; vars(int)
""".replace("\n", ";").split(";")

# What may differ, by pattern of name and of fact; `*` matches anything. Each entry says why.
ABSENT = "it does not exist (docs/missing.md)"
OWN = "instances are laid out otherwise"
INTERNAL = "never seen by Python programs: what stands behind it is built otherwise"
SHARED = "in a library file there, part of the executable here"
ALLOWED = [
    *((module + rest, "*", ABSENT) for module in
      """_ctypes _curses _curses_panel _dbm _hashlib _interpchannels _interpqueues _interpreters _remote_debugging
      _sqlite3 _ssl _uuid _zoneinfo readline concurrent.interpreters ctypes sqlite3 ssl
      zoneinfo""".split() for rest in ("", ".*")),
    ("*.__file__", "in dir", SHARED),
    ("_codecs_*.__map_*", "*", "tables in capsules, of the codecs alone"),
    ("_socket.CAPI", "*", "a capsule for the module _ssl"),
    ("_sha3.implementation", "value", "another implementation"),
    ("zlib.ZLIB*_VERSION", "value", "another implementation"),
    *((name, fact, OWN) for name in
      """_io.* _asyncio.Future _asyncio.Task _queue.SimpleQueue _thread._local collections.deque functools._lru_cache_wrapper
      re.Pattern builtins.frame itertools.permutations itertools.product itertools._tee_dataobject builtins.hamt _sre.SRE_Template
      builtins.EncodingMap""".split() for fact in ("__basicsize__", "__itemsize__", "__dictoffset__", "__weakrefoffset__")),
    *((name, "__basicsize__", OWN) for name in
      """_elementtree._element_iterator pyexpat.xmlparser xml.etree.ElementTree.TreeBuilder xml.etree.ElementTree.XMLParser""".split()),
    ("pyexpat.expat_CAPI", "*", "a capsule for CPython's own _elementtree"),
    ("_asyncio.Future", "__flags__", "attributes and weak references stand in the object"),
    ("_asyncio.Task", "__flags__", "attributes and weak references stand in the object"),
    ("typing.*", "__flags__", "attributes of type parameters are never values in the object"),
    ("functools._lru_cache_wrapper", "__flags__", "calls are vector calls"),
    ("posix.ScandirIterator", "__flags__", "a flag that means nothing is set there"),
    *((name + rest, "*", INTERNAL) for name in
      """_pickle.Pdata _thread._localdummy sys.legacy_event_handler builtins.hamt builtins.hamt_array_node builtins.hamt_bitmap_node
      builtins.hamt_collision_node builtins.uop_executor builtins.InstructionSequence builtins.UnraisableHookArgs""".split() for rest in ("", ".*")),
    ("_contextvars.__package__", "*", "the runtime loads it before there is an import system"),
    ("_multiprocessing.SemLock.*", "__doc__", "empty there, none here"),
    ("_lsprof.Profiler*", "*", "it has a constructor of its own"),
]

# Where else heap types of native modules say they come from.
NATIVE = set(MODULES) | set("""
collections concurrent.interpreters compression.zstd ctypes datetime decimal functools hashlib operator os queue random re select
signal socket sqlite3 ssl string.templatelib struct time types typing xml.etree.ElementTree xml.parsers.expat zoneinfo
""".split())
HEAP = 1 << 9
VERSION_TAG = 1 << 19          # whether a type's version is in use is a matter of what ran before
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
MISSING = object()


def text(value):
    return ADDRESS.sub(" at 0x", value) if isinstance(value, str) else repr(value)


def type_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def is_native(cls):
    """Whether native code made the type: static types, and heap types that no statement and no Python function makes."""
    attributes = vars(cls)
    return not cls.__flags__ & HEAP or (cls.__module__ in NATIVE and "__firstlineno__" not in attributes
                                        and "_fields" not in attributes and type(cls).__module__ != "enum")


class Dump:
    def __init__(self):
        self.lines = {}
        self.types = {}

    def fact(self, name, key, value):
        self.lines[name, key] = text(value)

    def attribute(self, name, of, key):
        try:
            value = getattr(of, key)
        except AttributeError:
            return
        except Exception as error:
            value = f"raises {type(error).__name__}: {error}"
        self.fact(name, key, value if isinstance(value, (str, int, type(None))) else f"a {type(value).__name__}")

    def signature(self, name, of):
        try:
            value = str(inspect.signature(of))
        except Exception as error:
            value = f"raises {type(error).__name__}: {error}"
        self.fact(name, "signature", value)

    def names(self, name, names):
        for each in names:
            self.fact(f"{name}.{each}", "in dir", True)

    def thing(self, name, value, constants=True):
        """What can be said of a value that stands under `name`."""
        self.fact(name, "type", type_name(type(value)))
        if isinstance(value, type):
            self.fact(name, "is", type_name(value))
            self.type(value)
        elif callable(value) or hasattr(type(value), "__get__"):
            for key in ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__"):
                self.attribute(name, value, key)
            if callable(value):
                self.signature(name, value)
            objclass = getattr(value, "__objclass__", None)
            if objclass is not None:
                self.fact(name, "__objclass__", type_name(objclass))
        elif constants and type(value) in (int, bool, float, complex, bytes, type(None), type(...)):
            self.fact(name, "value", repr(value))
        elif constants and type(value) is str and len(value) < 200:
            self.fact(name, "value", value)
        elif constants and type(value) is tuple and all(type(item) in (str, int) for item in value):
            self.fact(name, "value", repr(value))

    def type(self, cls):
        name = type_name(cls)
        if cls in self.types or not is_native(cls):
            return
        if name in self.lines:
            name += "'"
        self.types[cls] = name
        self.fact(name, "metatype", type_name(type(cls)))
        for key in ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__", "__basicsize__", "__itemsize__",
                    "__dictoffset__", "__weakrefoffset__"):
            self.attribute(name, cls, key)
        self.signature(name, cls)
        self.fact(name, "__flags__", hex(cls.__flags__ & ~VERSION_TAG))
        self.fact(name, "__base__", cls.__base__ and type_name(cls.__base__))
        self.fact(name, "__bases__", ", ".join(map(type_name, cls.__bases__)))
        self.fact(name, "__mro__", ", ".join(map(type_name, cls.__mro__)))
        self.names(name, dir(cls))
        self.fact(name, "own", " ".join(sorted(vars(cls))))
        for key, value in list(vars(cls).items()):
            if key not in ("__doc__", "__module__", "__dict__" if cls.__flags__ & HEAP else ""):
                self.thing(f"{name}.{key}", value)

    def module(self, name):
        try:
            module = importlib.import_module(name)
        except ImportError:
            return
        self.fact(name, "type", type_name(type(module)))
        self.attribute(name, module, "__doc__")
        self.names(name, dir(module))
        for key, value in list(vars(module).items()):
            if key not in ("__builtins__", "__loader__", "__spec__", "__file__", "__cached__", "__warningregistry__"):
                self.thing(f"{name}.{key}", value, constants=name != "sys")

    def subclasses(self):
        """Every type that no module names: static ones, and heap types of native modules."""
        found, waiting = set(), [object]
        while waiting:
            for cls in type.__subclasses__(waiting.pop()):
                if cls not in found:
                    found.add(cls)
                    waiting.append(cls)
        for cls in sorted(found, key=lambda cls: (type_name(cls), cls.__basicsize__)):
            self.type(cls)


def dump():
    made = Dump()
    for name in MODULES:
        made.module(name)
    for expression in EXPRESSIONS:
        made.type(type(eval(expression.strip() or 'None')))
    made.module("types")
    made.subclasses()
    return made.lines


def read(source):
    if source.endswith(".tsv"):
        with open(source, encoding="utf-8") as file:
            content = file.read()
    else:
        environment = dict(os.environ, PYTHONHASHSEED="0")
        environment.pop("PYTHONPATH", None)
        content = subprocess.run([source, "-W", "ignore", __file__], stdout=subprocess.PIPE, check=True, encoding="utf-8",
                                 env=environment).stdout
    lines = {}
    for line in content.splitlines():
        name, key, value = line.split("\t")
        lines[name, key] = json.loads(value)
    return lines


def allowed(name, key):
    return any(fnmatch.fnmatchcase(name, names) and fnmatch.fnmatchcase(key, keys) for names, keys, _ in ALLOWED)


def compare(reference, subject, quiet):
    ours, theirs = read(subject), read(reference)
    by_key, excused = collections.Counter(), 0
    absent = {name for name, key in theirs} - {name for name, key in ours}
    for name, key in sorted(ours.keys() | theirs.keys()):
        one, other = theirs.get((name, key), MISSING), ours.get((name, key), MISSING)
        if one == other:
            continue
        # What is said of an attribute that is absent altogether is not news.
        parent = name.rpartition(".")[0]
        if name in absent and (parent in absent or key not in ("in dir", "type", "metatype")):
            if not ((parent not in absent) and (name, "type") not in theirs and key == "__name__"):
                continue
        if allowed(name, key):
            excused += 1
            continue
        by_key[key] += 1
        if not quiet:
            shown = ["nothing" if value is MISSING else json.dumps(value) for value in (one, other)]
            print(f"{name}: {key}\n    reference: {shown[0]}\n    subject:   {shown[1]}")
    for key, count in by_key.most_common():
        print(f"{count:6} {key}")
    print(f"{by_key.total()} differences, {excused} allowed, in {len(theirs)} facts of {len({name for name, _ in theirs})} names")
    return by_key.total()


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "-q"]
    if not arguments:
        for (name, key), value in sorted(dump().items()):
            print(name, key, json.dumps(value), sep="\t")
    else:
        sys.exit(compare(*arguments, quiet="-q" in sys.argv) != 0)
