from sys import getsizeof


# Instructions that look at a table themselves: ints that are no objects, keys that are there as they are, and all others.
class Same:
    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return 7

    def __eq__(self, other):
        print("compared", self.name, getattr(other, "name", other))
        return isinstance(other, Same) and self.name == other.name


def fast_paths(n=300):
    table, seen = {}, set()
    for i in range(n):
        table[i] = i * 1000
        table[i] = table[i] + 1
        seen.add(i * 3)
    kept = table[5]
    table[5] = 123456
    print(kept, table[5], len(table), len(seen))
    print(sum(i in table for i in range(-5, 2 * n)), sum(i in seen for i in range(-5, 4 * n)), -1 in seen, 2**70 in seen)
    print([table.get(i) for i in (0, 7, 299, 300, -1)], table.get(300, "none"), table.get(True), table.get(2.0), 2.0 in seen)
    for key in (7, "7", (7, 8), 7.0, Same("a"), Same("b"), Same("a")):
        for _ in range(3):
            table[key] = table.get(key, 0)
            seen.add(key)
            key in table, key not in seen, table[key]
    print(len(table), len(seen))
    for i in range(0, n, 2):
        del table[i]
        seen.discard(i * 3)
    for i in range(n):
        table[i] = str(i)
        seen.add(i)
    print(list(table)[:6], list(table)[-4:], len(seen))
    try:
        table[[]] = 1
    except TypeError as error:
        print(error)
    try:
        seen.add([])
    except TypeError as error:
        print(error)


fast_paths()


def changing():
    table = {i: i for i in range(10)}
    try:
        for key in table:
            table[key + 100] = 1
    except RuntimeError as error:
        print(error)
    items = set(range(10))
    try:
        for item in items:
            items.add(item + 100)
    except RuntimeError as error:
        print(error)
    for item in items:
        items.discard(item)
        items.add(item)
    print(len(items))


changing()

for source in (set(), frozenset(), {}, {1}, {1: 2}, {"a": 1}, [], [1], range(6), set(range(6)), {str(i): i for i in range(6)}):
    print(getsizeof(dict.fromkeys(source)), end=" ")
print()
sparse = {i: i for i in range(1000)} | {"x": 1}
for i in range(940):
    del sparse[i]
print(getsizeof(sparse), getsizeof(sparse.copy()), getsizeof(dict(sparse)), getsizeof(sparse | {}))
