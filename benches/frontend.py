"""Compiles every file of the standard library with its tests; prints `name<TAB>figure` as benches/compare reads it.

    benches/compare -r 3 REFERENCE TAIPAN benches/frontend.py [FOLDER]

`compile` and `parse` are seconds of processor time for all files, `compile` to code objects and `parse` to a tree of Python
objects; `peak` is the peak memory of a process that has only compiled, in MiB. FOLDER is the library of the reference, so
that both compile the same files.
"""
import os
import sys
import time
import warnings

ONLY_AST = 0x400


def sources(folder):
    found = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py") and os.path.exists(os.path.join(root, name)):
                path = os.path.join(root, name)
                with open(path, "rb") as file:
                    found.append((path, file.read()))
    return found


def timed(files, flags):
    start = time.process_time()
    for path, source in files:
        try:
            compile(source, path, "exec", flags, dont_inherit=True)
        except SyntaxError:
            pass
    return time.process_time() - start


def peak_memory():
    """In MiB. (`ru_maxrss` would count what the parent had when it made this process.)"""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def main():
    warnings.simplefilter("ignore")
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.__file__)
    peak_only = sys.argv[2:] == ["peak"]
    files = sources(folder)
    timing = timed(files, 0)
    if peak_only:
        return print(peak_memory())
    import subprocess

    print(f"compile\t{min(timing, timed(files, 0))}")
    print(f"parse\t{timed(files, ONLY_AST)}")
    peak = subprocess.run([sys.executable, __file__, folder, "peak"], stdout=subprocess.PIPE, text=True, check=True)
    print(f"peak\t{float(peak.stdout)}")


main()
