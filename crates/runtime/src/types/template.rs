//! `string.templatelib.Template` and `Interpolation`: what `t"..."` makes (PEP 750).
//!
//! **Invariant:** a template has one more string than interpolations; they alternate, strings first and last.
//! CPython: `Objects/templateobject.c`, `Objects/interpolationobject.c`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use crate::abi::PyObject;
use crate::memory;
use crate::prelude::*;
use crate::types::str::outside::import;

#[repr(C)]
pub struct Template {
    ob_base: PyObject,
    strings: Cell<*mut PyObject>,
    interpolations: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<Template>() == 32);

#[repr(C)]
pub struct Interpolation {
    ob_base: PyObject,
    value: Cell<*mut PyObject>,
    expression: Cell<*mut PyObject>,
    conversion: Cell<*mut PyObject>,
    format_spec: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<Interpolation>() == 48);

/// The iterator of a template: strings that are not empty, and interpolations, in order.
#[repr(C)]
pub struct TemplateIterator {
    ob_base: PyObject,
    template: Cell<*mut Template>,
    /// Twice the place, plus one when the interpolation of that place is next.
    next: Cell<usize>,
    _reserved: Cell<usize>,
}
const _: () = assert!(size_of::<TemplateIterator>() == 40);

/// Drops the reference in a field.
///
/// # Safety
/// The field is null or owns a count.
unsafe fn release<T>(field: &Cell<*mut T>) {
    // SAFETY: by contract.
    drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(field.replace(ptr::null_mut())) });
}

impl Template {
    /// A template of parts that alternate already (`BUILD_TEMPLATE`).
    pub fn from_parts(strings: Ref<Tuple>, interpolations: Ref<Tuple>) -> PyResult<Ref<Template>> {
        // SAFETY: a new object; its fields are set before it is seen.
        unsafe {
            let template = memory::object::new::<Template>()?;
            (*template).strings.set(strings.into_ptr());
            (*template).interpolations.set(interpolations.into_ptr());
            memory::object::gc_track(template.cast());
            Ok(Ref::from_owned_ptr(template))
        }
    }

    fn strings_tuple(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: set when the template is made, and never changed while it can be reached.
        unsafe { Borrowed::from_ptr(self.strings.get()) }
    }

    fn interpolations_tuple(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: as above.
        unsafe { Borrowed::from_ptr(self.interpolations.get()) }
    }
}

#[pytype(name = "Template", module = "string.templatelib", export = "_PyTemplate_Type", gc)]
impl Template {
    #[new(signature = "(*args, **kwargs)", no_text_signature)]
    fn new(_cls: Borrowed<'_, Type>, args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<Ref<Template>> {
        if !kwargs.is_empty() {
            return Err(raise!(TypeError, "Template.__new__ only accepts *args arguments"));
        }
        let (mut strings, mut interpolations) = (Vec::new(), Vec::new());
        let mut last = Str::empty();
        for &arg in args.iter() {
            if let Some(text) = arg.downcast::<Str>() {
                last = Str::concat(&last, &text)?;
            } else if arg.is_exact::<Interpolation>() {
                strings.try_push(core::mem::replace(&mut last, Str::empty()).into_object())?;
                interpolations.try_push(arg.to_owned())?;
            } else {
                return Err(raise!(
                    TypeError,
                    "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                    arg.type_name()
                ));
            }
        }
        strings.try_push(last.into_object())?;
        Template::from_parts(Tuple::from_vec(strings)?, Tuple::from_vec(interpolations)?)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Template) {
        // SAFETY: no count is left.
        unsafe {
            memory::object::gc_untrack(this.cast());
            release(&(*this).strings);
            release(&(*this).interpolations);
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Template, visit: &mut Visitor) {
        visit.object(this.strings.get());
        visit.object(this.interpolations.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Template>) -> PyResult<Ref<Str>> {
        let strings = this.strings_tuple().as_object().repr()?;
        let interpolations = this.interpolations_tuple().as_object().repr()?;
        let mut out = crate::types::str::StrBuilder::new();
        out.push_str(&format!("{}(strings=", this.type_of().short_name()))?;
        out.push_object(&strings)?;
        out.push_str(", interpolations=")?;
        out.push_object(&interpolations)?;
        out.push_str(")")?;
        out.finish()
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Template>) -> PyResult<Ref<TemplateIterator>> {
        // SAFETY: a new object; its fields are set before it is seen.
        unsafe {
            let iterator = memory::object::new::<TemplateIterator>()?;
            (*iterator).template.set(this.clone().into_ptr().cast());
            (*iterator).next.set(0);
            memory::object::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    #[slot(sq_concat)]
    fn concat(this: &Ref<Template>, other: Borrowed<'_, Object>) -> PyResult<Ref<Template>> {
        let Some(other) = other.downcast_exact::<Template>() else {
            return Err(raise!(
                TypeError,
                "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
                other.type_name()
            ));
        };
        let (left, right) = (this.strings_tuple(), other.strings_tuple());
        let mut strings = left.as_slice().try_to_vec()?;
        strings.make_room(right.len())?;
        let mut rest = right.iter().map(|item| item.to_owned());
        if let (Some(end), Some(start)) = (strings.pop(), rest.next())
            && let (Some(end), Some(start)) = (end.downcast::<Str>(), start.downcast::<Str>())
        {
            strings.push(Str::concat(&end, &start)?.into_object());
        }
        strings.extend(rest);
        let (left, right) = (this.interpolations_tuple(), other.interpolations_tuple());
        let interpolations = left.iter().chain(right.iter()).map(|item| item.to_owned()).gather()?;
        Template::from_parts(Tuple::from_vec(strings)?, Tuple::from_vec(interpolations)?)
    }

    #[member(name = "strings", kind = Py_T_OBJECT_EX, offset = offset_of!(Template, strings), readonly)]
    const _STRINGS: () = ();

    #[member(name = "interpolations", kind = Py_T_OBJECT_EX, offset = offset_of!(Template, interpolations), readonly)]
    const _INTERPOLATIONS: () = ();

    #[getter]
    fn values(this: &Ref<Template>) -> PyResult<Ref<Tuple>> {
        let mut values = Vec::new();
        for item in this.interpolations_tuple().iter() {
            let Some(item) = item.downcast::<Interpolation>() else { continue };
            // SAFETY: set when the interpolation is made.
            values.try_push(unsafe { Ref::from_borrowed_ptr(item.value.get()) })?;
        }
        Tuple::from_vec(values)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Template>) -> PyResult<Ref<Tuple>> {
        let function = import("string.templatelib")?.getattr(id!("_template_unpickle"))?;
        let arguments = Tuple::from_vec(vec![
            this.strings_tuple().to_owned().into_object(),
            this.interpolations_tuple().to_owned().into_object(),
        ])?;
        Tuple::from_vec(vec![function, arguments.into_object()])
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }
}

impl Interpolation {
    /// An interpolation as the compiler makes it: `conversion` is 's', 'r', 'a' or None (`BUILD_INTERPOLATION`).
    pub fn from_parts(
        value: Ref<Object>,
        expression: Ref<Object>,
        conversion: Ref<Object>,
        format_spec: Ref<Object>,
    ) -> PyResult<Ref<Interpolation>> {
        // SAFETY: a new object; its fields are set before it is seen.
        unsafe {
            let interpolation = memory::object::new::<Interpolation>()?;
            (*interpolation).value.set(value.into_ptr());
            (*interpolation).expression.set(expression.into_ptr());
            (*interpolation).conversion.set(conversion.into_ptr());
            (*interpolation).format_spec.set(format_spec.into_ptr());
            memory::object::gc_track(interpolation.cast());
            Ok(Ref::from_owned_ptr(interpolation))
        }
    }

    /// The four fields, in order.
    fn fields(&self) -> [Borrowed<'_, Object>; 4] {
        [&self.value, &self.expression, &self.conversion, &self.format_spec]
            // SAFETY: set when the interpolation is made, and never changed while it can be reached.
            .map(|field| unsafe { Borrowed::from_ptr(field.get()) })
    }
}

/// The conversion argument: `None` or one of three letters.
fn checked_conversion(conversion: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    let Some(conversion) = conversion.filter(|conversion| !conversion.is_none()) else { return Ok(none()) };
    let Some(text) = conversion.downcast::<Str>() else {
        return Err(raise!(
            TypeError,
            "Interpolation() argument 'conversion' must be str, not {}",
            conversion.type_name()
        ));
    };
    if text.eq_str("s") || text.eq_str("r") || text.eq_str("a") {
        return Ok(conversion.to_owned());
    }
    Err(raise!(ValueError, "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'"))
}

#[pytype(name = "Interpolation", module = "string.templatelib", export = "_PyInterpolation_Type", gc)]
impl Interpolation {
    #[new(signature = "(value, expression='', conversion=None, format_spec='')", no_text_signature)]
    fn new(
        _cls: Borrowed<'_, Type>,
        value: Borrowed<'_, Object>,
        expression: Option<Borrowed<'_, Str>>,
        conversion: Option<Borrowed<'_, Object>>,
        format_spec: Option<Borrowed<'_, Str>>,
    ) -> PyResult<Ref<Interpolation>> {
        let text = |text: Option<Borrowed<'_, Str>>| match text {
            Some(text) => text.to_owned().into_object(),
            None => Str::empty().into_object(),
        };
        let conversion = checked_conversion(conversion)?;
        Interpolation::from_parts(value.to_owned(), text(expression), conversion, text(format_spec))
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Interpolation) {
        // SAFETY: no count is left.
        unsafe {
            memory::object::gc_untrack(this.cast());
            release(&(*this).value);
            release(&(*this).expression);
            release(&(*this).conversion);
            release(&(*this).format_spec);
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Interpolation, visit: &mut Visitor) {
        visit.object(this.value.get());
        visit.object(this.expression.get());
        visit.object(this.conversion.get());
        visit.object(this.format_spec.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Interpolation>) -> PyResult<Ref<Str>> {
        let mut out = crate::types::str::StrBuilder::new();
        out.push_str(&format!("{}(", this.type_of().short_name()))?;
        for (index, field) in this.fields().into_iter().enumerate() {
            if index > 0 {
                out.push_str(", ")?;
            }
            out.push_object(&field.repr()?)?;
        }
        out.push_str(")")?;
        out.finish()
    }

    #[member(name = "value", kind = Py_T_OBJECT_EX, offset = offset_of!(Interpolation, value), readonly)]
    const _VALUE: () = ();

    #[member(name = "expression", kind = Py_T_OBJECT_EX, offset = offset_of!(Interpolation, expression), readonly)]
    const _EXPRESSION: () = ();

    #[member(name = "conversion", kind = Py_T_OBJECT_EX, offset = offset_of!(Interpolation, conversion), readonly)]
    const _CONVERSION: () = ();

    #[member(name = "format_spec", kind = Py_T_OBJECT_EX, offset = offset_of!(Interpolation, format_spec), readonly)]
    const _FORMAT_SPEC: () = ();

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Interpolation>) -> PyResult<Ref<Tuple>> {
        let fields = this.fields().into_iter().map(|field| field.to_owned()).collect();
        Tuple::from_vec(vec![this.type_of().upcast().to_owned(), Tuple::from_vec(fields)?.into_object()])
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }
}

#[pytype(
    name = "TemplateIter",
    module = "string.templatelib",
    export = "_PyTemplateIter_Type",
    gc,
    disallow_instantiation
)]
impl TemplateIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TemplateIterator) {
        // SAFETY: no count is left.
        unsafe {
            memory::object::gc_untrack(this.cast());
            release(&(*this).template);
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TemplateIterator, visit: &mut Visitor) {
        visit.object(this.template.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<TemplateIterator>) -> Ref<TemplateIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<TemplateIterator>) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: null or kept alive by the iterator.
        let template: Option<Borrowed<'_, Template>> = unsafe { Borrowed::from_ptr_or_null(this.template.get()) };
        let Some(template) = template else { return Ok(None) };
        let (strings, interpolations) = (template.strings_tuple(), template.interpolations_tuple());
        loop {
            let next = this.next.get();
            let place = next / 2;
            let part = if next.is_multiple_of(2) { strings } else { interpolations };
            if place >= part.len() {
                // SAFETY: the iterator owns the template.
                unsafe { release(&this.template) };
                return Ok(None);
            }
            this.next.set(next + 1);
            let item = part.get(place).to_owned();
            if next % 2 == 1 || item.downcast::<Str>().is_none_or(|text| !text.is_empty()) {
                return Ok(Some(item));
            }
        }
    }
}

/// Sets the class attributes that are no methods, once the types are ready.
pub fn finish_types() -> PyResult<()> {
    let names = ["value", "expression", "conversion", "format_spec"];
    let names: PyResult<Vec<Ref<Object>>> =
        names.into_iter().map(|name| Ok(Str::intern_str(name)?.into_object())).collect();
    let names = Tuple::from_vec(names?)?;
    Interpolation::type_object().dict().set_str(id!("__match_args__"), names.as_borrowed())
}
