//! `_locale`: the locale of the C library. CPython: `Modules/_localemodule.c`.

use std::ffi::CString;

use crate::system::{add_constants, exception_class, raise_class_text};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::{codec, exceptions};

unsafe extern "C" {
    fn gettext(message: *const c_char) -> *const c_char;
    fn dgettext(domain: *const c_char, message: *const c_char) -> *const c_char;
    fn dcgettext(domain: *const c_char, message: *const c_char, category: c_int) -> *const c_char;
    fn textdomain(domain: *const c_char) -> *const c_char;
    fn bindtextdomain(domain: *const c_char, directory: *const c_char) -> *const c_char;
    fn bind_textdomain_codeset(domain: *const c_char, codeset: *const c_char) -> *const c_char;
    fn wcscoll(left: *const libc::wchar_t, right: *const libc::wchar_t) -> c_int;
    fn mbstowcs(to: *mut libc::wchar_t, from: *const c_char, size: usize) -> usize;
    fn wcsxfrm(to: *mut libc::wchar_t, from: *const libc::wchar_t, size: usize) -> usize;
}

pub struct Locale;

/// `locale.Error`.
static ERROR: Slot = Slot::new();

const CONSTANTS: &[(&str, i64)] = &[
    ("LC_CTYPE", libc::LC_CTYPE as i64),
    ("LC_TIME", libc::LC_TIME as i64),
    ("LC_COLLATE", libc::LC_COLLATE as i64),
    ("LC_MONETARY", libc::LC_MONETARY as i64),
    ("LC_MESSAGES", libc::LC_MESSAGES as i64),
    ("LC_NUMERIC", libc::LC_NUMERIC as i64),
    ("LC_ALL", libc::LC_ALL as i64),
    ("CHAR_MAX", c_char::MAX as i64),
];

/// What `nl_langinfo` can be asked.
const LANGINFO: &[(&str, i64)] = &[
    ("DAY_1", 131079),
    ("DAY_2", 131080),
    ("DAY_3", 131081),
    ("DAY_4", 131082),
    ("DAY_5", 131083),
    ("DAY_6", 131084),
    ("DAY_7", 131085),
    ("ABDAY_1", 131072),
    ("ABDAY_2", 131073),
    ("ABDAY_3", 131074),
    ("ABDAY_4", 131075),
    ("ABDAY_5", 131076),
    ("ABDAY_6", 131077),
    ("ABDAY_7", 131078),
    ("MON_1", 131098),
    ("MON_2", 131099),
    ("MON_3", 131100),
    ("MON_4", 131101),
    ("MON_5", 131102),
    ("MON_6", 131103),
    ("MON_7", 131104),
    ("MON_8", 131105),
    ("MON_9", 131106),
    ("MON_10", 131107),
    ("MON_11", 131108),
    ("MON_12", 131109),
    ("ABMON_1", 131086),
    ("ABMON_2", 131087),
    ("ABMON_3", 131088),
    ("ABMON_4", 131089),
    ("ABMON_5", 131090),
    ("ABMON_6", 131091),
    ("ABMON_7", 131092),
    ("ABMON_8", 131093),
    ("ABMON_9", 131094),
    ("ABMON_10", 131095),
    ("ABMON_11", 131096),
    ("ABMON_12", 131097),
    ("RADIXCHAR", 65536),
    ("THOUSEP", 65537),
    ("CRNCYSTR", 262159),
    ("D_T_FMT", 131112),
    ("D_FMT", 131113),
    ("T_FMT", 131114),
    ("AM_STR", 131110),
    ("PM_STR", 131111),
    ("CODESET", 14),
    ("T_FMT_AMPM", 131115),
    ("ERA", 131116),
    ("ERA_D_FMT", 131118),
    ("ERA_D_T_FMT", 131120),
    ("ERA_T_FMT", 131121),
    ("ALT_DIGITS", 131119),
    ("YESEXPR", 327680),
    ("NOEXPR", 327681),
    ("_DATE_FMT", 131180),
];

fn category_of(name: &str) -> c_int {
    match name {
        "CODESET" => libc::LC_CTYPE,
        "RADIXCHAR" | "THOUSEP" => libc::LC_NUMERIC,
        "CRNCYSTR" => libc::LC_MONETARY,
        "YESEXPR" | "NOEXPR" => libc::LC_MESSAGES,
        _ => libc::LC_TIME,
    }
}

/// Text in the encoding of the current `LC_CTYPE` as `str`.
fn decode(text: &CStr) -> PyResult<Ref<Str>> {
    let bytes = text.to_bytes();
    // SAFETY: the C library gives a C string; the buffer has room for one character for each byte and the end.
    unsafe {
        let codeset = CStr::from_ptr(libc::nl_langinfo(libc::CODESET)).to_bytes();
        if bytes.is_ascii() || codeset == b"UTF-8" || codeset == b"ANSI_X3.4-1968" {
            return codec::fs_decode(bytes);
        }
        let mut wide: Vec<libc::wchar_t> = vec_with_capacity(bytes.len() + 1)?;
        let count = mbstowcs(wide.as_mut_ptr(), text.as_ptr(), bytes.len() + 1);
        if count == usize::MAX {
            return codec::fs_decode(bytes);
        }
        wide.set_len(count);
        let wide: Vec<u32> = wide.into_iter().map(|c| c as u32).collect();
        Str::from_ucs4(&wide)
    }
}

/// As [`decode`].
///
/// # Safety
/// `text` is null, which is the empty string, or a C string.
unsafe fn decode_raw(text: *const c_char) -> PyResult<Ref<Str>> {
    // SAFETY: by contract.
    if text.is_null() { Ok(Str::empty()) } else { decode(unsafe { CStr::from_ptr(text) }) }
}

/// Decodes `text` while `LC_CTYPE` is what `category` is.
fn decode_in(category: c_int, text: &CStr) -> PyResult<Ref<Str>> {
    if text.to_bytes().is_ascii() {
        return decode(text);
    }
    // SAFETY: C strings; the old name is copied before it is replaced.
    unsafe {
        let old = libc::setlocale(libc::LC_CTYPE, core::ptr::null());
        let new = libc::setlocale(category, core::ptr::null());
        if old.is_null() {
            return Err(raise!(RuntimeError, "failed to get LC_CTYPE locale"));
        }
        let old = CStr::from_ptr(old).to_owned();
        if new.is_null() || CStr::from_ptr(new) == old.as_c_str() {
            return decode(text);
        }
        let new = CStr::from_ptr(new).to_owned();
        libc::setlocale(libc::LC_CTYPE, new.as_ptr());
        let result = decode(text);
        libc::setlocale(libc::LC_CTYPE, old.as_ptr());
        result
    }
}

/// A text without zeros, which the argument conversion has refused.
fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

fn optional(text: &Nullable<&str>) -> Option<CString> {
    text.0.map(c_text)
}

fn address(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(core::ptr::null(), |text| text.as_ptr())
}

fn wide(text: Borrowed<'_, Str>) -> PyResult<Vec<libc::wchar_t>> {
    let mut wide = vec_with_capacity(text.len() + 1)?;
    for c in text.chars() {
        if c == 0 {
            return Err(raise!(ValueError, "embedded null character"));
        }
        wide.push(c as libc::wchar_t);
    }
    wide.push(0);
    Ok(wide)
}

/// The sizes of digit groups: bytes up to a zero, which belongs to them, or CHAR_MAX.
fn grouping(text: &CStr) -> PyResult<Ref<List>> {
    let list = List::new()?;
    for byte in text.to_bytes() {
        list.push(Int::from_i64(i64::from(*byte as c_char))?.into_object())?;
        if *byte as c_char == c_char::MAX {
            return Ok(list);
        }
    }
    if !text.to_bytes().is_empty() {
        list.push(Int::zero().into_object())?;
    }
    Ok(list)
}

#[pymodule(name = "_locale")]
impl Locale {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let error = exception_class("locale", "Error", exceptions::Exception::type_object())?;
        ERROR.set(Some(error.clone().into_object()));
        module.add("Error", error)?;
        add_constants(module, CONSTANTS)?;
        add_constants(module, LANGINFO)
    }

    #[function(signature = "(category, locale=None, /)")]
    fn setlocale(category: i32, locale: Nullable<&str>) -> PyResult<Ref<Str>> {
        let name = optional(&locale);
        // SAFETY: null or a C string.
        let result = unsafe { libc::setlocale(category, address(&name)) };
        if result.is_null() {
            let message = if name.is_some() { "unsupported locale setting" } else { "locale query failed" };
            return Err(raise_class_text(&ERROR, message));
        }
        // SAFETY: a C string.
        decode(unsafe { CStr::from_ptr(result) })
    }

    #[function(signature = "()")]
    fn localeconv() -> PyResult<Ref<Dict>> {
        let dict = Dict::new()?;
        // SAFETY: the struct and its strings stay until the locale changes, which needs the GIL; they are copied first.
        unsafe {
            let info = core::ptr::read(libc::localeconv());
            let text =
                |text: *const c_char| if text.is_null() { c"".to_owned() } else { CStr::from_ptr(text).to_owned() };
            let add =
                |name: &str, value: Ref<Object>| dict.set_item(Str::from_utf8_str(name)?.borrow(), value.borrow());
            let money = [
                ("int_curr_symbol", text(info.int_curr_symbol)),
                ("currency_symbol", text(info.currency_symbol)),
                ("mon_decimal_point", text(info.mon_decimal_point)),
                ("mon_thousands_sep", text(info.mon_thousands_sep)),
                ("mon_grouping", text(info.mon_grouping)),
                ("positive_sign", text(info.positive_sign)),
                ("negative_sign", text(info.negative_sign)),
            ];
            let numbers = [
                ("decimal_point", text(info.decimal_point)),
                ("thousands_sep", text(info.thousands_sep)),
                ("grouping", text(info.grouping)),
            ];
            let value = |name: &str, category: c_int, text: &CStr| -> PyResult<Ref<Object>> {
                if name.ends_with("grouping") {
                    return Ok(grouping(text)?.into_object());
                }
                Ok(decode_in(category, text)?.into_object())
            };
            for (name, text) in &money {
                add(name, value(name, libc::LC_MONETARY, text)?)?;
            }
            for (name, number) in [
                ("int_frac_digits", info.int_frac_digits),
                ("frac_digits", info.frac_digits),
                ("p_cs_precedes", info.p_cs_precedes),
                ("p_sep_by_space", info.p_sep_by_space),
                ("n_cs_precedes", info.n_cs_precedes),
                ("n_sep_by_space", info.n_sep_by_space),
                ("p_sign_posn", info.p_sign_posn),
                ("n_sign_posn", info.n_sign_posn),
            ] {
                add(name, Int::from_i64(i64::from(number))?.into_object())?;
            }
            for (name, text) in &numbers {
                add(name, value(name, libc::LC_NUMERIC, text)?)?;
            }
        }
        Ok(dict)
    }

    #[function(signature = "(os1, os2, /)")]
    fn strcoll(os1: Borrowed<'_, Str>, os2: Borrowed<'_, Str>) -> PyResult<c_int> {
        let (left, right) = (wide(os1)?, wide(os2)?);
        // SAFETY: both are closed by zero.
        Ok(unsafe { wcscoll(left.as_ptr(), right.as_ptr()) })
    }

    #[function(signature = "(string, /)")]
    fn strxfrm(string: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        let text = wide(string)?;
        let mut size = text.len() + 1;
        loop {
            let mut room: Vec<libc::wchar_t> = vec_with_capacity(size)?;
            // SAFETY: closed by zero, and room for `size` characters, of which the count says how many are written.
            let needed = unsafe {
                *libc::__errno_location() = 0;
                let needed = wcsxfrm(room.as_mut_ptr(), text.as_ptr(), size);
                let errno = *libc::__errno_location();
                if errno != 0 && errno != libc::ERANGE {
                    return Err(exceptions::from_errno(errno, None));
                }
                if needed < size {
                    room.set_len(needed);
                }
                needed
            };
            if needed < size {
                let room: Vec<u32> = room.into_iter().map(|c| c as u32).collect();
                return if room.iter().any(|c| *c > 0x10_ffff) {
                    Err(raise!(ValueError, "character U+{:x} is not in range [U+0000; U+10ffff]", room[0]))
                } else {
                    Str::from_ucs4(&room)
                };
            }
            size = needed + 1;
        }
    }

    #[function(signature = "(key, /)")]
    fn nl_langinfo(key: i32) -> PyResult<Ref<Str>> {
        let Some((name, _)) = LANGINFO.iter().find(|(_, value)| *value == i64::from(key)) else {
            return Err(raise!(ValueError, "unsupported langinfo constant"));
        };
        // SAFETY: null or a C string; these two are several, one after the other up to an empty one.
        unsafe {
            let text = libc::nl_langinfo(key);
            if text.is_null() {
                return Ok(Str::empty());
            }
            let most = match *name {
                "ALT_DIGITS" => 100,
                "ERA" => usize::MAX,
                _ => 1,
            };
            let mut parts: Vec<&[u8]> = Vec::new();
            let mut next = text.cast_const();
            while parts.len() < most && (*next != 0 || parts.is_empty()) {
                let part = CStr::from_ptr(next).to_bytes();
                parts.push(part);
                next = next.add(part.len() + 1);
            }
            let joined = CString::new(parts.join(&b';')).unwrap_or_default();
            decode_in(category_of(name), &joined)
        }
    }

    #[function(signature = "(msg, /)")]
    fn gettext(msg: &str) -> PyResult<Ref<Str>> {
        let message = c_text(msg);
        // SAFETY: C strings.
        unsafe { decode_raw(gettext(message.as_ptr())) }
    }

    #[function(signature = "(domain, msg, /)")]
    fn dgettext(domain: Nullable<&str>, msg: &str) -> PyResult<Ref<Str>> {
        let (domain, message) = (optional(&domain), c_text(msg));
        // SAFETY: C strings, or null for the current domain.
        unsafe { decode_raw(dgettext(address(&domain), message.as_ptr())) }
    }

    #[function(signature = "(domain, msg, category, /)")]
    fn dcgettext(domain: Nullable<&str>, msg: &str, category: i32) -> PyResult<Ref<Str>> {
        let (domain, message) = (optional(&domain), c_text(msg));
        // SAFETY: C strings, or null for the current domain.
        unsafe { decode_raw(dcgettext(address(&domain), message.as_ptr(), category)) }
    }

    #[function(signature = "(domain, /)")]
    fn textdomain(domain: Nullable<&str>) -> PyResult<Ref<Str>> {
        let domain = optional(&domain);
        // SAFETY: null or a C string.
        unsafe {
            let result = textdomain(address(&domain));
            if result.is_null() { Err(exceptions::from_last_errno(None)) } else { decode_raw(result) }
        }
    }

    #[function(signature = "(domain, dir, /)")]
    fn bindtextdomain(domain: &str, dir: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        if domain.is_empty() {
            return Err(raise_class_text(&ERROR, "domain must be a non-empty string"));
        }
        let directory = match dir.is_none() {
            true => None,
            false => {
                let path = crate::posix::PathArg::new(dir, "bindtextdomain", "dir", "string, bytes or os.PathLike")?;
                Some(CString::new(path.as_bytes()).unwrap_or_default())
            }
        };
        let domain = c_text(domain);
        // SAFETY: C strings, or null to ask.
        unsafe {
            let result = bindtextdomain(domain.as_ptr(), address(&directory));
            if result.is_null() { Err(exceptions::from_last_errno(None)) } else { decode_raw(result) }
        }
    }

    #[function(signature = "(domain, codeset, /)")]
    fn bind_textdomain_codeset(domain: &str, codeset: Nullable<&str>) -> PyResult<Option<Ref<Str>>> {
        let (domain, codeset) = (c_text(domain), optional(&codeset));
        // SAFETY: C strings, or null to ask.
        unsafe {
            let result = bind_textdomain_codeset(domain.as_ptr(), address(&codeset));
            if result.is_null() { Ok(None) } else { decode_raw(result).map(Some) }
        }
    }

    #[function(signature = "()")]
    fn getencoding() -> PyResult<Ref<Str>> {
        // SAFETY: a C string.
        let codeset = unsafe { CStr::from_ptr(libc::nl_langinfo(libc::CODESET)) };
        if codeset.is_empty() { Str::from_utf8_str("UTF-8") } else { decode(codeset) }
    }
}
