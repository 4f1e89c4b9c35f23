"""What the command line and the library's programs do: run by the interpreter under test, which runs itself.

Every expectation holds for CPython 3.14 as well: `python3.14 tests/programs.py` passes too.
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import urllib.request
import zipfile

TIMEOUT = 120


def run(*arguments, input=None, env=None, cwd=None):
    environment = dict(os.environ, **(env or {}))
    environment.pop("PYTHONPATH", None)
    if env and "PYTHONPATH" in env:
        environment["PYTHONPATH"] = env["PYTHONPATH"]
    return subprocess.run([sys.executable, *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=TIMEOUT, env=environment, cwd=cwd)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text, encoding="utf-8"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding=encoding)
        return str(path)

    def gives(self, arguments, stdout, status=0, stderr=None, **options):
        result = run(*arguments, **options)
        self.assertEqual((result.stdout, result.returncode), (stdout, status), result.stderr)
        if stderr is not None:
            self.assertIn(stderr, result.stderr)
        return result


class Ends(Case):
    def test_files_and_finalizers_of_modules(self):
        self.write("kept.py", """\
            file = open("kept.txt", "w")
            file.write("text")

            class Last:
                def __del__(self):
                    print("end", file is not None)

            last = Last()
        """)
        self.gives([self.write("main.py", "import kept\n")], "end True\n", cwd=self.folder)
        self.assertEqual((self.folder / "kept.txt").read_text(), "text")

    def test_finalizers_after_an_error(self):
        program = """\
            class Last:
                def __del__(self):
                    print("end")

            last = Last()

            def fail():
                1 / 0

            fail()
        """
        self.gives([self.write("main.py", program)], "end\n", status=1, stderr="ZeroDivisionError")

    def test_modules_end_in_silence(self):
        result = self.gives(["-c", "import asyncio, concurrent.futures, logging.config, unittest.mock"], "")
        self.assertEqual(result.stderr, "")

    def test_a_relative_program_has_an_absolute_name(self):
        self.write("sub/p.py", "import sys; print(__file__, sys.argv)\n")
        folder = self.folder.resolve()
        self.gives(["sub/p.py"], f"{folder}/sub/p.py ['sub/p.py']\n", cwd=folder)


class CommandLine(Case):
    def test_code_module_file_folder_zip_stdin(self):
        self.gives(["-c", "import sys; print(sys.argv, __name__)", "a", "-b"], "['-c', 'a', '-b'] __main__\n")
        program = self.write("p.py", "import sys; print(sys.argv[1:], __file__ == sys.argv[0], sys.path[0])\n")
        self.gives([program, "x"], f"['x'] True {self.folder}\n")
        self.write("pack/__main__.py", "print(__package__ == '', __spec__ is not None)\n")
        self.gives([str(self.folder / "pack")], "True True\n")
        archive = self.folder / "a.zip"
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("__main__.py", "import inside; print('zip', inside.x)\n")
            out.writestr("inside.py", "x = 5\n")
        self.gives([str(archive)], "zip 5\n")
        self.gives(["-"], "7\n", input="print(3 + 4)\n")
        self.gives([], "8\n", input="print(3 + 5)\n")
        self.gives(["-m", "m"], "m\n", cwd=self.write("m.py", "print('m')\n").rpartition("/")[0])

    def test_options(self):
        self.gives(["-V"], f"Python {sys.version.split()[0]}\n")
        self.assertIn("usage:", run("-h").stdout)
        flags = "import sys; f = sys.flags; print(f.optimize, f.no_site, f.isolated, f.dont_write_bytecode, f.verbose, f.quiet)"
        self.gives(["-OO", "-S", "-I", "-B", "-q", "-c", flags], "2 1 1 1 0 1\n")
        self.gives(["-O", "-c", "assert 0; print(__debug__)"], "False\n")
        self.gives(["-W", "error", "-c", "import warnings; warnings.warn('w')"], "", 1, "UserWarning: w")
        self.gives(["-X", "utf8=1", "-c", "import sys; print(sys._xoptions)"], "{'utf8': '1'}\n")
        self.gives(["-x", self.write("x.py", "#! not python at all (\nprint('second')\n")], "second\n")
        self.gives(["-E", "-c", "import sys; print(sys.flags.optimize)"], "0\n", env={"PYTHONOPTIMIZE": "2"})
        self.gives(["-c", "import sys; print(sys.flags.optimize)"], "2\n", env={"PYTHONOPTIMIZE": "2"})
        self.gives(["-u", "-c", "import sys; sys.stdout.write('a'); import os; os._exit(0)"], "a")
        self.gives(["-i", "-c", "x = 5"], "", 0, ">>> ", input="")
        self.gives(["-P", "-c", "import sys; print('' in sys.path)"], "False\n")
        self.gives(["--nonsense"], "", 2, "nknown option: --nonsense")
        self.gives(["-c"], "", 2, "Argument expected for the -c option")

    def test_exit_statuses(self):
        self.gives(["-c", "raise SystemExit(3)"], "", 3)
        self.gives(["-c", "raise SystemExit('words')"], "", 1, "words\n")
        self.gives(["-c", "import sys; sys.exit()"], "")
        self.gives(["-c", "1/0"], "", 1, "ZeroDivisionError: division by zero")
        self.gives(["-c", "raise KeyboardInterrupt"], "", -signal.SIGINT, "KeyboardInterrupt")
        # Who runs this may have the signal ignored.
        interrupt = ("import os, signal, time; signal.signal(signal.SIGINT, signal.default_int_handler); "
                     "os.kill(os.getpid(), signal.SIGINT); time.sleep(5)")
        self.gives(["-c", interrupt], "", -signal.SIGINT, "KeyboardInterrupt")

    def test_traceback(self):
        program = self.write("t.py", """\
            def f(x):
                return {'a': 1}['b'] + x

            f(1)
            """)
        self.assertEqual(run(program).stderr, textwrap.dedent(f"""\
            Traceback (most recent call last):
              File "{program}", line 4, in <module>
                f(1)
                ~^^^
              File "{program}", line 2, in f
                return {{'a': 1}}['b'] + x
                       ~~~~~~~~^^^^^
            KeyError: 'b'
            """))

    def test_closed_pipe(self):
        process = subprocess.Popen([sys.executable, "-c", "for i in range(100000): print(i)"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertIn(b"BrokenPipeError", process.stderr.read())
        process.stderr.close()
        self.assertEqual(process.wait(TIMEOUT), 1)
        process = subprocess.Popen([sys.executable, "-c", "print(1)"], stdout=subprocess.PIPE)
        process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT), 0)


class BadInput(Case):
    def test_source(self):
        self.gives([self.write("bad.py", "x = (1,\nif x\n")], "", 1, "SyntaxError: '(' was never closed")
        latin = self.write("latin.py", "x = '\u00e4'\n", encoding="latin-1")
        self.gives([latin], "", 1, "SyntaxError: Non-UTF-8 code starting with '\\xe4'")
        nul = self.write("nul.py", "x = 1\0\n")
        self.gives([nul], "", 1, "SyntaxError: source code cannot contain null bytes")
        self.gives([self.write("cookie.py", "# coding: nonsense\n")], "", 1, "SyntaxError: ")
        self.gives(["-c", "(" * 5000 + ")" * 5000], "", 1, "too many nested parentheses")

    def test_files(self):
        missing = str(self.folder / "missing.py")
        self.gives([missing], "", 2, f"can't open file '{missing}': [Errno 2] No such file or directory")
        self.gives([str(self.folder)], "", 1, f"can't find '__main__' module in '{self.folder}'")
        self.gives(["-m", "no_such_module"], "", 1, "No module named no_such_module")
        if os.geteuid():
            unreadable = self.write("unreadable.py", "")
            os.chmod(unreadable, 0)
            self.gives([unreadable], "", 2, "[Errno 13] Permission denied")

    def test_pyc(self):
        for content in (b"", b"short", b"\0" * 64):
            path = self.folder / "bad.pyc"
            path.write_bytes(content)
            self.assertEqual(run(str(path)).returncode, 1)
        good = self.write("good.py", "print('good')\n")
        self.gives(["-c", f"import py_compile; py_compile.compile({good!r}, {good + 'c'!r})"], "")
        self.gives([good + "c"], "good\n")
        damaged = bytearray(pathlib.Path(good + "c").read_bytes())
        del damaged[30:]
        pathlib.Path(good + "c").write_bytes(damaged)
        self.assertEqual(run(good + "c").returncode, 1)

    def test_extension_modules(self):
        suffix = ".cpython-314-x86_64-linux-gnu.so"
        (self.folder / f"corrupt{suffix}").write_bytes(b"\x7fELF nothing")
        self.gives(["-c", "import corrupt"], "", 1, "ImportError: ", cwd=self.folder)
        foreign = next((str(path) for path in pathlib.Path("/").glob("lib*/x86_64-linux-gnu/libm.so.6")), None)
        if foreign:
            os.symlink(foreign, self.folder / f"foreign{suffix}")
            self.gives(["-c", "import foreign"], "", 1,
                       "ImportError: dynamic module does not define module export function (PyInit_foreign)", cwd=self.folder)


class Programs(Case):
    def test_json_tool(self):
        self.gives(["-m", "json.tool"], '{\n    "a": [\n        1,\n        2\n    ]\n}\n', input='{"a": [1, 2]}')
        self.gives(["-m", "json", "--compact"], '{"a":1}\n', input='{"a": 1}')

    def test_calendar(self):
        self.assertIn("     July 2026\n", run("-m", "calendar", "2026", "7").stdout)

    def test_dis(self):
        program = self.write("d.py", "x = a + 1\n")
        self.gives(["-m", "dis", program], (
            "  0           RESUME                   0\n\n"
            "  1           LOAD_NAME                0 (a)\n"
            "              LOAD_SMALL_INT           1\n"
            "              BINARY_OP                0 (+)\n"
            "              STORE_NAME               1 (x)\n"
            "              LOAD_CONST               1 (None)\n"
            "              RETURN_VALUE\n"))

    def test_tokenize_ast_this_timeit(self):
        program = self.write("k.py", "x = 1\n")
        self.assertIn("1,0-1,1:            NAME           'x'", run("-m", "tokenize", program).stdout)
        self.assertIn("Assign(", run("-m", "ast", program).stdout)
        self.assertIn("Beautiful is better than ugly.", run("-m", "this").stdout)
        self.assertRegex(run("-m", "timeit", "-n", "10", "-r", "2", "1+1").stdout, r"10 loops, best of 2: ")

    def test_zipfile(self):
        self.write("f.txt", "content")
        self.gives(["-m", "zipfile", "-c", "z.zip", "f.txt"], "", cwd=self.folder)
        self.assertIn("f.txt", run("-m", "zipfile", "-l", "z.zip", cwd=self.folder).stdout)
        self.gives(["-m", "zipfile", "-e", "z.zip", "out"], "", cwd=self.folder)
        self.assertEqual((self.folder / "out/f.txt").read_text(), "content")

    def test_unittest(self):
        self.write("test_small.py", """\
            import unittest

            class T(unittest.TestCase):
                def test_fine(self): pass
                def test_wrong(self): self.assertEqual(1, 2)
                @unittest.skip("why")
                def test_skipped(self): pass
            """)
        result = run("-m", "unittest", "test_small", cwd=self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("AssertionError: 1 != 2", result.stderr)
        self.assertIn("FAILED (failures=1, skipped=1)", result.stderr)

    def test_pdb(self):
        program = self.write("debugged.py", "def f(n):\n    total = n * 2\n    return total\nprint(f(21))\n")
        result = run("-m", "pdb", program, input="b 3\nc\np total\nw\nc\nq\n", env={"PYTHON_COLORS": "0"})
        self.assertIn("42", result.stdout)
        self.assertIn("-> return total", result.stdout)

    def test_http_server(self):
        self.write("served.txt", "served content")
        process = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = process.stdout.readline().split()[5]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/served.txt", timeout=TIMEOUT) as response:
                self.assertEqual(response.read(), b"served content")
        finally:
            process.terminate()
            process.wait(TIMEOUT)
            process.stdout.close()

    def test_repl(self):
        import pty
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(sys.executable, [sys.executable, "-q"], dict(os.environ, TERM="xterm", PYTHON_COLORS="0",
                                                                   PYTHON_HISTORY=str(self.folder / "history")))
        output = b""
        os.write(terminal, b"6 * 7\rexit()\r")
        deadline = time.monotonic() + TIMEOUT
        try:
            while time.monotonic() < deadline:
                output += os.read(terminal, 4096)
        except OSError:
            pass
        os.close(terminal)
        self.assertEqual(os.waitpid(pid, 0)[1], 0, output)
        self.assertIn(b"42", output)


class Library(Case):
    def test_asyncio_echo(self):
        self.gives(["-c", textwrap.dedent("""\
            import asyncio

            async def serve(reader, writer):
                while line := await reader.readline():
                    writer.write(line.upper())
                    await writer.drain()
                writer.close()

            async def main():
                server = await asyncio.start_server(serve, "127.0.0.1", 0)
                port = server.sockets[0].getsockname()[1]
                async def client(n):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(b"line %d\\n" % n)
                    answer = await reader.readline()
                    writer.close()
                    return answer
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(client(n)) for n in range(3)]
                print([task.result() for task in tasks])
                server.close()

            asyncio.run(main())
            """)], "[b'LINE 0\\n', b'LINE 1\\n', b'LINE 2\\n']\n")

    def test_threads_and_sockets(self):
        import queue
        import socketserver

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline()[::-1])

        results = queue.Queue()
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()

            def ask(text):
                with socket.create_connection(server.server_address) as connection:
                    connection.sendall(text + b"\n")
                    results.put(connection.recv(100))

            threads = [threading.Thread(target=ask, args=(text,)) for text in (b"abc", b"xyz")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(TIMEOUT)
            server.shutdown()
        self.assertEqual({results.get(timeout=TIMEOUT) for _ in range(2)}, {b"\ncba", b"\nzyx"})

    def test_subprocess(self):
        code = "import sys; print(sys.stdin.read().upper()); sys.stderr.write('e'); sys.exit(4)"
        result = subprocess.run([sys.executable, "-c", code], input="in", capture_output=True, text=True)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("IN\n", "e", 4))
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
        with self.assertRaises(FileNotFoundError):
            subprocess.run(["/no/such/program"])

    def test_modules(self):
        self.gives([self.write("modules.py", """\
            import argparse, csv, dataclasses, datetime, decimal, enum, io, logging, pathlib, re, sys, typing

            parser = argparse.ArgumentParser(prog="prog", description="What it does.")
            parser.add_argument("file", help="a file")
            parser.add_argument("-n", type=int, default=3, metavar="N", help="how many (default: %(default)s)")
            print(parser.format_help())

            @dataclasses.dataclass(order=True, frozen=True)
            class Point:
                x: int
                y: int = 0
                tags: list = dataclasses.field(default_factory=list, compare=False)

            print(Point(1), Point(1) < Point(2), dataclasses.asdict(Point(3, 4)))

            class Colour(enum.Flag):
                RED = enum.auto()
                BLUE = enum.auto()

            print(Colour.RED | Colour.BLUE, list(Colour))
            logging.basicConfig(format="%(levelname)s:%(name)s:%(message)s", stream=sys.stdout)
            logging.getLogger("x").warning("%d things", 3)
            print(typing.get_type_hints(Point), typing.Optional[int])
            print(pathlib.PurePosixPath("/a/b/../c.txt").suffix, re.sub(r"(\\w+) (\\w+)", r"\\2 \\1", "one two"))
            print(decimal.Decimal("1.10") + decimal.Decimal("2.2"), decimal.Decimal(2).sqrt())
            print(list(csv.reader(io.StringIO('a,"b,c"\\n1,2\\n'))))
            print(datetime.date(2024, 2, 28) + datetime.timedelta(days=2), datetime.datetime(2024, 1, 1).isoformat())
            """)], textwrap.dedent("""\
            usage: prog [-h] [-n N] file

            What it does.

            positional arguments:
              file        a file

            options:
              -h, --help  show this help message and exit
              -n N        how many (default: 3)

            Point(x=1, y=0, tags=[]) True {'x': 3, 'y': 4, 'tags': []}
            Colour.RED|BLUE [<Colour.RED: 1>, <Colour.BLUE: 2>]
            WARNING:x:3 things
            {'x': <class 'int'>, 'y': <class 'int'>, 'tags': <class 'list'>} int | None
            .txt two one
            3.30 1.414213562373095048801688724
            [['a', 'b,c'], ['1', '2']]
            2024-03-01 2024-01-01T00:00:00
            """), env={"PYTHON_COLORS": "0"})


if __name__ == "__main__":
    unittest.main()
