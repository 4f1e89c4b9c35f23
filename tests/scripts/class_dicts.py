# The dict of a class changed past the class, as gc.get_referrers allows: lookups that were cached see it. (CPython 3.14 dies of it.)
import gc


def dict_of(cls):
    return gc.get_referents(cls.__dict__)[0]


class Base:
    def f(self):
        return 1

    x = 1


class Derived(Base):
    pass


def use(thing):
    return thing.f(), thing.x, Derived.x


thing = Derived()
for _ in range(50):
    use(thing)
namespace = dict_of(Base)
namespace["f"] = lambda self: [2]
namespace["x"] = object
gc.collect()
print(use(thing))
namespace.update(f=lambda self: [3], x=3)
print(use(thing))
for _ in range(50):
    use(thing)
del namespace["x"]
print(hasattr(thing, "x"), namespace.pop("f")(thing), hasattr(thing, "f"))
Base.x = [4]
namespace |= {"f": lambda self: [5]}
print(use(thing))
namespace.clear()
print(hasattr(Derived, "x"), hasattr(thing, "f"))
# The dict outlives the class.
del thing, Derived, Base
gc.collect()
namespace["f"] = 1
print(namespace)
