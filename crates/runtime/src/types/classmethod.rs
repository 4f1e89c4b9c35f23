//! `classmethod` and `staticmethod`.
//!
//! Both hold a callable and take over its `__module__`, `__name__`, `__qualname__` and `__doc__`; annotations are read from it
//! when asked for. CPython: `Objects/funcobject.c`.

use core::cell::Cell;
use core::mem::offset_of;

use crate::abi::*;
use crate::memory::object as heap;
use crate::prelude::*;
use crate::types::method::BoundMethod;
use crate::types::object::dict as instance_dict;

/// The layout of both.
#[repr(C)]
struct Holder {
    ob_base: PyObject,
    callable: Cell<*mut PyObject>,
    dict: Cell<*mut PyObject>,
}

/// `classmethod`.
#[repr(transparent)]
pub struct ClassMethod(Holder);

/// `staticmethod`.
#[repr(transparent)]
pub struct StaticMethod(Holder);

/// The Python function of a `classmethod`.
pub fn function_of(object: &Ref<Object>) -> Option<Ref<Object>> {
    let method = object.downcast_exact::<ClassMethod>()?;
    Some(method.0.callable()?.to_owned()).filter(|function| function.is_exact::<crate::types::Function>())
}

impl Holder {
    /// What is held; None before `__init__`.
    fn callable(&self) -> Option<Borrowed<'_, Object>> {
        // SAFETY: null or owned by the holder.
        unsafe { Borrowed::from_ptr_or_null(self.callable.get()) }
    }

    /// `__init__`: takes over the callable and what describes it.
    fn init(this: &Ref<Object>, holder: &Holder, callable: Borrowed<'_, Object>) -> PyResult<()> {
        // SAFETY: the field owns what it holds.
        unsafe { crate::types::type_::raw::replace(&holder.callable, Some(callable.to_owned())) };
        for name in [id!("__module__"), id!("__name__"), id!("__qualname__"), id!("__doc__")] {
            if let Some(value) = callable.lookup_attr(name)? {
                this.setattr(name, value.borrow())?;
            }
        }
        Ok(())
    }

    fn is_abstract(&self) -> PyResult<bool> {
        match self.callable() {
            Some(callable) => is_abstract(&callable),
            None => Ok(false),
        }
    }

    fn repr(&self, name: &str) -> PyResult<Ref<Str>> {
        let inner = match self.callable() {
            Some(callable) => callable.repr()?.to_display(),
            None => "None".to_owned(),
        };
        Str::from_utf8_str(&format!("<{name}({inner})>"))
    }

    unsafe fn dealloc(this: *mut Holder) {
        // SAFETY: called once; both fields own a count or are null.
        unsafe {
            heap::gc_untrack(this.cast());
            heap::clear_field(&(*this).callable);
            heap::clear_field(&(*this).dict);
            heap::dealloc_finish(this);
        }
    }

    fn traverse(&self, visit: &mut Visitor) {
        visit.object(self.callable.get());
        visit.object(self.dict.get());
    }

    fn clear(&self) {
        // SAFETY: as above.
        unsafe {
            heap::clear_field(&self.callable);
            heap::clear_field(&self.dict);
        }
    }

    /// `__annotations__` and `__annotate__`: those of the callable, kept in the own dictionary once read or set.
    fn wrapped_attr(this: &Ref<Object>, holder: &Holder, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        let dict = instance_dict::get_or_create(this)?;
        if let Some(value) = dict.get_str(name) {
            return Ok(value);
        }
        let Some(callable) = holder.callable() else {
            return Err(crate::object::protocol::attr::no_attribute(this, name.upcast()));
        };
        let value = callable.getattr(name)?;
        dict.set_str(name, value.borrow())?;
        Ok(value)
    }

    fn set_wrapped_attr(
        this: &Ref<Object>,
        name: Borrowed<'_, Str>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let dict = instance_dict::get_or_create(this)?;
        match value {
            Some(value) => dict.set_str(name, value),
            None => match dict.take(name)? {
                Some(_) => Ok(()),
                None => Err(raise!(AttributeError, object: name.to_owned())),
            },
        }
    }
}

/// The truth of `object.__isabstractmethod__` (`_PyObject_IsAbstract`).
pub fn is_abstract(object: &Ref<Object>) -> PyResult<bool> {
    match object.lookup_attr(id!("__isabstractmethod__"))? {
        Some(flag) => flag.is_true(),
        None => Ok(false),
    }
}

fn make(class: *mut PyTypeObject, callable: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    // SAFETY: both types are laid out as `Holder`.
    unsafe {
        let object: Ref<Object> = Ref::from_owned_ptr(heap::alloc(class, 0)?);
        // What describes the callable is copied by `__init__` alone.
        (*object.as_ptr().cast::<Holder>()).callable.set(callable.to_owned().into_ptr());
        Ok(object)
    }
}

/// The one argument of both constructors.
fn one_argument<'a>(name: &str, args: &CallArgs<'a>) -> PyResult<Borrowed<'a, Object>> {
    if args.keyword_count() != 0 {
        return Err(raise!(TypeError, "{name}() takes no keyword arguments"));
    }
    match args.positional() {
        [callable] => Ok(*callable),
        other => Err(raise!(TypeError, "{name} expected 1 argument, got {}", other.len())),
    }
}

#[cold]
fn uninitialised(name: &str) -> Raised {
    raise!(RuntimeError, "uninitialized {name} object")
}

impl ClassMethod {
    /// `classmethod(callable)`.
    pub fn new(callable: Borrowed<'_, Object>) -> PyResult<Ref<ClassMethod>> {
        // SAFETY: made of the type that is asked for.
        Ok(unsafe { make(ClassMethod::TYPE, callable)?.into_unchecked() })
    }
}

#[pytype(
    name = "classmethod",
    export = "PyClassMethod_Type",
    gc,
    basetype,
    dictoffset = offset_of!(Holder, dict)
)]
impl ClassMethod {
    #[init(signature = "(function, /)", raw)]
    fn init(this: &Ref<ClassMethod>, args: CallArgs<'_>) -> PyResult<()> {
        Holder::init(this.as_object(), &this.0, one_argument("classmethod", &args)?)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ClassMethod) {
        // SAFETY: called once.
        unsafe { Holder::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ClassMethod, visit: &mut Visitor) {
        this.0.traverse(visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<ClassMethod>) {
        this.0.clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ClassMethod>) -> PyResult<Ref<Str>> {
        this.0.repr("classmethod")
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<ClassMethod>,
        object: Option<Borrowed<'_, Object>>,
        owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let Some(callable) = this.0.callable() else { return Err(uninitialised("classmethod")) };
        let owner = match (owner, &object) {
            (Some(owner), _) => owner.to_owned(),
            (None, Some(object)) => object.type_of().to_owned().into_object(),
            (None, None) => return Err(raise!(TypeError, "__get__(None, None) is invalid")),
        };
        Ok(BoundMethod::new(callable.to_owned(), owner)?.into_object())
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }

    #[member(name = "__func__", kind = _Py_T_OBJECT, offset = offset_of!(Holder, callable), readonly)]
    const _FUNC: () = ();
    #[member(name = "__wrapped__", kind = _Py_T_OBJECT, offset = offset_of!(Holder, callable), readonly)]
    const _WRAPPED: () = ();

    #[getter(name = "__isabstractmethod__")]
    fn isabstractmethod(this: &Ref<ClassMethod>) -> PyResult<bool> {
        this.0.is_abstract()
    }

    #[getter(name = "__dict__")]
    fn dict(this: &Ref<ClassMethod>) -> PyResult<Ref<Object>> {
        instance_dict::generic_get_dict(this.as_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<ClassMethod>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        instance_dict::generic_set_dict(this.as_object(), value)
    }

    #[getter(name = "__annotations__")]
    fn annotations(this: &Ref<ClassMethod>) -> PyResult<Ref<Object>> {
        Holder::wrapped_attr(this.as_object(), &this.0, id!("__annotations__"))
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(this: &Ref<ClassMethod>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Holder::set_wrapped_attr(this.as_object(), id!("__annotations__"), value)
    }

    #[getter(name = "__annotate__")]
    fn annotate(this: &Ref<ClassMethod>) -> PyResult<Ref<Object>> {
        Holder::wrapped_attr(this.as_object(), &this.0, id!("__annotate__"))
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(this: &Ref<ClassMethod>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Holder::set_wrapped_attr(this.as_object(), id!("__annotate__"), value)
    }
}

impl StaticMethod {
    /// `staticmethod(callable)`.
    pub fn new(callable: Borrowed<'_, Object>) -> PyResult<Ref<StaticMethod>> {
        // SAFETY: made of the type that is asked for.
        Ok(unsafe { make(StaticMethod::TYPE, callable)?.into_unchecked() })
    }
}

#[pytype(
    name = "staticmethod",
    export = "PyStaticMethod_Type",
    gc,
    basetype,
    dictoffset = offset_of!(Holder, dict)
)]
impl StaticMethod {
    #[init(signature = "(function, /)", raw)]
    fn init(this: &Ref<StaticMethod>, args: CallArgs<'_>) -> PyResult<()> {
        Holder::init(this.as_object(), &this.0, one_argument("staticmethod", &args)?)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut StaticMethod) {
        // SAFETY: called once.
        unsafe { Holder::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &StaticMethod, visit: &mut Visitor) {
        this.0.traverse(visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<StaticMethod>) {
        this.0.clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<StaticMethod>) -> PyResult<Ref<Str>> {
        this.0.repr("staticmethod")
    }

    #[slot(tp_call)]
    fn call(this: &Ref<StaticMethod>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        match this.0.callable() {
            Some(callable) => callable.to_owned().call_args(&args),
            None => Err(uninitialised("staticmethod")),
        }
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<StaticMethod>,
        _object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match this.0.callable() {
            Some(callable) => Ok(callable.to_owned()),
            None => Err(uninitialised("staticmethod")),
        }
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }

    #[member(name = "__func__", kind = _Py_T_OBJECT, offset = offset_of!(Holder, callable), readonly)]
    const _FUNC: () = ();
    #[member(name = "__wrapped__", kind = _Py_T_OBJECT, offset = offset_of!(Holder, callable), readonly)]
    const _WRAPPED: () = ();

    #[getter(name = "__isabstractmethod__")]
    fn isabstractmethod(this: &Ref<StaticMethod>) -> PyResult<bool> {
        this.0.is_abstract()
    }

    #[getter(name = "__dict__")]
    fn dict(this: &Ref<StaticMethod>) -> PyResult<Ref<Object>> {
        instance_dict::generic_get_dict(this.as_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<StaticMethod>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        instance_dict::generic_set_dict(this.as_object(), value)
    }

    #[getter(name = "__annotations__")]
    fn annotations(this: &Ref<StaticMethod>) -> PyResult<Ref<Object>> {
        Holder::wrapped_attr(this.as_object(), &this.0, id!("__annotations__"))
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(this: &Ref<StaticMethod>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Holder::set_wrapped_attr(this.as_object(), id!("__annotations__"), value)
    }

    #[getter(name = "__annotate__")]
    fn annotate(this: &Ref<StaticMethod>) -> PyResult<Ref<Object>> {
        Holder::wrapped_attr(this.as_object(), &this.0, id!("__annotate__"))
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(this: &Ref<StaticMethod>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Holder::set_wrapped_attr(this.as_object(), id!("__annotate__"), value)
    }
}

const _: () = assert!(size_of::<Holder>() == 32);
