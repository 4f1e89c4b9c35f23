//! Filter chains: from dicts, and back.

#![allow(non_camel_case_types, reason = "the names of the C library")]

use core::ffi::c_void;
use core::ptr;

use liblzma_sys as sys;
use liblzma_sys::{lzma_filter, lzma_options_bcj, lzma_options_lzma};
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::KeyError;

use super::ERROR;

pub const PRESET_DEFAULT: u32 = 6;

/// The most filters in a chain.
const FILTERS_MAX: usize = 4;

/// `lzma_options_delta` of the library.
#[repr(C)]
struct lzma_options_delta {
    type_: u32,
    dist: u32,
    reserved: [u32; 4],
    reserved_pointers: [*mut c_void; 2],
}

/// The options of a filter at a place of their own.
enum Options {
    Lzma(Box<lzma_options_lzma>),
    Delta(Box<lzma_options_delta>),
    Bcj(Box<lzma_options_bcj>),
}

/// Filters with their options; the list ends with an unknown filter, as the library wants it.
pub struct Chain {
    filters: Vec<lzma_filter>,
    /// What the pointers of `filters` point to.
    _options: Vec<Options>,
}

impl Chain {
    pub fn as_ptr(&self) -> *const lzma_filter {
        self.filters.as_ptr()
    }

    /// The options of a chain that is a single LZMA1 filter.
    pub fn single_lzma1(&self) -> Option<*const lzma_options_lzma> {
        match &self.filters[..] {
            [filter, _] if filter.id == sys::LZMA_FILTER_LZMA1 => Some(filter.options.cast()),
            _ => None,
        }
    }
}

const END: lzma_filter = lzma_filter { id: sys::LZMA_VLI_UNKNOWN, options: ptr::null_mut() };

/// An int that fits 32 bits.
pub fn to_u32(value: Borrowed<'_, Object>) -> PyResult<u32> {
    let value = value.index()?;
    match value.to_u64() {
        Some(value) => u32::try_from(value).map_err(|_| raise!(OverflowError, "Value too large for uint32_t type")),
        None if value.is_negative() => Err(raise!(ValueError, "Cannot convert negative int")),
        None => Err(raise!(OverflowError, "Python int too large for C uint32_t")),
    }
}

/// The options that belong to a preset.
pub fn preset_options(preset: u32) -> PyResult<Box<lzma_options_lzma>> {
    // SAFETY: a plain C struct of numbers and null pointers.
    let mut options: Box<lzma_options_lzma> = Box::new(unsafe { core::mem::zeroed() });
    // SAFETY: fills the struct.
    if unsafe { sys::lzma_lzma_preset(&raw mut *options, preset) } != 0 {
        return Err(ERROR.raise(format_args!("Invalid compression preset: {preset}")));
    }
    Ok(options)
}

/// Reads the entries of a specifier, each handed to `set` with its name; false from `set` is an entry that does not belong.
fn each_entry(spec: Borrowed<'_, Object>, kind: &str, mut set: impl FnMut(&str, u32) -> bool) -> PyResult<()> {
    let invalid = || raise!(ValueError, "Invalid filter specifier for {kind} filter");
    let Some(dict) = spec.downcast::<Dict>() else { return Err(invalid()) };
    for (name, value) in dict.items_snapshot()? {
        let Some(name) = name.downcast::<Str>() else { return Err(invalid()) };
        if name.eq_str("id") {
            continue;
        }
        let value = match to_u32(value.borrow()) {
            Ok(value) => value,
            Err(raised) => {
                raised.clear();
                return Err(invalid());
            }
        };
        if !set(&name.to_display().to_string(), value) {
            return Err(invalid());
        }
    }
    Ok(())
}

/// The entry `key`, if there is one.
fn entry(spec: Borrowed<'_, Object>, key: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    match spec.get_item(key.upcast()) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => {
            raised.clear_if::<KeyError>()?;
            Ok(None)
        }
    }
}

fn lzma_options(spec: Borrowed<'_, Object>) -> PyResult<Box<lzma_options_lzma>> {
    let preset = match entry(spec, id!("preset"))? {
        Some(preset) => to_u32(preset.borrow())?,
        None => PRESET_DEFAULT,
    };
    let mut options = preset_options(preset)?;
    each_entry(spec, "LZMA", |name, value| {
        match name {
            "preset" => {}
            "dict_size" => options.dict_size = value,
            "lc" => options.lc = value,
            "lp" => options.lp = value,
            "pb" => options.pb = value,
            "mode" => options.mode = value,
            "nice_len" => options.nice_len = value,
            "mf" => options.mf = value,
            "depth" => options.depth = value,
            _ => return false,
        }
        true
    })?;
    Ok(options)
}

fn delta_options(spec: Borrowed<'_, Object>) -> PyResult<Box<lzma_options_delta>> {
    // SAFETY: a plain C struct of numbers and null pointers.
    let mut options: Box<lzma_options_delta> = Box::new(unsafe { core::mem::zeroed() });
    options.type_ = 0;
    options.dist = 1;
    each_entry(spec, "delta", |name, value| {
        options.dist = value;
        name == "dist"
    })?;
    Ok(options)
}

fn bcj_options(spec: Borrowed<'_, Object>) -> PyResult<Box<lzma_options_bcj>> {
    let mut options = Box::new(lzma_options_bcj { start_offset: 0 });
    each_entry(spec, "BCJ", |name, value| {
        options.start_offset = value;
        name == "start_offset"
    })?;
    Ok(options)
}

fn filter_id(spec: Borrowed<'_, Object>) -> PyResult<u64> {
    if !spec.is_mapping() {
        return Err(raise!(TypeError, "Filter specifier must be a dict or dict-like object"));
    }
    let Some(id) = entry(spec, id!("id"))? else {
        return Err(raise!(ValueError, "Filter specifier must have an \"id\" entry"));
    };
    let Some(id) = id.downcast::<Int>() else { return Err(raise!(TypeError, "an integer is required")) };
    match id.to_u64() {
        Some(id) => Ok(id),
        None if id.is_negative() => Err(raise!(OverflowError, "can't convert negative int to unsigned")),
        None => Err(raise!(OverflowError, "int too big to convert")),
    }
}

/// The chain of one specifier, without the end.
fn add_filter(chain: &mut Chain, spec: Borrowed<'_, Object>) -> PyResult<()> {
    let id = filter_id(spec)?;
    let mut options = match id {
        sys::LZMA_FILTER_LZMA1 | sys::LZMA_FILTER_LZMA2 => Options::Lzma(lzma_options(spec)?),
        sys::LZMA_FILTER_DELTA => Options::Delta(delta_options(spec)?),
        sys::LZMA_FILTER_X86
        | sys::LZMA_FILTER_POWERPC
        | sys::LZMA_FILTER_IA64
        | sys::LZMA_FILTER_ARM
        | sys::LZMA_FILTER_ARMTHUMB
        | sys::LZMA_FILTER_SPARC => Options::Bcj(bcj_options(spec)?),
        id => return Err(raise!(ValueError, "Invalid filter ID: {id}")),
    };
    let pointer: *mut c_void = match &mut options {
        Options::Lzma(options) => (&raw mut **options).cast(),
        Options::Delta(options) => (&raw mut **options).cast(),
        Options::Bcj(options) => (&raw mut **options).cast(),
    };
    chain.filters.push(lzma_filter { id, options: pointer });
    chain._options.push(options);
    Ok(())
}

/// The chain of one filter.
pub fn single(spec: Borrowed<'_, Object>) -> PyResult<Chain> {
    let mut chain = Chain { filters: Vec::new(), _options: Vec::new() };
    add_filter(&mut chain, spec)?;
    chain.filters.push(END);
    Ok(chain)
}

/// The chain of a sequence of specifiers.
pub fn chain(specs: Borrowed<'_, Object>) -> PyResult<Chain> {
    let count = specs.len()?;
    if count > FILTERS_MAX {
        return Err(raise!(ValueError, "Too many filters - liblzma supports a maximum of {}", FILTERS_MAX));
    }
    let mut chain = Chain { filters: Vec::new(), _options: Vec::new() };
    for index in 0..count {
        let spec = specs.get_index(index as isize)?;
        add_filter(&mut chain, spec.borrow())?;
    }
    chain.filters.push(END);
    Ok(chain)
}

/// The specifier of a filter that the library decoded.
///
/// # Safety
/// The options are of the kind that the filter's id says, or null.
pub unsafe fn specifier(filter: &lzma_filter) -> PyResult<Ref<Dict>> {
    let dict = Dict::new()?;
    let set = |name: &str, value: u64| -> PyResult<()> {
        dict.set_str(Str::intern_str(name)?.borrow(), Int::from_u64(value)?.as_borrowed())
    };
    set("id", filter.id)?;
    // SAFETY: by contract.
    unsafe {
        match filter.id {
            sys::LZMA_FILTER_LZMA1 => {
                let options = &*filter.options.cast::<lzma_options_lzma>();
                set("lc", options.lc.into())?;
                set("lp", options.lp.into())?;
                set("pb", options.pb.into())?;
                set("dict_size", options.dict_size.into())?;
            }
            sys::LZMA_FILTER_LZMA2 => {
                set("dict_size", (*filter.options.cast::<lzma_options_lzma>()).dict_size.into())?;
            }
            sys::LZMA_FILTER_DELTA => set("dist", (*filter.options.cast::<lzma_options_delta>()).dist.into())?,
            sys::LZMA_FILTER_X86
            | sys::LZMA_FILTER_POWERPC
            | sys::LZMA_FILTER_IA64
            | sys::LZMA_FILTER_ARM
            | sys::LZMA_FILTER_ARMTHUMB
            | sys::LZMA_FILTER_SPARC => {
                if let Some(options) = filter.options.cast::<lzma_options_bcj>().as_ref() {
                    set("start_offset", options.start_offset.into())?;
                }
            }
            id => return Err(raise!(ValueError, "Invalid filter ID: {id}")),
        }
    }
    Ok(dict)
}
