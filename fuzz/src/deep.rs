//! Every construct of the language inside itself, as deep as one likes.

/// How a source of some depth is made: `head`, `open` as often as the depth, `middle`, `close` as often, `tail`.
pub struct Shape {
    pub name: &'static str,
    head: &'static str,
    open: &'static str,
    middle: &'static str,
    close: &'static str,
    tail: &'static str,
    /// Each level stands on lines of its own, one column further in.
    block: bool,
}

const fn nest(name: &'static str, open: &'static str, middle: &'static str, close: &'static str) -> Shape {
    Shape { name, head: "", open, middle, close, tail: "\n", block: false }
}

const fn within(
    name: &'static str,
    head: &'static str,
    open: &'static str,
    middle: &'static str,
    close: &'static str,
    tail: &'static str,
) -> Shape {
    Shape { name, head, open, middle, close, tail, block: false }
}

const fn block(name: &'static str, open: &'static str, middle: &'static str, close: &'static str) -> Shape {
    Shape { name, head: "", open, middle, close, tail: "", block: true }
}

pub const SHAPES: &[Shape] = &[
    nest("parentheses", "(", "a", ")"),
    nest("lists", "[", "a", "]"),
    nest("sets", "{", "a", "}"),
    nest("tuples", "(", "a", ",)"),
    nest("dicts", "{a:", "a", "}"),
    nest("open parentheses", "(", "", ""),
    nest("open brackets", "[", "", ""),
    nest("open braces", "{", "", ""),
    nest("closed parentheses", ")", "", ""),
    nest("mixed brackets", "([{", "a", "}])"),
    nest("minus", "-", "a", ""),
    nest("minus one", "-", "1", ""),
    nest("plus", "+", "a", ""),
    nest("invert", "~", "a", ""),
    nest("not", "not ", "a", ""),
    nest("minus without operand", "-", "", ""),
    nest("await", "await ", "a", ""),
    within("await in parentheses", "async def f(): ", "await (", "a", ")", "\n"),
    nest("lambda", "lambda: ", "a", ""),
    nest("lambda with default", "lambda x=", "a", ": a"),
    nest("if else", "a if a else ", "a", ""),
    nest("if test", "a if ", "a", " else a"),
    nest("if body", "(", "a", ") if a else a"),
    nest("comparison", "a < ", "a", ""),
    nest("is not", "a is not ", "a", ""),
    nest("not in", "a not in ", "a", ""),
    nest("and", "a and ", "a", ""),
    nest("or", "a or ", "a", ""),
    nest("and or", "a and b or ", "a", ""),
    nest("attributes", "", "a", ".b"),
    nest("calls", "", "a", "()"),
    nest("calls with argument", "", "a", "(b)"),
    nest("method calls", "", "a", ".b()"),
    nest("nested calls", "f(", "a", ")"),
    nest("nested keywords", "f(a=", "a", ")"),
    nest("nested stars", "f(*", "a", ")"),
    nest("subscripts", "", "a", "[b]"),
    nest("nested subscripts", "a[", "a", "]"),
    nest("slices", "a[", "a", ":b]"),
    nest("plus chain", "a + ", "a", ""),
    nest("constant chain", "1 + ", "1", ""),
    nest("string addition", "'a' + ", "'a'", ""),
    nest("string concatenation", "'a' ", "'a'", ""),
    nest("f-string concatenation", "f'{a}' ", "f'{a}'", ""),
    nest("multiplication", "a * ", "a", ""),
    nest("power", "a ** ", "a", ""),
    nest("power of minus", "a ** -", "a", ""),
    nest("mixed operators", "a | b ^ c & d << e + f * ", "a", ""),
    nest("f-string nesting", "f'{", "a", "}'"),
    nest("f-string in two quotes", "f'{f\"{", "a", "}\"}'"),
    nest("f-string specifications", "f'{a:{", "a", "}}'"),
    within("f-string format", "f'", "{a:", "a", "}", "'\n"),
    nest("open f-strings", "f'{", "", ""),
    within("f-string parentheses", "f'{", "(", "a", ")", "}'\n"),
    nest("t-string nesting", "t'{", "a", "}'"),
    within("decorators", "", "@a\n", "def f(): pass", "", "\n"),
    within("assignments", "", "a = ", "b", "", "\n"),
    within("star assignments", "", "*a, = ", "b", "", "\n"),
    nest("walrus", "(a := ", "a", ")"),
    nest("walrus without parentheses", "a := ", "a", ""),
    within("yield", "def f(): ", "yield ", "a", "", "\n"),
    within("yield in parentheses", "def f(): ", "(yield ", "a", ")", "\n"),
    within("yield from", "def f(): ", "(yield from ", "a", ")", "\n"),
    nest("list comprehensions", "[", "a", " for a in b]"),
    nest("comprehension iterables", "[a for a in ", "b", "]"),
    nest("comprehension conditions", "[a for a in b if ", "c", "]"),
    nest("generator expressions", "(", "a", " for a in b)"),
    nest("dict comprehensions", "{a: ", "a", " for a in b}"),
    within("comprehension clauses", "[a", " for a in b", "", "", "]\n"),
    within("comprehension filters", "[a for a in b", " if a", "", "", "]\n"),
    within("elif", "if a: pass\n", "elif a: pass\n", "else: pass\n", "", ""),
    within("except", "try: pass\n", "except a: pass\n", "", "", ""),
    within("except star", "try: pass\n", "except* a: pass\n", "", "", ""),
    within("cases", "match a:\n", " case b: pass\n", " case _: pass\n", "", ""),
    within("or patterns", "match a:\n case ", "1 | ", "2", "", ": pass\n"),
    within("group patterns", "match a:\n case ", "(", "b", ")", ": pass\n"),
    within("sequence patterns", "match a:\n case ", "[", "b", "]", ": pass\n"),
    within("mapping patterns", "match a:\n case ", "{1: ", "b", "}", ": pass\n"),
    within("class patterns", "match a:\n case ", "b(", "c", ")", ": pass\n"),
    within("keyword patterns", "match a:\n case ", "b(c=", "d", ")", ": pass\n"),
    within("dotted patterns", "match a:\n case a", ".b", "", "", ": pass\n"),
    within("as patterns", "match a:\n case ", "(", "b", " as c)", ": pass\n"),
    within("many patterns", "match a:\n case ", "b,", "c", "", ": pass\n"),
    within("with items", "with a", ", a", "", "", ": pass\n"),
    within("with items in parentheses", "with (a", ", a as b", "", "", "): pass\n"),
    within("with parentheses", "with ", "(", "a", ")", ": pass\n"),
    within("type params", "def f[", "T: ", "a", "", "](): pass\n"),
    within("many type params", "def f[T", ", T: a", "", "", "](): pass\n"),
    within("type param bounds", "type X[T: ", "(", "a", ")", "] = a\n"),
    within("type param subscripts", "type X[T: ", "a[", "b", "]", "] = a\n"),
    within("type statements", "", "type X = a\n", "", "", ""),
    within("annotations", "x: ", "a[", "b", "]", "\n"),
    within("future annotations", "from __future__ import annotations\nx: ", "-", "a", "", "\n"),
    within("parameters", "def f(a", ", b", "", "", "): pass\n"),
    within("defaults", "def f(a=", "(", "b", ")", "): pass\n"),
    within("arguments", "f(a", ", a", "", "", ")\n"),
    within("keyword arguments", "f(a=1", ", **a", "", "", ")\n"),
    within("class bases", "class C(a", ", a", "", "", "): pass\n"),
    within("import", "import a", ".b", "", "", "\n"),
    within("import names", "import a", ", b", "", "", "\n"),
    within("import dots", "from ", ".", " import a", "", "\n"),
    within("import from", "from a import (b", ", c", "", "", ")\n"),
    within("global names", "def f(): global a", ", b", "", "", "\n"),
    within("targets", "", "(", "a", ")", " = b\n"),
    within("list targets", "", "[", "a", "]", " = b\n"),
    within("tuple targets", "", "(", "a", ",)", " = b\n"),
    within("for targets", "for ", "(", "a", ",)", " in b: pass\n"),
    within("delete", "del ", "(", "a", ")", "\n"),
    within("delete names", "del a", ", b", "", "", "\n"),
    within("tuple", "a", ", a", "", "", "\n"),
    within("constant tuple", "x = 1", ", 1", "", "", "\n"),
    within("long list", "x = [1", ", 1", "", "", "]\n"),
    within("long dict", "x = {a: b", ", a: b", "", "", "}\n"),
    within("long set", "x in {1", ", 2", "", "", "}\n"),
    within("stars", "", "*", "a", "", "\n"),
    within("starred list", "[", "*", "a", "", "]\n"),
    within("else chains on one line", "", "if a: pass\nelse: pass\n", "", "", ""),
    within("semicolons", "a", "; a", "", "", "\n"),
    within("expressions", "", "a\n", "", "", ""),
    within("functions", "", "def f(a): return a\n", "", "", ""),
    within("continuation lines", "a = \\\n", "\\\n", "b", "", "\n"),
    within("comments", "", "# a\n", "", "", ""),
    within("wrong import", "import a", ".b", " c", "", "\n"),
    within("many invalid escapes", "x = [", "'\\q', ", "", "", "]\n"),
    within("numbers and keywords", "", "1or ", "1", "", "\n"),
    within("tuple comparisons", "", "a is () or ", "b", "", "\n"),
    within("blank lines", "", "\n", "a", "", "\n"),
    within("form feeds", "", "\x0c", "a", "", "\n"),
    within("return", "def f(): return ", "(", "a", ")", "\n"),
    within("raise", "raise ", "(", "a", ")", "\n"),
    within("assert", "assert ", "not ", "a", "", "\n"),
    within("lambda parameters", "lambda ", "a=lambda ", ": 1", ": 1", "\n"),
    within("long number", "", "1", "", "", "\n"),
    within("long hexadecimal", "0x", "f", "", "", "\n"),
    within("long float", "1.", "1", "", "", "\n"),
    within("underscores", "1", "_1", "", "", "\n"),
    within("long name", "", "a", "", "", "\n"),
    within("long string", "'", "a", "", "", "'\n"),
    within("escapes", "'", "\\n", "", "", "'\n"),
    within("invalid escapes", "'", "\\q", "", "", "'\n"),
    within("bytes", "b'", "\\x00", "", "", "'\n"),
    within("unterminated string", "'", "a", "", "", "\n"),
    within("unterminated triple", "'''", "a\n", "", "", ""),
    within("quotes", "", "'", "", "", "\n"),
    within("double quotes", "", "\"", "", "", "\n"),
    within("dots", "a", "...", "", "", "\n"),
    within("at signs", "", "@", "a", "", "\n"),
    within("exclamations", "", "!", "a", "", "\n"),
    within("names", "", "a ", "", "", "\n"),
    within("colons", "a", ":", "", "", "\n"),
    within("commas", "a", ",", "", "", "\n"),
    within("equals", "a", "=", "", "", "\n"),
    within("dollars", "", "$", "", "", "\n"),
    within("lambda without body", "", "lambda ", "", "", "\n"),
    within("if without else", "", "a if ", "", "", "\n"),
    within("for without in", "", "[a for ", "", "", "\n"),
    within("match subjects", "", "match ", "a", "", ": pass\n"),
    within("types", "", "type ", "a", "", "\n"),
    within("prints", "", "print ", "a", "", "\n"),
    within("invalid calls", "", "f(a b", "", ")", "\n"),
    within("invalid arguments", "", "f(a=", "1", " for a in b)", "\n"),
    within("missing commas", "", "[a b, ", "", "]", "\n"),
    within("missing values", "", "{a: b, c ", "", "}", "\n"),
    within("wrong comparison", "", "a = b == ", "c", "", " = d\n"),
    within("wrong lambda targets", "", "lambda: ", "a", "", " = 1\n"),
    within("wrong call targets", "", "f(", "a", ")", " = 1\n"),
    within("wrong list targets", "", "[", "f()", "]", " = 1\n"),
    within("wrong minus", "", "-", "a", "", " b\n"),
    within("wrong not", "", "not ", "a", "", " b\n"),
    within("wrong parentheses", "", "(", "a b", ")", "\n"),
    within("wrong brackets", "", "[", "a b", "]", "\n"),
    within("wrong dicts", "", "{a:", "a b", "}", "\n"),
    within("wrong subscripts", "", "a[", "a b", "]", "\n"),
    within("wrong conditions", "", "a if b else ", "a b", "", "\n"),
    within("wrong power", "", "a ** ", "a b", "", "\n"),
    within("wrong await", "", "await ", "a b", "", "\n"),
    within("wrong f-strings", "", "f'{", "a b", "}'", "\n"),
    within("wrong comprehension", "", "[a for a in ", "b c", "]", "\n"),
    within("wrong patterns", "match a:\n case ", "[", "b c", "]", ": pass\n"),
    within("wrong attribute chain", "a", ".b", " c", "", "\n"),
    within("wrong plus chain", "a", " + b", " c", "", "\n"),
    within("wrong lines", "", "a\n", "b c", "", "\n"),
    within("wrong elif", "if a: pass\n", "elif a: pass\n", "a b", "", "\n"),
    block("if blocks", "if a:", "pass", ""),
    block("if else blocks", "if a:", "pass", "else: pass"),
    block("while blocks", "while a:", "pass", ""),
    block("for blocks", "for a in b:", "pass", ""),
    block("async for blocks", "async for a in b:", "pass", ""),
    block("with blocks", "with a:", "pass", ""),
    block("try blocks", "try:", "pass", "finally: pass"),
    block("try except blocks", "try:", "pass", "except a: pass"),
    block("except blocks", "try: pass\nexcept:", "pass", ""),
    block("def blocks", "def f():", "pass", ""),
    block("class blocks", "class C:", "pass", ""),
    block("generic class blocks", "class C[T]:", "pass", ""),
    block("generic def blocks", "def f[T](a: T):", "pass", ""),
    block("match blocks", "match a:\n case b:", "pass", ""),
];

/// The source of `depth` levels.
pub fn source(shape: &Shape, depth: usize) -> String {
    let mut out = String::from(shape.head);
    if !shape.block {
        out.reserve((shape.open.len() + shape.close.len()) * depth + 64);
        (0..depth).for_each(|_| out.push_str(shape.open));
        out.push_str(shape.middle);
        (0..depth).for_each(|_| out.push_str(shape.close));
        out.push_str(shape.tail);
        return out;
    }
    // Levels past a few hundred only add to the size, by its square.
    let depth = depth.min(2000);
    let width = 1 + shape.open.matches("\n ").count();
    let mut put = |indent: usize, text: &str| {
        for line in text.lines() {
            (0..indent).for_each(|_| out.push(' '));
            out.push_str(line);
            out.push('\n');
        }
    };
    for level in 0..depth {
        put(level * width, shape.open);
    }
    put(depth * width, shape.middle);
    if !shape.close.is_empty() {
        for level in (0..depth).rev() {
            put(level * width, shape.close);
        }
    }
    out
}

/// One line, or something like it: `head`, as many `part` as it takes, `tail`.
pub struct LongLine {
    head: &'static str,
    part: &'static str,
    tail: &'static str,
}

impl LongLine {
    /// A line of at least `size` bytes.
    pub fn line(&self, size: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(size + 64);
        out.extend_from_slice(self.head.as_bytes());
        while out.len() < size {
            out.extend_from_slice(self.part.as_bytes());
        }
        out.extend_from_slice(self.tail.as_bytes());
        out
    }
}

const fn row(head: &'static str, part: &'static str, tail: &'static str) -> LongLine {
    LongLine { head, part, tail }
}

pub const LONG_LINES: &[(&str, LongLine)] = &[
    ("a name", row("", "a", "\n")),
    ("a name of other letters", row("", "é", "\n")),
    ("a string", row("'", "a", "'\n")),
    ("a string of other letters", row("'", "é", "'\n")),
    ("escapes", row("'", "\\x41", "'\n")),
    ("an unterminated string", row("'", "a", "\n")),
    ("an unterminated f-string", row("f'", "a", "\n")),
    ("an f-string", row("f'", "{a}", "'\n")),
    ("f-string text", row("f'", "{{", "'\n")),
    ("a comment", row("#", "a", "\n")),
    ("spaces", row("", " ", "a\n")),
    ("tabs", row("if a:\n", "\t", "a\n")),
    ("form feeds", row("", "\x0c", "a\n")),
    ("digits", row("", "1", "\n")),
    ("hexadecimal digits", row("0x", "f", "\n")),
    ("a float", row("1.", "1", "\n")),
    ("a sum", row("a", "+a", "\n")),
    ("a list", row("[a", ",a", "]\n")),
    ("a constant list", row("[1", ",1", "]\n")),
    ("a tuple of strings", row("x = (''", ",'a'", ")\n")),
    ("semicolons", row("a", ";a", "\n")),
    ("minus", row("", "-", "a\n")),
    ("parentheses", row("", "(", "a\n")),
    ("attributes", row("a", ".b", "\n")),
    ("wrong at the end", row("[a", ",a", " b c]\n")),
    ("names", row("", "a ", "\n")),
    ("commas", row("", ",", "\n")),
    ("question marks", row("", "?", "\n")),
    ("NUL bytes", row("", "\0", "\n")),
    ("continuation lines", row("", "\\\n", "a\n")),
    ("blank lines", row("", "\n", "a\n")),
    ("carriage returns", row("", "\r", "a\n")),
    ("type comments", row("x = 1", " # type: int", "\n")),
    ("comparison", row("a", "<a", "\n")),
    ("strings side by side", row("", "'a'", "\n")),
    ("assignments", row("", "a=", "b\n")),
    ("keywords", row("", "if ", "\n")),
];
