import gc, sys
import basics


def show(function, *args, **kwargs):
    try:
        print(function(*args, **kwargs))
    except BaseException as error:
        print(type(error).__name__, error, "from", type(error.__cause__).__name__)


print(basics.__doc__, basics.ANSWER, basics.GREETING, basics.Error.__doc__, basics.Error.__mro__[1])

show(basics.parse, 1.5, 2)
show(basics.parse, 1, 2, "text", flag=[1], pair=(3, 4), data=b"raw")
show(basics.parse, 1, number=2, text=None, pair=(3, 4))
for args, kwargs in [
    ((), {}), ((1,), {}), ((1, 2, 3), {}), ((1, "2"), {}), ((1, 2, "t", 4), {}), ((1, 2), {"flags": 1}),
    ((1, 2), {"pair": (1,)}), ((1, 2), {"pair": (1, "x")}), ((1, 2), {"data": 5}), ((1, 2**40), {}), ((1, 2), {"number": 3}),
    ((1, 2, "a\0b"), {}), (("x", 2), {}),
]:
    show(basics.parse, *args, **kwargs)
for args in [("s", 1, 2), ("s", 1, 2, b"x", "é"), (1, 2, 3), ("s", 256, 1), ("s", -1, 1), ("s", 1, 2**15), ("s",), ("s", 1, 2, b"xy"),
             ("s", 1, 2, b"x", "ab")]:
    show(basics.positional, *args)
for kind in [0, 1, 2, 4, 6, 7, 8, 9]:
    show(basics.raises, kind)
show(basics.calls, lambda *args, **kwargs: (args, kwargs))

counter = basics.Counter("c", start=3)
print(repr(counter), counter.name, counter.count, counter(1, 2, x=3), counter(), memoryview(counter).tobytes())
print(counter.defining(1, 2, key=3))
print(basics.Counter.__doc__, basics.Counter.__text_signature__, basics.Counter.__module__)
show(basics.Counter)
show(basics.Counter, 5)
show(setattr, counter, "name", "d")
show(setattr, counter, "count", "d")
counter.count = 9
memoryview(counter)[0] = 65


class Derived(basics.Counter):
    def __init__(self, *args):
        self.me = self


derived = Derived("d")
derived.other = 1
print(derived(1), bytes(memoryview(counter)), derived.defining(), sorted(derived.__dict__))
del derived
gc.collect()
print(sum(isinstance(o, Derived) for o in gc.get_objects()))

capsule = basics.capsule()
print(repr(capsule)[:30], basics.open_capsule(capsule))
show(basics.open_capsule, None)
print(basics.add_bytes(b"abc"), basics.add_bytes(bytearray(b"abc")), basics.add_bytes(memoryview(b"abcd")[::1]))
show(basics.add_bytes, "abc")
show(basics.add_bytes, memoryview(b"abcd")[::2])
print(basics.in_thread(lambda: sum(range(1000))))

print(basics.Flagged, type(basics.Flagged()).__mro__)


class Legacy:
    pass


sys.stdout.flush()
basics.with_del(Legacy)
Legacy()
keep = []
basics.with_del(Legacy, keep)
Legacy()
print(type(keep[0]).__name__, sys.getrefcount(keep[0]))
keep.clear()
