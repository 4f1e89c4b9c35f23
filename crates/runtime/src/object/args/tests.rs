//! A type and a module through the macros, called as C calls them; messages as the reference words them.

use core::ffi::CStr;
use core::mem::offset_of;
use core::ptr;

use crate::abi::{
    METH_FASTCALL, METH_KEYWORDS, METH_METHOD, METH_NOARGS, METH_O, PyCFunctionFast, PyCFunctionFastWithKeywords,
    PyCMethod, PyMethodDef, PyModuleDef, PyObject,
};
use crate::object::TypePart;
use crate::prelude::*;

/// A type with one of each kind of item.
#[repr(C)]
struct Sample {
    head: PyObject,
    value: core::cell::Cell<i64>,
}

#[pytype(name = "Sample", module = "tests", basetype, gc, extend = [MORE])]
impl Sample {
    #[slot(tp_traverse)]
    fn traverse(_this: &Sample, _visit: &mut Visitor) {}

    #[slot(tp_repr)]
    fn repr(this: &Ref<Sample>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&format!("Sample({})", this.value.get()))
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Sample>) -> PyResult<isize> {
        Ok(this.value.get() as isize)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Sample>) -> PyResult<Option<Ref<Object>>> {
        let _ = this;
        Ok(None)
    }

    #[slot(sq_length, mp_length)]
    fn len(this: &Ref<Sample>) -> usize {
        this.value.get() as usize
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let _ = (left, right);
        Ok(not_implemented())
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Sample>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let _ = (this, other, op);
        Ok(not_implemented())
    }

    #[slot(tp_call)]
    fn call(this: &Ref<Sample>, args: CallArgs<'_>) -> PyResult<isize> {
        let _ = this;
        args.no_keywords("Sample")?;
        Ok(args.nargs() as isize)
    }

    #[slot(am_send)]
    fn send(this: &Ref<Sample>, value: Borrowed<'_, Object>) -> SendResult {
        let _ = this;
        SendResult::Return(value.to_owned())
    }

    #[new(signature = "(value=0, /)")]
    fn new(cls: Borrowed<'_, Type>, value: i64) -> PyResult<i64> {
        let _ = cls;
        Ok(value)
    }

    #[method(signature = "($self, number=1, /)", defining_class)]
    fn home(_this: &Ref<Sample>, class: DefiningClass<'_>, number: i64) -> String {
        format!("{} {number}", class.name())
    }

    #[method(signature = "($self, /)", defining_class)]
    fn alone(_this: &Ref<Sample>) -> &'static str {
        "alone"
    }

    #[method(signature = "($self, /)")]
    fn nothing(this: &Ref<Sample>) {
        let _ = this;
    }

    #[cfg(any())]
    #[method(signature = "($self, /)")]
    fn elsewhere(this: &Ref<Sample>) -> NoSuchType {}

    #[method(signature = "($self, text, /)")]
    fn one(this: &Ref<Sample>, text: Borrowed<'_, Str>) -> usize {
        let _ = this;
        text.len()
    }

    #[method(signature = "($self, index=-1, text=None, /)")]
    fn pop(this: &Ref<Sample>, index: isize, text: Nullable<&str>) -> PyResult<i64> {
        let _ = this;
        Ok(index as i64 + text.map_or(0, |text| text.len() as i64))
    }

    #[method(signature = "($self, /, encoding='utf-8', errors='strict')")]
    fn encode(this: &Ref<Sample>, encoding: &str, errors: &str) -> PyResult<String> {
        let _ = this;
        Ok(format!("{encoding},{errors}"))
    }

    #[method(signature = "($self, /, first, *args, key=None, **kwargs)")]
    fn everything(
        this: &Ref<Sample>,
        first: i32,
        args: Args<'_>,
        key: Option<Borrowed<'_, Object>>,
        kwargs: KwArgs<'_>,
    ) -> String {
        let _ = this;
        let names: Vec<String> = kwargs.map(|(name, _)| name.to_display()).collect();
        format!("{first} {} {} {}", args.len(), key.is_some(), names.join(","))
    }

    #[getter]
    fn value(this: &Ref<Sample>) -> i64 {
        this.value.get()
    }

    #[setter(name = "value")]
    fn set_value(this: &Ref<Sample>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(_value) = value else { return Err(raise!(TypeError, "cannot delete value")) };
        this.value.set(0);
        Ok(())
    }

    #[member(name = "raw_value", kind = T_LONGLONG, offset = offset_of!(Self, value), readonly)]
    const _VALUE: () = ();
}

#[pymethods(part = MORE)]
impl Sample {
    #[classmethod(signature = "($type, frm, to=<unrepresentable>, /)")]
    fn convert(cls: Borrowed<'_, Type>, frm: Borrowed<'_, Object>, to: Option<Borrowed<'_, Object>>) -> Ref<Object> {
        let _ = cls;
        to.unwrap_or(frm).to_owned()
    }
}

struct Numbers;

#[pymodule(name = "numbers")]
impl Numbers {
    const pi: f64 = core::f64::consts::PI;

    #[function(signature = "(iterable, /, start=0)")]
    fn sum(iterable: Borrowed<'_, Object>, start: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        Ok(start.unwrap_or(iterable).to_owned())
    }

    #[function(signature = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> bool {
        (a - b).abs() <= abs_tol.max(rel_tol)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let _ = module;
        Ok(())
    }
}

/// The text of the exception that is set, which is taken.
fn taken() -> String {
    Raised::take_if_set().map_or_else(|| "no exception".to_owned(), |exception| exception.to_text())
}

fn text(value: &str) -> *mut PyObject {
    Str::from_utf8_str(value).map_or(ptr::null_mut(), Ref::into_ptr)
}

fn int(value: i64) -> *mut PyObject {
    Int::from_i64(value).map_or(ptr::null_mut(), Ref::into_ptr)
}

fn rows(mut row: *const PyMethodDef) -> Vec<&'static PyMethodDef> {
    let mut rows = Vec::new();
    // SAFETY: a table ends with a row without a name.
    unsafe {
        while !(*row).ml_name.is_null() {
            rows.push(&*row);
            row = row.add(1);
        }
    }
    rows
}

/// Names and messages need the types, and the thread that started the runtime: so one test makes all the calls.
#[test]
fn calls() {
    crate::thread::config::set_config(crate::thread::Config::default());
    crate::thread::state::initialize_main().expect("a thread state");
    assert!(crate::types::init().is_ok());
    positional_arguments();
    keyword_arguments();
    rest_arguments();
}

/// Calls the row `name` of a table with positional arguments and keywords: the result's text, or the message.
fn call(table: *const PyMethodDef, name: &str, args: &[*mut PyObject], keywords: &[(&str, *mut PyObject)]) -> String {
    let row = rows(table)
        .into_iter()
        // SAFETY: names are C strings.
        .find(|row| unsafe { CStr::from_ptr(row.ml_name) }.to_str() == Ok(name))
        .expect("a row of that name");
    let mut values = args.to_vec();
    values.extend(keywords.iter().map(|(_, value)| *value));
    let names = keywords.iter().filter_map(|(name, _)| Some(Str::from_utf8_str(name).ok()?.into_object())).collect();
    let Ok(names) = Tuple::from_vec(names) else { return taken() };
    let kwnames = if keywords.is_empty() { ptr::null_mut() } else { names.as_ptr() };
    let sample = Sample { head: PyObject::immortal(Sample::TYPE), value: core::cell::Cell::new(3) };
    let slf = (&raw const sample).cast_mut().cast::<PyObject>();
    let function = row.ml_meth.expect("a function");
    let convention = row.ml_flags & (METH_NOARGS | METH_O | METH_FASTCALL | METH_KEYWORDS);
    // SAFETY: the flags say how to call the function.
    let result = unsafe {
        if convention == METH_NOARGS {
            function(slf, ptr::null_mut())
        } else if convention == METH_O {
            function(slf, args[0])
        } else if convention == METH_FASTCALL {
            core::mem::transmute::<crate::abi::PyCFunction, PyCFunctionFast>(function)(
                slf,
                values.as_ptr(),
                args.len() as isize,
            )
        } else if row.ml_flags & METH_METHOD != 0 {
            core::mem::transmute::<crate::abi::PyCFunction, PyCMethod>(function)(
                slf,
                Sample::TYPE,
                values.as_ptr(),
                args.len() as isize,
                kwnames,
            )
        } else {
            core::mem::transmute::<crate::abi::PyCFunction, PyCFunctionFastWithKeywords>(function)(
                slf,
                values.as_ptr(),
                args.len() as isize,
                kwnames,
            )
        }
    };
    // SAFETY: an owned result or null.
    match unsafe { Ref::<Object>::from_owned_ptr_or_null(result) } {
        Some(result) => match result.downcast::<Str>() {
            Some(text) => text.to_display(),
            None => result.type_name(),
        },
        None => taken(),
    }
}

fn method(name: &str, args: &[*mut PyObject], keywords: &[(&str, *mut PyObject)]) -> String {
    call(Sample::type_object().tp_methods.get(), name, args, keywords)
}

fn function(name: &str, args: &[*mut PyObject], keywords: &[(&str, *mut PyObject)]) -> String {
    // SAFETY: the definition is a static.
    call(unsafe { (*Numbers::MODULE_DEF).m_methods }, name, args, keywords)
}

#[test]
fn the_type_object_is_filled() {
    let ty = Sample::type_object();
    assert_eq!(Sample::NAME, "tests.Sample");
    assert_eq!(ty.tp_basicsize.get(), 24);
    assert_eq!(ty.tp_base.get(), Object::TYPE);
    assert!(ty.tp_repr.get().is_some() && ty.tp_new.get().is_some() && ty.tp_vectorcall.get().is_some());
    assert!(!ty.tp_as_number.get().is_null() && ty.tp_as_buffer.get().is_null());
    let _part: TypePart = Sample::MORE;
    // SAFETY: rows have a name and a text signature.
    let text = |pointer| unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("");
    let names: Vec<&str> = rows(ty.tp_methods.get()).iter().map(|row| text(row.ml_name)).collect();
    assert_eq!(names, ["home", "alone", "nothing", "one", "pop", "encode", "everything", "convert"]);
    assert_eq!(text(rows(ty.tp_methods.get())[3].ml_doc), "one($self, text, /)\n--\n\n");
    assert_eq!(text(ty.tp_doc.get()), "Sample(value=0, /)\n--\n\n");
}

fn positional_arguments() {
    assert_eq!(method("nothing", &[], &[]), "NoneType");
    assert_eq!(method("one", &[text("abc")], &[]), "int");
    assert_eq!(method("one", &[int(1)], &[]), "one() argument must be str, not int");
    assert_eq!(method("pop", &[], &[]), "int");
    assert_eq!(method("pop", &[int(1), int(2), int(3)], &[]), "pop expected at most 2 arguments, got 3");
    assert_eq!(method("pop", &[text("a")], &[]), "'str' object cannot be interpreted as an integer");
    assert_eq!(method("pop", &[int(1), int(2)], &[]), "pop() argument 2 must be str or None, not int");
    assert_eq!(method("pop", &[int(1), text("a\0b")], &[]), "embedded null character");
    assert_eq!(method("convert", &[], &[]), "convert expected at least 1 argument, got 0");
    assert_eq!(method("home", &[int(2)], &[]), "tests.Sample 2");
    assert_eq!(method("home", &[int(1), int(2)], &[]), "home() takes at most 1 argument (2 given)");
    assert_eq!(method("alone", &[], &[]), "alone");
    assert_eq!(method("alone", &[int(1)], &[]), "alone() takes no arguments");
}

fn keyword_arguments() {
    let one = int(1);
    assert_eq!(method("encode", &[], &[]), "utf-8,strict");
    assert_eq!(method("encode", &[text("a")], &[("errors", text("b"))]), "a,b");
    assert_eq!(method("encode", &[one], &[]), "encode() argument 'encoding' must be str, not int");
    assert_eq!(method("encode", &[], &[("foo", one)]), "encode() got an unexpected keyword argument 'foo'");
    assert_eq!(
        method("encode", &[], &[("encodin", one)]),
        "encode() got an unexpected keyword argument 'encodin'. Did you mean 'encoding'?"
    );
    assert_eq!(
        method("encode", &[text("a")], &[("encoding", one)]),
        "argument for encode() given by name ('encoding') and position (1)"
    );
    assert_eq!(method("encode", &[one, one], &[("foo", one)]), "encode() takes at most 2 arguments (3 given)");
    assert_eq!(
        method("encode", &[], &[("a", one), ("b", one), ("c", one)]),
        "encode() takes at most 2 keyword arguments (3 given)"
    );
    assert_eq!(function("sum", &[], &[]), "sum() takes at least 1 positional argument (0 given)");
    assert_eq!(
        function("sum", &[one], &[("star", one)]),
        "sum() got an unexpected keyword argument 'star'. Did you mean 'start'?"
    );
    assert_eq!(function("isclose", &[], &[]), "isclose() missing required argument 'a' (pos 1)");
    assert_eq!(function("isclose", &[one, one, one], &[]), "isclose() takes exactly 2 positional arguments (3 given)");
}

fn rest_arguments() {
    let one = int(1);
    assert_eq!(method("everything", &[one], &[]), "1 0 false ");
    assert_eq!(method("everything", &[one, one, one], &[("x", one), ("key", one), ("y", one)]), "1 2 true x,y");
    assert_eq!(method("everything", &[], &[("x", one)]), "everything() missing required argument 'first' (pos 1)");
    assert_eq!(method("everything", &[], &[("first", int(7)), ("z", one)]), "7 0 false z");
    assert_eq!(method("everything", &[int(1 << 40)], &[]), "Python int too large to convert to C int");
}

#[test]
fn a_module_definition() {
    // SAFETY: the definition is a static.
    unsafe {
        assert_eq!(CStr::from_ptr((*Numbers::MODULE_DEF).m_name), c"numbers");
        let init: unsafe extern "C" fn() -> *mut PyObject = Numbers::init;
        assert_eq!(init().cast::<PyModuleDef>(), Numbers::MODULE_DEF);
    }
}
