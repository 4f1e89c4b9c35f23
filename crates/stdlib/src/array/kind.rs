//! The kinds of items: how an item is read from memory and what is written for a value.

use core::cmp::Ordering;
use core::ffi::c_int;

use taipan_runtime::prelude::*;
use taipan_runtime::types::float::ieee;

/// A type code. Extensions read the first two fields through the array's pointer to it.
#[repr(C)]
pub struct Kind {
    pub typecode: u8,
    pub itemsize: c_int,
    pub form: Form,
    /// As the buffer protocol names it.
    pub format: &'static CStr,
    /// What a pickle calls the items of this machine.
    pub machine_format: u8,
}

/// What the items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Signed,
    Unsigned,
    Float,
    Char,
}

const fn kind(typecode: u8, itemsize: c_int, form: Form, format: &'static CStr, machine_format: u8) -> Kind {
    Kind { typecode, itemsize, form, format, machine_format }
}

const BIG: u8 = cfg!(target_endian = "big") as u8;

/// In the order of `typecodes`.
pub static KINDS: [Kind; 14] = [
    kind(b'b', 1, Form::Signed, c"b", 1),
    kind(b'B', 1, Form::Unsigned, c"B", 0),
    kind(b'u', 4, Form::Char, c"w", 20 + BIG),
    kind(b'w', 4, Form::Char, c"w", 20 + BIG),
    kind(b'h', 2, Form::Signed, c"h", 4 + BIG),
    kind(b'H', 2, Form::Unsigned, c"H", 2 + BIG),
    kind(b'i', 4, Form::Signed, c"i", 8 + BIG),
    kind(b'I', 4, Form::Unsigned, c"I", 6 + BIG),
    kind(b'l', 8, Form::Signed, c"l", 12 + BIG),
    kind(b'L', 8, Form::Unsigned, c"L", 10 + BIG),
    kind(b'q', 8, Form::Signed, c"q", 12 + BIG),
    kind(b'Q', 8, Form::Unsigned, c"Q", 10 + BIG),
    kind(b'f', 4, Form::Float, c"f", 14 + BIG),
    kind(b'd', 8, Form::Float, c"d", 16 + BIG),
];

/// The kind of a type code.
pub fn find(typecode: u32) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| u32::from(kind.typecode) == typecode)
}

fn overflow(message: &str) -> Raised {
    raise!(OverflowError, "{message}")
}

/// The value in the range of a C `long`, as `PyArg_Parse` reads integers.
fn long(value: Borrowed<'_, Object>) -> PyResult<i64> {
    match value.index()?.to_i64() {
        Some(value) => Ok(value),
        None => Err(overflow("Python int too large to convert to C long")),
    }
}

/// A `long` that is to lie between two bounds.
fn bounded(value: i64, low: i64, high: i64, name: &str) -> PyResult<i64> {
    if value < low {
        return Err(overflow(&format!("{name} is less than minimum")));
    }
    if value > high {
        return Err(overflow(&format!("{name} is greater than maximum")));
    }
    Ok(value)
}

fn short(value: Borrowed<'_, Object>) -> PyResult<i64> {
    bounded(long(value)?, i16::MIN.into(), i16::MAX.into(), "signed short integer")
}

fn int(value: Borrowed<'_, Object>) -> PyResult<i64> {
    bounded(long(value)?, i32::MIN.into(), i32::MAX.into(), "signed integer")
}

fn unsigned_long(value: Borrowed<'_, Object>) -> PyResult<u64> {
    let value = value.index()?;
    match value.to_u64() {
        Some(value) => Ok(value),
        None if value.is_negative() => Err(overflow("can't convert negative value to unsigned int")),
        None => Err(overflow("Python int too large to convert to C unsigned long")),
    }
}

/// The character that is an item of `u` and `w`.
fn character(value: Borrowed<'_, Object>) -> PyResult<u32> {
    let Some(text) = value.downcast::<Str>() else {
        return Err(raise!(TypeError, "array item must be a unicode character, not {}", value.type_name()));
    };
    match text.len() {
        1 => Ok(text.char_at(0)),
        len => Err(raise!(TypeError, "array item must be a unicode character, not a string of length {len}")),
    }
}

impl Kind {
    pub fn size(&self) -> usize {
        self.itemsize as usize
    }

    pub fn is_text(&self) -> bool {
        self.form == Form::Char
    }

    /// The item for `value`, in the low bytes of the result. May run Python code.
    pub fn encode(&self, value: Borrowed<'_, Object>) -> PyResult<u64> {
        Ok(match self.typecode {
            b'b' => bounded(short(value)?, i8::MIN.into(), i8::MAX.into(), "signed char")? as u64,
            b'B' => bounded(long(value)?, 0, u8::MAX.into(), "unsigned byte integer")? as u64,
            b'h' => short(value)? as u64,
            b'H' => bounded(int(value)?, 0, u16::MAX.into(), "unsigned short")? as u64,
            b'i' => int(value)? as u64,
            b'I' => match unsigned_long(value)? {
                value if value <= u32::MAX.into() => value,
                _ => return Err(overflow("unsigned int is greater than maximum")),
            },
            b'l' => long(value)? as u64,
            b'L' => unsigned_long(value)?,
            b'q' => match value.index()?.to_i64() {
                Some(value) => value as u64,
                None => return Err(overflow("int too big to convert")),
            },
            b'Q' => {
                let value = value.index()?;
                match value.to_u64() {
                    Some(value) => value,
                    None if value.is_negative() => return Err(overflow("can't convert negative int to unsigned")),
                    None => return Err(overflow("int too big to convert")),
                }
            }
            b'f' => {
                let value = value.as_f64()?;
                u64::from(ieee::f64_to_f32(value).unwrap_or_else(|| (value as f32).to_bits()))
            }
            b'd' => value.as_f64()?.to_bits(),
            _ => u64::from(character(value)?),
        })
    }

    /// Writes what [`Kind::encode`] gave.
    ///
    /// # Safety
    /// An item is writable at `place`.
    #[inline]
    pub unsafe fn write(&self, place: *mut u8, bits: u64) {
        // SAFETY: by contract.
        unsafe {
            match self.itemsize {
                1 => place.write(bits as u8),
                2 => place.cast::<u16>().write_unaligned(bits as u16),
                4 => place.cast::<u32>().write_unaligned(bits as u32),
                _ => place.cast::<u64>().write_unaligned(bits),
            }
        }
    }

    /// The bits of an item; those of signed integers are extended.
    ///
    /// # Safety
    /// An item is readable at `place`.
    #[inline]
    pub unsafe fn read(&self, place: *const u8) -> u64 {
        // SAFETY: by contract.
        unsafe {
            match (self.itemsize, self.form) {
                (1, Form::Signed) => place.cast::<i8>().read() as u64,
                (1, _) => u64::from(place.read()),
                (2, Form::Signed) => place.cast::<i16>().read_unaligned() as u64,
                (2, _) => u64::from(place.cast::<u16>().read_unaligned()),
                (4, Form::Signed) => place.cast::<i32>().read_unaligned() as u64,
                (4, _) => u64::from(place.cast::<u32>().read_unaligned()),
                _ => place.cast::<u64>().read_unaligned(),
            }
        }
    }

    fn float(&self, bits: u64) -> f64 {
        if self.itemsize == 4 { ieee::f32_to_f64(bits as u32) } else { f64::from_bits(bits) }
    }

    /// The object for the bits of an item.
    #[inline]
    pub fn decode(&self, bits: u64) -> PyResult<Ref<Object>> {
        Ok(match self.form {
            Form::Signed => Int::from_i64(bits as i64)?.into_object(),
            Form::Unsigned => Int::from_u64(bits)?.into_object(),
            Form::Float => Float::new(self.float(bits))?.into_object(),
            Form::Char if bits > 0x10_ffff => {
                return Err(if self.typecode == b'w' {
                    raise!(ValueError, "chr() arg not in range(0x110000)")
                } else {
                    no_character(bits as u32)
                });
            }
            Form::Char => Str::from_ucs4(&[bits as u32])?.into_object(),
        })
    }

    /// Compares items of this kind, as Python does; `None` where a NaN is among them.
    pub fn compare(&self, a: u64, b: u64) -> Option<Ordering> {
        match self.form {
            Form::Signed => Some((a as i64).cmp(&(b as i64))),
            Form::Unsigned | Form::Char => Some(a.cmp(&b)),
            Form::Float => self.float(a).partial_cmp(&self.float(b)),
        }
    }
}

/// ValueError for what no `wchar_t` holds.
#[cold]
pub fn no_character(code: u32) -> Raised {
    raise!(ValueError, "character U+{code:x} is not in range [U+0000; U+10ffff]")
}
