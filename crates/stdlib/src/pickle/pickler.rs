//! `Pickler` and the proxy of its memo.

use core::cell::{Cell, RefCell};
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::CFunction;

use super::common::{Hook, memo_proxy};
use super::memo::Memo;
use super::save::{Options, Saver};
use super::{STATE, pickling_error};
use crate::support::{self, Place, Slot};

/// What is not visible from Python.
pub struct Inside {
    options: Options,
    memo: RefCell<Memo>,
}

/// `_pickle.Pickler`
#[repr(C)]
pub struct Pickler {
    head: PyObject,
    /// Nothing before `__init__`.
    inside: Place<Inside>,
    write: Slot,
    dispatch_table: Slot,
    /// What was assigned to the attribute of the instance.
    persistent_id: Slot,
    binary: Cell<c_int>,
    fast: Cell<c_int>,
    /// How many calls of `dump` are running, during which the inside must stay.
    running: Cell<usize>,
}

/// `file.write`
pub fn write_method(file: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    match file.lookup_attr(id!("write"))? {
        Some(write) => Ok(write),
        None => Err(raise!(TypeError, "file must have a 'write' attribute")),
    }
}

impl Pickler {
    fn hook(&self) -> Hook<'_> {
        Hook { slot: &self.persistent_id, name: "persistent_id" }
    }

    fn slots(&self) -> [&Slot; 3] {
        [&self.write, &self.dispatch_table, &self.persistent_id]
    }

    #[cold]
    fn not_initialised(this: &Ref<Pickler>) -> Raised {
        let name = this.type_name();
        pickling_error(format_args!("Pickler.__init__() was not called by {name}.__init__()"))
    }

    /// The method of a subclass, or what was assigned; the method of this very class does nothing.
    fn persistent_id_hook(this: &Ref<Pickler>) -> PyResult<Option<Ref<Object>>> {
        if let Some(hook) = this.persistent_id.get() {
            return Ok(Some(hook));
        }
        if this.is_exact::<Pickler>() {
            return Ok(None);
        }
        let hook = this.as_object().lookup_attr(id!("persistent_id"))?;
        Ok(hook.filter(|hook| !is_own_method(hook, this.as_object(), "persistent_id")))
    }
}

/// Whether a method is the built-in one called `name`, bound to `owner`.
pub fn is_own_method(method: &Ref<Object>, owner: &Ref<Object>, name: &str) -> bool {
    method.downcast_exact::<CFunction>().is_some_and(|function| {
        // SAFETY: just checked.
        let this = unsafe { (*method.as_ptr().cast::<abi::PyCFunctionObject>()).m_self.get() };
        function.name_is(name) && this == owner.as_ptr()
    })
}

#[pytype(name = "Pickler", module = "_pickle", gc, basetype, heap, basicsize = 152, generic_new)]
impl Pickler {
    #[slot(tp_getattro)]
    fn getattro(this: &Ref<Pickler>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.hook().getattro(this.as_object(), name)
    }

    #[slot(tp_setattro)]
    fn setattro(this: &Ref<Pickler>, name: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.hook().setattro(this.as_object(), name, value)
    }

    #[init(signature = "(file, protocol=None, fix_imports=True, buffer_callback=None)")]
    fn init(
        this: &Ref<Pickler>,
        file: Borrowed<'_, Object>,
        protocol: Option<Borrowed<'_, Object>>,
        fix_imports: Option<bool>,
        buffer_callback: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let options = Options::new(protocol, fix_imports.unwrap_or(true), buffer_callback)?;
        let write = write_method(file)?;
        let table = this.as_object().lookup_attr(id!("dispatch_table"))?;
        if this.running.get() > 0 {
            return Err(raise!(RuntimeError, "Pickler cannot be initialised while it is pickling"));
        }
        this.binary.set((options.protocol > 0).into());
        this.fast.set(0);
        this.inside.set(Inside { options, memo: RefCell::default() });
        this.write.set(Some(write));
        this.dispatch_table.set(table);
        Ok(())
    }

    #[method(signature = "($self, obj, /)")]
    fn persistent_id(this: &Ref<Pickler>, obj: Borrowed<'_, Object>) {
        let _ = (this, obj);
    }

    #[method(signature = "($self, obj, /)", defining_class)]
    fn dump(this: &Ref<Pickler>, obj: Borrowed<'_, Object>) -> PyResult<()> {
        let (Some(inside), Some(write)) = (this.inside(), this.write.get()) else {
            return Err(Pickler::not_initialised(this));
        };
        if this.running.get() > 0 {
            return Err(raise!(RuntimeError, "Pickler object is already in use"));
        }
        let reducer = this.as_object().lookup_attr(id!("reducer_override"))?;
        let mut saver = Saver::new(&inside.options, &inside.memo, Some(write));
        saver.persistent_id = Pickler::persistent_id_hook(this)?;
        saver.reducer_override = reducer;
        saver.dispatch_table = this.dispatch_table.get();
        saver.fast = this.fast.get() != 0;
        this.running.set(this.running.get() + 1);
        let result = saver.dump(&obj);
        let result = result.and_then(|()| saver.out.finish_file());
        this.running.set(this.running.get() - 1);
        result
    }

    #[method(signature = "($self, /)")]
    fn clear_memo(this: &Ref<Pickler>) {
        Pickler::clear(this);
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Pickler>) -> usize {
        let entries = this.inside().map_or(0, |inside| inside.memo.borrow().len());
        size_of::<Pickler>() + if this.inside().is_some() { size_of::<Inside>() } else { 0 } + entries * 24
    }

    #[getter(name = "memo")]
    fn get_memo(this: &Ref<Pickler>) -> PyResult<Ref<PicklerMemoProxy>> {
        PicklerMemoProxy::of(this)
    }

    #[setter(name = "memo")]
    fn set_memo(this: &Ref<Pickler>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "attribute deletion is not supported")) };
        let mut new = Memo::default();
        if let Some(proxy) = value.downcast_exact::<PicklerMemoProxy>() {
            let other = proxy.target()?;
            let other = Pickler::memo(&other)?.borrow();
            for (number, object) in other.iter() {
                new.insert(object.clone(), number)?;
            }
        } else if let Some(dict) = value.downcast::<Dict>() {
            for (_, pair) in dict.items_snapshot()? {
                let Some(pair) = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
                    return Err(raise!(TypeError, "'memo' values must be 2-item tuples"));
                };
                let number = pair.get(0).as_isize()?;
                new.insert(pair.get(1).to_owned(), usize::try_from(number).unwrap_or(0))?;
            }
        } else {
            return Err(raise!(
                TypeError,
                "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
                value.type_name()
            ));
        }
        let old = Pickler::memo(this)?.replace(new);
        drop(old);
        Ok(())
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Pickler, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
        if let Some(inside) = this.inside() {
            if let Some(callback) = &inside.options.buffer_callback {
                visit.object(callback.as_ptr());
            }
            if let Ok(memo) = inside.memo.try_borrow() {
                for (_, object) in memo.iter() {
                    visit.object(object.as_ptr());
                }
            }
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Pickler>) {
        support::clear(this.slots());
        Pickler::clear(this);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Pickler) {
        // SAFETY: called once, by the last decref, so nothing is running.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).inside.take());
            support::dealloc(this, (*this).slots());
        }
    }

    #[member(name = "bin", kind = Py_T_INT, offset = offset_of!(Pickler, binary))]
    const _BIN: () = ();

    #[member(name = "fast", kind = Py_T_INT, offset = offset_of!(Pickler, fast))]
    const _FAST: () = ();

    #[member(name = "dispatch_table", kind = T_OBJECT_EX, offset = offset_of!(Pickler, dispatch_table))]
    const _TABLE: () = ();
}

memo_proxy! { PicklerMemoProxy "PicklerMemoProxy" of Pickler }

impl PicklerMemoProxy {
    fn to_dict(&self) -> PyResult<Ref<Dict>> {
        let pickler = self.target()?;
        let mut entries: Vec<(usize, Ref<Object>)> = Vec::new();
        {
            let memo = Pickler::memo(&pickler)?.borrow();
            if entries.try_reserve(memo.len()).is_err() {
                return Err(Raised::no_memory());
            }
            entries.extend(memo.iter().map(|(number, object)| (number, object.clone())));
        }
        let dict = Dict::new()?;
        for (number, object) in entries {
            let key = Int::from_usize(object.as_ptr().addr())?;
            let value = Tuple::pack([Int::from_usize(number)?.into_object(), object])?;
            dict.set_item(key.borrow(), value.borrow())?;
        }
        Ok(dict)
    }
}

/// The table of reducers that every pickler without one of its own uses.
pub fn default_table() -> PyResult<Ref<Dict>> {
    super::state_dict(&STATE.dispatch_table)
}
