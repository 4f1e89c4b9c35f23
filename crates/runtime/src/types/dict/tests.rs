//! The tables against CPython's: the same operations give the same order of iteration and the same sizes.
//!
//! Keys are objects of a type of the test whose hash is their number, as that of small integers is. The expected lines were
//! printed by CPython 3.14 running the same operations: (length, `__sizeof__()`, folded order) at eight points.

use core::cell::Cell;
use std::collections::HashMap;

use super::*;
use crate::abi::*;
use crate::prelude::*;

static KEY_TYPE: PyTypeObject = PyTypeObject::ZERO;

#[repr(C)]
struct Key {
    ob_base: PyObject,
    number: Cell<isize>,
}

#[derive(Default)]
struct Keys(HashMap<isize, *mut PyObject>);

impl Keys {
    /// The one object for a number; it is never freed.
    fn get(&mut self, number: isize) -> *mut PyObject {
        *self.0.entry(number).or_insert_with(|| {
            let head = PyObject::immortal((&raw const KEY_TYPE).cast_mut());
            Box::into_raw(Box::new(Key { ob_base: head, number: Cell::new(number) })).cast()
        })
    }
}

fn number(key: *mut PyObject) -> u64 {
    // SAFETY: all keys here are of this type.
    unsafe { (*key.cast::<Key>()).number.get() as u64 }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> isize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as isize
    }

    fn key(&mut self, span: isize) -> isize {
        let number = self.next() % span;
        number * if self.next() % 4 != 0 { 1 } else { 4096 }
    }
}

fn fold(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(14695981039346656037, |hash, number| (hash ^ number).wrapping_mul(1099511628211))
}

type Point = (usize, usize, u64);

/// ((seed, steps, span of keys), points).
const EXPECTED: &[((u64, usize, isize), &[Point])] = &[
    (
        (1, 400, 60),
        &[
            (16, 616, 16910247077351020786),
            (26, 1152, 1027776182492227488),
            (34, 2248, 107378511893450133),
            (40, 2248, 3831029340879042374),
            (42, 2248, 15099168620921171340),
            (53, 2248, 10006789920797624032),
            (61, 4672, 16691468547868639202),
            (62, 4672, 801618913101569247),
        ],
    ),
    (
        (2, 8000, 500),
        &[
            (247, 9288, 17114408047200797023),
            (432, 18496, 3848419034094646954),
            (503, 36936, 11968019066776684017),
            (533, 36936, 12765326509122774869),
            (570, 36936, 2591570722420715302),
            (260, 9288, 13046573310503945970),
            (396, 18496, 14537580207977117592),
            (455, 36936, 1948135785806640361),
        ],
    ),
    (
        (3, 60000, 40000),
        &[
            (1744, 73792, 6560401561859700327),
            (3039, 147528, 13153013353395030452),
            (59, 2248, 12247306353685694735),
            (620, 18496, 2722370403157156863),
            (18, 616, 12778422206145773496),
            (792, 36936, 7262576474086657768),
            (2505, 73792, 6270498485707955931),
            (1176, 36936, 6374915517283003359),
        ],
    ),
];

fn size_of_dict(dict: &Ref<Dict>) -> usize {
    // SAFETY: live keys.
    let table = if dict.keys_raw() == keys::empty() { 0 } else { unsafe { keys::byte_size(dict.keys_raw()) } };
    size_of::<PyDictObject>() + table
}

fn order(dict: &Ref<Dict>) -> u64 {
    let mut position = 0;
    // SAFETY: a live dict.
    fold(core::iter::from_fn(|| unsafe { raw::next(dict.raw(), &mut position).map(|(key, _, _)| number(key)) }))
}

#[test]
fn order_and_size_are_those_of_cpython() {
    for &((seed, steps, span), points) in EXPECTED {
        let (mut random, mut keys) = (Random(seed), Keys::default());
        let Ok(mut dict) = Dict::new() else { panic!("no memory") };
        let mut found: Vec<Point> = Vec::new();
        for step in 0..steps {
            let op = random.next() % 16;
            let key = random.key(span);
            let object = keys.get(key);
            // SAFETY: keys and dict are live.
            unsafe {
                match op {
                    0..9 => assert!(raw::insert(dict.raw(), object, key, object).is_ok()),
                    9..13 => {
                        let Ok(place) = lookup::lookup(dict.raw(), object, key) else { panic!("lookup failed") };
                        if place.index >= 0 {
                            drop(raw::take_entry(dict.raw(), place.index, key));
                        }
                    }
                    13 => assert!(raw::take_last(dict.raw()).is_ok()),
                    14 if random.next() % 50 == 0 => {
                        let Ok(copy) = dict.copy() else { panic!("no memory") };
                        dict = copy;
                    }
                    15 if random.next() % 200 == 0 => dict.clear(),
                    _ => {}
                }
            }
            if step % (steps / 8) == steps / 8 - 1 {
                found.push((dict.len(), size_of_dict(&dict), order(&dict)));
            }
        }
        assert_eq!(found, points, "seed {seed}");
    }
}

#[test]
fn sizes_grow_as_in_cpython() {
    assert_eq!([0, 8, 9, 16, 17].map(keys::log2_for_size), [3, 3, 4, 4, 5]);
    assert_eq!([5, 6, 10, 11].map(keys::log2_for_entries), [3, 4, 4, 5]);
}
