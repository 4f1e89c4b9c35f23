"""A slot's descriptor in an unrelated class: reading and writing through it is a TypeError, however often it is tried.

Specialised instructions once used the offset of the foreign slot, which reads and writes memory of something else.
"""


class Slotted:
    __slots__ = ("slot",)


class Sneaky:
    __slots__ = ("shadowed",)
    shadowing = Slotted.slot


class Bare:
    __slots__ = ()
    borrowed = Slotted.slot


def read(o, name):
    if name == "shadowing":
        return o.shadowing
    return o.borrowed


def write(o, name):
    if name == "shadowing":
        o.shadowing = 0
    else:
        o.borrowed = 0


for make, name in ((Sneaky, "shadowing"), (Bare, "borrowed")):
    for action in (read, write):
        failures = 0
        for _ in range(100):
            try:
                action(make(), name)
            except TypeError as error:
                failures += 1
                message = str(error)
        print(make.__name__, action.__name__, failures, message)


# A property that raises makes no comparison; a class whose constructor takes keywords may get any mapping's.
class Raising:
    @property
    def __eq__(self):
        raise AttributeError("no equality today")


print(Raising() == Raising())
