//! The constructor, and appending what an iterable gives.

use taipan_runtime::modules::sys::audit;
use taipan_runtime::modules::warnings;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::DeprecationWarning;

use super::kind::{self, Kind};
use super::raw::Array;

/// The array that an object is.
pub fn as_array(object: &Ref<Object>) -> Option<Borrowed<'_, Array>> {
    object.downcast::<Array>()
}

/// The one character of an argument.
pub fn type_code(value: Borrowed<'_, Object>, function: &str, position: usize, colon: bool) -> PyResult<u32> {
    let lead =
        if colon { format!("{function}(): argument {position}") } else { format!("{function}() argument {position}") };
    let Some(text) = value.downcast::<Str>() else {
        return Err(raise!(TypeError, "{lead} must be a unicode character, not {}", value.type_of().short_name()));
    };
    match text.len() {
        1 => Ok(text.char_at(0)),
        len => Err(raise!(TypeError, "{lead} must be a unicode character, not a string of length {len}")),
    }
}

impl Array {
    /// Appends the items of an iterable.
    pub fn extend_from(&self, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        let iterator = iterable.iter()?;
        while let Some(item) = iterator.next()? {
            let bits = self.kind().encode(item.borrow())?;
            self.push(bits)?;
        }
        Ok(())
    }

    /// Appends the characters of a string.
    pub fn push_text(&self, text: &Ref<Str>) -> PyResult<()> {
        let old = self.len();
        self.resize(old + text.len())?;
        for index in 0..text.len() {
            self.put(old + index, u64::from(text.char_at(index)));
        }
        Ok(())
    }

    /// Appends raw bytes.
    pub fn push_data(&self, data: &[u8]) -> PyResult<()> {
        if !data.len().is_multiple_of(self.kind().size()) {
            return Err(raise!(ValueError, "bytes length not a multiple of item size"));
        }
        self.push_bytes(data.as_ptr(), data.len())
    }

    /// `cls(typecode, initial)`.
    pub fn construct(
        cls: Borrowed<'_, Type>,
        code: u32,
        initial: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Array>> {
        let is_text = code == u32::from(b'u') || code == u32::from(b'w');
        if let (Some(initial), false) = (initial, is_text) {
            let what = match as_array(&initial) {
                _ if initial.is_instance_of::<Str>() => Some("str"),
                Some(array) if array.kind().is_text() => Some("unicode array"),
                _ => None,
            };
            if let Some(what) = what {
                let code = char::from_u32(code).unwrap_or('?');
                return Err(raise!(TypeError, "cannot use a {what} to initialize an array with typecode '{code}'"));
            }
        }
        // Whether the initial items are taken as they are.
        let direct = initial.is_none_or(|initial| {
            initial.is_instance_of::<List>()
                || initial.is_instance_of::<Tuple>()
                || initial.is_instance_of::<Bytes>()
                || initial.is_instance_of::<ByteArray>()
                || (is_text && initial.is_instance_of::<Str>())
                || as_array(&initial).is_some_and(|array| u32::from(array.kind().typecode) == code)
        });
        let iterator = match initial {
            Some(initial) if !direct => Some(initial.iter()?),
            _ => None,
        };
        let Some(kind) = kind::find(code) else {
            return Err(raise!(ValueError, "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)"));
        };
        let Some(initial) = initial else { return Array::create(cls, kind, 0) };
        if let Some(iterator) = iterator {
            let array = Array::create(cls, kind, 0)?;
            array.extend_from(iterator.borrow())?;
            return Ok(array);
        }
        Array::from_direct(cls, kind, initial)
    }

    fn from_direct(
        cls: Borrowed<'_, Type>,
        kind: &'static Kind,
        initial: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Array>> {
        if initial.is_instance_of::<List>() || initial.is_instance_of::<Tuple>() {
            let array = Array::create(cls, kind, initial.len()?)?;
            for index in 0..array.len() {
                // As a sequence: the list may change meanwhile.
                let item = initial.get_index(index as isize)?;
                array.put(index, kind.encode(item.borrow())?);
            }
            return Ok(array);
        }
        if let Some(text) = initial.downcast::<Str>() {
            let array = Array::create(cls, kind, text.len())?;
            for index in 0..text.len() {
                array.put(index, u64::from(text.char_at(index)));
            }
            return Ok(array);
        }
        let array = Array::create(cls, kind, 0)?;
        if let Some(other) = as_array(&initial) {
            let data = other.bytes();
            let array = Array::create(cls, kind, other.len())?;
            array.bytes_mut().copy_from_slice(data);
            return Ok(array);
        } else {
            array.push_data(&taipan_runtime::object::args::BufferArg::new(initial)?)?;
        }
        Ok(array)
    }

    /// The whole of `array(typecode, initial)`.
    pub fn from_arguments(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Array>> {
        let own_init = cls.tp_init.get().map(|f| f as usize)
            == <Array as PyLayout>::type_object().tp_init.get().map(|f| f as usize);
        if own_init && args.keyword_count() > 0 {
            return Err(raise!(TypeError, "array.array() takes no keyword arguments"));
        }
        let given = args.nargs();
        let code = match args.get(0) {
            Some(code) if given <= 2 => type_code(code, "array", 1, false)?,
            Some(_) => return Err(raise!(TypeError, "array() takes at most 2 arguments ({given} given)")),
            None => return Err(raise!(TypeError, "array() takes at least 1 argument (0 given)")),
        };
        let initial = args.get(1);
        let absent = none();
        let audited = [args.get(0).unwrap_or(absent.borrow()), initial.unwrap_or(absent.borrow())];
        audit("array.__new__", &audited)?;
        if code == u32::from(b'u') {
            warnings::warn(
                DeprecationWarning::type_object(),
                "The 'u' type code is deprecated and will be removed in Python 3.16",
                1,
            )?;
        }
        Array::construct(cls, code, initial)
    }
}
