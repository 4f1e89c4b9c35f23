"""Specialised calls, subscripts and loops: often enough that a machine stack which grew with each would be used up, and their edges."""
import collections
import operator

N = 150_000


class Plain:
    def __init__(self, x, y=2):
        self.x, self.y = x, y

    @property
    def total(self):
        return self.x + self.y

    @classmethod
    def made(cls, *args):
        return cls.__name__, args

    def default(self, a, b=5, c=None):
        return a, b, c


def many(f, *args):
    for _ in range(N):
        result = f(*args)
    return result


def loops(text, data, items, array, point, pair, number):
    for _ in range(N):
        len(data), len(text), len(items), len(array)
        isinstance(number, int), isinstance(number, (str, bytes)), isinstance(point, Plain), isinstance(text, int)
        abs(number), divmod(number, 7), text.find("b"), text.upper(), text.split(), items.index(2), items.count(3)
        int("12"), float(number), tuple(items), list(items), str(number), bytes(array), range(3)
        point.total, point.made(1), point.default(1), point.default(1, c=2), point.__class__, pair.left
        data[1], data[-1], array[0], text[1], items[number % 3], items[1:], text[:2], data[1:]
        number < 1.5, 2.5 > number, number is text, not number, number * 10 ** 17
        fresh = []
        fresh.append(number)
        fresh[:1] = items
        Plain(1, 2), Plain(1), Plain(x=3)
        f"{number:>4}{number:04x}{1.5:.2f}", "%s" % text
        operator.add(1, 2), min(items), max(1, number), sum(items), any(items), all(items), sorted(items), round(1.5)


def walk():
    items, out = list(range(300)), 0
    for _ in range(N // 300):
        for index, item in enumerate(items):
            out += index * item
        for a, b in zip(items, items):
            out += a - b
        for item in reversed(items):
            out += item
        for key, value in map(lambda x: (x, x), items):
            out += key
    return out


Pair = collections.namedtuple("Pair", "left right")
loops("abc", b"abc", [1, 2, 3], bytearray(b"xyz"), Plain(3, 4), Pair(5, 6), 12345)
print(walk())
print(many(len, "abc"), many(isinstance, 1, int), many(Plain(1).default, 7))

# What is native may raise, end loops, change what is at hand, or give back what was borrowed.


class Items:
    def __init__(self, n, error):
        self.n, self.error = n, error

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise self.error
        return self.n


for error in StopIteration, ValueError("bad"):
    for kind in "plain", "enumerate", "zip", "zip second":
        for _ in range(3):
            seen = []
            source = Items(2, error)
            try:
                if kind == "plain":
                    for x in source:
                        seen.append(x)
                elif kind == "enumerate":
                    for i, x in enumerate(source, 10 ** 20):
                        seen.append((i, x))
                elif kind == "zip":
                    for a, b in zip(source, range(9)):
                        seen.append((a, b))
                else:
                    for a, b in zip(range(9), source):
                        seen.append((a, b))
            except ValueError as raised:
                seen.append(raised)
        print(kind, seen)


def each(f, arguments):
    for argument in arguments:
        try:
            print(f(argument), end=" ")
        except Exception as raised:
            print(type(raised).__name__, raised, end="; ")
    print()


each(lambda x: len(x), ["ab", b"ab", {}, range(5), 5, bytearray(3), Plain(1), (), [1]])
each(lambda x: [1, 2, 3][x], [0, -1, 300, -4, True, 2 ** 70, "a", 1.0])
each(lambda x: "abc"[x], [0, -1, 300, -4, True, 2 ** 70, "a"])
each(lambda x: b"abc"[x], [0, -1, 300, -4, True, 2 ** 70, "a"])
each(lambda x: bytearray(b"abc")[x], [0, -1, 300, -4, True, 2 ** 70])
each(lambda x: isinstance(x, (int, (str, Plain))), [1, "a", Plain(1), 1.5, None])
each(lambda x: isinstance(1, x), [int, str, (str, int), 5, int | str, (1,), list[int]])
each(lambda x: x * x, [3, 2 ** 31, 2 ** 59, -(2 ** 59), 2 ** 61, 2 ** 100, 1.5])
each(lambda x: x < 1.5, [1, 2, 2 ** 60, 2 ** 80, 1.0, float("nan"), True])
each(lambda x: not x, [0, 1, 10 ** 5, 2 ** 70, 0.0, "", "a"])
each(lambda x: min(x), [[3, 1, 2], (2.5, 1.5), [1, 2.5, 0], "hello", [], ["b", "a"], [float("nan"), 1.0], [True, 0], 5])
each(lambda x: max(x, key=lambda y: -y), [[3, 1, 2], (2.5, 1.5), []])
each(lambda x: sum(x), [[1, 2], [1, 2.5], (2 ** 62, 2 ** 62), [True, 1], [[1]], [], range(5), [2 ** 100]])
each(lambda x: sorted(x), [[1, 2, 3], [3, 2, 1], [1.5, 2.5, 0.5], [3, 2, 2, 1], [2, 1.5], ["b", "a"], [1, "a"]])
each(lambda x: sorted(x, reverse=True), [[1, 2, 3], [3, 2, 1], [3, 2, 2, 1], [True, 1, 0]])
each(lambda x: format(x, "05d"), [1, -1, 123456, 2 ** 70, True, "a"])
each(lambda x: format(-255, x), ["x", "X", "b", "o", "#x", "8x", "<8d", "^9", "*>9", "09", "<09", "=8", ",", "+d", " ", "200d", "z", "{<5"])
each(lambda x: format(x, ".2f"), [1.005, -0.001, float("inf"), float("nan"), 1e300, 3])
each(lambda x: "%s" % x, ["a", 1, (1,), (1, 2), None, {}, [1]])
each(lambda x: (hex(x), bin(x), oct(x)), [0, 255, -255, 2 ** 70, True])
each(lambda x: round(x), [1.5, 2.5, -0.5, 7, True, float("inf"), "a"])
each(lambda x: Plain(*x).total, [(1,), (1, 2), (), (1, 2, 3)])
each(lambda x: Plain(1).default(*x), [(1,), (1, 2), (1, 2, 3), (), (1, 2, 3, 4)])


def variadic(*args, **kwargs):
    return args, kwargs


print(variadic(), variadic(1, 2), variadic(*(1, 2, 3), **{"a": 1}), variadic(a=2), variadic(*[1], b=3))
each(lambda x: variadic(**x), [{}, {"a": 1}, {1: 2}])

items = list(range(6))
items[1:3] = (9, 9, 9)
items[:1] = []
items[4:] = items
items[-1:] = [7, 8]
print(items)


class Closing:
    """Its end changes the list that it is taken out of."""

    def __init__(self, target):
        self.target = target

    def __del__(self):
        self.target.append("closed")


target = []
target[:] = [Closing(target), 1]
target[0:1] = [2, 3]
print(target)
target.append(Closing(target))
target[-1] = 5
print(target)


class Meta(type):
    def __instancecheck__(cls, instance):
        return instance == 5


class Checked(metaclass=Meta):
    pass


class Liar:
    __class__ = int


print([isinstance(x, Checked) for x in (4, 5, 6)], [isinstance(Liar(), x) for x in (int, str, Liar)], Liar().__class__)
for _ in range(5):
    try:
        Plain(1, 2).total = 5
    except AttributeError as raised:
        print(raised, end=" ")
    try:
        Plain.total.fget(5)
    except AttributeError as raised:
        print(raised.name, raised.obj)


class Failing:
    @property
    def value(self):
        raise AttributeError("inner")

    def __getattr__(self, name):
        return name * 2


class Descriptor:
    __slots__ = ("field",)


def read(object):
    return object.field


for _ in range(4):
    try:
        read(Descriptor())
    except AttributeError as raised:
        print(raised.name, type(raised.obj).__name__, end=" ")
print(Failing().value, read(Failing()))


class Doubling:
    def __getitem__(self, key):
        return key * 2


class Deriving(Doubling):
    pass


def at(object, key):
    return object[key]


seen = []
for step in range(8):
    seen.append((at(Doubling(), 3), at(Deriving(), "a"), at([1, 2], 0)))
    if step == 3:
        Doubling.__getitem__ = lambda self, key: -key if key == 3 else key
    if step == 5:
        Doubling.__getitem__.__code__ = (lambda self, key: ("new", key)).__code__
print(seen)
print(many(at, Doubling(), 4), many(lambda: Doubling()[1]))


# Lengths beyond what a word of the stack holds.
import sys


class Long:
    def __len__(self):
        return sys.maxsize

    def __getitem__(self, index):
        return index


def lengths(value):
    for _ in range(10):
        length = len(value)
    match value:
        case [first, *_]:
            pass
    return length, length > 5


print(lengths(range(sys.maxsize)), lengths(Long()), lengths("abc"))
