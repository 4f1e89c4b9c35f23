//! `weakref.proxy`: stands for its object in nearly every operation.
//!
//! Either operand of a binary operation may be a proxy; all are exchanged for their objects first.

use super::{raw, reference};
use crate::abi::PyWeakReference;
use crate::object::PyLayout;
use crate::object::protocol::number;
use crate::prelude::*;

/// `weakref.ProxyType`.
#[repr(transparent)]
pub struct Proxy(pub(crate) PyWeakReference);

/// `weakref.CallableProxyType`.
#[repr(transparent)]
pub struct CallableProxy(pub(crate) PyWeakReference);

/// A proxy for an object, callable if the object is; without a callback it is shared (`PyWeakref_NewProxy`).
pub fn new_proxy(object: Borrowed<'_, Object>, callback: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    let cls = if object.is_callable() { CallableProxy::TYPE } else { Proxy::TYPE };
    // SAFETY: the type is one of proxies.
    unsafe { raw::get_or_create(cls, object, callback).map(|proxy| proxy.into_object()) }
}

/// The object of a proxy; anything else stands for itself.
fn unwrap(operand: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if !operand.is_exact::<Proxy>() && !operand.is_exact::<CallableProxy>() {
        return Ok(operand.to_owned());
    }
    // SAFETY: just checked.
    match unsafe { raw::target(operand.as_ptr().cast()) } {
        Some(object) => Ok(object),
        None => Err(raise!(ReferenceError, "weakly-referenced object no longer exists")),
    }
}

macro_rules! proxies {
    ($($name:ident, $python:literal, $export:literal, { $($extra:tt)* };)*) => {$(
        #[pytype(name = $python, module = "weakref", export = $export, gc, unhashable, disallow_instantiation)]
        impl $name {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $name) {
                // SAFETY: called with no counts left.
                unsafe { raw::dealloc(this.cast()) }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$name, visit: &mut Visitor) {
                visit.object(this.0.wr_callback.get());
            }

            #[slot(tp_clear)]
            fn clear(this: &Ref<$name>) {
                // SAFETY: a live proxy.
                drop(unsafe { raw::clear_with_callback(this.as_raw().cast()) });
            }

            #[slot(tp_repr)]
            fn repr(this: &Ref<$name>) -> PyResult<Ref<Str>> {
                // SAFETY: a live proxy.
                reference::describe("weakproxy", this.as_ptr(), unsafe { raw::target(this.as_raw().cast()) })
            }

            #[slot(tp_str)]
            fn str(this: &Ref<$name>) -> PyResult<Ref<Str>> {
                unwrap(this.as_borrowed())?.str()
            }

            #[slot(tp_getattro)]
            fn getattr(this: &Ref<$name>, attribute: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.getattr_object(attribute)
            }

            #[slot(tp_setattro)]
            fn setattr(
                this: &Ref<$name>,
                attribute: Borrowed<'_, Object>,
                value: Option<Borrowed<'_, Object>>,
            ) -> PyResult<()> {
                unwrap(this.as_borrowed())?.set_attr_object(attribute, value)
            }

            #[slot(tp_richcompare)]
            fn compare(this: &Ref<$name>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.rich_compare(unwrap(other)?.borrow(), op)
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.iter()
            }

            #[slot(tp_iternext)]
            fn next(this: &Ref<$name>) -> PyResult<Option<Ref<Object>>> {
                let object = unwrap(this.as_borrowed())?;
                if !object.is_iterator() {
                    return Err(raise!(
                        TypeError,
                        "Weakref proxy referenced a non-iterator '{}' object",
                        object.type_name()
                    ));
                }
                object.next()
            }

            #[slot(sq_length, mp_length)]
            fn length(this: &Ref<$name>) -> PyResult<isize> {
                Ok(unwrap(this.as_borrowed())?.len()? as isize)
            }

            #[slot(sq_contains)]
            fn contains(this: &Ref<$name>, item: Borrowed<'_, Object>) -> PyResult<bool> {
                unwrap(this.as_borrowed())?.contains(item)
            }

            #[slot(mp_subscript)]
            fn subscript(this: &Ref<$name>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.get_item(unwrap(key)?.borrow())
            }

            #[slot(mp_ass_subscript)]
            fn assign(
                this: &Ref<$name>,
                key: Borrowed<'_, Object>,
                value: Option<Borrowed<'_, Object>>,
            ) -> PyResult<()> {
                unwrap(this.as_borrowed())?.assign_item(key, value)
            }

            #[slot(nb_bool)]
            fn truth(this: &Ref<$name>) -> PyResult<bool> {
                unwrap(this.as_borrowed())?.is_true()
            }

            #[slot(nb_negative)]
            fn negative(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.negative()
            }

            #[slot(nb_positive)]
            fn positive(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.positive()
            }

            #[slot(nb_absolute)]
            fn absolute(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.absolute()
            }

            #[slot(nb_invert)]
            fn invert(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                unwrap(this.as_borrowed())?.invert()
            }

            #[slot(nb_int)]
            fn int(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                Int::type_object().as_object().call1(unwrap(this.as_borrowed())?.borrow())
            }

            #[slot(nb_float)]
            fn float(this: &Ref<$name>) -> PyResult<Ref<Object>> {
                Float::type_object().as_object().call1(unwrap(this.as_borrowed())?.borrow())
            }

            #[slot(nb_index)]
            fn index(this: &Ref<$name>) -> PyResult<Ref<Int>> {
                unwrap(this.as_borrowed())?.index()
            }

            #[slot(nb_add)]
            fn nb_add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::ADD, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_add)]
            fn nb_inplace_add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::ADD, unwrap(right)?.borrow())
            }

            #[slot(nb_subtract)]
            fn nb_subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::SUBTRACT, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_subtract)]
            fn nb_inplace_subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::SUBTRACT, unwrap(right)?.borrow())
            }

            #[slot(nb_multiply)]
            fn nb_multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::MULTIPLY, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_multiply)]
            fn nb_inplace_multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::MULTIPLY, unwrap(right)?.borrow())
            }

            #[slot(nb_remainder)]
            fn nb_remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::REMAINDER, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_remainder)]
            fn nb_inplace_remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::REMAINDER, unwrap(right)?.borrow())
            }

            #[slot(nb_divmod)]
            fn nb_divmod(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::DIVMOD, unwrap(right)?.borrow())
            }

            #[slot(nb_lshift)]
            fn nb_lshift(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::LSHIFT, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_lshift)]
            fn nb_inplace_lshift(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::LSHIFT, unwrap(right)?.borrow())
            }

            #[slot(nb_rshift)]
            fn nb_rshift(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::RSHIFT, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_rshift)]
            fn nb_inplace_rshift(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::RSHIFT, unwrap(right)?.borrow())
            }

            #[slot(nb_and)]
            fn nb_and(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::AND, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_and)]
            fn nb_inplace_and(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::AND, unwrap(right)?.borrow())
            }

            #[slot(nb_xor)]
            fn nb_xor(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::XOR, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_xor)]
            fn nb_inplace_xor(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::XOR, unwrap(right)?.borrow())
            }

            #[slot(nb_or)]
            fn nb_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::OR, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_or)]
            fn nb_inplace_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::OR, unwrap(right)?.borrow())
            }

            #[slot(nb_floor_divide)]
            fn nb_floor_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::FLOOR_DIVIDE, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_floor_divide)]
            fn nb_inplace_floor_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::FLOOR_DIVIDE, unwrap(right)?.borrow())
            }

            #[slot(nb_true_divide)]
            fn nb_true_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::TRUE_DIVIDE, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_true_divide)]
            fn nb_inplace_true_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::TRUE_DIVIDE, unwrap(right)?.borrow())
            }

            #[slot(nb_matrix_multiply)]
            fn nb_matrix_multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.binary(number::MATRIX_MULTIPLY, unwrap(right)?.borrow())
            }

            #[slot(nb_inplace_matrix_multiply)]
            fn nb_inplace_matrix_multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace(number::MATRIX_MULTIPLY, unwrap(right)?.borrow())
            }

            #[slot(nb_power)]
            fn nb_power(
                left: Borrowed<'_, Object>,
                right: Borrowed<'_, Object>,
                modulus: Borrowed<'_, Object>,
            ) -> PyResult<Ref<Object>> {
                unwrap(left)?.power(unwrap(right)?.borrow(), unwrap(modulus)?.borrow())
            }

            #[slot(nb_inplace_power)]
            fn nb_inplace_power(
                left: Borrowed<'_, Object>,
                right: Borrowed<'_, Object>,
                _modulus: Borrowed<'_, Object>,
            ) -> PyResult<Ref<Object>> {
                unwrap(left)?.inplace_power(unwrap(right)?.borrow())
            }

            $($extra)*
        }
    )*};
}

proxies! {
    Proxy, "ProxyType", "_PyWeakref_ProxyType", {
        #[method(name = "__bytes__", signature = "($self, /)")]
        fn bytes(this: &Ref<Proxy>) -> PyResult<Ref<Object>> {
            unwrap(this.as_borrowed())?.call_method(id!("__bytes__"), &[])
        }

        #[method(name = "__reversed__", signature = "($self, /)")]
        fn reversed(this: &Ref<Proxy>) -> PyResult<Ref<Object>> {
            unwrap(this.as_borrowed())?.call_method(id!("__reversed__"), &[])
        }
    };
    CallableProxy, "CallableProxyType", "_PyWeakref_CallableProxyType", {
        #[slot(tp_call)]
        fn call(this: &Ref<CallableProxy>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
            unwrap(this.as_borrowed())?.call_args(&args)
        }
    };
}
