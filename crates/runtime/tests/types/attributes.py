def show(t,C): print(t, [(k,str(v).split(' at 0x')[0]) for k,v in C.__dict__.items() if 'annot' in k or k in('__type_params__','__static_attributes__','__firstlineno__')])
def t(f):
    try: print(repr(f()).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, '|', e, '|', getattr(e,'__notes__',''))
class A: x:int
show(0,A); A.__annotate__; show(1,A); A.__annotations__; show(2,A); A.__annotations__={}; show(3,A); A.__annotate__=None; show(4,A); A.__annotations__; show(5,A)
A.__annotate__=lambda f:{'y':int}; show(6,A); print(A.__annotations__); show(7,A); del A.__annotations__; show(8,A); print(A.__annotations__)
t(lambda: delattr(A,'__annotate__')); A.__annotate__=None; show(9,A)
class B: pass
show('B0',B); B.__annotate__; show('B1',B); B.__annotations__; show('B2',B); del B.__annotations__; show('B3',B); t(lambda: delattr(B,'__annotations__'))
class C: pass
C.__annotations__=1; show('C',C); print(C.__annotations__); del C.__annotations__; show('C1',C); t(lambda: delattr(C,'__annotations__'))
D=type('D',(),{'__annotations__':{'a':1}}); show('D',D); print(D.__annotations__); D.__annotations__={'b':2}; show('D2',D); D.__annotate__=lambda f:{}; show('D3',D); del D.__annotations__; show('D4',D)
E=type('E',(),{'__annotate__':lambda f:{'k':1}}); show('E',E); t(lambda:E.__annotate__); print(E.__annotations__); show('E1',E)
F=type('F',(),{'__annotate__':1}); t(lambda:F.__annotations__); t(lambda:F.__annotate__)
F.__annotate__=lambda f:3; t(lambda:F.__annotations__); t(lambda: setattr(int,'__annotate__',1)); t(lambda: setattr(int,'__annotations__',1)); t(lambda: setattr(int,'__type_params__',1)); t(lambda: delattr(int,'__annotate__'));t(lambda: delattr(int,'__name__'))
M=type('M',(),{'__module__':3}); t(lambda: repr(M)); t(lambda: M.__module__); t(lambda: setattr(A,'__module__',None)); t(lambda: repr(A)); show('A',A)
class P:
    def __set_name__(s,o,n): raise ValueError('no')
try:
    class Q: p=P()
except Exception as e: print(type(e),e,e.__notes__)
t(lambda: type('a',(),{}, x=1)); t(lambda: type.__init__(A,x=1)); t(lambda: type.__init__(A,1,2)); t(lambda: type.__init__(A,1,2,3,x=3)); t(lambda: type(1,x=2)); t(lambda: type(x=2)); t(lambda: type('a',(),d={}))
t(lambda: type('a',(),{'__classcell__':1})); t(lambda: object.__init_subclass__(1)); t(lambda: object.__init_subclass__(x=1)); t(lambda: type.__subclasses__()); t(lambda: type.mro()); t(lambda: type.__prepare__(1,2,3)); t(lambda: type.__or__(int,1)); t(lambda: int|None); t(lambda:int|1); t(lambda: type.__ror__(int,str))
t(lambda: object.__format__(1,'x')); t(lambda: object.__format__(1,'')); t(lambda: object.__format__(1,2)); t(lambda: object.__dir__(1)[:3]); t(lambda: object.__sizeof__(1)); t(lambda: A.__sizeof__()); t(lambda: type.__sizeof__(int)); t(lambda: object.__subclasshook__()); t(lambda: object.__subclasshook__(1)); t(lambda: len.__reduce__()); t(lambda:[].append.__reduce__()); t(lambda: list.append.__reduce__()); t(lambda:(1).__add__.__reduce__()); t(lambda: type(len)()); t(lambda: (lambda:1).__get__(1).__reduce__()); t(lambda: type((lambda:1).__get__(1))()); t(lambda: type((lambda:1).__get__(1))(1,2)); t(lambda: type((lambda:1).__get__(1))(len,None)); t(lambda: type((lambda:1).__get__(1))(len,1,x=2)); t(lambda: sorted(A().__dir__())[:4]);
def absm(f):
    f.__isabstractmethod__=True
    return f
class AB:
    @absm
    def f(self): pass
AB.__abstractmethods__=frozenset(['f'])
t(AB); t(lambda: AB.__flags__ & (1<<20)); AB.__abstractmethods__=frozenset(['f','g']); t(AB); del AB.__abstractmethods__; t(lambda: type(AB()).__name__); t(lambda: AB.__abstractmethods__); t(lambda: AB.__dict__['f'].__isabstractmethod__); t(lambda: property(AB.f).__isabstractmethod__); t(lambda: classmethod(AB.f).__isabstractmethod__)
t(lambda: super(A, A()).foo); print(len.__module__, len.__qualname__, [].append.__qualname__, dict.fromkeys.__qualname__, list.append.__qualname__, (1).__add__.__qualname__, [].append.__self__, [].append.__module__, dict.fromkeys.__self__, object.__new__.__qualname__, object.__new__.__self__, list.append.__objclass__, (1).__add__.__objclass__, int.__add__.__qualname__)
t(lambda: hash(len)==hash(len)); t(lambda: [].append==[].append); t(lambda: len==len); t(lambda: len<len); l=[]; t(lambda: l.append==l.append); t(lambda: l.__len__==l.__len__); t(lambda: (lambda:1).__get__(1)==2)
t(lambda: repr((lambda:1).__get__(1)).split(' at')[0]); t(lambda: int.__dict__['from_bytes'].__text_signature__); t(lambda: B.__text_signature__); t(lambda: type.__text_signature__); t(lambda: object.__text_signature__); t(lambda: dict.__text_signature__); t(lambda:B.__doc__);
