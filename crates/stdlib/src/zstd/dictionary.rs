//! `ZstdDict`, and the functions that make dictionaries.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use zstd_sys as sys;

use super::ERROR;
use crate::compression::working;
use crate::support::{self, Slot};

#[repr(C)]
pub struct ZstdDict {
    head: PyObject,
    /// `bytes`
    content: Slot,
    dict_id: Cell<u32>,
}

impl ZstdDict {
    /// The bytes of the dictionary, which live as long as it does.
    pub fn content(&self) -> &[u8] {
        match support::fixed(&self.content) {
            // SAFETY: only `bytes` are put there, once.
            Some(content) => unsafe {
                let content: Borrowed<'_, Bytes> = content.cast_borrowed_unchecked();
                &*core::ptr::from_ref(content.as_slice())
            },
            None => &[],
        }
    }
}

fn with_kind(this: &Ref<ZstdDict>, kind: i64) -> PyResult<Ref<Tuple>> {
    Tuple::pack([this.as_object().clone(), Int::from_i64(kind)?.into_object()])
}

#[pytype(name = "ZstdDict", module = "compression.zstd", gc, heap, basicsize = 56)]
impl ZstdDict {
    #[slot(tp_traverse)]
    fn traverse(_this: &ZstdDict, _visit: &mut Visitor) {}

    #[new(signature = "(dict_content, /, *, is_raw=False)")]
    fn new(cls: Borrowed<'_, Type>, dict_content: BufferArg<'_>, is_raw: bool) -> PyResult<Ref<ZstdDict>> {
        if dict_content.len() < 8 {
            return Err(raise!(ValueError, "Zstandard dictionary content too short (must have at least eight bytes)"));
        }
        // SAFETY: reads the slice.
        let id = unsafe { sys::ZSTD_getDictID_fromDict(dict_content.as_ptr().cast(), dict_content.len()) };
        if id == 0 && !is_raw {
            return Err(raise!(ValueError, "invalid Zstandard dictionary"));
        }
        let this: Ref<ZstdDict> = support::instance(cls)?;
        this.content.set(Some(Bytes::from_slice(&dict_content)?.into_object()));
        this.dict_id.set(id);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ZstdDict) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop((*this).content.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ZstdDict>) -> String {
        format!("<ZstdDict dict_id={} dict_size={}>", this.dict_id.get(), this.content().len())
    }

    #[slot(sq_length)]
    fn length(this: &Ref<ZstdDict>) -> isize {
        this.content().len() as isize
    }

    #[member(name = "dict_id", kind = T_UINT, offset = offset_of!(ZstdDict, dict_id), readonly)]
    const _DICT_ID: () = ();

    #[getter]
    fn dict_content(this: &Ref<ZstdDict>) -> Option<Ref<Object>> {
        this.content.get()
    }

    #[getter]
    fn as_digested_dict(this: &Ref<ZstdDict>) -> PyResult<Ref<Tuple>> {
        with_kind(this, 0)
    }

    #[getter]
    fn as_undigested_dict(this: &Ref<ZstdDict>) -> PyResult<Ref<Tuple>> {
        with_kind(this, 1)
    }

    #[getter]
    fn as_prefix(this: &Ref<ZstdDict>) -> PyResult<Ref<Tuple>> {
        with_kind(this, 2)
    }
}

/// The sizes of samples that lie behind each other in `samples`.
fn sample_sizes(samples: &[u8], sizes: &Ref<Tuple>, dict_size: isize) -> PyResult<Vec<usize>> {
    if dict_size <= 0 {
        return Err(raise!(ValueError, "dict_size argument should be positive number."));
    }
    let mut result = vec_with_capacity(sizes.len())?;
    let mut total = 0usize;
    for size in sizes.iter() {
        let Some(size) = size.downcast::<Int>() else { return Err(raise!(TypeError, "an integer is required")) };
        let Some(size) = size.to_usize() else {
            return Err(raise!(OverflowError, "can't convert int to size_t"));
        };
        total = total.saturating_add(size);
        result.push(size);
    }
    if total != samples.len() {
        return Err(raise!(ValueError, "The samples size tuple doesn't match the concatenation's size."));
    }
    Ok(result)
}

/// The dictionary that `make` writes into room for it: its length, or an error code.
fn made(dict_size: isize, doing: &str, make: impl FnOnce(*mut u8, usize) -> usize) -> PyResult<Ref<Bytes>> {
    let size = dict_size as usize;
    let mut room: Vec<u8> = vec_with_capacity(size)?;
    room.resize(size, 0);
    let code = working(usize::MAX, || make(room.as_mut_ptr(), size));
    // SAFETY: any number may be asked about; the name is a constant C string.
    unsafe {
        if sys::ZDICT_isError(code) != 0 {
            let name = CStr::from_ptr(sys::ZDICT_getErrorName(code)).to_string_lossy();
            return Err(ERROR.raise(format_args!("{doing}: {name}")));
        }
    }
    Bytes::from_slice(&room[..code.min(size)])
}

pub fn train(samples: &[u8], sizes: &Ref<Tuple>, dict_size: isize) -> PyResult<Ref<Bytes>> {
    let sizes = sample_sizes(samples, sizes, dict_size)?;
    made(dict_size, "Unable to train the Zstandard dictionary", |room, size| {
        // SAFETY: the room and the samples are as large as said.
        unsafe {
            sys::ZDICT_trainFromBuffer(room.cast(), size, samples.as_ptr().cast(), sizes.as_ptr(), sizes.len() as u32)
        }
    })
}

pub fn finalize(
    content: &[u8],
    samples: &[u8],
    sizes: &Ref<Tuple>,
    dict_size: isize,
    level: c_int,
) -> PyResult<Ref<Bytes>> {
    let sizes = sample_sizes(samples, sizes, dict_size)?;
    let parameters = sys::ZDICT_params_t { compressionLevel: level, notificationLevel: 0, dictID: 0 };
    made(dict_size, "Unable to finalize the Zstandard dictionary", |room, size| {
        // SAFETY: as above.
        unsafe {
            sys::ZDICT_finalizeDictionary(
                room.cast(),
                size,
                content.as_ptr().cast(),
                content.len(),
                samples.as_ptr().cast(),
                sizes.as_ptr(),
                sizes.len() as u32,
                parameters,
            )
        }
    })
}
