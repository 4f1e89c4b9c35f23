def t(f):
    try: print(repr(f()).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, '|', e, '|', getattr(e,'__notes__',''))
# slots
class SL:
    __slots__=('b','a','__priv')
    def __init__(s): s.a=1; s.__priv=2
s=SL(); t(lambda:SL.__slots__); t(lambda:s._SL__priv); t(lambda:s.b); t(lambda:SL.a); t(lambda:sorted(SL.__dict__)); s.b=3; t(lambda:s.b)
class SL2(SL): __slots__=('c','__dict__')
s2=SL2(); s2.c=4; s2.q=5; t(lambda:(s2.a,s2.c,s2.q,s2.__dict__))
class SL3(SL): pass
s3=SL3(); s3.z=1; t(lambda:(s3.z,s3.__dict__)); 
# class assignment
class CA:
    def who(s): return 'CA'
class CB:
    def who(s): return 'CB'
o=CA(); o.k=1; o.__class__=CB; t(lambda:(o.who(),o.k,o.__dict__,type(o).__name__)); o.j=2; t(lambda:o.__dict__)
# dict replacement
o.__dict__={'n':1}; t(lambda:o.n); t(lambda:o.k); del o.__dict__; t(lambda:o.__dict__)
d=o.__dict__; o.a1=1; t(lambda:d); d['b1']=2; t(lambda:o.b1); del o; t(lambda:d)
# many attributes
class Many: pass
m=Many()
for i in range(60): setattr(m,'a%d'%i,i)
t(lambda:(m.a0,m.a59,len(m.__dict__))); del m.a5; t(lambda:len(m.__dict__)); t(lambda:m.a5)
# super
class P:
    def f(s): return 'P.f'
    @classmethod
    def c(k): return 'P.c '+k.__name__
    @property
    def pr(s): return 'P.pr'
    val=3
class Q(P):
    def f(s): return 'Q>'+super().f()
    @classmethod
    def c(k): return 'Q>'+super().c()
    @property
    def pr(s): return 'Q>'+super().pr
    def g(s): return super().val, super(Q,s).f(), super().__class__, super().nope
t(lambda:Q().f()); t(lambda:Q.c()); t(lambda:Q().c()); t(lambda:Q().pr); t(lambda:Q().g())
class R(Q):
    def f(s):
        def inner(): return s
        return super().f()
t(lambda:R().f())
# dunder set later
class La: pass
la=La(); t(lambda:len(la)); La.__len__=lambda s:11; t(lambda:len(la)); del La.__len__; t(lambda:len(la))
class Lb(La): pass
lb=Lb(); La.__call__=lambda s:'called'; t(lambda:lb()); La.__add__=lambda s,o:'added'; t(lambda:lb+1); Lb.__add__=lambda s,o:'B'; t(lambda:(la+1,lb+1)); del La.__add__; t(lambda:la+1); t(lambda:lb+1)
La.__new__=lambda c,*a:object.__new__(c); t(lambda:type(La(1,2)).__name__); del La.__new__; t(lambda:La(1)); t(lambda:type(La()).__name__)
class NN:
    def __new__(c,*a,**k): o=super().__new__(c); o.args=a; return o
t(lambda:NN(1,2).args)
class NI(int):
    def __new__(c,x): return super().__new__(c,x+1)
t(lambda:NI(4)); t(lambda:type(NI(4)).__name__); ni=NI(1); ni.foo=2; t(lambda:ni.foo); t(lambda:ni+1)
class LI(list):
    def append(s,x): super().append(x*2)
l=LI([1]); l.append(5); l.q=1; t(lambda:(l,l.q,len(l)))
class DI(dict):
    def __missing__(s,k): return 'm'+k
t(lambda:DI()['a']); 
class EX(Exception):
    def __init__(s,a,b): super().__init__(a); s.b=b
t(lambda:(EX(1,2).args,EX(1,2).b))
def r(): raise EX('x','y')
t(r)
class GA:
    def __getattribute__(s,n):
        if n=='yy': return 'gotyy'
        return object.__getattribute__(s,n)
t(lambda:GA().yy); t(lambda:GA().zz)
class GB(GA):
    def __getattr__(s,n): return 'fallback '+n
t(lambda:GB().yy); t(lambda:GB().zz)
class SA:
    def __setattr__(s,n,v): object.__setattr__(s,n,v*2)
    def __delattr__(s,n): object.__delattr__(s,n)
sa=SA(); sa.x=4; t(lambda:sa.x); del sa.x; t(lambda:sa.x); t(lambda: object.__setattr__(SA,'x',1)); t(lambda: object.__setattr__(int,'x',1)); t(lambda: type.__setattr__(SA,'yy',1)); t(lambda:SA.yy)
