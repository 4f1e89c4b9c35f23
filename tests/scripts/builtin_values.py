"""Digests of what str, bytes, int, float, list, set and dict give for random values of all widths and lengths, so that their
fast paths for short, long and plain values agree with the reference."""
import random, sys, hashlib
sys.set_int_max_str_digits(0)
R = random.Random(1)
H = {}

def rec(name, *v):
    h = H.setdefault(name, [hashlib.md5(), 0])
    h[0].update(repr(v).encode('utf-8', 'surrogatepass'))
    h[1] += 1

def tryit(f, *a):
    try:
        return f(*a)
    except Exception as e:
        return type(e).__name__ + str(e)
ALPH = ['ab', 'ab ', 'aéb', 'abб ', 'xy中z', 'a😀b', ' \t\nab', 'abcdefghij ࠀ߿']

def rs(n=None, al=None):
    n = R.choice([0, 1, 2, 3, 5, 8, 15, 16, 17, 20, 31, 33, 40, 64, 65, 100, 300]) if n is None else n
    al = al or R.choice(ALPH)
    return ''.join((R.choice(al) for _ in range(n)))

def ms():
    n = R.choice([20, 70, 130, 500])
    s = ['abcdef gh'[R.randrange(9)] for _ in range(n)]
    for _ in range(R.randrange(6)):
        s[R.randrange(n)] = R.choice('éб中😀\ud800' if R.random() < 0.2 else 'éб中߿ࠀ')
    return ''.join(s)
for it in range(300):
    al = R.choice(ALPH)
    s = R.choice([lambda: rs(al=al), ms])()
    t = rs(R.choice([0, 1, 1, 2, 2, 3, 5, 18]), al if R.random() < 0.8 else None)
    u = rs(R.choice([0, 1, 2, 3, 7]))
    k = R.choice([-1, -1, 0, 1, 2, 5])
    rec('find', s.find(t), s.rfind(t), s.count(t), t in s, s.find(t, 2), s.rfind(t, 1, -1), s.count(t, 1, 30))
    rec('split', tryit(s.split, t, k), tryit(s.rsplit, t, k), s.split(None, k), s.rsplit(None, k), s.splitlines(R.random() < 0.5))
    rec('part', tryit(s.partition, t), tryit(s.rpartition, t))
    rec('repl', s.replace(t, u), s.replace(t, u, k), s.replace(t, t[::-1]), s.replace('a', 'b'), s.replace('a', 'b', k))
    l = [rs(R.choice([0, 1, 2, 3, 9, 16, 17, 30])) for _ in range(R.choice([0, 1, 2, 5]))]
    rec('join', u.join(l), u.join(tuple(l)), ''.join(l), s + t, s * R.choice([0, 1, 2, 3]))
    w = R.choice([0, 1, 3, 10, 50, 70])
    rec('pad', s.center(w), s.ljust(w, '*'), s.rjust(w), s.zfill(w), ('-' + s).zfill(w), s.center(w, 'б'), s.expandtabs(), s.strip(), s.strip(u), s[1:7], s[::2])
    rec('case', s.upper(), s.lower(), s.casefold(), s.swapcase(), s.title(), s.capitalize())
    for enc in ('utf-8', 'utf-16', 'latin-1', 'ascii'):
        b = tryit(s.encode, enc)
        rec('enc', b)
        if isinstance(b, bytes):
            rec('dec', b.decode(enc) == s)
    rec('encs', tryit(s.encode, 'utf-8', 'surrogatepass'), s.encode('utf-8', 'replace'))
    b = s.encode('utf-8', 'surrogatepass')
    if b and R.random() < 0.5:
        b = bytearray(b)
        b[R.randrange(len(b))] = R.randrange(256)
        b = bytes(b)
    rec('decode', tryit(b.decode), b.decode('utf-8', 'replace'), b.decode('utf-8', 'surrogateescape'), tryit(bytearray(b).decode), tryit(str, b, 'utf-8'))
    bt = t.encode('utf-8', 'surrogatepass')
    bu = u.encode('utf-8', 'surrogatepass')
    for B in (b, bytearray(b)):
        rec('b', B.find(bt), B.rfind(bt), B.count(bt), bt in B, B.replace(bt, bu, k), B.replace(bt, bu), B.replace(b'a', b'b', k), B.replace(bt, bt[::-1]), tryit(B.split, bt, k), tryit(B.rsplit, bt, k), B.split(None, k), B.rsplit(), tryit(B.partition, bt), tryit(B.rpartition, bt), B.hex(), B.hex(':', 2), B.startswith(bt), B.endswith(bt), B.startswith((bt, bu)), B + bu, B * 2, B.upper(), B.zfill(w), B.center(w), B.translate(bytes(range(255, -1, -1))), B.translate(None, bt), B.translate(bytes(range(255, -1, -1)), bu), B.splitlines(), B.strip(bu), tryit(bytes.fromhex, B.hex()), B.find(bt, 1, 9), B.count(bt, 2))
        bl = [rs(R.choice([0, 1, 9, 17])).encode() for _ in range(R.choice([0, 1, 2, 4]))]
        rec('bj', type(B)(bu).join(bl), type(B)(b'').join(bl), type(B)(bu).join([bytearray(x) for x in bl] + bl))
    rec('blist', bytes(list(b)), bytes(tuple(b)), bytearray(list(b)), tryit(bytes, [1, 256]), tryit(bytes, [1, -1]), tryit(bytes, [1, 'a']), bytes([True, 2]))
    rec('fromhex', tryit(bytes.fromhex, rs(R.choice([0, 2, 4, 9]), '0aF ')), tryit(bytes.fromhex, '0g'), tryit(bytes.fromhex, '0'))

def rint():
    b = R.choice([5, 29, 30, 31, 59, 60, 61, 62, 63, 64, 90, 120, 121, 150, 200, 400, 1000, 2200, 2300, 5000])
    v = R.getrandbits(b)
    if R.random() < 0.2:
        v = (1 << b) - R.randrange(3)
    if R.random() < 0.1:
        v = 10 ** R.randrange(1, 60) - R.randrange(2)
    return -v if R.random() < 0.5 else v
for it in range(500):
    a, b, c = (rint(), rint(), rint())
    rec('int', a + b, a - b, a * b, -a, abs(a), tryit(lambda: a // b), tryit(lambda: a % b), tryit(divmod, a, b), tryit(divmod, a * b + c, b), tryit(lambda: a * b // c), tryit(lambda: a * b % c), tryit(lambda: a / b), a == b, a < b, a & b, a | b, a ^ b, hash(a))
    s = str(a)
    rec('itext', s, int(s) == a, int('  ' + s + ' '), tryit(int, s + '_0'), tryit(int, s + 'x'), tryit(int, s, 16), '%d' % a, f'{a:,}', f'{a:30d}', hex(a), repr(a), '%5d|%-8d|%+d|%x' % (a, a, a, abs(a)))
    q = a // (b or 1)
    assert 0 <= (a - q * (b or 1)) * (1 if (b or 1) > 0 else -1) < abs(b or 1)
for bits in (20000, 70000, 150000, 400000):
    a = R.getrandbits(bits) | 1 << bits - 1
    b = R.getrandbits(bits // 2) | 1
    p = a * b
    s = str(a)
    rec('big', hashlib.md5(s.encode()).hexdigest(), int(s) == a, p // a == b, p % a, (p + 5) // b == a, hash(p), hash(a * a), a * a % 1000003)
import struct
for it in range(800):
    x = struct.unpack('d', R.randbytes(8))[0] if R.random() < 0.3 else R.choice([R.random() * 10 ** R.randrange(-8, 18), R.randrange(10 ** 6) / 8, R.randrange(10 ** 4) / 1000 + 0.0005, R.randrange(100) + 0.5, -R.random(), 0.0, -0.0, 5e-324, 2.5, 0.125, 1e+22, 2 ** 53, 9.995])
    for p in (0, 1, 2, 3, 6, 10, 17, 18, 19, 25):
        rec('f', '%.*f' % (p, x), format(x, f'.{p}f'), format(x, f'+.{p}f'), format(x, f'z.{p}f'), '%012.*f' % (p, x), '%#.*f' % (p, x), round(x, p))
for it in range(40):
    n = R.choice([0, 1, 2, 5, 10, 24, 25, 60, 300])
    for l in ([(R.randrange(5), R.randrange(5)) for _ in range(n)], [(R.randrange(3), rs(2, 'ab')) for _ in range(n)], [(rs(1, 'ab'), R.randrange(9)) for _ in range(n)], [(R.randrange(3), R.choice([1, 2.5])) for _ in range(n)], [(R.randrange(3), R.randrange(3), rs(1, 'abc')) for _ in range(n)], [(R.randrange(3),) * R.randrange(1, 3) for _ in range(n)], [R.randrange(50) for _ in range(n)], [rs(R.randrange(12), 'ab') for _ in range(n)], [R.random() for _ in range(n)], [(R.randrange(2), 2 ** 70 + R.randrange(3)) for _ in range(n)]):
        rec('sort', sorted(l), sorted(l, reverse=True), sorted(l, key=lambda x: x), sorted(range(n), key=lambda i: l[i]), sorted(range(n), key=lambda i: l[i], reverse=True))
    l = [R.choice([1, 2, 'a', 2.0, None, True, 2 ** 70]) for _ in range(n)]
    rec('list', [tryit(l.index, v) for v in (1, 2, 'a', 2.0, None, True, 2 ** 70, 'zz')], [l.count(v) for v in (1, 2, 'a', 1.0)], 1.0 in l, l == list(l), l == [R.choice([1, 2]) for _ in range(n)], l < l + [1], l * 3, [l.pop() for _ in range(min(n, 3))] if n else 0)
    a = set((R.randrange(100) for _ in range(n)))
    b = {rs(1, 'abcdef') for _ in range(n)}
    c = set(l)
    rec('set', list(a), list(a.copy()), list(a | b) if 0 else sorted(a | {1, 2}), len(a & c), list(set(a)), list(frozenset(a)), a == a.copy(), list(set(list(a))), list(set(tuple(a))))
    d = dict.fromkeys(a, 1)
    e = dict(d)
    e.update({k: k for k in range(5)})
    rec('dict', d == dict(d), list(e.items()), d | e, d == e)
    x = set(a)
    for k in list(a)[:n // 2]:
        x.discard(k)
    y = x.copy()
    y.add(1000)
    rec('set2', sorted(x), sorted(y), len(y), sorted(set(x) | y))
for k, (h, n) in H.items():
    print(k, n, h.hexdigest())
for e in ["'a b'.split()", "'a b'.split(' ')", "'a b'.rsplit()", "'a\\nb'.splitlines()", "b'a b'.split()", "b'a b'.split(b' ')", "b'a b'.rsplit()", "'a b'.split(' ',1)", "('a '*14).split()", "('a '*30).split()", "('a\\n'*30).splitlines()", "b'a\\nb'.splitlines()", "('a '*14).rsplit(' ')", "bytearray(b'a b').split()", 'set(range(30)).copy()', 'set(list(range(30)))', "'x'.split()"]:
    print(e, sys.getsizeof(eval(e)))
