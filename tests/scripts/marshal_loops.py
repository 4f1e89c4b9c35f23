"""Marshalled loops: through tuples they are kept, through code and slices refused; files are read by `readinto`."""
import io
import marshal

loop = ([],)
loop[0].append(loop)
again = marshal.loads(marshal.dumps(loop))
print(type(again).__name__, again[0][0] is again)

for part in range(3):
    inner = []
    arguments = [None, None, None]
    arguments[part] = inner
    cut = slice(*arguments)
    inner.append(cut)
    try:
        marshal.dumps(cut)
    except ValueError as error:
        print(error)

for data in (b"", b")\x02N", b"s\x05\0\0\0a", b"[\1\0\0\x000", b"(\xff\xff\xff\xff", b":NN0", b"\xba[\x01\x00\x00\x00r\x00\x00\x00\x00NN"):
    try:
        print(marshal.loads(data))
    except Exception as error:
        print(type(error).__name__, error)


class Greedy(io.BytesIO):
    def readinto(self, buffer):
        print(type(buffer).__name__, len(buffer))
        count = super().readinto(buffer)
        return count + 1000 if count > 4 else count


for value in (7, 2.5):
    try:
        print(marshal.load(Greedy(marshal.dumps(value))))
    except ValueError as error:
        print(error)
