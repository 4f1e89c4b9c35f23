# What is no extension module is an ImportError that says why.
import importlib.machinery
import importlib.util
import os
import sys

folder = f"/tmp/extension-errors-{os.getpid()}"
os.mkdir(folder)
sys.path.insert(0, folder)


def attempt(name, content):
    path = os.path.join(folder, name + ".so")
    if content is not None:
        with open(path, "wb") as file:
            file.write(content)
    try:
        __import__(name)
    except ImportError as error:
        print(type(error).__name__, str(error).replace(folder, "FOLDER"), error.name, (error.path or "none").replace(folder, "FOLDER"))


attempt("empty", b"")
attempt("text", b"this is no library, however long it is" * 20)
attempt("cut", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00\x01\x00\x00\x00" + bytes(100))
attempt("missing", None)
spec = importlib.util.spec_from_file_location("gone", os.path.join(folder, "gone.so"))
try:
    importlib.util.module_from_spec(spec)
except ImportError as error:
    print(str(error).replace(folder, "FOLDER"), error.name)
libc = next(line.split()[-1] for line in open("/proc/self/maps") if "libc.so" in line or "libc-" in line)
for name in ["foreign", "fremd-er"]:
    spec = importlib.util.spec_from_file_location(name, libc, loader=importlib.machinery.ExtensionFileLoader(name, libc))
    try:
        importlib.util.module_from_spec(spec)
    except ImportError as error:
        print(error, error.name, error.path == libc)
for file in os.listdir(folder):
    os.remove(os.path.join(folder, file))
os.rmdir(folder)
