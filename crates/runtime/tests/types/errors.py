def t(f):
    try: print(repr(f()).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, '|', e, '|', getattr(e,'__notes__',''))
t(lambda: int.__pow__(1)); t(lambda: int.__pow__(1,2,3,4)); t(lambda: int.__pow__())
t(lambda: int.__add__(1)); t(lambda: int.__add__('a')); t(lambda: int.__add__(1,2,3)); t(lambda:(1).__add__(1,k=2))
t(lambda: type(property().__get__).__call__); t(lambda: property().__get__()); t(lambda: property().__get__(None,None))
t(lambda: property().__get__(1,2,3))
t(lambda: [].append()); t(lambda: [].append(1,2)); t(lambda: [].append(x=1)); t(lambda: list.append()); t(lambda: list.append(1)); t(lambda: list.append([],1,2))
t(lambda: [].clear(1)); t(lambda: [].clear(a=1)); t(lambda: [].insert(1)); t(lambda: [].insert(1,2,x=3)); t(lambda: {}.fromkeys()); t(lambda: dict.fromkeys(1,2,3,4)); t(lambda: len()); t(lambda: len(1,2)); t(lambda: len(x=1)); t(lambda: dict.__dict__['fromkeys']()); t(lambda: dict.__dict__['fromkeys'](int)); t(lambda: dict.__dict__['fromkeys'](1));t(lambda: dict.__dict__['fromkeys'](dict,[1]))
t(lambda: dict.__dict__['fromkeys'].__get__(1)); t(lambda: dict.__dict__['fromkeys'].__get__(None,1)); t(lambda: dict.__dict__['fromkeys'].__get__(None,int)); t(lambda: dict.__dict__['fromkeys'].__get__({}).__self__)
t(lambda: list.append.__get__(1)); t(lambda: list.append.__get__(None,list)); t(lambda: list.append.__get__(None)); t(lambda: list.append.__get__(None, None))
t(lambda: int.real.__get__('a')); t(lambda: int.real.__set__(1,2)); t(lambda: int.real.__set__('a',2)); t(lambda: type.__dict__['__base__'].__set__(int,2)); t(lambda: int.real.__delete__(1))
t(lambda: int.__add__.__get__('a')); t(lambda: int.__add__()); t(lambda: repr(int.__add__)); t(lambda: repr((1).__add__)[:40]); t(lambda: repr(list.append)); t(lambda: repr([].append)[:40]); t(lambda: repr(len)); t(lambda: repr(dict.__dict__['fromkeys'])); t(lambda: repr(int.real)); t(lambda: repr(type.__dict__['__base__'])); t(lambda:repr(int.from_bytes)[:40]); t(lambda: object.__new__()); t(lambda: object.__new__(1)); t(lambda: list.__new__(int)); t(lambda: int.__new__(bool)); t(lambda: object.__new__(int)); t(lambda: object.__new__(object,1)); t(lambda: object(1)); 
class A: pass
t(lambda: A(1)); t(lambda: A().__init__(1)); 
class B:
    def __init__(self,a): pass
    def __repr__(self): return 'B'
t(lambda: object.__new__(B,1)); t(lambda: B(1).__new__(B,1)); t(lambda: object.__init__(B(1),2)); t(lambda: type.__call__()); t(lambda: type()); t(lambda: type(1,2)); t(lambda: type(1,2,3)); t(lambda: type('a',(),1)); t(lambda: type('a',[],{})); t(lambda: type('a',(1,),{})); t(lambda: type('a',(bool,),{})); t(lambda: type('a',(int,str),{})); t(lambda: type('a\0',(),{}))
t(lambda: B()); t(lambda: B(1,2)); t(lambda: B(a=3)); t(lambda: B(b=3))
t(lambda: type('a',(A,A),{})); t(lambda: type('a',(object,A),{})); t(lambda: type.__new__(int)); t(lambda: type.__new__(1,2,3,4)); t(lambda: type.__new__(type)); t(lambda: type('a',(),{'__slots__':1})); t(lambda: type('a',(),{'__slots__':[1]})); t(lambda: type('a',(),{'__slots__':['1']})); t(lambda: type('a',(A,),{'__slots__':['__dict__']})); t(lambda: type('a',(A,),{'__slots__':['__weakref__']})); t(lambda: type('a',(),{'__slots__':['x'],'x':1})); t(lambda: type('a',(),{'__qualname__':1})); t(lambda: type('a',(),{'__slots__':['__dict__','__dict__']}))
t(lambda: setattr(int,'x',1)); t(lambda: delattr(int,'x')); t(lambda: int.x); t(lambda: A().x); t(lambda: setattr(object(),'x',1)); t(lambda: setattr([],'append',1)); t(lambda: delattr(A(),'x')); t(lambda: delattr(A,'x')); t(lambda: setattr(A,'__name__',1)); t(lambda: setattr(int,'__name__','a')); t(lambda: delattr(A,'__name__')); t(lambda: setattr(A,'__bases__',1)); t(lambda: setattr(A,'__bases__',())); t(lambda: setattr(A,'__bases__',(1,))); t(lambda: setattr(A,'__bases__',(int,))); t(lambda: setattr(A,'__bases__',(A,))); t(lambda: setattr(A(),'__class__',1)); t(lambda: setattr(A(),'__class__',int)); t(lambda: setattr(1,'__class__',A)); t(lambda: delattr(A(),'__class__')); t(lambda: setattr(A,'__qualname__',1)); t(lambda: setattr(A,'__dict__',1)); t(lambda: setattr(A(),'__dict__',1)); t(lambda: delattr(A(),'__dict__')); t(lambda: setattr(A,'__module__',1)); t(lambda: delattr(A,'__module__')); t(lambda: A.__abstractmethods__); t(lambda: setattr(A,'__mro__',1)); t(lambda: setattr(A,'__doc__',1)); t(lambda: delattr(A,'__doc__')); t(lambda: setattr(int,'__doc__',1)); t(lambda: setattr(A,'__annotations__',1));t(lambda: setattr(A,'__annotate__',1)); t(lambda: int.__annotations__); t(lambda: int.__annotate__); t(lambda: delattr(A,'__annotations__')); t(lambda: setattr(A,'__type_params__',1)); t(lambda: delattr(A,'__type_params__')); t(lambda: A.__type_params__); t(lambda: int.__type_params__); t(lambda:int.__module__);t(lambda:setattr(A,'__qualname__','a\0')); t(lambda:setattr(A,'__name__','a\0'));t(lambda:setattr(A,'__name__','a\ud800'))
class S:
    __slots__='x'
t(lambda: S().x); t(lambda: delattr(S(),'x')); t(lambda: setattr(S(),'y',1)); t(lambda: S().y); t(lambda: S().__dict__)
t(lambda: setattr(S(),'__class__',A)); t(lambda: super()); t(lambda: super(1)); t(lambda: super(int,'a')); t(lambda: super(int,1).x); t(lambda: super(int)); t(lambda: repr(super(int,1))); t(lambda: super(int,1,2)); t(lambda: super(x=1)); t(lambda: super(int).__get__(1)); t(lambda: super(bool).__get__(1))
def f(): super()
def g(x): super()
def h(x):
    del x
    super()
t(f); t(lambda: g(1)); t(lambda: h(1))
class D:
    @property
    def p(self): raise AttributeError('u')
    q=property(); r=property(lambda s:1)
t(lambda: D().q); t(lambda: setattr(D(),'q',1)); t(lambda: setattr(D(),'r',1)); t(lambda: delattr(D(),'r')); t(lambda: property(1,2,3,4,5)); t(lambda: property(x=1)); t(lambda: property().__get__(1)); t(lambda: property().__set__(1,2)); t(lambda: property().__set_name__(1)); t(lambda: property().__name__)
t(lambda: classmethod()); t(lambda: classmethod(1,2)); t(lambda: repr(classmethod(f))[:25]); t(lambda: staticmethod(1)()); t(lambda: repr(staticmethod(f))[:25]); t(lambda: classmethod(f,x=1)); t(lambda: classmethod(x=1))
