//! `member_descriptor`: attributes that are fields of the C struct, and the fields that `__slots__` makes.
//!
//! CPython: `PyMemberDescr_Type` in `Objects/descrobject.c`, `Python/structmember.c`.

#![expect(non_upper_case_globals, reason = "the names of C in patterns")]

use core::cell::Cell;
use core::mem::offset_of;

use super::{Common, dealloc, doc, init, reduce_as_getattr};
use crate::abi::*;
use crate::memory::object as heap;
use crate::prelude::*;
use crate::types::exceptions::{self, RuntimeWarning};
use crate::types::type_::raw::replace;

/// `member_descriptor` (`PyMemberDescrObject`).
#[repr(transparent)]
pub struct MemberDescr(pub(crate) PyMemberDescrObject);

impl Common for MemberDescr {
    fn head(&self) -> &PyDescrObject {
        &self.0.d_common
    }
}

impl MemberDescr {
    /// # Safety
    /// `def` lives as long as the class.
    pub unsafe fn new(class: Borrowed<'_, Type>, def: *mut PyMemberDef) -> PyResult<Ref<MemberDescr>> {
        // SAFETY: by contract.
        unsafe {
            if (*def).flags & Py_RELATIVE_OFFSET != 0 {
                return Err(raise!(SystemError, "PyDescr_NewMember used with Py_RELATIVE_OFFSET"));
            }
            let descr: Ref<MemberDescr> = Ref::from_owned_ptr(heap::new::<MemberDescr>()?);
            descr.0.d_member.set(def);
            init(descr.as_raw().cast(), class, (*def).name)?;
            Ok(descr)
        }
    }

    fn def(&self) -> &PyMemberDef {
        // SAFETY: the row lives as long as the class, which the descriptor holds.
        unsafe { &*self.0.d_member.get() }
    }
}

/// The offset of the field that a descriptor of `__slots__` has in instances of `ty`; `None` for anything else, such as the
/// descriptor of an unrelated class that stands in the dictionary of `ty`.
pub fn object_slot_offset(found: &Ref<Object>, ty: &Ref<Type>) -> Option<usize> {
    let descr = found.downcast_exact::<MemberDescr>()?;
    // SAFETY: a descriptor holds its class.
    let class: Borrowed<'_, Type> = unsafe { Borrowed::from_ptr(descr.class()) };
    if !ty.is_subtype(&class) {
        return None;
    }
    let def = descr.def();
    if def.r#type == Py_T_OBJECT_EX && def.flags == 0 { usize::try_from(def.offset).ok() } else { None }
}

#[pytype(name = "member_descriptor", export = "PyMemberDescr_Type", gc)]
impl MemberDescr {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MemberDescr) {
        // SAFETY: called once.
        unsafe { dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MemberDescr, visit: &mut Visitor) {
        this.visit(visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<MemberDescr>) -> PyResult<Ref<Str>> {
        this.repr_as("member")
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<MemberDescr>,
        object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let Some(object) = object else { return Ok(this.clone().into_object()) };
        this.check(&object)?;
        // SAFETY: the object is an instance of the class that the row describes.
        unsafe { get_member(object, this.def()) }
    }

    #[slot(tp_descr_set)]
    fn set(this: &Ref<MemberDescr>, object: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.check(&object)?;
        // SAFETY: as above.
        unsafe { set_member(object, this.def(), value) }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<MemberDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: a descriptor holds its class and its name.
        unsafe { reduce_as_getattr(Borrowed::from_ptr(this.class()), Borrowed::from_ptr(this.head().d_name.get())) }
    }

    #[member(name = "__objclass__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_type), readonly)]
    const _OBJCLASS: () = ();
    #[member(name = "__name__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<MemberDescr>) -> PyResult<Ref<Object>> {
        doc::doc_text(c"".as_ptr(), this.def().doc, || this.dotted())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<MemberDescr>) -> PyResult<Ref<Object>> {
        Common::qualname(&**this)
    }
}

unsafe fn name_of<'a>(def: &PyMemberDef) -> std::borrow::Cow<'a, str> {
    // SAFETY: rows have names.
    unsafe { CStr::from_ptr(def.name) }.to_string_lossy()
}

/// Reads a field (`PyMember_GetOne`).
///
/// # Safety
/// `def` describes a field of `object`.
pub unsafe fn get_member(object: Borrowed<'_, Object>, def: &PyMemberDef) -> PyResult<Ref<Object>> {
    // SAFETY: by contract: the field has the type that the row says.
    unsafe {
        let field = object.as_ptr().cast::<u8>().offset(def.offset);
        let int = |value: i64| Ok(Int::from_i64(value)?.into_object());
        let uint = |value: u64| Ok(Int::from_u64(value)?.into_object());
        match def.r#type {
            Py_T_BOOL => Ok(Bool::from(field.read() != 0).into_object()),
            Py_T_BYTE => int(i64::from(field.cast::<i8>().read())),
            Py_T_UBYTE => int(i64::from(field.read())),
            Py_T_SHORT => int(i64::from(field.cast::<i16>().read_unaligned())),
            Py_T_USHORT => int(i64::from(field.cast::<u16>().read_unaligned())),
            Py_T_INT => int(i64::from(field.cast::<i32>().read_unaligned())),
            Py_T_UINT => int(i64::from(field.cast::<u32>().read_unaligned())),
            Py_T_LONG | Py_T_LONGLONG | Py_T_PYSSIZET => int(field.cast::<i64>().read_unaligned()),
            Py_T_ULONG | Py_T_ULONGLONG => uint(field.cast::<u64>().read_unaligned()),
            Py_T_FLOAT => Ok(Float::new(f64::from(field.cast::<f32>().read_unaligned()))?.into_object()),
            Py_T_DOUBLE => Ok(Float::new(field.cast::<f64>().read_unaligned())?.into_object()),
            Py_T_STRING => {
                let text = field.cast::<*const c_char>().read_unaligned();
                if text.is_null() {
                    return Ok(none());
                }
                Ok(Str::from_utf8_str(&CStr::from_ptr(text).to_string_lossy())?.into_object())
            }
            Py_T_STRING_INPLACE => {
                Ok(Str::from_utf8_str(&CStr::from_ptr(field.cast()).to_string_lossy())?.into_object())
            }
            Py_T_CHAR => Ok(Str::from_ucs1(&[field.read()])?.into_object()),
            _Py_T_OBJECT => {
                let value = field.cast::<*mut PyObject>().read();
                Ok(Ref::from_borrowed_ptr_or_null(value).unwrap_or_else(none))
            }
            Py_T_OBJECT_EX => {
                let value = field.cast::<*mut PyObject>().read();
                match Ref::from_borrowed_ptr_or_null(value) {
                    Some(value) => Ok(value),
                    None => {
                        let name = Str::from_utf8_str(&name_of(def))?;
                        let class = object.type_of().full_name()?;
                        let class = class.strip_prefix("__main__.").unwrap_or(&class);
                        let message = format!("'{class}' object has no attribute '{}'", name_of(def));
                        Err(exceptions::raise_attribute_error(&message, object, name.as_borrowed()))
                    }
                }
            }
            _Py_T_NONE => Ok(none()),
            _ => Err(raise!(SystemError, "bad memberdescr type for {}", name_of(def))),
        }
    }
}

fn truncated(what: &str) -> PyResult<()> {
    crate::modules::warnings::warn(RuntimeWarning::type_object(), &format!("Truncation of value to {what}"), 1)
}

/// Writes a field, deletes for `None` (`PyMember_SetOne`).
///
/// # Safety
/// `def` describes a field of `object`.
pub unsafe fn set_member(
    object: Borrowed<'_, Object>,
    def: &PyMemberDef,
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    if def.flags & Py_READONLY != 0 {
        return Err(raise!(AttributeError, "readonly attribute"));
    }
    // SAFETY: by contract: the field has the type that the row says, and owns its object if it is one.
    unsafe {
        let field = object.as_ptr().cast::<u8>().offset(def.offset);
        if matches!(def.r#type, _Py_T_OBJECT | Py_T_OBJECT_EX) {
            let field = &*field.cast::<Cell<*mut PyObject>>();
            if value.is_none() && def.r#type == Py_T_OBJECT_EX && field.get().is_null() {
                return Err(raise!(AttributeError, "{}", name_of(def)));
            }
            replace(field, value.map(|value| value.to_owned()));
            return Ok(());
        }
        if matches!(def.r#type, Py_T_STRING | Py_T_STRING_INPLACE) {
            return Err(raise!(TypeError, "readonly attribute"));
        }
        let Some(value) = value else {
            return Err(raise!(TypeError, "can't delete numeric/char attribute"));
        };
        // A value that does not fit is cut off, with a warning.
        macro_rules! signed {
            ($ty:ty, $what:literal) => {{
                let wide = long_value(&value)?;
                field.cast::<$ty>().write_unaligned(wide as $ty);
                if <$ty>::try_from(wide).is_err() {
                    truncated($what)?;
                }
            }};
        }
        match def.r#type {
            Py_T_BOOL => {
                if !value.is_exact::<Bool>() {
                    return Err(raise!(TypeError, "attribute value type must be bool"));
                }
                field.write(u8::from(value.is_true()?));
            }
            Py_T_BYTE => signed!(i8, "char"),
            Py_T_UBYTE => signed!(u8, "unsigned char"),
            Py_T_SHORT => signed!(i16, "short"),
            Py_T_USHORT => signed!(u16, "unsigned short"),
            Py_T_INT => signed!(i32, "int"),
            Py_T_UINT => {
                let wide = unsigned_value(&value)?;
                field.cast::<u32>().write_unaligned(wide as u32);
                if u32::try_from(wide).is_err() {
                    truncated("unsigned int")?;
                }
            }
            Py_T_LONG | Py_T_LONGLONG => field.cast::<i64>().write_unaligned(long_value(&value)?),
            Py_T_PYSSIZET => {
                let Some(int) = value.downcast::<Int>() else {
                    return Err(raise!(TypeError, "an integer is required"));
                };
                let Some(size) = int.to_isize() else {
                    return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
                };
                field.cast::<isize>().write_unaligned(size);
            }
            Py_T_ULONG | Py_T_ULONGLONG => field.cast::<u64>().write_unaligned(unsigned_value(&value)?),
            Py_T_FLOAT => field.cast::<f32>().write_unaligned(value.as_f64()? as f32),
            Py_T_DOUBLE => field.cast::<f64>().write_unaligned(value.as_f64()?),
            Py_T_CHAR => {
                let byte = value
                    .downcast::<Str>()
                    .and_then(|text| if text.len() == 1 { u8::try_from(text.char_at(0)).ok() } else { None });
                match byte {
                    Some(byte) => field.write(byte),
                    None => {
                        return Err(raise!(TypeError, "This object cannot be converted to a single character"));
                    }
                }
            }
            _ => return Err(raise!(SystemError, "bad memberdescr type for {}", name_of(def))),
        }
        Ok(())
    }
}

/// The value as a C `long`.
fn long_value(value: &Ref<Object>) -> PyResult<i64> {
    match value.index()?.to_i64() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
    }
}

/// The value as a C `unsigned long`; a negative one wraps around, with a warning.
fn unsigned_value(value: &Ref<Object>) -> PyResult<u64> {
    let index = value.index()?;
    if let Some(small) = index.to_i64() {
        if small < 0 {
            crate::modules::warnings::warn(
                RuntimeWarning::type_object(),
                "Writing negative value into unsigned field",
                1,
            )?;
        }
        return Ok(small as u64);
    }
    match index.to_u64() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C unsigned long")),
    }
}
