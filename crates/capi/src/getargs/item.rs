//! One item of a format: `i`, `s#`, `O&`, `(ii)`.

use core::ptr;

use taipan_runtime::memory::domains;
use taipan_runtime::modules::warnings;
use taipan_runtime::types::exceptions::DeprecationWarning;
use taipan_runtime::types::{buffer, codec};

use super::{Format, type_text};
use crate::support::*;
use crate::va::VaList;

/// Why an argument was refused: a text that goes behind "argument 1", with the item numbers on the way inside nested sequences. The
/// text counts for nothing where an exception is set.
pub struct Misfit {
    pub text: String,
    pub path: Vec<usize>,
}

type Convert<T = ()> = Result<T, Misfit>;

impl Misfit {
    fn new(text: impl Into<String>) -> Misfit {
        Misfit { text: text.into(), path: Vec::new() }
    }

    fn expected(expected: &str, object: Borrowed<'_, Object>) -> Misfit {
        if expected.starts_with('(') {
            return Misfit::new(expected);
        }
        Misfit::new(format!("must be {expected:.50}, not {}", type_text(object)))
    }
}

/// An exception is set, which says more than a text.
impl From<Raised> for Misfit {
    fn from(_: Raised) -> Misfit {
        Misfit::new("")
    }
}

type Converter = unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int;

/// What has to be undone when a later argument does not fit.
enum Cleanup {
    Memory(*mut *mut c_void),
    Buffer(*mut Py_buffer),
    Converter(Converter, *mut c_void),
}

/// The undoing of a whole call. Dropped without [`Cleanups::keep`], it is done.
#[derive(Default)]
pub struct Cleanups(Vec<Cleanup>);

impl Cleanups {
    /// The call has succeeded: the C function owns what it got.
    pub fn keep(mut self) {
        self.0.clear();
    }

    fn push(&mut self, cleanup: Cleanup) {
        self.0.push(cleanup);
    }
}

impl Drop for Cleanups {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        for cleanup in self.0.drain(..) {
            // SAFETY: the places are those of the C function whose arguments are parsed, which is still running.
            unsafe {
                match cleanup {
                    Cleanup::Memory(place) => {
                        domains::mem_free(*place);
                        *place = ptr::null_mut();
                    }
                    Cleanup::Buffer(view) => buffer::release(view),
                    Cleanup::Converter(converter, address) => {
                        converter(ptr::null_mut(), address);
                    }
                }
            }
        }
    }
}

/// Converts `object` as the item at `format` says, into the variables that `arguments` point to.
///
/// # Safety
/// `arguments` are what the format asks for.
pub unsafe fn convert(
    object: Borrowed<'_, Object>,
    format: &mut Format<'_>,
    arguments: &mut VaList,
    cleanups: &mut Cleanups,
) -> Convert {
    if format.skip_if(b'(') {
        // SAFETY: by contract.
        return unsafe { convert_sequence(object, format, arguments, cleanups) };
    }
    // SAFETY: by contract.
    unsafe { convert_simple(object, format, arguments, cleanups) }
}

/// How many items stand up to the parenthesis that closes this level, and whether any of them keeps a pointer into its argument: a
/// sequence that makes its items anew would leave such pointers behind to objects that are gone.
fn count_items(mut format: Format<'_>) -> (usize, bool) {
    let (mut count, mut level, mut borrows) = (0, 0, false);
    loop {
        let character = format.next();
        borrows |= match character {
            b's' | b'z' | b'y' => format.peek() != b'*',
            b'O' => format.peek() != b'&',
            b'S' | b'Y' | b'U' => true,
            _ => false,
        };
        match character {
            b'(' => {
                count += usize::from(level == 0);
                level += 1;
            }
            b')' if level == 0 => return (count, borrows),
            b')' => level -= 1,
            0 | b':' | b';' => return (count, borrows),
            b'e' if level == 0 => {
                count += 1;
                // The letter behind it belongs to it.
                format.next();
            }
            character if character.is_ascii_alphabetic() && level == 0 => count += 1,
            _ => {}
        }
    }
}

unsafe fn convert_sequence(
    object: Borrowed<'_, Object>,
    format: &mut Format<'_>,
    arguments: &mut VaList,
    cleanups: &mut Cleanups,
) -> Convert {
    let (count, borrows) = count_items(*format);
    let is_tuple = object.is_instance_of::<Tuple>();
    if !is_tuple
        && (!object.is_sequence()
            || object.is_instance_of::<Bytes>()
            || object.is_instance_of::<Str>()
            || object.is_instance_of::<ByteArray>())
    {
        return Err(Misfit::new(format!("must be {count}-item tuple, not {}", type_text(object))));
    }
    if !is_tuple && borrows {
        let text = format!("argument must be {count}-item tuple, not {}", type_text(object));
        warnings::warn(DeprecationWarning::type_object(), &text, 1)?;
    }
    let length = object.len()?;
    if length != count {
        let kind = if is_tuple || borrows { "tuple" } else { "sequence" };
        return Err(Misfit::new(format!("must be {kind} of length {count}, not {length}")));
    }
    for index in 0..count {
        let item = match object.get_index(index as isize) {
            Ok(item) => item,
            Err(_raised) => return Err(Misfit { text: "is not retrievable".to_owned(), path: vec![index + 1] }),
        };
        // SAFETY: by contract of the callers.
        if let Err(mut misfit) = unsafe { convert(item.borrow(), format, arguments, cleanups) } {
            misfit.path.insert(0, index + 1);
            return Err(misfit);
        }
    }
    format.skip_if(b')');
    Ok(())
}

fn long(object: Borrowed<'_, Object>) -> Convert<i64> {
    let index = object.index()?;
    match index.to_i64() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C long").into()),
    }
}

/// An integer of one of C's signed types; `kind` as messages name it.
fn ranged(object: Borrowed<'_, Object>, min: i64, max: i64, kind: &str) -> Convert<i64> {
    let value = long(object)?;
    if value < min {
        return Err(raise!(OverflowError, "{kind} integer is less than minimum").into());
    }
    if value > max {
        return Err(raise!(OverflowError, "{kind} integer is greater than maximum").into());
    }
    Ok(value)
}

/// The low bits of an integer.
fn masked(object: Borrowed<'_, Object>) -> Convert<u64> {
    Ok(object.index()?.to_u64_mask())
}

unsafe fn store<T>(arguments: &mut VaList, value: T) {
    // SAFETY: by the contract of `convert`, the next argument points to a variable of this type.
    unsafe { arguments.pointer::<T>().write(value) }
}

unsafe fn convert_simple(
    object: Borrowed<'_, Object>,
    format: &mut Format<'_>,
    arguments: &mut VaList,
    cleanups: &mut Cleanups,
) -> Convert {
    let code = format.next();
    // SAFETY: by the contract of `convert`.
    unsafe {
        match code {
            b'b' => store(arguments, ranged(object, 0, 255, "unsigned byte")? as u8),
            b'B' => store(arguments, masked(object)? as u8),
            b'h' => store(arguments, ranged(object, i16::MIN.into(), i16::MAX.into(), "signed short")? as i16),
            b'H' => store(arguments, masked(object)? as u16),
            b'i' => store(arguments, ranged(object, i32::MIN.into(), i32::MAX.into(), "signed")? as i32),
            b'I' => store(arguments, masked(object)? as u32),
            b'n' => {
                let index = object.index()?;
                let Some(value) = index.to_isize() else {
                    return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t").into());
                };
                store(arguments, value);
            }
            b'l' => store(arguments, long(object)?),
            b'L' => {
                let Some(value) = object.index()?.to_i64() else {
                    return Err(raise!(OverflowError, "int too big to convert").into());
                };
                store(arguments, value);
            }
            b'k' | b'K' => {
                if !object.has_index() {
                    return Err(Misfit::expected("int", object));
                }
                let value = masked(object)?;
                store(arguments, value);
            }
            b'f' => store(arguments, object.as_f64()? as f32),
            b'd' => store(arguments, object.as_f64()?),
            b'D' => {
                let value = Complex::value_of(object)?;
                store(arguments, Py_complex { real: value.real, imag: value.imag });
            }
            b'c' => {
                let bytes = match (object.downcast::<Bytes>(), object.downcast::<ByteArray>()) {
                    (Some(bytes), _) => bytes.as_slice().to_vec(),
                    (_, Some(array)) => array.as_slice().to_vec(),
                    _ => return Err(Misfit::expected("a byte string of length 1", object)),
                };
                let [byte] = bytes.as_slice() else {
                    let kind = if object.is_instance_of::<Bytes>() { "bytes" } else { "bytearray" };
                    return Err(Misfit::new(format!(
                        "must be a byte string of length 1, not a {kind} object of length {}",
                        bytes.len()
                    )));
                };
                store(arguments, *byte);
            }
            b'C' => {
                let Some(text) = object.downcast::<Str>() else {
                    return Err(Misfit::expected("a unicode character", object));
                };
                if text.len() != 1 {
                    return Err(Misfit::new(format!(
                        "must be a unicode character, not a string of length {}",
                        text.len()
                    )));
                }
                store(arguments, text.char_at(0) as c_int);
            }
            b'p' => {
                let truth = object.is_true()?;
                store(arguments, c_int::from(truth));
            }
            b'y' | b's' | b'z' => convert_text(code, object, format, arguments, cleanups)?,
            b'e' => convert_encoded(object, format, arguments, cleanups)?,
            b'S' => expect_type::<Bytes>("bytes", object, arguments)?,
            b'Y' => expect_type::<ByteArray>("bytearray", object, arguments)?,
            b'U' => expect_type::<Str>("str", object, arguments)?,
            b'O' => {
                if format.skip_if(b'!') {
                    let class: *mut PyTypeObject = arguments.pointer();
                    let place: *mut *mut PyObject = arguments.pointer();
                    if !taipan_runtime::types::type_::is_subtype_raw(object.type_ptr(), class) {
                        return Err(Misfit::expected(&lossy((*class).tp_name.get()), object));
                    }
                    *place = object.as_ptr();
                } else if format.skip_if(b'&') {
                    let converter = arguments.pointer::<c_void>();
                    let address = arguments.pointer::<c_void>();
                    let converter = core::mem::transmute::<*mut c_void, Converter>(converter);
                    match converter(object.as_ptr(), address) {
                        0 => return Err(Misfit::expected("(unspecified)", object)),
                        Py_CLEANUP_SUPPORTED => cleanups.push(Cleanup::Converter(converter, address)),
                        _ => {}
                    }
                } else {
                    store(arguments, object.as_ptr());
                }
            }
            b'w' => {
                let view: *mut Py_buffer = arguments.pointer();
                if !format.skip_if(b'*') {
                    return Err(Misfit::new("(invalid use of 'w' format character)"));
                }
                if let Err(raised) = buffer::get(object, view, PyBUF_WRITABLE) {
                    raised.clear();
                    return Err(Misfit::expected("read-write bytes-like object", object));
                }
                contiguous(object, view)?;
                cleanups.push(Cleanup::Buffer(view));
            }
            _ => return Err(Misfit::new("(impossible<bad format char>)")),
        }
    }
    Ok(())
}

unsafe fn expect_type<T: PyLayout>(expected: &str, object: Borrowed<'_, Object>, arguments: &mut VaList) -> Convert {
    if !object.is_instance_of::<T>() {
        return Err(Misfit::expected(expected, object));
    }
    // SAFETY: by the contract of `convert`.
    unsafe { store(arguments, object.as_ptr()) };
    Ok(())
}

unsafe fn contiguous(object: Borrowed<'_, Object>, view: *mut Py_buffer) -> Convert {
    // SAFETY: a view that was just filled.
    unsafe {
        if !buffer::is_contiguous(&*view, b'C') {
            buffer::release(view);
            return Err(Misfit::expected("contiguous buffer", object));
        }
    }
    Ok(())
}

unsafe fn get_buffer(object: Borrowed<'_, Object>, view: *mut Py_buffer) -> Convert {
    // SAFETY: the view is to be filled.
    unsafe {
        if let Err(_raised) = buffer::get(object, view, PyBUF_SIMPLE) {
            return Err(Misfit::expected("bytes-like object", object));
        }
        contiguous(object, view)
    }
}

/// The memory of a read-only buffer, which lives as long as the object.
unsafe fn read_only(object: Borrowed<'_, Object>) -> Convert<(*const c_char, usize)> {
    // SAFETY: null or a table that lives as long as the type; the view is released again.
    unsafe {
        let procs = (*object.type_ptr()).tp_as_buffer.get();
        if !procs.is_null() && (*procs).bf_releasebuffer.get().is_some() {
            return Err(Misfit::expected("read-only bytes-like object", object));
        }
        let mut view = Py_buffer::ZERO;
        get_buffer(object, &mut view)?;
        let found = (view.buf.cast::<c_char>().cast_const(), view.len as usize);
        buffer::release(&mut view);
        Ok(found)
    }
}

/// The UTF-8 of a `str`, which the string keeps, with a zero behind it.
fn utf8<'a>(object: Borrowed<'a, Object>) -> Option<Convert<&'a str>> {
    let text = object.downcast_borrowed::<Str>()?;
    Some(match text.as_utf8() {
        // SAFETY: the object keeps the text as long as it lives.
        Ok(text) => Ok(unsafe { &*ptr::from_ref(text) }),
        Err(_raised) => Err(Misfit::new("(unicode conversion error)")),
    })
}

unsafe fn convert_text(
    code: u8,
    object: Borrowed<'_, Object>,
    format: &mut Format<'_>,
    arguments: &mut VaList,
    cleanups: &mut Cleanups,
) -> Convert {
    let is_nothing = code == b'z' && object.is_none();
    // SAFETY: by the contract of `convert`.
    unsafe {
        if format.skip_if(b'*') {
            let view: *mut Py_buffer = arguments.pointer();
            if is_nothing {
                buffer::fill_info(view, ptr::null_mut(), ptr::null_mut(), 0, true, PyBUF_SIMPLE)?;
            } else if code != b'y'
                && let Some(text) = utf8(object)
            {
                let text = text?;
                buffer::fill_info(
                    view,
                    object.as_ptr(),
                    text.as_ptr().cast_mut().cast(),
                    text.len() as isize,
                    true,
                    PyBUF_SIMPLE,
                )?;
            } else {
                get_buffer(object, view)?;
            }
            cleanups.push(Cleanup::Buffer(view));
            return Ok(());
        }
        let place: *mut *const c_char = arguments.pointer();
        if format.skip_if(b'#') {
            let size: *mut isize = arguments.pointer();
            let (start, length) = if is_nothing {
                (ptr::null(), 0)
            } else if code != b'y'
                && let Some(text) = utf8(object)
            {
                let text = text?;
                (text.as_ptr().cast(), text.len())
            } else {
                *place = ptr::null();
                read_only(object)?
            };
            *place = start;
            *size = length as isize;
            return Ok(());
        }
        if code == b'y' {
            *place = ptr::null();
            let (start, length) = read_only(object)?;
            *place = start;
            if libc::strlen(start) != length {
                return Err(raise!(ValueError, "embedded null byte").into());
            }
            return Ok(());
        }
        if is_nothing {
            *place = ptr::null();
            return Ok(());
        }
        let Some(text) = utf8(object) else {
            return Err(Misfit::expected(if code == b'z' { "str or None" } else { "str" }, object));
        };
        let text = text?;
        if text.as_bytes().contains(&0) {
            return Err(raise!(ValueError, "embedded null character").into());
        }
        *place = text.as_ptr().cast();
    }
    Ok(())
}

/// `es`, `et`, `es#`, `et#`: text in an encoding, copied to memory of `PyMem_Malloc` or into the caller's buffer.
unsafe fn convert_encoded(
    object: Borrowed<'_, Object>,
    format: &mut Format<'_>,
    arguments: &mut VaList,
    cleanups: &mut Cleanups,
) -> Convert {
    // SAFETY: by the contract of `convert`.
    unsafe {
        let encoding = arguments.pointer::<c_char>();
        let encoding = if encoding.is_null() { "utf-8".into() } else { lossy(encoding) };
        let recode = match format.next() {
            b's' => true,
            b't' => false,
            _ => return Err(Misfit::new("(unknown parser marker combination)")),
        };
        let place: *mut *mut c_void = arguments.pointer();
        if place.is_null() {
            return Err(Misfit::new("(buffer is NULL)"));
        }
        let data: Vec<u8> = if !recode && let Some(bytes) = object.downcast::<Bytes>() {
            bytes.as_slice().to_vec()
        } else if !recode && let Some(array) = object.downcast::<ByteArray>() {
            array.as_slice().to_vec()
        } else if let Some(text) = object.downcast::<Str>() {
            match codec::encode_to_bytes(&text, &encoding, "strict") {
                Ok(bytes) => bytes.as_slice().to_vec(),
                Err(_raised) => return Err(Misfit::new("(encoding failed)")),
            }
        } else {
            return Err(Misfit::expected(if recode { "str" } else { "str, bytes or bytearray" }, object));
        };
        if format.skip_if(b'#') {
            let size: *mut isize = arguments.pointer();
            if size.is_null() {
                return Err(Misfit::new("(buffer_len is NULL)"));
            }
            if (*place).is_null() {
                allocate(place, data.len(), cleanups)?;
            } else if data.len() as isize + 1 > *size {
                return Err(raise!(
                    ValueError,
                    "encoded string too long ({}, maximum length {})",
                    data.len(),
                    *size - 1
                )
                .into());
            }
            *size = data.len() as isize;
        } else {
            if data.contains(&0) {
                return Err(Misfit::expected("encoded string without null bytes", object));
            }
            allocate(place, data.len(), cleanups)?;
        }
        let target = (*place).cast::<u8>();
        ptr::copy_nonoverlapping(data.as_ptr(), target, data.len());
        target.add(data.len()).write(0);
    }
    Ok(())
}

unsafe fn allocate(place: *mut *mut c_void, length: usize, cleanups: &mut Cleanups) -> Convert {
    let block = domains::mem_malloc(length + 1);
    if block.is_null() {
        return Err(Raised::no_memory().into());
    }
    // SAFETY: the place is the C function's.
    unsafe { *place = block };
    cleanups.push(Cleanup::Memory(place));
    Ok(())
}

/// Passes over an item without converting anything; with `arguments`, over its variables too. An error is a text.
pub fn skip(format: &mut Format<'_>, mut arguments: Option<&mut VaList>) -> Result<(), &'static str> {
    let mut take = |count: usize| {
        if let Some(arguments) = &mut arguments {
            for _ in 0..count {
                arguments.pointer::<c_void>();
            }
        }
    };
    match format.next() {
        b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'k' | b'L' | b'K' | b'n' | b'f' | b'd' | b'D' | b'c'
        | b'C' | b'p' | b'S' | b'Y' | b'U' => take(1),
        code @ (b'e' | b's' | b'z' | b'y' | b'w') => {
            if code == b'e' {
                take(1);
                if !matches!(format.next(), b's' | b't') {
                    return Err("impossible<bad format char>");
                }
            }
            take(1);
            if code == b'w' {
                if !format.skip_if(b'*') {
                    return Err("impossible<bad format char>");
                }
            } else if format.skip_if(b'#') {
                take(1);
            } else if code != b'e' {
                format.skip_if(b'*');
            }
        }
        b'O' => {
            if format.skip_if(b'!') || format.skip_if(b'&') {
                take(2);
            } else {
                take(1);
            }
        }
        b'(' => loop {
            if format.skip_if(b')') {
                break;
            }
            if format.is_end() {
                return Err("Unmatched left paren in format string");
            }
            skip(format, arguments.as_deref_mut())?;
        },
        b')' => return Err("Unmatched right paren in format string"),
        _ => return Err("impossible<bad format char>"),
    }
    Ok(())
}
