"""Uses unmodified wheels, as they are on the package index: run with the folder that holds them on PYTHONPATH.

A wheel that is not there is an error: the caller fetches them all, or skips the whole check.
"""
import importlib
import sys
import unittest


class Wheels(unittest.TestCase):
    def test_markupsafe(self):
        from markupsafe import Markup, _speedups, escape
        self.assertEqual(escape("<a href='x'>&\"\u4e2d"), "&lt;a href=&#39;x&#39;&gt;&amp;&#34;\u4e2d")
        self.assertIsInstance(escape("x"), Markup)
        self.assertTrue(_speedups._escape_inner)

    def test_xxhash(self):
        import xxhash
        self.assertEqual(xxhash.xxh32_hexdigest(b"abc"), "32d153ff")
        self.assertEqual(xxhash.xxh64(b"abc", seed=1).intdigest(), xxhash.xxh64_intdigest(b"abc", 1))
        self.assertEqual(xxhash.xxh3_128_hexdigest(b""), "99aa06d3014798d86001c324468d497f")
        running = xxhash.xxh3_64()
        running.update(b"ab")
        copy = running.copy()
        running.update(bytearray(b"c"))
        self.assertEqual(running.digest(), xxhash.xxh3_64_digest(b"abc"))
        self.assertNotEqual(copy.digest(), running.digest())

    def test_mmh3(self):
        import mmh3
        self.assertEqual(mmh3.hash("foo"), -156908512)
        self.assertEqual(mmh3.hash64("foo", 42, True, signed=False), mmh3.hash64(b"foo", seed=42, signed=False))
        self.assertEqual(mmh3.hash_bytes("foo").hex(), "6145f501578671e2877dba2be487af7e")

    def test_ujson(self):
        import ujson
        value = {"a": [1, 2.5, None, True, "\u00e4\u4e2d"], "b": {"c": -(2 ** 60)}}
        self.assertEqual(ujson.loads(ujson.dumps(value)), value)
        self.assertEqual(ujson.dumps([1, "x"], indent=2), '[\n  1,\n  "x"\n]')
        with self.assertRaises(ujson.JSONDecodeError):
            ujson.loads("[1,")

    def test_lz4(self):
        import lz4.block
        import lz4.frame
        data = b"some data " * 1000
        self.assertEqual(lz4.frame.decompress(lz4.frame.compress(data)), data)
        self.assertEqual(lz4.block.decompress(lz4.block.compress(data)), data)
        self.assertLess(len(lz4.frame.compress(data)), 200)

    def test_brotli(self):
        import brotli
        data = b"some data " * 1000
        self.assertEqual(brotli.decompress(brotli.compress(data)), data)
        compressor = brotli.Compressor(quality=5)
        pieces = compressor.process(data) + compressor.finish()
        self.assertEqual(brotli.Decompressor().process(pieces), data)
        with self.assertRaises(brotli.error):
            brotli.decompress(b"nothing")

    def test_numpy(self):
        import numpy as np
        grid = np.arange(12.0).reshape(3, 4)
        self.assertEqual((grid @ grid.T).tolist()[2], [62.0, 214.0, 366.0])
        self.assertEqual(grid[:, ::2].sum(axis=0).tolist(), [12.0, 18.0])
        self.assertEqual(np.linalg.solve([[2, 0], [0, 4]], [2, 4]).tolist(), [1.0, 1.0])
        self.assertEqual(repr(np.array([1, 2], dtype=np.int16)), "array([1, 2], dtype=int16)")
        self.assertEqual(np.frombuffer(b"\1\0\2\0", dtype="<u2").tolist(), [1, 2])
        self.assertEqual(np.random.default_rng(1).integers(0, 100, 3).tolist(), [47, 51, 75])
        self.assertEqual(memoryview(grid).shape, (3, 4))
        with self.assertRaises(ValueError):
            grid.reshape(5, 5)


if __name__ == "__main__":
    if "-l" in sys.argv:
        print(*(name.removeprefix("test_") for name in dir(Wheels) if name.startswith("test_")))
    else:
        unittest.main()
