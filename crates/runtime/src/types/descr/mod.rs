//! Descriptors made from the tables of native types: methods, members, computed attributes, slot wrappers.
//!
//! All begin with `PyDescrObject`: the class, the name, and the qualified name once it was asked for.
//! CPython: `Objects/descrobject.c`.

pub mod convention;
pub mod doc;
pub mod getset;
pub mod member;
pub mod method;
pub mod wrapper;

use crate::abi::*;
use crate::memory::object as heap;
use crate::object::header;
use crate::prelude::*;
use crate::thread;
use crate::types::type_::raw::{self, TypePtr};
use crate::types::type_::ready::dotted_name;

pub use getset::GetSetDescr;
pub use member::{MemberDescr, object_slot_offset};
pub use method::{ClassMethodDescr, MethodDescr};
pub use wrapper::{MethodWrapper, WrapperDescr};

/// The interned `str` of a C string of a table.
///
/// # Safety
/// `text` is a C string.
pub unsafe fn intern_c(text: *const c_char) -> PyResult<Ref<Str>> {
    // SAFETY: by contract.
    let text = unsafe { CStr::from_ptr(text) };
    match text.to_str() {
        Ok(text) => Str::intern_str(text),
        Err(_) => Ok(Str::intern(Str::from_utf8_str(&text.to_string_lossy())?)),
    }
}

/// Fills the head of a new descriptor.
///
/// # Safety
/// `descr` is a new, zeroed descriptor that is not tracked yet; `name` is a C string.
unsafe fn init(descr: *mut PyDescrObject, class: Borrowed<'_, Type>, name: *const c_char) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let name = intern_c(name)?;
        (*descr).d_type.set(class.to_owned().into_ptr().cast());
        (*descr).d_name.set(name.into_ptr());
        heap::gc_track(descr.cast());
        Ok(())
    }
}

/// `tp_dealloc` of all descriptors.
///
/// # Safety
/// The descriptor has no count left.
unsafe fn dealloc(descr: *mut PyDescrObject) {
    // SAFETY: by contract.
    unsafe {
        heap::gc_untrack(descr.cast());
        heap::clear_field(&(*descr).d_type);
        heap::clear_field(&(*descr).d_name);
        heap::clear_field(&(*descr).d_qualname);
        heap::free(descr.cast());
    }
}

/// What all descriptors have in common.
trait Common {
    fn head(&self) -> &PyDescrObject;

    fn class(&self) -> TypePtr {
        self.head().d_type.get()
    }

    /// The class's name as messages show it.
    fn class_name(&self) -> String {
        // SAFETY: a descriptor holds its class.
        unsafe { raw::display_name(self.class()) }
    }

    fn name_text(&self) -> String {
        // SAFETY: null or a `str`.
        match unsafe { Borrowed::<Str>::from_ptr_or_null(self.head().d_name.get()) } {
            Some(name) => name.to_display(),
            None => "?".to_owned(),
        }
    }

    /// The name under which the data of docstrings has the descriptor.
    fn dotted(&self) -> String {
        // SAFETY: a descriptor holds its class.
        format!("{}.{}", unsafe { dotted_name(self.class()) }, self.name_text())
    }

    fn applies_to(&self, object: &Ref<Object>) -> bool {
        // SAFETY: live types.
        unsafe { raw::is_subtype_raw(object.type_ptr(), self.class()) }
    }

    /// TypeError unless `object` is an instance of the class.
    fn check(&self, object: &Ref<Object>) -> PyResult<()> {
        if self.applies_to(object) {
            return Ok(());
        }
        Err(raise!(
            TypeError,
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            self.name_text(),
            self.class_name(),
            object.type_name()
        ))
    }

    fn qualname(&self) -> PyResult<Ref<Object>> {
        let head = self.head();
        // SAFETY: the field owns a `str` or is null.
        unsafe {
            if let Some(qualname) = Ref::from_borrowed_ptr_or_null(head.d_qualname.get()) {
                return Ok(qualname);
            }
            let class: Borrowed<'_, Object> = Borrowed::from_ptr(self.class());
            let of_class = class.getattr(id!("__qualname__"))?;
            let Some(of_class) = of_class.downcast::<Str>() else {
                return Err(raise!(TypeError, "<descriptor>.__objclass__.__qualname__ is not a unicode object"));
            };
            let qualname = Str::from_utf8_str(&format!("{}.{}", of_class.to_display(), self.name_text()))?;
            raw::replace(&head.d_qualname, Some(qualname.clone().into_object()));
            Ok(qualname.into_object())
        }
    }

    fn repr_as(&self, kind: &str) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&format!("<{kind} '{}' of '{}' objects>", self.name_text(), self.class_name()))
    }

    fn visit(&self, visit: &mut Visitor) {
        visit.object(self.class());
    }
}

/// `(getattr, (object, name))`: how methods of instances and classes are pickled.
pub fn reduce_as_getattr(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let Some(getattr) = thread::interpreter().builtins_dict().get_str(id!("getattr")) else {
        return Err(raise!(AttributeError, object: id!("getattr").to_owned()));
    };
    let arguments = Tuple::from_slice(&[object, name])?;
    Ok(Tuple::from_vec(vec![getattr, arguments.into_object()])?.into_object())
}

/// A qualified name with parentheses, as messages about calls show functions (`_PyObject_FunctionStr`).
pub fn function_text(function: Borrowed<'_, Object>) -> String {
    let text = || -> PyResult<String> {
        let Some(qualname) = function.lookup_attr(id!("__qualname__"))? else {
            return Ok(function.str()?.to_display());
        };
        let qualname = qualname.str()?.to_display();
        match function.lookup_attr(id!("__module__"))? {
            Some(module) if !module.is_none() => {
                let module = module.str()?.to_display();
                if module != "builtins" {
                    return Ok(format!("{module}.{qualname}()"));
                }
            }
            _ => {}
        }
        Ok(format!("{qualname}()"))
    };
    match text() {
        Ok(text) => text,
        Err(raised) => {
            raised.clear();
            "function()".to_owned()
        }
    }
}

/// Drops a reference that a raw structure holds.
///
/// # Safety
/// The caller owns the count, or the pointer is null.
unsafe fn release(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe { header::xdecref(object) }
}
