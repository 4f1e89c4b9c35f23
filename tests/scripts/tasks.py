"""Futures and tasks of _asyncio on a loop of selectors."""
import asyncio
import contextvars
import gc

var = contextvars.ContextVar("var", default=0)


async def add(a, b):
    await asyncio.sleep(0)
    return a + b


async def fail():
    await asyncio.sleep(0)
    raise ValueError("no")


async def forever(log):
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError as error:
        log.append(("cancelled", error.args))
        raise


def attempt(call, *args):
    try:
        return call(*args)
    except BaseException as error:
        return type(error).__name__, str(error)


class Awaitable:
    def __await__(self):
        yield 5


async def main():
    loop = asyncio.get_running_loop()
    print(asyncio.current_task() in asyncio.all_tasks(), asyncio.current_task().get_name())
    task = asyncio.create_task(add(1, 2), name="adder")
    print(task.get_name(), task.done(), task.cancelled(), task.get_coro().__name__, await task, task.result(), repr(task).split(' defined')[0])
    print(await asyncio.gather(add(1, 2), add(3, 4), fail(), return_exceptions=True))
    future = loop.create_future()
    print(attempt(future.result), attempt(future.exception), future.done(), future._state)
    log = []
    future.add_done_callback(lambda f: log.append(("first", f.result())))
    second = lambda f: log.append(("second", f.result()))
    future.add_done_callback(second)
    future.add_done_callback(second)
    print(future.remove_done_callback(second), len(future._callbacks))
    future.set_result(5)
    print(attempt(future.set_result, 6), attempt(future.set_exception, 6), future.cancel())
    await asyncio.sleep(0)
    print(log, await future, future)
    future = loop.create_future()
    future.set_exception(StopIteration())
    print(attempt(future.result), repr(future.exception().__cause__))
    task = asyncio.create_task(forever(log))
    await asyncio.sleep(0)
    print(task.cancel("why"), task.cancelling(), task._fut_waiter is not None)
    try:
        await task
    except asyncio.CancelledError as error:
        print("caught", error.args, task.cancelled(), task.uncancel())
    print(log[-1], attempt(task.set_result, 1), attempt(task.exception))
    var.set(1)
    context = contextvars.copy_context()
    async def read():
        var.set(var.get() + 1)
        return var.get()
    print(await asyncio.create_task(read()), await asyncio.create_task(read(), context=context), context[var], var.get())
    try:
        await asyncio.create_task(Awaitable().__await__())
    except TypeError as error:
        print(str(error)[:40])
    async def bad():
        await Awaitable()
    print(await asyncio.gather(bad(), return_exceptions=True))
    print(await asyncio.wait_for(add(5, 6), 5))
    try:
        await asyncio.wait_for(asyncio.sleep(100), 0.01)
    except TimeoutError as error:
        print("timeout", repr(error))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(add(i, i)) for i in range(5)]
    print([task.result() for task in tasks])
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(forever(log))
    except* ValueError as errors:
        print("group", errors.exceptions, log[-1])
    loop.set_task_factory(asyncio.eager_task_factory)
    async def eager():
        print("eager", asyncio.current_task().get_name() != "main")
        return 1
    task = asyncio.create_task(eager())
    print(task.done(), task.result(), task.get_coro())
    task = asyncio.create_task(add(7, 8))
    print(task.done(), await task)
    loop.set_task_factory(None)
    queue = asyncio.Queue()
    async def produce():
        for i in range(3):
            await queue.put(i)
    task = asyncio.create_task(produce())
    print([await queue.get() for _ in range(3)])
    messages = []
    loop.set_exception_handler(lambda loop, context: messages.append(context["message"]))
    lost = loop.create_future()
    lost.set_exception(KeyError(1))
    del lost
    gc.collect()
    print(messages)
    return "end"


print(attempt(asyncio.get_running_loop), asyncio._get_running_loop())
print(asyncio.run(main()))
