//! The locale of the process and the UTF-8 mode, before anything is decoded (PEP 538, PEP 540).
//!
//! CPython: `Python/preconfig.c`, `_Py_CoerceLegacyLocale`.

use core::ffi::CStr;
use core::ptr;

use crate::thread::Config;

/// Locales that take the place of the C locale, best first.
const TARGETS: &[&CStr] = &[c"C.UTF-8", c"C.utf8", c"UTF-8"];

/// The current `LC_CTYPE`.
fn current() -> Vec<u8> {
    // SAFETY: null or a C string, copied at once; no other thread runs yet.
    unsafe {
        let name = libc::setlocale(libc::LC_CTYPE, ptr::null());
        if name.is_null() { Vec::new() } else { CStr::from_ptr(name).to_bytes().to_vec() }
    }
}

/// Sets `LC_CTYPE` from the environment. The C locale is replaced by one with UTF-8 where `coerce` allows it, for child
/// processes too. Settles the UTF-8 mode, which `utf8` asks for or refuses, and how streams treat what they cannot decode.
pub fn settle(config: &mut Config, utf8: Option<bool>, coerce: bool, warn: bool) {
    // SAFETY: C strings; no other thread runs yet.
    unsafe { libc::setlocale(libc::LC_CTYPE, c"".as_ptr()) };
    let is_plain = matches!(current().as_slice(), b"C" | b"POSIX");
    let overridden = std::env::var_os("LC_ALL").is_some_and(|value| !value.is_empty());
    if is_plain && coerce && !overridden {
        for target in TARGETS {
            // SAFETY: as above.
            unsafe {
                if libc::setlocale(libc::LC_CTYPE, target.as_ptr()).is_null() {
                    continue;
                }
                libc::setenv(c"LC_CTYPE".as_ptr(), target.as_ptr(), 1);
                if warn {
                    let name = target.to_string_lossy();
                    eprintln!(
                        "Python detected LC_CTYPE=C: LC_CTYPE coerced to {name} (set another locale or \
                         PYTHONCOERCECLOCALE=0 to disable this locale coercion behavior)."
                    );
                }
                libc::setlocale(libc::LC_CTYPE, c"".as_ptr());
            }
            break;
        }
    }
    config.utf8_mode = utf8.unwrap_or(is_plain);
    let name = current();
    let is_target = TARGETS.iter().any(|target| target.to_bytes() == name);
    if config.utf8_mode || is_target || matches!(name.as_slice(), b"C" | b"POSIX") {
        config.stdio_errors = "surrogateescape".into();
    }
}
