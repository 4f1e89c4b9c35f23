//! `generator`.

use core::mem::offset_of;

use super::{raw, resume};
use crate::abi::PyGenObject;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;

/// `PyGenObject`.
#[repr(transparent)]
pub struct Generator(pub PyGenObject);

/// The attributes that the three kinds share, under their prefixes.
macro_rules! shared_attributes {
    ($part:ident, $ty:ident, $frame:literal, $code:literal, $suspended:literal, $awaiting:literal) => {
        #[pymethods(part = $part)]
        impl $ty {
            #[getter(name = "__name__")]
            fn name(this: &Ref<$ty>) -> Ref<Object> {
                // SAFETY: a generator always has a name.
                unsafe { Ref::from_borrowed_ptr(this.0.gi_name.get()) }
            }

            #[setter(name = "__name__")]
            fn set_name(this: &Ref<$ty>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
                super::generator::set_name(&this.0.gi_name, value, "__name__")
            }

            #[getter(name = "__qualname__")]
            fn qualname(this: &Ref<$ty>) -> Ref<Object> {
                // SAFETY: as above.
                unsafe { Ref::from_borrowed_ptr(this.0.gi_qualname.get()) }
            }

            #[setter(name = "__qualname__")]
            fn set_qualname(this: &Ref<$ty>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
                super::generator::set_name(&this.0.gi_qualname, value, "__qualname__")
            }

            #[getter(name = $frame)]
            fn frame(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                super::generator::frame_of(&this.0)
            }

            #[getter(name = $code)]
            fn code(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                super::generator::code_of(&this.0)
            }

            #[getter(name = $suspended)]
            fn suspended(this: &Ref<$ty>) -> bool {
                raw::is_suspended(&this.0)
            }

            #[getter(name = $awaiting)]
            fn awaiting(this: &Ref<$ty>) -> Option<Ref<Object>> {
                raw::yield_from(&this.0)
            }

            #[method(name = "__sizeof__", signature = "($self, /)")]
            fn sizeof(this: &Ref<$ty>) -> usize {
                super::generator::size_of_generator(&this.0)
            }
        }
    };
}
pub(super) use shared_attributes;

shared_attributes!(GENERATOR_SHARED, Generator, "gi_frame", "gi_code", "gi_suspended", "gi_yieldfrom");

pub(super) fn set_name(
    field: &core::cell::Cell<*mut crate::abi::PyObject>,
    value: Option<Borrowed<'_, Object>>,
    attribute: &str,
) -> PyResult<()> {
    match value {
        Some(value) if value.is_instance_of::<Str>() => {
            let old = field.replace(value.to_owned().into_ptr());
            // SAFETY: the generator owned its name.
            drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
            Ok(())
        }
        _ => Err(raise!(TypeError, "{attribute} must be set to a string object")),
    }
}

pub(super) fn frame_of(generator: &PyGenObject) -> PyResult<Ref<Object>> {
    if raw::state(generator) == crate::abi::FRAME_CLEARED {
        return Ok(none());
    }
    // SAFETY: the frame is complete.
    unsafe { Ok(crate::types::frame::frame_object((&raw const generator.gi_iframe).cast_mut())?.into_object()) }
}

pub(super) fn code_of(generator: &PyGenObject) -> PyResult<Ref<Object>> {
    // SAFETY: a cleared frame keeps the word of its code.
    unsafe {
        let word = generator.gi_iframe.f_executable.get().bits & !3;
        Ok(Ref::from_borrowed_ptr(word as *mut crate::abi::PyObject))
    }
}

pub(super) fn size_of_generator(generator: &PyGenObject) -> usize {
    // SAFETY: as above.
    unsafe {
        let code = (generator.gi_iframe.f_executable.get().bits & !3) as *mut crate::abi::PyCodeObject;
        let slots = (*code).co_nlocalsplus.get() as usize + (*code).co_stacksize.get() as usize;
        offset_of!(PyGenObject, gi_iframe) + offset_of!(crate::abi::_PyInterpreterFrame, localsplus) + slots * 8
    }
}

/// The `repr` of all three kinds.
pub(super) fn describe(object: &Ref<Object>, kind: &str) -> String {
    // SAFETY: a generator always has a qualified name.
    let name = unsafe { Ref::<Object>::from_borrowed_ptr(resume::raw_of(object).gi_qualname.get()) };
    format!("<{kind} object {} at {:p}>", name.to_text(), object.as_ptr())
}

#[pytype(name = "generator", export = "PyGen_Type", gc, disallow_instantiation,
         basicsize = (offset_of!(PyGenObject, gi_iframe) + offset_of!(crate::abi::_PyInterpreterFrame, localsplus)) as isize,
         itemsize = 8, weaklistoffset = offset_of!(PyGenObject, gi_weakreflist), extend = [GENERATOR_SHARED])]
impl Generator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Generator) {
        // SAFETY: called once, by the last decref.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Generator, visit: &mut Visitor) {
        raw::traverse(&this.0, visit);
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<Generator>) {
        resume::finalize(this.as_object());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Generator>) -> String {
        describe(this.as_object(), "generator")
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Generator>) -> Ref<Generator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Generator>) -> PyResult<Option<Ref<Object>>> {
        resume::next(this.as_object())
    }

    #[slot(am_send)]
    fn am_send(this: &Ref<Generator>, value: Borrowed<'_, Object>) -> SendResult {
        resume::send(this.as_object(), value)
    }

    #[method(signature = "($self, object, /)")]
    fn send(this: &Ref<Generator>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        resume::send_method(this.as_object(), arg)
    }

    #[method(signature = "($self, typ, val=None, tb=None, /)", no_text_signature)]
    fn throw(
        this: &Ref<Generator>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        warn_of_three_arguments(val)?;
        resume::throw(this.as_object(), typ, val, tb)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<Generator>) -> PyResult<Ref<Object>> {
        resume::close(this.as_object())
    }

    #[getter]
    fn gi_running(this: &Ref<Generator>) -> bool {
        raw::is_running(&this.0)
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}

/// `throw` with more than one argument is on its way out.
pub(super) fn warn_of_three_arguments(value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    if value.is_none() {
        return Ok(());
    }
    crate::modules::warnings::warn(
        crate::types::exceptions::DeprecationWarning::type_object(),
        "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.",
        1,
    )
}
