//! Struct sequences: tuples whose items have names too, such as `time.struct_time` and `sys.flags`.
//!
//! An instance is a tuple with its visible fields as items; hidden fields stand behind them in the same array. The
//! first fields need not have names. A type is made at run time from a table of names; all of them share the functions
//! of [`StructSeq`], whose own type object is a template that no instance has.
//! CPython: `Objects/structseq.c`.

use core::cell::Cell;
use core::ffi::c_char;
use core::mem::offset_of;
use core::ptr;

use crate::abi::{
    _Py_T_OBJECT, _Py_TPFLAGS_STATIC_BUILTIN, Py_READONLY, Py_TPFLAGS_DEFAULT, Py_TPFLAGS_DISALLOW_INSTANTIATION,
    Py_TPFLAGS_HAVE_GC, Py_TPFLAGS_IMMUTABLETYPE, PyMemberDef, PyObject, PyStructSequence_Desc, PyTupleObject,
    PyTypeObject, PyVarObject,
};
use crate::memory::object as memory;
use crate::object::args::ArgSpec;
use crate::object::header;
use crate::prelude::*;
use crate::types::str::StrBuilder;
use crate::types::type_::static_heap;

/// A struct sequence of any type.
#[repr(transparent)]
pub struct StructSeq(pub PyTupleObject);

/// Where the items of a tuple begin.
const ITEMS: usize = offset_of!(PyTupleObject, ob_item);
const ITEM: usize = size_of::<*mut PyObject>();

/// What a type is made from.
#[derive(Clone, Copy)]
pub struct Definition<'a> {
    /// With the module: `time.struct_time`.
    pub name: &'a str,
    /// The names of all fields, visible ones first; an empty name for a field without one.
    pub fields: &'a [&'a str],
    /// How many fields are items of the tuple.
    pub visible: usize,
    /// Whether Python code can make instances.
    pub instantiable: bool,
    /// Whether attributes of the type can be set.
    pub mutable: bool,
    /// A heap type, as outside `sys`.
    pub heap: bool,
}

/// A new type of `fields` of which the first `visible` are items. Python code can make instances.
pub fn new_class(name: &str, fields: &[&str], visible: usize) -> PyResult<Ref<Type>> {
    define_type(&Definition { name, fields, visible, instantiable: true, mutable: true, heap: true })
}

/// The same as a static type, as those of `sys` are.
pub fn new_static_class(name: &str, fields: &[&str], visible: usize) -> PyResult<Ref<Type>> {
    define_type(&Definition { name, fields, visible, instantiable: true, mutable: false, heap: false })
}

pub use {instance as new, new_class as define};

/// Makes a new type one whose instances the runtime alone makes: `sys.flags`, `sys.version_info`.
pub fn forbid_instances(class: &Ref<Type>) {
    class.tp_new.set(None);
    class.tp_flags.set(class.tp_flags.get() | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE);
    // What `ready` made of `tp_new`. An error leaves a method that refuses to work.
    if let Err(raised) = class.dict().pop(id!("__new__")) {
        raised.clear();
    }
    class.modified();
}

/// A new type. It lives as long as the process.
pub fn define_type(definition: &Definition<'_>) -> PyResult<Ref<Type>> {
    let text = |text: &str| -> PyResult<*const c_char> {
        match std::ffi::CString::new(text) {
            Ok(text) => Ok(text.into_raw().cast_const()),
            Err(_) => Err(raise!(ValueError, "embedded null character")),
        }
    };
    let name = text(definition.name)?;
    let mut fields = Vec::new();
    for &field in definition.fields {
        fields.push(if field.is_empty() { ptr::null() } else { text(field)? });
    }
    let ty: *mut PyTypeObject = if definition.heap {
        static_heap::leak()
    } else {
        Box::leak(Box::new(PyTypeObject { ob_base: PyVarObject::immortal(Type::TYPE, 0), ..PyTypeObject::ZERO }))
    };
    let mut flags = if definition.heap { 0 } else { _Py_TPFLAGS_STATIC_BUILTIN };
    if !definition.instantiable {
        flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
    }
    if !definition.mutable {
        flags |= Py_TPFLAGS_IMMUTABLETYPE;
    }
    // SAFETY: the type object is new, and the names are leaked.
    unsafe {
        // Its docstring is found by its name, as that of other types of ours.
        init_type(ty, name, ptr::null(), &fields, definition.visible, flags)?;
        Ok(Ref::from_borrowed_ptr(ty))
    }
}

/// `PyStructSequence_NewType` and `PyStructSequence_InitType2`: fills and readies the type object at `ty`, or a new one
/// when that is null.
///
/// # Safety
/// `desc` points to a description as C gives it; `ty` is null or a type object that nobody uses yet. Names and type
/// object outlive everything.
pub unsafe fn init_from_desc(ty: *mut PyTypeObject, desc: *const PyStructSequence_Desc) -> PyResult<Ref<Type>> {
    // SAFETY: by contract.
    unsafe {
        let desc = &*desc;
        let unnamed = unnamed_name();
        let mut fields = Vec::new();
        let mut field = desc.fields;
        while !(*field).name.is_null() {
            fields.push(if ptr::eq((*field).name, unnamed) { ptr::null() } else { (*field).name });
            field = field.add(1);
        }
        let ty = if ty.is_null() { static_heap::leak() } else { ty };
        init_type(ty, desc.name, desc.doc, &fields, desc.n_in_sequence.max(0) as usize, 0)?;
        Ok(Ref::from_borrowed_ptr(ty))
    }
}

/// A C string in a static.
#[repr(transparent)]
pub struct StaticName(*const c_char);

// SAFETY: constant.
unsafe impl Sync for StaticName {}

/// The name, compared by address, of fields without one.
#[unsafe(no_mangle)]
pub static PyStructSequence_UnnamedField: StaticName = StaticName(c"unnamed field".as_ptr());

pub fn unnamed_name() -> *const c_char {
    PyStructSequence_UnnamedField.0
}

/// # Safety
/// The type object is unused; names are null or C strings; all outlive everything.
unsafe fn init_type(
    ty: *mut PyTypeObject,
    name: *const c_char,
    doc: *const c_char,
    fields: &[*const c_char],
    visible: usize,
    flags: u64,
) -> PyResult<()> {
    if visible > fields.len() {
        return Err(raise!(SystemError, "more visible fields than fields"));
    }
    // SAFETY: by contract; the template is a static.
    unsafe {
        let template = &*StructSeq::TYPE;
        let ty = &*ty;
        let mut members: Vec<PyMemberDef> = Vec::new();
        for (index, &field) in fields.iter().enumerate().filter(|(_, field)| !field.is_null()) {
            members.push(PyMemberDef {
                name: field,
                r#type: _Py_T_OBJECT,
                offset: (ITEMS + index * ITEM) as isize,
                flags: Py_READONLY,
                doc: ptr::null(),
            });
        }
        let named = members.len();
        members.push(PyMemberDef::ZERO);
        ty.tp_name.set(name);
        ty.tp_doc.set(doc);
        ty.tp_basicsize.set((ITEMS + (fields.len() - visible) * ITEM) as isize);
        ty.tp_itemsize.set(ITEM as isize);
        ty.tp_flags.set(ty.tp_flags.get() | Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | flags);
        ty.tp_base.set(Tuple::TYPE);
        ty.tp_members.set(Box::leak(members.into_boxed_slice()).as_mut_ptr());
        ty.tp_methods.set(template.tp_methods.get());
        ty.tp_dealloc.set(template.tp_dealloc.get());
        ty.tp_traverse.set(template.tp_traverse.get());
        ty.tp_repr.set(template.tp_repr.get());
        if flags & Py_TPFLAGS_DISALLOW_INSTANTIATION == 0 {
            ty.tp_new.set(template.tp_new.get());
        }
        // The numbers are put in once the type can be used; until then the type is not out.
        let pointer: *mut PyTypeObject = (&raw const *ty).cast_mut();
        crate::types::type_::ready(pointer)?;
        let class: Borrowed<'_, Type> = Borrowed::from_ptr(pointer);
        let dict = class.dict();
        let unnamed = fields.len() - named;
        for (key, value) in
            [(id!("n_sequence_fields"), visible), (id!("n_fields"), fields.len()), (id!("n_unnamed_fields"), unnamed)]
        {
            dict.set_str(key, Int::from_usize(value)?.borrow())?;
        }
        let mut match_args = Vec::new();
        for &field in fields[..visible].iter().filter(|field| !field.is_null()) {
            match_args.push(Str::intern_str(&CStr::from_ptr(field).to_string_lossy())?.into_object());
        }
        dict.set_str(id!("__match_args__"), Tuple::from_vec(match_args)?.borrow())?;
        class.modified();
        Ok(())
    }
}

/// How many fields instances of the type have, hidden ones included.
fn hidden_count(ty: &PyTypeObject) -> usize {
    (ty.tp_basicsize.get() as usize).saturating_sub(ITEMS) / ITEM
}

/// A number that `init_type` has put into the type's dict.
fn number(class: &Ref<Type>, key: Borrowed<'static, Str>) -> PyResult<usize> {
    let value = class.dict().get_str(key);
    match value.as_ref().and_then(|value| value.downcast::<Int>()).and_then(|value| value.to_i64()) {
        Some(value) if value >= 0 => Ok(value as usize),
        _ => Err(raise!(TypeError, "Missed attribute '{}' of type {}", key.to_display(), class.name())),
    }
}

/// The name of the named field at `index`, counted among these.
fn member_name(class: &Ref<Type>, index: usize) -> PyResult<Ref<Str>> {
    // SAFETY: the table ends with a row without a name, and callers count no further.
    let name = unsafe { (*class.tp_members.get().add(index)).name };
    if name.is_null() {
        return Err(raise!(SystemError, "In structseq_repr(), member {index} name is NULL for type {}", class.name()));
    }
    // SAFETY: a C string.
    Str::from_utf8_str(&unsafe { CStr::from_ptr(name) }.to_string_lossy())
}

/// An instance without values (`PyStructSequence_New`): the caller writes all of them with [`set_item_raw`].
pub fn new_raw(class: &Ref<Type>) -> PyResult<Ref<StructSeq>> {
    let visible = number(class, id!("n_sequence_fields"))?;
    // SAFETY: the type is one of ours: its items stand at the end of the tuple.
    unsafe {
        let object = memory::alloc_untracked(class.as_raw().cast(), visible as isize)?;
        let tuple = object.cast::<PyTupleObject>();
        (*tuple).ob_hash.set(-1);
        memory::gc_track(object);
        Ok(Ref::from_owned_ptr(object))
    }
}

/// An instance with the values of all fields, in order; None for those that are missing.
pub fn instance(class: &Ref<Type>, values: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
    let this = new_raw(class)?;
    let count = this.field_count();
    if values.len() > count {
        return Err(raise!(SystemError, "more values than fields"));
    }
    let mut values = values.into_iter();
    for index in 0..count {
        this.set(index, values.next().unwrap_or_else(none));
    }
    Ok(this.into_object())
}

impl Ref<StructSeq> {
    /// How many fields there are, hidden ones included.
    pub fn field_count(&self) -> usize {
        self.0.ob_base.ob_size.get() as usize + hidden_count(&self.type_of())
    }

    fn place(&self, index: usize) -> &Cell<*mut PyObject> {
        debug_assert!(index < self.field_count());
        // SAFETY: instances have room for all fields behind the head; callers stay inside.
        unsafe { &*self.as_ptr().byte_add(ITEMS).cast::<Cell<*mut PyObject>>().add(index) }
    }

    /// The field at `index`, hidden ones counted on; `None` when there is none, or it is not written yet.
    pub fn get(&self, index: usize) -> Option<Borrowed<'_, Object>> {
        if index >= self.field_count() {
            return None;
        }
        // SAFETY: null or a live object.
        unsafe { Borrowed::from_ptr_or_null(self.place(index).get()) }
    }

    /// Writes a field of an instance that is being made.
    pub fn set(&self, index: usize, value: Ref<Object>) {
        if index < self.field_count() {
            let old = self.place(index).replace(value.into_ptr());
            // SAFETY: the field owned it.
            unsafe { header::xdecref(old) };
        }
    }

    /// The visible fields as a tuple.
    fn to_plain_tuple(&self) -> PyResult<Ref<Tuple>> {
        // SAFETY: an instance begins with a tuple.
        unsafe { self.cast_unchecked::<Tuple>() }.slice_exact()
    }
}

static NEW: ArgSpec = ArgSpec::plain("structseq", &["sequence", "dict"], 1);

#[pytype(name = "structseq", base = Tuple, gc, basicsize = ITEMS, itemsize = ITEM)]
impl StructSeq {
    #[new(raw)]
    fn create(class: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [sequence, dict] = args.unpack::<2>(&NEW)?;
        let Some(sequence) = sequence else { return Err(raise!(SystemError, "no sequence")) };
        let visible = number(&class, id!("n_sequence_fields"))?;
        let total = number(&class, id!("n_fields"))?;
        let unnamed = number(&class, id!("n_unnamed_fields"))?;
        let items = sequence.to_fast_sequence("constructor requires a sequence")?.collect_items()?;
        let dict = match dict {
            None => None,
            Some(dict) => match dict.downcast_borrowed::<Dict>() {
                Some(dict) => Some(dict),
                None => {
                    return Err(raise!(TypeError, "{}() takes a dict as second arg, if any", full_name(&class)));
                }
            },
        };
        let given = items.len();
        if given < visible || given > total {
            let quantity = match () {
                () if visible == total => "a",
                () if given < visible => "an at least",
                () => "an at most",
            };
            let wanted = if given < visible { visible } else { total };
            return Err(raise!(
                TypeError,
                "{}() takes {quantity} {wanted}-sequence ({given}-sequence given)",
                full_name(&class)
            ));
        }
        let this = new_raw(&class)?;
        for (index, item) in items.into_iter().enumerate() {
            this.set(index, item);
        }
        let mut used = 0;
        for index in given..total {
            let value = match dict {
                Some(dict) => dict.get(member_name(&class, index - unnamed)?.borrow())?,
                None => None,
            };
            used += usize::from(value.is_some());
            this.set(index, value.unwrap_or_else(none));
        }
        if dict.is_some_and(|dict| dict.len() > used) {
            return Err(raise!(TypeError, "{}() got duplicate or unexpected field name(s)", full_name(&class)));
        }
        Ok(this.into_object())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut StructSeq) {
        // SAFETY: called once, by the last decref; the fields stand in one array.
        unsafe {
            memory::gc_untrack(this.cast());
            let ty = (*this).0.ob_base.ob_base.ob_type.get();
            let count = (*this).0.ob_base.ob_size.get() as usize + hidden_count(&*ty);
            let items = this.byte_add(ITEMS).cast::<*mut PyObject>();
            for index in 0..count {
                header::xdecref(*items.add(index));
            }
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &StructSeq, visit: &mut Visitor) {
        // SAFETY: the fields stand in one array, null where they are not written yet.
        unsafe {
            let ty = this.0.ob_base.ob_base.ob_type.get();
            let count = this.0.ob_base.ob_size.get() as usize + hidden_count(&*ty);
            let items = (&raw const *this).byte_add(ITEMS).cast::<*mut PyObject>();
            for index in 0..count {
                visit.object(*items.add(index));
            }
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<StructSeq>) -> PyResult<Ref<Str>> {
        let class = this.type_of();
        let mut text = StrBuilder::new();
        text.push_str(&full_name(&class))?;
        text.push_str("(")?;
        for index in 0..this.0.ob_base.ob_size.get() as usize {
            if index > 0 {
                text.push_str(", ")?;
            }
            text.push_object(&member_name(&class, index)?)?;
            text.push_str("=")?;
            if let Some(value) = this.get(index) {
                text.push_object(&value.repr()?)?;
            }
        }
        text.push_str(")")?;
        text.finish()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<StructSeq>) -> PyResult<Ref<Tuple>> {
        let class = this.type_of();
        let visible = this.0.ob_base.ob_size.get() as usize;
        let unnamed = number(&class, id!("n_unnamed_fields"))?;
        let hidden = Dict::new()?;
        for index in visible..this.field_count() {
            if let Some(value) = this.get(index) {
                hidden.set_item(member_name(&class, index - unnamed)?.borrow(), value)?;
            }
        }
        let parts = Tuple::pack([this.to_plain_tuple()?.into_object(), hidden.into_object()])?;
        Tuple::pack([class.upcast().to_owned(), parts.into_object()])
    }

    #[method(raw, name = "__replace__", signature = "($self, /, **changes)")]
    fn replace(this: &Ref<StructSeq>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let class = this.type_of();
        if args.nargs() > 0 {
            return Err(raise!(TypeError, "__replace__() takes no positional arguments"));
        }
        if number(&class, id!("n_unnamed_fields"))? > 0 {
            return Err(raise!(
                TypeError,
                "__replace__() is not supported for {} because it has unnamed field(s)",
                full_name(&class)
            ));
        }
        let changes = args.keywords().to_dict()?;
        let copy = new_raw(&class)?;
        for index in 0..this.field_count() {
            let changed = changes.pop(member_name(&class, index)?.borrow())?;
            let value = changed.or_else(|| this.get(index).map(|item| item.to_owned())).unwrap_or_else(none);
            copy.set(index, value);
        }
        if !changes.is_empty() {
            let names = changes.keys_list()?;
            return Err(raise!(TypeError, "Got unexpected field name(s): {}", names.as_object().repr()?.to_display()));
        }
        Ok(copy.into_object())
    }
}

/// `tp_name`, the module included.
fn full_name(class: &Ref<Type>) -> String {
    // SAFETY: a type has a name.
    unsafe { CStr::from_ptr(class.tp_name.get()) }.to_string_lossy().into_owned()
}
