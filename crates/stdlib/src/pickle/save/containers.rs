//! Writing tuples, lists, dicts and sets.

use taipan_runtime::prelude::*;

use super::super::opcode as op;
use super::{Saver, noted, type_text};

/// How many items one batch has.
const BATCH: usize = 1000;

/// In fast mode, the depth from which on cycles are looked for.
const FAST_NESTING: usize = 50;

impl Saver<'_> {
    // ---- containers ----

    pub(super) fn save_item(&mut self, container: &Ref<Object>, item: &Ref<Object>, index: usize) -> PyResult<()> {
        self.save(item)
            .map_err(|raised| noted(raised, || format!("when serializing {} item {index}", type_text(container))))
    }

    pub(super) fn save_tuple(&mut self, tuple: &Ref<Tuple>) -> PyResult<()> {
        let object = tuple.as_object();
        let len = tuple.len();
        if len == 0 {
            return if self.binary() { self.out.op(op::EMPTY_TUPLE) } else { self.out.write(&[op::MARK, op::TUPLE]) };
        }
        let short = len <= 3 && self.protocol >= 2;
        if !short {
            self.out.op(op::MARK)?;
        }
        for index in 0..len {
            self.save_item(object, &tuple.as_slice()[index], index)?;
        }
        if self.is_known(object) {
            // The tuple contains itself and was written inside: its items are thrown away again.
            if short {
                for _ in 0..len {
                    self.out.op(op::POP)?;
                }
            } else if self.binary() {
                self.out.op(op::POP_MARK)?;
            } else {
                for _ in 0..=len {
                    self.out.op(op::POP)?;
                }
            }
            return self.recall(object);
        }
        self.out.op(match len {
            1 if short => op::TUPLE1,
            2 if short => op::TUPLE2,
            3 if short => op::TUPLE3,
            _ => op::TUPLE,
        })?;
        self.memoize(object)
    }

    /// In fast mode, which remembers nothing, a cycle is found by the containers around.
    pub(super) fn enter_fast(&mut self, object: &Ref<Object>) -> PyResult<()> {
        if !self.fast {
            return Ok(());
        }
        if self.nested.len() >= FAST_NESTING && self.nested.contains(&object.as_ptr()) {
            self.fast = false;
            return Err(raise!(
                ValueError,
                "fast mode: can't pickle cyclic objects including object type {} at {:p}",
                object.type_name(),
                object.as_ptr()
            ));
        }
        self.nested.push(object.as_ptr());
        Ok(())
    }

    pub(super) fn leave_fast(&mut self) {
        if self.fast {
            self.nested.pop();
        }
    }

    pub(super) fn save_list(&mut self, list: &Ref<List>) -> PyResult<()> {
        let object = list.as_object();
        self.enter_fast(object)?;
        if self.binary() {
            self.out.op(op::EMPTY_LIST)?;
        } else {
            self.out.write(&[op::MARK, op::LIST])?;
        }
        self.memoize(object)?;
        match list.len() {
            0 => {}
            _ if !self.binary() => {
                let items = object.iter()?;
                self.append_items(&items, object)?;
            }
            1 => {
                if let Some(item) = list.get(0) {
                    self.save_item(object, &item, 0)?;
                }
                self.out.op(op::APPEND)?;
            }
            _ => {
                let mut index = 0;
                while index < list.len() {
                    self.out.op(op::MARK)?;
                    let end = index + BATCH;
                    while index < end
                        && let Some(item) = list.get(index)
                    {
                        self.save_item(object, &item, index)?;
                        index += 1;
                    }
                    self.out.op(op::APPENDS)?;
                }
            }
        }
        self.leave_fast();
        Ok(())
    }

    /// Items of an iterator, in batches, appended to the object on the stack.
    pub fn append_items(&mut self, items: &Ref<Object>, container: &Ref<Object>) -> PyResult<()> {
        let mut index = 0;
        if !self.binary() {
            while let Some(item) = items.next()? {
                self.save_item(container, &item, index)?;
                index += 1;
                self.out.op(op::APPEND)?;
            }
            return Ok(());
        }
        loop {
            let Some(first) = items.next()? else { return Ok(()) };
            let Some(mut item) = items.next()? else {
                self.save_item(container, &first, index)?;
                return self.out.op(op::APPEND);
            };
            self.out.op(op::MARK)?;
            self.save_item(container, &first, index)?;
            index += 1;
            let mut count = 1;
            let more = loop {
                self.save_item(container, &item, index)?;
                index += 1;
                count += 1;
                if count == BATCH {
                    break true;
                }
                match items.next()? {
                    Some(next) => item = next,
                    None => break false,
                }
            };
            self.out.op(op::APPENDS)?;
            if !more {
                return Ok(());
            }
        }
    }

    pub(super) fn save_pair(
        &mut self,
        container: &Ref<Object>,
        key: &Ref<Object>,
        value: &Ref<Object>,
    ) -> PyResult<()> {
        self.save(key)?;
        self.save(value).map_err(|raised| {
            noted(raised, || format!("when serializing {} item {}", type_text(container), key.to_repr_text()))
        })
    }

    pub(super) fn save_dict(&mut self, dict: &Ref<Dict>) -> PyResult<()> {
        let object = dict.as_object();
        self.enter_fast(object)?;
        if self.binary() {
            self.out.op(op::EMPTY_DICT)?;
        } else {
            self.out.write(&[op::MARK, op::DICT])?;
        }
        self.memoize(object)?;
        let len = dict.len();
        let mut position = 0;
        if len == 0 {
            // Nothing to set.
        } else if !self.binary() {
            let items = object.call_method(id!("items"), &[])?.iter()?;
            self.set_items(&items, object)?;
        } else if len == 1 {
            if let Some((key, value, _)) = dict.next_owned(&mut position) {
                self.save_pair(object, &key, &value)?;
            }
            self.out.op(op::SETITEM)?;
        } else {
            loop {
                self.out.op(op::MARK)?;
                let mut count = 0;
                while count < BATCH
                    && let Some((key, value, _)) = dict.next_owned(&mut position)
                {
                    self.save_pair(object, &key, &value)?;
                    count += 1;
                }
                self.out.op(op::SETITEMS)?;
                if dict.len() != len {
                    return Err(raise!(RuntimeError, "dictionary changed size during iteration"));
                }
                if count < BATCH {
                    break;
                }
            }
        }
        self.leave_fast();
        Ok(())
    }

    pub(super) fn save_pair_tuple(&mut self, container: &Ref<Object>, pair: &Ref<Object>) -> PyResult<()> {
        let Some(pair) = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
            return Err(raise!(TypeError, "dict items iterator must return 2-tuples"));
        };
        let (key, value) = (pair.get(0).to_owned(), pair.get(1).to_owned());
        self.save_pair(container, &key, &value)
    }

    /// Pairs of an iterator, in batches, set in the object on the stack.
    pub fn set_items(&mut self, items: &Ref<Object>, container: &Ref<Object>) -> PyResult<()> {
        if !self.binary() {
            while let Some(pair) = items.next()? {
                self.save_pair_tuple(container, &pair)?;
                self.out.op(op::SETITEM)?;
            }
            return Ok(());
        }
        loop {
            let Some(first) = items.next()? else { return Ok(()) };
            let Some(mut pair) = items.next()? else {
                self.save_pair_tuple(container, &first)?;
                return self.out.op(op::SETITEM);
            };
            self.out.op(op::MARK)?;
            self.save_pair_tuple(container, &first)?;
            let mut count = 1;
            let more = loop {
                self.save_pair_tuple(container, &pair)?;
                count += 1;
                if count == BATCH {
                    break true;
                }
                match items.next()? {
                    Some(next) => pair = next,
                    None => break false,
                }
            };
            self.out.op(op::SETITEMS)?;
            if !more {
                return Ok(());
            }
        }
    }

    pub(super) fn save_element(&mut self, container: &Ref<Object>, item: &Ref<Object>) -> PyResult<()> {
        self.save(item).map_err(|raised| noted(raised, || format!("when serializing {} element", type_text(container))))
    }

    /// Sets before protocol 4: made from a list.
    pub(super) fn save_set_by_list(&mut self, object: &Ref<Object>) -> PyResult<()> {
        let list = List::from_iterable(object.borrow())?;
        let args = Tuple::pack([list.into_object()])?;
        let reduced = Tuple::pack([object.type_of().upcast().to_owned(), args.into_object()])?;
        self.save_reduce_tuple(object, &reduced)
    }

    pub(super) fn save_set(&mut self, object: &Ref<Object>) -> PyResult<()> {
        if self.protocol < 4 {
            return self.save_set_by_list(object);
        }
        self.out.op(op::EMPTY_SET)?;
        self.memoize(object)?;
        // SAFETY: exactly a set, by the caller.
        let set: &Ref<Set> = unsafe { object.cast_unchecked() };
        let len = set.len();
        if len == 0 {
            return Ok(());
        }
        let mut position = 0;
        loop {
            self.out.op(op::MARK)?;
            let mut count = 0;
            while count < BATCH
                && let Some(item) = set.next(&mut position)
            {
                self.save_element(object, &item)?;
                count += 1;
            }
            self.out.op(op::ADDITEMS)?;
            if set.len() != len {
                return Err(raise!(RuntimeError, "set changed size during iteration"));
            }
            if count < BATCH {
                return Ok(());
            }
        }
    }

    pub(super) fn save_frozenset(&mut self, object: &Ref<Object>) -> PyResult<()> {
        if self.protocol < 4 {
            return self.save_set_by_list(object);
        }
        self.out.op(op::MARK)?;
        let items = object.iter()?;
        while let Some(item) = items.next()? {
            self.save_element(object, &item)?;
        }
        if self.is_known(object) {
            self.out.op(op::POP_MARK)?;
            return self.recall(object);
        }
        self.out.op(op::FROZENSET)?;
        self.memoize(object)
    }
}
