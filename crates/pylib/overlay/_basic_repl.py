"""The read-eval-print loop for input that is no terminal, or where PYTHON_BASIC_REPL asks for it: prompts go to standard error."""
import code
import sys


class _Console(code.InteractiveConsole):
    def raw_input(self, prompt=""):
        if sys.stdin.isatty():
            return input(prompt)
        sys.stderr.write(prompt)
        sys.stderr.flush()
        try:
            return input()
        except EOFError:
            raise SystemExit from None


def interact(namespace):
    _Console(namespace, "<stdin>").interact(banner="", exitmsg="")
