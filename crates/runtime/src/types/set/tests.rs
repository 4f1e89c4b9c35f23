//! The tables against CPython's: the same operations give the same order of iteration and the same sizes.
//!
//! Keys are objects of a type of the test whose hash is their number, as that of small integers is. The expected lines were
//! printed by CPython 3.14 running the same operations: (length, `__sizeof__()`, folded order) at eight points.

use core::cell::Cell;
use std::collections::HashMap;

use super::*;
use crate::abi::*;

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

/// ((seed, steps, span of keys), points, hash of the frozen set at the end).
const EXPECTED: &[((u64, usize, isize), &[Point], isize)] = &[
    (
        (1, 400, 60),
        &[
            (22, 2248, 10729427177630144219),
            (35, 2248, 9501262400996083666),
            (34, 2248, 5762744632029880814),
            (40, 2248, 18401453823526733860),
            (47, 2248, 12291010451688773481),
            (53, 2248, 1902111914024947665),
            (57, 2248, 14465130046493513485),
            (73, 8392, 3092928856536617922),
        ],
        2067454022022169210,
    ),
    (
        (2, 8000, 500),
        &[
            (355, 32968, 15095946804764057149),
            (498, 32968, 5103782640373852205),
            (556, 32968, 17788384111621621847),
            (573, 32968, 6605886989869840035),
            (605, 32968, 5992166719436481414),
            (614, 32968, 7416816490665569285),
            (596, 32968, 4216570687403760278),
            (561, 32968, 5390298595965990670),
        ],
        -8936851670650578133,
    ),
    (
        (3, 60000, 40000),
        &[
            (4037, 131272, 14114973712978156178),
            (7733, 524488, 2651378470407887186),
            (11146, 524488, 7009509098213717040),
            (14055, 524488, 4237327242007663768),
            (16822, 524488, 18272119350727056349),
            (19269, 2097352, 4210550320994025397),
            (21521, 2097352, 12582343021306325924),
            (23511, 2097352, 9496766463571784697),
        ],
        3145747837400700874,
    ),
];

fn size_of_set(set: *mut PySetObject) -> usize {
    // SAFETY: a live set.
    unsafe {
        let mask = (*set).mask.get() as usize;
        size_of::<PySetObject>() + if mask > 7 { (mask + 1) * size_of::<setentry>() } else { 0 }
    }
}

fn order(set: *mut PySetObject) -> u64 {
    let mut position = 0;
    // SAFETY: a live set.
    fold(core::iter::from_fn(|| unsafe { raw::next(set, &mut position).map(|(key, _)| number(key)) }))
}

#[test]
fn order_and_size_are_those_of_cpython() {
    for &((seed, steps, span), points, frozen) in EXPECTED {
        let (mut random, mut keys) = (Random(seed), Keys::default());
        let Ok(set) = Set::new() else { panic!("no memory") };
        let set: *mut PySetObject = set.into_ptr().cast();
        let mut found: Vec<Point> = Vec::new();
        for step in 0..steps {
            let op = random.next() % 16;
            let key = random.key(span);
            // SAFETY: keys and set are live.
            let done = unsafe {
                match op {
                    0..10 => raw::add_entry(set, keys.get(key), key).is_ok(),
                    10..14 => raw::discard_entry(set, keys.get(key), key).is_ok(),
                    14 => (raw::pop(set), true).1,
                    _ if random.next() % 64 == 0 => {
                        let Ok(other) = Set::new() else { panic!("no memory") };
                        let start = key % 300;
                        for extra in start..start + random.next() % 40 {
                            assert!(raw::add_entry(other.as_raw().cast(), keys.get(extra), extra).is_ok());
                        }
                        table::merge(set, other.as_raw().cast()).is_ok()
                    }
                    _ => true,
                }
            };
            assert!(done);
            if step % (steps / 8) == steps / 8 - 1 {
                // SAFETY: a live set.
                found.push((unsafe { (*set).used.get() } as usize, size_of_set(set), order(set)));
            }
        }
        assert_eq!(found, points, "seed {seed}");
        // SAFETY: a live set.
        assert_eq!(unsafe { table::frozen_hash(set) }, frozen);
    }
}
