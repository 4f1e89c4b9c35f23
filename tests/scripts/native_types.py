"""Types of native modules as classes: what may be set on them, and that classes derived from them come and go."""
import _random, array, collections, decimal, functools, gc, itertools, os, re, threading, time, types, typing, zlib

for cls in (functools.partial, collections.deque, itertools.count, re.Pattern, decimal.Decimal, os.stat_result, time.struct_time,
            _random.Random, type(zlib.compressobj()), typing.Generic, array.array, type(threading.RLock())):
    print(cls.__module__, cls.__qualname__, hex(cls.__flags__ & ~(1 << 19)), "__module__" in vars(cls), cls.__text_signature__)
    try:
        cls.mark = 1
        print("set", cls.mark)
        del cls.mark
    except TypeError as error:
        print(error)


def derived(base, *arguments):
    """A class, an instance that refers to itself, and a class attribute that refers to the instance."""
    class cls(base):
        pass

    cls.__name__ = "Derived"
    instance = cls(*arguments)
    instance.me = instance
    cls.instance = instance


for base, *arguments in ((functools.partial, len), (collections.deque,), (itertools.count,), (threading.local,), (array.array, "i"),
                         (itertools.chain,), (collections.defaultdict, list), (_random.Random,), (type(threading.RLock()),), (decimal.Decimal, 1),
                         (typing.Generic[typing.T],)):
    for _ in range(50):
        derived(base, *arguments)
    gc.collect()
    origin = typing.get_origin(base) or base
    print(origin.__name__, [cls for cls in origin.__subclasses__() if cls.__name__ == "Derived"])

# Unmade instances of those types that `object` makes are harmless.
for cls in type(iter([])), functools.partial, itertools.count, re.Pattern:
    try:
        object.__new__(cls)
    except TypeError as error:
        print(error)

print(types.CapsuleType, types.MemberDescriptorType, types.GetSetDescriptorType)
code = (lambda: 0).__code__
print(type(code.co_lines()), type(code.co_positions()), list(code.co_lines())[:1])
context = decimal.Context()
print("flags" in dir(context), type(context.flags).__name__, hasattr(context, "traps"))
context.flags[decimal.Inexact] = True
print(context.flags[decimal.Inexact], context.flags[decimal.Overflow])
try:
    del context.flags
except AttributeError as error:
    print(error)
