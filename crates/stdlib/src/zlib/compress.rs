//! `zlib.Compress`, what `compressobj` gives.

use std::sync::Mutex;

use libz_rs_sys as sys;
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;

use super::stream::{Deflate, ZlibFault};
use super::{check_dictionary, deflate_all, fault, no_memory};
use crate::compression::{Output, lock};
use crate::support::Place;

/// The stream is gone once it was finished.
#[repr(C)]
pub struct Compress {
    head: PyObject,
    stream: Place<Mutex<Option<Deflate>>>,
}

impl Compress {
    fn with_stream(stream: Deflate) -> PyResult<Ref<Compress>> {
        // SAFETY: zeroed fields are valid.
        let this: Ref<Compress> = unsafe { Ref::from_owned_ptr(memory::new::<Compress>()?) };
        this.stream.set(Mutex::new(Some(stream)));
        Ok(this)
    }

    /// From level, method, wbits, memory level and strategy.
    pub fn create(options: [i32; 5], dictionary: Option<&[u8]>) -> PyResult<Ref<Compress>> {
        if let Some(dictionary) = dictionary {
            check_dictionary(dictionary.len())?;
        }
        let [level, method, wbits, memory, strategy] = options;
        let mut stream = match Deflate::new(level, method, wbits, memory, strategy) {
            Ok(stream) => stream,
            Err(ZlibFault { code: sys::Z_MEM_ERROR, .. }) => {
                return Err(no_memory("Can't allocate memory for compression object"));
            }
            Err(ZlibFault { code: sys::Z_STREAM_ERROR, .. }) => {
                return Err(raise!(ValueError, "Invalid initialization option"));
            }
            Err(ZlibFault { code, message }) => return Err(fault(code, message, "while creating compression object")),
        };
        if let Some(dictionary) = dictionary {
            match stream.set_dictionary(dictionary) {
                sys::Z_OK => {}
                sys::Z_STREAM_ERROR => return Err(raise!(ValueError, "Invalid dictionary")),
                _ => return Err(raise!(ValueError, "deflateSetDictionary()")),
            }
        }
        Compress::with_stream(stream)
    }

    fn mutex(&self) -> PyResult<&Mutex<Option<Deflate>>> {
        // SAFETY: set once, at the start.
        match unsafe { self.stream.get() } {
            Some(mutex) => Ok(mutex),
            None => Err(raise!(ValueError, "Inconsistent stream state")),
        }
    }
}

#[pytype(name = "Compress", module = "zlib", disallow_instantiation, gc, heap, mutable, basicsize = 168)]
impl Compress {
    #[slot(tp_traverse)]
    fn traverse(_this: &Compress, _visit: &mut Visitor) {}

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Compress) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop((*this).stream.take());
            memory::dealloc_finish(this);
        }
    }

    #[method(signature = "($self, data, /)", defining_class)]
    fn compress(this: &Ref<Compress>, data: BufferArg<'_>) -> PyResult<Ref<Bytes>> {
        const DOING: &str = "while compressing data";
        let mut guard = lock(this.mutex()?);
        let Some(stream) = &mut *guard else { return Err(fault(sys::Z_STREAM_ERROR, None, DOING)) };
        let mut out = Output::new(-1);
        match deflate_all(stream, &data, sys::Z_NO_FLUSH, &mut out)? {
            sys::Z_STREAM_ERROR => Err(fault(sys::Z_STREAM_ERROR, stream.message(), DOING)),
            _ => out.finish(),
        }
    }

    #[method(signature = "($self, mode=zlib.Z_FINISH, /)", defining_class)]
    fn flush(this: &Ref<Compress>, mode: Option<i32>) -> PyResult<Ref<Bytes>> {
        const DOING: &str = "while flushing";
        let mode = mode.unwrap_or(sys::Z_FINISH);
        if mode == sys::Z_NO_FLUSH {
            return Ok(Bytes::empty());
        }
        let mut guard = lock(this.mutex()?);
        let Some(stream) = &mut *guard else { return Err(fault(sys::Z_STREAM_ERROR, None, DOING)) };
        let mut out = Output::new(-1);
        match deflate_all(stream, &[], mode, &mut out)? {
            sys::Z_STREAM_END if mode == sys::Z_FINISH => *guard = None,
            sys::Z_OK | sys::Z_BUF_ERROR => {}
            code => return Err(fault(code, stream.message(), DOING)),
        }
        out.finish()
    }

    #[method(signature = "($self, /)", defining_class)]
    fn copy(this: &Ref<Compress>) -> PyResult<Ref<Compress>> {
        let copy = match &mut *lock(this.mutex()?) {
            Some(stream) => stream.copy(),
            None => Err(ZlibFault { code: sys::Z_STREAM_ERROR, message: None }),
        };
        match copy {
            Ok(stream) => Compress::with_stream(stream),
            Err(ZlibFault { code: sys::Z_STREAM_ERROR, .. }) => Err(raise!(ValueError, "Inconsistent stream state")),
            Err(ZlibFault { code: sys::Z_MEM_ERROR, .. }) => {
                Err(no_memory("Can't allocate memory for compression object"))
            }
            Err(ZlibFault { code, message }) => Err(fault(code, message, "while copying compression object")),
        }
    }

    #[method(name = "__copy__", signature = "($self, /)", defining_class)]
    fn shallow_copy(this: &Ref<Compress>) -> PyResult<Ref<Compress>> {
        Compress::copy(this)
    }

    #[method(name = "__deepcopy__", signature = "($self, memo, /)", defining_class)]
    fn deepcopy(this: &Ref<Compress>, memo: Borrowed<'_, Object>) -> PyResult<Ref<Compress>> {
        let _ = memo;
        Compress::copy(this)
    }
}
