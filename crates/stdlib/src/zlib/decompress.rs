//! `zlib.Decompress`, what `decompressobj` gives, and `_ZlibDecompressor`, which `gzip` reads with.

use core::cell::Cell;
use core::mem::offset_of;
use std::sync::Mutex;

use libz_rs_sys as sys;
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer;
use taipan_runtime::types::bytes::BytesBuilder;

use super::stream::{Code, Inflate, ZlibFault};
use super::{DEF_BUF_SIZE, check_dictionary, fault, no_memory};
use crate::compression::{Decompressing, Engine, Output, Step, lock, working};
use crate::support::{self, Place, Slot};

const DOING: &str = "while decompressing data";

/// A dictionary that the stream may ask for, as bytes of our own.
fn dictionary_bytes(dictionary: Borrowed<'_, Object>) -> PyResult<Box<[u8]>> {
    let data = BufferArg::new(dictionary)?;
    check_dictionary(data.len())?;
    let mut copy = vec_with_capacity(data.len())?;
    copy.extend_from_slice(&data);
    Ok(copy.into_boxed_slice())
}

fn new_stream(wbits: i32) -> PyResult<Inflate> {
    match Inflate::new(wbits) {
        Ok(stream) => Ok(stream),
        Err(ZlibFault { code: sys::Z_STREAM_ERROR, .. }) => Err(raise!(ValueError, "Invalid initialization option")),
        Err(ZlibFault { code: sys::Z_MEM_ERROR, .. }) => {
            Err(no_memory("Can't allocate memory for decompression object"))
        }
        Err(ZlibFault { code, message }) => Err(fault(code, message, "while creating decompression object")),
    }
}

fn set_dictionary(stream: &mut Inflate, dictionary: &[u8]) -> PyResult<()> {
    match stream.set_dictionary(dictionary) {
        sys::Z_OK => Ok(()),
        code => Err(fault(code, stream.message(), "while setting zdict")),
    }
}

/// A stream that is read, with its dictionary; gone once it was flushed to its end.
struct Reader {
    stream: Option<Inflate>,
    dictionary: Option<Box<[u8]>>,
}

impl Reader {
    /// Decompresses from `input` until its end, the end of the stream, the limit, or an error: how much was used, and the
    /// last code.
    fn run(&mut self, input: &[u8], out: &mut Output, last: i32) -> PyResult<(usize, Code)> {
        let Some(stream) = &mut self.stream else { return Ok((0, sys::Z_STREAM_ERROR)) };
        let (mut used, mut code) = (0, sys::Z_OK);
        loop {
            let (start, room) = out.room()?;
            if room == 0 {
                return Ok((used, code));
            }
            let rest = &input[used..];
            let flush = if rest.len() > u32::MAX as usize { sys::Z_NO_FLUSH } else { last };
            // SAFETY: the room is the output's.
            let progress = working(rest.len(), || unsafe { stream.run(rest, start, room, flush) });
            // SAFETY: the library wrote so many.
            unsafe { out.wrote(progress.written) };
            used += progress.used;
            code = progress.code;
            match (code, &self.dictionary) {
                (sys::Z_NEED_DICT, Some(dictionary)) => {
                    set_dictionary(stream, dictionary)?;
                    continue;
                }
                (sys::Z_OK | sys::Z_BUF_ERROR, _) => {}
                _ => return Ok((used, code)),
            }
            let idle = progress.used == 0 && progress.written == 0;
            if idle || (progress.written < room && used == input.len()) {
                return Ok((used, code));
            }
        }
    }
}

#[repr(C)]
pub struct Decompress {
    head: PyObject,
    reader: Place<Mutex<Reader>>,
    unused_data: Slot,
    unconsumed_tail: Slot,
    eof: Cell<bool>,
}

impl Decompress {
    fn with_reader(reader: Reader) -> PyResult<Ref<Decompress>> {
        // SAFETY: zeroed fields are valid.
        let this: Ref<Decompress> = unsafe { Ref::from_owned_ptr(memory::new::<Decompress>()?) };
        this.reader.set(Mutex::new(reader));
        this.unused_data.set(Some(Bytes::empty().into_object()));
        this.unconsumed_tail.set(Some(Bytes::empty().into_object()));
        Ok(this)
    }

    pub fn create(wbits: i32, dictionary: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Decompress>> {
        let dictionary = match dictionary {
            Some(dictionary) if !buffer::has_buffer(&dictionary) => {
                return Err(raise!(TypeError, "zdict argument must support the buffer protocol"));
            }
            Some(dictionary) => Some(dictionary_bytes(dictionary)?),
            None => None,
        };
        let mut stream = new_stream(wbits)?;
        if let Some(dictionary) = dictionary.as_ref().filter(|_| wbits < 0) {
            // A raw stream does not say that it wants one.
            set_dictionary(&mut stream, dictionary)?;
        }
        Decompress::with_reader(Reader { stream: Some(stream), dictionary })
    }

    fn mutex(&self) -> PyResult<&Mutex<Reader>> {
        // SAFETY: set once, at the start.
        match unsafe { self.reader.get() } {
            Some(mutex) => Ok(mutex),
            None => Err(raise!(ValueError, "Inconsistent stream state")),
        }
    }

    /// Keeps what was not used of the input: behind the end of the stream, or to be given again.
    fn keep_rest(&self, rest: &[u8], code: Code) -> PyResult<()> {
        let mut rest = rest;
        if code == sys::Z_STREAM_END {
            let old = self.unused_data.get();
            let old = old.as_ref().and_then(|old| old.downcast::<Bytes>());
            let mut all = BytesBuilder::default();
            all.push(old.as_ref().map_or(&[], |old| old.as_slice()))?;
            all.push(rest)?;
            self.unused_data.set(Some(all.finish()?.into_object()));
            rest = &[];
        }
        self.unconsumed_tail.set(Some(Bytes::from_slice(rest)?.into_object()));
        Ok(())
    }
}

#[pytype(name = "Decompress", module = "zlib", disallow_instantiation, gc, heap, mutable, basicsize = 168)]
impl Decompress {
    #[slot(tp_traverse)]
    fn traverse(_this: &Decompress, _visit: &mut Visitor) {}

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Decompress) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop((*this).reader.take());
            drop((*this).unused_data.take());
            drop((*this).unconsumed_tail.take());
            memory::dealloc_finish(this);
        }
    }

    #[member(name = "unused_data", kind = T_OBJECT, offset = offset_of!(Decompress, unused_data), readonly)]
    const _UNUSED: () = ();
    #[member(name = "unconsumed_tail", kind = T_OBJECT, offset = offset_of!(Decompress, unconsumed_tail), readonly)]
    const _TAIL: () = ();
    #[member(name = "eof", kind = T_BOOL, offset = offset_of!(Decompress, eof), readonly)]
    const _EOF: () = ();

    #[method(signature = "($self, data, /, max_length=0)", defining_class)]
    fn decompress(this: &Ref<Decompress>, data: BufferArg<'_>, max_length: isize) -> PyResult<Ref<Bytes>> {
        if max_length < 0 {
            return Err(raise!(ValueError, "max_length must be non-negative"));
        }
        let mut reader = lock(this.mutex()?);
        let mut out = Output::new(if max_length == 0 { -1 } else { max_length });
        let (used, code) = reader.run(&data, &mut out, sys::Z_SYNC_FLUSH)?;
        this.keep_rest(&data[used..], code)?;
        match code {
            sys::Z_STREAM_END => this.eof.set(true),
            sys::Z_OK | sys::Z_BUF_ERROR => {}
            code => return Err(fault(code, reader.stream.as_ref().and_then(Inflate::message), DOING)),
        }
        out.finish()
    }

    #[method(signature = "($self, length=zlib.DEF_BUF_SIZE, /)", defining_class)]
    fn flush(this: &Ref<Decompress>, length: Option<isize>) -> PyResult<Ref<Bytes>> {
        if length.unwrap_or(DEF_BUF_SIZE) <= 0 {
            return Err(raise!(ValueError, "length must be greater than zero"));
        }
        let mut reader = lock(this.mutex()?);
        if reader.stream.is_none() {
            return Ok(Bytes::empty());
        }
        let tail = this.unconsumed_tail.get();
        let tail = tail.as_ref().and_then(|tail| tail.downcast::<Bytes>());
        let data = tail.as_ref().map_or(&[] as &[u8], |tail| tail.as_slice());
        let mut out = Output::new(-1);
        let (used, code) = reader.run(data, &mut out, sys::Z_FINISH)?;
        this.keep_rest(&data[used..], code)?;
        match code {
            sys::Z_STREAM_END => {
                this.eof.set(true);
                reader.stream = None;
            }
            sys::Z_OK | sys::Z_BUF_ERROR => {}
            code => return Err(fault(code, reader.stream.as_ref().and_then(Inflate::message), DOING)),
        }
        out.finish()
    }

    #[method(signature = "($self, /)", defining_class)]
    fn copy(this: &Ref<Decompress>) -> PyResult<Ref<Decompress>> {
        let reader = &mut *lock(this.mutex()?);
        let copy = match &mut reader.stream {
            Some(stream) => stream.copy(),
            None => Err(ZlibFault { code: sys::Z_STREAM_ERROR, message: None }),
        };
        let stream = match copy {
            Ok(stream) => stream,
            Err(ZlibFault { code: sys::Z_STREAM_ERROR, .. }) => {
                return Err(raise!(ValueError, "Inconsistent stream state"));
            }
            Err(ZlibFault { code: sys::Z_MEM_ERROR, .. }) => {
                return Err(no_memory("Can't allocate memory for decompression object"));
            }
            Err(ZlibFault { code, message }) => {
                return Err(fault(code, message, "while copying decompression object"));
            }
        };
        let copy = Decompress::with_reader(Reader { stream: Some(stream), dictionary: reader.dictionary.clone() })?;
        copy.unused_data.set(this.unused_data.get());
        copy.unconsumed_tail.set(this.unconsumed_tail.get());
        copy.eof.set(this.eof.get());
        Ok(copy)
    }

    #[method(name = "__copy__", signature = "($self, /)", defining_class)]
    fn shallow_copy(this: &Ref<Decompress>) -> PyResult<Ref<Decompress>> {
        Decompress::copy(this)
    }

    #[method(name = "__deepcopy__", signature = "($self, memo, /)", defining_class)]
    fn deepcopy(this: &Ref<Decompress>, memo: Borrowed<'_, Object>) -> PyResult<Ref<Decompress>> {
        let _ = memo;
        Decompress::copy(this)
    }
}

/// Why a step failed.
enum StepFault {
    Code(Code),
    Dictionary(Code),
}

impl Engine for Reader {
    type Error = StepFault;

    unsafe fn step(&mut self, input: &[u8], output: *mut u8, room: usize) -> Result<Step, StepFault> {
        let Some(stream) = &mut self.stream else { return Err(StepFault::Code(sys::Z_STREAM_ERROR)) };
        // SAFETY: by contract.
        let progress = unsafe { stream.run(input, output, room, sys::Z_SYNC_FLUSH) };
        match (progress.code, &self.dictionary) {
            (sys::Z_NEED_DICT, Some(dictionary)) => match stream.set_dictionary(dictionary) {
                sys::Z_OK => {}
                code => return Err(StepFault::Dictionary(code)),
            },
            (sys::Z_OK | sys::Z_BUF_ERROR | sys::Z_STREAM_END, _) => {}
            (code, _) => return Err(StepFault::Code(code)),
        }
        Ok(Step { used: progress.used, written: progress.written, end: progress.code == sys::Z_STREAM_END })
    }

    fn raise(&self, error: StepFault) -> Raised {
        let message = self.stream.as_ref().and_then(Inflate::message);
        match error {
            StepFault::Code(code) => fault(code, message, DOING),
            StepFault::Dictionary(code) => fault(code, message, "while setting zdict"),
        }
    }
}

#[repr(C)]
pub struct ZlibDecompressor {
    head: PyObject,
    state: Decompressing<Reader>,
}

#[pytype(name = "_ZlibDecompressor", module = "zlib", gc, heap, basicsize = 184)]
impl ZlibDecompressor {
    #[slot(tp_traverse)]
    fn traverse(_this: &ZlibDecompressor, _visit: &mut Visitor) {}

    #[new(signature = "(wbits=15, zdict=b'')")]
    fn new(
        cls: Borrowed<'_, Type>,
        wbits: i32,
        zdict: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<ZlibDecompressor>> {
        let dictionary = zdict.map(dictionary_bytes).transpose()?;
        let mut stream = new_stream(wbits)?;
        if let Some(dictionary) = dictionary.as_ref().filter(|_| wbits < 0) {
            set_dictionary(&mut stream, dictionary)?;
        }
        let this: Ref<ZlibDecompressor> = support::instance(cls)?;
        this.state.set(Reader { stream: Some(stream), dictionary });
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ZlibDecompressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).state.drop();
            memory::dealloc_finish(this);
        }
    }

    #[member(name = "unused_data", kind = T_OBJECT, offset = offset_of!(ZlibDecompressor, state.unused_data), readonly)]
    const _UNUSED: () = ();
    #[member(name = "eof", kind = T_BOOL, offset = offset_of!(ZlibDecompressor, state.eof), readonly)]
    const _EOF: () = ();
    #[member(name = "needs_input", kind = T_BOOL, offset = offset_of!(ZlibDecompressor, state.needs_input), readonly)]
    const _NEEDS_INPUT: () = ();

    #[method(signature = "($self, /, data, max_length=-1)")]
    fn decompress(this: &Ref<ZlibDecompressor>, data: BufferArg<'_>, max_length: isize) -> PyResult<Ref<Bytes>> {
        this.state.decompress(&data, max_length, |_| {})
    }
}
