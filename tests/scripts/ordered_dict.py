# OrderedDict, and dicts and sets whose keys change them while they are compared.
def t(e, g={}):
    try: print(e, '->', eval(e, dict(globals(), **g)))
    except BaseException as x: print(e, '->', type(x).__name__, x, getattr(x,'__notes__',None))
O=[c for c in dict.__subclasses__() if c.__name__=='OrderedDict'][0]
o=O(a=1,b=2)
for e in ('O(1)','O([1])','O([(1,)])','O([(1,2,3)])','O([()])','O(1,2)','o.update(1,2)','o.pop("z")','O().popitem()','o.move_to_end("z")','type(o|{})','type({}|o)','o.__ior__(1)','repr(o)','o.keys()','o.items()','o.values()','O()','o.__reduce__()[:4]','o.pop()','o.fromkeys()','o.setdefault()','o.__sizeof__()','O().__sizeof__()','O(**{"1":2})','iter(o.items()).__reduce__()','reversed(o).__reduce__()','list(reversed(o.items()))','o.pop(key="a",default=3)', 'o.pop(1,2,3)','o.popitem(1,2)','o[[]]','o.__delitem__("zz")','o.__setitem__([],1)','O.fromkeys([1],value=3)','o.copy()','o.__eq__(1)','O([[[],1]])','o.move_to_end([])','o.pop([])','o.setdefault([],1)','o.update(**{})','o.update()','O.update()','O({1:2}).__eq__(O({1:2}))','O.__init__(o,1,2)', 'O.__text_signature__'): t(e)
def T(f):
    o=O.fromkeys('abcd')
    try:
        for k in o: f(o,k)
    except Exception as e: print(repr(e))
T(lambda o,k:o.pop('d',0)); T(lambda o,k:o.update({k+'x':1})); T(lambda o,k:o.move_to_end(k)); T(lambda o,k:dict.pop(o,'b',0)); T(lambda o,k: dict.__delitem__(o,'a') if 'a' in o else 0)
o=O.fromkeys('abcd'); dict.__delitem__(o,'b')
for f in (lambda:list(o), lambda:list(o.items()), lambda:o.popitem(), lambda:repr(o), lambda:o.copy(), lambda:len(o), lambda:o.clear()):
    try: print(f())
    except Exception as e: print(repr(e))
class S(O): pass
s=S(a=1); s.x=1; print(s, s.copy(), s.copy().__dict__, s.__reduce__()[:4], S.fromkeys([1]))
o=O();o['x']=o;print(o, o.items(),o.keys())
print(O(a=1)==O(a=1),O(a=1,b=2)==O(b=2,a=1),O(a=1,b=2)=={'b':2,'a':1}, O(a=1)!=O(a=2))
o=O.fromkeys('abcde'); o.move_to_end('b'); print(list(o)); o.move_to_end('b',last=False); print(list(o), o.popitem(last=False), o.popitem(), list(reversed(o)))
seed=12345
def rnd(n):
    global seed
    seed=(seed*1103515245+12345)&0x7fffffff
    return (seed>>8)%n
o=O()
for i in range(20000):
    op=rnd(10); k=rnd(300)
    if op<4: o[k]=i
    elif op<6: o.pop(k,None)
    elif op==6 and k in o: o.move_to_end(k, last=bool(rnd(2)))
    elif op==7 and o: o.popitem(last=bool(rnd(2)))
    elif op==8 and k in o: del o[k]
    elif op==9: o.setdefault(k,i)
print(len(o), hash(tuple(o)), hash(tuple(o.items())), hash(tuple(reversed(o.values()))), o==o.copy(), o.__sizeof__())
print(O.__basicsize__, hex(O.__flags__&~(1<<19)), O.__dictoffset__, O.__weakrefoffset__)
for k,v in sorted(vars(O).items()):
    if k!='__doc__': print('  ',k,type(v).__name__,getattr(v,'__text_signature__',None))
for T in (type(iter(o)),type(o.keys()),type(o.items()),type(o.values())):
    print(T, T.__base__, T.__basicsize__, hex(T.__flags__&~(1<<19)), sorted(vars(T)))
import gc; del o; gc.collect()
o=O(); o[1]=o; r=__import__('_weakref').ref(o); del o; gc.collect(); print(r())
# dict stress vs order
d={}; 
for i in range(50000):
    op=rnd(12); k=('k%d'%rnd(400)) if rnd(3) else rnd(400)
    if op<5: d[k]=i
    elif op<8: d.pop(k,None)
    elif op==8 and d: d.popitem()
    elif op==9: d.setdefault(k,i)
    elif op==10 and rnd(100)==0: d=dict(d)
    elif op==11 and rnd(300)==0: d.clear()
print(len(d), hash(tuple(map(str,d))) and sum(map(len,map(str,d))), d.__sizeof__(), list(d)[:9], list(d.values())[-5:])
class E:
    def __init__(s,v): s.v=v
    def __hash__(s): return s.v%7
    def __eq__(s,o):
        if rnd(50)==0 and len(big)<5000: big[E(rnd(100))]=1
        return s.v==o.v
big={}
for i in range(3000):
    k=E(rnd(60))
    if rnd(2): big[k]=i
    else: big.pop(k,None)
print(len(big)>0)
bs=set()
class E2(E):
    def __eq__(s,o):
        if rnd(40)==0: bs.discard(E2(rnd(60)))
        return s.v==o.v
    __hash__=E.__hash__
for i in range(3000):
    k=E2(rnd(60))
    if rnd(2): bs.add(k)
    else: bs.discard(k)
print(len(bs))
# kwargs, globals, classes
def f(**k): return k
print(f(a=1,b=2), f(**{'x':1},**{'y':2}))
t('f(**{"x":1},**{"x":2})'); t('f(**{1:2})')
ns={}; exec('x=1\ndef g(): return x+y\n', ns); ns['y']=5; print(ns['g']()); ns['x']=10; print(ns['g']()); del ns['y']
for i in range(5):
    try: ns['g']()
    except NameError as e: print(e); break
class Big: 
    def __init__(s):
        for i in range(35): setattr(s,'a%d'%i,i)
bb=[Big() for i in range(100)]; print(sum(b.a34+b.a0 for b in bb), len(bb[50].__dict__))
