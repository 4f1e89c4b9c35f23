"""Methods that get their defining class are of a type of their own, and count their arguments in its words."""

import array
import io
import queue
import re
import zlib

pattern, packer = re.compile("a"), zlib.compressobj()
for method in (pattern.match, packer.copy, queue.SimpleQueue().get, pattern.findall):
    print(type(method).__name__, method.__text_signature__)

for call in (
    lambda: packer.copy(1),
    lambda: packer.compress(),
    lambda: packer.compress(data=b""),
    lambda: io.BytesIO().getbuffer(a=1),
    lambda: array.array("i").fromfile(1),
    lambda: pattern.scanner("aa").match(3),
    lambda: queue.SimpleQueue().get_nowait(1),
    lambda: re.Pattern.match(1),
    lambda: re.Pattern.match(),
    lambda: io.TextIOBase().read(1, 2),
):
    try:
        print(call())
    except (TypeError, io.UnsupportedOperation) as error:
        print(error)
