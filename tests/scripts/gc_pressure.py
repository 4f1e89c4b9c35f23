# Collections in the middle of everything.
# engine + gc under pressure
import gc
gc.set_threshold(50,3,3)
class N:
    def __init__(s,p): s.p=p; s.c=[]; p and p.c.append(s)
def tree(d,p=None):
    n=N(p)
    if d: tree(d-1,n); tree(d-1,n)
    return n
tot=0
for i in range(30):
    r=tree(6); tot+=len(r.c)
    def gen(n):
        for x in range(n): yield {x:[x,r]}
    g=gen(10); next(g); 
    e=[list(gen(3)) for _ in range(5)]
    try: raise ValueError(r)
    except ValueError as x: y=x
    z=lambda: (r,z)
print(tot, gc.get_stats()[0]['collections']>10)
gc.collect(); 
before=len(gc.get_objects())
for i in range(20): tree(5)
del r,e,g,y,z
gc.collect(); after=len(gc.get_objects())
print(after-before)
import _weakref
class K: pass
live=[]
for i in range(2000):
    k=K(); k.self=k; k.d={'a':k}; k.t=(k,[k]); live.append(_weakref.ref(k))
del k; gc.collect(); print(sum(w() is not None for w in live))
