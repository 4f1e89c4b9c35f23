//! `_lzma`, on liblzma. CPython: `Modules/_lzmamodule.c`.

mod filter;
mod stream;

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use liblzma_sys as sys;
use liblzma_sys::{lzma_filter, lzma_ret};
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::Exception;

use crate::compression::{Compressing, Decompressing, Encoder, Engine, Output, Step, working};
use crate::support::{self, ErrorClass};
use filter::PRESET_DEFAULT;
use stream::{Stream, check, fault};

static ERROR: ErrorClass = ErrorClass::new("_lzma", "LZMAError", Exception::type_object);

const FORMAT_AUTO: i32 = 0;
const FORMAT_XZ: i32 = 1;
const FORMAT_ALONE: i32 = 2;
const FORMAT_RAW: i32 = 3;

/// The largest number that a check may have.
const CHECK_ID_MAX: u32 = 15;

/// A check that is not known yet.
const CHECK_UNKNOWN: u32 = CHECK_ID_MAX + 1;

#[repr(C)]
pub struct Compressor {
    head: PyObject,
    stream: Compressing<Stream>,
}

fn given(value: Option<Borrowed<'_, Object>>) -> Option<Borrowed<'_, Object>> {
    value.filter(|value| !value.is_none())
}

fn compressing_stream(
    format: i32,
    check: i32,
    preset: Option<Borrowed<'_, Object>>,
    filters: Option<Borrowed<'_, Object>>,
) -> PyResult<Stream> {
    if preset.is_some() && filters.is_some() {
        return Err(raise!(ValueError, "Cannot specify both preset and filter chain"));
    }
    let preset = preset.map_or(Ok(PRESET_DEFAULT), filter::to_u32)?;
    if format != FORMAT_XZ && check != -1 && check != sys::LZMA_CHECK_NONE as i32 {
        return Err(raise!(ValueError, "Integrity checks are only supported by FORMAT_XZ"));
    }
    let chain = filters.map(filter::chain).transpose()?;
    // SAFETY: filters and options live until the coder has read them, which it does at once.
    unsafe {
        match (format, chain) {
            (FORMAT_XZ, chain) => {
                let check = if check == -1 { sys::LZMA_CHECK_CRC64 } else { check as u32 };
                Stream::new(|stream| match &chain {
                    Some(chain) => sys::lzma_stream_encoder(stream, chain.as_ptr(), check),
                    None => sys::lzma_easy_encoder(stream, preset, check),
                })
            }
            (FORMAT_ALONE, None) => {
                let options = filter::preset_options(preset)?;
                Stream::new(|stream| sys::lzma_alone_encoder(stream, &raw const *options))
            }
            (FORMAT_ALONE, Some(chain)) => match chain.single_lzma1() {
                Some(options) => Stream::new(|stream| sys::lzma_alone_encoder(stream, options)),
                None => {
                    Err(raise!(ValueError, "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter"))
                }
            },
            (FORMAT_RAW, None) => Err(raise!(ValueError, "Must specify filters for FORMAT_RAW")),
            (FORMAT_RAW, Some(chain)) => Stream::new(|stream| sys::lzma_raw_encoder(stream, chain.as_ptr())),
            (format, _) => Err(raise!(ValueError, "Invalid container format: {format}")),
        }
    }
}

impl Encoder for Stream {
    fn encode(&mut self, mut input: &[u8], finish: bool, out: &mut Output) -> PyResult<()> {
        let action = if finish { sys::LZMA_FINISH } else { sys::LZMA_RUN };
        loop {
            let (start, room) = out.room()?;
            let rest = input;
            // SAFETY: the room is the output's.
            let (used, written, code) =
                working(rest.len().max(room), || unsafe { self.run(rest, start, room, action) });
            // SAFETY: the coder wrote so many.
            unsafe { out.wrote(written) };
            input = &input[used..];
            // Without input and with room left, nothing more can be done, which is no error.
            let idle = code == sys::LZMA_BUF_ERROR && input.is_empty() && written < room;
            if !idle {
                check(code)?;
            }
            let done = if finish { code == sys::LZMA_STREAM_END || idle } else { input.is_empty() && written < room };
            if done {
                return Ok(());
            }
        }
    }
}

#[pytype(name = "LZMACompressor", module = "_lzma", heap, basicsize = 192)]
impl Compressor {
    #[new(signature = "(format=FORMAT_XZ, check=-1, preset=None, filters=None)", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        format: Option<i32>,
        check: i32,
        preset: Option<Borrowed<'_, Object>>,
        filters: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Compressor>> {
        let stream = compressing_stream(format.unwrap_or(FORMAT_XZ), check, given(preset), given(filters))?;
        let this: Ref<Compressor> = support::instance(cls)?;
        this.stream.set(stream);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Compressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).stream.drop();
            memory::dealloc_finish(this);
        }
    }

    #[method(signature = "($self, data, /)")]
    fn compress(this: &Ref<Compressor>, data: BufferArg<'_>) -> PyResult<Ref<Bytes>> {
        this.stream.compress(&data)
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<Compressor>) -> PyResult<Ref<Bytes>> {
        this.stream.flush()
    }
}

/// A decoder, and the check that its data turned out to have.
struct Decoder {
    stream: Stream,
    check: u32,
}

impl Engine for Decoder {
    type Error = lzma_ret;

    const ENDED: &'static str = "Already at end of stream";

    unsafe fn step(&mut self, input: &[u8], output: *mut u8, room: usize) -> Result<Step, lzma_ret> {
        let (mut used, mut written) = (0, 0);
        loop {
            // SAFETY: by contract.
            let (more_used, more_written, code) =
                unsafe { self.stream.run(&input[used..], output.add(written), room - written, sys::LZMA_RUN) };
            used += more_used;
            written += more_written;
            match code {
                // What the check is has become known.
                sys::LZMA_GET_CHECK | sys::LZMA_NO_CHECK => {
                    self.check = self.stream.integrity_check();
                    continue;
                }
                sys::LZMA_OK | sys::LZMA_STREAM_END => {}
                sys::LZMA_BUF_ERROR if used == input.len() || written == room => {}
                code => return Err(code),
            }
            return Ok(Step { used, written, end: code == sys::LZMA_STREAM_END });
        }
    }

    fn raise(&self, error: lzma_ret) -> Raised {
        fault(error)
    }
}

#[repr(C)]
pub struct Decompressor {
    head: PyObject,
    state: Decompressing<Decoder>,
    check: Cell<c_int>,
}

fn decompressing_stream(
    format: i32,
    memlimit: Option<Borrowed<'_, Object>>,
    filters: Option<Borrowed<'_, Object>>,
) -> PyResult<Stream> {
    let mut limit = u64::MAX;
    if let Some(memlimit) = memlimit {
        if format == FORMAT_RAW {
            return Err(raise!(ValueError, "Cannot specify memory limit with FORMAT_RAW"));
        }
        let Some(value) = memlimit.downcast::<Int>() else {
            return Err(raise!(TypeError, "an integer is required"));
        };
        limit = match value.to_u64() {
            Some(limit) => limit,
            None if value.is_negative() => {
                return Err(raise!(OverflowError, "can't convert negative int to unsigned"));
            }
            None => return Err(raise!(OverflowError, "int too big to convert")),
        };
    }
    if format == FORMAT_RAW && filters.is_none() {
        return Err(raise!(ValueError, "Must specify filters for FORMAT_RAW"));
    }
    if format != FORMAT_RAW && filters.is_some() {
        return Err(raise!(ValueError, "Cannot specify filters except with FORMAT_RAW"));
    }
    let chain = filters.map(filter::chain).transpose()?;
    let flags = sys::LZMA_TELL_ANY_CHECK | sys::LZMA_TELL_NO_CHECK;
    // SAFETY: filters live until the coder has read them, which it does at once.
    unsafe {
        match (format, chain) {
            (FORMAT_AUTO, _) => Stream::new(|stream| sys::lzma_auto_decoder(stream, limit, flags)),
            (FORMAT_XZ, _) => Stream::new(|stream| sys::lzma_stream_decoder(stream, limit, flags)),
            (FORMAT_ALONE, _) => Stream::new(|stream| sys::lzma_alone_decoder(stream, limit)),
            (FORMAT_RAW, Some(chain)) => Stream::new(|stream| sys::lzma_raw_decoder(stream, chain.as_ptr())),
            (format, _) => Err(raise!(ValueError, "Invalid container format: {format}")),
        }
    }
}

#[pytype(name = "LZMADecompressor", module = "_lzma", heap, basicsize = 224)]
impl Decompressor {
    #[new(signature = "(format=FORMAT_AUTO, memlimit=None, filters=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        format: Option<i32>,
        memlimit: Option<Borrowed<'_, Object>>,
        filters: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Decompressor>> {
        let format = format.unwrap_or(FORMAT_AUTO);
        let stream = decompressing_stream(format, given(memlimit), given(filters))?;
        let known = format == FORMAT_ALONE || format == FORMAT_RAW;
        let check = if known { sys::LZMA_CHECK_NONE } else { CHECK_UNKNOWN };
        let this: Ref<Decompressor> = support::instance(cls)?;
        this.check.set(check as c_int);
        this.state.set(Decoder { stream, check });
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Decompressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).state.drop();
            memory::dealloc_finish(this);
        }
    }

    #[member(name = "check", kind = T_INT, offset = offset_of!(Decompressor, check), readonly)]
    const _CHECK: () = ();
    #[member(name = "eof", kind = T_BOOL, offset = offset_of!(Decompressor, state.eof), readonly)]
    const _EOF: () = ();
    #[member(name = "needs_input", kind = T_BOOL, offset = offset_of!(Decompressor, state.needs_input), readonly)]
    const _NEEDS_INPUT: () = ();
    #[member(name = "unused_data", kind = T_OBJECT_EX, offset = offset_of!(Decompressor, state.unused_data), readonly)]
    const _UNUSED: () = ();

    #[method(signature = "($self, /, data, max_length=-1)")]
    fn decompress(this: &Ref<Decompressor>, data: BufferArg<'_>, max_length: isize) -> PyResult<Ref<Bytes>> {
        this.state.decompress(&data, max_length, |decoder| this.check.set(decoder.check as c_int))
    }
}

pub struct Lzma;

#[pymodule(name = "_lzma")]
impl Lzma {
    const FORMAT_AUTO: i32 = FORMAT_AUTO;
    const FORMAT_XZ: i32 = FORMAT_XZ;
    const FORMAT_ALONE: i32 = FORMAT_ALONE;
    const FORMAT_RAW: i32 = FORMAT_RAW;
    const CHECK_NONE: u32 = sys::LZMA_CHECK_NONE;
    const CHECK_CRC32: u32 = sys::LZMA_CHECK_CRC32;
    const CHECK_CRC64: u32 = sys::LZMA_CHECK_CRC64;
    const CHECK_SHA256: u32 = sys::LZMA_CHECK_SHA256;
    const CHECK_ID_MAX: u32 = CHECK_ID_MAX;
    const CHECK_UNKNOWN: u32 = CHECK_UNKNOWN;
    const FILTER_LZMA1: u64 = sys::LZMA_FILTER_LZMA1;
    const FILTER_LZMA2: u64 = sys::LZMA_FILTER_LZMA2;
    const FILTER_DELTA: u64 = sys::LZMA_FILTER_DELTA;
    const FILTER_X86: u64 = sys::LZMA_FILTER_X86;
    const FILTER_POWERPC: u64 = sys::LZMA_FILTER_POWERPC;
    const FILTER_IA64: u64 = sys::LZMA_FILTER_IA64;
    const FILTER_ARM: u64 = sys::LZMA_FILTER_ARM;
    const FILTER_ARMTHUMB: u64 = sys::LZMA_FILTER_ARMTHUMB;
    const FILTER_SPARC: u64 = sys::LZMA_FILTER_SPARC;
    const MF_HC3: u32 = sys::LZMA_MF_HC3;
    const MF_HC4: u32 = sys::LZMA_MF_HC4;
    const MF_BT2: u32 = sys::LZMA_MF_BT2;
    const MF_BT3: u32 = sys::LZMA_MF_BT3;
    const MF_BT4: u32 = sys::LZMA_MF_BT4;
    const MODE_FAST: u32 = sys::LZMA_MODE_FAST;
    const MODE_NORMAL: u32 = sys::LZMA_MODE_NORMAL;
    const PRESET_DEFAULT: u32 = PRESET_DEFAULT;
    const PRESET_EXTREME: u32 = sys::LZMA_PRESET_EXTREME;

    #[function(signature = "($module, check_id, /)")]
    fn is_check_supported(check_id: i32) -> bool {
        // SAFETY: any number may be asked about.
        u32::try_from(check_id).is_ok_and(|check| unsafe { sys::lzma_check_is_supported(check) } != 0)
    }

    #[function(signature = "($module, filter, /)")]
    fn _encode_filter_properties(filter: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        let chain = filter::single(filter)?;
        let mut size = 0;
        // SAFETY: a filter with its options.
        check(unsafe { sys::lzma_properties_size(&raw mut size, chain.as_ptr()) })?;
        let mut properties = vec_with_capacity(size as usize)?;
        properties.resize(size as usize, 0);
        // SAFETY: as above, with room for the properties.
        check(unsafe { sys::lzma_properties_encode(chain.as_ptr(), properties.as_mut_ptr()) })?;
        Bytes::from_slice(&properties)
    }

    #[function(signature = "($module, filter_id, encoded_props, /)")]
    fn _decode_filter_properties(filter_id: u64, encoded_props: BufferArg<'_>) -> PyResult<Ref<Dict>> {
        let end = lzma_filter { id: sys::LZMA_VLI_UNKNOWN, options: ptr::null_mut() };
        let mut filters = [lzma_filter { id: filter_id, options: ptr::null_mut() }, end];
        // SAFETY: the library allocates the options, reads them for the dict, and frees them.
        unsafe {
            let code = sys::lzma_properties_decode(
                &raw mut filters[0],
                ptr::null(),
                encoded_props.as_ptr(),
                encoded_props.len(),
            );
            check(code)?;
            let result = filter::specifier(&filters[0]);
            sys::lzma_filters_free(filters.as_mut_ptr(), ptr::null());
            result
        }
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        ERROR.add_to(module)?;
        module.add_type::<Compressor>()?;
        module.add_type::<Decompressor>()
    }
}
