# tracemalloc through the library: where blocks come from, sizes, snapshots, limits.
import tracemalloc

print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory())
tracemalloc.start(3)


def make(size):
    return b"x" * size


before = tracemalloc.take_snapshot()
blocks = [make(1000) for _ in range(50)]
after = tracemalloc.take_snapshot()
[largest] = [stat for stat in after.compare_to(before, "lineno") if stat.size_diff > 40000]
print(largest.traceback[0].lineno, largest.count_diff, largest.size_diff)
print([frame.lineno for frame in tracemalloc.get_object_traceback(blocks[0])])
current, peak = tracemalloc.get_traced_memory()
del blocks
print(tracemalloc.get_traced_memory()[0] < current - 50000, peak >= current)
tracemalloc.reset_peak()
print(tracemalloc.get_traced_memory()[1] < current, tracemalloc.get_traceback_limit())
block = make(100)
tracemalloc.clear_traces()
print(tracemalloc.get_object_traceback(block))
tracemalloc.stop()
try:
    tracemalloc.take_snapshot()
except RuntimeError as error:
    print(error)
try:
    tracemalloc.start(0)
except ValueError as error:
    print(error)
