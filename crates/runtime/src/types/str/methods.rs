//! The type `str`: construction, operators and the methods that look into a string.
//! `methods_text.rs` has those that make new text.
//!
//! CPython: `PyUnicode_Type`.

use super::outside::{clip, slice_bound};
use super::{Str, StrData, each_kind, iter, percent, raw, scan, search, translate};
use crate::abi::{PyObject, PyUnicodeObject};
use crate::object::protocol::call::make_tp_call;
use crate::prelude::*;
use crate::types::codec;

/// The range that `sub[, start[, end]]` arguments mean; `None` where nothing can be found in it.
fn search_range(
    this: &Ref<Str>,
    start: Option<Borrowed<'_, Object>>,
    end: Option<Borrowed<'_, Object>>,
) -> PyResult<Option<core::ops::Range<usize>>> {
    let start = slice_bound(start, 0)?;
    let end = slice_bound(end, isize::MAX)?;
    let (start, end) = clip(start, end, this.len());
    Ok(if start <= end { Some(start..end) } else { None })
}

#[inline]
fn find_any(
    this: &Ref<Str>,
    sub: Borrowed<'_, Str>,
    start: Option<Borrowed<'_, Object>>,
    end: Option<Borrowed<'_, Object>>,
    find: impl Fn(StrData<'_>, StrData<'_>) -> Option<usize>,
) -> PyResult<Option<usize>> {
    if start.is_none() && end.is_none() {
        return Ok(find(this.data(), sub.data()));
    }
    let Some(range) = search_range(this, start, end)? else { return Ok(None) };
    Ok(find(this.data().range(range.clone()), sub.data()).map(|at| at + range.start))
}

/// `startswith` and `endswith`.
fn tail_matches(
    this: &Ref<Str>,
    affix: Borrowed<'_, Object>,
    start: Option<Borrowed<'_, Object>>,
    end: Option<Borrowed<'_, Object>>,
    function: &str,
) -> PyResult<bool> {
    if let (None, None, Some(affix)) = (start, end, affix.downcast_exact::<Str>())
        && let (Some(text), Some(affix)) = (this.as_ascii(), affix.as_ascii())
    {
        let (text, affix) = (text.as_bytes(), affix.as_bytes());
        return Ok(if function == "startswith" {
            scan::starts_with(text, affix)
        } else {
            scan::ends_with(text, affix)
        });
    }
    let range = search_range(this, start, end)?;
    let matches = |affix: &Ref<Str>| {
        range.clone().is_some_and(|range| {
            let data = this.data().range(range);
            if function == "startswith" { data.starts_with(affix.data()) } else { data.ends_with(affix.data()) }
        })
    };
    if let Some(affix) = affix.downcast::<Str>() {
        return Ok(matches(&affix));
    }
    let Some(affixes) = affix.downcast::<Tuple>() else {
        return Err(raise!(TypeError, "{function} first arg must be str or a tuple of str, not {}", affix.type_name()));
    };
    for affix in affixes.iter() {
        let Some(affix) = affix.downcast::<Str>() else {
            return Err(raise!(TypeError, "tuple for {function} must only contain str, not {}", affix.type_name()));
        };
        if matches(&affix) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn not_found() -> Raised {
    raise!(ValueError, "substring not found")
}

/// What `str(...)` makes, before it is turned into an instance of a subclass.
fn new_value(object: Option<Borrowed<'_, Object>>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<Str>> {
    let Some(object) = object else { return Ok(Str::empty()) };
    if encoding.is_none() && errors.is_none() {
        return object.str();
    }
    codec::decode_object(object, encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))
}

#[pytype(
    name = "str",
    export = "PyUnicode_Type",
    basetype,
    subclass_flag = UNICODE,
    basicsize = size_of::<PyUnicodeObject>(),
    flags = crate::abi::_Py_TPFLAGS_MATCH_SELF,
    extend = [TEXT_METHODS, PREDICATE_METHODS]
)]
impl Str {
    #[new(signature = "(object='', encoding='utf-8', errors='strict')", no_vectorcall, no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        object: Option<Borrowed<'_, Object>>,
        encoding: Option<&str>,
        errors: Option<&str>,
    ) -> PyResult<Ref<Str>> {
        let value = new_value(object, encoding, errors)?;
        if cls.is(&Str::type_object()) {
            return value.to_exact();
        }
        // SAFETY: `tp_new` is called with a subtype of `str`.
        unsafe { raw::new_subclass_instance(cls.as_ptr().cast(), value.as_raw().cast()) }
    }

    /// `str(...)` with up to one argument at once; the rest through `tp_new`.
    #[slot(tp_vectorcall, raw)]
    unsafe extern "C" fn vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        let nargs = nargsf & !crate::abi::PY_VECTORCALL_ARGUMENTS_OFFSET;
        // SAFETY: a vectorcall: `args` holds `nargs` live objects and then one per name.
        unsafe {
            let names: Option<Borrowed<'_, Tuple>> = Borrowed::from_ptr_or_null(kwnames);
            if names.is_none_or(|names| names.is_empty()) {
                match nargs {
                    0 => return Str::empty().into_ptr(),
                    1 => {
                        let object: Borrowed<'_, Object> = Borrowed::from_ptr(*args);
                        return object.str().map_or(core::ptr::null_mut(), Ref::into_ptr);
                    }
                    2 | 3 => {}
                    _ => {
                        return raise!(TypeError, "str expected at most 3 arguments, got {nargs}").into_null();
                    }
                }
            }
            make_tp_call(cls, args, nargs, kwnames)
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Str) {
        // SAFETY: as the slot says.
        unsafe { super::dealloc_raw(this.cast()) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.quoted()
    }

    #[slot(tp_str)]
    fn to_str(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_exact()
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Str>) -> PyResult<isize> {
        Ok(this.hash_value())
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Str>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Str>() else { return Ok(not_implemented()) };
        Ok(match op {
            CompareOp::Eq => Bool::from(this.equals_str(&other)).into_object(),
            CompareOp::Ne => Bool::from(!this.equals_str(&other)).into_object(),
            _ => op.result(this.compare_str(&other)),
        })
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Str>) -> PyResult<Ref<Object>> {
        iter::iterate(this)
    }

    #[slot(nb_remainder)]
    fn remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match left.downcast::<Str>() {
            Some(format) => Ok(percent::format(&format, right)?.into_object()),
            None => Ok(not_implemented()),
        }
    }

    #[slot(sq_length)]
    fn sequence_length(this: &Ref<Str>) -> isize {
        this.len() as isize
    }

    #[slot(sq_concat)]
    fn sequence_concat(this: &Ref<Str>, other: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        match other.downcast::<Str>() {
            Some(other) => Str::concat(this, &other),
            None => Err(raise!(TypeError, "can only concatenate str (not \"{}\") to str", other.type_name())),
        }
    }

    #[slot(sq_repeat)]
    fn sequence_repeat(this: &Ref<Str>, count: isize) -> PyResult<Ref<Str>> {
        this.repeat(count)
    }

    #[slot(sq_item)]
    fn sequence_item(this: &Ref<Str>, index: isize) -> PyResult<Ref<Str>> {
        match usize::try_from(index) {
            Ok(index) if index < this.len() => Str::from_code_point(this.char_at(index)),
            _ => Err(raise!(IndexError, "string index out of range")),
        }
    }

    #[slot(sq_contains)]
    fn sequence_contains(this: &Ref<Str>, item: Borrowed<'_, Object>) -> PyResult<bool> {
        match item.downcast::<Str>() {
            Some(item) => Ok(search::find(this.data(), item.data()).is_some()),
            None => Err(raise!(TypeError, "'in <string>' requires string as left operand, not {}", item.type_name())),
        }
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<Str>) -> isize {
        this.len() as isize
    }

    #[slot(mp_subscript)]
    fn mapping_subscript(this: &Ref<Str>, key: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        if key.has_index() {
            let index = key.as_index_isize()?;
            let index = if index < 0 { index.wrapping_add(this.len() as isize) } else { index };
            return Str::sequence_item(this, index);
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(raise!(TypeError, "string indices must be integers, not '{}'", key.type_name()));
        };
        let (start, step, count) = super::outside::slice_indices(&slice, this.len())?;
        this.sliced(start, step, count)
    }

    #[method(name = "__getnewargs__", signature = "($self, /)")]
    fn getnewargs(this: &Ref<Str>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(vec![Str::from_data(this.data())?.into_object()])
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Str>) -> PyResult<isize> {
        let chars = (this.len() + 1) * this.kind() as usize;
        let state = &this.0.state;
        let mut size =
            if !state.compact() { size_of::<PyUnicodeObject>() + chars } else { this.width().data_offset() + chars };
        // SAFETY: a live string.
        let (utf8, utf8_len) = unsafe { raw::cached_utf8(this.as_raw().cast()) };
        if !utf8.is_null() && utf8 != this.data_mut_ptr() {
            size += utf8_len + 1;
        }
        Ok(size as isize)
    }

    #[method(signature = "($self, /, encoding='utf-8', errors='strict')")]
    fn encode(this: &Ref<Str>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<Bytes>> {
        if encoding.is_none() && errors.is_none() {
            return codec::utf8::encode(this, "strict");
        }
        codec::encode_to_bytes(this, encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))
    }

    #[method(signature = "($self, sub[, start[, end]], /)")]
    fn count(
        this: &Ref<Str>,
        sub: Borrowed<'_, Str>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<usize> {
        let Some(range) = search_range(this, start, end)? else { return Ok(0) };
        if sub.is_empty() {
            return Ok(range.len() + 1);
        }
        Ok(search::count(this.data().range(range), sub.data(), usize::MAX))
    }

    #[method(name = "find", signature = "($self, sub[, start[, end]], /)")]
    fn py_find(
        this: &Ref<Str>,
        sub: Borrowed<'_, Str>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<isize> {
        Ok(find_any(this, sub, start, end, search::find)?.map_or(-1, |at| at as isize))
    }

    #[method(name = "rfind", signature = "($self, sub[, start[, end]], /)")]
    fn py_rfind(
        this: &Ref<Str>,
        sub: Borrowed<'_, Str>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<isize> {
        Ok(find_any(this, sub, start, end, search::rfind)?.map_or(-1, |at| at as isize))
    }

    #[method(signature = "($self, sub[, start[, end]], /)")]
    fn index(
        this: &Ref<Str>,
        sub: Borrowed<'_, Str>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<usize> {
        find_any(this, sub, start, end, search::find)?.ok_or_else(not_found)
    }

    #[method(signature = "($self, sub[, start[, end]], /)")]
    fn rindex(
        this: &Ref<Str>,
        sub: Borrowed<'_, Str>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<usize> {
        find_any(this, sub, start, end, search::rfind)?.ok_or_else(not_found)
    }

    #[method(signature = "($self, prefix[, start[, end]], /)")]
    fn startswith(
        this: &Ref<Str>,
        prefix: Borrowed<'_, Object>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<bool> {
        tail_matches(this, prefix, start, end, "startswith")
    }

    #[method(signature = "($self, suffix[, start[, end]], /)")]
    fn endswith(
        this: &Ref<Str>,
        suffix: Borrowed<'_, Object>,
        start: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
    ) -> PyResult<bool> {
        tail_matches(this, suffix, start, end, "endswith")
    }

    #[staticmethod(signature = "(x, y=<unrepresentable>, z=<unrepresentable>, /)")]
    fn maketrans(
        x: Borrowed<'_, Object>,
        y: Option<Borrowed<'_, Str>>,
        z: Option<Borrowed<'_, Str>>,
    ) -> PyResult<Ref<Dict>> {
        translate::maketrans(x, y, z)
    }

    #[method(name = "translate", signature = "($self, table, /)")]
    fn py_translate(this: &Ref<Str>, table: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        translate::translate(this, table)
    }

    #[method(signature = "($self, /, *args, **kwargs)", raw)]
    fn format(this: &Ref<Str>, args: CallArgs<'_>) -> PyResult<Ref<Str>> {
        super::format::format_call(this, args)
    }

    #[method(signature = "($self, mapping, /)")]
    fn format_map(this: &Ref<Str>, mapping: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        super::format::format_map(this, mapping)
    }

    #[method(name = "__format__", signature = "($self, format_spec, /)")]
    fn dunder_format(this: &Ref<Str>, format_spec: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if format_spec.is_empty() {
            return if this.is_exact::<Str>() { Ok(this.clone()) } else { this.as_object().str() };
        }
        super::format::format_str(this, &format_spec)
    }
}

impl Ref<Str> {
    /// `count` characters from `start` on, `step` apart; the places lie in the string.
    fn sliced(&self, start: usize, step: isize, count: usize) -> PyResult<Ref<Str>> {
        if count == 0 {
            return Ok(Str::empty());
        }
        if step == 1 {
            return self.substring(start..start + count);
        }
        if let Some(text) = self.as_ascii() {
            if count == 1 {
                return Ok(Str::latin1_char(text.as_bytes()[start]));
            }
            let out = Str::uninit(count, super::Width::Ascii)?;
            // SAFETY: the new string has `count` characters.
            let target = unsafe { core::slice::from_raw_parts_mut(out.data_mut_ptr(), count) };
            crate::types::bytes::shared::gather(target, text.as_bytes(), start, step);
            return Ok(out);
        }
        let mut out = super::StrBuilder::with_capacity(count)?;
        each_kind!(self.data(), data => {
            for turn in 0..count as isize {
                out.push(u32::from(data[start.wrapping_add_signed(turn * step)]))?;
            }
        });
        out.finish()
    }
}
