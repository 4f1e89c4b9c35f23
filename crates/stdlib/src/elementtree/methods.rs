//! `Element`: its methods, in the order of the library reference, and its behaviour as a sequence of children.

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::{import, modules, thread};

use super::element::{Element, check_child, wrong_argument};
use super::iter::ElementIter;

pub fn warn_truth() -> PyResult<()> {
    modules::warnings::warn(
        exceptions::DeprecationWarning::type_object(),
        "Testing an element's truth value will always return True in future versions.  \
         Use specific 'len(elem)' or 'elem is not None' test instead.",
        1,
    )
}

/// The answer of `xml.etree.ElementPath` where a path is more than a tag; `None` where it is a tag.
fn ask_path<const N: usize>(
    function: &str,
    this: &Ref<Element>,
    path: Borrowed<'_, Object>,
    more: [Borrowed<'_, Object>; N],
    namespaces: Option<Borrowed<'_, Object>>,
) -> PyResult<Option<Ref<Object>>> {
    if !needs_path(path, namespaces) {
        return Ok(None);
    }
    let nothing = none();
    let mut arguments = vec![this.as_borrowed(), path];
    arguments.extend(more);
    arguments.push(namespaces.unwrap_or(nothing.borrow()));
    import::import_attr("xml.etree.ElementPath", function)?.call(&arguments).map(Some)
}

/// Whether a path is more than a tag.
fn is_path(path: Borrowed<'_, Object>) -> bool {
    let is_step = |c: u32| matches!(char::from_u32(c), Some('/' | '*' | '[' | '@' | '.'));
    let mut outside = true;
    let mut look = |c: u32| {
        match char::from_u32(c) {
            Some('{') => outside = false,
            Some('}') => outside = true,
            _ => return outside && is_step(c),
        }
        false
    };
    if let Some(text) = path.downcast::<Str>() {
        let at = |i: usize| if i < text.len() { text.char_at(i) } else { 0 };
        let is = |c: char, i: usize| at(i) == c as u32;
        if text.len() >= 3 && is('{', 0) && (is('}', 1) || (is('*', 1) && is('}', 2))) {
            // A wildcard for namespaces.
            return true;
        }
        return text.chars().any(look);
    }
    if let Some(bytes) = path.downcast::<Bytes>() {
        let text = bytes.as_slice();
        if text.starts_with(b"{}") || text.starts_with(b"{*}") {
            return true;
        }
        return text.iter().any(|&c| look(u32::from(c)));
    }
    true
}

fn tag_equals(child: &Ref<Object>, tag: Borrowed<'_, Object>) -> PyResult<bool> {
    let Some(child) = child.downcast::<Element>() else { return Ok(false) };
    child.tag_or_none().equals(tag)
}

/// The first child with a tag.
fn find_child(this: &Ref<Element>, tag: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    let mut i = 0;
    while let Some(child) = this.child(i) {
        if tag_equals(&child, tag)? {
            return Ok(Some(child));
        }
        i += 1;
    }
    Ok(None)
}

fn needs_path(path: Borrowed<'_, Object>, namespaces: Option<Borrowed<'_, Object>>) -> bool {
    is_path(path) || namespaces.is_some_and(|namespaces| !namespaces.is_none())
}

/// A copy of a part of an element, or of what is around it.
fn deep(
    object: &Ref<Object>,
    memo: Borrowed<'_, Object>,
    shared: &dyn Fn() -> PyResult<Ref<Object>>,
) -> PyResult<Ref<Object>> {
    if object.is_none() || object.is_exact::<Str>() {
        return Ok(object.clone());
    }
    // What only the element has cannot be in the memo.
    if object.refcount() <= 2 {
        if let Some(dict) = object.downcast_exact::<Dict>() {
            let items = dict.items_snapshot()?;
            let plain = |item: &Ref<Object>| item.is_exact::<Str>();
            if items.iter().all(|(key, value)| plain(key) && plain(value)) {
                return Ok(dict.copy()?.into_object());
            }
        } else if let Some(element) = object.downcast_exact::<Element>() {
            return Ok(deep_copy(&element, memo, shared)?.into_object());
        }
    }
    shared()?.call(&[object.borrow(), memo])
}

fn deep_copy(
    this: &Ref<Element>,
    memo: Borrowed<'_, Object>,
    shared: &dyn Fn() -> PyResult<Ref<Object>>,
) -> PyResult<Ref<Element>> {
    let _guard = thread::enter_recursive(" in Element.__deepcopy__")?;
    let tag = deep(&this.tag_or_none(), memo, shared)?;
    let attrib = match this.attrib() {
        Some(attrib) => Some(deep(&attrib, memo, shared)?),
        None => None,
    };
    let copy = Element::create(tag.borrow(), None)?;
    if attrib.is_some() {
        copy.set_attrib(attrib)?;
    }
    copy.text.set(Some(deep(&this.text_or_none(), memo, shared)?));
    copy.tail.set(Some(deep(&this.tail_or_none(), memo, shared)?));
    let mut i = 0;
    while let Some(child) = this.child(i) {
        let child = deep(&child, memo, shared)?;
        check_child(child.borrow())?;
        copy.push(child)?;
        i += 1;
    }
    // The copy is found by whoever copies this element again.
    let id = Int::from_usize(this.as_ptr().addr())?;
    memo.set_item(id.as_borrowed(), copy.as_borrowed())?;
    Ok(copy)
}

#[pymethods(part = METHODS)]
impl Element {
    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<Element>) {
        this.drop_extra();
        drop(this.text.take());
        drop(this.tail.take());
    }

    #[method(signature = "($self, /, key, default=None)")]
    fn get(
        this: &Ref<Element>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let default = || default.map_or_else(none, |default| default.to_owned());
        let Some(attrib) = this.attrib() else { return Ok(default()) };
        let Some(dict) = attrib.downcast::<Dict>() else { return Ok(default()) };
        Ok(dict.get(key)?.unwrap_or_else(default))
    }

    #[method(signature = "($self, key, value, /)")]
    fn set(this: &Ref<Element>, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let attrib = this.attrib_or_new()?;
        match attrib.downcast::<Dict>() {
            Some(dict) => dict.set_item(key, value),
            None => Err(raise!(SystemError, "attributes of an element are no dict")),
        }
    }

    #[method(signature = "($self, /, path, namespaces=None)", defining_class)]
    fn find(
        this: &Ref<Element>,
        path: Borrowed<'_, Object>,
        namespaces: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        if let Some(found) = ask_path("find", this, path, [], namespaces)? {
            return Ok(found);
        }
        Ok(find_child(this, path)?.unwrap_or_else(none))
    }

    #[method(signature = "($self, /, path, default=None, namespaces=None)", defining_class)]
    fn findtext(
        this: &Ref<Element>,
        path: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
        namespaces: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let nothing = none();
        let default = default.unwrap_or(nothing.borrow());
        if let Some(found) = ask_path("findtext", this, path, [default], namespaces)? {
            return Ok(found);
        }
        let Some(child) = find_child(this, path)? else { return Ok(default.to_owned()) };
        let text = child.downcast::<Element>().and_then(|child| child.text.get());
        Ok(text.filter(|text| !text.is_none()).unwrap_or_else(|| Str::empty().into_object()))
    }

    #[method(signature = "($self, /, path, namespaces=None)", defining_class)]
    fn findall(
        this: &Ref<Element>,
        path: Borrowed<'_, Object>,
        namespaces: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        if let Some(found) = ask_path("findall", this, path, [], namespaces)? {
            return Ok(found);
        }
        let found = List::new()?;
        let mut i = 0;
        while let Some(child) = this.child(i) {
            if tag_equals(&child, path)? {
                found.push(child)?;
            }
            i += 1;
        }
        Ok(found.into_object())
    }

    #[method(signature = "($self, subelement, /)", defining_class)]
    fn append(this: &Ref<Element>, subelement: Borrowed<'_, Object>) -> PyResult<()> {
        if !subelement.is_instance_of::<Element>() {
            return Err(wrong_argument("append() argument 1", subelement));
        }
        this.push(subelement.to_owned())
    }

    #[method(signature = "($self, elements, /)", defining_class)]
    fn extend(this: &Ref<Element>, elements: Borrowed<'_, Object>) -> PyResult<()> {
        let elements = elements.to_fast_sequence("'elements' must be an iterable")?;
        let mut i = 0;
        while i < elements.len()? {
            let element = elements.get_index(i as isize)?;
            check_child(element.borrow())?;
            this.push(element)?;
            i += 1;
        }
        Ok(())
    }

    #[method(signature = "($self, index, subelement, /)")]
    fn insert(this: &Ref<Element>, index: isize, subelement: Borrowed<'_, Object>) -> PyResult<()> {
        if !subelement.is_instance_of::<Element>() {
            return Err(wrong_argument("insert() argument 2", subelement));
        }
        let length = this.length() as isize;
        let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
        this.insert_child(index as usize, subelement.to_owned())
    }

    #[method(signature = "($self, subelement, /)")]
    fn remove(this: &Ref<Element>, subelement: Borrowed<'_, Object>) -> PyResult<()> {
        if !subelement.is_instance_of::<Element>() {
            return Err(wrong_argument("remove() argument", subelement));
        }
        let mut i = 0;
        loop {
            let Some(child) = this.child(i) else {
                return Err(raise!(ValueError, "Element.remove(x): element not found"));
            };
            if child.borrow().is_identical(subelement) || child.equals(subelement)? {
                break;
            }
            i += 1;
        }
        // A comparison that said yes may have taken the children away; then there is nothing left to do.
        drop(this.take_child(i));
        Ok(())
    }

    #[method(signature = "($self, /, tag=None)", defining_class)]
    fn iter(this: &Ref<Element>, tag: Option<Borrowed<'_, Object>>) -> PyResult<Ref<ElementIter>> {
        let tag = tag.filter(|tag| !tag.is_none());
        let all = match tag {
            None => true,
            Some(tag) => match (tag.downcast::<Str>(), tag.downcast::<Bytes>()) {
                (Some(text), _) => text.eq_str("*"),
                (_, Some(bytes)) => bytes.as_slice() == b"*",
                _ => false,
            },
        };
        ElementIter::create(this, if all { None } else { tag }, false)
    }

    #[method(signature = "($self, /)", defining_class)]
    fn itertext(this: &Ref<Element>) -> PyResult<Ref<ElementIter>> {
        ElementIter::create(this, None, true)
    }

    #[method(signature = "($self, /, path, namespaces=None)", defining_class)]
    fn iterfind(
        this: &Ref<Element>,
        path: Borrowed<'_, Object>,
        namespaces: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let nothing = none();
        let namespaces = namespaces.unwrap_or(nothing.borrow());
        import::import_attr("xml.etree.ElementPath", "iterfind")?.call(&[this.as_borrowed(), path, namespaces])
    }

    #[method(signature = "($self, /)")]
    fn items(this: &Ref<Element>) -> PyResult<Ref<List>> {
        match this.attrib().as_ref().and_then(|attrib| attrib.downcast::<Dict>()) {
            Some(dict) => dict.items_list(),
            None => List::new(),
        }
    }

    #[method(signature = "($self, /)")]
    fn keys(this: &Ref<Element>) -> PyResult<Ref<List>> {
        match this.attrib().as_ref().and_then(|attrib| attrib.downcast::<Dict>()) {
            Some(dict) => dict.keys_list(),
            None => List::new(),
        }
    }

    #[method(signature = "($self, tag, attrib, /)", defining_class)]
    fn makeelement(
        _this: &Ref<Element>,
        tag: Borrowed<'_, Object>,
        attrib: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Element>> {
        let Some(dict) = attrib.downcast::<Dict>() else {
            return Err(raise!(TypeError, "makeelement() argument 2 must be dict, not {}", attrib.type_name()));
        };
        let attrib = dict.copy()?;
        Element::create(tag, Some(attrib).filter(|dict| !dict.is_empty()))
    }

    #[method(signature = "($self, /)", defining_class)]
    fn __copy__(this: &Ref<Element>) -> PyResult<Ref<Element>> {
        let attrib = match this.attrib().as_ref().and_then(|attrib| attrib.downcast::<Dict>()) {
            Some(dict) => Some(dict.copy()?),
            None => None,
        };
        let copy = Element::create(this.tag_or_none().borrow(), attrib)?;
        copy.text.set(this.text.get());
        copy.tail.set(this.tail.get());
        for child in this.children()? {
            copy.push(child)?;
        }
        Ok(copy)
    }

    #[method(signature = "($self, memo, /)")]
    fn __deepcopy__(this: &Ref<Element>, memo: Borrowed<'_, Object>) -> PyResult<Ref<Element>> {
        if !memo.is_instance_of::<Dict>() {
            return Err(raise!(TypeError, "__deepcopy__() argument must be dict, not {}", memo.type_name()));
        }
        deep_copy(this, memo, &|| import::import_attr("copy", "deepcopy"))
    }

    #[method(signature = "($self, /)")]
    fn __sizeof__(this: &Ref<Element>) -> usize {
        this.as_object().type_of().tp_basicsize.get() as usize + this.extra_size()
    }

    #[method(signature = "($self, /)")]
    fn __getstate__(this: &Ref<Element>) -> PyResult<Ref<Dict>> {
        let children = List::from_vec(this.children()?)?;
        let attrib = match this.attrib() {
            Some(attrib) => attrib,
            None => Dict::new()?.into_object(),
        };
        let state = Dict::new()?;
        state.set_str(id!("tag"), this.tag_or_none().borrow())?;
        state.set_str(id!("_children"), children.borrow())?;
        state.set_str(id!("attrib"), attrib.borrow())?;
        state.set_str(id!("text"), this.text_or_none().borrow())?;
        state.set_str(id!("tail"), this.tail_or_none().borrow())?;
        Ok(state)
    }

    #[method(signature = "($self, state, /)", defining_class)]
    fn __setstate__(this: &Ref<Element>, state: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(state) = state.downcast_exact::<Dict>() else {
            return Err(raise!(
                TypeError,
                "Don't know how to unpickle \"{:.200}\" as an Element",
                state.to_repr_text()
            ));
        };
        let known = ["tag", "_children", "attrib", "text", "tail"];
        for (key, _) in state.items_snapshot()? {
            let name = key.downcast::<Str>().map(|name| name.to_display());
            match name {
                Some(name) if known.contains(&name.as_str()) => {}
                Some(name) => {
                    return Err(raise!(TypeError, "this function got an unexpected keyword argument '{name}'"));
                }
                None => return Err(raise!(TypeError, "keywords must be strings")),
            }
        }
        let Some(tag) = state.get_str(id!("tag")) else {
            return Err(raise!(TypeError, "tag may not be NULL"));
        };
        let children = state.get_str(id!("_children"));
        let attrib = state.get_str(id!("attrib"));
        let none_is_null = |value: Option<Ref<Object>>| value.filter(|value| !value.is_none());
        this.tag.set(Some(tag));
        this.text.set(none_is_null(state.get_str(id!("text"))));
        this.tail.set(none_is_null(state.get_str(id!("tail"))));
        if children.is_none() && attrib.is_none() {
            return Ok(());
        }
        let items = match &children {
            None => Vec::new(),
            Some(children) => match children.downcast::<List>() {
                Some(list) => list.try_to_vec()?,
                None => return Err(raise!(TypeError, "'_children' is not a list")),
            },
        };
        for item in &items {
            check_child(item.borrow())?;
        }
        drop(this.set_children(items)?);
        this.set_attrib(attrib)
    }
}

fn index_error(assigning: bool) -> Raised {
    if assigning {
        raise!(IndexError, "child assignment index out of range")
    } else {
        raise!(IndexError, "child index out of range")
    }
}

/// An index from Python, counted from the end where it is negative.
fn whole_index(this: &Ref<Element>, index: isize, assigning: bool) -> PyResult<usize> {
    let length = this.length() as isize;
    let index = if index < 0 { index + length } else { index };
    if index < 0 || index >= length { Err(index_error(assigning)) } else { Ok(index as usize) }
}

fn assign_slice(this: &Ref<Element>, slice: &Ref<Slice>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let items = match value {
        None => Vec::new(),
        Some(value) => {
            let sequence = value.to_fast_sequence("assignment expects an iterable")?;
            sequence.collect_items()?
        }
    };
    for item in &items {
        check_child(item.borrow())?;
    }
    let bounds = slice.unpack()?;
    let mut children = this.children()?;
    let (start, stop, step, count) = bounds.adjust(children.len());
    let (start, stop) = (start.max(0) as usize, stop.max(0) as usize);
    let dropped: Vec<Ref<Object>>;
    if step == 1 {
        let stop = stop.max(start).min(children.len());
        dropped = children.splice(start.min(stop)..stop, items).collect();
    } else {
        let places: Vec<usize> = (0..count as isize).map(|i| (start as isize + i * step) as usize).collect();
        if value.is_none() {
            let mut goes = vec![false; children.len()];
            places.iter().for_each(|&place| goes[place] = true);
            let mut kept = vec_with_capacity(children.len())?;
            let mut gone = Vec::new();
            for (goes, child) in goes.into_iter().zip(children) {
                if goes { gone.push(child) } else { kept.push(child) }
            }
            dropped = gone;
            children = kept;
        } else if items.len() != count {
            return Err(raise!(
                ValueError,
                "attempt to assign sequence of size {} to extended slice of size {count}",
                items.len()
            ));
        } else {
            let mut old = Vec::new();
            for (place, item) in places.into_iter().zip(items) {
                old.push(core::mem::replace(&mut children[place], item));
            }
            dropped = old;
        }
    }
    let old = this.set_children(children)?;
    drop(old);
    drop(dropped);
    Ok(())
}

pub fn subscript(this: &Ref<Element>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if key.has_index() {
        let index = whole_index(this, key.as_index_isize()?, false)?;
        return this.child(index).ok_or_else(|| index_error(false));
    }
    let Some(slice) = key.downcast::<Slice>() else {
        return Err(raise!(TypeError, "element indices must be integers"));
    };
    let bounds = slice.unpack()?;
    let (start, _, step, count) = bounds.adjust(this.length());
    let mut found = vec_with_capacity(count)?;
    found.extend((0..count as isize).map_while(|i| this.child((start + i * step) as usize)));
    Ok(List::from_vec(found)?.into_object())
}

pub fn assign_index(this: &Ref<Element>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let index = whole_index(this, index, true)?;
    let old = match value {
        None => this.take_child(index),
        Some(value) => {
            check_child(value)?;
            this.replace_child(index, value.to_owned())
        }
    };
    drop(old);
    Ok(())
}

pub fn assign_subscript(
    this: &Ref<Element>,
    key: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    if key.has_index() {
        return assign_index(this, key.as_index_isize()?, value);
    }
    match key.downcast::<Slice>() {
        Some(slice) => assign_slice(this, &slice, value),
        None => Err(raise!(TypeError, "element indices must be integers")),
    }
}

pub fn item(this: &Ref<Element>, index: isize) -> PyResult<Ref<Object>> {
    usize::try_from(index).ok().and_then(|index| this.child(index)).ok_or_else(|| index_error(false))
}
