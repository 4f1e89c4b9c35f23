//! The default of pickling and copying: `__reduce_ex__`, `__getstate__`.
//!
//! Protocol 2 and higher make a call of `copyreg.__newobj__`; lower ones are left to `copyreg._reduce_ex`.
//! CPython: `object___reduce_ex__` and what it calls in `Objects/typeobject.c`.

use crate::abi::*;
use crate::prelude::*;
use crate::thread;
use crate::types::builtin_function::CFunction;
use crate::types::dict::instance;
use crate::types::exceptions::AttributeError;

fn copyreg() -> PyResult<Ref<Object>> {
    let interpreter = thread::interpreter();
    if let Some(module) = interpreter.modules_dict()?.get_str(id!("copyreg")) {
        return Ok(module);
    }
    match interpreter.builtins_dict().get_str(id!("__import__")) {
        Some(import) => import.call1(id!("copyreg").upcast()),
        None => Err(raise!(ImportError, "__import__ not found")),
    }
}

#[cold]
fn cannot_pickle(this: &Ref<Object>) -> Raised {
    raise!(TypeError, "cannot pickle '{}' object", this.type_name())
}

pub fn reduce_ex(this: &Ref<Object>, protocol: i32) -> PyResult<Ref<Object>> {
    let Some(reduce) = this.lookup_attr(id!("__reduce__"))? else { return common_reduce(this, protocol) };
    let of_class = this.type_of().as_object().getattr(id!("__reduce__"))?;
    let default = Object::type_object().dict().get_str(id!("__reduce__"));
    if default.is_some_and(|default| default.is(&of_class)) {
        return common_reduce(this, protocol);
    }
    reduce.call0()
}

pub fn common_reduce(this: &Ref<Object>, protocol: i32) -> PyResult<Ref<Object>> {
    if protocol >= 2 {
        return reduce_newobj(this);
    }
    let protocol = Int::from_i64(i64::from(protocol))?;
    copyreg()?.call_method(id!("_reduce_ex"), &[this.borrow(), protocol.as_borrowed()])
}

fn reduce_newobj(this: &Ref<Object>) -> PyResult<Ref<Object>> {
    if this.type_of().tp_new.get().is_none() {
        return Err(cannot_pickle(this));
    }
    let (args, kwargs) = new_arguments(this)?;
    let copyreg = copyreg()?;
    let class = this.type_of().to_owned().into_object();
    let has_args = args.is_some();
    let (function, arguments) = match (args, kwargs) {
        (Some(args), Some(kwargs)) if !kwargs.is_empty() => {
            let arguments = Tuple::from_vec(vec![class, args.into_object(), kwargs.into_object()])?;
            (copyreg.getattr(id!("__newobj_ex__"))?, arguments)
        }
        (args, _) => {
            let mut items = vec![class];
            if let Some(args) = args {
                items.try_extend(args.as_slice())?;
            }
            (copyreg.getattr(id!("__newobj__"))?, Tuple::from_vec(items)?)
        }
    };
    let is_container = this.is_instance_of::<List>() || this.is_instance_of::<Dict>();
    let state = state(this, !(has_args || is_container))?;
    let list_items = if this.is_instance_of::<List>() { this.iter()? } else { none() };
    let dict_items = if this.is_instance_of::<Dict>() { this.call_method(id!("items"), &[])?.iter()? } else { none() };
    Ok(Tuple::from_vec(vec![function, arguments.into_object(), state, list_items, dict_items])?.into_object())
}

/// What `__getnewargs_ex__` or `__getnewargs__` say.
fn new_arguments(this: &Ref<Object>) -> PyResult<(Option<Ref<Tuple>>, Option<Ref<Dict>>)> {
    if let Some(method) = this.lookup_special(id!("__getnewargs_ex__"))? {
        let given = method.call0()?;
        let Some(given) = given.downcast::<Tuple>() else {
            return Err(raise!(TypeError, "__getnewargs_ex__ should return a tuple, not '{}'", given.type_name()));
        };
        if given.len() != 2 {
            return Err(raise!(ValueError, "__getnewargs_ex__ should return a tuple of length 2, not {}", given.len()));
        }
        let (args, kwargs) = (given.get(0), given.get(1));
        let Some(args) = args.downcast::<Tuple>() else {
            return Err(raise!(
                TypeError,
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{}'",
                args.type_name()
            ));
        };
        let Some(kwargs) = kwargs.downcast::<Dict>() else {
            return Err(raise!(
                TypeError,
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{}'",
                kwargs.type_name()
            ));
        };
        return Ok((Some(args.to_owned()), Some(kwargs.to_owned())));
    }
    if let Some(method) = this.lookup_special(id!("__getnewargs__"))? {
        return match method.call0()?.into_downcast::<Tuple>() {
            Ok(args) => Ok((Some(args), None)),
            Err(other) => Err(raise!(TypeError, "__getnewargs__ should return a tuple, not '{}'", other.type_name())),
        };
    }
    Ok((None, None))
}

/// `this.__getstate__()`; the default learns whether the state is all there is.
fn state(this: &Ref<Object>, required: bool) -> PyResult<Ref<Object>> {
    let method = this.getattr(id!("__getstate__"))?;
    let default = Object::type_object().dict().get_str(id!("__getstate__"));
    let is_default = match (method.downcast_exact::<CFunction>(), &default) {
        (Some(function), Some(default)) => function.is_method_of(default, this),
        _ => false,
    };
    if is_default { default_state(this, required) } else { method.call0() }
}

/// The names of all `__slots__` of a class, cached by `copyreg` in `__slotnames__`.
fn slot_names(class: &Ref<Type>) -> PyResult<Option<Ref<List>>> {
    let names = match class.dict().get_str(id!("__slotnames__")) {
        Some(names) => names,
        None => copyreg()?.call_method(id!("_slotnames"), &[class.as_borrowed()])?,
    };
    if names.is_none() {
        return Ok(None);
    }
    match names.into_downcast::<List>() {
        Ok(names) => Ok(Some(names)),
        Err(_) => Err(raise!(TypeError, "copyreg._slotnames didn't return a list or None")),
    }
}

/// The dictionary, or a pair of it and the values of slots.
pub fn default_state(this: &Ref<Object>, required: bool) -> PyResult<Ref<Object>> {
    let class = this.type_of().to_owned();
    if required && class.tp_itemsize.get() != 0 {
        return Err(raise!(TypeError, "cannot pickle {} objects", this.type_name()));
    }
    let mut state = own_dict(this)?.map_or_else(none, Ref::into_object);
    let names = slot_names(&class)?;
    if required {
        // Whatever native fields there are beyond these would be lost.
        let word = size_of::<*mut PyObject>() as isize;
        let mut size = Object::type_object().tp_basicsize.get();
        if class.tp_dictoffset.get() != 0 && !class.has_flag(Py_TPFLAGS_MANAGED_DICT) {
            size += word;
        }
        if class.tp_weaklistoffset.get() > 0 {
            size += word;
        }
        size += word * names.as_ref().map_or(0, |names| names.len()) as isize;
        if class.tp_basicsize.get() > size {
            return Err(cannot_pickle(this));
        }
    }
    let Some(names) = names else { return Ok(state) };
    let slots = Dict::new()?;
    for name in names.try_to_vec()? {
        let value = match this.getattr_object(name.borrow()) {
            Ok(value) => value,
            Err(raised) => {
                raised.clear_if::<AttributeError>()?;
                continue;
            }
        };
        slots.set_item(name.borrow(), value.borrow())?;
    }
    if !slots.is_empty() {
        state = Tuple::from_vec(vec![state, slots.into_object()])?.into_object();
    }
    Ok(state)
}

/// The instance dictionary unless it is empty or there is none.
fn own_dict(this: &Ref<Object>) -> PyResult<Option<Ref<Dict>>> {
    if this.type_of().has_flag(Py_TPFLAGS_MANAGED_DICT) {
        // SAFETY: the flag says so.
        if unsafe { instance::is_instance_dict_empty(this.as_ptr()) } {
            return Ok(None);
        }
        return super::dict::get_dict(this);
    }
    Ok(super::dict::existing(this).filter(|dict| !dict.is_empty()))
}
