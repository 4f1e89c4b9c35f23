//! `Unpickler` and the proxy of its memo.

use core::cell::{Cell, RefCell};

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;

use super::common::{Hook, memo_proxy};
use super::input::Input;
use super::load::{self, Loader, Memo, Options};
use super::unpickling_error;
use crate::support::{self, Place, Slot};

/// What is not visible from Python.
struct Inside {
    options: Options,
    memo: RefCell<Memo>,
    /// Of the pickle that is being read: `find_class` depends on it.
    protocol: Cell<i32>,
}

/// `_pickle.Unpickler`
#[repr(C)]
pub struct Unpickler {
    head: PyObject,
    /// Nothing before `__init__`.
    inside: Place<Inside>,
    read: Slot,
    readline: Slot,
    readinto: Slot,
    /// What was assigned to the attribute of the instance.
    persistent_load: Slot,
    /// How many calls of `load` are running, during which the inside must stay.
    running: Cell<usize>,
}

impl Unpickler {
    fn hook(&self) -> Hook<'_> {
        Hook { slot: &self.persistent_load, name: "persistent_load" }
    }

    fn slots(&self) -> [&Slot; 4] {
        [&self.read, &self.readline, &self.readinto, &self.persistent_load]
    }

    pub fn set_protocol(&self, protocol: i32) {
        if let Some(inside) = self.inside() {
            inside.protocol.set(protocol);
        }
    }

    /// Whether methods have to be asked by name: those of our own class are known.
    pub fn is_custom(&self) -> bool {
        self.head.ob_type.get() != Unpickler::TYPE || self.persistent_load.is_set()
    }

    #[cold]
    fn not_initialised(this: &Ref<Unpickler>) -> Raised {
        let name = this.type_name();
        unpickling_error(format_args!("Unpickler.__init__() was not called by {name}.__init__()"))
    }
}

#[pytype(name = "Unpickler", module = "_pickle", gc, basetype, heap, basicsize = 296, generic_new)]
impl Unpickler {
    #[slot(tp_getattro)]
    fn getattro(this: &Ref<Unpickler>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.hook().getattro(this.as_object(), name)
    }

    #[slot(tp_setattro)]
    fn setattro(
        this: &Ref<Unpickler>,
        name: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        this.hook().setattro(this.as_object(), name, value)
    }

    #[init(signature = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")]
    fn init(
        this: &Ref<Unpickler>,
        file: Borrowed<'_, Object>,
        fix_imports: Option<bool>,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let readinto = file.lookup_attr(id!("readinto"))?;
        let (Some(read), Some(readline)) = (file.lookup_attr(id!("read"))?, file.lookup_attr(id!("readline"))?) else {
            return Err(raise!(TypeError, "file must have 'read' and 'readline' attributes"));
        };
        let options = Options::new(fix_imports, encoding, errors, buffers)?;
        if this.running.get() > 0 {
            return Err(raise!(RuntimeError, "Unpickler cannot be initialised while it is unpickling"));
        }
        this.inside.set(Inside { options, memo: RefCell::default(), protocol: Cell::new(0) });
        this.read.set(Some(read));
        this.readline.set(Some(readline));
        this.readinto.set(readinto);
        Ok(())
    }

    #[method(signature = "($self, pid, /)", defining_class)]
    fn persistent_load(this: &Ref<Unpickler>, pid: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, pid);
        Err(unpickling_error(format_args!(
            "A load persistent id instruction was encountered, but no persistent_load function was specified."
        )))
    }

    #[method(signature = "($self, /)", defining_class)]
    fn load(this: &Ref<Unpickler>) -> PyResult<Ref<Object>> {
        let (Some(inside), Some(read), Some(readline)) = (this.inside(), this.read.get(), this.readline.get()) else {
            return Err(Unpickler::not_initialised(this));
        };
        if this.running.get() > 0 {
            return Err(raise!(RuntimeError, "Unpickler object is already in use"));
        }
        inside.protocol.set(0);
        let input = Input::from_methods(read, readline, this.readinto.get());
        this.running.set(this.running.get() + 1);
        let result = Loader::new(&inside.options, &inside.memo, input, Some(this)).load();
        this.running.set(this.running.get() - 1);
        result
    }

    #[method(signature = "($self, module_name, global_name, /)", defining_class)]
    fn find_class(
        this: &Ref<Unpickler>,
        module_name: Borrowed<'_, Object>,
        global_name: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        let text = |object: Borrowed<'_, Object>| match object.downcast::<Str>() {
            Some(text) => Ok(text.to_owned()),
            None => Err(raise!(TypeError, "attribute name must be string, not '{}'", object.type_name())),
        };
        let (protocol, fix_imports) =
            this.inside().map_or((0, true), |inside| (inside.protocol.get(), inside.options.fix_imports));
        load::find_class(&text(module_name)?, &text(global_name)?, protocol, fix_imports)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Unpickler>) -> usize {
        let entries = this.inside().map_or(0, |inside| inside.memo.borrow().capacity());
        let inside = if this.inside().is_some() { size_of::<Inside>() } else { 0 };
        size_of::<Unpickler>() + inside + entries * size_of::<usize>()
    }

    #[getter(name = "memo")]
    fn get_memo(this: &Ref<Unpickler>) -> PyResult<Ref<UnpicklerMemoProxy>> {
        UnpicklerMemoProxy::of(this)
    }

    #[setter(name = "memo")]
    fn set_memo(this: &Ref<Unpickler>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "attribute deletion is not supported")) };
        let mut new = Memo::new();
        if let Some(proxy) = value.downcast_exact::<UnpicklerMemoProxy>() {
            let other = proxy.target()?;
            let other = Unpickler::memo(&other)?.borrow();
            if new.try_reserve(other.len()).is_err() {
                return Err(Raised::no_memory());
            }
            new.extend(other.iter().cloned());
        } else if let Some(dict) = value.downcast::<Dict>() {
            for (key, object) in dict.items_snapshot()? {
                let Some(key) = key.downcast::<Int>() else {
                    return Err(raise!(TypeError, "memo key must be integers"));
                };
                let Some(number) = key.to_isize() else {
                    return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
                };
                let Ok(number) = usize::try_from(number) else {
                    return Err(raise!(ValueError, "memo key must be positive integers."));
                };
                load::put(&mut new, number, object)?;
            }
        } else {
            return Err(raise!(
                TypeError,
                "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
                value.type_name()
            ));
        }
        let old = Unpickler::memo(this)?.replace(new);
        drop(old);
        Ok(())
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Unpickler, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
        if let Some(inside) = this.inside() {
            if let Some(buffers) = &inside.options.buffers {
                visit.object(buffers.as_ptr());
            }
            if let Ok(memo) = inside.memo.try_borrow() {
                for object in memo.iter().flatten() {
                    visit.object(object.as_ptr());
                }
            }
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Unpickler>) {
        support::clear(this.slots());
        Unpickler::clear(this);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Unpickler) {
        // SAFETY: called once, by the last decref, so nothing is running.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).inside.take());
            support::dealloc(this, (*this).slots());
        }
    }
}

memo_proxy! { UnpicklerMemoProxy "UnpicklerMemoProxy" of Unpickler }

impl UnpicklerMemoProxy {
    fn to_dict(&self) -> PyResult<Ref<Dict>> {
        let unpickler = self.target()?;
        let memo: Memo = Unpickler::memo(&unpickler)?.borrow().clone();
        let dict = Dict::new()?;
        for (number, object) in memo.iter().enumerate() {
            if let Some(object) = object {
                dict.set_item(Int::from_usize(number)?.borrow(), object.borrow())?;
            }
        }
        Ok(dict)
    }
}
