"""Pickles of all protocols: the bytes of the two picklers, what both unpicklers make of them, errors."""
import _pickle
import io
import pickle
from collections import OrderedDict


class C:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return type(self) is type(other) and self.__dict__ == other.__dict__


class L(list): pass
class D(dict): pass
def f(): pass


OBJECTS = [
    None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**100, -2**100, 2**2000,
    -255, -256, -128, 1.5, float("inf"), "", "abc", "é", "\u1234\U00012345", "\ud800", "a\nb\\c\0\r\x1a", b"", b"abc",
    b"x" * 300, bytearray(b"abc"), bytearray(), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, 2],
    list(range(900)), {}, {1: 2}, {1: 2, 3: 4}, set(), {1}, frozenset(), frozenset({1}), C(5), L([1, 2]), D(a=1), f, C,
    int, len, type(None), type(...), type(NotImplemented), NotImplemented, ..., OrderedDict(a=1), range(3), slice(1, 2),
    complex(1, 2), [object] * 3, C.__init__,
]
same = equal = 0
for value in OBJECTS:
    for protocol in range(6):
        ours, theirs = _pickle.dumps(value, protocol), pickle._dumps(value, protocol)
        same += ours == theirs
        back, other = _pickle.loads(ours), pickle._loads(ours)
        equal += type(back) is type(value) and back == value == other
print(len(OBJECTS) * 6, same, equal)
for value in ["x" * 70000, b"y" * 70000, ["a" * 100] * 1000, list(range(2500)), {i: i for i in range(1001)}, set(range(1001))]:
    print(type(value).__name__, [_pickle.loads(_pickle.dumps(value, protocol)) == value for protocol in range(6)])
    file = io.BytesIO()
    _pickle.dump(value, file)
    file.seek(0)
    print(_pickle.load(file) == value, file.tell() == len(file.getvalue()))
loop = []
loop.append((loop,))
back = _pickle.loads(_pickle.dumps(loop))
print(back[0][0] is back)


class P(pickle.Pickler):
    def persistent_id(self, obj): return f"id {obj}" if isinstance(obj, float) else None
    def reducer_override(self, obj): return (int, ("7",)) if obj is f else NotImplemented


class U(pickle.Unpickler):
    def persistent_load(self, pid): return pid
    def find_class(self, module, name): print("find", module, name); return super().find_class(module, name)


file = io.BytesIO()
P(file).dump([1.5, f, C(2)])
file.seek(0)
print(U(file).load()[:2])
buffers = []
data = _pickle.dumps([pickle.PickleBuffer(bytearray(b"abc")), pickle.PickleBuffer(b"d")], 5, buffer_callback=buffers.append)
print(data, [bytes(item) for item in _pickle.loads(data, buffers=buffers)], len(buffers))


class Bad:
    def __init__(self, result): self.result = result
    def __reduce_ex__(self, protocol): return self.result


def attempt(text):
    try:
        print(text, "=>", repr(eval(text)))
    except Exception as error:
        print(text, "=>", type(error).__name__, error, getattr(error, "__notes__", None))


for text in r'''
_pickle.dumps([1, (2, Bad(5))])
_pickle.dumps({"k": Bad((1,))})
_pickle.dumps(Bad((1, 2)))
_pickle.dumps(Bad((int, 2)))
_pickle.dumps(Bad((int, (), None, 5)))
_pickle.dumps(Bad((int, (), None, None, 5)))
_pickle.dumps(Bad((int, (), None, None, None, 5)))
_pickle.dumps(1, 9)
_pickle.dumps(1, 4, buffer_callback=print)
_pickle.Pickler(5)
_pickle.Unpickler(5)
_pickle.loads(b"")
_pickle.loads(b"\x80\x09.")
_pickle.loads(b"?")
_pickle.loads(b"\xff")
_pickle.loads(b"0")
_pickle.loads(b"(0.")
_pickle.loads(b"t.")
_pickle.loads(b"K")
_pickle.loads(b"h\x05.")
_pickle.loads(b"g5\n.")
_pickle.loads(b"N(p0\n.")
_pickle.loads(b"cnosuch\nname\n.")
_pickle.loads(b"cmath\nnosuch\n.")
_pickle.loads(b"\x82\x00.")
_pickle.loads(b"\x82\x05.")
_pickle.loads(b"I12\n.")
_pickle.loads(b"I0x12\n.")
_pickle.loads(b"S'a\\x41'\n.")
_pickle.loads(b"Sabc\n.")
_pickle.loads(b"Q.")
_pickle.loads(b"NQ.")
_pickle.loads(b"(NNNd.")
_pickle.loads(b"}(Nu.")
_pickle.loads(b"\x97.")
_pickle.loads("abc")
'''.strip().splitlines():
    attempt(text)
