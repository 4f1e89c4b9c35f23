//! Writing tracebacks without allocation: usable in a signal handler.

use core::sync::atomic::Ordering;

use crate::abi::{PyCodeObject, PyThreadState};
use crate::interp::frame::{self, Frame};
use crate::prelude::*;
use crate::thread;
use crate::types::Code;

/// How many frames are shown, how many characters of a name, and how many threads.
const MAX_FRAMES: usize = 100;
const MAX_TEXT: usize = 500;
const MAX_THREADS: usize = 100;

/// Writes all of `text`; an error ends it silently.
pub(super) fn write(fd: c_int, text: &str) {
    write_bytes(fd, text.as_bytes());
}

fn write_bytes(fd: c_int, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: live bytes.
        let written = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => bytes = bytes.get(written..).unwrap_or(&[]),
            _ if crate::types::exceptions::errno() == libc::EINTR => {}
            _ => return,
        }
    }
}

/// A number in base 10 or 16, with leading zeros up to `width`.
pub(super) fn write_number(fd: c_int, value: usize, base: usize, width: usize) {
    let mut buffer = [b'0'; 24];
    let mut place = buffer.len();
    let mut rest = value;
    while rest > 0 || buffer.len() - place < width.max(1) {
        if place == 0 {
            break;
        }
        place -= 1;
        buffer[place] = b"0123456789abcdef"[rest % base];
        rest /= base;
    }
    write_bytes(fd, &buffer[place..]);
}

/// A string with escapes for all that is not printable ASCII.
fn write_text(fd: c_int, text: Borrowed<'_, Str>) {
    let length = text.len();
    for index in 0..length.min(MAX_TEXT) {
        let c = text.char_at(index);
        match c {
            32..127 => write_bytes(fd, &[c as u8]),
            0..0x100 => {
                write(fd, "\\x");
                write_number(fd, c as usize, 16, 2);
            }
            0x100..0x1_0000 => {
                write(fd, "\\u");
                write_number(fd, c as usize, 16, 4);
            }
            _ => {
                write(fd, "\\U");
                write_number(fd, c as usize, 16, 8);
            }
        }
    }
    if length > MAX_TEXT {
        write(fd, "...");
    }
}

/// One line for a frame.
unsafe fn write_frame(fd: c_int, frame: *mut Frame) {
    // SAFETY: a complete frame executes code, which lives as long.
    unsafe {
        let raw: *mut PyCodeObject = frame::code(frame);
        let code: Borrowed<'_, Code> = Borrowed::from_ptr(raw);
        write(fd, "  File ");
        write(fd, "\"");
        write_text(fd, code.filename());
        write(fd, "\", line ");
        match code.line_at(frame::instruction_index(frame)) {
            Some(line) if line >= 0 => write_number(fd, line as usize, 10, 1),
            _ => write(fd, "???"),
        }
        write(fd, " in ");
        write_text(fd, code.name());
        write(fd, "\n");
    }
}

/// The frames of a thread, the innermost first.
pub(super) fn thread_traceback(fd: c_int, state: *mut PyThreadState, heading: bool) {
    if heading {
        write(fd, "Stack (most recent call first):\n");
    }
    // SAFETY: the state is live. Frames of another thread may change meanwhile; that risk is the module's nature.
    unsafe {
        let mut current =
            if state.is_null() { core::ptr::null_mut() } else { frame::first_complete((*state).current_frame.get()) };
        if current.is_null() {
            write(fd, "  <no Python frame>\n");
            return;
        }
        for _ in 0..MAX_FRAMES {
            if current.is_null() {
                return;
            }
            write_frame(fd, current);
            current = frame::first_complete((*current).previous.get());
        }
        if !current.is_null() {
            write(fd, "  ...\n");
        }
    }
}

fn write_thread_heading(fd: c_int, state: *mut PyThreadState, is_current: bool) {
    write(fd, if is_current { "Current thread 0x" } else { "Thread 0x" });
    // SAFETY: a linked state.
    let ident = unsafe { (*state).thread_id.get() } as usize;
    write_number(fd, ident, 16, 16);
    let mut name = [0 as c_char; 32];
    // SAFETY: the buffer is as long as said; the thread exists as long as its state.
    unsafe {
        if ident != 0 && libc::pthread_getname_np(ident as libc::pthread_t, name.as_mut_ptr(), name.len()) == 0 {
            let text = CStr::from_ptr(name.as_ptr()).to_bytes();
            if !text.is_empty() {
                write(fd, " [");
                write_bytes(fd, text);
                write(fd, "]");
            }
        }
    }
    write(fd, " (most recent call first):\n");
}

/// All threads; `current` may be null.
pub(super) fn all_threads(fd: c_int, current: *mut PyThreadState) {
    // The list's lock may be held by the thread that crashed, so it is read without.
    let mut state = thread::interpreter().threads.load(Ordering::Relaxed);
    let mut count = 0;
    while !state.is_null() {
        if count > 0 {
            write(fd, "\n");
        }
        if count >= MAX_THREADS {
            write(fd, "...\n");
            return;
        }
        write_thread_heading(fd, state, state == current);
        thread_traceback(fd, state, false);
        // SAFETY: linked states are live.
        state = unsafe { (*state).next.get() };
        count += 1;
    }
}

unsafe extern "C" {
    fn backtrace(buffer: *mut *mut c_void, size: c_int) -> c_int;
}

/// The native stack of the thread that calls this.
pub(super) fn native_stack(fd: c_int) {
    const DEPTH: usize = 32;
    write(fd, "Current thread's C stack trace (most recent call first):\n");
    let mut addresses = [core::ptr::null_mut::<c_void>(); DEPTH];
    // SAFETY: the buffer is as long as said.
    let count = unsafe { backtrace(addresses.as_mut_ptr(), DEPTH as c_int) };
    let count = usize::try_from(count).unwrap_or(0).min(DEPTH);
    for address in &addresses[..count] {
        // SAFETY: fills a struct; the texts live as long as the file is loaded.
        unsafe {
            let mut info: libc::Dl_info = core::mem::zeroed();
            if libc::dladdr(*address, &mut info) == 0 || info.dli_fname.is_null() {
                write(fd, "  <unknown>");
            } else {
                write(fd, "  Binary file \"");
                write_bytes(fd, CStr::from_ptr(info.dli_fname).to_bytes());
                write(fd, "\"");
                if !info.dli_sname.is_null() {
                    write(fd, ", at ");
                    write_bytes(fd, CStr::from_ptr(info.dli_sname).to_bytes());
                    write(fd, "+0x");
                    write_number(fd, (*address as usize).wrapping_sub(info.dli_saddr as usize), 16, 1);
                }
            }
        }
        write(fd, " [0x");
        write_number(fd, *address as usize, 16, 1);
        write(fd, "]\n");
    }
    if count == DEPTH {
        write(fd, "  <truncated rest of calls>\n");
    }
}
