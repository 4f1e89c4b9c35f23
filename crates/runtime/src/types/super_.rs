//! `super`: attributes of an object as the classes behind one in its MRO have them.
//!
//! [`lookup`] is the same without the proxy, for the engine. CPython: `PySuper_Type` in `Objects/typeobject.c`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use crate::abi::*;
use crate::interp::frame;
use crate::memory::object as heap;
use crate::object::protocol::attr::from_result;
use crate::object::protocol::call;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::thread;
use crate::types::object::generic_getattr;
use crate::types::type_::raw::replace;

/// `super`.
#[repr(C)]
pub struct Super {
    ob_base: PyObject,
    /// `__thisclass__`: the class after which the search begins.
    class: Cell<*mut PyObject>,
    /// `__self__`; null for an unbound one.
    object: Cell<*mut PyObject>,
    /// `__self_class__`: the class whose MRO is searched.
    object_class: Cell<*mut PyObject>,
}

/// The class whose MRO is searched for `object`: the object itself if it is a subclass of `class`, else its class.
fn check(class: &Ref<Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Type>> {
    if let Some(itself) = object.downcast::<Type>()
        && itself.is_subtype(class)
    {
        return Ok(itself.to_owned());
    }
    let own = object.type_of();
    if own.is_subtype(class) {
        return Ok(own.to_owned());
    }
    // A proxy may claim another class.
    if let Some(claimed) = object.lookup_attr(id!("__class__"))?
        && let Ok(claimed) = claimed.into_downcast::<Type>()
        && !claimed.is(&own)
        && claimed.is_subtype(class)
    {
        return Ok(claimed);
    }
    let (kind, name) = match object.downcast::<Type>() {
        Some(itself) => ("type", itself.name()),
        None => ("instance of", object.type_name()),
    };
    Err(raise!(
        TypeError,
        "super(type, obj): obj ({kind} {name}) is not an instance or subtype of type ({}).",
        class.name()
    ))
}

/// The attribute and whether it is a function that `object` has still to be passed to (only where `method` asks for that).
fn search(
    class: &Ref<Type>,
    object: Borrowed<'_, Object>,
    start: &Ref<Type>,
    name: Borrowed<'_, Str>,
    method: bool,
) -> PyResult<Option<(Ref<Object>, bool)>> {
    let Some(mro) = start.mro() else { return Ok(None) };
    let Some(position) = mro.iter().position(|entry| entry.is(class)) else { return Ok(None) };
    for entry in mro.iter().skip(position + 1) {
        // SAFETY: the MRO has types only.
        let entry: &Ref<Type> = unsafe { entry.cast_unchecked() };
        let Some(found) = entry.dict().get_str(name) else { continue };
        let kind = found.type_of();
        if method && kind.has_flag(Py_TPFLAGS_METHOD_DESCRIPTOR) && !object.is(start) {
            return Ok(Some((found, true)));
        }
        let Some(get) = kind.tp_descr_get.get() else { return Ok(Some((found, false))) };
        // Bound to a class, an attribute is looked at as the class's own.
        let instance = if object.is(start) { ptr::null_mut() } else { object.as_ptr() };
        // SAFETY: the slot takes live objects or null.
        let value = unsafe { from_result(get(found.as_ptr(), instance, start.as_ptr()))? };
        return Ok(Some((value, false)));
    }
    Ok(None)
}

/// `super(class, object).name` without the proxy; `None` where the search finds nothing, so that the proxy itself is asked.
/// With `method`, a plain function comes unbound and the flag says so.
pub fn lookup(
    class: Borrowed<'_, Type>,
    object: Borrowed<'_, Object>,
    name: Borrowed<'_, Str>,
    method: bool,
) -> PyResult<Option<(Ref<Object>, bool)>> {
    if name.is(&*id!("__class__")) || name.eq_str("__class__") {
        return Ok(None);
    }
    let start = check(&class, object)?;
    search(&class, object, &start, name, method)
}

impl Super {
    fn class(&self) -> Option<Ref<Type>> {
        // SAFETY: null or an owned type.
        unsafe { Ref::from_borrowed_ptr_or_null(self.class.get()) }
    }

    fn object(&self) -> Option<Ref<Object>> {
        // SAFETY: null or owned.
        unsafe { Ref::from_borrowed_ptr_or_null(self.object.get()) }
    }

    fn object_class(&self) -> Option<Ref<Type>> {
        // SAFETY: null or an owned type.
        unsafe { Ref::from_borrowed_ptr_or_null(self.object_class.get()) }
    }

    /// `__init__` with its arguments told apart.
    fn initialise(&self, args: &[Borrowed<'_, Object>]) -> PyResult<()> {
        if args.len() > 2 {
            return Err(raise!(TypeError, "super() expected at most 2 arguments, got {}", args.len()));
        }
        let (class, object) = match args {
            [] => {
                let (class, object) = from_frame()?;
                (class, Some(object))
            }
            [class, rest @ ..] => {
                let Some(class) = class.downcast::<Type>() else {
                    return Err(raise!(TypeError, "super() argument 1 must be a type, not {}", class.type_name()));
                };
                (
                    class.to_owned(),
                    rest.first().copied().filter(|object| !object.is_none()).map(|object| object.to_owned()),
                )
            }
        };
        let object_class = match &object {
            Some(object) => Some(check(&class, object.borrow())?),
            None => None,
        };
        // SAFETY: the fields own what they hold.
        unsafe {
            replace(&self.class, Some(class.into_object()));
            replace(&self.object, object);
            replace(&self.object_class, object_class.map(Ref::into_object));
        }
        Ok(())
    }
}

/// The class and the first argument of the function that calls `super()`.
fn from_frame() -> PyResult<(Ref<Type>, Ref<Object>)> {
    // SAFETY: the frame runs, and its slots are live.
    unsafe {
        let current = frame::first_complete(thread::current().current_frame.get());
        if current.is_null() {
            return Err(raise!(RuntimeError, "super(): no current frame"));
        }
        let code = &*frame::code(current);
        if code.co_argcount.get() == 0 {
            return Err(raise!(RuntimeError, "super(): no arguments"));
        }
        let slot = *frame::local(current, 0);
        if slot.is_null() {
            return Err(raise!(RuntimeError, "super(): arg[0] deleted"));
        }
        let mut object = slot.to_object()?;
        // The first argument may have moved into a cell that inner functions share.
        let kinds = Borrowed::<Bytes>::from_ptr(code.co_localspluskinds.get());
        if kinds.as_slice().first().is_some_and(|kind| c_int::from(*kind) & CO_FAST_CELL != 0)
            && let Some(cell) = object.downcast_exact::<crate::types::cell::Cell>()
        {
            object = match cell.get() {
                Some(content) => content,
                None => return Err(raise!(RuntimeError, "super(): arg[0] deleted")),
            };
        }
        let names = Borrowed::<Tuple>::from_ptr(code.co_localsplusnames.get());
        let total = code.co_nlocalsplus.get().max(0) as usize;
        let first_free = total - (code.co_nfreevars.get().max(0) as usize).min(total);
        for index in first_free..total {
            let name = names.get(index);
            let name: &Ref<Str> = name.cast_unchecked();
            if !name.eq_str("__class__") {
                continue;
            }
            let slot = *frame::local(current, index);
            if slot.is_null() {
                return Err(raise!(RuntimeError, "super(): bad __class__ cell"));
            }
            let cell = slot.to_object()?;
            let Some(cell) = cell.downcast_exact::<crate::types::cell::Cell>() else {
                return Err(raise!(RuntimeError, "super(): bad __class__ cell"));
            };
            let Some(class) = cell.get() else {
                return Err(raise!(RuntimeError, "super(): empty __class__ cell"));
            };
            return match class.into_downcast::<Type>() {
                Ok(class) => Ok((class, object)),
                Err(other) => Err(raise!(RuntimeError, "super(): __class__ is not a type ({})", other.type_name())),
            };
        }
        Err(raise!(RuntimeError, "super(): __class__ cell not found"))
    }
}

#[pytype(name = "super", export = "PySuper_Type", gc, basetype)]
impl Super {
    #[init(no_text_signature, signature = "($self, /, *args, **kwargs)", raw)]
    fn init(this: &Ref<Super>, args: CallArgs<'_>) -> PyResult<()> {
        if args.keyword_count() != 0 {
            return Err(raise!(TypeError, "super() takes no keyword arguments"));
        }
        this.initialise(args.positional())
    }

    #[slot(tp_vectorcall, raw)]
    const VECTORCALL: vectorcallfunc = super_vectorcall;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Super) {
        // SAFETY: called once; the fields own counts or are null.
        unsafe {
            heap::gc_untrack(this.cast());
            heap::clear_field(&(*this).object);
            heap::clear_field(&(*this).class);
            heap::clear_field(&(*this).object_class);
            heap::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Super, visit: &mut Visitor) {
        visit.object(this.object.get());
        visit.object(this.class.get());
        visit.object(this.object_class.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Super>) -> PyResult<Ref<Str>> {
        let class = this.class().map_or_else(|| "NULL".to_owned(), |class| class.name());
        Str::from_utf8_str(&match this.object_class() {
            Some(object_class) => format!("<super: <class '{class}'>, <{} object>>", object_class.name()),
            None => format!("<super: <class '{class}'>, NULL>"),
        })
    }

    #[slot(tp_getattro)]
    fn getattro(this: &Ref<Super>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let (Some(class), Some(object), Some(start), Some(text)) =
            (this.class(), this.object(), this.object_class(), name.downcast_borrowed::<Str>())
            && !text.eq_str("__class__")
            && let Some((value, _)) = search(&class, object.borrow(), &start, text, false)?
        {
            return Ok(value);
        }
        generic_getattr(this.as_object(), name)
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<Super>,
        object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let object = match object.filter(|object| !object.is_none()) {
            Some(object) if this.object.get().is_null() => object,
            _ => return Ok(this.clone().into_object()),
        };
        let Some(class) = this.class() else { return Ok(this.clone().into_object()) };
        if !this.is_exact::<Super>() {
            let maker = this.type_of().to_owned().into_object();
            return maker.call(&[class.as_borrowed(), object]);
        }
        make(&[class.as_borrowed(), object]).map(Ref::into_object)
    }

    #[member(name = "__thisclass__", kind = _Py_T_OBJECT, offset = offset_of!(Super, class), readonly)]
    const _THISCLASS: () = ();
    #[member(name = "__self__", kind = _Py_T_OBJECT, offset = offset_of!(Super, object), readonly)]
    const _SELF: () = ();
    #[member(name = "__self_class__", kind = _Py_T_OBJECT, offset = offset_of!(Super, object_class), readonly)]
    const _SELFCLASS: () = ();
}

fn make(args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Super>> {
    // SAFETY: a new instance of the exact type.
    let proxy: Ref<Super> = unsafe { Ref::from_owned_ptr(heap::alloc(Super::TYPE, 0)?) };
    proxy.initialise(args)?;
    Ok(proxy)
}

/// `super(...)` without tuple.
unsafe extern "C" fn super_vectorcall(
    class: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: a vectorcall.
    unsafe {
        if class != Super::TYPE.cast() {
            return call::make_tp_call(class, args, nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames);
        }
        let args = CallArgs::from_raw(args, (nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET) as isize, kwnames);
        into_c((|| {
            if args.keyword_count() != 0 {
                return Err(raise!(TypeError, "super() takes no keyword arguments"));
            }
            make(args.positional()).map(Ref::into_object)
        })())
    }
}
