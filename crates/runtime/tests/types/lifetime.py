def t(f):
    try: print(repr(f()).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, '|', e, '|', getattr(e,'__notes__',''))
class V: pass
# del
log=[]
class DL:
    def __init__(s,n): s.n=n
    def __del__(s): log.append(s.n)
x=DL(1); del x; t(lambda:log)
class DR:
    def __del__(s): log.append(s)
x=DR(); del x; t(lambda:type(log[-1]).__name__); log.clear()
def rec():
    x=DL('a'); y=DL('b'); x.y=y; y.x=x
rec(); t(lambda:log)
# pickling support etc
t(lambda:(1).__class__); t(lambda:type.__or__(int,str)); t(lambda:bool.__base__); t(lambda:type.__flags__&512); t(lambda:dir(object)); 
class Str: 
    def __repr__(s): return 5
t(lambda:repr(Str())); t(lambda:str(Str()))
class Ini:
    def __init__(s): return 5
t(lambda:Ini())
class Cp:
    @classmethod
    def a(c): "doc"; return c.__name__
    @staticmethod
    def b(): "sdoc"; return 'b'
t(lambda:(Cp.a(),Cp().a(),Cp.b(),Cp().b(),Cp.__dict__['a'].__doc__,Cp.__dict__['b'].__name__,Cp.__dict__['b'](),Cp.__dict__['a'].__wrapped__.__name__,Cp.a.__self__ is Cp))
t(lambda: type('X',(),{'__slots__':()})().__dict__)
class Priv:
    __x=1
    def g(s): return s.__x
t(lambda:(Priv().g(),Priv._Priv__x))
t(lambda:isinstance(Priv(),(int,(str,Priv)))); t(lambda:isinstance(1,1)); t(lambda:issubclass(1,int))
class Buf:
    def __buffer__(s,f): return 5
t(lambda:type(Buf.__buffer__).__name__)
class Aw:
    def __await__(s): return iter([])
t(lambda: type(Aw().__await__()).__name__)
class Cg:
    def __class_getitem__(c,k): return (c.__name__,k)
t(lambda:Cg[3]); t(lambda:int[3])
for i in range(1200):
    V.zzz=i
    assert V.zzz==i
t(lambda:V.zzz)
