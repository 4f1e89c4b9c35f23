# What Python code does in the middle of an operation, and what is left of things that end meanwhile.
import gc
import types
import warnings


def refused(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


# A module can be garbage while its functions are not.
module = types.ModuleType("module")
exec("value = 1\ndef f(): return value", module.__dict__)
f = module.f
loop = [module]
loop.append(loop)
del module, loop
gc.collect()
print(f())

# Code without variables of its own runs in the globals of its function.
names = {}
types.FunctionType(compile("x = 1", "code", "exec"), names)()
print(names)


# Lists that comparison empties are compared by what is left.
class Clears:
    def __init__(self, victim):
        self.victim = victim

    def __eq__(self, other):
        self.victim.clear()
        return NotImplemented


left, right = [], []
left.append(Clears(right))
right.append(Clears(left))
print(left == right)
left = []
left.append(Clears(left))
print(left == [1])


# A sort whose keys change the list as they die.
class Dies:
    def __init__(self, item):
        pass

    def __lt__(self, other):
        return id(self) < id(other)

    def __del__(self):
        data[:] = range(20)


data = list(range(10))
print(refused(lambda: data.sort(key=Dies)))


# An order without the class itself.
class Vanishing(type):
    def mro(cls):
        del Vanishing.mro
        return (object,)


print(refused(Vanishing, "C", (), {}))


class Incomplete(type):
    def mro(cls):
        if cls.__mro__ is None and cls.__name__ != "Child":
            print(refused(Incomplete, "Child", (cls,), {}))
        return type.mro(cls)


Incomplete("Base", (), {})

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    type("C", (), {1: 2})
    print([str(warning.message) for warning in caught])


# Buffers of classes that derive from native types.
class Native(bytearray):
    def __buffer__(self, flags):
        return super().__buffer__(flags)

    def __release_buffer__(self, view):
        print("release", refused(memoryview, view))
        super().__release_buffer__(view)


array = Native(b"hello")
with memoryview(array) as view:
    print(view.tobytes(), refused(array.clear))
array.clear()


class Given:
    def __buffer__(self, flags):
        self.view = memoryview(b"given")
        return self.view

    def __release_buffer__(self, view):
        print(view is self.view, view.tobytes())


with memoryview(Given()) as view:
    print(view.tobytes())
