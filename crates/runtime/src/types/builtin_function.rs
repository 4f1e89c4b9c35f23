//! `builtin_function_or_method`: native functions of modules, native methods bound to an object, static methods.
//!
//! `m_self` is the object, the class, or for functions of modules the module. CPython: `Objects/methodobject.c`.

use core::mem::offset_of;
use core::ptr;

use super::descr::convention::{Convention, Target, bad_flags, vectorcalls};
use super::descr::method::MethodDescr;
use super::descr::{doc, reduce_as_getattr};
use super::object::hash_pointer;
use super::type_::ready::dotted_name;
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::call;
use crate::prelude::*;

/// `builtin_function_or_method` (`PyCFunctionObject`).
#[repr(transparent)]
pub struct CFunction(pub(crate) PyCFunctionObject);

/// The same with its defining class, for `METH_METHOD` (`PyCMethodObject`).
#[repr(transparent)]
pub struct CMethod(pub(crate) PyCMethodObject);

/// What a call of a built-in function needs.
#[inline(always)]
unsafe fn prepare(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
) -> Option<(Target, *const *mut PyObject, usize)> {
    // SAFETY: a vectorcall of a built-in function.
    unsafe {
        let function = callable.cast::<PyCFunctionObject>();
        let def = (*function).m_ml.get();
        let flags = (*def).ml_flags;
        let this = if flags & METH_STATIC != 0 { ptr::null_mut() } else { (*function).m_self.get() };
        let class = if flags & METH_METHOD != 0 {
            (*callable.cast::<PyCMethodObject>()).mm_class.get()
        } else {
            ptr::null_mut()
        };
        Some((Target { function: (*def).ml_meth?, this, class }, args, nargs))
    }
}

vectorcalls!(choose, prepare);

static NEW_DEF: PyMethodDef = PyMethodDef {
    ml_name: c"__new__".as_ptr(),
    // SAFETY: the flags say that the function takes three arguments.
    ml_meth: Some(unsafe {
        core::mem::transmute::<PyCFunctionWithKeywords, PyCFunction>(tp_new_as_function)
    }),
    ml_flags: METH_VARARGS | METH_KEYWORDS,
    ml_doc: c"__new__($type, *args, **kwargs)\n--\n\nCreate and return a new object.  See help(type) for accurate signature."
        .as_ptr(),
};

unsafe extern "C" fn tp_new_as_function(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the convention of the table row.
    unsafe { super::type_::new::tp_new_wrapper(this, args, kwargs) }
}

impl CFunction {
    /// A function from a row of a table. `module` is the name of its module.
    pub fn new(
        def: &'static PyMethodDef,
        this: Option<Ref<Object>>,
        module: Option<Ref<Object>>,
    ) -> PyResult<Ref<CFunction>> {
        let pointer = |object: &Option<Ref<Object>>| object.as_ref().map_or(ptr::null_mut(), |object| object.as_ptr());
        // SAFETY: the row is static.
        unsafe {
            let function =
                CFunction::new_raw((&raw const *def).cast_mut(), pointer(&this), pointer(&module), ptr::null_mut())?;
            Ok(function.into_unchecked())
        }
    }

    /// `PyCMethod_New`: a function whose row may be in memory of an extension.
    ///
    /// # Safety
    /// `def` lives as long as the function; the objects are live or null.
    pub unsafe fn new_raw(
        def: *mut PyMethodDef,
        this: *mut PyObject,
        module: *mut PyObject,
        class: *mut PyTypeObject,
    ) -> PyResult<Ref<Object>> {
        // SAFETY: by contract; the new object is complete when it is shown.
        unsafe {
            let flags = (*def).ml_flags;
            let Some(convention) = Convention::of(flags) else { return Err(bad_flags(def)) };
            let function: *mut PyCFunctionObject = if flags & METH_METHOD != 0 {
                if class.is_null() {
                    return Err(raise!(
                        SystemError,
                        "attempting to create PyCMethod with a METH_METHOD flag but no class"
                    ));
                }
                let method = heap::new::<CMethod>()?;
                (*method).0.mm_class.set(Ref::<Type>::from_borrowed_ptr(class).into_ptr().cast());
                method.cast()
            } else {
                if !class.is_null() {
                    return Err(raise!(
                        SystemError,
                        "attempting to create PyCFunction with class but no METH_METHOD flag"
                    ));
                }
                heap::new::<CFunction>()?.cast()
            };
            let own = |object: *mut PyObject| {
                Ref::<Object>::from_borrowed_ptr_or_null(object).map_or(ptr::null_mut(), Ref::into_ptr)
            };
            (*function).m_ml.set(def);
            (*function).m_self.set(own(this));
            (*function).m_module.set(own(module));
            (*function).vectorcall.set(Some(choose(convention)));
            heap::gc_track(function.cast());
            Ok(Ref::from_owned_ptr(function))
        }
    }

    /// `__new__` of a native type.
    pub fn new_wrapper(class: Borrowed<'_, Type>) -> PyResult<Ref<Object>> {
        // SAFETY: the row is static.
        unsafe { CFunction::new_raw((&raw const NEW_DEF).cast_mut(), class.as_ptr(), ptr::null_mut(), ptr::null_mut()) }
    }

    /// Whether this is a `__new__` made by [`CFunction::new_wrapper`].
    pub fn is_new_wrapper(&self) -> bool {
        ptr::eq(self.0.m_ml.get(), &raw const NEW_DEF)
    }

    /// The row of the table.
    pub fn def(&self) -> &PyMethodDef {
        // SAFETY: the row lives as long as the function.
        unsafe { &*self.0.m_ml.get() }
    }

    fn name(&self) -> &CStr {
        // SAFETY: rows have names.
        unsafe { CStr::from_ptr(self.def().ml_name) }
    }

    pub fn name_is(&self, name: &str) -> bool {
        self.name().to_bytes() == name.as_bytes()
    }

    fn this(&self) -> Option<Borrowed<'_, Object>> {
        // SAFETY: null or owned by the function.
        unsafe { Borrowed::from_ptr_or_null(self.0.m_self.get()) }
    }

    /// The object, unless the function belongs to a module or to nothing.
    fn bound_to(&self) -> Option<Borrowed<'_, Object>> {
        self.this().filter(|this| !this.is_instance_of::<Module>())
    }

    /// Whether this is the method that `descr`, a method descriptor, gives for `object`.
    pub fn is_method_of(&self, descr: &Ref<Object>, object: &Ref<Object>) -> bool {
        let Some(descr) = descr.downcast_exact::<MethodDescr>() else { return false };
        ptr::eq(self.0.m_ml.get(), descr.0.d_method.get()) && self.0.m_self.get() == object.as_ptr()
    }

    /// The names under which the data of docstrings may have the function.
    fn find_doc(&self) -> Option<&'static str> {
        let name = self.name().to_string_lossy();
        let Some(this) = self.bound_to() else {
            // SAFETY: null or owned by the function.
            let module = unsafe { Borrowed::<Object>::from_ptr_or_null(self.0.m_module.get()) }?;
            return doc::find(&format!("{}.{name}", module.to_text()));
        };
        // A method is documented at the class that defines it.
        let class = match this.downcast::<Type>() {
            Some(class) => class.to_owned(),
            None => this.type_of().to_owned(),
        };
        for class in class.mro()?.iter() {
            // SAFETY: the MRO has live types only.
            let dotted = unsafe { dotted_name(class.as_ptr().cast()) };
            if let Some(found) = doc::find(&format!("{dotted}.{name}")) {
                return Some(found);
            }
        }
        None
    }

    fn qualname_object(&self) -> PyResult<Ref<Object>> {
        let name = self.name().to_string_lossy();
        let Some(this) = self.bound_to() else { return Ok(Str::from_utf8_str(&name)?.into_object()) };
        let class =
            if this.is_instance_of::<Type>() { this.to_owned() } else { this.type_of().to_owned().into_object() };
        let of_class = class.getattr(id!("__qualname__"))?;
        let Some(of_class) = of_class.downcast::<Str>() else {
            return Err(raise!(TypeError, "<method>.__class__.__qualname__ is not a unicode object"));
        };
        Ok(Str::from_utf8_str(&format!("{}.{name}", of_class.to_display()))?.into_object())
    }
}

#[pytype(
    name = "builtin_function_or_method",
    export = "PyCFunction_Type",
    gc,
    weaklistoffset = offset_of!(PyCFunctionObject, m_weakreflist),
    vectorcalloffset = offset_of!(PyCFunctionObject, vectorcall)
)]
impl CFunction {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut CFunction) {
        // SAFETY: called once; every field owns a count or is null.
        unsafe {
            heap::gc_untrack(this.cast());
            let function = &(*this).0;
            if !function.m_weakreflist.get().is_null() {
                crate::types::weakref::clear_references(this.cast());
            }
            if (*function.m_ml.get()).ml_flags & METH_METHOD != 0 {
                heap::clear_field(&(*this.cast::<PyCMethodObject>()).mm_class);
            }
            heap::clear_field(&function.m_self);
            heap::clear_field(&function.m_module);
            heap::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &CFunction, visit: &mut Visitor) {
        if this.def().ml_flags & METH_METHOD != 0 {
            // SAFETY: the flag makes it a `PyCMethodObject`.
            visit.object(unsafe { (*(&raw const *this).cast::<PyCMethodObject>()).mm_class.get() });
        }
        visit.object(this.0.m_self.get());
        visit.object(this.0.m_module.get());
    }

    #[slot(tp_call, raw)]
    const CALL: ternaryfunc = function_call;

    #[slot(tp_repr)]
    fn repr(this: &Ref<CFunction>) -> PyResult<Ref<Str>> {
        let name = this.name().to_string_lossy();
        Str::from_utf8_str(&match this.bound_to() {
            None => format!("<built-in function {name}>"),
            Some(object) => {
                format!("<built-in method {name} of {} object at {:p}>", object.type_name(), object.as_ptr())
            }
        })
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<CFunction>) -> isize {
        let function = this.def().ml_meth.map_or(0, |function| function as usize);
        match hash_pointer(this.0.m_self.get()) ^ hash_pointer(function as *const u8) {
            -1 => -2,
            hash => hash,
        }
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<CFunction>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<CFunction>() else { return Ok(not_implemented()) };
        let function = |f: &CFunction| f.def().ml_meth.map(|function| function as usize);
        let equal = this.0.m_self.get() == other.0.m_self.get() && function(this) == function(&other);
        Ok(match op {
            CompareOp::Eq => Bool::from(equal).into_object(),
            CompareOp::Ne => Bool::from(!equal).into_object(),
            _ => not_implemented(),
        })
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<CFunction>) -> PyResult<Ref<Object>> {
        let name = Str::from_utf8_str(&this.name().to_string_lossy())?;
        match this.bound_to() {
            None => Ok(name.into_object()),
            Some(object) => reduce_as_getattr(object, name.as_borrowed()),
        }
    }

    #[member(name = "__module__", kind = _Py_T_OBJECT, offset = offset_of!(PyCFunctionObject, m_module))]
    const _MODULE: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<CFunction>) -> PyResult<Ref<Object>> {
        let text = doc::doc_text(this.def().ml_name, this.def().ml_doc, String::new)?;
        if !text.is_none() {
            return Ok(text);
        }
        match this.find_doc() {
            Some(text) => Ok(Str::from_utf8_str(text)?.into_object()),
            None => Ok(none()),
        }
    }

    #[getter(name = "__name__")]
    fn get_name(this: &Ref<CFunction>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&this.name().to_string_lossy())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<CFunction>) -> PyResult<Ref<Object>> {
        this.qualname_object()
    }

    #[getter(name = "__self__")]
    fn get_self(this: &Ref<CFunction>) -> Ref<Object> {
        if this.def().ml_flags & METH_STATIC != 0 {
            return none();
        }
        this.this().map_or_else(none, |this| this.to_owned())
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<CFunction>) -> PyResult<Ref<Object>> {
        doc::method_signature(this.def(), || this.find_doc().is_some_and(|text| !text.is_empty()))
    }
}

#[pytype(name = "builtin_method", export = "PyCMethod_Type", base = CFunction, gc)]
impl CMethod {}

/// `tp_call`: from tuple and dictionary. Functions that want just these get them as they are.
unsafe extern "C" fn function_call(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        let function = this.cast::<PyCFunctionObject>();
        let def = &*(*function).m_ml.get();
        if let (Some(Convention::VarargsKeywords), Some(native)) = (Convention::of(def.ml_flags), def.ml_meth) {
            let self_ = if def.ml_flags & METH_STATIC != 0 { ptr::null_mut() } else { (*function).m_self.get() };
            let native = core::mem::transmute::<PyCFunction, PyCFunctionWithKeywords>(native);
            return native(self_, args, kwargs);
        }
        match (*function).vectorcall.get() {
            Some(vectorcall) => call::vectorcall_tuple(vectorcall, this, args, kwargs),
            None => raise!(SystemError, "built-in function without a function").into_null(),
        }
    }
}
