"""The scanner and the encoder of _json: values, texts, errors and their notes. One expression a line."""
import _json
import json
from collections import OrderedDict


class X: pass
class L(list): pass


class I(int):
    def __repr__(self): return "q"


class D(dict):
    def items(self): return [1]


class D2(dict):
    def items(self): return 5


def fail(x): raise ValueError("w")


loop = []
loop.append(loop)
scan = _json.make_scanner(json.JSONDecoder())
encode = _json.make_encoder(None, lambda x: x, lambda x: 5, None, ":", ",", False, False, True)
CASES = r'''
json.dumps({'a': [1, X()]})
json.dumps(OrderedDict(a=X()))
json.dumps(loop)
json.dumps({1j: 2})
json.dumps({'a': float('nan')}, allow_nan=False)
json.dumps({float('nan'): 1}, allow_nan=False)
json.dumps({'a': [1, {'b': 2}], 'c': {}, 'd': []}, indent=2)
json.dumps({'a': [1, {'b': 2}], 'c': {}, 'd': []}, indent='\t')
json.dumps({(1, 2): 3}, skipkeys=True, indent=2)
json.dumps([L([1, I(3), True, None, 1.5, 1e400, -0.0, 1e22, 10**30])])
json.dumps(D(a=1))
json.dumps(D2(a=1))
json.dumps({'b': 1, 2: 3}, sort_keys=True)
json.dumps({'b': 1, 3.5: 3, None: 2, True: 4, (1, 2): 3}, skipkeys=True)
json.dumps('\x00\x1f\x7f\x80é\u1234\U00012345\ud800"\\/\b\f\n\r\t')
json.dumps('\x00\x1f\x7f\x80é\u1234\U00012345"\\/\b\f\n\r\t', ensure_ascii=False)
json.dumps(['x' * 40, 'é' * 20, '\u1234' * 3], ensure_ascii=False, separators=('\u2028', ':'))
json.dumps([1, (X(),)], default=fail)
json.dumps([X()], default=lambda x: x)
json.dumps([1], indent=-1)
json.dumps([1], indent=1.5)
_json.make_encoder()
_json.make_encoder(1, 2, 3, 4, 5, 6, 7, 8, 9)
_json.make_scanner()
_json.make_scanner(1)
_json.make_scanner(json.JSONDecoder(), 2)
encode([1], 0)
encode()
encode({'a': 2}, 0)
encode('a', 0)
scan('[1]', 0)
scan('[1]', -1)
scan('[1]', 5)
scan(b'1', 0)
scan('[1', 0)
scan('[1,]', 0)
scan('-', 0)
scan('-Infinit', 0)
scan('[NaN, Infinity, -Infinity, null, true, false]', 0)
scan('{"a": 1, "a": 2, "b" : [ ] , "c":{}}', 0)
scan('{"a" 1}', 0)
scan('{"a": 1,}', 0)
scan('{a: 1}', 0)
scan('1' * 5000, 0)
scan('-12345678901234567890', 0)
scan('1.5e300', 0)
scan('01', 0)
scan('1.', 0)
scan('1e', 0)
_json.scanstring(1, 2)
_json.scanstring('ab"', 9)
_json.scanstring('ab"', -1)
_json.scanstring()
_json.scanstring('abc', 0)
_json.scanstring('abc"', 0, 3)
_json.scanstring('a\tb"', 0)
_json.scanstring('a\tb"', 0, False)
_json.scanstring('\\u0041\\ud834\\udd20\\ud834x\\n"', 0)
_json.scanstring('\\u004"', 0)
_json.scanstring('\\x"', 0)
_json.scanstring('\u1234\U00012345\\t"', 0)
_json.scanstring('\\', 0)
_json.encode_basestring(1)
_json.encode_basestring_ascii(1)
'''

for case in CASES.strip().splitlines():
    try:
        print(case[:70], "=>", repr(eval(case)))
    except Exception as error:
        print(case[:70], "=>", type(error).__name__, error, getattr(error, "__notes__", None))
keys = [list(member)[0] for member in json.loads('[{"name": 1}, {"name": 2}]')]
print(keys[0] is keys[1])
