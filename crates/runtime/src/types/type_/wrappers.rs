//! The functions behind `wrapper_descriptor`: from `int.__add__(1, 2)`, a tuple of arguments, to a call of the C slot.
//!
//! One function per kind of slot; `wrapped` is the slot function. The signatures are those of C, because extensions make
//! wrapper descriptors too. CPython: `wrap_*` in `Objects/typeobject.c`.

use core::mem::transmute;
use core::ptr;

use super::raw::{TypePtr, display_name};
use super::slots::slot_tp_setattro;
use crate::abi::*;
use crate::object::protocol::attr::{from_result, from_status};
use crate::object::protocol::number::into_c;
use crate::prelude::*;

/// The argument tuple with `COUNT` items.
unsafe fn arguments<const COUNT: usize>(args: *mut PyObject) -> PyResult<[*mut PyObject; COUNT]> {
    // SAFETY: wrappers are called with a tuple that lives during the call.
    let args: Borrowed<'_, Tuple> = unsafe { Borrowed::from_ptr(args) };
    if args.len() != COUNT {
        let plural = if COUNT == 1 { "" } else { "s" };
        return Err(raise!(TypeError, "expected {COUNT} argument{plural}, got {}", args.len()));
    }
    Ok(core::array::from_fn(|index| args.get(index).as_ptr()))
}

/// One or two arguments; null for a second that is not given.
unsafe fn one_or_two(args: *mut PyObject) -> PyResult<(*mut PyObject, *mut PyObject)> {
    // SAFETY: as in `arguments`.
    let args: Borrowed<'_, Tuple> = unsafe { Borrowed::from_ptr(args) };
    match args.len() {
        1 => Ok((args.get(0).as_ptr(), ptr::null_mut())),
        2 => Ok((args.get(0).as_ptr(), args.get(1).as_ptr())),
        other => Err(raise!(TypeError, "expected 1 or 2 arguments, got {other}")),
    }
}

/// Declares a wrapper: the type of the slot function, and the body with the slot function as `f`.
macro_rules! wrappers {
    ($($name:ident($this:ident, $args:ident, $f:ident: $ty:ty) $body:block)*) => {$(
        /// # Safety
        /// As for all wrappers: a live object, a tuple, and the slot function of this kind.
        #[allow(clippy::useless_transmute, reason = "one wrapper does not use the slot function")]
        pub unsafe extern "C" fn $name($this: *mut PyObject, $args: *mut PyObject, wrapped: *mut c_void) -> *mut PyObject {
            // SAFETY: by contract.
            unsafe {
                let $f: $ty = transmute::<*mut c_void, $ty>(wrapped);
                let body = move || -> PyResult<Ref<Object>> { $body };
                into_c(body())
            }
        }
    )*};
}

unsafe fn index_of(object: *mut PyObject) -> PyResult<isize> {
    // SAFETY: arguments are live.
    unsafe { Borrowed::<Object>::from_ptr(object) }.as_isize()
}

/// An index of a sequence: negative ones count from the end.
unsafe fn sequence_index(this: *mut PyObject, argument: *mut PyObject) -> PyResult<isize> {
    // SAFETY: arguments are live.
    unsafe {
        let mut index = index_of(argument)?;
        if index < 0 {
            let sequence: Borrowed<'_, Object> = Borrowed::from_ptr(this);
            if sequence.sequence_methods().is_some_and(|methods| methods.sq_length.get().is_some()) {
                index += sequence.len()? as isize;
            }
        }
        Ok(index)
    }
}

fn done(status: c_int) -> PyResult<Ref<Object>> {
    // SAFETY: the status of a slot function.
    unsafe { from_status(status)? };
    Ok(none())
}

wrappers! {
    wrap_unary(this, args, f: unaryfunc) {
        let [] = arguments(args)?;
        from_result(f(this))
    }
    wrap_binary(this, args, f: binaryfunc) {
        let [other] = arguments(args)?;
        from_result(f(this, other))
    }
    wrap_binary_left(this, args, f: binaryfunc) {
        let [other] = arguments(args)?;
        from_result(f(this, other))
    }
    wrap_binary_right(this, args, f: binaryfunc) {
        let [other] = arguments(args)?;
        from_result(f(other, this))
    }
    wrap_ternary(this, args, f: ternaryfunc) {
        let (other, third) = one_or_two(args)?;
        from_result(f(this, other, if third.is_null() { none().as_ptr() } else { third }))
    }
    wrap_ternary_right(this, args, f: ternaryfunc) {
        let (other, third) = one_or_two(args)?;
        from_result(f(other, this, if third.is_null() { none().as_ptr() } else { third }))
    }
    wrap_length(this, args, f: lenfunc) {
        let [] = arguments(args)?;
        let length = f(this);
        if length < 0 {
            Raised::check()?;
        }
        Ok(Int::from_isize(length)?.into_object())
    }
    wrap_inquiry(this, args, f: inquiry) {
        let [] = arguments(args)?;
        let answer = f(this);
        from_status(answer)?;
        Ok(Bool::from(answer != 0).into_object())
    }
    wrap_hash(this, args, f: hashfunc) {
        let [] = arguments(args)?;
        let hash = f(this);
        if hash == -1 {
            Raised::check()?;
        }
        Ok(Int::from_isize(hash)?.into_object())
    }
    wrap_index_argument(this, args, f: ssizeargfunc) {
        let [count] = arguments(args)?;
        from_result(f(this, index_of(count)?))
    }
    wrap_sq_item(this, args, f: ssizeargfunc) {
        let [index] = arguments(args)?;
        from_result(f(this, sequence_index(this, index)?))
    }
    wrap_sq_set_item(this, args, f: ssizeobjargproc) {
        let [index, value] = arguments(args)?;
        done(f(this, sequence_index(this, index)?, value))
    }
    wrap_sq_del_item(this, args, f: ssizeobjargproc) {
        let [index] = arguments(args)?;
        done(f(this, sequence_index(this, index)?, ptr::null_mut()))
    }
    wrap_contains(this, args, f: objobjproc) {
        let [item] = arguments(args)?;
        let answer = f(this, item);
        from_status(answer)?;
        Ok(Bool::from(answer != 0).into_object())
    }
    wrap_set_item(this, args, f: objobjargproc) {
        let [key, value] = arguments(args)?;
        done(f(this, key, value))
    }
    wrap_del_item(this, args, f: objobjargproc) {
        let [key] = arguments(args)?;
        done(f(this, key, ptr::null_mut()))
    }
    wrap_setattr(this, args, f: setattrofunc) {
        let [name, value] = arguments(args)?;
        check_setattr(this, f, "__setattr__")?;
        done(f(this, name, value))
    }
    wrap_delattr(this, args, f: setattrofunc) {
        let [name] = arguments(args)?;
        check_setattr(this, f, "__delattr__")?;
        done(f(this, name, ptr::null_mut()))
    }
    wrap_lt(this, args, f: richcmpfunc) { compare(this, args, f, CompareOp::Lt) }
    wrap_le(this, args, f: richcmpfunc) { compare(this, args, f, CompareOp::Le) }
    wrap_eq(this, args, f: richcmpfunc) { compare(this, args, f, CompareOp::Eq) }
    wrap_ne(this, args, f: richcmpfunc) { compare(this, args, f, CompareOp::Ne) }
    wrap_gt(this, args, f: richcmpfunc) { compare(this, args, f, CompareOp::Gt) }
    wrap_ge(this, args, f: richcmpfunc) { compare(this, args, f, CompareOp::Ge) }
    wrap_next(this, args, f: iternextfunc) {
        let [] = arguments(args)?;
        match Ref::from_owned_ptr_or_null(f(this)) {
            Some(item) => Ok(item),
            None => {
                Raised::check()?;
                Err(crate::object::raise_object(
                    <crate::types::exceptions::StopIteration as PyLayout>::TYPE,
                    none(),
                ))
            }
        }
    }
    wrap_descr_get(this, args, f: descrgetfunc) {
        let tuple: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        let (object, owner) = match tuple.len() {
            1 => (tuple.get(0).as_ptr(), ptr::null_mut()),
            2 => (tuple.get(0).as_ptr(), tuple.get(1).as_ptr()),
            0 => return Err(raise!(TypeError, "__get__ expected at least 1 argument, got 0")),
            other => return Err(raise!(TypeError, "__get__ expected at most 2 arguments, got {other}")),
        };
        let not_none = |object: *mut PyObject| if object == none().as_ptr() { ptr::null_mut() } else { object };
        let (object, owner) = (not_none(object), not_none(owner));
        if object.is_null() && owner.is_null() {
            return Err(raise!(TypeError, "__get__(None, None) is invalid"));
        }
        from_result(f(this, object, owner))
    }
    wrap_descr_set(this, args, f: descrsetfunc) {
        let [object, value] = arguments(args)?;
        done(f(this, object, value))
    }
    wrap_descr_delete(this, args, f: descrsetfunc) {
        let [object] = arguments(args)?;
        done(f(this, object, ptr::null_mut()))
    }
    wrap_del(this, args, f: destructor) {
        let [] = arguments(args)?;
        f(this);
        Ok(none())
    }
    wrap_buffer(this, args, f: getbufferproc) {
        let [flags] = arguments(args)?;
        let flags: Borrowed<'_, Object> = Borrowed::from_ptr(flags);
        let flags = index_of(flags.as_ptr())?;
        let Ok(flags) = c_int::try_from(flags) else {
            return Err(raise!(OverflowError, "buffer flags out of range"));
        };
        MemoryView::export_by(Borrowed::from_ptr(this), f, flags).map(Ref::into_object)
    }
    wrap_releasebuffer(this, args, _f: *mut c_void) {
        let [view] = arguments(args)?;
        let view: Borrowed<'_, Object> = Borrowed::from_ptr(view);
        let Some(view) = view.downcast::<MemoryView>() else {
            return Err(raise!(TypeError, "expected a memoryview object"));
        };
        super::buffer::release_through_wrapper(Borrowed::from_ptr(this), view)?;
        Ok(none())
    }
}

unsafe fn compare(this: *mut PyObject, args: *mut PyObject, f: richcmpfunc, op: CompareOp) -> PyResult<Ref<Object>> {
    // SAFETY: by the contract of the wrappers.
    unsafe {
        let [other] = arguments(args)?;
        from_result(f(this, other, op as c_int))
    }
}

/// # Safety
/// A live object, a tuple, a `tp_call` and a dict or null.
pub unsafe extern "C" fn wrap_call(
    this: *mut PyObject,
    args: *mut PyObject,
    wrapped: *mut c_void,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe { transmute::<*mut c_void, ternaryfunc>(wrapped)(this, args, kwargs) }
}

/// # Safety
/// A live object, a tuple, a `tp_init` and a dict or null.
pub unsafe extern "C" fn wrap_init(
    this: *mut PyObject,
    args: *mut PyObject,
    wrapped: *mut c_void,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe { into_c(done(transmute::<*mut c_void, initproc>(wrapped)(this, args, kwargs))) }
}

/// Refuses `object.__setattr__(cls, name, value)`: a call that steps over the `tp_setattro` of a native base.
///
/// The type of the object answers with some native function, found at the most basic class that has it. From there down to
/// the base whose wrapper is called, only classes of Python may lie.
unsafe fn check_setattr(this: *mut PyObject, function: setattrofunc, what: &str) -> PyResult<()> {
    // SAFETY: the object is live, and so are the types of its MRO.
    unsafe {
        let ty = (*this).ob_type.get();
        let address = |ty: TypePtr| (*ty).tp_setattro.get().map_or(0, |function| function as usize);
        let of_python = slot_tp_setattro as *const () as usize;
        let Some(mro) = Borrowed::<Tuple>::from_ptr_or_null((*ty).tp_mro.get()) else { return Ok(()) };
        let mut defining = ty;
        for index in (0..mro.len()).rev() {
            let base: TypePtr = mro.get(index).as_ptr().cast();
            if address(base) != of_python && address(base) == address(ty) {
                defining = base;
                break;
            }
        }
        let mut base = defining;
        while !base.is_null() {
            if address(base) == function as usize {
                return Ok(());
            }
            if address(base) != of_python {
                return Err(raise!(TypeError, "can't apply this {what} to {} object", display_name(ty)));
            }
            base = (*base).tp_base.get();
        }
        Ok(())
    }
}
