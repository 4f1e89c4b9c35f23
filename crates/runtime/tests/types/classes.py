def t(f):
    try: print(repr(f()).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, '|', e, '|', getattr(e,'__notes__',''))
class V:
    def __init__(self,x): self.x=x
    def __add__(self,o): return ('add',self.x,getattr(o,'x',o))
    def __radd__(self,o): return ('radd',self.x,o)
    def __len__(self): return self.x
    def __getitem__(self,i):
        if i>=self.x: raise IndexError(i)
        return i*2
    def __contains__(self,o): return o==self.x
    def __eq__(self,o): return isinstance(o,V) and self.x==o.x
    def __call__(self,*a,**k): return (a,sorted(k.items()))
    def __bool__(self): return self.x>1
    def __iadd__(self,o): self.x+=o; return self
    def __pow__(self,o,m=None): return ('pow',o,m)
    def __rpow__(self,o,m=None): return ('rpow',o,m)
    def __index__(self): return self.x
    def __getattr__(self,n): return 'ga_'+n
    def __str__(self): return 'str'
    def __format__(self,s): return 'F'+s
    def __lt__(self,o): return True
    def __neg__(self): return 'neg'
    def __divmod__(self,o): return 'dm'
    def __matmul__(self,o): return 'mm'
    def __iter__(self): return iter([1,2])
    def __setitem__(self,k,v): self.last=(k,v)
    def __delitem__(self,k): self.last=('d',k)
    def __hash__(self): return 7
v=V(3)
t(lambda:v+1); t(lambda:1+v); t(lambda:v+v); t(lambda:len(v)); t(lambda:v[1]); t(lambda:3 in v); t(lambda:v==V(3)); t(lambda:v!=V(3)); t(lambda:v(1,2,a=3)); t(lambda:bool(v)); t(lambda:pow(v,2)); t(lambda:pow(2,v)); t(lambda:pow(v,2,3)); t(lambda:pow(2,v,5)); t(lambda:[10,20,30,40][v]); t(lambda:v.zork); t(lambda:str(v)); t(lambda:format(v,'x')); t(lambda:v<1); t(lambda:-v); t(lambda:divmod(v,1)); t(lambda:v@1); t(lambda:list(v)); t(lambda:hash(v))
v[1]=2; t(lambda:v.last)
del v[5]; t(lambda:v.last)
v+=4; t(lambda:v.x); t(lambda:~v); t(lambda:v*2); t(lambda:2*v); t(lambda:int(v)); t(lambda:float(v)); t(lambda:abs(v))
class E1:
    def __eq__(self,o): return True
t(lambda:hash(E1())); print(E1.__hash__)
class H1:
    def __hash__(self): return 5
t(lambda:hash(H1())); t(lambda:H1()==H1()); h=H1(); t(lambda:h==h); t(lambda:h!=h); t(lambda: h<h)
class H2:
    def __hash__(self): return 'x'
t(lambda:hash(H2()))
class H3:
    def __hash__(self): return 2**100
t(lambda:hash(H3())); 
class L1:
    def __len__(self): return -1
t(lambda:len(L1())); t(lambda: bool(L1()))
class B1:
    def __bool__(self): return 1
t(lambda:bool(B1()))
class I1:
    def __iter__(self): return 1
t(lambda:iter(I1())); t(lambda:[*I1()])
class I2: __iter__=None
t(lambda:iter(I2())); t(lambda: 1 in I2())
class N1:
    __next__=lambda s: 5
    __iter__=lambda s:s
t(lambda:next(N1())); t(lambda: next(V(1)))
class Meta(type):
    def __new__(m,n,b,d,**k):
        c=super().__new__(m,n,b,d); c.kw=k; return c
    def __init__(c,n,b,d,**k): super().__init__(n,b,d)
    def __call__(c,*a,**k):
        o=super().__call__(*a,**k); o.made=True; return o
    def __getattribute__(c,n):
        if n=='magic': return 42
        return super().__getattribute__(n)
    def __instancecheck__(c,o): return o==1
    def __len__(c): return 99
    @property
    def prop(c): return 'prop'+c.__name__
    def __prepare__(n,b,**k): return {'prep':1}
class M1(metaclass=Meta,z=3): pass
t(lambda:M1.kw); t(lambda:M1().made); t(lambda:M1.magic); t(lambda:isinstance(1,M1)); t(lambda:len(M1)); t(lambda:M1.prop); t(lambda:M1.prep); t(lambda:type(M1)); 
class M2(M1): pass
t(lambda:type(M2)); t(lambda:M2().made); t(lambda:M2.prop)
class Sub:
    subs=[]
    def __init_subclass__(cls,**k): Sub.subs.append((cls.__name__,k))
class S1(Sub,a=1): pass
class S2(S1,b=2): pass
t(lambda:Sub.subs)
class Desc:
    def __set_name__(s,o,n): s.n=(o.__name__,n)
    def __get__(s,o,t): return (s.n,o is None,t.__name__)
class HD:
    d=Desc()
t(lambda:HD.d); t(lambda:HD().d)
class DD(Desc):
    def __set__(s,o,v): o.__dict__['set']=v
    def __delete__(s,o): o.__dict__['del']=1
class HDD: d=DD()
x=HDD(); x.d=5; del x.d; t(lambda:x.__dict__); x.__dict__['d']=1; t(lambda:x.d)
# mro
class O1: pass
class O2(O1): pass
class O3(O1): pass
class O4(O2,O3): pass
t(lambda:[c.__name__ for c in O4.__mro__]); t(lambda:O4.__bases__); t(lambda:O1.__subclasses__())
O2.__bases__=(O3,)
t(lambda:[c.__name__ for c in O4.__mro__]); t(lambda:O1.__subclasses__()); t(lambda:O3.__subclasses__())
class CM(type):
    def mro(cls): return [cls,O1,object]
class CMC(metaclass=CM): pass
t(lambda:CMC.__mro__); O1.zz=5; t(lambda:CMC.zz); O1.zz=6; t(lambda:CMC.zz); del O1.zz; t(lambda:CMC.zz)
