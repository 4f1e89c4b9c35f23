# A finalizer that drops an object with a finalizer meets the recursion limit, as any other recursion does.
import sys


class Chained:
    count = 0

    def __del__(self):
        Chained.count += 1
        chained()


def chained():
    Chained()


unraisable = []
sys.unraisablehook = unraisable.append
sys.setrecursionlimit(600)
try:
    chained()
except RecursionError:
    pass
sys.setrecursionlimit(1000)
print(Chained.count, len(unraisable) < 4)
