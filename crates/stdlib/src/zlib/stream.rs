//! The two directions of zlib as owned streams: the only file that calls the library.

use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use libz_rs_sys as sys;
use libz_rs_sys::z_stream;

/// A return code of zlib.
pub type Code = i32;

/// A return code that is an error, with zlib's own words for it.
pub struct ZlibFault {
    pub code: Code,
    pub message: Option<String>,
}

/// The result of one call: what was used and written, and the code.
pub struct Progress {
    pub used: usize,
    pub written: usize,
    pub code: Code,
}

fn new_stream() -> Box<z_stream> {
    let mut stream = Box::new(z_stream::default());
    detach(&mut stream);
    stream
}

/// Leaves the stream without input and output. The addresses are not null: a copy of a stream asks for that.
fn detach(stream: &mut z_stream) {
    stream.next_in = NonNull::dangling().as_ptr();
    stream.avail_in = 0;
    stream.next_out = NonNull::dangling().as_ptr();
    stream.avail_out = 0;
}

fn message(stream: &z_stream) -> Option<String> {
    if stream.msg.is_null() {
        return None;
    }
    // SAFETY: zlib's messages are constant C strings.
    Some(unsafe { CStr::from_ptr(stream.msg) }.to_string_lossy().into_owned())
}

const STREAM_SIZE: i32 = size_of::<z_stream>() as i32;

/// Points the stream at input and output, calls `run`, and says what happened.
///
/// # Safety
/// The room is writable; `run` keeps to the stream.
unsafe fn drive(
    stream: &mut z_stream,
    input: &[u8],
    output: *mut u8,
    room: usize,
    run: impl FnOnce(*mut z_stream) -> Code,
) -> Progress {
    let given = input.len().min(u32::MAX as usize);
    let room = room.min(u32::MAX as usize);
    stream.next_in = input.as_ptr();
    stream.avail_in = given as u32;
    stream.next_out = output;
    stream.avail_out = room as u32;
    let code = run(stream);
    let progress = Progress { used: given - stream.avail_in as usize, written: room - stream.avail_out as usize, code };
    detach(stream);
    progress
}

pub struct Deflate(Box<z_stream>);
pub struct Inflate(Box<z_stream>);

impl Deflate {
    pub fn new(level: i32, method: i32, wbits: i32, memory: i32, strategy: i32) -> Result<Deflate, ZlibFault> {
        let mut stream = new_stream();
        // SAFETY: a stream with default allocators; the library checks the rest.
        let code = unsafe {
            sys::deflateInit2_(
                &raw mut *stream,
                level,
                method,
                wbits,
                memory,
                strategy,
                sys::zlibVersion(),
                STREAM_SIZE,
            )
        };
        if code == sys::Z_OK { Ok(Deflate(stream)) } else { Err(ZlibFault { code, message: message(&stream) }) }
    }

    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        // SAFETY: an initialised stream; the library reads the slice.
        unsafe { sys::deflateSetDictionary(&raw mut *self.0, dictionary.as_ptr(), dictionary.len() as u32) }
    }

    /// # Safety
    /// The room is writable.
    pub unsafe fn run(&mut self, input: &[u8], output: *mut u8, room: usize, flush: i32) -> Progress {
        // SAFETY: an initialised stream.
        unsafe { drive(&mut self.0, input, output, room, |stream| sys::deflate(stream, flush)) }
    }

    pub fn copy(&mut self) -> Result<Deflate, ZlibFault> {
        let mut target: Box<MaybeUninit<z_stream>> = Box::new(MaybeUninit::zeroed());
        // SAFETY: the source is initialised; the target is when the library says so.
        unsafe {
            let code = sys::deflateCopy(target.as_mut_ptr(), &raw mut *self.0);
            if code == sys::Z_OK {
                Ok(Deflate(target.assume_init()))
            } else {
                Err(ZlibFault { code, message: self.message() })
            }
        }
    }

    pub fn message(&self) -> Option<String> {
        message(&self.0)
    }
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // SAFETY: an initialised stream, for the last time.
        unsafe { sys::deflateEnd(&raw mut *self.0) };
    }
}

impl Inflate {
    pub fn new(wbits: i32) -> Result<Inflate, ZlibFault> {
        let mut stream = new_stream();
        // SAFETY: a stream with default allocators; the library checks the rest.
        let code = unsafe { sys::inflateInit2_(&raw mut *stream, wbits, sys::zlibVersion(), STREAM_SIZE) };
        if code == sys::Z_OK { Ok(Inflate(stream)) } else { Err(ZlibFault { code, message: message(&stream) }) }
    }

    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        // SAFETY: an initialised stream; the library reads the slice.
        unsafe { sys::inflateSetDictionary(&raw mut *self.0, dictionary.as_ptr(), dictionary.len() as u32) }
    }

    /// # Safety
    /// The room is writable.
    pub unsafe fn run(&mut self, input: &[u8], output: *mut u8, room: usize, flush: i32) -> Progress {
        // SAFETY: an initialised stream.
        unsafe { drive(&mut self.0, input, output, room, |stream| sys::inflate(stream, flush)) }
    }

    pub fn copy(&mut self) -> Result<Inflate, ZlibFault> {
        let mut target: Box<MaybeUninit<z_stream>> = Box::new(MaybeUninit::zeroed());
        // SAFETY: the source is initialised; the target is when the library says so.
        unsafe {
            let code = sys::inflateCopy(target.as_mut_ptr(), &raw const *self.0);
            if code == sys::Z_OK {
                Ok(Inflate(target.assume_init()))
            } else {
                Err(ZlibFault { code, message: self.message() })
            }
        }
    }

    pub fn message(&self) -> Option<String> {
        message(&self.0)
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // SAFETY: an initialised stream, for the last time.
        unsafe { sys::inflateEnd(&raw mut *self.0) };
    }
}

// SAFETY: a stream owns its memory and has no thread of its own.
unsafe impl Send for Deflate {}
// SAFETY: as above.
unsafe impl Send for Inflate {}
