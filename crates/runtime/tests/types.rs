//! What classes, attributes and descriptors do, against the reference: each script of `types/` prints lines, and beside it
//! stands what CPython 3.14 printed (`python3.14 -W ignore NAME.py > NAME.expected`). The scripts need nothing but builtins.

use taipan_runtime::compile::{Mode, Request, compile_source};
use taipan_runtime::interp::eval_code;
use taipan_runtime::prelude::*;
use taipan_runtime::{modules, thread, types};

const SCRIPTS: &[&str] = &["errors", "attributes", "properties", "classes", "instances", "lifetime"];

/// `print` of the scripts: it collects lines.
const PRELUDE: &[u8] = b"def print(*a): LINES.append(' '.join([str(x) for x in a]))\n";

fn run(source: &[u8], name: &str, globals: &Ref<Dict>) -> PyResult<()> {
    let name = Str::from_utf8_str(name)?;
    let request = Request { mode: Mode::Exec, flags: 0, optimize: 0, is_text: false, feature_version: -1 };
    let code = compile_source(source, name.borrow(), request)?;
    eval_code(&code, globals.borrow(), None).map(drop)
}

fn lines_of(name: &str, source: &[u8], builtins: &Ref<Module>) -> PyResult<Vec<String>> {
    let globals = Dict::new()?;
    globals.set_str(id!("__builtins__"), builtins.as_borrowed())?;
    globals.set_str(id!("__name__"), id!("__main__"))?;
    let lines = List::new()?;
    globals.set_str(id!("LINES"), lines.as_borrowed())?;
    run(PRELUDE, "prelude", &globals)?;
    let result = run(source, name, &globals);
    let mut lines: Vec<String> = lines.try_to_vec()?.iter().map(|line| line.to_text()).collect();
    if let Err(raised) = result {
        let exception = raised.take();
        lines.push(format!("{name} ended with {}: {}", exception.type_name(), exception.to_text()));
    }
    Ok(lines)
}

fn check() -> PyResult<Vec<String>> {
    types::init()?;
    let builtins = modules::builtins::create()?;
    let mut differences = Vec::new();
    from_specification(&builtins)?;
    for name in SCRIPTS {
        let path = |extension: &str| format!("{}/tests/types/{name}.{extension}", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read(path("py")).expect("the script");
        let expected = std::fs::read_to_string(path("expected")).expect("what the reference printed");
        // A value may print several lines.
        let found = lines_of(name, &source, &builtins)?.join("\n");
        let (found, expected): (Vec<&str>, Vec<&str>) = (found.lines().collect(), expected.lines().collect());
        for index in 0..found.len().max(expected.len()) {
            let (found, expected) = (found.get(index), expected.get(index));
            if found != expected {
                differences.push(format!("{name}:{}\n  expected {expected:?}\n  found    {found:?}", index + 1));
            }
        }
    }
    Ok(differences)
}

/// Types as extensions make them: a static one, one from a specification, and one whose size is relative to that.
fn from_specification(builtins: &Ref<Module>) -> PyResult<()> {
    use taipan_runtime::abi::*;
    let member = |name: &'static CStr, offset: isize, flags: c_int| PyMemberDef {
        name: name.as_ptr(),
        r#type: Py_T_LONGLONG,
        offset,
        flags,
        doc: core::ptr::null(),
    };
    let make =
        |name: &'static CStr, basicsize: c_int, members: &mut [PyMemberDef], base: Option<Borrowed<'_, Object>>| {
            let mut slots = [
                PyType_Slot { slot: Py_tp_members, pfunc: members.as_mut_ptr().cast() },
                PyType_Slot { slot: Py_tp_doc, pfunc: c"P(n)\n--\n\nA point.".as_ptr().cast_mut().cast() },
                PyType_Slot::ZERO,
            ];
            let spec = PyType_Spec {
                name: name.as_ptr(),
                basicsize,
                itemsize: 0,
                flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE) as u32,
                slots: slots.as_mut_ptr(),
            };
            // SAFETY: the tables end with zeroed rows; members are copied.
            unsafe { types::type_::from_spec(None, None, &raw const spec, base) }
        };
    let first = make(c"mod.P", 24, &mut [member(c"n", 16, 0), PyMemberDef::ZERO], None)?;
    let second =
        make(c"mod.Q", -8, &mut [member(c"m", 0, Py_RELATIVE_OFFSET), PyMemberDef::ZERO], Some(first.as_borrowed()))?;
    let globals = Dict::new()?;
    globals.set_str(id!("__builtins__"), builtins.as_borrowed())?;
    globals.set_str(id!("__name__"), id!("__main__"))?;
    globals.set_str(id!("P"), first.as_borrowed())?;
    globals.set_str(id!("Q"), second.as_borrowed())?;
    run(
        b"assert repr(P) == \"<class 'mod.P'>\" and P.__module__ == 'mod' and P.__name__ == P.__qualname__ == 'P'\n\
          assert (P.__doc__, P.__text_signature__) == ('A point.', '(n)')\n\
          p = P(); p.n = 7; assert p.n == 7 and P().n == 0 and P.__basicsize__ == 24\n\
          q = Q(); q.n = 1; q.m = 2; assert (q.n, q.m) == (1, 2) and Q.__basicsize__ == 48, Q.__basicsize__\n\
          class R(Q):\n    def f(self): return self.n + self.m\n\
          r = R(); r.n = 3; r.m = 4; r.x = 5; assert r.f() == 7 and r.__dict__ == {'x': 5}\n\
          class S(P): __slots__ = 'a'\n\
          s = S(); s.a = 1; s.n = 2; assert (s.a, s.n) == (1, 2)\n\
          assert P.__subclasses__() == [Q, S]\n\
          P.n2 = property(lambda self: self.n * 2); assert s.n2 == 4 and r.n2 == 6\n\
          P.__len__ = lambda self: self.n; assert len(s) == 2 and len(r) == 3\n\
          del p, q, r, s\n",
        "specification",
        &globals,
    )
}

#[test]
fn scripts_print_what_the_reference_prints() {
    let config = thread::Config::default();
    types::hash::init(config.hash_seed);
    thread::config::set_config(config);
    assert!(thread::state::initialize_main().is_some(), "no thread state");
    match check() {
        Ok(differences) => assert!(differences.is_empty(), "{}", differences.join("\n")),
        Err(raised) => panic!("{}", raised.take().to_text()),
    }
}
