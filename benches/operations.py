"""Times single operations of the built-in types and of the small native modules; prints `name<TAB>seconds for one` for each.

Run by `benches/compare`, once per interpreter. The names given as arguments choose rows. A row of the table is
`name | statement` (`\\n` between its lines), a block of rows has its preparation before it (and the rest of it behind); the
statement runs in a loop inside a function.
"""
import sys
import time

# The time of the processor: a busy machine disturbs it least.
clock = time.process_time
SECONDS = 0.06
REPEATED = 5

BLOCKS = [("""
a, b, c, zero, big, huge = 1234, 77, -5, 0, 2**40 + 12345, 2**62 + 12345
t, hex_text = "123456", "1e240"
""", """
int_add_small | a + b
int_add_medium | big + big
int_mul_small | a * b
int_mul_medium | big * a
int_floordiv | a // b
int_floordiv_medium | big // a
int_mod | a % b
int_mod_negative | c % b
int_divmod | divmod(a, b)
int_truediv | a / b
int_pow | b ** 3
int_pow_mod_small | pow(a, 65537, 1000003)
int_shift | a << 5 >> 3
int_shift_medium | big << 7
int_and_or_xor | a & b | 64 ^ a
int_and_medium | big & huge
int_compare | a < b
int_compare_medium | big < huge
int_negate | -big
int_abs | abs(c)
int_bool | not zero
int_bit_length | big.bit_length()
int_from_text | int(t)
int_from_text_base | int(hex_text, 16)
int_from_float | int(3.7)
int_str | str(a)
int_repr_medium | repr(huge)
int_hex | hex(a)
int_to_bytes | big.to_bytes(8, 'big')
int_from_bytes | int.from_bytes(b'12345678', 'little')
int_hash | hash(big)
int_round | round(a, -2)
"""), ("""
a, b = 3**63, 7**29
s, m = 10**30, 10**15 + 7
x, y, z = 3**250, 7**110, 10**60
n = 2**127 - 1
""", """
big_add_100 | a + s
big_sub_100 | a - s
big_mul_100 | a * b
big_floordiv_100 | a // m
big_mod_100 | a % m
big_divmod_100 | divmod(a, b)
big_shift_100 | a << 13
big_shift_right_100 | a >> 13
big_and_100 | a & s
big_or_100 | a | b
big_xor_negative | -a ^ b
big_compare_100 | a < s
big_equal_100 | a == s
big_add_400 | x + y
big_mul_400 | x * y
big_square_400 | x * x
big_floordiv_400 | x // y
big_mod_400 | x % z
big_truediv | x / y
big_pow | 3 ** 100
big_pow_mod | pow(a, b, n)
big_pow_inverse | pow(m, -1, n)
big_str | str(a)
big_from_text | int('123456789012345678901234567890')
big_gcd | gcd(a, b)
big_isqrt | isqrt(x)
""", "from math import gcd, isqrt"), ("""
x, y, n, t = 1.5, 0.3, 7, '3.14159'
""", """
float_add | x + y
float_add_int | x + n
float_div | x / y
float_floordiv | x // y
float_mod | x % y
float_pow | x ** y
float_compare | x < y
float_compare_int | x < n
float_from_text | float(t)
float_from_int | float(n)
float_repr | repr(y)
float_round | round(x)
float_round_digits | round(t_, 2)
float_is_integer | x.is_integer()
float_hash | hash(x)
complex_mul | z * z
complex_abs | abs(z)
""", "t_ = 3.14159; z = 3+4j"), ("""
i, x, s, d = 12345, 3.14159, 'text', {'name': 'a', 'value': 5}
l = [1, 2]
""", """
percent_s | '%s' % s
percent_r | '%r' % s
percent_d | '%d' % i
percent_f | '%.2f' % x
percent_x | '%x' % i
percent_mixed | '%s: %d (%5.1f)' % (s, i, x)
percent_padded | '%-10s|%05d' % (s, i)
percent_dict | '%(name)s=%(value)d' % d
format_one | '{}'.format(s)
format_int | '{}'.format(i)
format_three | '{} {} {}'.format(s, i, x)
format_named | '{name}={value}'.format(name=s, value=i)
format_specs | '{:>10} {:05d} {:.2f}'.format(s, i, x)
format_attribute | '{0.real} {1[0]}'.format(i, l)
format_map | '{name}={value}'.format_map(d)
fstring_str | f'<{s}>'
fstring_int | f'{i}'
fstring_mixed | f'{s}: {i} {x}'
fstring_repr | f'{s!r}'
fstring_width | f'{s:>10}'
fstring_int_spec | f'{i:05d}'
fstring_int_comma | f'{i:,}'
fstring_hex | f'{i:#x}'
fstring_float_spec | f'{x:.2f}'
fstring_float_wide | f'{x:10.3e}'
fstring_percent | f'{x:.1%}'
fstring_nested | f'{i:{w}d}'
builtin_format | format(x, '.3f')
str_of_list | str(l)
repr_of_str | repr(s)
repr_of_dict | repr(d)
ascii_of_str | ascii(s)
""", "w = 8"), ("""
s, w = 'hello world' * 10, 'h\\u0101llo world' * 10
""", """
str_slice | s[3:20]
str_slice_reversed | s[::-1]
str_slice_step | s[::2]
str_slice_reversed_wide | w[::-1]
str_compare | s < w
str_mul | 'ab' * 10
str_ord_chr | chr(ord('x'))
str_join | ','.join(names)
str_iterate | for c in s: pass
str_contains | 'world' in s
str_center | 'text'.center(20)
str_zfill | '42'.zfill(8)
str_isdigit | '12345'.isdigit()
str_encode | s.encode()
""", "names = ['alpha', 'beta', 'gamma', 'delta']"), ("""
b, ba, mv = bytes(range(100)), bytearray(range(100)), memoryview(bytes(range(100)))
part, wmv = b'abc', memoryview(bytearray(100))
""", """
bytes_index | b[5]
bytes_slice | b[5:20]
bytes_slice_reversed | b[::-1]
bytes_add | b + part
bytes_mul | part * 5
bytes_equal | b == ba
bytes_contains_int | 50 in b
bytes_find | b.find(b'\\x30\\x31')
bytes_join | b','.join(pieces)
bytes_iterate | for c in b: pass
bytes_from_list | bytes(numbers)
bytes_of_int | bytes(10)
bytes_hex | b.hex()
bytes_fromhex | bytes.fromhex('0a1b2c3d')
bytes_percent | b'%s=%d' % (part, 5)
bytes_repr | repr(part)
bytes_hash | hash(part)
bytes_decode | part.decode()
bytes_decode_ascii | part.decode('ascii')
bytes_startswith | b.startswith(part)
bytearray_get | ba[5]
bytearray_set | ba[5] = 7
bytearray_set_slice | ba[5:8] = part
bytearray_append_pop | ba.append(5); ba.pop()
bytearray_iadd | x = bytearray(); x += part
bytearray_extend | x = bytearray(); x.extend(b)
bytearray_from_bytes | bytearray(b)
bytearray_of_int | bytearray(100)
bytearray_slice | ba[5:20]
bytearray_to_bytes | bytes(ba)
bytearray_del | del (y := bytearray(b))[5:10]
memoryview_make | memoryview(b)
memoryview_get | mv[5]
memoryview_set | wmv[5] = 7
memoryview_slice | mv[5:20]
memoryview_set_slice | wmv[5:8] = part
memoryview_tobytes | mv.tobytes()
memoryview_iterate | for c in mv: pass
memoryview_equal | mv == b
memoryview_cast | mv.cast('b')
""", "pieces = [b'ab', b'cd', b'ef']; numbers = list(range(50))"), ("""
l, t, l2, pairs = list(range(100)), tuple(range(100)), list(range(100)), [(i % 7, i) for i in range(50)]
words = [str(i * 7919 % 1000) for i in range(50)]
small, three = [3, 1, 2], (1, 2, 3)
""", """
list_get | l[5]
list_get_negative | l[-1]
list_set | l[5] = 5
list_slice | l[5:20]
list_slice_step | l[::2]
list_slice_reversed | l[::-1]
list_slice_set | l[5:8] = three
list_slice_del | x = [1, 2, 3, 4]; del x[1:3]
list_index | l.index(50)
list_count | l.count(50)
list_contains | 50 in l
list_contains_str | '500' in words
list_insert_pop_front | l.insert(0, 5); l.pop(0)
list_append_pop | l.append(5); l.pop()
list_iadd | x = []; x += three
list_extend_range | x = []; x.extend(range(20))
list_add | small + small
list_mul | small * 5
list_compare | l < l2
list_equal | l == l2
list_copy | l.copy()
list_of_tuple | list(t)
list_of_range | list(range(100))
list_reverse | l.reverse()
list_sort_small | small.copy().sort()
list_sort_key_len | sorted(words, key=len)
list_sort_key_item | sorted(pairs, key=second)
list_sort_pairs | sorted(pairs)
list_sort_reverse | sorted(words, reverse=True)
list_remove | x = [1, 2, 3]; x.remove(2)
list_unpack | a, b, c = small
list_display_star | [*small, *small]
list_repr | repr(small)
list_iterate | for x in l: pass
list_comp_if | [x for x in l if x]
tuple_get | t[5]
tuple_slice | t[5:20]
tuple_slice_reversed | t[::-1]
tuple_index | t.index(50)
tuple_add | three + three
tuple_equal | t == tuple2
tuple_compare | three < (1, 2, 4)
tuple_hash | hash(three)
tuple_of_list | tuple(l)
tuple_of_generator | tuple(x for x in three)
tuple_unpack_star | a, *b = t
tuple_swap | a, b = b_, a_
tuple_repr | repr(three)
slice_make | slice(1, 2)
""", "from operator import itemgetter; second = itemgetter(1); tuple2 = tuple(list(t)); a_, b_ = 1, 2"), ("""
l, texts, flags = list(range(50)), [str(i) for i in range(50)], [True, False] * 25
floats = [x / 3 for x in range(50)]
def double(x): return x + x
""", """
map_int | list(map(int, texts))
map_str | list(map(str, l))
map_len | list(map(len, texts))
map_float | list(map(float, texts))
map_method | list(map(str.upper, texts))
map_lambda | list(map(double, l))
map_two | list(map(pow, l, l))
map_sum | sum(map(int, texts))
map_join | ','.join(map(str, l))
filter_none | list(filter(None, l))
filter_builtin | list(filter(str.isdigit, texts))
filter_lambda | list(filter(double, l))
zip_two | for a, b in zip(l, l): pass
zip_dict | dict(zip(texts, l))
zip_list | list(zip(l, l))
enumerate_loop | for i, x in enumerate(l): pass
enumerate_list | list(enumerate(l))
reversed_loop | for x in reversed(l): pass
range_loop | for x in range(50): pass
range_contains | 25 in range(50)
range_list_reversed | list(reversed(range(50)))
iter_next | next(iter(l))
sum_ints | sum(l)
sum_floats | sum(floats)
sum_generator | sum(x for x in l)
min_list | min(l)
max_two | max(5, 7)
min_key_builtin | min(texts, key=len)
max_key_lambda | max(l, key=double)
sorted_key_int | sorted(texts, key=int)
sorted_key_lower | sorted(texts, key=str.lower)
any_all | any(flags); all(flags)
any_generator | any(x > 100 for x in l)
isinstance_tuple | isinstance(l, (int, list))
getattr_default | getattr(l, 'missing', None)
getattr_hit | getattr(l, 'append')
hasattr_miss | hasattr(l, 'missing')
callable_ | callable(double)
type_of | type(l)
"""), ("""
import itertools as it
l = list(range(50))
pairs = [(i, i) for i in range(20)]
""", """
itertools_chain | for x in it.chain(l, l): pass
itertools_chain_from | list(it.chain.from_iterable(pairs))
itertools_islice | list(it.islice(l, 5, 25))
itertools_count | for x in zip(it.count(), l): pass
itertools_repeat | for x in it.repeat(None, 50): pass
itertools_cycle | list(it.islice(it.cycle(small), 50))
itertools_accumulate | list(it.accumulate(l))
itertools_product | list(it.product(small, small))
itertools_combinations | list(it.combinations(six, 3))
itertools_permutations | list(it.permutations(small))
itertools_groupby | for k, g in it.groupby(l, halve): pass
itertools_starmap | list(it.starmap(pow, pairs))
itertools_takewhile | list(it.takewhile(bool, six))
itertools_zip_longest | list(it.zip_longest(l, small))
itertools_pairwise | list(it.pairwise(l))
itertools_batched | list(it.batched(l, 5))
itertools_compress | list(it.compress(l, l))
itertools_tee | a, b = it.tee(small)
""", "small, six = [1, 2, 3], [1, 2, 3, 4, 5, 6]\ndef halve(x): return x >> 1"), ("""
import functools, operator
@functools.lru_cache
def cached(x): return x
@functools.lru_cache(maxsize=None)
def forever(x): return x
@functools.cache
def two(x, y): return x
@functools.lru_cache(maxsize=8)
def thrown(x): return x
def plain(x, y=0): return x
p, q, r = functools.partial(plain, 1), functools.partial(plain, y=1), functools.partial(max, 1)
@functools.singledispatch
def single(x): return x
class A:
    def __init__(self): self.x = [1]; self.name = 'n'
    @functools.cached_property
    def value(self): return 5
o, o.value, l = A(), 5, list(range(50))
get_x, get_01, caller = operator.attrgetter('name'), operator.itemgetter(0, 1), operator.methodcaller('count', 5)
by = functools.cmp_to_key(operator.sub)
""", """
functools_lru_cache | cached(5)
functools_lru_unbounded | forever(5)
functools_lru_two | two(5, 6)
functools_lru_miss | for i in range(20): thrown(i)
functools_partial | p(2)
functools_partial_keyword | q(2)
functools_partial_builtin | r(2)
functools_partial_make | functools.partial(plain, 1)
functools_reduce | functools.reduce(operator.add, l)
functools_cached_property | o.value
functools_cmp_to_key | sorted(l, key=by)
functools_singledispatch | single(5)
operator_itemgetter | get_01(l)
operator_attrgetter | get_x(o)
operator_methodcaller | caller(l)
operator_add | operator.add(1, 2)
"""), ("""
import math, struct, json, re, random
x, y, i, floats = 1.5, 0.3, 12, [0.1 * i for i in range(50)]
packed, st = struct.pack('<IHb', 1, 2, 3), struct.Struct('<dd')
doc = {'name': 'a', 'values': [1, 2.5, None, True], 'nested': {'k': 'text'}}
text, word = json.dumps(doc), re.compile(r'\\w+')
line, date = 'the quick brown fox 2024-01-15', re.compile(r'(\\d+)-(\\d+)-(\\d+)')
""", """
math_sqrt | math.sqrt(x)
math_floor | math.floor(x)
math_ceil | math.ceil(x)
math_sin | math.sin(x)
math_log | math.log(x)
math_log_base | math.log(x, 2)
math_exp | math.exp(y)
math_pow | math.pow(x, y)
math_atan2 | math.atan2(x, y)
math_hypot | math.hypot(x, y)
math_isnan | math.isnan(x)
math_isclose | math.isclose(x, y)
math_fabs | math.fabs(x)
math_gcd | math.gcd(1071, 462)
math_factorial | math.factorial(i)
math_comb | math.comb(i, 5)
math_isqrt | math.isqrt(123456)
math_fsum | math.fsum(floats)
math_prod | math.prod(floats)
math_dist | math.dist((x, y), (y, x))
math_import | from math import sqrt
struct_pack | struct.pack('<IHb', 1, 2, 3)
struct_unpack | struct.unpack('<IHb', packed)
struct_object | st.unpack(st.pack(x, y))
struct_unpack_from | struct.unpack_from('<I', packed, 0)
json_dumps | json.dumps(doc)
json_loads | json.loads(text)
json_dumps_str | json.dumps('text')
re_match | word.match(line)
re_search | date.search(line)
re_groups | date.search(line).groups()
re_findall | word.findall(line)
re_sub | word.sub('x', line)
re_split | re.split(r'\\s+', line)
re_module_match | re.match(r'\\w+', line)
random_random | random.random()
random_randint | random.randint(1, 6)
random_choice | random.choice(floats)
random_shuffle | random.shuffle(floats)
"""), ("""
l, d, s = [1], {'a': 1}, 'text'
class Own(Exception): pass
def raises(): raise ValueError('x')
""", """
except_not_raised | try: pass\\nexcept ValueError: pass
except_value_error | try: raise ValueError\\nexcept ValueError: pass
except_with_message | try: raise ValueError('x')\\nexcept ValueError as e: pass
except_own | try: raise Own('x')\\nexcept Own: pass
except_from_function | try: raises()\\nexcept ValueError: pass
except_index_error | try: l[5]\\nexcept IndexError: pass
except_key_error | try: d['b']\\nexcept KeyError: pass
except_attribute_error | try: l.missing\\nexcept AttributeError: pass
except_int_of_text | try: int(s)\\nexcept ValueError: pass
except_type_error | try: s + 1\\nexcept TypeError: pass
except_zero_division | try: 1 // zero\\nexcept ZeroDivisionError: pass
except_stop_iteration | try: next(iter(()))\\nexcept StopIteration: pass
except_tuple | try: raise KeyError\\nexcept (ValueError, KeyError): pass
exception_make | ValueError('x')
""", "zero = 0")]


def compiled(preparation, statement):
    """A function that runs `statement` a number of times and returns the seconds of one."""
    body = "\n".join(["  " + statement.replace("\\n", "\n  ")] * REPEATED)
    source = f"def run(_count, {', '.join(preparation)}):\n _start = _clock()\n for _ in _range(_count):\n{body}\n return _clock() - _start\n"
    names = {"_clock": clock, "_range": range}
    exec(source, names)
    return lambda count: names["run"](count, **preparation) / (count * REPEATED)


def best(run):
    count = 1
    while (seconds := run(count)) * count * REPEATED < SECONDS / 20:
        count *= 2
    end = clock() + SECONDS
    while clock() < end:
        seconds = min(seconds, run(count))
    return seconds


def main():
    wanted = sys.argv[1:]
    for block in BLOCKS:
        preparation = {}
        exec("\n".join(block[:1] + block[2:]), preparation)
        del preparation["__builtins__"]
        for row in block[1].strip().splitlines():
            name, statement = row.split(" | ", 1)
            if not wanted or name in wanted:
                print(name, best(compiled(preparation, statement)), sep="\t", flush=True)


main()
