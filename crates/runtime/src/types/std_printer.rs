//! `stderrprinter`: a file that writes to a descriptor at once, for output before `sys.stdout` exists.
//!
//! CPython: `PyFile_NewStdPrinter` of `Objects/fileobject.c`.

use core::cell::Cell;

use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::codec::utf8;
use crate::types::exceptions::{UnicodeEncodeError, from_last_errno};

/// `PyStdPrinter_Object`.
#[repr(C)]
pub struct StdPrinter {
    ob_base: PyObject,
    fd: Cell<c_int>,
}

impl StdPrinter {
    pub fn new(fd: c_int) -> PyResult<Ref<StdPrinter>> {
        // SAFETY: a new object, zeroed behind its head.
        unsafe {
            let this = crate::memory::object::new::<StdPrinter>()?;
            (*this).fd.set(fd);
            Ok(Ref::from_owned_ptr(this))
        }
    }
}

#[pytype(name = "stderrprinter", export = "PyStdPrinter_Type", disallow_instantiation)]
impl StdPrinter {
    #[slot(tp_repr)]
    fn repr(this: &Ref<StdPrinter>) -> String {
        format!("<stdprinter(fd={}) object at {:p}>", this.fd.get(), this.as_ptr())
    }

    #[method(signature = "($self, text, /)", no_text_signature)]
    fn write(this: &Ref<StdPrinter>, text: Borrowed<'_, Str>) -> PyResult<isize> {
        let bytes = match utf8::encode(&text, "strict") {
            Ok(bytes) => bytes,
            Err(raised) => {
                raised.clear_if::<UnicodeEncodeError>()?;
                utf8::encode(&text, "backslashreplace")?
            }
        };
        let bytes = bytes.as_slice();
        // SAFETY: a descriptor of the process and readable bytes.
        match unsafe { libc::write(this.fd.get(), bytes.as_ptr().cast(), bytes.len()) } {
            ..0 => Err(from_last_errno(None)),
            written => Ok(written),
        }
    }

    #[method(signature = "($self, /)")]
    fn fileno(this: &Ref<StdPrinter>) -> i64 {
        this.fd.get().into()
    }

    #[method(signature = "($self, /)")]
    fn isatty(this: &Ref<StdPrinter>) -> bool {
        // SAFETY: any descriptor may be asked about.
        unsafe { libc::isatty(this.fd.get()) == 1 }
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<StdPrinter>) -> PyResult<()> {
        let _ = this;
        Ok(())
    }

    /// The descriptor is not this object's to close.
    #[method(signature = "($self, /)")]
    fn close(this: &Ref<StdPrinter>) -> PyResult<()> {
        let _ = this;
        Ok(())
    }

    #[getter(name = "closed")]
    fn closed(this: &Ref<StdPrinter>) -> bool {
        let _ = this;
        false
    }

    #[getter(name = "encoding")]
    fn encoding(this: &Ref<StdPrinter>) -> Ref<Object> {
        let _ = this;
        none()
    }

    #[getter(name = "mode")]
    fn mode(this: &Ref<StdPrinter>) -> Ref<Str> {
        let _ = this;
        id!("w").to_owned()
    }
}
