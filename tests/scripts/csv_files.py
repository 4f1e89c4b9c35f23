"""Readers, writers and dialects of _csv. One expression a line."""
import _csv


class W:
    def __init__(self): self.lines = []
    def write(self, line): self.lines.append(line); return len(line)


def rd(lines, *args, **settings):
    reader = _csv.reader(lines, *args, **settings)
    return list(reader), reader.line_num


def wr(rows, *args, **settings):
    file = W()
    _csv.writer(file, *args, **settings).writerows(rows)
    return file.lines


def wo(row, *args, **settings):
    file = W()
    return _csv.writer(file, *args, **settings).writerow(row), file.lines


class D: pass
class D2: delimiter = 5
class D3: delimiter = ";"; quoting = 3


CASES = r'''
_csv.reader()
_csv.reader(5)
_csv.reader([],1,2)
_csv.reader([],foo=1)
_csv.reader([],delimiter='ab')
_csv.reader([],delimiter='')
_csv.reader([],delimiter=5)
_csv.reader([],delimiter=None)
_csv.reader([],quotechar='ab')
_csv.reader([],quotechar=5)
_csv.reader([],quotechar='')
_csv.reader([],quotechar=None,quoting=1)
_csv.reader([],quoting=9)
_csv.reader([],quoting='a')
_csv.reader([],quoting=1.5)
_csv.reader([],lineterminator=5)
_csv.reader([],lineterminator=None)
_csv.reader([],escapechar='ab')
_csv.reader([],escapechar='')
_csv.reader([],escapechar=5)
_csv.reader([],'foo')
_csv.reader([],D2)
_csv.reader([],D3).dialect.quoting
_csv.reader([],doublequote=5).dialect.doublequote
_csv.reader([],delimiter='\n')
_csv.reader([],quotechar=' ',skipinitialspace=True)
_csv.reader([],delimiter='"')
_csv.reader([],escapechar='\r')
_csv.reader([],quotechar=',')
_csv.reader([],escapechar=',')
_csv.reader([],escapechar='"')
_csv.reader([],lineterminator=',')
_csv.reader([],lineterminator='"')
_csv.reader([],quoting=True)
_csv.reader([],skipinitialspace=2).dialect.skipinitialspace
rd([])
rd([''])
rd(['a,b'])
rd(['a,b\n','c,d\r\n'])
rd(['"a","b""c"'])
rd(['"a\n','b"'])
rd(['"a'])
rd(['"a'],strict=True)
rd(['"a"b'],strict=True)
rd(['"a"b'])
rd(['a\nb'])
rd(['a\rb'])
rd([b'a'])
rd([5])
rd(['a\0b'])
rd([' a, b'],skipinitialspace=True)
rd(['1,"2",x'],quoting=2)
rd(['1,"2",3.5'],quoting=2)
rd(['1,,"2",""'],quoting=2)
rd(['1,,"2",""'],quoting=4)
rd(['1,,"2",""'],quoting=5)
rd(['a\\,b,c'],escapechar='\\')
rd(['a\\'],escapechar='\\')
rd(['"a\\"b"'],escapechar='\\')
rd(['a,"b"'],quoting=3)
rd(['a\\\nb'],escapechar='\\')
rd(['"a"",b"'],doublequote=False)
rd(['é,ü','\u1234,\U00012345'])
rd(['a,"b\nc",d\n','e'])
rd(['"a" ,b'])
rd([',',',,'])
rd(['a;b'],delimiter=';')
rd(['\n','\n'])
rd(['\r\n'])
rd([' '],skipinitialspace=True)
rd(['\\1'],escapechar='\\',quoting=2)
rd(['"a"x,b'])
rd(['a"b"c,d'])
rd(['"x"\r\n'])
rd(["'a,b'"],quotechar="'")
rd(['a'*20])
_csv.field_size_limit()
_csv.field_size_limit(10)
rd(['a'*20])
rd(['"'+'a'*20+'"'])
rd(['a'*10])
rd(['b,'+'a'*11])
_csv.field_size_limit('a')
_csv.field_size_limit(10**30)
_csv.field_size_limit(None)
_csv.field_size_limit(1,2)
_csv.field_size_limit(new_limit=131072)
_csv.field_size_limit(True)
wr([[1,2,'a']])
wr([['a"b','c,d','e\nf','g\rh']])
wr([['']])
wr([[]])
wr([['','']])
wr([[None]])
wr([[None,1]])
wr([['']],quoting=3)
wr([[None]],quoting=3)
wr([['a,b']],quoting=3)
wr([['a,b']],quoting=3,escapechar='\\')
wr([['a"b']],doublequote=False)
wr([['a"b']],doublequote=False,escapechar='\\')
wr([['a\\b']],escapechar='\\')
wr([[1,'a',None,1.5,True]],quoting=1)
wr([[1,'a',None,1.5,True]],quoting=2)
wr([[1,'a',None,1.5,True]],quoting=4)
wr([[1,'a',None,1.5,True]],quoting=5)
wr(5)
wr([5])
wo([1])
wo('ab')
wr([['a']],lineterminator='X')
wr([['aX']],lineterminator='X')
wr([['a b','']],delimiter=' ',skipinitialspace=False)
wr([['a','','b']],delimiter=' ',quoting=0)
wr([['é\u1234']])
_csv.writer(5)
_csv.writer()
_csv.writer(W(),'foo')
_csv.writer(W()).dialect.delimiter
wr([[1.1,10**20]])
wr([['"']],quoting=3,escapechar='\\')
wr([['"']],quoting=3,quotechar=None)
wr([['a\n']],quoting=3,escapechar='\\')
wr([['']],quoting=4)
wr([[None]],quoting=4)
wr([[None]],quoting=5)
wr([['a ']],skipinitialspace=True)
wr([[' a']],skipinitialspace=True)
wr([['']], quotechar=None, escapechar='x')
wr([[W()]])==0
wr([['a\0b']])
_csv.register_dialect(5)
_csv.register_dialect('x',delimiter=';')
_csv.get_dialect('x').delimiter
_csv.list_dialects()
_csv.get_dialect('y')
_csv.get_dialect(5)
_csv.get_dialect([])
_csv.unregister_dialect('y')
_csv.unregister_dialect('x')
_csv.unregister_dialect([])
_csv.register_dialect()
_csv.register_dialect('x','y')
_csv.Dialect().delimiter
_csv.Dialect().escapechar
_csv.Dialect().quotechar
_csv.Dialect().lineterminator
_csv.Dialect().quoting
_csv.Dialect(1,2,3,4,5,6,7,8,9,10)
_csv.Dialect().__reduce__()
_csv.Dialect().__reduce_ex__(2)
_csv.Dialect(foo=1)
type(_csv.reader([]))()
type(_csv.writer(W()))()
_csv.reader.__doc__[:30]
_csv.Error.__mro__
type(_csv.reader([])).__name__
_csv.Error.__module__
_csv.__doc__[:20]
_csv.Dialect().doublequote
setattr(_csv.Dialect(),'delimiter',1)
_csv.reader(['a'],_csv.Dialect(delimiter=';')).dialect.delimiter
_csv.reader(['a'],dialect='foo')
_csv.reader(['a'],dialect=D3).dialect.delimiter
'''

for case in CASES.strip().splitlines():
    try:
        print(case, "=>", repr(eval(case)))
    except Exception as error:
        print(case, "=>", type(error).__name__, error)
