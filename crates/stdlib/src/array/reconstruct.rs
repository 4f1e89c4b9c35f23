//! Making arrays from pickles of other machines.

use taipan_runtime::prelude::*;

use super::kind::{self, Form, KINDS};
use super::new::type_code;
use super::raw::Array;

/// The formats of pickles by their numbers: form, size and byte order. Text has twice the size of its units: that much is
/// asked of the length.
const FORMATS: [(Form, usize, bool); 22] = [
    (Form::Unsigned, 1, false),
    (Form::Signed, 1, false),
    (Form::Unsigned, 2, false),
    (Form::Unsigned, 2, true),
    (Form::Signed, 2, false),
    (Form::Signed, 2, true),
    (Form::Unsigned, 4, false),
    (Form::Unsigned, 4, true),
    (Form::Signed, 4, false),
    (Form::Signed, 4, true),
    (Form::Unsigned, 8, false),
    (Form::Unsigned, 8, true),
    (Form::Signed, 8, false),
    (Form::Signed, 8, true),
    (Form::Float, 4, false),
    (Form::Float, 4, true),
    (Form::Float, 8, false),
    (Form::Float, 8, true),
    (Form::Char, 4, false),
    (Form::Char, 4, true),
    (Form::Char, 8, false),
    (Form::Char, 8, true),
];

/// The items of a foreign format as a list.
fn items_of(data: &[u8], form: Form, size: usize, big_endian: bool) -> PyResult<Ref<List>> {
    let mut items = vec_with_capacity(data.len() / size)?;
    for item in data.chunks_exact(size) {
        items.push(match form {
            Form::Float => {
                let mut bytes = [0; 8];
                bytes[..size].copy_from_slice(item);
                if big_endian {
                    bytes[..size].reverse();
                }
                let bits = u64::from_le_bytes(bytes);
                let value = if size == 4 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) };
                Float::new(value)?.into_object()
            }
            _ => Int::from_byte_slice(item, !big_endian, form == Form::Signed)?.into_object(),
        });
    }
    List::from_vec(items)
}

pub fn reconstruct(
    class: Borrowed<'_, Object>,
    typecode: Borrowed<'_, Object>,
    format: i32,
    items: Borrowed<'_, Object>,
) -> PyResult<Ref<Object>> {
    let code = type_code(typecode, "_array_reconstructor", 2, true)?;
    let Some(cls) = class.downcast::<Type>() else {
        return Err(raise!(TypeError, "first argument must be a type object, not {}", class.type_name()));
    };
    if !cls.is_subtype(&Array::type_object()) {
        return Err(raise!(TypeError, "{} is not a subtype of {}", cls.name(), Array::type_object().name()));
    }
    let Some(kind) = kind::find(code) else {
        return Err(raise!(ValueError, "second argument must be a valid type code"));
    };
    let known = usize::try_from(format).ok().and_then(|index| FORMATS.get(index));
    let Some(&(form, size, big_endian)) = known else {
        return Err(raise!(ValueError, "third argument must be a valid machine format code."));
    };
    let Some(bytes) = items.downcast::<Bytes>() else {
        return Err(raise!(TypeError, "fourth argument should be bytes, not {}", items.type_name()));
    };
    if i32::from(kind.machine_format) == format {
        return Ok(Array::construct(cls, code, Some(items))?.into_object());
    }
    if bytes.len() % size != 0 {
        return Err(raise!(ValueError, "string length not a multiple of item size"));
    }
    if form == Form::Char {
        let codec = match (size, big_endian) {
            (4, false) => id!("utf-16-le"),
            (4, true) => id!("utf-16-be"),
            (_, false) => id!("utf-32-le"),
            (_, true) => id!("utf-32-be"),
        };
        let text = items.call_method(id!("decode"), &[codec.upcast()])?;
        return Ok(Array::construct(cls, code, Some(text.borrow()))?.into_object());
    }
    let list = items_of(bytes.as_slice(), form, size, big_endian)?;
    // Integers go where they fit here.
    let fitting = KINDS.iter().rfind(|kind| kind.form == form && kind.size() == size && form != Form::Float);
    let code = fitting.map_or(code, |kind| u32::from(kind.typecode));
    Ok(Array::construct(cls, code, Some(list.as_borrowed()))?.into_object())
}
