# Setting f_lineno: where it may go, and what it says where it may not.
import sys
import warnings

warnings.simplefilter("ignore")


def jump(function, origin, target, event="line", times=1):
    first = function.__code__.co_firstlineno
    done = []

    def tracer(frame, what, arg):
        if frame.f_code is not function.__code__:
            return None if what != "call" else tracer
        if what == event and frame.f_lineno == first + origin and len(done) < times:
            done.append(1)
            frame.f_lineno = first + target
        return tracer

    output = []
    sys.settrace(tracer)
    try:
        result = function(output)
        if hasattr(result, "send"):
            try:
                while True:
                    result.send(None)
            except StopIteration:
                pass
    except Exception as error:
        output.append(f"{type(error).__name__}: {error}")
    finally:
        sys.settrace(None)
    print(function.__name__, origin, target, event, output)


def plain(output):
    output.append(1)
    output.append(2)
    output.append(3)
    x = 4
    output.append(x)


def loop(output):
    for i in 1, 2:
        output.append(i)
        output.append(-i)
    else:
        output.append("else")
    output.append("end")


def handler(output):
    try:
        output.append(2)
        1 / 0
    except ZeroDivisionError as e:
        output.append(5)
        output.append(str(sys.exception()))
    finally:
        output.append("finally")
    output.append(sys.exception())


class Manager:
    def __init__(self, output): self.output = output
    def __enter__(self): self.output.append("enter")
    def __exit__(self, *args): self.output.append("exit")


def block(output):
    output.append(1)
    with Manager(output):
        output.append(3)
        output.append(4)
    output.append(5)


def unbound(output):
    output.append(1)
    x = 2
    output.append(x)


def generator(output):
    output.append(1)
    yield 2
    output.append(3)
    yield 4
    output.append(5)


async def asynchronous(output):
    output.append(1)
    y = [x async for x in numbers(2)]
    output.append(y)
    async for z in numbers(2):
        output.append(z)
    output.append(6)


async def numbers(count):
    for number in range(count):
        yield number


for function, lines in [(plain, 7), (loop, 8), (handler, 11), (block, 7), (unbound, 5), (generator, 7),
                        (asynchronous, 8)]:
    for origin in range(1, lines):
        for target in range(1, lines + 1):
            if origin != target:
                jump(function, origin, target)
jump(plain, 0, 2, "call")
jump(plain, 5, 2, "return")
jump(generator, 2, 5, "return")
jump(handler, 3, 1, "exception")
for value in None, 1.5, 10 ** 30, -1:
    try:
        sys._getframe().f_lineno = value
    except Exception as error:
        print(type(error).__name__, error)
