//! `memoryview.cast`: other formats and other shapes of the same bytes.

use core::ptr;

use super::{MemoryView, format};
use crate::abi::PyBUF_MAX_NDIM;
use crate::prelude::*;
use crate::types::buffer;

/// The format as a text that lives as long as the process, since views refer to it.
fn static_format(format: &CStr) -> Option<&'static CStr> {
    macro_rules! one_of {
        ($($text:literal)*) => {
            match format.to_bytes_with_nul() {
                $(text if text == $text.to_bytes_with_nul() => Some($text),)*
                _ => None,
            }
        };
    }
    one_of! {
        c"c" c"b" c"B" c"h" c"H" c"i" c"I" c"l" c"L" c"q" c"Q" c"n" c"N" c"f" c"d" c"e" c"?" c"P"
        c"@c" c"@b" c"@B" c"@h" c"@H" c"@i" c"@I" c"@l" c"@L" c"@q" c"@Q" c"@n" c"@N" c"@f" c"@d" c"@e" c"@?" c"@P"
    }
}

pub(super) fn cast(
    this: &Ref<MemoryView>,
    format: Borrowed<'_, Str>,
    shape: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<MemoryView>> {
    this.check_released()?;
    this.check_restricted()?;
    if !this.is_c_contiguous() {
        return Err(raise!(TypeError, "memoryview: casts are restricted to C-contiguous views"));
    }
    if (shape.is_some() || this.ndim() != 1) && this.shape().contains(&0) {
        return Err(raise!(TypeError, "memoryview: cannot cast view with zeros in shape or strides"));
    }
    let shape = match shape {
        None => None,
        Some(shape) if shape.is_instance_of::<List>() || shape.is_instance_of::<Tuple>() => {
            let items = shape.collect_items()?;
            if items.len() > PyBUF_MAX_NDIM as usize {
                return Err(raise!(ValueError, "memoryview: number of dimensions must not exceed {PyBUF_MAX_NDIM}"));
            }
            if this.ndim() != 1 && items.len() != 1 {
                return Err(raise!(TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D"));
            }
            Some(items)
        }
        Some(_) => return Err(raise!(TypeError, "shape must be a list or a tuple")),
    };
    let ndim = shape.as_ref().map_or(1, |shape| shape.len().max(1));
    let view = MemoryView::add_incomplete(&this.managed(), this.buffer(), ndim)?;
    to_one_dimension(&view, this.format(), format)?;
    if let Some(shape) = shape {
        to_shape(&view, &shape)?;
    }
    Ok(view)
}

fn to_one_dimension(view: &Ref<MemoryView>, source: &CStr, format: Borrowed<'_, Str>) -> PyResult<()> {
    let Some((source, _)) = format::native(source) else {
        return Err(raise!(
            ValueError,
            "memoryview: source format must be a native single character format prefixed with an optional '@'"
        ));
    };
    let wanted = Str::to_c_string(&format)?;
    let (Some((target, itemsize)), Some(text)) = (format::native(&wanted), static_format(&wanted)) else {
        return Err(raise!(
            ValueError,
            "memoryview: destination format must be a native single character format prefixed with an optional '@'"
        ));
    };
    if !format::is_byte(source) && !format::is_byte(target) {
        return Err(raise!(TypeError, "memoryview: cannot cast between two non-byte formats"));
    }
    let itemsize = itemsize as isize;
    if view.buffer().len % itemsize != 0 {
        return Err(raise!(TypeError, "memoryview: length is not a multiple of itemsize"));
    }
    // SAFETY: the view is new, with room for one dimension at least.
    unsafe {
        let raw = &mut *view.buffer_mut();
        raw.format = text.as_ptr().cast_mut();
        raw.itemsize = itemsize;
        raw.ndim = 1;
        *raw.shape = raw.len / itemsize;
        *raw.strides = itemsize;
        raw.suboffsets = ptr::null_mut();
    }
    view.update_flags();
    Ok(())
}

fn to_shape(view: &Ref<MemoryView>, shape: &[Ref<Object>]) -> PyResult<()> {
    let mut len = view.buffer().itemsize;
    let mut sizes = vec_with_capacity(shape.len())?;
    for item in shape {
        let Some(int) = item.downcast::<Int>() else {
            return Err(raise!(TypeError, "memoryview.cast(): elements of shape must be integers"));
        };
        let Some(size) = int.to_isize() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
        };
        if size <= 0 {
            return Err(raise!(ValueError, "memoryview.cast(): elements of shape must be integers > 0"));
        }
        len = match len.checked_mul(size) {
            Some(len) => len,
            None => return Err(raise!(ValueError, "memoryview.cast(): product(shape) > SSIZE_MAX")),
        };
        sizes.push(size);
    }
    if view.buffer().len != len {
        return Err(raise!(TypeError, "memoryview: product(shape) * itemsize != buffer size"));
    }
    // SAFETY: the view is new, with room for all dimensions.
    unsafe {
        let raw = &mut *view.buffer_mut();
        raw.ndim = sizes.len() as c_int;
        if sizes.is_empty() {
            raw.shape = ptr::null_mut();
            raw.strides = ptr::null_mut();
        } else {
            raw.shape.copy_from_nonoverlapping(sizes.as_ptr(), sizes.len());
            buffer::fill_contiguous_strides(sizes.len(), raw.shape, raw.strides, raw.itemsize, b'C');
        }
    }
    view.0.flags.set(view.0.flags.get() & !(abi::_Py_MEMORYVIEW_C | abi::_Py_MEMORYVIEW_FORTRAN));
    view.update_flags();
    Ok(())
}
