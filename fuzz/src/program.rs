//! Random programs that the grammar accepts, so that symbol table, code generator and optimiser are reached. Some are
//! refused later, for a `return` outside of a function and the like.

use std::fmt::Write as _;

use crate::random::Random;

/// A program of a few statements.
pub fn write(random: &mut Random) -> String {
    let mut writer = Writer {
        out: String::new(),
        indent: 0,
        random,
        budget: 0,
        function: false,
        asynchronous: false,
        in_loop: false,
    };
    writer.budget = 5 + writer.random.below(60) as i32;
    if writer.random.chance(60) {
        let head =
            writer.random.pick(&["def f(a, b, *c, x=1)", "async def f(self, *, y)", "class C:\n def m(self, a)"]);
        writer.put(head);
        (writer.function, writer.asynchronous, writer.indent) =
            (true, head.starts_with("async"), usize::from(head.starts_with("class")));
        writer.block();
        (writer.function, writer.asynchronous, writer.indent) = (false, false, 0);
    }
    let count = 1 + writer.random.below(4);
    for _ in 0..count {
        writer.statement();
    }
    writer.out
}

struct Writer<'r> {
    out: String,
    indent: usize,
    random: &'r mut Random,
    /// How many more nodes there may be; when it is used up, everything becomes a leaf.
    budget: i32,
    /// Where the next statement stands; now and then this is overlooked.
    function: bool,
    asynchronous: bool,
    in_loop: bool,
}

const NAMES: &[&str] =
    &["a", "b", "c", "d", "x", "y", "self", "__p", "f", "T", "__class__", "print", "_", "__debug__", "é"];
const BINARY: &[&str] = &["+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^"];
const COMPARE: &[&str] = &["<", ">", "==", "!=", "<=", ">=", "in", "not in", "is", "is not"];

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&mut self) -> &'static str {
        self.random.pick(NAMES)
    }

    fn put_name(&mut self) {
        let name = self.name();
        self.put(name);
    }

    fn spend(&mut self) -> bool {
        self.budget -= 1;
        self.budget > 0
    }

    fn line(&mut self) {
        for _ in 0..self.indent {
            self.out.push(' ');
        }
    }

    fn list(&mut self, most: usize, mut item: impl FnMut(&mut Self)) {
        for at in 0..self.random.below(most + 1) {
            if at > 0 {
                self.put(", ");
            }
            item(self);
        }
    }

    /// A block in which `break` and `continue` may stand.
    fn loop_block(&mut self) {
        let outer = std::mem::replace(&mut self.in_loop, true);
        self.block();
        self.in_loop = outer;
    }

    /// Whether something that has its place may stand here: where `there`, and rarely elsewhere.
    fn may(&mut self, there: bool) -> bool {
        there || self.random.chance(1)
    }

    fn block(&mut self) {
        self.put(":\n");
        self.indent += 1;
        for _ in 0..1 + self.random.below(3) {
            self.statement();
        }
        self.indent -= 1;
    }

    /// `keyword` on a line of its own, with a block, `percent` times of a hundred.
    fn clause(&mut self, percent: usize, keyword: &str) {
        if self.random.chance(percent) {
            self.line();
            self.put(keyword);
            self.block();
        }
    }

    fn statement(&mut self) {
        self.line();
        let compound = self.spend() && self.indent < 12;
        match self.random.below(if compound { 40 } else { 22 }) {
            0..3 => self.expression(),
            3..6 => {
                for _ in 0..1 + self.random.below(2) {
                    self.target();
                    self.put(" = ");
                }
                self.value();
            }
            6 => {
                self.put_name();
                let operator = self.random.pick(BINARY);
                let _ = write!(self.out, " {operator}= ");
                self.value();
            }
            7 => {
                if self.random.chance(80) {
                    self.put_name();
                } else {
                    self.put("(x.y)");
                }
                self.put(": ");
                self.expression();
                if self.random.chance(50) {
                    self.put(" = ");
                    self.value();
                }
            }
            8 | 9 => {
                if !self.may(self.function) {
                    return self.put("pass\n");
                }
                self.put("return ");
                if self.random.chance(70) {
                    self.value();
                }
            }
            10 => {
                let word = if self.may(self.in_loop) { "break" } else { "pass" };
                self.put(word);
            }
            11 => {
                let word = if self.may(self.in_loop) { "continue" } else { "pass" };
                self.put(word);
            }
            12 => {
                self.put("del ");
                self.target();
            }
            13 => {
                self.put("raise ");
                self.expression();
                if self.random.chance(30) {
                    self.put(" from ");
                    self.expression();
                }
            }
            14 => {
                if !self.random.chance(15) {
                    return self.put("pass\n");
                }
                let word = self.random.pick(&["global ", "nonlocal "]);
                self.put(word);
                self.put_name();
            }
            15 => {
                self.put("assert ");
                self.expression();
                if self.random.chance(40) {
                    self.put(", ");
                    self.expression();
                }
            }
            16 => {
                let text = self.random.pick(&[
                    "import a.b.c as d",
                    "import a.b, c",
                    "from . import x as y, z",
                    "from ..a import (b, c as T,)",
                    "from a import *",
                    "from __future__ import annotations",
                ]);
                self.put(text);
            }
            17 => {
                self.put("type ");
                self.put_name();
                self.type_params();
                self.put(" = ");
                self.expression();
            }
            18 => self.put("'''A docstring.\n   of two lines'''"),
            19 | 20 => self.put("pass"),
            21 => {
                self.expression();
                self.put("; ");
                self.expression();
            }
            22..26 => {
                self.put("if ");
                self.expression();
                self.block();
                while self.random.chance(25) {
                    self.line();
                    self.put("elif ");
                    self.expression();
                    self.block();
                }
                self.clause(35, "else");
                return;
            }
            26 | 27 => {
                self.put("while ");
                self.expression();
                self.loop_block();
                self.clause(25, "else");
                return;
            }
            28 | 29 => {
                if self.random.chance(20) && self.may(self.asynchronous) {
                    self.put("async ");
                }
                self.put("for ");
                self.target();
                self.put(" in ");
                self.expression();
                self.loop_block();
                self.clause(25, "else");
                return;
            }
            30..33 => {
                self.put("try");
                self.block();
                let star = if self.random.chance(25) { "except* " } else { "except " };
                let handlers = self.random.below(3);
                for _ in 0..handlers {
                    self.line();
                    self.put(star);
                    self.expression();
                    if self.random.chance(50) {
                        self.put(" as ");
                        self.put_name();
                    }
                    self.block();
                }
                if handlers > 0 {
                    self.clause(25, "else");
                }
                self.clause(if handlers == 0 { 100 } else { 35 }, "finally");
                return;
            }
            33 | 34 => {
                if self.random.chance(25) && self.may(self.asynchronous) {
                    self.put("async ");
                }
                self.put("with ");
                for at in 0..1 + self.random.below(2) {
                    if at > 0 {
                        self.put(", ");
                    }
                    self.expression();
                    if self.random.chance(60) {
                        self.put(" as ");
                        self.target();
                    }
                }
            }
            35..37 => {
                while self.random.chance(25) {
                    self.put("@");
                    self.expression();
                    self.put("\n");
                    self.line();
                }
                if self.random.chance(25) {
                    self.put("async ");
                }
                self.put("def ");
                self.put_name();
                self.type_params();
                self.put("(");
                self.parameters(true);
                self.put(")");
                if self.random.chance(20) {
                    self.put(" -> ");
                    self.expression();
                }
            }
            37 => {
                self.put("class ");
                self.put_name();
                self.type_params();
                self.put("(");
                self.arguments();
                self.put(")");
            }
            _ => {
                self.put("match ");
                self.expression();
                self.put(":\n");
                self.indent += 1;
                for _ in 0..1 + self.random.below(4) {
                    self.line();
                    self.put("case ");
                    self.pattern();
                    if self.random.chance(20) {
                        self.put(" if ");
                        self.expression();
                    }
                    self.block();
                }
                self.indent -= 1;
                return;
            }
        }
        let last = self.out.trim_end().len();
        // What ends a simple statement or opens a block was decided above: only headers are left without either.
        let header = self.out[..last].rfind('\n').map_or(0, |at| at + 1);
        let first = self.out[header..].trim_start();
        if ["with ", "async ", "def ", "class "].iter().any(|word| first.starts_with(word)) {
            let outer = (self.function, self.asynchronous, self.in_loop);
            if first.starts_with("def ") || first.starts_with("async def ") {
                (self.function, self.asynchronous, self.in_loop) = (true, first.starts_with("async "), false);
            } else if first.starts_with("class ") {
                (self.function, self.asynchronous, self.in_loop) = (false, false, false);
            }
            self.block();
            (self.function, self.asynchronous, self.in_loop) = outer;
        } else {
            self.put("\n");
        }
    }

    fn type_params(&mut self) {
        if !self.random.chance(25) {
            return;
        }
        self.put("[");
        let bound = self.random.pick(&[
            "T",
            "U: int, *Ts",
            "**P",
            "T: (a, b) = c",
            "*Ts = *b",
            "U = (x := 1)",
            "T: (yield)",
            "V, T: __class__",
        ]);
        self.put(bound);
        self.put("]");
    }

    fn parameters(&mut self, annotated: bool) {
        let shape = self.random.pick(&[
            "",
            "a",
            "self",
            "a, b",
            "a, /, b",
            "a, *, b",
            "a, *c, d",
            "self, *c, **d",
            "a, b=1, *, x, y=2, **d",
            "*, x=1",
            "__p, *, __q=0",
        ]);
        for (at, part) in shape.split(", ").enumerate() {
            if at > 0 {
                self.put(", ");
            }
            let (name, default) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            self.put(name);
            if annotated && !matches!(name, "" | "/" | "*") && self.random.chance(20) {
                self.put(": ");
                self.expression();
            }
            if let Some(value) = default {
                self.put("=");
                self.put(value);
            }
        }
    }

    fn arguments(&mut self) {
        self.list(3, Self::expression);
        let tail = self.random.pick(&["", "", "", "", ", *a", ", k=b", ", **c", ", *a, k=1, **d"]);
        if !self.out.ends_with('(') {
            self.put(tail);
        } else {
            self.put(tail.trim_start_matches(", "));
        }
    }

    fn value(&mut self) {
        match self.random.below(12) {
            0 if self.may(self.function) => {
                self.put("yield ");
                self.expression();
            }
            1 => {
                self.put("*a, ");
                self.expression();
            }
            _ => self.expression(),
        }
    }

    fn target(&mut self) {
        match self.random.below(10) {
            0 => self.put("a.b"),
            1 => {
                self.put_name();
                self.put("[");
                self.expression();
                self.put("]");
            }
            2 => self.put("(a, *b, c)"),
            3 => self.put("[x, (y, d)]"),
            4 => self.put("x[1:y]"),
            _ => self.put_name(),
        }
    }

    fn pattern(&mut self) {
        if !self.spend() {
            return self.put("_");
        }
        match self.random.below(12) {
            0 => self.put("_"),
            1 => self.put("x"),
            2 => self.put("-1.5 + 2j"),
            3 => self.put("'a' 'b'"),
            4 => self.put("None"),
            5 => {
                self.put("[");
                self.list(3, Self::pattern);
                let rest = self.random.pick(&["]", ", *_]", ", *y]"]);
                self.put(if self.out.ends_with('[') { "]" } else { rest });
            }
            6 => {
                self.put("{1: ");
                self.pattern();
                self.put(", a.b: ");
                self.pattern();
                let rest = self.random.pick(&["}", ", **d}"]);
                self.put(rest);
            }
            7 => {
                self.put("C(");
                self.pattern();
                self.put(", k=");
                self.pattern();
                self.put(")");
            }
            8 => {
                self.put("(");
                self.pattern();
                self.put(" | ");
                self.pattern();
                self.put(")");
            }
            9 => {
                self.put("(");
                self.pattern();
                self.put(") as c");
            }
            10 => self.put("a.b.c"),
            _ => self.put("{**d}"),
        }
    }

    fn comprehension(&mut self) {
        for _ in 0..1 + self.random.below(2) {
            let word = if self.random.chance(10) && self.may(self.asynchronous) { " async for " } else { " for " };
            self.put(word);
            self.target();
            self.put(" in ");
            self.bracketed();
            if self.random.chance(35) {
                self.put(" if ");
                self.bracketed();
            }
        }
    }

    fn bracketed(&mut self) {
        self.put("(");
        self.expression();
        self.put(")");
    }

    fn expression(&mut self) {
        if !self.spend() {
            let leaf = self
                .random
                .pick(&["a", "b", "x", "y", "1", "0", "''", "None", "True", "...", "-1", "b''", "1.5", "300", "()"]);
            return self.put(leaf);
        }
        match self.random.below(46) {
            0..7 => self.put_name(),
            7..11 => {
                let literal = self.random.pick(&[
                    "0",
                    "1",
                    "255",
                    "256",
                    "-0.0",
                    "1j",
                    "2**70",
                    "'s'",
                    "'\\ud800'",
                    "b'x'",
                    "99999999999999999999",
                    "1e308*10",
                    "'a'*20",
                    "(1,2)",
                    "frozenset",
                    "\"%s %r\" % (a, b)",
                    "'%d' % x",
                    "1 if x else 2",
                    "not a",
                    "__debug__",
                    "True",
                    "None",
                    "...",
                    "{1, 2}",
                    "[1, 2, 3]",
                    "(1, 2, 3)[1]",
                    "'abc'[0:2]",
                    "10 // 0",
                    "7 % 3",
                    "-(-5)",
                    "~7",
                    "2 << 3",
                ]);
                self.put(literal);
            }
            11..14 => {
                self.bracketed();
                let operator = self.random.pick(BINARY);
                let _ = write!(self.out, " {operator} ");
                self.bracketed();
            }
            14..16 => {
                self.bracketed();
                for _ in 0..1 + self.random.below(3) {
                    let operator = self.random.pick(COMPARE);
                    let _ = write!(self.out, " {operator} ");
                    self.bracketed();
                }
            }
            16..19 => {
                let word = self.random.pick(&[" and ", " or "]);
                self.bracketed();
                for _ in 0..1 + self.random.below(3) {
                    self.put(word);
                    self.bracketed();
                }
            }
            19 => {
                let words = ["not ", "-", "~", "+", "await "];
                let count = if self.may(self.asynchronous) { 5 } else { 4 };
                let word = self.random.pick(&words[..count]);
                self.put("(");
                self.put(word);
                self.bracketed();
                self.put(")");
            }
            20 | 21 => {
                self.put("(");
                self.bracketed();
                self.put(" if ");
                self.expression();
                self.put(" else ");
                self.expression();
                self.put(")");
            }
            22 => {
                self.put("(lambda ");
                self.parameters(false);
                self.put(": ");
                self.expression();
                self.put(")");
            }
            23..27 => {
                let callee =
                    self.random.pick(&["f", "a.b", "super()", "self.c", "print", "all", "any", "tuple", "super"]);
                self.put(callee);
                self.put("(");
                if self.random.chance(15) {
                    self.expression();
                    self.comprehension();
                } else {
                    self.arguments();
                }
                self.put(")");
            }
            27 | 28 => {
                self.put_name();
                let attribute =
                    self.random.pick(&[".a", ".__p", ".b.c", "[0]", "[:]", "[1:2]", "[::x]", "[a, b:c]", "[*a]"]);
                self.put(attribute);
            }
            29..32 => {
                let (open, close) = [("[", "]"), ("{", "}"), ("(", ")")][self.random.below(3)];
                self.put(open);
                self.expression();
                self.comprehension();
                self.put(close);
            }
            32 => {
                self.put("{");
                self.expression();
                self.put(": ");
                self.expression();
                self.comprehension();
                self.put("}");
            }
            33 => {
                self.put("{");
                self.list(4, |w| {
                    w.expression();
                    w.put(": ");
                    w.expression();
                });
                self.put("}");
            }
            34..36 => {
                self.put("[");
                self.list(5, Self::expression);
                self.put("]");
            }
            36 => {
                self.put("(");
                self.expression();
                self.put(", ");
                self.list(4, Self::expression);
                self.put(")");
            }
            37 => {
                self.put("{*a, ");
                self.expression();
                self.put("}");
            }
            38 => self.put("{**a, 'k': b, **c}"),
            39 | 40 => {
                let start = self.random.pick(&["f\"", "rf\"", "t\"", "f\"p{{"]);
                self.put(start);
                for _ in 0..self.random.below(3) {
                    self.put("{(");
                    self.expression();
                    let end = self.random.pick(&[")}", ")!r}", ")=}", "):>10}", "):{x}.{y}}", ")=!s:^}"]);
                    self.put(end);
                    self.put(" q");
                }
                self.put("\"");
            }
            41 => {
                self.put("(y := ");
                self.expression();
                self.put(")");
            }
            42 if self.may(self.function) => {
                self.put("(yield ");
                self.expression();
                self.put(")");
            }
            43 if self.may(self.function && !self.asynchronous) => self.put("(yield from a)"),
            44 if self.may(self.asynchronous) => {
                self.put("(await ");
                self.bracketed();
                self.put(")");
            }
            _ => self.put("[*a, 1]"),
        }
    }
}
