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


# An awaitable that nobody awaited goes away while an exception is on its way out of native code: the warning leaves it alone.
import warnings


async def numbers():
    yield


async def nothing():
    pass


warnings.simplefilter("ignore")
for make in lambda: numbers().asend(None), lambda: numbers().athrow(KeyError), lambda: numbers().aclose(), nothing:
    try:
        dict((make(), 1, 2) for _ in range(1))
    except ValueError as error:
        print(error)
