//! `unicodedata`: the Unicode character database. The data is in the crate `taipan-unicode`.
//!
//! The functions of the module ask the present version; `ucd_3_2_0`, the one instance of `UCD`, has the same as methods and
//! answers for version 3.2.0.
//!
//! CPython: `Modules/unicodedata.c`.

use core::mem::offset_of;

use taipan_runtime::abi::{Py_UCS4, PyObject};
use taipan_runtime::memory;
use taipan_runtime::object::args::CodePoint;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::capsule::Capsule;
use taipan_runtime::types::str::StrData;
use taipan_unicode::names::{self, Named};
use taipan_unicode::normalize::{self, Form, Quick};
use taipan_unicode::properties::{self, Version};

/// The answer, the caller's default, or ValueError with `message`.
fn or_default(
    answer: Option<Ref<Object>>,
    default: Option<Borrowed<'_, Object>>,
    message: &str,
) -> PyResult<Ref<Object>> {
    match (answer, default) {
        (Some(answer), _) => Ok(answer),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(raise!(ValueError, "{message}")),
    }
}

fn decimal(c: CodePoint, default: Option<Borrowed<'_, Object>>, version: Version) -> PyResult<Ref<Object>> {
    let value = properties::decimal(c.0, version);
    let value = value.map(|value| Int::from_i64(i64::from(value))).transpose()?.map(Ref::into_object);
    or_default(value, default, "not a decimal")
}

fn digit(c: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    let value = properties::digit(c.0);
    let value = value.map(|value| Int::from_i64(i64::from(value))).transpose()?.map(Ref::into_object);
    or_default(value, default, "not a digit")
}

fn numeric(c: CodePoint, default: Option<Borrowed<'_, Object>>, version: Version) -> PyResult<Ref<Object>> {
    let value = properties::numeric(c.0, version).map(Float::new).transpose()?.map(Ref::into_object);
    or_default(value, default, "not a numeric character")
}

fn decomposition(c: CodePoint, version: Version) -> String {
    let Some((tag, parts)) = properties::decomposition(c.0, version) else { return String::new() };
    let mut out = String::from(tag);
    for part in parts {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&format!("{part:04X}"));
    }
    out
}

fn name(c: CodePoint, default: Option<Borrowed<'_, Object>>, version: Version) -> PyResult<Ref<Object>> {
    let name = names::name(c.0, version).map(|name| Str::from_utf8_str(&name)).transpose()?.map(Ref::into_object);
    or_default(name, default, "no such name")
}

fn lookup(name: Borrowed<'_, Object>, version: Version) -> PyResult<Ref<Str>> {
    let bytes = if let Some(text) = name.downcast::<Str>() {
        text.as_utf8()?.as_bytes().try_to_vec()?
    } else if let Some(bytes) = name.downcast::<Bytes>() {
        bytes.as_slice().try_to_vec()?
    } else if name.type_of().tp_as_buffer.get().is_null() {
        return Err(raise!(TypeError, "a bytes-like object is required, not '{}'", name.type_name()));
    } else {
        return Err(raise!(
            TypeError,
            "lookup() argument must be read-only bytes-like object, not {}",
            name.type_name()
        ));
    };
    if bytes.len() > names::MAX_LENGTH {
        return Err(raise!(KeyError, "name too long"));
    }
    match core::str::from_utf8(&bytes).ok().and_then(|name| names::lookup(name, version)) {
        Some(Named::Character(c)) => Str::from_code_point(c),
        Some(Named::Sequence(text)) => Str::from_utf8_str(text),
        None => {
            let shown = bytes.split(|byte| *byte == 0).next().unwrap_or(&[]);
            Err(raise!(KeyError, "undefined character name '{}'", String::from_utf8_lossy(shown)))
        }
    }
}

fn form_of(form: Borrowed<'_, Str>) -> PyResult<Form> {
    form.as_ascii().and_then(Form::from_name).ok_or_else(|| raise!(ValueError, "invalid normalization form"))
}

/// Whether the text is normal as far as a look at it tells.
fn quick(text: &Ref<Str>, form: Form, version: Version) -> Quick {
    if text.is_ascii() {
        return Quick::Yes;
    }
    if version == Version::Old {
        return Quick::Maybe;
    }
    match text.data() {
        // Composed Latin-1 text.
        StrData::Ucs1(_) if form == Form::Nfc => Quick::Yes,
        StrData::Ucs1(units) => normalize::quick_check(units.iter().map(|c| u32::from(*c)), form),
        StrData::Ucs2(units) => normalize::quick_check(units.iter().map(|c| u32::from(*c)), form),
        StrData::Ucs4(units) => normalize::quick_check(units.iter().copied(), form),
    }
}

fn normal_form(text: &Ref<Str>, form: Form, version: Version) -> PyResult<Ref<Str>> {
    match normalize::normalize(text.data().iter(), form, version) {
        Ok(points) => Str::from_ucs4(&points),
        Err(_) => Err(Raised::no_memory()),
    }
}

fn is_normalized(form: Borrowed<'_, Str>, text: Borrowed<'_, Str>, version: Version) -> PyResult<bool> {
    if text.is_empty() {
        return Ok(true);
    }
    let form = form_of(form)?;
    match quick(&text, form, version) {
        Quick::Yes => Ok(true),
        Quick::No => Ok(false),
        Quick::Maybe => Ok(normal_form(&text, form, version)?.equals_str(&text)),
    }
}

fn normalized(form: Borrowed<'_, Str>, text: Borrowed<'_, Str>, version: Version) -> PyResult<Ref<Str>> {
    if text.is_empty() {
        return text.to_exact();
    }
    let form = form_of(form)?;
    if quick(&text, form, version) == Quick::Yes {
        return text.to_exact();
    }
    normal_form(&text, form, version)
}

pub struct UnicodeData;

#[pymodule(name = "unicodedata")]
impl UnicodeData {
    const unidata_version: &str = taipan_unicode::VERSION;

    #[function(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn decimal(chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        decimal(chr, default, Version::Now)
    }

    #[function(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn digit(chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        digit(chr, default)
    }

    #[function(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn numeric(chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        numeric(chr, default, Version::Now)
    }

    #[function(signature = "($self, chr, /)")]
    fn category(chr: CodePoint) -> &'static str {
        properties::category(chr.0, Version::Now)
    }

    #[function(signature = "($self, chr, /)")]
    fn bidirectional(chr: CodePoint) -> &'static str {
        properties::bidirectional(chr.0, Version::Now)
    }

    #[function(signature = "($self, chr, /)")]
    fn combining(chr: CodePoint) -> i32 {
        i32::from(properties::combining(chr.0, Version::Now))
    }

    #[function(signature = "($self, chr, /)")]
    fn mirrored(chr: CodePoint) -> i32 {
        i32::from(properties::is_mirrored(chr.0, Version::Now))
    }

    #[function(signature = "($self, chr, /)")]
    fn east_asian_width(chr: CodePoint) -> &'static str {
        properties::east_asian_width(chr.0, Version::Now)
    }

    #[function(signature = "($self, chr, /)")]
    fn decomposition(chr: CodePoint) -> String {
        decomposition(chr, Version::Now)
    }

    #[function(signature = "($self, form, unistr, /)")]
    fn is_normalized(form: Borrowed<'_, Str>, unistr: Borrowed<'_, Str>) -> PyResult<bool> {
        is_normalized(form, unistr, Version::Now)
    }

    #[function(signature = "($self, form, unistr, /)")]
    fn normalize(form: Borrowed<'_, Str>, unistr: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        normalized(form, unistr, Version::Now)
    }

    #[function(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn name(chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        name(chr, default, Version::Now)
    }

    #[function(signature = "($self, name, /)")]
    fn lookup(name: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        lookup(name, Version::Now)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Ucd>()?;
        // SAFETY: the type is ready and its field may be empty.
        let old: Ref<Ucd> = unsafe { Ref::from_owned_ptr(memory::object::new::<Ucd>()?) };
        old.version.set(Some(Str::from_utf8_str("3.2.0")?.into_object()));
        module.add("ucd_3_2_0", old.into_object())?;
        // SAFETY: both are static.
        let names = unsafe { Capsule::new((&raw const NAMES_API).cast_mut().cast(), NAMES_API_NAME.as_ptr(), None)? };
        module.add("_ucnhash_CAPI", names.into_object())
    }
}

/// `unicodedata.UCD`: an older version of the database.
#[repr(C)]
pub struct Ucd {
    head: PyObject,
    version: Slot,
}

#[pytype(name = "UCD", module = "unicodedata", disallow_instantiation, gc, heap, basicsize = 40, getattribute)]
impl Ucd {
    #[slot(tp_traverse)]
    fn traverse(this: &Ucd, visit: &mut Visitor) {
        crate::support::traverse([&this.version], visit);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Ucd) {
        // SAFETY: called once, by the last decref.
        unsafe { crate::support::dealloc(this, [&(*this).version]) }
    }

    #[member(name = "unidata_version", kind = T_OBJECT, offset = offset_of!(Ucd, version), readonly)]
    const _VERSION: () = ();

    #[method(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn decimal(_this: &Ref<Ucd>, chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        decimal(chr, default, Version::Old)
    }

    #[method(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn digit(_this: &Ref<Ucd>, chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        digit(chr, default)
    }

    #[method(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn numeric(_this: &Ref<Ucd>, chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        numeric(chr, default, Version::Old)
    }

    #[method(signature = "($self, chr, /)")]
    fn category(_this: &Ref<Ucd>, chr: CodePoint) -> &'static str {
        properties::category(chr.0, Version::Old)
    }

    #[method(signature = "($self, chr, /)")]
    fn bidirectional(_this: &Ref<Ucd>, chr: CodePoint) -> &'static str {
        properties::bidirectional(chr.0, Version::Old)
    }

    #[method(signature = "($self, chr, /)")]
    fn combining(_this: &Ref<Ucd>, chr: CodePoint) -> i32 {
        i32::from(properties::combining(chr.0, Version::Old))
    }

    #[method(signature = "($self, chr, /)")]
    fn mirrored(_this: &Ref<Ucd>, chr: CodePoint) -> i32 {
        i32::from(properties::is_mirrored(chr.0, Version::Old))
    }

    #[method(signature = "($self, chr, /)")]
    fn east_asian_width(_this: &Ref<Ucd>, chr: CodePoint) -> &'static str {
        properties::east_asian_width(chr.0, Version::Old)
    }

    #[method(signature = "($self, chr, /)")]
    fn decomposition(_this: &Ref<Ucd>, chr: CodePoint) -> String {
        decomposition(chr, Version::Old)
    }

    #[method(signature = "($self, form, unistr, /)")]
    fn is_normalized(_this: &Ref<Ucd>, form: Borrowed<'_, Str>, unistr: Borrowed<'_, Str>) -> PyResult<bool> {
        is_normalized(form, unistr, Version::Old)
    }

    #[method(signature = "($self, form, unistr, /)")]
    fn normalize(_this: &Ref<Ucd>, form: Borrowed<'_, Str>, unistr: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        normalized(form, unistr, Version::Old)
    }

    #[method(signature = "($self, chr, default=<unrepresentable>, /)")]
    fn name(_this: &Ref<Ucd>, chr: CodePoint, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        name(chr, default, Version::Old)
    }

    #[method(signature = "($self, name, /)")]
    fn lookup(_this: &Ref<Ucd>, name: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        lookup(name, Version::Old)
    }
}

const NAMES_API_NAME: &CStr = c"unicodedata._ucnhash_CAPI";

/// `_PyUnicode_Name_CAPI` of `pycore_ucnhash.h`.
#[repr(C)]
struct NamesApi {
    getname: unsafe extern "C" fn(Py_UCS4, *mut c_char, c_int, c_int) -> c_int,
    getcode: unsafe extern "C" fn(*const c_char, c_int, *mut Py_UCS4, c_int) -> c_int,
}

static NAMES_API: NamesApi = NamesApi { getname: capi_getname, getcode: capi_getcode };

unsafe extern "C" fn capi_getname(code: Py_UCS4, buffer: *mut c_char, length: c_int, _with_alias: c_int) -> c_int {
    match names::name(code, Version::Now) {
        Some(name) if (name.len() as i64) < i64::from(length) => {
            // SAFETY: the caller's buffer is `length` long.
            unsafe {
                core::ptr::copy_nonoverlapping(name.as_ptr(), buffer.cast(), name.len());
                *buffer.add(name.len()) = 0;
            }
            1
        }
        _ => 0,
    }
}

unsafe extern "C" fn capi_getcode(name: *const c_char, length: c_int, code: *mut Py_UCS4, _sequences: c_int) -> c_int {
    // SAFETY: the caller's name is `length` long.
    let name = unsafe { core::slice::from_raw_parts(name.cast::<u8>(), length.max(0) as usize) };
    match core::str::from_utf8(name).ok().and_then(|name| names::lookup(name, Version::Now)) {
        Some(Named::Character(c)) => {
            // SAFETY: room for the result, by contract.
            unsafe { *code = c };
            1
        }
        _ => 0,
    }
}
