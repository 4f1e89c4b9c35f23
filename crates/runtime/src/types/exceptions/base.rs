//! `BaseException`, and the slots that all exception types share.
//!
//! An exception's own fields are slots of one word each; a family with further object fields names them in
//! [`Fields`], from which deallocation, traversal and clearing follow.

use core::cell::Cell;
use core::mem::offset_of;

use super::ExceptionPointer;
use crate::abi::{
    PyBaseExceptionObject, PyObject, PyTypeObject, destructor, initproc, inquiry, newfunc, traverseproc,
    vectorcallfunc, visitproc,
};
use crate::memory::object as memory;
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::str::StrBuilder;
use crate::types::traceback::Traceback;

/// `BaseException`.
#[repr(transparent)]
pub struct BaseException(pub(crate) PyBaseExceptionObject);

/// The object fields that a family of exceptions has beyond those of `BaseException`, as offsets.
///
/// # Safety
/// Each offset is that of a nullable, owned object pointer in the layout.
pub(super) unsafe trait Fields: PyLayout {
    const OFFSETS: &'static [usize];
}

// SAFETY: none.
unsafe impl Fields for BaseException {
    const OFFSETS: &'static [usize] = &[];
}

const BASE_OFFSETS: [usize; 6] = [
    offset_of!(PyBaseExceptionObject, dict),
    offset_of!(PyBaseExceptionObject, args),
    offset_of!(PyBaseExceptionObject, notes),
    offset_of!(PyBaseExceptionObject, traceback),
    offset_of!(PyBaseExceptionObject, cause),
    offset_of!(PyBaseExceptionObject, context),
];

/// The field at `offset`.
///
/// # Safety
/// `object` is live and has an owned object pointer there.
unsafe fn field<'a>(object: *mut PyObject, offset: usize) -> &'a Slot {
    // SAFETY: by contract.
    unsafe { Slot::of(&*object.byte_add(offset).cast::<Cell<*mut PyObject>>()) }
}

pub(super) unsafe extern "C" fn clear<T: Fields>(object: *mut PyObject) -> c_int {
    for offset in T::OFFSETS.iter().chain(&BASE_OFFSETS) {
        // SAFETY: an instance of `T` has these fields.
        unsafe { field(object, *offset).set(None) };
    }
    0
}

pub(super) unsafe extern "C" fn traverse<T: Fields>(
    object: *mut PyObject,
    visit: visitproc,
    arg: *mut c_void,
) -> c_int {
    let mut visitor = Visitor::new(visit, arg);
    for offset in T::OFFSETS.iter().chain(&BASE_OFFSETS) {
        // SAFETY: an instance of `T` has these fields.
        visitor.object(unsafe { field(object, *offset) }.as_ptr());
    }
    visitor.result()
}

pub(super) unsafe extern "C" fn dealloc<T: Fields>(object: *mut PyObject) {
    // SAFETY: the object has no count left. A heap subtype's deallocation calls this and drops the type itself.
    unsafe {
        memory::gc_untrack(object);
        clear::<T>(object);
        if let Some(free) = (*(*object).ob_type.get()).tp_free.get() {
            free(object.cast());
        }
    }
}

/// An instance of `class` with all fields empty but `args`.
///
/// # Safety
/// `class` is an exception class.
pub(super) unsafe fn allocate(class: *mut PyTypeObject, args: Ref<Tuple>) -> PyResult<Ref<BaseException>> {
    // SAFETY: `tp_alloc` gives zeroed memory; exceptions have a `tp_alloc`.
    unsafe {
        let object = match (*class).tp_alloc.get() {
            Some(alloc) => alloc(class, 0),
            None => memory::generic_alloc(class, 0),
        };
        let object: Ref<BaseException> = crate::object::protocol::attr::from_result(object)?;
        Slot::of(&object.0.args).set(Some(args.into_object()));
        Ok(object)
    }
}

pub(super) unsafe extern "C" fn new(
    class: *mut PyTypeObject,
    args: *mut PyObject,
    _kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: `args` is a tuple or null.
    unsafe {
        let args = match Ref::<Tuple>::from_borrowed_ptr_or_null(args) {
            Some(args) => args,
            None => Tuple::empty(),
        };
        allocate(class, args).map_or_else(Raised::into_null, Ref::into_ptr)
    }
}

/// TypeError when there are keyword arguments.
pub(super) unsafe fn no_keywords(class: *mut PyTypeObject, kwargs: *mut PyObject) -> PyResult<()> {
    // SAFETY: `kwargs` is a dict or null; the class is live.
    unsafe {
        if kwargs.is_null() || Borrowed::<Dict>::from_ptr(kwargs).is_empty() {
            return Ok(());
        }
        let class: Borrowed<'_, Type> = Borrowed::from_ptr(class);
        Err(raise!(TypeError, "{}() takes no keyword arguments", class.name()))
    }
}

/// Stores the constructor's positional arguments (`BaseException.__init__` without the check for keywords).
pub(super) unsafe fn set_args(object: *mut PyObject, args: *mut PyObject) {
    // SAFETY: an exception, and a tuple.
    unsafe { field(object, offset_of!(PyBaseExceptionObject, args)).set(Ref::from_borrowed_ptr_or_null(args)) }
}

pub(super) fn status(result: PyResult<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(_raised) => -1,
    }
}

pub(super) unsafe extern "C" fn init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: called through the slot.
    unsafe {
        if no_keywords((*object).ob_type.get(), kwargs).is_err() {
            return -1;
        }
        set_args(object, args);
    }
    0
}

pub(super) unsafe extern "C" fn vectorcall(
    class: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall convention.
    unsafe {
        let class: *mut PyTypeObject = class.cast();
        let nargs = nargsf & !crate::abi::PY_VECTORCALL_ARGUMENTS_OFFSET;
        if !kwnames.is_null() && !Borrowed::<Tuple>::from_ptr(kwnames).is_empty() {
            let name = Borrowed::<Type>::from_ptr(class).name();
            return raise!(TypeError, "{name}() takes no keyword arguments").into_null();
        }
        match Tuple::from_raw_slice(args, nargs).and_then(|args| allocate(class, args)) {
            Ok(exception) => exception.into_ptr(),
            Err(raised) => raised.into_null(),
        }
    }
}

/// The initialiser of a family that takes keyword arguments alone beside `*args`: each goes to its field.
///
/// # Safety
/// The slot's convention; the offsets are of owned object fields.
pub(super) unsafe fn init_with_keywords<const N: usize>(
    spec: &crate::object::args::ArgSpec,
    object: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
    offsets: [usize; N],
) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        set_args(object, args);
        let empty = Tuple::empty();
        let call = crate::object::args::TupleCall::new(empty.as_ptr(), kwargs)?;
        let values = call.args().unpack::<N>(spec)?.map(|value| value.map(|value| value.to_owned()));
        for (value, offset) in values.into_iter().zip(offsets) {
            field(object, offset).set(value);
        }
    }
    Ok(())
}

#[pytype(
    name = "BaseException",
    gc,
    basetype,
    subclass_flag = BASE_EXC,
    dictoffset = offset_of!(PyBaseExceptionObject, dict)
)]
impl BaseException {
    #[slot(tp_new, raw)]
    const NEW: newfunc = new;
    #[slot(tp_init, raw)]
    const INIT: initproc = init;
    #[slot(tp_vectorcall, raw)]
    const VECTORCALL: vectorcallfunc = vectorcall;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = dealloc::<BaseException>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = traverse::<BaseException>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = clear::<BaseException>;

    #[slot(tp_str)]
    pub(super) fn str(this: &Ref<BaseException>) -> PyResult<Ref<Str>> {
        let args = this.args();
        match args.len() {
            0 => Ok(id!("").to_owned()),
            1 => args.get(0).str(),
            _ => args.as_object().str(),
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<BaseException>) -> PyResult<Ref<Str>> {
        let args = this.args();
        let mut text = StrBuilder::new();
        text.push_str(&this.type_name())?;
        if args.len() == 1 {
            let repr = args.get(0).repr()?;
            text.push_str("(")?;
            text.push_object(&repr)?;
            text.push_str(")")?;
        } else {
            text.push_object(&args.as_object().repr()?)?;
        }
        text.finish()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<BaseException>) -> PyResult<Ref<Tuple>> {
        let args = this.args().into_object();
        let class = this.type_of().to_owned().into_object();
        match Slot::of(&this.0.dict).get() {
            Some(dict) => Tuple::from_vec(vec![class, args, dict]),
            None => Tuple::from_vec(vec![class, args]),
        }
    }

    #[method(name = "__setstate__", signature = "($self, state, /)")]
    fn setstate(this: &Ref<BaseException>, state: Borrowed<'_, Object>) -> PyResult<()> {
        if state.is_none() {
            return Ok(());
        }
        let Some(state) = state.downcast::<Dict>() else {
            return Err(raise!(TypeError, "state is not a dictionary"));
        };
        for (key, value) in state.items_snapshot()? {
            this.as_object().set_attr_object(key.borrow(), Some(value.borrow()))?;
        }
        Ok(())
    }

    #[method(signature = "($self, tb, /)")]
    fn with_traceback(this: &Ref<BaseException>, tb: Borrowed<'_, Object>) -> PyResult<Ref<BaseException>> {
        BaseException::set_traceback_attr(this, Some(tb))?;
        Ok(this.clone())
    }

    #[method(signature = "($self, note, /)")]
    fn add_note(this: &Ref<BaseException>, note: Borrowed<'_, Object>) -> PyResult<()> {
        if !note.is_instance_of::<Str>() {
            return Err(raise!(TypeError, "add_note() argument must be str, not {}", note.type_name()));
        }
        let notes = match this.as_object().lookup_attr(id!("__notes__"))? {
            Some(notes) => match notes.into_downcast::<List>() {
                Ok(notes) => notes,
                Err(_) => return Err(raise!(TypeError, "Cannot add note: __notes__ is not a list")),
            },
            None => {
                let notes = List::new()?;
                this.as_object().setattr(id!("__notes__"), notes.as_borrowed())?;
                notes
            }
        };
        notes.push(note.to_owned())
    }

    #[getter(name = "__dict__")]
    fn get_dict(this: &Ref<BaseException>) -> PyResult<Ref<Object>> {
        Ok(crate::types::object::generic_get_dict(this.as_object())?.into_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<BaseException>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        crate::types::object::generic_set_dict(this.as_object(), value)
    }

    #[getter(name = "args")]
    fn get_args(this: &Ref<BaseException>) -> Ref<Object> {
        Slot::of(&this.0.args).get().unwrap_or_else(none)
    }

    #[setter(name = "args")]
    fn set_args_attr(this: &Ref<BaseException>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "args may not be deleted")) };
        Slot::of(&this.0.args).set(Some(value.to_tuple()?.into_object()));
        Ok(())
    }

    #[getter(name = "__traceback__")]
    fn get_traceback(this: &Ref<BaseException>) -> Ref<Object> {
        Slot::of(&this.0.traceback).get().unwrap_or_else(none)
    }

    #[setter(name = "__traceback__")]
    pub(crate) fn set_traceback_attr(this: &Ref<BaseException>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "__traceback__ may not be deleted")) };
        if value.is_none() {
            Slot::of(&this.0.traceback).set(None);
        } else if value.is_instance_of::<Traceback>() {
            Slot::of(&this.0.traceback).set(Some(value.to_owned()));
        } else {
            return Err(raise!(TypeError, "__traceback__ must be a traceback or None"));
        }
        Ok(())
    }

    #[getter(name = "__context__")]
    fn get_context(this: &Ref<BaseException>) -> Ref<Object> {
        Slot::of(&this.0.context).get().unwrap_or_else(none)
    }

    #[setter(name = "__context__")]
    fn set_context_attr(this: &Ref<BaseException>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = exception_or_none(value, "context")?;
        this.set_context(value);
        Ok(())
    }

    #[getter(name = "__cause__")]
    fn get_cause(this: &Ref<BaseException>) -> Ref<Object> {
        Slot::of(&this.0.cause).get().unwrap_or_else(none)
    }

    #[setter(name = "__cause__")]
    fn set_cause_attr(this: &Ref<BaseException>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = exception_or_none(value, "cause")?;
        this.set_cause(value);
        Ok(())
    }

    #[member(
        name = "__suppress_context__",
        kind = Py_T_BOOL,
        offset = offset_of!(PyBaseExceptionObject, suppress_context)
    )]
    const _SUPPRESS: () = ();
}

/// The value of `__context__` and `__cause__`: an exception, or nothing for None.
fn exception_or_none(value: Option<Borrowed<'_, Object>>, what: &str) -> PyResult<Option<Ref<Object>>> {
    match value {
        None => Err(raise!(TypeError, "__{what}__ may not be deleted")),
        Some(value) if value.is_none() => Ok(None),
        Some(value) if value.is_instance_of::<BaseException>() => Ok(Some(value.to_owned())),
        Some(_) => Err(raise!(TypeError, "exception {what} must be None or derive from BaseException")),
    }
}

/// C's pointer to `BaseException`.
#[unsafe(no_mangle)]
pub static PyExc_BaseException: ExceptionPointer = ExceptionPointer::new(BaseException::TYPE);

impl Ref<BaseException> {
    /// `args`; empty where an unusual subclass left it out.
    pub fn args(&self) -> Ref<Tuple> {
        // SAFETY: the field holds a tuple or nothing.
        unsafe { Slot::of(&self.0.args).get_as::<Tuple>() }.unwrap_or_else(Tuple::empty)
    }

    pub fn set_args(&self, args: Ref<Tuple>) {
        Slot::of(&self.0.args).set(Some(args.into_object()));
    }

    pub fn traceback(&self) -> Option<Ref<Traceback>> {
        // SAFETY: the field holds a traceback or nothing.
        unsafe { Slot::of(&self.0.traceback).get_as::<Traceback>() }
    }

    pub fn set_traceback(&self, traceback: Option<Ref<Traceback>>) {
        Slot::of(&self.0.traceback).set(traceback.map(Ref::into_object));
    }

    pub fn context(&self) -> Option<Ref<BaseException>> {
        // SAFETY: the field holds an exception or nothing.
        unsafe { Slot::of(&self.0.context).get_as::<BaseException>() }
    }

    /// `PyException_SetContext`.
    pub fn set_context(&self, context: Option<Ref<Object>>) {
        Slot::of(&self.0.context).set(context);
    }

    pub fn cause(&self) -> Option<Ref<BaseException>> {
        // SAFETY: the field holds an exception or nothing.
        unsafe { Slot::of(&self.0.cause).get_as::<BaseException>() }
    }

    /// Sets the cause; the context is then not shown (`PyException_SetCause`).
    pub fn set_cause(&self, cause: Option<Ref<Object>>) {
        self.0.suppress_context.set(1);
        Slot::of(&self.0.cause).set(cause);
    }

    pub fn suppresses_context(&self) -> bool {
        self.0.suppress_context.get() != 0
    }
}

/// An instance of a static exception class made from `args` without a call through Python: for classes whose `__init__`
/// is that of `BaseException`.
pub fn create_instance<E: PyLayout>(args: Ref<Tuple>) -> PyResult<Ref<Object>> {
    // SAFETY: `E` is an exception class by use.
    unsafe { allocate(E::TYPE, args).map(Ref::into_object) }
}
