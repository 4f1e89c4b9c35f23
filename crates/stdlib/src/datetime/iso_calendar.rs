//! `IsoCalendarDate`: the tuple that `isocalendar` gives.

use core::mem::offset_of;

use taipan_runtime::abi::{PyObject, PyTupleObject};
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;

use super::spec;
use crate::support;

/// `datetime.IsoCalendarDate`
#[repr(transparent)]
pub struct IsoCalendarDate(PyTupleObject);

impl IsoCalendarDate {
    /// A tuple of `cls`, a subclass of this one or itself.
    pub fn make(cls: Borrowed<'_, Type>, year: i32, week: i32, weekday: i32) -> PyResult<Ref<Object>> {
        let this = cls.alloc(3)?;
        // SAFETY: a new tuple with room for three items, which nobody has seen.
        unsafe {
            let items = support::tuple_items(this.as_ptr());
            (*this.as_ptr().cast::<PyTupleObject>()).ob_hash.set(-1);
            for (index, value) in [year, week, weekday].into_iter().enumerate() {
                *items.add(index) = Int::from_i64(value.into())?.into_ptr();
            }
        }
        Ok(this)
    }

    fn tuple(this: &Ref<IsoCalendarDate>) -> &Ref<Tuple> {
        // SAFETY: a subclass of tuple.
        unsafe { this.cast_unchecked() }
    }

    fn item(this: &Ref<IsoCalendarDate>, index: usize) -> PyResult<Ref<Object>> {
        match IsoCalendarDate::tuple(this).try_get(index) {
            Some(item) => Ok(item.to_owned()),
            None => Err(raise!(IndexError, "tuple index out of range")),
        }
    }
}

static NEW: ArgSpec = spec("IsoCalendarDate", &["year", "week", "weekday"], 3, 0);

#[pytype(
    name = "IsoCalendarDate",
    module = "datetime",
    base = Tuple,
    basicsize = offset_of!(PyTupleObject, ob_item) + size_of::<*mut PyObject>(),
    itemsize = size_of::<*mut PyObject>(), heap, sequence, match_self)]
impl IsoCalendarDate {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [Some(year), Some(week), Some(weekday)] = args.unpack::<3>(&NEW)? else {
            return Err(raise!(SystemError, "IsoCalendarDate() without arguments"));
        };
        let (year, week) = (super::int_argument(year)?, super::int_argument(week)?);
        IsoCalendarDate::make(cls, year, week, super::int_argument(weekday)?)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<IsoCalendarDate>) -> PyResult<String> {
        let text = |index| Ok(IsoCalendarDate::item(this, index)?.to_text());
        Ok(format!("{}(year={}, week={}, weekday={})", this.type_name(), text(0)?, text(1)?, text(2)?))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<IsoCalendarDate>) -> PyResult<Ref<Tuple>> {
        let plain = IsoCalendarDate::tuple(this);
        let plain = Tuple::from_slice(&plain.iter().collect::<Vec<_>>())?;
        let args = Tuple::pack([plain.into_object()])?;
        Tuple::pack([Tuple::type_object().upcast().to_owned(), args.into_object()])
    }

    #[getter]
    fn year(this: &Ref<IsoCalendarDate>) -> PyResult<Ref<Object>> {
        IsoCalendarDate::item(this, 0)
    }

    #[getter]
    fn week(this: &Ref<IsoCalendarDate>) -> PyResult<Ref<Object>> {
        IsoCalendarDate::item(this, 1)
    }

    #[getter]
    fn weekday(this: &Ref<IsoCalendarDate>) -> PyResult<Ref<Object>> {
        IsoCalendarDate::item(this, 2)
    }
}
