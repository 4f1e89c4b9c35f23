//! The functions in the slots of classes of Python: each looks its special method up on the type and calls it.
//!
//! `slot_nb_add` is in the `nb_add` of every class with `__add__` or `__radd__`. A method found on the type is called without
//! making a bound method. CPython: `slot_*` in `Objects/typeobject.c`.

use core::mem::offset_of;
use core::ptr;

use super::cache::lookup_raw;
use super::raw::{TypePtr, display_name, is_subtype_raw, slot_value};
use crate::abi::*;
use crate::object::protocol::attr::{from_result, missing_exception_checked};
use crate::object::protocol::call;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::exceptions;
use crate::types::exceptions::AttributeError;
use crate::types::object::{PyObject_GenericGetAttr, PyObject_HashNotImplemented};

pub use super::buffer::{slot_bf_getbuffer, slot_bf_releasebuffer};

/// A special method, found on the type of `this`.
pub struct Special {
    function: Ref<Object>,
    /// Whether `this` has still to be passed.
    unbound: bool,
}

/// Finds the special method `name`; what is no plain method is bound through `__get__`.
///
/// # Safety
/// `this` is live.
#[inline]
pub unsafe fn find(this: *mut PyObject, name: Borrowed<'_, Str>) -> PyResult<Option<Special>> {
    // SAFETY: by contract; what is found is held before anything else runs.
    unsafe {
        let ty = (*this).ob_type.get();
        let found = lookup_raw(ty, name.as_ptr());
        if found.is_null() {
            return Ok(None);
        }
        let function: Ref<Object> = Ref::from_borrowed_ptr(found);
        let function_type = (*found).ob_type.get();
        if (*function_type).tp_flags.get() & Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
            return Ok(Some(Special { function, unbound: true }));
        }
        match (*function_type).tp_descr_get.get() {
            None => Ok(Some(Special { function, unbound: false })),
            Some(get) => {
                let function = from_result(get(found, this, ty.cast()))?;
                Ok(Some(Special { function, unbound: false }))
            }
        }
    }
}

impl Special {
    /// Calls with `args`, whose first item is the object that the method was found on.
    ///
    /// # Safety
    /// The items are live.
    #[inline]
    pub unsafe fn call<const COUNT: usize>(&self, args: [*mut PyObject; COUNT]) -> PyResult<Ref<Object>> {
        // SAFETY: by contract; without the first argument its place is free for the callee.
        unsafe {
            let result = if self.unbound {
                call::vectorcall(self.function.as_ptr(), args.as_ptr(), COUNT, ptr::null_mut())
            } else {
                let nargs = (COUNT - 1) | PY_VECTORCALL_ARGUMENTS_OFFSET;
                call::vectorcall(self.function.as_ptr(), args.as_ptr().add(1), nargs, ptr::null_mut())
            };
            from_result(result)
        }
    }

    /// Calls with `this` in front of an argument vector.
    ///
    /// # Safety
    /// As for a vectorcall function.
    pub unsafe fn call_vector(
        &self,
        this: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> PyResult<Ref<Object>> {
        // SAFETY: by contract.
        unsafe {
            from_result(if self.unbound {
                super::call::vectorcall_prepended(self.function.as_ptr(), this, args, nargsf, kwnames)
            } else {
                call::vectorcall(self.function.as_ptr(), args, nargsf, kwnames)
            })
        }
    }

    pub fn is_none(&self) -> bool {
        self.function.is_none()
    }
}

/// Calls the special method; `None` if there is none.
unsafe fn call_if_any<const COUNT: usize>(
    name: Borrowed<'_, Str>,
    args: [*mut PyObject; COUNT],
) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: by the contract of the slots: live objects.
    unsafe {
        match find(args[0], name)? {
            Some(special) => special.call(args).map(Some),
            None => Ok(None),
        }
    }
}

/// Calls the special method; AttributeError if there is none.
unsafe fn call_special<const COUNT: usize>(
    name: Borrowed<'_, Str>,
    args: [*mut PyObject; COUNT],
) -> PyResult<Ref<Object>> {
    // SAFETY: as in `call_if_any`.
    match unsafe { call_if_any(name, args)? } {
        Some(result) => Ok(result),
        None => Err(raise!(AttributeError, object: name.to_owned())),
    }
}

fn status(result: PyResult<Ref<Object>>) -> c_int {
    match result {
        Ok(_) => 0,
        Err(_) => -1,
    }
}

unsafe fn type_of(object: *mut PyObject) -> TypePtr {
    // SAFETY: slots are called with live objects.
    unsafe { (*object).ob_type.get() }
}

unsafe fn type_name(object: *mut PyObject) -> String {
    // SAFETY: as above.
    unsafe { display_name(type_of(object)) }
}

macro_rules! unary_slots {
    ($($function:ident $name:literal;)*) => {$(
        /// # Safety
        /// A slot function: live arguments.
        pub unsafe extern "C" fn $function(this: *mut PyObject) -> *mut PyObject {
            // SAFETY: by contract.
            into_c(unsafe { call_special(id!($name), [this]) })
        }
    )*};
}

unary_slots! {
    slot_nb_negative "__neg__";
    slot_nb_positive "__pos__";
    slot_nb_absolute "__abs__";
    slot_nb_invert "__invert__";
    slot_nb_int "__int__";
    slot_nb_index "__index__";
    slot_nb_float "__float__";
    slot_tp_iternext "__next__";
}

macro_rules! inplace_slots {
    ($($function:ident $name:literal;)*) => {$(
        /// # Safety
        /// A slot function: live arguments.
        pub unsafe extern "C" fn $function(this: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
            // SAFETY: by contract.
            into_c(unsafe { call_special(id!($name), [this, other]) })
        }
    )*};
}

inplace_slots! {
    slot_nb_inplace_add "__iadd__";
    slot_nb_inplace_subtract "__isub__";
    slot_nb_inplace_multiply "__imul__";
    slot_nb_inplace_remainder "__imod__";
    slot_nb_inplace_lshift "__ilshift__";
    slot_nb_inplace_rshift "__irshift__";
    slot_nb_inplace_and "__iand__";
    slot_nb_inplace_xor "__ixor__";
    slot_nb_inplace_or "__ior__";
    slot_nb_inplace_floor_divide "__ifloordiv__";
    slot_nb_inplace_true_divide "__itruediv__";
    slot_nb_inplace_matrix_multiply "__imatmul__";
    slot_mp_subscript "__getitem__";
}

/// What a binary operator's slot function needs to know about itself.
#[derive(Clone, Copy)]
struct Binary<'a> {
    name: Borrowed<'a, Str>,
    reflected: Borrowed<'a, Str>,
    /// Of the slot, in `PyHeapTypeObject`.
    offset: usize,
    function: usize,
}

/// Tries `left.__op__(right)` and `right.__rop__(left)`, the reflected one first where the right operand's class derives
/// from the left one's and overrides it. `third` is the modulus of `pow`.
unsafe fn binary(
    op: Binary<'_>,
    left: *mut PyObject,
    right: *mut PyObject,
    third: Option<*mut PyObject>,
) -> PyResult<Ref<Object>> {
    // SAFETY: by the contract of the slots: live objects.
    unsafe {
        let (left_type, right_type) = (type_of(left), type_of(right));
        let is_ours = |ty: TypePtr| slot_value(ty, op.offset) as usize == op.function;
        let mut try_right = left_type != right_type && is_ours(right_type);
        let call = |name: Borrowed<'_, Str>, a: *mut PyObject, b: *mut PyObject| match third {
            None => call_if_any(name, [a, b]),
            Some(third) => call_if_any(name, [a, b, third]),
        };
        if is_ours(left_type) {
            if try_right && is_subtype_raw(right_type, left_type) && is_overridden(left, right, op.reflected)? {
                if let Some(result) = call(op.reflected, right, left)?
                    && !result.is_not_implemented()
                {
                    return Ok(result);
                }
                try_right = false;
            }
            let result = call(op.name, left, right)?;
            match result {
                Some(result) if !result.is_not_implemented() => return Ok(result),
                _ if left_type == right_type => return Ok(not_implemented()),
                _ => {}
            }
        }
        if try_right && let Some(result) = call(op.reflected, right, left)? {
            return Ok(result);
        }
        Ok(not_implemented())
    }
}

/// Whether the right operand's class has a `name` of its own, other than the left one's.
unsafe fn is_overridden(left: *mut PyObject, right: *mut PyObject, name: Borrowed<'_, Str>) -> PyResult<bool> {
    // SAFETY: live objects.
    unsafe {
        let right: Borrowed<'_, Object> = Borrowed::from_ptr(type_of(right));
        let Some(of_right) = right.lookup_attr(name)? else { return Ok(false) };
        let left: Borrowed<'_, Object> = Borrowed::from_ptr(type_of(left));
        let Some(of_left) = left.lookup_attr(name)? else { return Ok(true) };
        of_left.compare_bool(of_right.as_borrowed(), CompareOp::Ne)
    }
}

macro_rules! binary_slots {
    ($($function:ident $slot:ident $name:literal $reflected:literal;)*) => {$(
        /// # Safety
        /// A slot function: live arguments.
        pub unsafe extern "C" fn $function(left: *mut PyObject, right: *mut PyObject) -> *mut PyObject {
            let op = Binary {
                name: id!($name),
                reflected: id!($reflected),
                offset: offset_of!(PyHeapTypeObject, as_number.$slot),
                function: $function as *const () as usize,
            };
            // SAFETY: by contract.
            into_c(unsafe { binary(op, left, right, None) })
        }
    )*};
}

binary_slots! {
    slot_nb_add nb_add "__add__" "__radd__";
    slot_nb_subtract nb_subtract "__sub__" "__rsub__";
    slot_nb_multiply nb_multiply "__mul__" "__rmul__";
    slot_nb_remainder nb_remainder "__mod__" "__rmod__";
    slot_nb_divmod nb_divmod "__divmod__" "__rdivmod__";
    slot_nb_lshift nb_lshift "__lshift__" "__rlshift__";
    slot_nb_rshift nb_rshift "__rshift__" "__rrshift__";
    slot_nb_and nb_and "__and__" "__rand__";
    slot_nb_xor nb_xor "__xor__" "__rxor__";
    slot_nb_or nb_or "__or__" "__ror__";
    slot_nb_floor_divide nb_floor_divide "__floordiv__" "__rfloordiv__";
    slot_nb_true_divide nb_true_divide "__truediv__" "__rtruediv__";
    slot_nb_matrix_multiply nb_matrix_multiply "__matmul__" "__rmatmul__";
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_nb_power(
    left: *mut PyObject,
    right: *mut PyObject,
    modulus: *mut PyObject,
) -> *mut PyObject {
    let op = Binary {
        name: id!("__pow__"),
        reflected: id!("__rpow__"),
        offset: offset_of!(PyHeapTypeObject, as_number.nb_power),
        function: slot_nb_power as *const () as usize,
    };
    let third = if modulus == none().as_ptr() { None } else { Some(modulus) };
    // SAFETY: by contract.
    into_c(unsafe { binary(op, left, right, third) })
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_nb_inplace_power(
    this: *mut PyObject,
    other: *mut PyObject,
    _modulus: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    into_c(unsafe { call_special(id!("__ipow__"), [this, other]) })
}

/// The truth of `__bool__`, else of `__len__`, else true.
///
/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_nb_bool(this: *mut PyObject) -> c_int {
    let answer = || -> PyResult<bool> {
        // SAFETY: by contract.
        unsafe {
            if let Some(method) = find(this, id!("__bool__"))? {
                let result = method.call([this])?;
                if !result.is_exact::<Bool>() {
                    return Err(raise!(TypeError, "__bool__ should return bool, returned {}", result.type_name()));
                }
                return result.is_true();
            }
            if find(this, id!("__len__"))?.is_none() {
                return Ok(true);
            }
            match slot_length(this) {
                -1 => Err(missing_exception_checked()),
                length => Ok(length > 0),
            }
        }
    };
    answer().map_or(-1, c_int::from)
}

/// `__len__` for `sq_length` and `mp_length`.
///
/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_length(this: *mut PyObject) -> Py_ssize_t {
    let length = || -> PyResult<isize> {
        // SAFETY: by contract.
        let result = unsafe { call_special(id!("__len__"), [this])? };
        let index = result.index()?;
        if index.is_negative() {
            return Err(raise!(ValueError, "__len__() should return >= 0"));
        }
        index.as_object().as_isize()
    };
    length().unwrap_or(-1)
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_sq_item(this: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    into_c((|| {
        let index = Int::from_isize(index)?;
        // SAFETY: by contract.
        unsafe { call_special(id!("__getitem__"), [this, index.as_ptr()]) }
    })())
}

/// # Safety
/// A slot function: live arguments, `value` null to delete.
pub unsafe extern "C" fn slot_sq_ass_item(this: *mut PyObject, index: Py_ssize_t, value: *mut PyObject) -> c_int {
    status((|| {
        let index = Int::from_isize(index)?;
        // SAFETY: by contract.
        unsafe { assign(this, index.as_ptr(), value) }
    })())
}

/// # Safety
/// A slot function: live arguments, `value` null to delete.
pub unsafe extern "C" fn slot_mp_ass_subscript(this: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> c_int {
    // SAFETY: by contract.
    status(unsafe { assign(this, key, value) })
}

unsafe fn assign(this: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> PyResult<Ref<Object>> {
    // SAFETY: live objects.
    unsafe {
        if value.is_null() {
            call_special(id!("__delitem__"), [this, key])
        } else {
            call_special(id!("__setitem__"), [this, key, value])
        }
    }
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_sq_contains(this: *mut PyObject, item: *mut PyObject) -> c_int {
    let answer = || -> PyResult<bool> {
        // SAFETY: by contract.
        unsafe {
            match find(this, id!("__contains__"))? {
                Some(method) if method.is_none() => {
                    Err(raise!(TypeError, "'{}' object is not a container", type_name(this)))
                }
                Some(method) => method.call([this, item])?.is_true(),
                None => {
                    let item: Borrowed<'_, Object> = Borrowed::from_ptr(item);
                    let iterator = Borrowed::<Object>::from_ptr(this).iter()?;
                    while let Some(candidate) = iterator.next()? {
                        if candidate.equals(item)? {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                }
            }
        }
    };
    answer().map_or(-1, c_int::from)
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_repr(this: *mut PyObject) -> *mut PyObject {
    into_c((|| {
        // SAFETY: by contract.
        if let Some(text) = unsafe { call_if_any(id!("__repr__"), [this])? } {
            return Ok(text);
        }
        // SAFETY: by contract.
        let name = unsafe { type_name(this) };
        Ok(Str::from_utf8_str(&format!("<{name} object at {this:p}>"))?.into_object())
    })())
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_str(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    into_c(unsafe { call_special(id!("__str__"), [this]) })
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_hash(this: *mut PyObject) -> Py_hash_t {
    let hash = || -> PyResult<isize> {
        // SAFETY: by contract.
        unsafe {
            let method = match find(this, id!("__hash__"))? {
                Some(method) if !method.is_none() => method,
                _ => {
                    PyObject_HashNotImplemented(this);
                    return Err(missing_exception_checked());
                }
            };
            let result = method.call([this])?;
            let Some(int) = result.downcast::<Int>() else {
                return Err(raise!(TypeError, "__hash__ method should return an integer"));
            };
            // What does not fit is reduced as the hash of an integer is.
            let hash = match int.to_i64() {
                Some(value) => value as isize,
                None => int.hash_value(),
            };
            Ok(if hash == -1 { -2 } else { hash })
        }
    };
    hash().unwrap_or(-1)
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_call(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    into_c((|| {
        // SAFETY: by contract.
        unsafe {
            let Some(method) = find(this, id!("__call__"))? else {
                return Err(raise!(AttributeError, object: id!("__call__").to_owned()));
            };
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let kwargs = Borrowed::<Dict>::from_ptr_or_null(kwargs);
            if method.unbound {
                call_prepended(&method.function, Borrowed::from_ptr(this), args, kwargs)
            } else {
                method.function.call_tuple(args, kwargs)
            }
        }
    })())
}

/// `function(first, *args, **kwargs)`.
pub fn call_prepended(
    function: &Ref<Object>,
    first: Borrowed<'_, Object>,
    args: Borrowed<'_, Tuple>,
    kwargs: Option<Borrowed<'_, Dict>>,
) -> PyResult<Ref<Object>> {
    let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
    if kwargs.is_none() && args.len() < 8 {
        let mut all = [first; 8];
        for (index, argument) in args.iter().enumerate() {
            all[index + 1] = argument;
        }
        return function.call(&all[..args.len() + 1]);
    }
    let mut all = Vec::new();
    if all.try_reserve_exact(args.len() + 1).is_err() {
        return Err(Raised::no_memory());
    }
    all.push(first);
    all.extend(args.iter());
    let all = Tuple::from_slice(&all)?;
    function.call_tuple(all.borrow(), kwargs)
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_getattro(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    into_c(unsafe { call_special(id!("__getattribute__"), [this, name]) })
}

/// For classes with `__getattr__`, which is called when `__getattribute__` raises AttributeError. A class without one gets
/// [`slot_tp_getattro`] when it comes here first.
///
/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_getattr_hook(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract; what is found on the type is held.
    unsafe {
        let ty = type_of(this);
        let getattr = lookup_raw(ty, id!("__getattr__").as_ptr());
        if getattr.is_null() {
            (*ty).tp_getattro.set(Some(slot_tp_getattro));
            return slot_tp_getattro(this, name);
        }
        let getattr: Ref<Object> = Ref::from_borrowed_ptr(getattr);
        let getattribute: Option<Ref<Object>> =
            Ref::from_borrowed_ptr_or_null(lookup_raw(ty, id!("__getattribute__").as_ptr()));
        let generic = match &getattribute {
            None => true,
            Some(found) => {
                found.downcast_exact::<crate::types::descr::wrapper::WrapperDescr>().is_some_and(|wrapper| {
                    core::ptr::eq(wrapper.0.d_wrapped.get(), PyObject_GenericGetAttr as *const c_void)
                })
            }
        };
        into_c((|| {
            let this_ref: Borrowed<'_, Object> = Borrowed::from_ptr(this);
            let name_ref: Borrowed<'_, Object> = Borrowed::from_ptr(name);
            if generic {
                // No AttributeError is made only to be dropped.
                if let Some(name) = name_ref.downcast_borrowed::<Str>()
                    && let Some(value) = crate::types::object::generic_lookup_attr(&this_ref, name)?
                {
                    return Ok(value);
                }
            } else if let Some(getattribute) = getattribute {
                match call_bound(&getattribute, this, name) {
                    Ok(value) => return Ok(value),
                    Err(raised) => raised.clear_if::<AttributeError>()?,
                }
            }
            call_bound(&getattr, this, name)
        })())
    }
}

/// Calls a function of the class with `this` and one argument.
unsafe fn call_bound(function: &Ref<Object>, this: *mut PyObject, argument: *mut PyObject) -> PyResult<Ref<Object>> {
    // SAFETY: live objects.
    unsafe {
        if function.type_of().tp_flags.get() & Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
            let args = [this, argument];
            return from_result(call::vectorcall(function.as_ptr(), args.as_ptr(), 2, ptr::null_mut()));
        }
        let this: Borrowed<'_, Object> = Borrowed::from_ptr(this);
        function.bind(Some(this), this.type_of().upcast())?.call1(Borrowed::from_ptr(argument))
    }
}

/// # Safety
/// A slot function: live arguments, `value` null to delete.
pub unsafe extern "C" fn slot_tp_setattro(this: *mut PyObject, name: *mut PyObject, value: *mut PyObject) -> c_int {
    // SAFETY: by contract.
    status(unsafe {
        if value.is_null() {
            call_special(id!("__delattr__"), [this, name])
        } else {
            call_special(id!("__setattr__"), [this, name, value])
        }
    })
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_richcompare(this: *mut PyObject, other: *mut PyObject, op: c_int) -> *mut PyObject {
    let name = match CompareOp::from_raw(op) {
        Some(CompareOp::Lt) => id!("__lt__"),
        Some(CompareOp::Le) => id!("__le__"),
        Some(CompareOp::Eq) => id!("__eq__"),
        Some(CompareOp::Ne) => id!("__ne__"),
        Some(CompareOp::Gt) => id!("__gt__"),
        Some(CompareOp::Ge) => id!("__ge__"),
        None => return not_implemented().into_ptr(),
    };
    // SAFETY: by contract.
    unsafe {
        // A method that cannot be had, even for an error of its descriptor, means no comparison.
        match find(this, name) {
            Ok(Some(method)) => into_c(method.call([this, other])),
            Ok(None) => not_implemented().into_ptr(),
            Err(raised) => {
                raised.clear();
                not_implemented().into_ptr()
            }
        }
    }
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_iter(this: *mut PyObject) -> *mut PyObject {
    into_c((|| {
        // SAFETY: by contract.
        unsafe {
            match find(this, id!("__iter__"))? {
                Some(method) if !method.is_none() => method.call([this]),
                None if find(this, id!("__getitem__"))?.is_some() => {
                    crate::types::iter::SequenceIterator::new(Ref::from_borrowed_ptr(this))
                }
                _ => Err(raise!(TypeError, "'{}' object is not iterable", type_name(this))),
            }
        }
    })())
}

/// # Safety
/// A slot function: live arguments, of which `object` and `owner` may be null.
pub unsafe extern "C" fn slot_tp_descr_get(
    this: *mut PyObject,
    object: *mut PyObject,
    owner: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let ty = type_of(this);
        let get = lookup_raw(ty, id!("__get__").as_ptr());
        if get.is_null() {
            // The method has gone: from now on instances are no descriptors.
            if (*ty).tp_descr_get.get().is_some_and(|f| f as usize == slot_tp_descr_get as *const () as usize) {
                (*ty).tp_descr_get.set(None);
            }
            return Ref::<Object>::from_borrowed_ptr(this).into_ptr();
        }
        let get: Ref<Object> = Ref::from_borrowed_ptr(get);
        let or_none = |pointer: *mut PyObject| if pointer.is_null() { none().into_ptr() } else { pointer };
        let args = [this, or_none(object), or_none(owner)];
        call::vectorcall(get.as_ptr(), args.as_ptr(), 3, ptr::null_mut())
    }
}

/// # Safety
/// A slot function: live arguments, `value` null to delete.
pub unsafe extern "C" fn slot_tp_descr_set(this: *mut PyObject, object: *mut PyObject, value: *mut PyObject) -> c_int {
    // SAFETY: by contract.
    status(unsafe {
        if value.is_null() {
            call_special(id!("__delete__"), [this, object])
        } else {
            call_special(id!("__set__"), [this, object, value])
        }
    })
}

/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn slot_tp_init(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    let run = || -> PyResult<()> {
        // SAFETY: by contract.
        unsafe {
            let Some(method) = find(this, id!("__init__"))? else {
                return Err(raise!(AttributeError, object: id!("__init__").to_owned()));
            };
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let kwargs = Borrowed::<Dict>::from_ptr_or_null(kwargs);
            let result = if method.unbound {
                call_prepended(&method.function, Borrowed::from_ptr(this), args, kwargs)?
            } else {
                method.function.call_tuple(args, kwargs)?
            };
            if !result.is_none() {
                return Err(raise!(TypeError, "__init__() should return None, not '{}'", result.type_name()));
            }
            Ok(())
        }
    };
    run().map_or(-1, |()| 0)
}

/// # Safety
/// A slot function: a live type, a tuple, a dict or null.
pub unsafe extern "C" fn slot_tp_new(ty: TypePtr, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    into_c((|| {
        // SAFETY: by contract.
        unsafe {
            let class: Borrowed<'_, Object> = Borrowed::from_ptr(ty);
            let new = class.getattr(id!("__new__"))?;
            call_prepended(&new, class, Borrowed::from_ptr(args), Borrowed::from_ptr_or_null(kwargs))
        }
    })())
}

/// # Safety
/// A slot function: a live argument.
pub unsafe extern "C" fn slot_tp_finalize(this: *mut PyObject) {
    // SAFETY: by contract. The exception of whoever lost the last reference is kept.
    unsafe {
        let _aside = Raised::aside();
        match find(this, id!("__del__")) {
            Err(raised) => exceptions::report_unraisable_object(raised, Some(Borrowed::from_ptr(this))),
            Ok(None) => {}
            Ok(Some(method)) => {
                if let Err(raised) = method.call([this]) {
                    let function = method.function.as_object().to_repr_text();
                    exceptions::report_unraisable(
                        raised,
                        &format!("Exception ignored while calling deallocator {function}"),
                        None,
                    );
                }
            }
        }
    }
}

macro_rules! async_slots {
    ($($function:ident $name:literal;)*) => {$(
        /// # Safety
        /// A slot function: live arguments.
        pub unsafe extern "C" fn $function(this: *mut PyObject) -> *mut PyObject {
            into_c((|| {
                // SAFETY: by contract.
                unsafe {
                    match call_if_any(id!($name), [this])? {
                        Some(result) => Ok(result),
                        None => Err(raise!(
                            AttributeError,
                            concat!("object {} does not have ", $name, " method"),
                            type_name(this)
                        )),
                    }
                }
            })())
        }
    )*};
}

async_slots! {
    slot_am_await "__await__";
    slot_am_aiter "__aiter__";
    slot_am_anext "__anext__";
}
