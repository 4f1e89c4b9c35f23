# Dicts, sets, their views and iterators, and the attributes of instances.
def t(e, g={}):
    try: print(e, '->', eval(e, dict(globals(), **g)))
    except BaseException as x: print(e, '->', type(x).__name__, x, getattr(x,'__notes__',None))
class H(list): pass
for e in ('{}.pop(1,2,3)','{}.pop([],3)','{}[[]]','{}.get([])','{[]:1}', 'dict(1)','dict([1])','dict([(1,2,3)])','{}.update(1,2)','dict.fromkeys()','{1,[]}','[] in {1}','{}|1','{}|{}|[]','{}.setdefault([])','{}.popitem()','set().pop()','set().remove(1)','set([[]])','{1}.remove([1])','{1}.discard([1])','{1}&[1]','set(1)','{}.update(5)','{}.update([5])','{}.__ior__(5)','dict(**{1:2})','hash({})','{}<{}','{}.pop()', '{}.get()','dict(a=1,*[1,2])','dict.fromkeys(1)','{[]}','set().union(1)','set(1,2)','frozenset(a=1)','set(a=1)','[] in {}','{}.__contains__([])','dict().__init__(1,2)','{}.copy(1)','{}.keys()&1','{}.keys().isdisjoint(1)','{}.keys()|1','1|{}.keys()', '{}.keys()^[[]]','{}.items()^1','{}.items().__reversed__(1)','{}.keys().mapping[1]','dict([[1,2],[1]])','dict.__class_getitem__()','{}.setdefault()','set().update(1)','set().add()','set()<[]','set().issubset(1)','set().__reduce__(1)','iter({}).__reduce__()','iter({1}).__length_hint__()','{1}.__sizeof__()','{1:2}.__sizeof__()','{}.__sizeof__()', 'set().__init__(1,2)', '{1}|2','set().symmetric_difference(1)','{H()}','{H():1}'): t(e)
k={1:2}.keys()
print(repr(k), k>{1}, k=={1}, k.__rsub__([1,2]) , repr({1:2}.items()))
for e in ('k<[1]','k&[1]','k-[1]', '[1,2]-k','k|"ab"' if 0 else '0','k.isdisjoint("ab")', '{1:[]}.items() - {1}', '{1:[]}.items() & [(1,[])]', '{1:2}.items() & [(1,2),(3,4)]', '{1:[]}.items() | {1}','(1,2,3) in {1:2}.items()', '{1:2}.keys()^{1:3}.keys()', '{1:2}.items()^{1:3}.items()','{1:2}.items().isdisjoint({1:3}.items())','{1:[]}.items() ^ {1}', '{1:[]}.items() ^ {1:[1]}.items()'): t(e)
d={};d[1]=d.values(); print(d, d.values()); d[2]=d; print(d)
d={1:2,3:4}
it=iter(d.items())
next(it); del d[1]; d[5]=6
t('list(it)')
it=reversed(d); print(it.__reduce__(), list(it), it.__reduce__())
it=iter(d);list(it); print(it.__reduce__())
it=iter(d); d[9]=1
t('next(it)'); t('next(it)'); t('it.__reduce__()')
class S(set): pass
class F(frozenset): pass
print(set(), frozenset(), {1}, frozenset([1]), S([1]), F(), F([1]))
print({1}.__reduce__(), frozenset([1]).__reduce__())
s=S([1]); s.x=1
f=frozenset([1]); print(f.copy() is f, frozenset(f) is f, frozenset() is frozenset([]), F(f) is f, F(F()) , f|set() is f)
print({1}|frozenset([2]), frozenset([1])|{2}, S([1])|{2}, type(S([1])-{2}), type(F()|{1}), type({1}|S()))
it=iter({1,2}); next(it); print(it.__reduce__(), it.__length_hint__())
s={1,2}; it=iter(s); s.add(3)
t('next(it)'); t('next(it)')
print({1:2} .keys() == {1}, {1} < {1,2}, {1} == frozenset([1]), {frozenset([1])}.__contains__({1}), {1} <= frozenset({1}))
a=set(range(10)); a-=a; print(a)
a=set(range(10)); a^=a; print(a)
a=set(range(10)); a.discard(3); a.discard(9); a.add(19); a.add(3); print(list(a), a.__sizeof__())
a=set(); 
for i in range(0,1000,7): a.add(i)
for i in range(0,1000,14): a.discard(i)
for i in range(0,3000,33): a.add(i)
print(hash(tuple(a)), a.__sizeof__(), hash(frozenset(a)), hash(frozenset()))
print(list({-1,-2, 8,16,24,0}), [a.pop() for i in range(3)])
t('{1}.remove((1,2))')
print({1,2,3}.intersection([2,3],{3}), {1,2}.symmetric_difference([2,3,3]), {1,2,3}.difference([1],{2}))
class A:
    def __hash__(s): return 1
    def __eq__(s,o): print('eq',s.n,o.n if hasattr(o,'n') else o); return False
    def __init__(s,n): s.n=n
x,y=A('x'),A('y')
s={x}; y in s; s|{y}; {x}=={y}; {x}&{y}; {x}-{y}; {x}^{y}
d={x:1}; d.get(y); d[y]=2; {x:1}=={y:1}; d.pop(A('z'),0); d.setdefault(A('w'),1); print(len(d))
t('set.__init__.__doc__ is not None'); t('set.__text_signature__')
class D(dict):
    def __missing__(s,k): return ('missing',k)
print(D()[3], D({1:2})[1], D.fromkeys('ab',1), D(a=1)|{'b':2}, type({}|D()), type(D()|{}))
t('D().pop(1)')
class M:
    def keys(s): return ['a','b']
    def __getitem__(s,k): return k*2
print(dict(M(),z=1), {**M()}); d={}; d.update(M()); print(d); d|=[('q',1)]; print(d)
for T in (dict, type({}.keys()), type({}.values()),type({}.items()),type(iter({})),type(reversed({})),set,frozenset,type(iter({1}))):
    print(T, T.__basicsize__, hex(T.__flags__ & ~(1<<19)), T.__dictoffset__, T.__weakrefoffset__, T.__text_signature__)
    for k,v in sorted(vars(T).items()):
        if k!='__doc__': print('  ',k,type(v).__name__,getattr(v,'__text_signature__',None))
class P: pass
p=P(); p.a=1; p.b=2; q=P(); q.b=3; q.a=4; print(p.__dict__, q.__dict__, vars(p) is p.__dict__)
p.__dict__['c']=5; print(p.c, p.__dict__); del p.a; print(p.__dict__, p.__dict__.__sizeof__()); p.__dict__={'z':1}; print(p.z, p.__dict__); t('p.a')
pd=q.__dict__; q.new=1; print(pd); del q; print(pd); pd['m']=1; print(pd)
r=P()
for i in range(40): setattr(r,'x%d'%i,i)
print(len(r.__dict__), r.x39, list(r.__dict__)[:3]); del r.x0; t('r.x0'); print(list(r.__dict__)[:3])
r.__dict__.clear(); print(r.__dict__); r.k=1; print(r.__dict__, {}.popitem if 0 else r.__dict__.popitem(), r.__dict__)
x=P(); x.a=1; xd=x.__dict__; xd.clear(); x.b=2; print(xd, x.__dict__ is xd); xd[3]=4; x.c=5; print(xd)
