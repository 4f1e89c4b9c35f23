//! `list.sort`: keys, the choice of an order, and the state of the list meanwhile.
//!
//! While a sort runs the list is empty, so code that compares items cannot reach the array that is sorted; a change of
//! the list is noticed at the end. Keys of one common kind are taken out of their objects before the sort: machine
//! integers, floats, the first eight bytes of strings, and the same of the first items of tuples. What is sorted then
//! is a vector of keys and items, and no comparison touches an object unless keys are equal.

mod timsort;

use core::cmp::Ordering;

use self::timsort::{Order, Stop};
use super::List;
use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::tuple::items_equal;

type Pointer = *mut PyObject;

/// What is sorted: something to compare, and the list's item.
trait Element: Copy {
    fn item(self) -> Pointer;
}

impl Element for Pointer {
    fn item(self) -> Pointer {
        self
    }
}

#[derive(Clone, Copy)]
struct Keyed<K> {
    key: K,
    item: Pointer,
}

impl<K: Copy> Element for Keyed<K> {
    fn item(self) -> Pointer {
        self.item
    }
}

/// A string of one byte per character and its first eight bytes as a number, which mostly decides.
#[derive(Clone, Copy)]
struct TextKey {
    prefix: u64,
    text: Pointer,
}

impl Element for TextKey {
    fn item(self) -> Pointer {
        self.text
    }
}

/// A tuple and its first item as a number, which mostly decides.
#[derive(Clone, Copy)]
struct TupleKey {
    first: i64,
    tuple: Pointer,
}

/// How two objects are compared.
#[derive(Clone, Copy)]
enum Objects {
    /// By `__lt__`.
    Any,
    /// All are exact strings.
    Text,
    /// All are exact tuples.
    Tuples,
}

/// # Safety
/// `pointer` is a live object for as long as the result is used: the sort owns items and keys.
#[inline(always)]
unsafe fn object<'a>(pointer: Pointer) -> Borrowed<'a, Object> {
    // SAFETY: by contract.
    unsafe { Borrowed::from_ptr(pointer) }
}

/// # Safety
/// As [`object`], and it is a `T`.
#[inline(always)]
unsafe fn typed<'a, T>(pointer: Pointer) -> Borrowed<'a, T> {
    // SAFETY: by contract.
    unsafe { Borrowed::from_ptr(pointer) }
}

/// `a < b` for any objects; two of one type are asked without detours.
fn less_objects(a: Pointer, b: Pointer) -> PyResult<bool> {
    // SAFETY: the sort owns both; slots take live objects.
    unsafe {
        let (a, b) = (object(a), object(b));
        let ty = a.type_ptr();
        if ty == b.type_ptr()
            && let Some(compare) = (*ty).tp_richcompare.get()
        {
            let result: Ref<Object> =
                crate::object::protocol::attr::from_result(compare(a.as_ptr(), b.as_ptr(), CompareOp::Lt as c_int))?;
            if !result.is_not_implemented() {
                return result.is_true();
            }
        }
        a.compare_bool(b, CompareOp::Lt)
    }
}

/// `a < b` for two tuples that are equal up to `start`.
fn less_tuples(a: Pointer, b: Pointer, start: usize) -> PyResult<bool> {
    // SAFETY: the sort owns both, and tuples keep their items.
    let (a, b): (Borrowed<'_, Tuple>, Borrowed<'_, Tuple>) = unsafe { (typed(a), typed(b)) };
    for (x, y) in a.iter().zip(b.iter()).skip(start) {
        if !items_equal(x, y)? {
            return less_objects(x.as_ptr(), y.as_ptr());
        }
    }
    Ok(a.len() < b.len())
}

fn less_texts(a: Pointer, b: Pointer) -> bool {
    // SAFETY: the sort owns both, and has seen that they are strings.
    let (a, b): (Borrowed<'_, Str>, Borrowed<'_, Str>) = unsafe { (typed(a), typed(b)) };
    a.compare_str(&b) == Ordering::Less
}

impl Objects {
    #[inline]
    fn less(self, a: Pointer, b: Pointer) -> PyResult<bool> {
        match self {
            Objects::Any => less_objects(a, b),
            Objects::Text => Ok(less_texts(a, b)),
            Objects::Tuples => less_tuples(a, b, 0),
        }
    }
}

impl Order<Pointer> for Objects {
    type Error = Raised;

    fn less(&mut self, a: Pointer, b: Pointer) -> PyResult<bool> {
        (*self).less(a, b)
    }
}

impl Order<Keyed<Pointer>> for Objects {
    type Error = Raised;

    fn less(&mut self, a: Keyed<Pointer>, b: Keyed<Pointer>) -> PyResult<bool> {
        (*self).less(a.key, b.key)
    }
}

/// Numbers, as machine numbers compare.
struct Numbers;

impl<K: PartialOrd + Copy> Order<Keyed<K>> for Numbers {
    type Error = Raised;

    #[inline(always)]
    fn less(&mut self, a: Keyed<K>, b: Keyed<K>) -> PyResult<bool> {
        Ok(a.key < b.key)
    }
}

/// Strings by their prefixes first.
struct Texts;

impl Texts {
    #[inline(always)]
    fn less(a: TextKey, b: TextKey) -> bool {
        a.prefix < b.prefix || (a.prefix == b.prefix && less_texts(a.text, b.text))
    }
}

impl Order<TextKey> for Texts {
    type Error = Raised;

    #[inline(always)]
    fn less(&mut self, a: TextKey, b: TextKey) -> PyResult<bool> {
        Ok(Texts::less(a, b))
    }
}

impl Order<Keyed<TextKey>> for Texts {
    type Error = Raised;

    #[inline(always)]
    fn less(&mut self, a: Keyed<TextKey>, b: Keyed<TextKey>) -> PyResult<bool> {
        Ok(Texts::less(a.key, b.key))
    }
}

/// Tuples by their first items first. Tuples whose numbers are equal are equal up to `equal_items`.
struct Tuples {
    equal_items: usize,
}

impl Order<Keyed<TupleKey>> for Tuples {
    type Error = Raised;

    #[inline(always)]
    fn less(&mut self, a: Keyed<TupleKey>, b: Keyed<TupleKey>) -> PyResult<bool> {
        if a.key.first != b.key.first {
            return Ok(a.key.first < b.key.first);
        }
        less_tuples(a.key.tuple, b.key.tuple, self.equal_items)
    }
}

/// What all keys have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Exact integers of 64 bits.
    Int,
    Float,
    /// Exact strings of one byte per character.
    Latin,
    /// Exact strings.
    Text,
    /// Nothing of the above.
    Other,
}

fn kind_of(object: Borrowed<'_, Object>) -> Kind {
    if let Some(int) = object.downcast_exact::<Int>() {
        return if int.to_i64().is_some() { Kind::Int } else { Kind::Other };
    }
    if object.is_exact::<Float>() {
        return Kind::Float;
    }
    match object.downcast_exact::<Str>() {
        Some(text) if text.kind() == 1 => Kind::Latin,
        Some(_) => Kind::Text,
        None => Kind::Other,
    }
}

/// What `objects` have in common.
fn common_kind<'a>(objects: impl Iterator<Item = Borrowed<'a, Object>>) -> Kind {
    let mut common = None;
    for object in objects {
        let kind = kind_of(object);
        common = Some(match (common, kind) {
            (_, Kind::Other) => return Kind::Other,
            (None, kind) => kind,
            (Some(common), kind) if common == kind => kind,
            (Some(Kind::Latin | Kind::Text), Kind::Latin | Kind::Text) => Kind::Text,
            _ => return Kind::Other,
        });
    }
    common.unwrap_or(Kind::Other)
}

fn int_value(pointer: Pointer) -> i64 {
    // SAFETY: the kind says that this is an exact int of 64 bits.
    unsafe { typed::<Int>(pointer).to_i64().unwrap_or(0) }
}

fn text_prefix(pointer: Pointer) -> u64 {
    // SAFETY: the kind says that this is an exact str of one byte per character.
    let text = unsafe { typed::<Str>(pointer) };
    let bytes = text.data().as_bytes();
    let mut prefix = [0; 8];
    let len = bytes.len().min(8);
    prefix[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(prefix)
}

/// Sorts `elements`, from the end when `reverse`, so that equal items keep their order.
fn sort_elements<E: Element, O: Order<E, Error = Raised>>(
    elements: &mut [E],
    order: &mut O,
    reverse: bool,
) -> PyResult<()> {
    if reverse {
        elements.reverse();
    }
    let result = timsort::sort(elements, order);
    if reverse {
        elements.reverse();
    }
    result.map_err(|stop| match stop {
        Stop::Memory => Raised::no_memory(),
        Stop::Order(raised) => raised,
    })
}

/// Sorts `items` by keys that `make` derives from key and item.
fn sort_derived<E: Element, O: Order<E, Error = Raised>>(
    items: &mut [Pointer],
    keys: Option<&[Ref<Object>]>,
    make: impl Fn(Pointer, Pointer) -> E,
    order: &mut O,
    reverse: bool,
) -> PyResult<()> {
    let mut elements = Vec::new();
    if elements.try_reserve_exact(items.len()).is_err() {
        return Err(Raised::no_memory());
    }
    match keys {
        Some(keys) => elements.extend(items.iter().zip(keys).map(|(&item, key)| make(key.as_ptr(), item))),
        None => elements.extend(items.iter().map(|&item| make(item, item))),
    }
    let result = sort_elements(&mut elements, order, reverse);
    // Also after an error: the elements are all there, in some order.
    for (item, element) in items.iter_mut().zip(&elements) {
        *item = element.item();
    }
    result
}

fn sort_items(items: &mut [Pointer], keys: Option<&[Ref<Object>]>, reverse: bool) -> PyResult<()> {
    let key_at = |index: usize| -> Borrowed<'_, Object> {
        match keys {
            Some(keys) => keys[index].borrow(),
            // SAFETY: the sort owns the items.
            None => unsafe { object(items[index]) },
        }
    };
    let count = items.len();
    let tuples = (0..count).all(|index| key_at(index).downcast_exact::<Tuple>().is_some_and(|tuple| !tuple.is_empty()));
    if tuples {
        let firsts = |index: usize| -> Borrowed<'_, Object> {
            // SAFETY: all are tuples with items, which they keep.
            unsafe { typed::<Tuple>(key_at(index).as_ptr()).as_slice().as_ptr().cast::<Borrowed<'_, Object>>().read() }
        };
        let kind = common_kind((0..count).map(firsts));
        let first = |tuple: Pointer| -> Pointer {
            // SAFETY: as above.
            unsafe { *typed::<Tuple>(tuple).items_ptr() }
        };
        return match kind {
            Kind::Int => {
                let make = |key, item| Keyed { key: TupleKey { first: int_value(first(key)), tuple: key }, item };
                sort_derived(items, keys, make, &mut Tuples { equal_items: 1 }, reverse)
            }
            Kind::Latin => {
                // The unsigned order of prefixes as an order of signed numbers. Equal prefixes say nothing.
                let number = |tuple| (text_prefix(first(tuple)) ^ (1 << 63)) as i64;
                let make = |key, item| Keyed { key: TupleKey { first: number(key), tuple: key }, item };
                sort_derived(items, keys, make, &mut Tuples { equal_items: 0 }, reverse)
            }
            _ => sort_objects(items, keys, Objects::Tuples, reverse),
        };
    }
    match common_kind((0..count).map(key_at)) {
        Kind::Int => sort_derived(items, keys, |key, item| Keyed { key: int_value(key), item }, &mut Numbers, reverse),
        Kind::Float => {
            // SAFETY: the kind says that all keys are exact floats.
            let make = |key, item| Keyed { key: unsafe { typed::<Float>(key) }.value(), item };
            sort_derived(items, keys, make, &mut Numbers, reverse)
        }
        Kind::Latin if keys.is_some() => {
            let make = |key, item| Keyed { key: TextKey { prefix: text_prefix(key), text: key }, item };
            sort_derived(items, keys, make, &mut Texts, reverse)
        }
        Kind::Latin => {
            let make = |key, _| TextKey { prefix: text_prefix(key), text: key };
            sort_derived(items, keys, make, &mut Texts, reverse)
        }
        Kind::Text => sort_objects(items, keys, Objects::Text, reverse),
        Kind::Other => sort_objects(items, keys, Objects::Any, reverse),
    }
}

fn sort_objects(
    items: &mut [Pointer],
    keys: Option<&[Ref<Object>]>,
    mut order: Objects,
    reverse: bool,
) -> PyResult<()> {
    match keys {
        None => sort_elements(items, &mut order, reverse),
        Some(_) => sort_derived(items, keys, |key, item| Keyed { key, item }, &mut order, reverse),
    }
}

/// Calls `function` for each item.
fn make_keys(items: &[Pointer], function: Borrowed<'_, Object>) -> PyResult<Vec<Ref<Object>>> {
    let mut keys = Vec::new();
    if keys.try_reserve_exact(items.len()).is_err() {
        return Err(Raised::no_memory());
    }
    for &item in items {
        // SAFETY: the sort owns the items.
        keys.push(function.call1(unsafe { object(item) })?);
    }
    Ok(keys)
}

/// `list.sort(key=key, reverse=reverse)`. After an error the list holds its items in some order.
pub(super) fn sort(list: &Ref<List>, key: Option<Borrowed<'_, Object>>, reverse: bool) -> PyResult<()> {
    let taken = list.take_for_sort();
    let items: &mut [Pointer] = if taken.1 == 0 {
        &mut []
    } else {
        // SAFETY: the list gave the array away, so nobody else uses it until it goes back.
        unsafe { core::slice::from_raw_parts_mut(taken.0, taken.1) }
    };
    let keys = key.map(|function| make_keys(items, function));
    let result = match &keys {
        Some(Err(_)) => Ok(()),
        Some(Ok(keys)) if items.len() > 1 => sort_items(items, Some(keys), reverse),
        None if items.len() > 1 => sort_items(items, None, reverse),
        _ => Ok(()),
    };
    // The keys go while the list is still given away: what their end does to the list is seen.
    let keys = match keys {
        Some(Err(raised)) => Err(raised),
        _ => Ok(()),
    };
    let modified = list.restore_after_sort(taken);
    keys?;
    result?;
    if modified {
        return Err(raise!(ValueError, "list modified during sort"));
    }
    Ok(())
}
