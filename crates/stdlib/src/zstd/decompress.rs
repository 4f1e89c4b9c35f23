//! `ZstdDecompressor`.

use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;

use super::library::{Decompression, DictionaryKind, Direction, check, error_name};
use super::{ERROR, options};
use crate::compression::{Decompressing, Engine, Step};
use crate::support::{self, Slot};

const DOING: &str = "Unable to decompress Zstandard data";

impl Engine for Decompression {
    type Error = usize;

    const ENDED: &'static str = "Already at the end of a Zstandard frame.";

    unsafe fn step(&mut self, input: &[u8], output: *mut u8, room: usize) -> Result<Step, usize> {
        // SAFETY: by contract.
        let progress = unsafe { self.run(input, output, room) };
        // SAFETY: any number may be asked about.
        if unsafe { zstd_sys::ZSTD_isError(progress.code) } != 0 {
            return Err(progress.code);
        }
        Ok(Step { used: progress.used, written: progress.written, end: progress.code == 0 })
    }

    fn raise(&self, error: usize) -> Raised {
        match check(error, DOING) {
            Err(raised) => raised,
            Ok(_) => ERROR.raise(format_args!("{DOING}: {}", error_name(error))),
        }
    }
}

#[repr(C)]
pub struct ZstdDecompressor {
    head: PyObject,
    state: Decompressing<Decompression>,
    /// Keeps the dictionary's bytes for the context.
    dictionary: Slot,
}

#[pytype(name = "ZstdDecompressor", module = "compression.zstd", gc, heap, basicsize = 80)]
impl ZstdDecompressor {
    #[slot(tp_traverse)]
    fn traverse(_this: &ZstdDecompressor, _visit: &mut Visitor) {}

    #[new(signature = "(zstd_dict=None, options=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        zstd_dict: Option<Borrowed<'_, Object>>,
        options: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<ZstdDecompressor>> {
        let mut context = Decompression::new()?;
        let this: Ref<ZstdDecompressor> = support::instance(cls)?;
        if let Some(dictionary) = zstd_dict.filter(|dictionary| !dictionary.is_none()) {
            let (dictionary, kind) = options::dictionary(dictionary, DictionaryKind::Digested)?;
            // SAFETY: the slot keeps the dictionary for as long as the context lives.
            unsafe { context.use_dictionary(dictionary.content(), kind)? };
            this.dictionary.set(Some(dictionary.into_object()));
        }
        if let Some(options) = options.filter(|options| !options.is_none()) {
            options::each(options, Direction::Decompression, |key, value| {
                context.set(key, value).map_err(|()| options::refused(Direction::Decompression, key, value))
            })?;
        }
        this.state.set(context);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ZstdDecompressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).state.drop();
            drop((*this).dictionary.take());
            memory::dealloc_finish(this);
        }
    }

    #[member(name = "eof", kind = T_BOOL, offset = offset_of!(ZstdDecompressor, state.eof), readonly)]
    const _EOF: () = ();
    #[member(name = "needs_input", kind = T_BOOL, offset = offset_of!(ZstdDecompressor, state.needs_input), readonly)]
    const _NEEDS_INPUT: () = ();

    #[getter]
    fn unused_data(this: &Ref<ZstdDecompressor>) -> Option<Ref<Object>> {
        this.state.unused_data.get()
    }

    #[method(signature = "($self, /, data, max_length=-1)")]
    fn decompress(this: &Ref<ZstdDecompressor>, data: BufferArg<'_>, max_length: isize) -> PyResult<Ref<Bytes>> {
        this.state.decompress(&data, max_length, |_| {})
    }
}
