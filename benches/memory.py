"""Builds 3 million ints, a million tuples, dicts and strs each, and half a million instances, and prints the peak memory in MiB."""
import resource


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


ints = [i * 1000 for i in range(3_000_000)]
tuples = [(i, i) for i in range(1_000_000)]
dicts = [{"a": i} for i in range(1_000_000)]
strs = [str(i) for i in range(1_000_000)]
instances = [Point(i, i) for i in range(500_000)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
