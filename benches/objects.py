"""Times operations of the built-in types; prints `name<TAB>seconds for one round` for each, the best of several.

Run by `benches/compare`, once per interpreter. The names given as arguments choose benchmarks.
"""
import sys
import time

# The time of the processor: a busy machine disturbs it least.
clock = time.process_time
BENCHMARKS = []


def bench(function):
    BENCHMARKS.append(function)
    return function


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


@bench
def allocate_tuples(n=100_000):
    for i in range(n):
        (i, i, i)


@bench
def allocate_lists(n=100_000):
    for i in range(n):
        [i, i, i]


@bench
def allocate_dicts(n=100_000):
    for i in range(n):
        {"a": i, "b": i}


@bench
def allocate_floats(n=200_000):
    x = 0.5
    for i in range(n):
        x = x * 1.0000001 + 0.25


@bench
def allocate_instances(n=50_000):
    for i in range(n):
        Point(i, i)


@bench
def allocate_slotted(n=50_000):
    for i in range(n):
        Slotted(i, i)


@bench
def allocate_and_keep(n=100_000):
    kept = [(i, str(i)) for i in range(n)]
    del kept


@bench
def attribute_get(n=200_000, p=Point(1, 2)):
    for i in range(n):
        p.x
        p.y
        p.x


@bench
def attribute_set(n=200_000, p=Point(1, 2)):
    for i in range(n):
        p.x = i
        p.y = i


WORDS = [f"word{i}" for i in range(10_000)]
TABLE = {word: i for i, word in enumerate(WORDS)}
NUMBERS = {i: i for i in range(10_000)}


@bench
def dict_lookup_str(table=TABLE, words=WORDS):
    for word in words:
        table[word]
        table.get(word)


@bench
def dict_lookup_int(table=NUMBERS):
    for i in range(10_000):
        table[i]
        i in table


@bench
def dict_insert(words=WORDS):
    table = {}
    for word in words:
        table[word] = word
    for word in words:
        del table[word]


@bench
def dict_iterate(table=TABLE):
    for _ in range(10):
        for key, value in table.items():
            pass


@bench
def dict_copy_update(table=TABLE):
    for _ in range(10):
        copy = dict(table)
        copy.update(NUMBERS)


@bench
def dict_build(words=WORDS, numbers=list(range(10_000))):
    dict.fromkeys(words)
    dict(zip(numbers, words))
    {word: word for word in words}


@bench
def dict_count(words=[f"word{i % 500}" for i in range(10_000)]):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1


@bench
def dict_setdefault_pop(words=WORDS):
    table = {}
    for word in words:
        table.setdefault(word, 0)
    for word in words:
        table.pop(word)


@bench
def list_append_pop(n=100_000):
    items = []
    append = items.append
    for i in range(n):
        append(i)
    while items:
        items.pop()


@bench
def list_comprehension(n=100_000):
    [i * 2 for i in range(n)]


@bench
def list_index_slice():
    items = list(range(1000))
    for i in range(1000):
        items[i]
        items[i:i + 10]
        items[i] = i


@bench
def list_search_compare(items=list(range(1000)), same=list(range(1000))):
    for _ in range(10):
        999 in items
        items.index(998)
        items == same
        [0] * 1000


def shuffled(n):
    x, out = 12345, []
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2147483648
        out.append(x)
    return out


INTS = shuffled(100_000)
FLOATS = [x / 7 for x in INTS]
STRS = [str(x) for x in INTS]
PAIRS = [(x % 100, x) for x in INTS[:30_000]]


@bench
def sort_ints():
    sorted(INTS)


@bench
def sort_floats():
    sorted(FLOATS)


@bench
def sort_strs():
    sorted(STRS)


@bench
def sort_tuples():
    sorted(PAIRS)


@bench
def sort_key(key=lambda pair: pair[1]):
    sorted(PAIRS, key=key)


@bench
def sort_sorted(items=sorted(INTS)):
    sorted(items)
    sorted(items, reverse=True)


TEXT = "the quick brown fox jumps over the lazy dog " * 2000
WIDE = TEXT.replace("o", "\u0431")


@bench
def str_find():
    for _ in range(10):
        TEXT.find("lazy cat")
        TEXT.rfind("lazy cat")
        TEXT.count("fox")
        "zzz" in TEXT


@bench
def str_find_wide():
    for _ in range(10):
        WIDE.find("lazy cat")
        WIDE.count("fox")


@bench
def str_split_join():
    for _ in range(3):
        " ".join(TEXT.split(" "))
        " ".join(TEXT.split())


@bench
def str_replace():
    for _ in range(3):
        TEXT.replace("fox", "cat")
        TEXT.replace("o", "oo")
        WIDE.replace("fox", "wolf")


@bench
def str_case_strip():
    for _ in range(3):
        TEXT.upper()
        TEXT.lower()
        TEXT.strip()
        TEXT.title()


@bench
def str_concat(n=30_000):
    s = ""
    for i in range(n):
        s += "x"
    for i in range(n):
        f"{i}:{s is None}"


@bench
def str_encode_decode():
    for _ in range(10):
        TEXT.encode()
        WIDE.encode().decode()


@bench
def str_iterate_compare():
    for c in TEXT:
        c == "q"


@bench
def bytes_operations(data=TEXT.encode()):
    for _ in range(5):
        data.find(b"lazy cat")
        data.replace(b"fox", b"cat")
        data.split(b" ")
        data.hex()


PIECES = TEXT.encode().split()
HEX = TEXT.encode().hex()


@bench
def bytes_split_join(data=TEXT.encode(), pieces=PIECES):
    data.split()
    b" ".join(pieces)
    bytes.fromhex(HEX)


LINE = "the quick brown fox"
BYTES = LINE.encode()
NAMES = ["alpha", "beta", "gamma"]


@bench
def str_short(s=LINE, names=NAMES):
    for _ in range(1000):
        s.find("brown")
        s.split()
        s.split(" ")
        s.replace("quick", "slow")
        s.startswith("the")
        ",".join(names)
        s + s
        s.partition(" ")
        s.encode()


@bench
def bytes_short(b=BYTES, names=[name.encode() for name in NAMES]):
    for _ in range(1000):
        b.find(b"brown")
        b.split()
        b.replace(b"quick", b"slow")
        b.startswith(b"the")
        b",".join(names)
        b + b
        b.hex()
        b.decode()


@bench
def number_text(n=1000):
    for i in range(n):
        str(i * 12345)
        int("1234567")
        repr(i / 7)
        "%d %.3f" % (i, i / 7)


@bench
def number_format(n=1000):
    for i in range(n):
        f"{i:5d} {i / 7:.2f} {i:04x}"
        hex(i)


@bench
def builtin_calls(items=list(range(100)), text="text", data=b"data", number=12345):
    for _ in range(1000):
        len(data)
        isinstance(number, int)
        isinstance(number, str)
        abs(number)
        min(number, 7)
        int(number)
        tuple(items)
        min(items)
        sum(items)


@bench
def item_access(items=list(range(1000, 2000)), text="text" * 250, data=b"data" * 250):
    for i in range(1000):
        items[i] = items[i - 1]
        text[i]
        data[i]
        items[i:i + 3]


@bench
def loop_pairs(items=list(range(1000))):
    for i, x in enumerate(items):
        pass
    for a, b in zip(items, items):
        pass


def callee(a, b=2, *rest, c=3, **more):
    pass


def defaults(a, b=2, c=3):
    pass


@bench
def call_forms(pair=(1, 2), named={"a": 1}):
    for _ in range(1000):
        defaults(1)
        defaults(1, c=2)
        defaults(*pair)
        defaults(**named)
        callee(1, 2, 3)
        callee(1, d=4)


SET_A = set(range(0, 20_000))
SET_B = set(range(10_000, 30_000))


@bench
def set_algebra(a=SET_A, b=SET_B):
    a | b
    a & b
    a - b
    a ^ b


@bench
def set_build_contains(words=WORDS):
    s = set(words)
    for word in words:
        word in s


SET_C = set(WORDS[:6000])
SET_D = set(WORDS[4000:])


@bench
def set_algebra_str(c=SET_C, d=SET_D):
    c | d
    c & d
    c - d
    c ^ d


@bench
def set_add_discard(words=WORDS):
    s = set()
    for word in words:
        s.add(word)
    for word in words:
        s.discard(word)


@bench
def set_iterate(a=SET_A):
    for item in a:
        pass
    sorted(a)
    {item for item in a}


def number(digits):
    return (10 ** digits - 1) // 7 * 3 + 12345


def int_benchmarks(exponent):
    digits = 10 ** exponent
    a, b = number(digits), number(digits) + 10 ** (digits // 2)
    rounds = max(1, 10_000 // digits)

    def multiply():
        for _ in range(rounds):
            a * b

    def divide():
        product = a * b
        for _ in range(rounds):
            product // b

    def to_text():
        for _ in range(rounds):
            str(a)

    text = str(a)

    def from_text():
        for _ in range(rounds):
            int(text)

    for function in multiply, divide, to_text, from_text:
        function.__name__ = f"int_{function.__name__}_10^{exponent}"
        bench(function)


def best(function, seconds):
    function()
    result, end = float("inf"), clock() + seconds
    while True:
        start = clock()
        function()
        now = clock()
        result = min(result, now - start)
        if now > end:
            return result


def main():
    sys.set_int_max_str_digits(0)
    top = 6
    wanted = sys.argv[1:]
    for exponent in range(1, top + 1):
        if exponent < 6 or not wanted or any(name.endswith("10^6") for name in wanted):
            int_benchmarks(exponent)
    for function in BENCHMARKS:
        if not wanted or function.__name__ in wanted:
            print(function.__name__, best(function, 0.3), sep="\t", flush=True)


main()
