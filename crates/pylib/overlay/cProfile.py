#! /usr/bin/env python3

"""The profiler of `profile`, with its measuring done natively: `run`, `runctx` and `Profile`.

The interface is that of CPython's `cProfile`; the text is our own.
"""

import _lsprof
import importlib.machinery
import importlib.util
import io
import profile as _profile_module

__all__ = ["run", "runctx", "Profile"]


def run(statement, filename=None, sort=-1):
    return _profile_module._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _profile_module._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _profile_module.run.__doc__
runctx.__doc__ = _profile_module.runctx.__doc__


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=None, subcalls=True, builtins=True)

    Builds a profiler object using the specified timer function.
    The default timer is a fast built-in one based on real time.
    For custom timer functions returning integers, 'timeunit' can
    be a float specifying a scale (that is, how long each integer unit
    is, in seconds).
    """

    def print_stats(self, sort=-1):
        import pstats
        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        import marshal
        with open(file, "wb") as output:
            self.create_stats()
            marshal.dump(self.stats, output)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Turns the native statistics into the mapping that `pstats` reads:
        function -> (primitive calls, calls, own time, total time, callers)."""
        entries = self.getstats()
        stats = self.stats = {}
        # Two code objects may have the same label: their numbers are added up, and so are those of their callers.
        callers_of = {}
        for entry in entries:
            function = label(entry.code)
            calls, primitive = entry.callcount, entry.callcount - entry.reccallcount
            own, total = entry.inlinetime, entry.totaltime
            callers = callers_of.setdefault(id(entry.code), {})
            known = stats.get(function)
            if known is not None:
                primitive, calls = primitive + known[0], calls + known[1]
                own, total = own + known[2], total + known[3]
                callers = callers_of[id(entry.code)] = known[4]
            stats[function] = primitive, calls, own, total, callers
        for entry in entries:
            caller = label(entry.code)
            for sub in entry.calls or ():
                callers = callers_of.get(id(sub.code))
                if callers is None:
                    continue
                row = (sub.callcount, sub.callcount - sub.reccallcount, sub.inlinetime, sub.totaltime)
                if caller in callers:
                    row = tuple(new + old for new, old in zip(row, callers[caller]))
                callers[caller] = row

    # What `profile.Profile` offers besides.

    def run(self, cmd):
        import __main__
        namespace = __main__.__dict__
        return self.runctx(cmd, namespace, namespace)

    def runctx(self, cmd, globals, locals):
        with self:
            exec(cmd, globals, locals)
        return self

    def runcall(self, func, /, *args, **kw):
        """Profiles one call of a function, and returns its result."""
        with self:
            return func(*args, **kw)

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()


def label(code):
    """File, line and name of a code object; native functions come as text."""
    if isinstance(code, str):
        return "~", 0, code
    return code.co_filename, code.co_firstlineno, code.co_name


def main():
    import os
    import sys
    import pstats
    from optparse import OptionParser

    parser = OptionParser(usage="cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ...")
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", dest="outfile", default=None, help="Save stats to <outfile>")
    parser.add_option("-s", "--sort", dest="sort", default=2, type="choice",
                      choices=sorted(pstats.Stats.sort_arg_dict_default),
                      help="Sort order when printing to stdout, based on pstats.Stats class")
    parser.add_option("-m", dest="module", action="store_true", default=False, help="Profile a library module")

    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)

    options, args = parser.parse_args()
    sys.argv[:] = args

    # The profiled program may change the current directory.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)

    if not args:
        parser.print_usage()
        return parser

    if options.module:
        import runpy
        code = "run_module(modname, run_name='__main__')"
        globs = {"run_module": runpy.run_module, "modname": args[0]}
        sys.argv[:] = args
    else:
        program = args[0]
        sys.path.insert(0, os.path.dirname(program))
        with io.open_code(program) as file:
            code = compile(file.read(), program, "exec")
        spec = importlib.machinery.ModuleSpec(name="__main__", loader=None, origin=program)
        module = importlib.util.module_from_spec(spec)
        # Pickle and its like look for classes in `__main__`.
        sys.modules["__main__"] = module
        globs = module.__dict__
        globs.update({"__spec__": spec, "__file__": spec.origin, "__name__": spec.name, "__package__": None,
                      "__cached__": None})

    try:
        runctx(code, globs, None, options.outfile, options.sort)
    except BrokenPipeError as error:
        # Whoever read the output is gone; keep the interpreter from flushing it again at its end.
        sys.stdout = None
        sys.exit(error.errno)
    return parser


if __name__ == "__main__":
    main()
