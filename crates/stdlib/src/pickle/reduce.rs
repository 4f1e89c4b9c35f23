//! Writing objects by what `__reduce_ex__` says, and classes and functions by their names.

use taipan_runtime::prelude::*;
use taipan_runtime::types::codec;
use taipan_runtime::types::exceptions::{AttributeError, ImportError, KeyError, UnicodeEncodeError, ValueError};
use taipan_runtime::types::none::{EllipsisType, NoneType, NotImplementedType};

use super::opcode as op;
use super::pickler::default_table;
use super::save::{Saver, noted, type_text};
use super::{STATE, lookup, pickling_error, state};

/// An optional item of the tuple: None stands for nothing.
fn optional(tuple: &Ref<Tuple>, index: usize) -> Option<Ref<Object>> {
    tuple.try_get(index).filter(|item| !item.is_none()).map(|item| item.to_owned())
}

/// `a.b.c` of an object; `None` where an attribute is missing.
fn follow(object: &Ref<Object>, path: &[Ref<Str>]) -> PyResult<Option<Ref<Object>>> {
    let mut object = object.clone();
    for name in path {
        match object.lookup_attr(name.borrow())? {
            Some(found) => object = found,
            None => return Ok(None),
        }
    }
    Ok(Some(object))
}

pub fn dotted_path(name: &Ref<Str>) -> PyResult<Vec<Ref<Str>>> {
    let mut path = Vec::new();
    let mut start = 0;
    loop {
        let dot = name.find_char('.' as u32, start..name.len());
        let end = dot.unwrap_or(name.len());
        path.push(name.substring(start..end)?);
        match dot {
            Some(dot) => start = dot + 1,
            None => return Ok(path),
        }
    }
}

/// `sys.modules[name]` after importing it.
pub fn import(name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    taipan_runtime::import::import_module_level(name, None, none().borrow(), 0)?;
    let modules = taipan_runtime::thread::interpreter().modules_dict()?;
    match modules.get(name)? {
        Some(module) => Ok(module),
        None => Err(raise!(KeyError, object: name.to_owned())),
    }
}

/// The name of the module in which an object without `__module__` is found.
fn search_modules(object: &Ref<Object>, path: &[Ref<Str>]) -> PyResult<Ref<Str>> {
    let modules = taipan_runtime::thread::interpreter().modules_dict()?;
    for (name, module) in modules.items_snapshot()? {
        let Some(name) = name.downcast::<Str>() else { continue };
        if module.is_none() || name.eq_str("__main__") || name.eq_str("__mp_main__") {
            continue;
        }
        if follow(&module, path)?.is_some_and(|found| found.is(object)) {
            return Ok(name.to_owned());
        }
    }
    Ok(id!("__main__").to_owned())
}

impl Saver<'_> {
    /// What no type of our own writes: asks the tables, then the object.
    pub fn save_by_reduction(&mut self, object: &Ref<Object>) -> PyResult<()> {
        let class = object.type_of().to_owned();
        let reducer = match self.dispatch_table.clone() {
            None => default_table()?.get(class.borrow())?,
            Some(table) => match table.get_item(class.as_borrowed()) {
                Ok(reducer) => Some(reducer),
                Err(raised) => {
                    raised.clear_if::<KeyError>()?;
                    None
                }
            },
        };
        let reduced = if let Some(reducer) = reducer {
            reducer.call1(object.borrow())?
        } else if class.is_subtype(&Type::type_object()) {
            return self.save_global(object, None);
        } else if let Some(reduce) = object.lookup_attr(id!("__reduce_ex__"))? {
            reduce.call1(Int::from_i64(self.protocol.into())?.as_borrowed())?
        } else if let Some(reduce) = object.lookup_attr(id!("__reduce__"))? {
            reduce.call0()?
        } else {
            return Err(pickling_error(format_args!("Can't pickle {} object", type_text(object))));
        };
        self.save_reduced(object, &reduced)
    }

    /// Writes what a reduction gave.
    pub fn save_reduced(&mut self, object: &Ref<Object>, reduced: &Ref<Object>) -> PyResult<()> {
        if let Some(name) = reduced.downcast::<Str>() {
            return self.save_global(object, Some(name.to_owned()));
        }
        let result = match reduced.downcast::<Tuple>() {
            Some(reduced) => self.save_reduce_tuple(object, &reduced),
            None => Err(pickling_error(format_args!(
                "__reduce__ must return a string or tuple, not {}",
                type_text(reduced)
            ))),
        };
        result.map_err(|raised| noted(raised, || format!("when serializing {} object", type_text(object))))
    }

    fn save_part(&mut self, object: &Ref<Object>, part: &Ref<Object>, what: &str) -> PyResult<()> {
        self.save(part).map_err(|raised| noted(raised, || format!("when serializing {} {what}", type_text(object))))
    }

    /// `(callable, args[, state[, list items[, dict items[, state setter]]]])`
    pub fn save_reduce_tuple(&mut self, object: &Ref<Object>, reduced: &Ref<Tuple>) -> PyResult<()> {
        if !(2..=6).contains(&reduced.len()) {
            return Err(pickling_error(format_args!("tuple returned by __reduce__ must contain 2 through 6 elements")));
        }
        let function = reduced.get(0).to_owned();
        if !function.is_callable() {
            return Err(pickling_error(format_args!(
                "first item of the tuple returned by __reduce__ must be callable, not {}",
                type_text(&function)
            )));
        }
        let Some(args) = reduced.get(1).downcast_borrowed::<Tuple>() else {
            return Err(pickling_error(format_args!(
                "second item of the tuple returned by __reduce__ must be a tuple, not {}",
                type_text(&reduced.get(1))
            )));
        };
        let args = args.to_owned();
        let (state, list_items) = (optional(reduced, 2), optional(reduced, 3));
        let (dict_items, setter) = (optional(reduced, 4), optional(reduced, 5));
        for (items, which) in [(&list_items, "fourth"), (&dict_items, "fifth")] {
            if let Some(items) = items
                && !items.is_iterator()
            {
                return Err(pickling_error(format_args!(
                    "{which} item of the tuple returned by __reduce__ must be an iterator, not {}",
                    type_text(items)
                )));
            }
        }
        if let Some(setter) = &setter
            && !setter.is_callable()
        {
            return Err(pickling_error(format_args!(
                "sixth item of the tuple returned by __reduce__ must be callable, not {}",
                type_text(setter)
            )));
        }
        let mut name = None;
        if self.protocol >= 2 {
            name = function.lookup_attr(id!("__name__"))?;
        }
        let is_named =
            |text: &str| name.as_ref().and_then(|name| name.downcast::<Str>()).is_some_and(|name| name.eq_str(text));
        if is_named("__newobj_ex__") {
            self.save_newobj_ex(object, &args)?;
        } else if is_named("__newobj__") {
            self.save_newobj(object, &args)?;
        } else {
            self.save_part(object, &function, "reconstructor")?;
            self.save_part(object, args.as_object(), "reconstructor arguments")?;
            self.out.op(op::REDUCE)?;
        }
        if self.is_known(object) {
            // The object contains itself and was written inside.
            self.out.op(op::POP)?;
            self.recall(object)?;
        } else {
            self.memoize(object)?;
        }
        if let Some(items) = list_items {
            self.append_items(&items, object)?;
        }
        if let Some(items) = dict_items {
            self.set_items(&items, object)?;
        }
        let Some(state) = state else { return Ok(()) };
        match setter {
            None => {
                self.save_part(object, &state, "state")?;
                self.out.op(op::BUILD)
            }
            Some(setter) => {
                self.save_part(object, &setter, "state setter")?;
                self.save(object)?;
                self.save_part(object, &state, "state")?;
                self.out.write(&[op::TUPLE2, op::REDUCE, op::POP])
            }
        }
    }

    /// The class of `__newobj__` or `__newobj_ex__`, checked.
    fn newobj_class(&self, object: &Ref<Object>, class: Borrowed<'_, Object>, function: &str) -> PyResult<()> {
        if !class.is_instance_of::<Type>() {
            return Err(pickling_error(format_args!(
                "first argument to {function}() must be a class, not {}",
                type_text(&class)
            )));
        }
        let own = object.getattr(id!("__class__"))?;
        if !own.is(&class) {
            return Err(pickling_error(format_args!(
                "first argument to {function}() must be {}, not {}",
                own.to_repr_text(),
                class.to_repr_text()
            )));
        }
        Ok(())
    }

    fn save_newobj(&mut self, object: &Ref<Object>, args: &Ref<Tuple>) -> PyResult<()> {
        let Some(class) = args.try_get(0) else {
            return Err(pickling_error(format_args!("__newobj__ expected at least 1 argument, got 0")));
        };
        self.newobj_class(object, class, "__newobj__")?;
        let rest = args.slice(1, args.len())?;
        self.save_part(object, &class, "class")?;
        self.save_part(object, rest.as_object(), "__new__ arguments")?;
        self.out.op(op::NEWOBJ)
    }

    fn save_newobj_ex(&mut self, object: &Ref<Object>, args: &Ref<Tuple>) -> PyResult<()> {
        if args.len() != 3 {
            return Err(pickling_error(format_args!("__newobj_ex__ expected 3 arguments, got {}", args.len())));
        }
        let (class, positional, keywords) = (args.get(0), args.get(1), args.get(2));
        self.newobj_class(object, class, "__newobj_ex__")?;
        let Some(positional) = positional.downcast::<Tuple>() else {
            return Err(pickling_error(format_args!(
                "second argument to __newobj_ex__() must be a tuple, not {}",
                type_text(&positional)
            )));
        };
        let Some(keywords) = keywords.downcast::<Dict>() else {
            return Err(pickling_error(format_args!(
                "third argument to __newobj_ex__() must be a dict, not {}",
                type_text(&keywords)
            )));
        };
        if self.protocol >= 4 {
            self.save_part(object, &class, "class")?;
            self.save_part(object, positional.as_object(), "__new__ arguments")?;
            self.save_part(object, keywords.as_object(), "__new__ arguments")?;
            return self.out.op(op::NEWOBJ_EX);
        }
        // partial(cls.__new__, cls, *args, **kwargs)()
        let new = class.getattr(id!("__new__"))?;
        let mut all = vec![new, class.to_owned()];
        all.extend(positional.iter().map(|item| item.to_owned()));
        let all = Tuple::from_vec(all)?;
        let partial = state(&STATE.partial)?.call_tuple(all.borrow(), Some(keywords))?;
        self.save_part(object, &partial, "reconstructor")?;
        self.save(Tuple::empty().as_object())?;
        self.out.op(op::REDUCE)
    }

    // ---- classes and functions ----

    pub fn save_type(&mut self, object: &Ref<Object>) -> PyResult<()> {
        let only: Option<Ref<Object>> = match object.as_ptr().cast() {
            ty if ty == NoneType::TYPE => Some(none()),
            ty if ty == EllipsisType::TYPE => Some(ellipsis()),
            ty if ty == NotImplementedType::TYPE => Some(not_implemented()),
            _ => None,
        };
        let Some(only) = only else { return self.save_global(object, None) };
        let args = Tuple::pack([only])?;
        let reduced = Tuple::pack([Type::type_object().as_object().clone(), args.into_object()])?;
        self.save_reduce_tuple(object, &reduced)
    }

    /// The name under which an object is written, and the module where it is found again.
    fn global_place(&self, object: &Ref<Object>, name: Option<Ref<Str>>) -> PyResult<(Ref<Str>, Ref<Str>)> {
        let text = |object: Ref<Object>| match object.into_downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(other) => Err(raise!(TypeError, "name must be str, not {}", other.type_name())),
        };
        let name = match name {
            Some(name) => name,
            None => match object.lookup_attr(id!("__qualname__"))? {
                Some(name) => text(name)?,
                None => text(object.getattr(id!("__name__"))?)?,
            },
        };
        let path = dotted_path(&name)?;
        let module_name = object.lookup_attr(id!("__module__"))?.filter(|module| !module.is_none());
        let shown = || object.to_repr_text();
        if path.iter().any(|part| part.eq_str("<locals>")) {
            return Err(pickling_error(format_args!("Can't pickle local object {}", shown())));
        }
        let module_name = match module_name {
            Some(module_name) => text(module_name)?,
            None => search_modules(object, &path)?,
        };
        let module = match import(module_name.borrow()) {
            Ok(module) => module,
            Err(raised) if raised.is_a::<ImportError>() || raised.is_a::<ValueError>() || raised.is_a::<KeyError>() => {
                let cause = raised.take();
                let raised = pickling_error(format_args!("Can't pickle {}: {}", shown(), cause.to_text()));
                return Err(with_context(raised, cause));
            }
            Err(raised) => return Err(raised),
        };
        match follow_or_raise(&module, &path) {
            Ok(found) if found.is(object) => Ok((module_name, name)),
            Ok(_) => Err(pickling_error(format_args!(
                "Can't pickle {}: it's not the same object as {}.{}",
                shown(),
                module_name.to_display(),
                name.to_display()
            ))),
            Err(raised) if raised.is_a::<AttributeError>() => {
                let cause = raised.take();
                let raised = pickling_error(format_args!(
                    "Can't pickle {}: it's not found as {}.{}",
                    shown(),
                    module_name.to_display(),
                    name.to_display()
                ));
                Err(with_context(raised, cause))
            }
            Err(raised) => Err(raised),
        }
    }

    pub fn save_global(&mut self, object: &Ref<Object>, name: Option<Ref<Str>>) -> PyResult<()> {
        let (module_name, name) = self.global_place(object, name)?;
        if self.protocol >= 2 {
            let key = Tuple::pack([module_name.as_object().clone(), name.as_object().clone()])?;
            if let Some(code) = lookup(&STATE.extension_registry, key.borrow())? {
                return self.save_extension(&code);
            }
        }
        if self.protocol >= 4 {
            self.save(module_name.as_object())?;
            self.save(name.as_object())?;
            self.out.op(op::STACK_GLOBAL)?;
            return self.memoize(object);
        }
        let path = dotted_path(&name)?;
        let [first, rest @ ..] = &path[..] else { return Ok(()) };
        // getattr(getattr(module.first, second), third)
        let getattr = state(&STATE.getattr)?;
        for _ in rest {
            self.save(&getattr)?;
            if self.protocol < 2 {
                self.out.op(op::MARK)?;
            }
        }
        self.save_top_level(&module_name, first)?;
        for attribute in rest {
            self.save(attribute.as_object())?;
            self.out.write(&[if self.protocol < 2 { op::TUPLE } else { op::TUPLE2 }, op::REDUCE])?;
        }
        self.memoize(object)
    }

    fn save_extension(&mut self, code: &Ref<Object>) -> PyResult<()> {
        let number = code.index()?;
        match number.to_i64() {
            Some(number @ 1..=0xff) => self.out.write(&[op::EXT1, number as u8]),
            Some(number @ 0x100..=0xffff) => self.out.write(&[op::EXT2, number as u8, (number >> 8) as u8]),
            Some(number @ 0x1_0000..=0x7fff_ffff) => {
                let [a, b, c, d] = (number as u32).to_le_bytes();
                self.out.write(&[op::EXT4, a, b, c, d])
            }
            Some(number) => Err(raise!(RuntimeError, "extension code {number} is out of range")),
            None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
        }
    }

    /// `module.name` without dots in the name.
    fn save_top_level(&mut self, module_name: &Ref<Str>, name: &Ref<Str>) -> PyResult<()> {
        let (mut module_name, mut name) = (module_name.clone(), name.clone());
        if self.options.fix_imports {
            let text = |object: Ref<Object>| match object.into_downcast::<Str>() {
                Ok(text) => Ok(text),
                Err(other) => {
                    Err(raise!(RuntimeError, "_compat_pickle's names should be str, not {}", other.type_name()))
                }
            };
            let key = Tuple::pack([module_name.as_object().clone(), name.as_object().clone()])?;
            if let Some(pair) = lookup(&STATE.name_3_to_2, key.borrow())? {
                let Some(pair) = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
                    return Err(raise!(
                        RuntimeError,
                        "_compat_pickle.REVERSE_NAME_MAPPING values should be 2-tuples, not {}",
                        pair.type_name()
                    ));
                };
                module_name = text(pair.get(0).to_owned())?;
                name = text(pair.get(1).to_owned())?;
            } else if let Some(renamed) = lookup(&STATE.import_3_to_2, module_name.borrow())? {
                module_name = text(renamed)?;
            }
        }
        self.out.op(op::GLOBAL)?;
        self.identifier(&module_name, "module")?;
        self.identifier(&name, "global")
    }

    /// A name as a line. Before protocol 3 it has to be ASCII.
    fn identifier(&mut self, name: &Ref<Str>, what: &str) -> PyResult<()> {
        let encoded = if self.protocol >= 3 {
            codec::utf8::encode(name, "strict")
        } else {
            codec::single::encode_ascii(name, "strict")
        };
        let encoded = match encoded {
            Ok(encoded) => encoded,
            Err(raised) if raised.is_a::<UnicodeEncodeError>() => {
                let cause = raised.take();
                let raised = pickling_error(format_args!(
                    "can't pickle {what} identifier {} using pickle protocol {}",
                    name.as_object().to_repr_text(),
                    self.protocol
                ));
                return Err(with_context(raised, cause));
            }
            Err(raised) => return Err(raised),
        };
        self.out.write(encoded.as_slice())?;
        self.out.write(b"\n")
    }
}

fn follow_or_raise(object: &Ref<Object>, path: &[Ref<Str>]) -> PyResult<Ref<Object>> {
    let mut object = object.clone();
    for name in path {
        object = object.getattr(name.borrow())?;
    }
    Ok(object)
}

/// Gives the exception that is set a context.
fn with_context(raised: Raised, context: Ref<Object>) -> Raised {
    if let Some(exception) = raised.peek() {
        taipan_runtime::types::exceptions::set_context(&exception, Some(context));
    }
    raised
}
