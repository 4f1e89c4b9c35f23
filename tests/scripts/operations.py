"""Operations of the built-in types that have short paths for usual arguments, and what stands next to those."""
import functools
import itertools
import json
import math
import random


def outcome(function, *args):
    try:
        return repr(function(*args))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


SPECS = ("", "d", "x", "#x", "#X", "#o", "#b", "+d", " d", ",", "_", "_x", "_b", "#_x", "08", "#010x", "+08d", "<10", "^10",
         "*^+12,", ">12,d", "-", "- d", "#", "+#x", "=5", "=+8d", ",x", "010,", "_d", "+_", "08_x", "e", ".2f")
PERCENTS = ("%d", "%x", "%X", "%#x", "%#X", "%o", "%#o", "%08x", "%+d", "% d", "%-8x|", "%+#10x|", "%.5d", "%5.3x", "%i")
for value in (0, 5, -5, 1234567, 2**59, -2**59, 255, True):
    print(*(outcome(format, value, spec) for spec in SPECS))
    print(*(repr(form % value) for form in PERCENTS), *(form.encode() % value for form in PERCENTS))
for spec in (">10", "<5", "^7", "s", "10s", "x", ".2", "+", "日>5", "=5", "z", ",", "08"):
    print(spec, outcome(format, "abc", spec), outcome(format, 3.14159, spec), outcome(format, 3 + 4j, spec))
TEXTS = ("abc", "a'b", 'a"b', "a'\"b", "é", "a\n\\\x7f", "", "x", "日本", "abd", "\U0001F600")
for text in TEXTS:
    print(repr(text), "%r" % text, "%a" % text, text[::-1], text[::2], text[::-2], text[5:0:-1], [text < other for other in TEXTS])
for form in ("{}", "{0}", "a{}", "{{}}", "{a[0]:#x}", "日{}本{}", "{:>{}}", "{", "}", "{0", "{0!x}", "{a[}", "{}{0}", "{:{:{}}}"):
    print(form, outcome(functools.partial(form.format, 11, 12, 13, a=[1])))
text = "abcde"
print("{}".format(text) is text, "{0}{1}".format("", text) is text, "{!s}".format(text))

data, array = bytes(range(256)), bytearray(range(256))
print(data[::-1] == bytes(reversed(data)), data[250:3:-7], array[::-3], data[::5], repr(data), repr(array))
print(b"'", b"'\"", b'"', bytearray(b"'"))
array[3:5] = b"xyz"
array[::2] = bytes(len(array[::2]))
array.append(7)
print(array.pop(), array[:9], len(array))
small = bytearray(b"a")
small += b"bc"
small.extend(small)
print(small, small.pop(0), small.pop(), small, bytearray(b"ab"), bytearray(memoryview(b"ab")), bytes(small))
for bad in (256, -1, "a", None, 1.5):
    view = memoryview(array)
    print(outcome(array.append, bad), outcome(array.__setitem__, 0, bad), outcome(data.__contains__, bad),
          outcome(array.__getitem__, bad), outcome(view.__setitem__, 0, bad))
view = memoryview(bytearray(range(20)))
view[3:6] = b"abc"
view[::5] = b"wxyz"
print(bytes(view), list(view[::-3]), view[3], view[-1], outcome(view.__setitem__, slice(0, 3), b"long"))
view[::-1] = bytes(view)
ints = view.cast("i")
ints[1] = -5
ints[1:3] = ints[0:2]
print(bytes(view), list(ints), ints[1])

long = tuple(range(300))
print(long[::-7] == tuple(list(long)[::-7]), long == tuple(list(long)), long < (*long, 1), (1, "a") < (1, "b"), (1, 2.0) == (1.0, 2),
      (float("nan"),) == (float("nan"),), [1, 2] * 20, (1,) * 33, long[:2] + (1,))
VALUES = (3**60, -3**60, 2**30, 2**90, -2**90, 5, 0, -1, 2**61)
print(*(operation(a, b) for a in VALUES for b in (7**30, -7**30, 2**29, 3, 0)
        for operation in (int.__and__, int.__or__, int.__xor__)))
print(*(outcome(value.__rshift__, 7) + " " + outcome(value.__rshift__, 61) + " " + outcome(value.__lshift__, 35) for value in VALUES))
print(*(base**exponent for base in (3, -3, 10, -7, 2**31, 12345) for exponent in range(40)))
for count in range(12):
    raw = random.Random(count).randbytes(count)
    for signed in (False, True):
        for order in ("little", "big"):
            number = int.from_bytes(raw, order, signed=signed)
            print(number, *(outcome(functools.partial(value.to_bytes, length, order, signed=signed))
                            for value in (number, -number, 127, -128, 128, -1) for length in (count, 1, 2, 9)))
for x, y in ((5.3, 0.1), (-5.3, 0.1), (5.3, -0.1), (1e300, 3.0), (0.0, -1.0), (-0.0, 1.0), (-1, math.inf), (7.5, 2.5)):
    print(x % y, x // y, divmod(x, y))

print(list(itertools.zip_longest([1, 2, 3], "ab", (), fillvalue=0)), list(itertools.zip_longest()))
pairs = itertools.zip_longest([1, 2], [3])
first = next(pairs)
print(first, next(pairs), next(pairs, None))
call = functools.partial(lambda *args, **names: (args, names), 1, x=1, y=2)
print(call(3), call(3, y=5, z=6), call(), list(map(str, [1, 2])), outcome(list, map(len, [1])))
print(hasattr(math, "x"), getattr(math, "nope", 1), outcome(getattr, math, "nope"))
print(json.loads('{"a":1,"b":{"a":2,"c":[1,2,{"a":1,"d":3,"e":5,"f":6,"g":8,"a":7,"g":9}]}}'))
