//! `list.sort`: keys, the choice of an order, and the state of the list meanwhile.
//!
//! While a sort runs the list is empty, so code that compares items cannot reach the array that is sorted; a change of
//! the list is noticed at the end. Keys of one common kind are taken out of their objects before the sort: machine
//! integers, floats, the first eight bytes of strings, and the same of the first items of tuples. What is sorted then
//! is a vector of keys and items, and no comparison touches an object unless keys are equal.

mod timsort;

use core::cmp::Ordering;
use core::mem::MaybeUninit;

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

/// A tuple and its first two items as numbers, which mostly decide; `second` is 0 where it says nothing.
#[derive(Clone, Copy)]
struct TupleKey {
    first: i64,
    second: i64,
    tuple: Pointer,
}

impl Element for TupleKey {
    fn item(self) -> Pointer {
        self.tuple
    }
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

impl Order<TupleKey> for Tuples {
    type Error = Raised;

    #[inline(always)]
    fn less(&mut self, a: TupleKey, b: TupleKey) -> PyResult<bool> {
        if a.first != b.first {
            return Ok(a.first < b.first);
        }
        if a.second != b.second {
            return Ok(a.second < b.second);
        }
        less_tuples(a.tuple, b.tuple, self.equal_items)
    }
}

impl Order<Keyed<TupleKey>> for Tuples {
    type Error = Raised;

    #[inline(always)]
    fn less(&mut self, a: Keyed<TupleKey>, b: Keyed<TupleKey>) -> PyResult<bool> {
        self.less(a.key, b.key)
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
        return if int.small_value().is_some() || int.to_i64().is_some() { Kind::Int } else { Kind::Other };
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
    let int: Borrowed<'_, Int> = unsafe { typed(pointer) };
    int.small_value().unwrap_or_else(|| int.to_i64().unwrap_or(0))
}

/// Numbers that are in order already, or in the opposite order throughout, need no sort; `false` for all other items.
fn settle<N: PartialOrd + Copy>(items: &mut [Pointer], reverse: bool, value: impl Fn(Pointer) -> Option<N>) -> bool {
    let [first, rest @ ..] = &*items else { return true };
    let Some(mut previous) = value(*first) else { return false };
    let (mut in_order, mut opposite) = (true, true);
    for &item in rest {
        let Some(value) = value(item) else { return false };
        let less = if reverse { previous < value } else { value < previous };
        in_order &= !less;
        opposite &= less;
        if !in_order && !opposite {
            return false;
        }
        previous = value;
    }
    if !in_order {
        items.reverse();
    }
    true
}

/// [`settle`] of small integers or of floats.
fn settle_numbers(items: &mut [Pointer], reverse: bool) -> bool {
    // SAFETY: the sort owns the items; the types are asked first.
    unsafe {
        match items.first().map(|&first| object(first).type_ptr()) {
            Some(ty) if ty == Int::TYPE => {
                settle(items, reverse, |item| object(item).downcast_exact::<Int>()?.small_value())
            }
            Some(ty) if ty == Float::TYPE => {
                settle(items, reverse, |item| Some(object(item).downcast_exact::<Float>()?.value()))
            }
            _ => false,
        }
    }
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
    /// Few elements stay on the stack.
    const FEW: usize = 24;
    let mut few = [const { MaybeUninit::<E>::uninit() }; FEW];
    let mut many = Vec::new();
    let elements: &mut [E] = if items.len() <= FEW {
        for (index, (element, &item)) in few.iter_mut().zip(&*items).enumerate() {
            element.write(make(keys.map_or(item, |keys| keys[index].as_ptr()), item));
        }
        // SAFETY: so many were just written.
        unsafe { few[..items.len()].assume_init_mut() }
    } else {
        if many.try_reserve_exact(items.len()).is_err() {
            return Err(Raised::no_memory());
        }
        match keys {
            Some(keys) => many.extend(items.iter().zip(keys).map(|(&item, key)| make(key.as_ptr(), item))),
            None => many.extend(items.iter().map(|&item| make(item, item))),
        }
        &mut many
    };
    let result = sort_elements(elements, order, reverse);
    // Also after an error: the elements are all there, in some order.
    for (item, element) in items.iter_mut().zip(&*elements) {
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
    let mut shortest = usize::MAX;
    let tuples = (0..count).all(|index| {
        key_at(index).downcast_exact::<Tuple>().is_some_and(|tuple| {
            shortest = shortest.min(tuple.len());
            shortest > 0
        })
    });
    if tuples {
        let part = |tuple: Pointer, place: usize| -> Pointer {
            // SAFETY: all are tuples with so many items, which they keep.
            unsafe { *typed::<Tuple>(tuple).items_ptr().add(place) }
        };
        let kind_at = |place: usize| {
            // SAFETY: as above.
            common_kind((0..count).map(|index| unsafe { object(part(key_at(index).as_ptr(), place)) }))
        };
        // The unsigned order of prefixes as an order of signed numbers. Equal prefixes say nothing.
        let prefix = |pointer: Pointer| (text_prefix(pointer) ^ (1 << 63)) as i64;
        return match kind_at(0) {
            Kind::Int => match if shortest > 1 { kind_at(1) } else { Kind::Other } {
                Kind::Int => {
                    let second = |tuple| int_value(part(tuple, 1));
                    let make = |tuple| TupleKey { first: int_value(part(tuple, 0)), second: second(tuple), tuple };
                    sort_tuples(items, keys, make, 2, reverse)
                }
                Kind::Latin => {
                    let second = |tuple| prefix(part(tuple, 1));
                    let make = |tuple| TupleKey { first: int_value(part(tuple, 0)), second: second(tuple), tuple };
                    sort_tuples(items, keys, make, 1, reverse)
                }
                _ => {
                    let make = |tuple| TupleKey { first: int_value(part(tuple, 0)), second: 0, tuple };
                    sort_tuples(items, keys, make, 1, reverse)
                }
            },
            Kind::Latin => {
                let make = |tuple| TupleKey { first: prefix(part(tuple, 0)), second: 0, tuple };
                sort_tuples(items, keys, make, 0, reverse)
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

fn sort_tuples(
    items: &mut [Pointer],
    keys: Option<&[Ref<Object>]>,
    make: impl Fn(Pointer) -> TupleKey,
    equal_items: usize,
    reverse: bool,
) -> PyResult<()> {
    let mut order = Tuples { equal_items };
    match keys {
        None => sort_derived(items, keys, |key, _| make(key), &mut order, reverse),
        Some(_) => sort_derived(items, keys, |key, item| Keyed { key: make(key), item }, &mut order, reverse),
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
        None if items.len() > 1 && !settle_numbers(items, reverse) => sort_items(items, None, reverse),
        _ => Ok(()),
    };
    // The keys go while the list is still given away: what their end does to the list is seen.
    let made = keys.transpose().map(drop);
    let modified = list.restore_after_sort(taken);
    made?;
    result?;
    if modified {
        return Err(raise!(ValueError, "list modified during sort"));
    }
    Ok(())
}
