def t(f):
    try: print(repr(f()).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, '|', e, '|', getattr(e,'__notes__',''))
def g2(s): 'two'
class A: pass
class B: pass
l=[]
t(lambda: type.__doc__); t(lambda: object.__doc__); t(lambda: type(len).__doc__); t(lambda: super.__doc__[:20]); t(lambda: len.__doc__); t(lambda:[].append.__doc__); t(lambda: dict.fromkeys.__doc__); t(lambda: int.__add__.__doc__); t(lambda: int.real.__doc__); t(lambda: object.__new__.__doc__); t(lambda: object.__init_subclass__.__doc__[:30]); t(lambda: type.__dict__['__base__'].__doc__); t(lambda: property.fget.__doc__); t(lambda: str.maketrans.__doc__[:20]); t(lambda: ValueError.__doc__); t(lambda: type.__call__.__text_signature__)
class P2(property): pass
class D2:
    def g(self): "gdoc"
    p=property(g); q=P2(g); r=property(g,doc='x')
print(D2.p.__doc__, D2.q.__doc__, D2.r.__doc__, P2.__dict__.keys(), vars(D2.q))
x=property(); print(x.__doc__)
def g2(s): "two"
y=D2.p.getter(g2); print(y.__doc__, D2.r.getter(g2).__doc__, D2.q.getter(g2).__doc__, type(D2.q.getter(g2)))
t(lambda: setattr(D2.p,'fget',1))
D2.p.__doc__='new'; print(D2.p.__doc__); D2.p.__name__='zz'; print(D2.p.__name__); del D2.p.__doc__; print(D2.p.__doc__)
print(D2.r.__name__, property(g2).__name__)
class Q2(property):
    "qdoc"
print(Q2(g2).__doc__, Q2().__doc__, Q2(g2,doc='z').__doc__)
class R2(property): __slots__=()
t(lambda: R2(g2).__doc__); t(lambda: R2(lambda s:1).__doc__)
class SS(super): pass
print(SS(bool,True).__int__(), repr(SS(bool,True)), super(bool,True).__class__)
for a in ('__thisclass__','__self__','__self_class__'): print(getattr(super(bool,True),a))
u=super(bool)
class UB(bool.__base__):
    pass
class UC(UB):
    def real2(s): return s.sup.bit_length()
UC.sup=super(UC); t(lambda: UC(5).real2())
for T in (tuple,str,bytes,float,frozenset,set,Exception,BaseException,complex,bytearray):
    class X(T): pass
    x=X(); x.a=1; print(T.__name__, x.__dict__, hex(X.__flags__), X.__basicsize__, X.__itemsize__, X.__dictoffset__, X.__weakrefoffset__)
class MX: pass
class EM(MX, Exception): pass
e=EM(1); e.z=2; print(e.__dict__, e.args)
class MM(MX, type): pass
class CX(metaclass=MM): q=1
print(type(CX.__dict__).__name__, CX.q, CX().__dict__)
import_test=1
print([c.__name__ for c in type.mro(MM)])
class Cyc:
    def __init__(self): self.me=self
    def __del__(self): print('del Cyc')
c=Cyc(); c.me=None; del c
class W: __slots__=('__weakref__',)
print(W().__weakref__)
def deco(c): c.tag=1; return c
@deco
class DC: pass
print(DC.tag)
class KW:
    def __new__(cls,*a,k=1,**kw): o=object.__new__(cls); o.r=(a,k,kw); return o
    def __init__(self,*a,**kw): pass
print(KW(1,2,k=3,z=4).r)
class IS: 
    def __instancecheck__(s,o): return o==3
print(isinstance(3,IS()), isinstance(4,IS()))
print(type('N',(int,),{})(5)+1, type('N2',(list,),{'__slots__':()})([1]), type(type('N2',(dict,),{})()))
t(lambda: type('Z',(int,),{'__slots__':'a'})); t(lambda: type('Z',(type(None),),{})); t(lambda: type('Z',(type(len),),{})); t(lambda:type('Z',(list,dict),{})); t(lambda:type('Z',(Exception,OSError),{})); t(lambda:type('Z',(OSError,Exception),{}).__mro__[1])
t(lambda: int.__new__(int,'7')); t(lambda: int.__init__(3)); t(lambda: [].__init__((1,2))); t(lambda: list.__init__(3)); t(lambda: object.__setattr__([], 'x', 1)); t(lambda: object.__getattribute__(3,'real')); t(lambda: object.__getattribute__(3,3)); t(lambda: object.__eq__(1,1)); t(lambda: object.__eq__(1,2)); t(lambda: object.__ne__(1,2)); t(lambda: object.__lt__(1,2)); t(lambda: object.__hash__(3)==object.__hash__(3)); t(lambda: object.__str__(3)); t(lambda: getattr(3,'x',9)); t(lambda: hasattr(3,'x')); t(lambda: getattr(int,'x',9)); t(lambda: getattr(3,4))
