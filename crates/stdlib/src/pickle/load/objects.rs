//! Filling containers, making instances, finding classes.

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

use super::super::reduce::{dotted_path, import};
use super::super::{STATE, lookup, state_dict, unpickling_error};
use super::Loader;

impl Loader<'_> {
    // ---- containers ----

    pub(super) fn load_short_tuple(&mut self, count: usize) -> PyResult<()> {
        if self.stack.len() < self.fence + count {
            return Err(self.underflow());
        }
        let tuple = self.pop_tuple(self.stack.len() - count)?;
        self.push(tuple)
    }

    pub(super) fn load_dict(&mut self) -> PyResult<()> {
        let items = self.pop_items()?;
        if items.len() % 2 != 0 {
            return Err(unpickling_error(format_args!("odd number of items for DICT")));
        }
        let dict = Dict::new()?;
        for pair in items.chunks_exact(2) {
            dict.set_item(pair[0].borrow(), pair[1].borrow())?;
        }
        self.push(dict)
    }

    /// The object below the items that start at `start`.
    pub(super) fn container(&self, start: usize) -> PyResult<Ref<Object>> {
        match start.checked_sub(1).and_then(|below| self.stack.get(below)) {
            Some(object) if start <= self.stack.len() && start > self.fence => Ok(object.clone()),
            _ => Err(self.underflow()),
        }
    }

    pub(super) fn append(&mut self, start: usize) -> PyResult<()> {
        let container = self.container(start)?;
        if start == self.stack.len() {
            return Ok(());
        }
        if let Some(list) = container.downcast_exact::<List>() {
            if start + 1 == self.stack.len() {
                let item = self.pop()?;
                return list.push(item);
            }
            let items = self.split(start)?;
            let len = list.len();
            return list.set_slice(len, len, &items);
        }
        let items = self.split(start)?;
        if let Some(extend) = container.lookup_attr(id!("extend"))? {
            extend.call1(List::from_vec(items)?.as_borrowed())?;
            return Ok(());
        }
        let append = container.getattr(id!("append"))?;
        for item in items {
            append.call1(item.borrow())?;
        }
        Ok(())
    }

    pub(super) fn set_items(&mut self, start: usize) -> PyResult<()> {
        let container = self.container(start)?;
        let count = self.stack.len() - start;
        if count == 0 {
            return Ok(());
        }
        if !count.is_multiple_of(2) {
            return Err(unpickling_error(format_args!("odd number of items for SETITEMS")));
        }
        let items = self.split(start)?;
        if let Some(dict) = container.downcast_exact::<Dict>() {
            for pair in items.chunks_exact(2) {
                dict.set_item(pair[0].borrow(), pair[1].borrow())?;
            }
            return Ok(());
        }
        for pair in items.chunks_exact(2) {
            container.set_item(pair[0].borrow(), pair[1].borrow())?;
        }
        Ok(())
    }

    pub(super) fn add_items(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        let container = self.container(mark)?;
        let items = self.split(mark)?;
        if items.is_empty() {
            return Ok(());
        }
        if let Some(set) = container.downcast::<Set>() {
            for item in &items {
                set.add(item.borrow())?;
            }
            return Ok(());
        }
        let add = container.getattr(id!("add"))?;
        for item in items {
            add.call1(item.borrow())?;
        }
        Ok(())
    }

    pub(super) fn load_pop(&mut self) -> PyResult<()> {
        // A mark on top is taken off too.
        if self.marks.last() == Some(&self.stack.len()) {
            self.pop_mark()?;
            return Ok(());
        }
        self.pop().map(drop)
    }

    // ---- classes and instances ----

    pub(super) fn find_class(&self, module: &Ref<Str>, name: &Ref<Str>) -> PyResult<Ref<Object>> {
        match self.owner.filter(|_| self.custom) {
            Some(owner) => {
                owner.as_object().call_method(id!("find_class"), &[module.as_borrowed(), name.as_borrowed()])
            }
            None => find_class(module, name, self.protocol, self.options.fix_imports),
        }
    }

    pub(super) fn instantiate(&mut self, class: &Ref<Object>, args: &Ref<Tuple>) -> PyResult<()> {
        let plain =
            args.is_empty() && class.is_instance_of::<Type>() && class.lookup_attr(id!("__getinitargs__"))?.is_none();
        let object = if plain {
            class.call_method(id!("__new__"), &[class.borrow()])?
        } else {
            class.call_tuple(args.borrow(), None)?
        };
        self.push(object)
    }

    pub(super) fn new_object(
        &mut self,
        class: Ref<Object>,
        args: Ref<Object>,
        keywords: Option<Ref<Object>>,
    ) -> PyResult<()> {
        let name = if keywords.is_some() { "NEWOBJ_EX" } else { "NEWOBJ" };
        let Some(class) = class.downcast::<Type>() else {
            return Err(unpickling_error(format_args!(
                "{name} class argument must be a type, not {}",
                class.type_name()
            )));
        };
        let Some(new) = class.tp_new.get() else {
            return Err(unpickling_error(format_args!(
                "{name} class argument '{}' doesn't have __new__",
                class.name()
            )));
        };
        if !args.is_instance_of::<Tuple>() {
            return Err(unpickling_error(format_args!(
                "{name} args argument must be a tuple, not {}",
                args.type_name()
            )));
        }
        if let Some(keywords) = &keywords
            && !keywords.is_instance_of::<Dict>()
        {
            return Err(unpickling_error(format_args!(
                "{name} kwargs argument must be a dict, not {}",
                keywords.type_name()
            )));
        }
        let keywords = keywords.as_ref().map_or(core::ptr::null_mut(), |keywords| keywords.as_ptr());
        // SAFETY: a class, a tuple, and a dict or null, all held.
        let object: Ref<Object> = unsafe {
            taipan_runtime::object::protocol::attr::from_result(new(class.as_raw().cast(), args.as_ptr(), keywords))?
        };
        self.push(object)
    }

    pub(super) fn build(&mut self) -> PyResult<()> {
        let state = self.pop()?;
        let object = self.top()?.clone();
        if let Some(set_state) = object.lookup_attr(id!("__setstate__"))? {
            set_state.call1(state.borrow())?;
            return Ok(());
        }
        let (state, slots) = match state.downcast::<Tuple>().filter(|pair| pair.len() == 2) {
            Some(pair) => (pair.get(0).to_owned(), Some(pair.get(1).to_owned())),
            None => (state.clone(), None),
        };
        if !state.is_none() {
            let Some(state) = state.downcast::<Dict>() else {
                return Err(unpickling_error(format_args!("state is not a dictionary")));
            };
            let target = object.getattr(id!("__dict__"))?;
            let mut position = 0;
            while let Some((key, value, _)) = state.next_owned(&mut position) {
                let key = match key.into_downcast::<Str>() {
                    Ok(name) if name.is_exact::<Str>() => Str::intern(name).into_object(),
                    Ok(name) => name.into_object(),
                    Err(key) => key,
                };
                match target.downcast_exact::<Dict>() {
                    Some(target) => target.set_item(key.borrow(), value.borrow())?,
                    None => target.set_item(key.borrow(), value.borrow())?,
                }
            }
        }
        let Some(slots) = slots.filter(|slots| !slots.is_none()) else { return Ok(()) };
        let Some(slots) = slots.downcast::<Dict>() else {
            return Err(unpickling_error(format_args!("slot state is not a dictionary")));
        };
        let mut position = 0;
        while let Some((key, value, _)) = slots.next_owned(&mut position) {
            object.set_attr_object(key.borrow(), Some(value.borrow()))?;
        }
        Ok(())
    }

    pub(super) fn load_persistent(&mut self, id: Ref<Object>) -> PyResult<()> {
        let Some(owner) = self.owner.filter(|_| self.custom) else {
            return Err(unpickling_error(format_args!(
                "A load persistent id instruction was encountered, but no persistent_load function was specified."
            )));
        };
        let object = owner.as_object().call_method(id!("persistent_load"), &[id.borrow()])?;
        self.push(object)
    }

    pub(super) fn load_extension(&mut self, code: i32) -> PyResult<()> {
        let key = Int::from_i64(code.into())?;
        if let Some(known) = lookup(&STATE.extension_cache, key.borrow())? {
            return self.push(known);
        }
        let Some(pair) = lookup(&STATE.inverted_registry, key.borrow())? else {
            if code <= 0 {
                return Err(unpickling_error(format_args!("EXT specifies code <= 0")));
            }
            return Err(raise!(ValueError, "unregistered extension code {code}"));
        };
        let names = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2).and_then(|pair| {
            let (module, name) = (pair.get(0).downcast_borrowed::<Str>()?, pair.get(1).downcast_borrowed::<Str>()?);
            Some((module.to_owned(), name.to_owned()))
        });
        let Some((module, name)) = names else {
            return Err(raise!(ValueError, "_inverted_registry[{code}] isn't a 2-tuple of strings"));
        };
        let object = self.find_class(&module, &name)?;
        state_dict(&STATE.extension_cache)?.set_item(key.borrow(), object.borrow())?;
        self.push(object)
    }

    // ---- buffers ----

    pub(super) fn load_next_buffer(&mut self) -> PyResult<()> {
        let Some(buffers) = &self.options.buffers else {
            return Err(unpickling_error(format_args!(
                "pickle stream refers to out-of-band data but no *buffers* argument was given"
            )));
        };
        match buffers.next()? {
            Some(buffer) => self.push(buffer),
            None => Err(unpickling_error(format_args!("not enough out-of-band buffers"))),
        }
    }

    pub(super) fn load_read_only(&mut self) -> PyResult<()> {
        let buffer = self.top()?.clone();
        let view = MemoryView::from_object(buffer.borrow())?.into_object();
        if !view.getattr(id!("readonly"))?.is_true()? {
            let read_only = view.call_method(id!("toreadonly"), &[])?;
            self.pop()?;
            self.push(read_only)?;
        }
        Ok(())
    }
}

/// `module.name`, by the names of Python 2 where an old pickle has them.
pub fn find_class(module: &Ref<Str>, name: &Ref<Str>, protocol: i32, fix_imports: bool) -> PyResult<Ref<Object>> {
    taipan_runtime::modules::sys::audit("pickle.find_class", &[module.as_borrowed(), name.as_borrowed()])?;
    let (mut module, mut name) = (module.clone(), name.clone());
    if protocol < 3 && fix_imports {
        let text = |object: Ref<Object>| match object.into_downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(other) => Err(raise!(RuntimeError, "_compat_pickle's names should be str, not {}", other.type_name())),
        };
        let key = Tuple::pack([module.as_object().clone(), name.as_object().clone()])?;
        if let Some(pair) = lookup(&STATE.name_2_to_3, key.borrow())? {
            let Some(pair) = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
                return Err(raise!(
                    RuntimeError,
                    "_compat_pickle.NAME_MAPPING values should be 2-tuples, not {}",
                    pair.type_name()
                ));
            };
            module = text(pair.get(0).to_owned())?;
            name = text(pair.get(1).to_owned())?;
        } else if let Some(renamed) = lookup(&STATE.import_2_to_3, module.borrow())? {
            module = text(renamed)?;
        }
    }
    let found = import(module.borrow())?;
    if protocol < 4 {
        return found.getattr(name.borrow());
    }
    let path = dotted_path(&name)?;
    let mut object = found;
    for part in &path {
        match object.getattr(part.borrow()) {
            Ok(next) => object = next,
            Err(raised) if path.len() > 1 && raised.is_a::<exceptions::AttributeError>() => {
                let cause = raised.take();
                let raised = raise!(
                    AttributeError,
                    "Can't resolve path {} on module {}",
                    name.as_object().to_repr_text(),
                    module.as_object().to_repr_text()
                );
                if let Some(exception) = raised.peek() {
                    exceptions::set_context(&exception, Some(cause));
                }
                return Err(raised);
            }
            Err(raised) => return Err(raised),
        }
    }
    Ok(object)
}
