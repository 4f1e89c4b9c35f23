//! `cargo xtask abi-check [INCLUDE_DIR]`: compares `taipan-abi` with the headers of the reference interpreter.
//!
//! From `table.rs` it writes a C program that prints the size, the alignment and the field offsets of every struct, the
//! place of every bit field and the value of every constant; compiles it with `cc` against the headers; and compares what
//! it prints with what Rust has. Structs of CPython's C files that no header shows are compared by `__basicsize__`, if the
//! reference interpreter itself is there. Without headers it says so and passes, so that machines without the reference
//! can build.

mod table;

use std::collections::HashMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use taipan_abi::*;

/// A struct or union, as Rust lays it out.
pub struct Layout {
    /// Name in Rust.
    name: &'static str,
    /// Type expression of C.
    c_type: &'static str,
    size: usize,
    align: usize,
    fields: Vec<Field>,
}

pub struct Field {
    name: &'static str,
    offset: usize,
    size: usize,
}

pub struct Constant {
    name: &'static str,
    /// The low 64 bits, which both sides print alike whatever the type.
    value: i64,
}

/// The size of the field that `get` borrows.
fn field_size<T, F>(_get: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// See `table.rs`.
macro_rules! layouts {
    ($($kind:ident $name:ident $(= $c:literal)? { $($field:ident),* };)*) => {
        /// Every struct and union of `taipan-abi`.
        pub fn layouts() -> Vec<Layout> {
            vec![$({
                layouts!(@exhaustive $kind $name { $($field,)* });
                Layout {
                    name: stringify!($name),
                    c_type: [$($c,)? stringify!($name)][0],
                    size: size_of::<$name>(),
                    align: align_of::<$name>(),
                    fields: vec![$(layouts!(@field $kind $name $field)),*],
                }
            }),*]
        }
    };
    (@exhaustive struct $name:ident { $($field:ident,)* }) => {{
        fn _names_every_field(value: &$name) {
            let $name { $($field: _),* } = value;
        }
    }};
    (@exhaustive union $name:ident { $($field:ident,)* }) => {};
    (@field struct $name:ident $field:ident) => {
        Field {
            name: stringify!($field).trim_start_matches("r#"),
            offset: std::mem::offset_of!($name, $field),
            size: super::field_size(|value: &$name| &value.$field),
        }
    };
    (@field union $name:ident $field:ident) => {
        Field {
            name: stringify!($field).trim_start_matches("r#"),
            offset: std::mem::offset_of!($name, $field),
            // SAFETY: the closure is never called.
            size: super::field_size(|value: &$name| unsafe { &value.$field }),
        }
    };
}

macro_rules! constants {
    ($($name:ident),* $(,)?) => {
        /// Every integer constant of `taipan-abi`.
        pub fn constants() -> Vec<Constant> {
            vec![$(Constant { name: stringify!($name), value: $name as i64 }),*]
        }
    };
}

use {constants, layouts};

/// Headers that declare what the table names, in an order in which they compile.
const HEADERS: &[&str] = &[
    "Python.h",
    "structmember.h",
    "datetime.h",
    "frameobject.h",
    "marshal.h",
    "opcode.h",
    "internal/pycore_initconfig.h",
    "internal/pycore_interp_structs.h",
    "internal/pycore_runtime_structs.h",
    "internal/pycore_bytesobject.h",
    "internal/pycore_ceval.h",
    "internal/pycore_code.h",
    "internal/pycore_context.h",
    "internal/pycore_critical_section.h",
    "internal/pycore_descrobject.h",
    "internal/pycore_dict.h",
    "internal/pycore_floatobject.h",
    "internal/pycore_frame.h",
    "internal/pycore_function.h",
    "internal/pycore_gc.h",
    "internal/pycore_genobject.h",
    "internal/pycore_hamt.h",
    "internal/pycore_interpframe.h",
    "internal/pycore_intrinsics.h",
    "internal/pycore_list.h",
    "internal/pycore_lock.h",
    "internal/pycore_long.h",
    "internal/pycore_magic_number.h",
    "internal/pycore_memoryobject.h",
    "internal/pycore_moduleobject.h",
    "internal/pycore_object.h",
    "internal/pycore_opcode_metadata.h",
    "internal/pycore_opcode_utils.h",
    "internal/pycore_pyhash.h",
    "internal/pycore_pythonrun.h",
    "internal/pycore_range.h",
    "internal/pycore_runtime.h",
    "internal/pycore_stackref.h",
    "internal/pycore_time.h",
    "internal/pycore_tstate.h",
    "internal/pycore_tuple.h",
    "internal/pycore_typeobject.h",
    "internal/pycore_ucnhash.h",
    "internal/pycore_debug_offsets.h",
];

/// Bit fields: type and member of C, first bit counted from the start of the struct, and width.
fn bit_fields() -> Vec<(&'static str, &'static str, usize, usize)> {
    type State = _PyUnicodeObject_state;
    let state = |member, mask: u32| {
        let first = 8 * offset_of!(PyASCIIObject, state) + mask.trailing_zeros() as usize;
        ("PyASCIIObject", member, first, mask.count_ones() as usize)
    };
    type Status = _PyThreadState_status;
    let status = |member, mask: u32| {
        let first = 8 * offset_of!(PyThreadState, _status) + mask.trailing_zeros() as usize;
        ("PyThreadState", member, first, mask.count_ones() as usize)
    };
    vec![
        state("state.interned", State::INTERNED_MASK),
        state("state.kind", State::KIND_MASK),
        state("state.compact", State::COMPACT),
        state("state.ascii", State::ASCII),
        state("state.statically_allocated", State::STATICALLY_ALLOCATED),
        status("_status.initialized", Status::INITIALIZED),
        status("_status.bound", Status::BOUND),
        status("_status.unbound", Status::UNBOUND),
        status("_status.bound_gilstate", Status::BOUND_GILSTATE),
        status("_status.active", Status::ACTIVE),
        status("_status.finalizing", Status::FINALIZING),
        status("_status.cleared", Status::CLEARED),
        status("_status.finalized", Status::FINALIZED),
    ]
}

/// Runs the check; the arguments are those after the verb.
pub fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    let include = args.next().map(PathBuf::from).or_else(find_headers);
    let Some(include) = include.filter(|dir| dir.join("Python.h").is_file()) else {
        println!("abi-check: skipped: no headers of the reference (give the folder of Python.h as an argument)");
        return ExitCode::SUCCESS;
    };
    match check(&include) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("abi-check: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The headers of the reference interpreter, where its installer puts them.
fn find_headers() -> Option<PathBuf> {
    let home = PathBuf::from(env::var_os("HOME")?);
    Some(home.join(".cache/taipan-oracle/usr/include/python3.14"))
}

/// Compares everything and returns the number of differences.
fn check(include: &Path) -> Result<usize, String> {
    let layouts = table::layouts();
    let constants = table::constants();
    let bits = bit_fields();
    let printed = ask_c(include, &c_program(&layouts, &constants, &bits))?;
    let theirs: HashMap<&str, &str> = printed.lines().filter_map(|line| line.split_once('\t')).collect();

    let mut ours: Vec<(String, String)> = Vec::new();
    for layout in &layouts {
        ours.push((layout.name.to_owned(), format!("size {} align {}", layout.size, layout.align)));
        for field in &layout.fields {
            let key = format!("{}.{}", layout.name, field.name);
            ours.push((key, format!("offset {} size {}", field.offset, field.size)));
        }
    }
    for (name, member, first, width) in &bits {
        ours.push((format!("{name}.{member}"), format!("bit {first} width {width}")));
    }
    for constant in &constants {
        ours.push((constant.name.to_owned(), constant.value.to_string()));
    }
    ours.push(("_Py_Debug_Cookie".to_owned(), _Py_Debug_Cookie.to_string_lossy().into_owned()));

    let mut differences = 0;
    for (key, our) in &ours {
        let their = theirs.get(key.as_str()).copied().unwrap_or("nothing");
        if their != our {
            differences += 1;
            println!("{key}: C has {their}, Rust has {our}");
        }
    }
    let fields: usize = layouts.iter().map(|layout| layout.fields.len()).sum();
    differences += check_debug_offsets(&theirs);
    let sizes = match check_basic_sizes(include) {
        Ok(Some(wrong)) => {
            differences += wrong;
            format!("{} basic sizes", table::BASIC_SIZES.len())
        }
        Ok(None) => "basic sizes skipped (no interpreter beside the headers)".to_owned(),
        Err(message) => return Err(message),
    };
    println!(
        "abi-check: {} structs, {fields} fields, {} bit fields, {} constants, {sizes}: {differences} differences",
        layouts.len(),
        bits.len(),
        constants.len() + 1
    );
    Ok(differences)
}

/// Compares the words of the debug offsets that `taipan-abi` fills in, and returns the number of differences.
fn check_debug_offsets(theirs: &HashMap<&str, &str>) -> usize {
    const WORDS: usize = size_of::<_Py_DebugOffsets>() / size_of::<u64>();
    // SAFETY: the struct is eight bytes and then words, all initialised and without padding.
    let words: [u64; WORDS] = unsafe { std::mem::transmute(_Py_DebugOffsets::LAYOUTS) };
    let mut differences = 0;
    for (index, our) in words.into_iter().enumerate().filter(|&(_, word)| word != 0) {
        let key = format!("_Py_DebugOffsets[{index}]");
        let their = theirs.get(key.as_str()).copied().unwrap_or("nothing");
        if their != our.to_string() {
            differences += 1;
            println!("{key}: C has {their}, Rust has {our}");
        }
    }
    differences
}

/// Compares the structs that no header shows with what the interpreter says, if there is one at `bin/python3.14` above
/// the headers, and returns the number of differences.
fn check_basic_sizes(include: &Path) -> Result<Option<usize>, String> {
    // The outermost one: where an interpreter is unpacked below a folder, the wrapper that sets its home stands above.
    let python = include.ancestors().map(|dir| dir.join("bin/python3.14")).filter(|path| path.is_file()).last();
    let Some(python) = python else { return Ok(None) };
    let mut script = String::from("import collections, pickle, sys, types\ndef show(name, thing):\n");
    script.push_str("    print(name, (thing if type(thing) is type else type(thing)).__basicsize__, sep='\\t')\n");
    for (name, expression, _) in table::BASIC_SIZES {
        let _ = writeln!(script, "show('{name}', {expression})");
    }
    let output = Command::new(&python).args(["-c", &script]).output().map_err(|error| format!("python: {error}"))?;
    if !output.status.success() {
        return Err(format!("the interpreter failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let theirs: HashMap<&str, &str> = printed.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut differences = 0;
    for (name, _, our) in table::BASIC_SIZES {
        let their = theirs.get(name).copied().unwrap_or("nothing");
        if their != our.to_string() {
            differences += 1;
            println!("{name}: the interpreter has {their}, Rust has {our}");
        }
    }
    Ok(Some(differences))
}

/// The C program: one line per fact, name and value separated by a tab.
fn c_program(layouts: &[Layout], constants: &[Constant], bits: &[(&str, &str, usize, usize)]) -> String {
    let mut c = String::from("#define Py_BUILD_CORE 1\n");
    for header in HEADERS {
        let _ = writeln!(c, "#include \"{header}\"");
    }
    c.push_str(
        r#"#include <stddef.h>
#include <stdio.h>
#include <string.h>
#define TYPE(name, type) printf("%s\tsize %zu align %zu\n", name, sizeof(type), _Alignof(type))
#define FIELD(name, type, field) \
    printf("%s." #field "\toffset %zu size %zu\n", name, offsetof(type, field), sizeof(((type *)0)->field))
#define FLEXIBLE(name, type, field) printf("%s." #field "\toffset %zu size 0\n", name, offsetof(type, field))
#define CONSTANT(name) printf("%s\t%lld\n", #name, (long long)(name))
#define BITS(type, member) do { \
        static type value; \
        memset(&value, 0, sizeof value); \
        value.member = ~0u; \
        bits(#type "." #member, (const unsigned char *)&value, sizeof value); \
    } while (0)

static void bits(const char *name, const unsigned char *bytes, size_t size)
{
    size_t first = 0, width = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        if (bytes[bit / 8] >> bit % 8 & 1) {
            if (width++ == 0) first = bit;
        }
    }
    printf("%s\tbit %zu width %zu\n", name, first, width);
}

int main(void)
{
"#,
    );
    for layout in layouts {
        let (name, c_type) = (layout.name, layout.c_type);
        let _ = writeln!(c, "    TYPE(\"{name}\", {c_type});");
        for field in &layout.fields {
            // A flexible array member has no size in C.
            let kind = if field.size == 0 { "FLEXIBLE" } else { "FIELD" };
            let _ = writeln!(c, "    {kind}(\"{name}\", {c_type}, {});", field.name);
        }
    }
    for (name, member, ..) in bits {
        let _ = writeln!(c, "    BITS({name}, {member});");
    }
    for constant in constants {
        let _ = writeln!(c, "    CONSTANT({});", constant.name);
    }
    c.push_str(
        r#"
    static const _Py_DebugOffsets offsets = _Py_DebugOffsets_INIT(_Py_Debug_Cookie);
    for (size_t index = 0; index < sizeof offsets / 8; index++) {
        unsigned long long word;
        memcpy(&word, (const char *)&offsets + 8 * index, 8);
        printf("_Py_DebugOffsets[%zu]\t%llu\n", index, word);
    }
"#,
    );
    c.push_str("    printf(\"_Py_Debug_Cookie\\t%s\\n\", _Py_Debug_Cookie);\n    return 0;\n}\n");
    c
}

/// Compiles and runs the program. Nothing of Python is linked: inline functions that are left over stay unresolved and
/// are never called.
fn ask_c(include: &Path, program: &str) -> Result<String, String> {
    let folder = env::temp_dir().join(format!("taipan-abi-check-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let answer = compile_and_run(include, &folder, program);
    let _ = fs::remove_dir_all(&folder);
    answer
}

fn compile_and_run(include: &Path, folder: &Path, program: &str) -> Result<String, String> {
    let (source, binary) = (folder.join("abi_check.c"), folder.join("abi_check"));
    fs::write(&source, program).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut cc = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.args(["-std=gnu11", "-w", "-O1", "-ffunction-sections", "-Wl,--gc-sections"])
        .arg("-Wl,--unresolved-symbols=ignore-all")
        .arg("-I")
        .arg(include)
        .arg("-I")
        .arg(include.join("internal"));
    if let Some(parent) = include.parent() {
        // Debian's pyconfig.h includes the one of the architecture by a path from here.
        cc.arg("-I").arg(parent);
    }
    let output = cc.arg(&source).arg("-o").arg(&binary).output().map_err(|error| format!("cc: {error}"))?;
    if !output.status.success() {
        return Err(format!("the headers do not compile:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let output = Command::new(&binary).output().map_err(|error| format!("{}: {error}", binary.display()))?;
    if !output.status.success() {
        return Err(format!("the generated program failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("the generated program printed {error}"))
}
