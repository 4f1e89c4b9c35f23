//! Evaluators: functions of a format that give the value of a bound, a default and so on.

use super::{Field, get};
use crate::abi::PyObject;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::generic_alias::push_type_repr;
use crate::types::str::StrBuilder;

/// `annotationlib.Format.VALUE`.
pub(super) const VALUE: i64 = 1;
/// `annotationlib.Format.STRING`.
const STRING: i32 = 4;

/// The evaluator of a value that is known.
#[repr(C)]
pub struct ConstEvaluator {
    head: PyObject,
    value: Field,
}

/// `evaluator(format)`.
pub(super) fn call(evaluator: &Ref<Object>, format: i64) -> PyResult<Ref<Object>> {
    evaluator.call1(Int::from_i64(format)?.as_borrowed())
}

impl ConstEvaluator {
    pub(super) fn new(value: Ref<Object>) -> PyResult<Ref<ConstEvaluator>> {
        // SAFETY: the field is written before the object is tracked.
        unsafe {
            let this = memory::new::<ConstEvaluator>()?;
            (*this).value.set(value.into_ptr());
            memory::gc_track(this.cast());
            Ok(Ref::from_owned_ptr(this))
        }
    }
}

impl Ref<ConstEvaluator> {
    fn value(&self) -> Ref<Object> {
        get(&self.value).unwrap_or_else(none)
    }
}

#[pytype(name = "_ConstEvaluator", module = "_typing", text_signature = "()", gc, disallow_instantiation, heap)]
impl ConstEvaluator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ConstEvaluator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).value);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ConstEvaluator, visit: &mut Visitor) {
        visit.object(this.value.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<ConstEvaluator>) {
        // SAFETY: the field owns its count.
        unsafe { memory::clear_field(&this.value) };
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ConstEvaluator>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&format!("<constevaluator {}>", this.value().repr()?.to_display()))
    }

    #[slot(tp_call)]
    fn call(this: &Ref<ConstEvaluator>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("constevaluator.__call__")?;
        if args.nargs() != 1 {
            return Err(raise!(
                TypeError,
                "constevaluator.__call__() takes exactly 1 argument ({} given)",
                args.nargs()
            ));
        }
        let Some(format) = args.get(0) else { return Err(raise!(SystemError, "no format")) };
        let format = format.as_isize()?;
        let value = this.value();
        if format != STRING as isize {
            return Ok(value);
        }
        let mut text = StrBuilder::new();
        match value.downcast::<Tuple>() {
            Some(items) => {
                text.push_str("(")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.push_str(", ")?;
                    }
                    push_type_repr(&mut text, item)?;
                }
                text.push_str(")")?;
            }
            None => push_type_repr(&mut text, value.borrow())?,
        }
        Ok(text.finish()?.into_object())
    }
}
