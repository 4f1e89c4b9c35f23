"""Writes tables/*.bin: what each stateless CJK codec of the reference interpreter maps to what.

A file is a zlib stream of four lists, each a count and pairs of variable-length numbers:
bytes (as a big-endian number, differences) and code point (differences, zigzag) that decode,
bytes and two code points that decode to a pair, code points and bytes that encode otherwise than
the first list says (bytes 0: not at all), and leading bytes that end the input too early.
"""
import os, zlib, sys
HERE = os.path.dirname(os.path.abspath(__file__))
CODECS = ('gb2312 gbk gb18030 big5hkscs cp949 euc_kr johab shift_jis cp932 euc_jp shift_jis_2004 shift_jisx0213 '
          'euc_jis_2004 euc_jisx0213 big5 cp950').split()
def varint(out, n):
    while n > 127: out.append(n & 127 | 128); n >>= 7
    out.append(n)
def zigzag(n): return n << 1 if n >= 0 else -n << 1 | 1 if n else 0
def zz(n): return (n << 1) if n >= 0 else ((-n << 1) - 1)
total = 0
for name in CODECS:
    singles, doubles, pairs, leads, odd = {}, {}, {}, set(), []
    def attempt(b):
        try: return b.decode(name)
        except UnicodeDecodeError as e:
            if e.reason.startswith('incomplete'):
                assert (e.start, e.end) == (0, len(b)), (name, b, e)
                leads.add(b)
            elif e.end - e.start != 1 or e.start != 0: odd.append((b, e.start, e.end, e.reason))
            return None
    def note(b, t):
        if len(t) == 1: doubles[int.from_bytes(b)] = ord(t)
        else: pairs[int.from_bytes(b)] = tuple(map(ord, t)); assert len(t) == 2, (name, b, t)
    for a in range(256):
        t = attempt(bytes([a]))
        if t is not None: note(bytes([a]), t)
    for a in [l[0] for l in list(leads)]:
        for b in range(256):
            s = bytes([a, b])
            t = attempt(s)
            if t is None: continue
            if len(t) == 2:
                try:
                    if bytes([a]).decode(name): continue
                except UnicodeDecodeError: pass
            note(s, t)
    two = [l for l in leads if len(l) == 2]
    if name != 'gb18030':
        for l in two:
            for c in range(256):
                s = l + bytes([c])
                t = attempt(s)
                if t is not None: note(s, t)
    inverse = {}
    for b, c in sorted(doubles.items()): inverse.setdefault(c, b)
    other = {}
    for c in range(0x110000):
        try: b = int.from_bytes(chr(c).encode(name))
        except UnicodeEncodeError: b = 0
        if b != inverse.get(c, 0) or (c == 0 and False):
            if name == 'gb18030' and b >= 1 << 24 or name == 'euc_kr' and b >= 1 << 32: continue
            if c: other[c] = b
    out = bytearray()
    def table(rows):
        varint(out, len(rows))
        last = [0] * (len(rows[0]) if rows else 0)
        for row in rows:
            for i, v in enumerate(row):
                varint(out, zz(v - last[i])); last[i] = v
    table(sorted(doubles.items())); table([(b, x, y) for b, (x, y) in sorted(pairs.items())]); table(sorted(other.items()))
    table([(int.from_bytes(l),) for l in sorted(leads, key=lambda l: int.from_bytes(l))])
    data = zlib.compress(bytes(out), 9)
    open(f'{HERE}/tables/{name}.bin', 'wb').write(data)
    total += len(data)
    print(name, len(doubles), len(pairs), len(other), len(leads), 'two', len(two), len(data), 'odd', odd[:3], len(odd), 'diff', [(hex(c),hex(b)) for c,b in list(other.items())[:4]])
print(total)
# The four-byte ranges of GB 18030.
ranges = []
for c in range(0x80, 0x10000):
    try: b = chr(c).encode('gb18030')
    except UnicodeEncodeError: continue
    if len(b) != 4: continue
    n = ((b[0] - 0x81) * 10 + b[1] - 0x30) * 1260 + (b[2] - 0x81) * 10 + b[3] - 0x30
    if ranges and n - ranges[-1][1] == c - ranges[-1][0] and c == ranges[-1][0] + ranges[-1][2]: ranges[-1][2] += 1
    else: ranges.append([c, n, 1])
with open(HERE + '/gb18030_ranges.rs', 'w') as out:
    out.write('//! The code points of the Basic Multilingual Plane that GB 18030 writes with four bytes. Written by `generate.py`.\n\n'
              '/// First code point, first number, how many.\n#[rustfmt::skip]\n'
              f'pub static RANGES: [(u32, u32, u32); {len(ranges)}] = [\n')
    line = '   '
    for r in ranges:
        s = ' (%#x, %d, %d),' % tuple(r)
        if len(line) + len(s) > 118: out.write(line + '\n'); line = '   '
        line += s
    out.write(line + '\n];\n')
print(len(ranges))
