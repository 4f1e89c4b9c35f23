# Weak references, proxies, the collector, mapping proxies, deep structures.
def t(e, g={}):
    try: print(e, '->', eval(e, dict(globals(), **g)))
    except BaseException as x: print(e, '->', type(x).__name__, x, getattr(x,'__notes__',None))
import _weakref as weakref, gc
ref=weakref.ref
class A: pass
class B(weakref.ref): pass
a=A(); r=ref(a)
import sys
def norm(s):
    out=[];i=0
    s=str(s)
    while i<len(s):
        if s[i:i+2]=='0x':
            j=i+2
            while j<len(s) and s[j] in '0123456789abcdef': j+=1
            out.append('0xN'); i=j
        else: out.append(s[i]); i+=1
    return ''.join(out)
print(norm(repr(r)), type(weakref.proxy(a)))
def f():pass
print(norm(repr(ref(f))), norm(repr(B(a))))
p=weakref.proxy(a); print(norm(weakref.ProxyType.__repr__(p)), norm([p]))
for e in ('ref(1)','ref()','ref(a,1,2)','ref(a,callback=1)','r(1)','r(x=1)','weakref.proxy(1)','weakref.proxy()','B()','B(a,1,2,3)','next(p)','iter(p)','p+1','len(p)','p[1]','p()','weakref.proxy(f).foo','hash(p)','weakref.getweakrefcount()', 'B(a,x=1)','B.__new__(B)','r.__init__()','r.__init__(a,b=1)','reversed(p)','bytes(p)','1 in p', 'weakref._remove_dead_weakref({1:2},1)','weakref._remove_dead_weakref({1:r},1)','weakref._remove_dead_weakref({},1)','weakref._remove_dead_weakref(1,1)','ref(a)<r', 'ref(a) is r', 'weakref.proxy(a) is p', 'weakref.getweakrefcount(a)', 'len(weakref.getweakrefs(a))', 'r()==a', 'ref(a,f) is ref(a,f)', 'weakref.getweakrefcount(1)'): t(e)
x=ref(a); print(hash(r)==hash(a)); del a; print(norm(r), x==r, r() is None, hash(r)==hash(x))
y=A(); y=ref(y); t('hash(y)')
print(norm(weakref.ProxyType.__repr__(p)))
t('p.x'); t('p==1')
order=[]
class N(float):
    def __index__(s): return 5
    def __lshift__(s,o): return ("ls",o)
    def __or__(s,o): return ("or",o)
    def __invert__(s): return "inv"
n=N(5); rs=[ref(n, lambda r,i=i: order.append((i, r() is None))) for i in range(4)]; b=ref(n); pr=weakref.proxy(n)
print(pr+1, 1+pr, pr*pr, -pr, pr**2, int(pr), [10,20,30,40,50,60][pr], pr<6, divmod(pr,2), str(pr), bool(pr), pr//2, pr%3, pr|2, ~pr, pr<<1, abs(pr), float(pr))
del n; print(order, b())
l=[1,2]
class L(list): pass
l=L([1,2,3]); lp=weakref.proxy(l); lp.append(4); lp[0]=9; del lp[1]; print(list(lp), len(lp), 9 in lp, lp==[9,3,4]); lp+=[1]; print(l, type(lp))
class C:
    def __call__(s,*a,**k): return a,k
c=C(); cp=weakref.proxy(c); print(type(cp), cp(1,b=2)); cp.z=1; print(c.z); del cp.z; t('c.z')
# gc
print(gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.get_freeze_count())
for e in ('gc.collect(5)','gc.set_threshold()','gc.set_threshold(1,2,3,4)','gc.set_threshold("a")','gc.get_objects(5)','gc.get_objects("a")','gc.collect("a")','gc.set_debug("a")','gc.collect(generation=-1)','gc.set_threshold(a=1)','gc.is_tracked(1)','gc.is_tracked([])','gc.is_tracked({})','gc.is_tracked(())','gc.is_finalized(1)',  'gc.get_objects(-5)'): t(e)
gc.collect()
class D:
    def __del__(self): log.append(('del',self.n))
log=[]
def cyc(n):
    a=D();b=D();a.n=n;b.n=n+1;a.o=b;b.o=a
    return ref(a, lambda r: log.append('cb')), ref(b)
w=cyc(1); print(gc.collect(), log, w[0](), w[1]())
class R:
    def __del__(self): keep.append(self)
keep=[]
r1=R(); r1.me=r1; del r1; print(gc.collect(), len(keep), gc.is_finalized(keep[0])); x=keep.pop(); del x; print(gc.collect(), len(keep))
calls=[]
gc.callbacks.append(lambda ph,info: calls.append((ph, sorted(info.items()))))
z=[]; z.append(z); del z; gc.collect(1); gc.callbacks.clear(); print(calls)
gc.set_debug(gc.DEBUG_SAVEALL); z=[]; z.append(z); i=id(z); del z; print(gc.collect(), len(gc.garbage), id(gc.garbage[0])==i); gc.set_debug(0); gc.garbage.clear(); print(gc.collect())
gc.freeze(); print(gc.get_freeze_count()>100); gc.unfreeze(); print(gc.get_freeze_count())
q=[1]; q2=[q]; print(any(o is q2 for o in gc.get_referrers(q)))
for T in (weakref.ref,weakref.ProxyType,weakref.CallableProxyType,type(type.__dict__)):
    print(T, T.__basicsize__, hex(T.__flags__ & ~(1<<19)), T.__dictoffset__, T.__weakrefoffset__, T.__text_signature__)
    for k,v in sorted(vars(T).items()):
        if k!='__doc__': print('  ',k,type(v).__name__,getattr(v,'__text_signature__',None))
for m in (gc,weakref):
    for k,v in sorted(vars(m).items()):
        if not k.startswith('__'): print('   ',k,type(v).__name__,getattr(v,'__text_signature__',None), v if isinstance(v,int) else '')
mp=type(type.__dict__)
m=mp({'a':1,'b':2}); print(m, str(m), m['a'], 'a' in m, len(m), list(m), m.get('z'), m.get('z',5), m|{'c':3}, {'c':3}|m, m=={'a':1,'b':2}, m.copy(), list(reversed(m)), m.keys(), mp(mapping={}), m!=m)
for e in ('mp()','mp(1)','mp([])','mp((1,))','m["z"]','m|1','m.get()','hash(m)','m.get(1,2,3)','m.get(a=1)','mp("ab")', 'mp(1,2)'): t(e, {'mp':mp,'m':m})
try: m|={'x':1}
except Exception as e: print(repr(e))
# deep
d=None
for i in range(200000): d=[d]
del d
d=None
for i in range(200000): d={1:d}
del d
class Nd: __slots__=('n',)
d=None
for i in range(100000):
    x=Nd(); x.n=d; d=x
del d,x
a=[]; 
for i in range(100000): a=[a]
b=a; 
while len(b) and b[0]: b=b[0]
b.append(a); del a,b; print(gc.collect()>=100000)
print('done')


# A function outlives its module, which the collector takes: its globals are untouched.
import types

module = types.ModuleType("module")
exec("value = 7\ndef function(): return value", module.__dict__)
function = module.function
cycle = [module]
cycle.append(cycle)
del module, cycle
gc.collect()
print(function())
# Weak references that finalisers make are dead before anything is cleared, and their callbacks are not called.
class LateFin:
    __slots__ = ('ref',)
    def __del__(self):
        global func
        func = self.ref()
class Cyclic(tuple):
    __slots__ = ()
    def __del__(self):
        self[1].ref = weakref.ref(self[0])
        global latefin
        del latefin
latefin = LateFin()
def func(): pass
cyc = tuple.__new__(Cyclic, (func, latefin))
func.__module__ = cyc
del func, cyc
gc.collect()
print(f"{func=}")
class A: pass
class D:
    def __del__(self):
        global made, called
        made = weakref.ref(self.a, lambda r: called.append(1))
called = []; made = None
d = D(); d.a = A(); d.a.d = d; del d; gc.collect(); print(made() if made else made, called)
