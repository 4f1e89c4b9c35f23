//! `functools.KeyWrapper`: what `cmp_to_key` gives, and what that gives when it is called with an object.

use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

#[repr(C)]
pub struct KeyWrapper {
    head: PyObject,
    compare: Slot,
    /// Unset in what `cmp_to_key` itself gives.
    object: Slot,
}

static CALL: ArgSpec = ArgSpec::plain("K", &["obj"], 1);

impl KeyWrapper {
    pub fn create(compare: Borrowed<'_, Object>, object: Option<Borrowed<'_, Object>>) -> PyResult<Ref<KeyWrapper>> {
        let this: Ref<KeyWrapper> = support::instance_exact()?;
        this.compare.set(Some(compare.to_owned()));
        this.object.set(object.map(|object| object.to_owned()));
        Ok(this)
    }

    fn slots(&self) -> [&Slot; 2] {
        [&self.compare, &self.object]
    }
}

#[pytype(name = "KeyWrapper", module = "functools", gc, disallow_instantiation, unhashable, heap, getattribute)]
impl KeyWrapper {
    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<KeyWrapper>) -> &'static str {
        let _ = this;
        "(obj)"
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut KeyWrapper) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &KeyWrapper, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<KeyWrapper>) {
        support::clear(this.slots());
    }

    #[slot(tp_call)]
    fn call(this: &Ref<KeyWrapper>, args: CallArgs<'_>) -> PyResult<Ref<KeyWrapper>> {
        let [object] = args.unpack::<1>(&CALL)?;
        match support::fixed(&this.compare) {
            Some(compare) => KeyWrapper::create(compare, object),
            None => Err(raise!(AttributeError, "cmp")),
        }
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<KeyWrapper>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !other.is_exact::<KeyWrapper>() {
            return Err(raise!(TypeError, "other argument must be K instance"));
        }
        // SAFETY: checked just now.
        let other: &Ref<KeyWrapper> = unsafe { other.cast_unchecked() };
        let (Some(x), Some(y)) = (this.object.get(), other.object.get()) else {
            return Err(raise!(AttributeError, "object"));
        };
        let Some(compare) = this.compare.get() else { return Err(raise!(AttributeError, "cmp")) };
        let answer = compare.call(&[x.borrow(), y.borrow()])?;
        answer.rich_compare(Int::zero().as_borrowed(), op)
    }

    #[member(name = "obj", kind = T_OBJECT, offset = offset_of!(KeyWrapper, object))]
    const _OBJ: () = ();
}
