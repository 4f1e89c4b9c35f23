//! `syslog`: messages to the system's log. CPython: `Modules/syslogmodule.c`.

use std::ffi::CString;

use crate::system::{self, add_constants};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, Slot, allow_threads};

pub struct Syslog;

/// The `bytes` that the C library keeps a pointer to, while the log is open.
static IDENT: Slot = Slot::new();
static OPEN: Slot = Slot::new();

#[rustfmt::skip]
const CONSTANTS: &[(&str, i64)] = &[
    ("LOG_EMERG", 0),
    ("LOG_ALERT", 1),
    ("LOG_CRIT", 2),
    ("LOG_ERR", 3),
    ("LOG_WARNING", 4),
    ("LOG_NOTICE", 5),
    ("LOG_INFO", 6),
    ("LOG_DEBUG", 7),
    ("LOG_PID", 1),
    ("LOG_CONS", 2),
    ("LOG_NDELAY", 8),
    ("LOG_ODELAY", 4),
    ("LOG_NOWAIT", 16),
    ("LOG_PERROR", 32),
    ("LOG_KERN", 0),
    ("LOG_USER", 8),
    ("LOG_MAIL", 16),
    ("LOG_DAEMON", 24),
    ("LOG_AUTH", 32),
    ("LOG_LPR", 48),
    ("LOG_LOCAL0", 128),
    ("LOG_LOCAL1", 136),
    ("LOG_LOCAL2", 144),
    ("LOG_LOCAL3", 152),
    ("LOG_LOCAL4", 160),
    ("LOG_LOCAL5", 168),
    ("LOG_LOCAL6", 176),
    ("LOG_LOCAL7", 184),
    ("LOG_SYSLOG", 40),
    ("LOG_CRON", 72),
    ("LOG_UUCP", 64),
    ("LOG_NEWS", 56),
    ("LOG_AUTHPRIV", 80),
    ("LOG_FTP", 88),
];

/// The last part of the program's name.
fn program_name() -> PyResult<Option<Ref<Str>>> {
    let Some(argv) = thread::interpreter().sys_attr(id!("argv")) else { return Ok(None) };
    let Some(argv) = argv.downcast::<List>() else { return Ok(None) };
    let Some(Ok(script)) = argv.get(0).map(|script| script.into_downcast::<Str>()) else { return Ok(None) };
    let text = script.to_display();
    match text.rsplit('/').next() {
        Some(name) if !name.is_empty() => Str::from_utf8_str(name).map(Some),
        _ => Ok(None),
    }
}

fn open(ident: Option<Ref<Str>>, option: c_int, facility: c_int) -> PyResult<()> {
    let ident = match ident {
        Some(ident) => Some(ident),
        None => program_name()?,
    };
    system::audit("syslog.openlog", || {
        let ident = ident.as_ref().map_or_else(none, |ident| ident.as_object().clone());
        Ok(vec![ident, system::int_object(i64::from(option))?, system::int_object(i64::from(facility))?])
    })?;
    let kept = match &ident {
        None => None,
        Some(ident) => {
            let text = ident.as_utf8()?;
            if text.contains('\0') {
                return Err(raise!(ValueError, "embedded null character"));
            }
            Some(Bytes::from_slice(text.as_bytes())?)
        }
    };
    // SAFETY: `bytes` are closed by a zero, and the slot keeps them until the next call has replaced the pointer.
    unsafe {
        let address = kept.as_ref().map_or(core::ptr::null(), |kept| kept.as_slice().as_ptr().cast());
        libc::openlog(address, option, facility);
    }
    IDENT.set(kept.map(Ref::into_object));
    OPEN.set(Some(none()));
    Ok(())
}

#[pymodule(name = "syslog")]
impl Syslog {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        add_constants(module, CONSTANTS)
    }

    #[function(signature = "(ident=<unrepresentable>, logoption=0, facility=LOG_USER)")]
    fn openlog(ident: Option<Borrowed<'_, Str>>, logoption: Option<i32>, facility: Option<i32>) -> PyResult<()> {
        open(ident.map(|ident| ident.to_owned()), logoption.unwrap_or(0), facility.unwrap_or(libc::LOG_USER))
    }

    #[function(raw)]
    fn syslog(args: CallArgs<'_>) -> PyResult<()> {
        args.no_keywords("syslog.syslog")?;
        let (priority, place) = match args.nargs() {
            1 => (libc::LOG_INFO, 0),
            2 => (crate::system::c_int_of(args.positional()[0])?, 1),
            _ => return Err(raise!(TypeError, "syslog.syslog requires 1 to 2 arguments")),
        };
        let message = args.positional()[place];
        let Some(text) = message.downcast::<Str>() else {
            let found = if message.is_none() { "None".to_owned() } else { message.type_name() };
            return Err(raise!(TypeError, "syslog() argument {} must be str, not {found}", place + 1));
        };
        let Ok(text) = CString::new(text.as_utf8()?) else {
            return Err(raise!(ValueError, "embedded null character"));
        };
        system::audit("syslog.syslog", || Ok(vec![system::int_object(i64::from(priority))?, message.to_owned()]))?;
        if !OPEN.is_set() {
            open(None, 0, libc::LOG_USER)?;
        }
        // The identification must stay while the call runs without the GIL.
        let _ident = IDENT.get();
        let address = text.as_ptr();
        // SAFETY: C strings.
        allow_threads(|| unsafe { libc::syslog(priority, c"%s".as_ptr(), address) });
        Ok(())
    }

    #[function(signature = "()")]
    fn closelog() -> PyResult<()> {
        if OPEN.is_set() {
            system::audit("syslog.closelog", || Ok(Vec::new()))?;
            // SAFETY: takes nothing.
            unsafe { libc::closelog() };
            OPEN.set(None);
            IDENT.set(None);
        }
        Ok(())
    }

    #[function(signature = "(maskpri, /)")]
    fn setlogmask(maskpri: i64) -> PyResult<c_int> {
        system::audit("syslog.setlogmask", || Ok(vec![system::int_object(maskpri)?]))?;
        // SAFETY: takes a number.
        Ok(unsafe { libc::setlogmask(maskpri as c_int) })
    }

    #[function(name = "LOG_MASK", signature = "(pri, /)")]
    fn log_mask(pri: i64) -> c_int {
        1i32.wrapping_shl(pri as u32)
    }

    #[function(name = "LOG_UPTO", signature = "(pri, /)")]
    fn log_upto(pri: i64) -> c_int {
        1i32.wrapping_shl((pri as u32).wrapping_add(1)).wrapping_sub(1)
    }
}
