//! `function`: a code object with its globals, defaults and closure. CPython: `Objects/funcobject.c`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use crate::abi::{
    CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, Py_TPFLAGS_METHOD_DESCRIPTOR, PyCodeObject,
    PyFunction_EVENT_CREATE, PyFunction_EVENT_DESTROY, PyFunction_EVENT_MODIFY_CODE, PyFunction_EVENT_MODIFY_DEFAULTS,
    PyFunction_EVENT_MODIFY_KWDEFAULTS, PyFunction_WatchCallback, PyFunction_WatchEvent, PyFunctionObject, PyObject,
};
use crate::interp::call::function_vectorcall;
use crate::object::header;
use crate::prelude::*;
use crate::types::Code;
use crate::types::method::BoundMethod;
use crate::types::str::outside::deprecation_warning;
use crate::types::watchers::Watchers;

/// `PyFunctionObject`.
#[repr(transparent)]
pub struct Function(pub PyFunctionObject);

/// What SET_FUNCTION_ATTRIBUTE sets, by bit.
pub mod attribute {
    pub const DEFAULTS: usize = 1;
    pub const KWDEFAULTS: usize = 2;
    pub const ANNOTATIONS: usize = 4;
    pub const CLOSURE: usize = 8;
    pub const ANNOTATE: usize = 16;
}

impl Function {
    /// A function of `code`, without defaults and closure, named as the code is.
    pub fn from_code(code: &Ref<Code>, globals: Borrowed<'_, Dict>) -> PyResult<Ref<Function>> {
        let builtins = crate::thread::builtins_of(globals)?;
        let doc = if code.flags() & crate::abi::CO_HAS_DOCSTRING != 0 && !code.consts().is_empty() {
            code.consts().get(0).to_owned()
        } else {
            none()
        };
        let module = globals.get_str(id!("__name__"));
        // SAFETY: all fields are written, in the state that the collector may see, before the function is tracked.
        unsafe {
            let function = crate::memory::object::new::<Function>()?;
            let raw = &(*function).0;
            let set = |field: &Cell<*mut PyObject>, value: Ref<Object>| field.set(value.into_ptr());
            set(&raw.func_globals, globals.to_owned().into_object());
            set(&raw.func_builtins, builtins);
            set(&raw.func_name, code.name().to_owned().into_object());
            set(&raw.func_qualname, code.qualname().to_owned().into_object());
            set(&raw.func_code, code.clone().into_object());
            set(&raw.func_doc, doc);
            raw.func_module.set(module.map_or(ptr::null_mut(), Ref::into_ptr));
            raw.vectorcall.set(Some(function_vectorcall));
            crate::memory::object::gc_track(function.cast());
            notify(PyFunction_EVENT_CREATE, function.cast(), ptr::null_mut());
            Ok(Ref::from_owned_ptr(function))
        }
    }
}

/// A version that no other function has, for inline caches; 0 when the numbers have run out.
///
/// # Safety
/// `function` is live.
pub unsafe fn version(function: *mut PyFunctionObject) -> u32 {
    struct Counter(Cell<u32>);
    // SAFETY: read and written under the GIL.
    unsafe impl Sync for Counter {}
    static NEXT: Counter = Counter(Cell::new(crate::abi::FUNC_VERSION_FIRST_VALID));
    // SAFETY: by contract.
    unsafe {
        let version = (*function).func_version.get();
        if version >= crate::abi::FUNC_VERSION_FIRST_VALID {
            return version;
        }
        // A function without a version of its own shares that of its code as long as code and defaults are the same,
        // so that a function made again and again, as closures are, keeps its callers specialised.
        let version = if version == crate::abi::FUNC_VERSION_CLEARED {
            let next = NEXT.0.get();
            if next == 0 {
                return 0;
            }
            NEXT.0.set(next.wrapping_add(2));
            next | 1
        } else {
            let code = (*function).func_code.get().cast::<PyCodeObject>();
            (*code).co_version.get().wrapping_mul(2).max(crate::abi::FUNC_VERSION_FIRST_VALID)
        };
        (*function).func_version.set(version);
        version
    }
}

impl Ref<Function> {
    pub fn code(&self) -> Borrowed<'_, Code> {
        // SAFETY: a function always has code.
        unsafe { Borrowed::from_ptr(self.0.func_code.get()) }
    }

    pub fn code_ptr(&self) -> *mut PyCodeObject {
        self.0.func_code.get().cast()
    }

    pub fn globals(&self) -> Borrowed<'_, Dict> {
        // SAFETY: a function always has globals.
        unsafe { Borrowed::from_ptr(self.0.func_globals.get()) }
    }

    pub fn name(&self) -> Borrowed<'_, Str> {
        // SAFETY: a function always has a name.
        unsafe { Borrowed::from_ptr(self.0.func_name.get()) }
    }

    pub fn qualname(&self) -> Borrowed<'_, Str> {
        // SAFETY: as above.
        unsafe { Borrowed::from_ptr(self.0.func_qualname.get()) }
    }

    pub fn closure(&self) -> Option<Borrowed<'_, Tuple>> {
        // SAFETY: null or a tuple of cells.
        unsafe { Borrowed::from_ptr_or_null(self.0.func_closure.get()) }
    }

    /// Replaces a field, and drops the old value last.
    fn replace(&self, field: &Cell<*mut PyObject>, value: Option<Ref<Object>>) {
        let old = field.replace(value.map_or(ptr::null_mut(), Ref::into_ptr));
        // SAFETY: the function owned the old value.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
    }

    /// SET_FUNCTION_ATTRIBUTE on a function that has just been made.
    pub fn set_attribute(&self, which: usize, value: Ref<Object>) -> PyResult<()> {
        let field = match which {
            attribute::DEFAULTS => &self.0.func_defaults,
            attribute::KWDEFAULTS => &self.0.func_kwdefaults,
            attribute::ANNOTATIONS => &self.0.func_annotations,
            attribute::CLOSURE => &self.0.func_closure,
            _ => {
                self.name_annotate(&value)?;
                &self.0.func_annotate
            }
        };
        self.replace(field, Some(value));
        Ok(())
    }

    /// The function that makes the annotations is named after this one; its code is not.
    fn name_annotate(&self, annotate: &Ref<Object>) -> PyResult<()> {
        let Some(annotate) = annotate.downcast_exact::<Function>() else { return Ok(()) };
        // SAFETY: functions always have a name.
        let own: Borrowed<'_, Str> = unsafe { Borrowed::from_ptr(self.0.func_qualname.get()) };
        let name = Str::from_utf8_str(&format!("{}.__annotate__", own.to_display()))?;
        annotate.replace(&annotate.0.func_qualname, Some(name.into_object()));
        Ok(())
    }

    pub fn set_closure(&self, closure: Ref<Tuple>) {
        self.replace(&self.0.func_closure, Some(closure.into_object()));
    }

    /// Callers that specialised on this function look at it again.
    fn invalidate(&self) {
        self.0.func_version.set(crate::abi::FUNC_VERSION_CLEARED);
    }

    /// Announces a change of what specialised callers rely on.
    fn changing(&self, event: PyFunction_WatchEvent, value: Option<Borrowed<'_, Object>>) {
        // SAFETY: a live function.
        unsafe { notify(event, self.as_ptr().cast(), value.map_or(ptr::null_mut(), |value| value.as_ptr())) };
        self.invalidate();
    }

    /// Replaces the defaults, a tuple if any.
    pub fn change_defaults(&self, value: Option<Borrowed<'_, Object>>) {
        self.changing(PyFunction_EVENT_MODIFY_DEFAULTS, value);
        self.replace(&self.0.func_defaults, value.map(|value| value.to_owned()));
    }

    /// Replaces the defaults of keyword-only parameters, a dict if any.
    pub fn change_kwdefaults(&self, value: Option<Borrowed<'_, Object>>) {
        self.changing(PyFunction_EVENT_MODIFY_KWDEFAULTS, value);
        self.replace(&self.0.func_kwdefaults, value.map(|value| value.to_owned()));
    }

    /// Replaces the function that calls of C go through (`PyFunction_SetVectorcall`).
    pub fn change_vectorcall(&self, function: crate::abi::vectorcallfunc) {
        self.invalidate();
        self.0.vectorcall.set(Some(function));
    }

    /// Replaces the annotations, a dict if any.
    pub fn change_annotations(&self, value: Option<Borrowed<'_, Object>>) {
        self.replace(&self.0.func_annotate, None);
        self.replace(&self.0.func_annotations, value.map(|value| value.to_owned()));
    }

    /// Replaces the closure, a tuple of cells if any.
    pub fn change_closure(&self, value: Option<Borrowed<'_, Object>>) {
        self.invalidate();
        self.replace(&self.0.func_closure, value.map(|value| value.to_owned()));
    }

    fn field(&self, field: &Cell<*mut PyObject>) -> Ref<Object> {
        // SAFETY: null or a live object.
        unsafe { Ref::from_borrowed_ptr_or_null(field.get()) }.unwrap_or_else(none)
    }
}

/// Who wants to know of new functions, of those that go, and of changes.
pub static WATCHERS: Watchers<PyFunction_WatchCallback> = Watchers::new("func");

/// # Safety
/// `function` is complete and has a count; `value` is null or live.
#[inline(always)]
unsafe fn notify(event: PyFunction_WatchEvent, function: *mut PyFunctionObject, value: *mut PyObject) {
    if WATCHERS.is_idle() {
        return;
    }
    // SAFETY: by contract.
    let describe = || unsafe {
        let name = ["CREATE", "DESTROY", "MODIFY_CODE", "MODIFY_DEFAULTS", "MODIFY_KWDEFAULTS"][event as usize % 5];
        let qualname = Borrowed::<Function>::from_ptr(function).qualname().to_display();
        format!("PyFunction_EVENT_{name} watcher callback for function {qualname} at {function:p}")
    };
    // SAFETY: as above.
    WATCHERS.notify(|callback| unsafe { callback(event, function, value) }, describe);
}

/// The value of an attribute that must be a `str`.
fn expect_name(value: Option<Borrowed<'_, Object>>, attribute: &str) -> PyResult<Ref<Object>> {
    match value {
        Some(value) if value.is_instance_of::<Str>() => Ok(value.to_owned()),
        _ => Err(raise!(TypeError, "{attribute} must be set to a string object")),
    }
}

#[pytype(name = "function", export = "PyFunction_Type", gc,
         dictoffset = offset_of!(PyFunctionObject, func_dict),
         weaklistoffset = offset_of!(PyFunctionObject, func_weakreflist),
         vectorcalloffset = offset_of!(PyFunctionObject, vectorcall),
         flags = Py_TPFLAGS_METHOD_DESCRIPTOR)]
impl Function {
    #[new(signature = "(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        code: Borrowed<'_, Code>,
        globals: Borrowed<'_, Dict>,
        name: Nullable<Borrowed<'_, Object>>,
        argdefs: Nullable<Borrowed<'_, Object>>,
        closure: Nullable<Borrowed<'_, Object>>,
        kwdefaults: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Function>> {
        let _ = cls;
        if name.0.is_some_and(|name| !name.is_instance_of::<Str>()) {
            return Err(raise!(TypeError, "arg 3 (name) must be None or string"));
        }
        if argdefs.0.is_some_and(|defaults| !defaults.is_instance_of::<Tuple>()) {
            return Err(raise!(TypeError, "arg 4 (defaults) must be None or tuple"));
        }
        let free = code.free_count();
        match closure.0 {
            Some(closure) => {
                let Some(cells) = closure.downcast::<Tuple>() else {
                    return Err(if free == 0 {
                        raise!(TypeError, "arg 5 (closure) must be None or tuple")
                    } else {
                        raise!(TypeError, "arg 5 (closure) must be tuple")
                    });
                };
                if cells.len() != free {
                    return Err(raise!(
                        ValueError,
                        "{} requires closure of length {free}, not {}",
                        code.name().to_display(),
                        cells.len()
                    ));
                }
                if let Some(wrong) = cells.iter().find(|cell| !cell.is_instance_of::<crate::types::cell::Cell>()) {
                    return Err(raise!(TypeError, "arg 5 (closure) expected cell, found {}", wrong.type_name()));
                }
            }
            None if free > 0 => {
                return Err(raise!(TypeError, "arg 5 (closure) must be tuple"));
            }
            None => {}
        }
        if kwdefaults.0.is_some_and(|defaults| !defaults.is_instance_of::<Dict>()) {
            return Err(raise!(TypeError, "arg 6 (kwdefaults) must be None or dict"));
        }
        let function = Function::from_code(&code, globals)?;
        if let Some(name) = name.0 {
            function.replace(&function.0.func_name, Some(name.to_owned()));
        }
        let values = [
            (attribute::DEFAULTS, argdefs.0),
            (attribute::CLOSURE, closure.0.filter(|_| free > 0)),
            (attribute::KWDEFAULTS, kwdefaults.0),
        ];
        for (which, value) in values {
            if let Some(value) = value {
                function.set_attribute(which, value.to_owned())?;
            }
        }
        Ok(function)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Function) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if !WATCHERS.is_idle() {
                // The callbacks see a live object, and may keep it.
                let head = &(*this).0.ob_base;
                head.ob_refcnt.set(1);
                notify(PyFunction_EVENT_DESTROY, this.cast(), ptr::null_mut());
                head.ob_refcnt.set(head.ob_refcnt.get() - 1);
                if head.ob_refcnt.get() > 0 {
                    return;
                }
            }
            crate::memory::object::gc_untrack(this.cast());
            if !(*this).0.func_weakreflist.get().is_null() {
                crate::types::weakref::clear_references(this.cast());
            }
            for field in (*this).owned_fields() {
                header::xdecref(field.replace(ptr::null_mut()));
            }
            crate::memory::object::free(this.cast());
        }
    }

    fn owned_fields(&self) -> [&Cell<*mut PyObject>; 14] {
        let raw = &self.0;
        [
            &raw.func_globals,
            &raw.func_builtins,
            &raw.func_name,
            &raw.func_qualname,
            &raw.func_code,
            &raw.func_defaults,
            &raw.func_kwdefaults,
            &raw.func_closure,
            &raw.func_doc,
            &raw.func_dict,
            &raw.func_module,
            &raw.func_annotations,
            &raw.func_annotate,
            &raw.func_typeparams,
        ]
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Function, visit: &mut Visitor) {
        for field in this.owned_fields() {
            visit.object(field.get());
        }
    }

    /// Names and code stay: they are in no cycle that this would not break, and `repr` needs them.
    #[slot(tp_clear)]
    fn clear(this: &Ref<Function>) {
        this.invalidate();
        let raw = &this.0;
        for field in [
            &raw.func_module,
            &raw.func_defaults,
            &raw.func_kwdefaults,
            &raw.func_doc,
            &raw.func_dict,
            &raw.func_closure,
            &raw.func_annotations,
            &raw.func_annotate,
            &raw.func_typeparams,
        ] {
            this.replace(field, None);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Function>) -> String {
        format!("<function {} at {:p}>", this.qualname().to_display(), this.as_ptr())
    }

    #[slot(tp_call, raw)]
    const _CALL: crate::abi::ternaryfunc = crate::object::protocol::call::PyVectorcall_Call;

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<Function>,
        object: Option<Borrowed<'_, Object>>,
        owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let _ = owner;
        match object {
            Some(object) if !object.is_none() => {
                Ok(BoundMethod::new(this.clone().into_object(), object.to_owned())?.into_object())
            }
            _ => Ok(this.clone().into_object()),
        }
    }

    #[getter(name = "__dict__")]
    fn dict(this: &Ref<Function>) -> PyResult<Ref<Object>> {
        Ok(crate::types::object::generic_get_dict(this.as_object())?.into_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        crate::types::object::generic_set_dict(this.as_object(), value)
    }

    #[member(name = "__closure__", kind = T_OBJECT, offset = offset_of!(PyFunctionObject, func_closure), readonly)]
    const _CLOSURE: () = ();

    #[member(name = "__globals__", kind = T_OBJECT, offset = offset_of!(PyFunctionObject, func_globals), readonly)]
    const _GLOBALS: () = ();

    #[member(name = "__builtins__", kind = T_OBJECT, offset = offset_of!(PyFunctionObject, func_builtins), readonly)]
    const _BUILTINS: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_doc)
    }

    #[setter(name = "__doc__")]
    fn set_doc(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.replace(&this.0.func_doc, value.map(|value| value.to_owned()));
        Ok(())
    }

    #[getter(name = "__module__")]
    fn module(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_module)
    }

    #[setter(name = "__module__")]
    fn set_module(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.replace(&this.0.func_module, value.map(|value| value.to_owned()));
        Ok(())
    }

    #[getter(name = "__code__")]
    fn code_object(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_code)
    }

    #[setter(name = "__code__")]
    fn set_code(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(code) = value.and_then(|value| value.downcast_borrowed::<Code>()) else {
            return Err(raise!(TypeError, "__code__ must be set to a code object"));
        };
        let cells = this.closure().map_or(0, |closure| closure.len());
        if code.free_count() != cells {
            return Err(raise!(
                ValueError,
                "{}() requires a code object with {cells} free vars, not {}",
                this.name().to_display(),
                code.free_count()
            ));
        }
        let kind = |code: &Ref<Code>| code.flags() & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR);
        if kind(&this.code()) != kind(&code) {
            deprecation_warning(
                "Assigning a code object of non-matching type is deprecated (e.g., from a generator to a plain function)",
            )?;
        }
        this.changing(PyFunction_EVENT_MODIFY_CODE, Some(code.upcast()));
        // Frames of calls that are running do not count their code: it lives on.
        let _kept = this.0.func_code.replace(code.to_owned().into_ptr());
        Ok(())
    }

    #[getter(name = "__defaults__")]
    fn defaults(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_defaults)
    }

    #[setter(name = "__defaults__")]
    fn set_defaults(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| !value.is_instance_of::<Tuple>()) {
            return Err(raise!(TypeError, "__defaults__ must be set to a tuple object"));
        }
        this.change_defaults(value);
        Ok(())
    }

    #[getter(name = "__kwdefaults__")]
    fn kwdefaults(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_kwdefaults)
    }

    #[setter(name = "__kwdefaults__")]
    fn set_kwdefaults(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| !value.is_instance_of::<Dict>()) {
            return Err(raise!(TypeError, "__kwdefaults__ must be set to a dict object"));
        }
        this.change_kwdefaults(value);
        Ok(())
    }

    #[getter(name = "__annotations__")]
    fn annotations(this: &Ref<Function>) -> PyResult<Ref<Object>> {
        if this.0.func_annotations.get().is_null() {
            let annotate = this.field(&this.0.func_annotate);
            let value = if annotate.is_callable() {
                // 1 is annotationlib.Format.VALUE.
                let value = annotate.call(&[Int::from_i64(1)?.as_borrowed()])?;
                if !value.is_instance_of::<Dict>() {
                    return Err(raise!(TypeError, "__annotate__ returned non-dict of type '{}'", value.type_name()));
                }
                value
            } else {
                Dict::new()?.into_object()
            };
            this.replace(&this.0.func_annotations, Some(value));
        }
        let annotations = this.field(&this.0.func_annotations);
        // The compiler leaves annotations of `from __future__ import annotations` as a flat tuple of names and values.
        if let Some(pairs) = annotations.downcast::<Tuple>() {
            let dict = Dict::new()?;
            for index in (0..pairs.len().saturating_sub(1)).step_by(2) {
                dict.set_item(pairs.get(index), pairs.get(index + 1))?;
            }
            this.replace(&this.0.func_annotations, Some(dict.clone().into_object()));
            return Ok(dict.into_object());
        }
        Ok(annotations)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| !value.is_instance_of::<Dict>()) {
            return Err(raise!(TypeError, "__annotations__ must be set to a dict object"));
        }
        this.invalidate();
        this.replace(&this.0.func_annotations, value.map(|value| value.to_owned()));
        this.replace(&this.0.func_annotate, None);
        Ok(())
    }

    #[getter(name = "__annotate__")]
    fn annotate(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_annotate)
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "__annotate__ cannot be deleted")) };
        if !value.is_none() && !value.is_callable() {
            return Err(raise!(TypeError, "__annotate__ must be callable or None"));
        }
        this.replace(&this.0.func_annotate, Some(value.to_owned()));
        if !value.is_none() {
            this.replace(&this.0.func_annotations, None);
        }
        Ok(())
    }

    #[getter(name = "__name__")]
    fn name_object(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_name)
    }

    #[setter(name = "__name__")]
    fn set_name(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = expect_name(value, "__name__")?;
        this.replace(&this.0.func_name, Some(value));
        Ok(())
    }

    #[getter(name = "__qualname__")]
    fn qualname_object(this: &Ref<Function>) -> Ref<Object> {
        this.field(&this.0.func_qualname)
    }

    #[setter(name = "__qualname__")]
    fn set_qualname(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = expect_name(value, "__qualname__")?;
        this.replace(&this.0.func_qualname, Some(value));
        Ok(())
    }

    #[getter(name = "__type_params__")]
    fn type_params(this: &Ref<Function>) -> PyResult<Ref<Object>> {
        if this.0.func_typeparams.get().is_null() {
            return Ok(Tuple::empty().into_object());
        }
        Ok(this.field(&this.0.func_typeparams))
    }

    #[setter(name = "__type_params__")]
    fn set_type_params(this: &Ref<Function>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value.filter(|value| value.is_instance_of::<Tuple>()) else {
            return Err(raise!(TypeError, "__type_params__ must be set to a tuple"));
        };
        this.replace(&this.0.func_typeparams, Some(value.to_owned()));
        Ok(())
    }
}
