//! The merge sort: an adaptive, stable, natural merge sort (Tim Peters' timsort with the merge policy of powersort).
//!
//! It knows elements that are `Copy` and an order that may fail; no objects. Two promises matter beyond sorting:
//! whatever happens, the slice holds the elements it held before, each once; and the order is asked the questions that
//! CPython's `list.sort` asks, in the same sequence, so that an order that is none (NaN, a random `__lt__`) gives the
//! same result.
//!
//! Phases: the slice is cut from left to right into ascending runs. A natural run that is too short is made longer by
//! binary insertion. Runs wait on a stack; each boundary between two runs has a power, its depth in the tree of a
//! perfectly balanced merge, and before a run is put on the stack all boundaries of greater power are merged away. A
//! merge copies the shorter run aside and gallops when one run wins many times in a row.
//!
//! CPython: `Objects/listobject.c`, `Objects/listsort.txt`; Munro and Wild, "Nearly-Optimal Mergesorts" (2018).

use core::mem::MaybeUninit;
use core::ptr;

/// Runs shorter than the minimum, which is 32 to 64, are made longer.
const MAX_MIN_RUN: usize = 64;
/// How often one run has to win before the merge gallops, at first.
const MIN_GALLOP: usize = 7;
/// Enough for 2^64 elements: each boundary on the stack has another power.
const MAX_PENDING: usize = 66;

/// What stopped a sort.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop<X> {
    /// No memory for the run put aside.
    Memory,
    /// The order failed.
    Order(X),
}

/// A strict weak order, or something that claims to be one.
pub trait Order<E> {
    type Error;

    fn less(&mut self, a: E, b: E) -> Result<bool, Self::Error>;
}

/// A natural run, or several merged.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    len: usize,
    /// Of the boundary with the next run.
    power: u32,
}

struct Sorter<'a, E, O> {
    base: *mut E,
    len: usize,
    order: &'a mut O,
    aside: Vec<E>,
    min_gallop: usize,
    /// The runs below `pending_len` are written.
    pending: [MaybeUninit<Run>; MAX_PENDING],
    pending_len: usize,
}

/// Sorts `elements`.
pub fn sort<E: Copy, O: Order<E>>(elements: &mut [E], order: &mut O) -> Result<(), Stop<O::Error>> {
    if elements.len() < 2 {
        return Ok(());
    }
    let mut sorter = Sorter {
        base: elements.as_mut_ptr(),
        len: elements.len(),
        order,
        aside: Vec::new(),
        min_gallop: MIN_GALLOP,
        pending: [const { MaybeUninit::uninit() }; MAX_PENDING],
        pending_len: 0,
    };
    // SAFETY: `base` and `len` are those of the slice, which is borrowed for the time of the sort.
    unsafe { sorter.run() }
}

/// Between 32 and 64, such that `len` divided by it is a power of 2 or a little less; `len` itself below 64.
fn min_run(mut len: usize) -> usize {
    let mut rest = 0;
    while len >= MAX_MIN_RUN {
        rest |= len & 1;
        len >>= 1;
    }
    len + rest
}

/// The depth of the boundary between two adjacent runs in the perfectly balanced merge tree over `len` elements: the
/// first bit in which the midpoints of the runs, as fractions of `len`, differ.
fn power(start: usize, first: usize, second: usize, len: usize) -> u32 {
    // Twice the midpoints, so that they are whole. 128 bits, so that nothing overflows.
    let len = len as u128;
    let mut a = 2 * start as u128 + first as u128;
    let mut b = a + first as u128 + second as u128;
    let mut power = 0;
    loop {
        power += 1;
        if a >= len {
            a -= len;
            b -= len;
        } else if b >= len {
            return power;
        }
        a <<= 1;
        b <<= 1;
    }
}

/// # Safety
/// All methods: `base` points to `len` elements that nobody else uses, and ranges given are inside.
impl<E: Copy, O: Order<E>> Sorter<'_, E, O> {
    /// A run on the stack.
    #[inline(always)]
    fn waiting(&mut self, at: usize) -> &mut Run {
        assert!(at < self.pending_len);
        // SAFETY: runs below `pending_len` are written.
        unsafe { self.pending[at].assume_init_mut() }
    }

    unsafe fn run(&mut self) -> Result<(), Stop<O::Error>> {
        let minimum = min_run(self.len);
        let mut start = 0;
        // SAFETY: ranges are inside.
        unsafe {
            while start < self.len {
                let rest = self.len - start;
                let mut len = self.count_run(start, rest).map_err(Stop::Order)?;
                if len < minimum {
                    let wanted = minimum.min(rest);
                    self.insert_sorted(start, wanted, len).map_err(Stop::Order)?;
                    len = wanted;
                }
                self.make_way(start, len)?;
                self.pending[self.pending_len].write(Run { start, len, power: 0 });
                self.pending_len += 1;
                start += len;
            }
            while self.pending_len > 1 {
                let mut at = self.pending_len - 2;
                if at > 0 && self.waiting(at - 1).len < self.waiting(at + 1).len {
                    at -= 1;
                }
                self.merge_at(at)?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    unsafe fn less_at(&mut self, a: usize, b: usize) -> Result<bool, O::Error> {
        // SAFETY: by contract.
        unsafe { self.order.less(*self.base.add(a), *self.base.add(b)) }
    }

    unsafe fn reverse(&mut self, start: usize, len: usize) {
        // SAFETY: by contract.
        unsafe { core::slice::from_raw_parts_mut(self.base.add(start), len).reverse() }
    }

    /// The length of the run that begins at `start`, of at most `rest` elements. A descending run is reversed, with
    /// equal elements left in their order.
    unsafe fn count_run(&mut self, start: usize, rest: usize) -> Result<usize, O::Error> {
        // SAFETY: all places are below `start + rest`.
        unsafe {
            let mut len = 1;
            while len < rest && !self.less_at(start + len, start + len - 1)? {
                len += 1;
            }
            if len == rest {
                return Ok(len);
            }
            // The element at `len` is less than the one before it. After an ascent the run ends there; after equal
            // elements alone a descent begins with all of them, which are turned round since the whole will be.
            if len > 1 {
                if self.less_at(start, start + len - 1)? {
                    return Ok(len);
                }
                self.reverse(start, len);
            }
            len += 1;
            // How many elements at the end are equal to the one before them.
            let mut equal = 0;
            while len < rest {
                if self.less_at(start + len, start + len - 1)? {
                    if equal > 0 {
                        self.reverse(start + len - equal - 1, equal + 1);
                        equal = 0;
                    }
                } else if self.less_at(start + len - 1, start + len)? {
                    break;
                } else {
                    equal += 1;
                }
                len += 1;
            }
            if equal > 0 {
                self.reverse(start + len - equal - 1, equal + 1);
            }
            self.reverse(start, len);
            // What follows may go on upwards.
            while len < rest && !self.less_at(start + len, start + len - 1)? {
                len += 1;
            }
            Ok(len)
        }
    }

    /// Sorts `len` elements of which the first `sorted` are sorted, by binary insertion.
    unsafe fn insert_sorted(&mut self, start: usize, len: usize, sorted: usize) -> Result<(), O::Error> {
        // SAFETY: all places are below `start + len`.
        unsafe {
            let run = self.base.add(start);
            for next in sorted.max(1)..len {
                let pivot = *run.add(next);
                let (mut low, mut high) = (0, next);
                while low < high {
                    let middle = (low + high) >> 1;
                    if self.order.less(pivot, *run.add(middle))? {
                        high = middle;
                    } else {
                        low = middle + 1;
                    }
                }
                ptr::copy(run.add(low), run.add(low + 1), next - low);
                *run.add(low) = pivot;
            }
        }
        Ok(())
    }

    /// Merges what has to be merged before a run of `len` elements at `start` is put on the stack.
    unsafe fn make_way(&mut self, start: usize, len: usize) -> Result<(), Stop<O::Error>> {
        if self.pending_len == 0 {
            return Ok(());
        }
        let top = *self.waiting(self.pending_len - 1);
        debug_assert_eq!(top.start + top.len, start);
        let power = power(top.start, top.len, len, self.len);
        while self.pending_len > 1 && self.waiting(self.pending_len - 2).power > power {
            // SAFETY: runs on the stack are inside.
            unsafe { self.merge_at(self.pending_len - 2)? };
        }
        self.waiting(self.pending_len - 1).power = power;
        Ok(())
    }

    /// Merges the runs `at` and `at + 1` of the stack.
    unsafe fn merge_at(&mut self, at: usize) -> Result<(), Stop<O::Error>> {
        let (a, b) = (*self.waiting(at), *self.waiting(at + 1));
        self.waiting(at).len = a.len + b.len;
        if at + 3 == self.pending_len {
            *self.waiting(at + 1) = *self.waiting(at + 2);
        }
        self.pending_len -= 1;
        // SAFETY: runs on the stack are inside and adjacent.
        unsafe {
            let (left, right) = (self.base.add(a.start), self.base.add(b.start));
            // What is in place already at both ends stays.
            let skip = self.gallop_right(*right, left, a.len, 0).map_err(Stop::Order)?;
            let left = left.add(skip);
            let left_len = a.len - skip;
            if left_len == 0 {
                return Ok(());
            }
            let right_len = self.gallop_left(*left.add(left_len - 1), right, b.len, b.len - 1).map_err(Stop::Order)?;
            if right_len == 0 {
                return Ok(());
            }
            let aside = left_len.min(right_len);
            self.aside.clear();
            if self.aside.try_reserve(aside).is_err() {
                return Err(Stop::Memory);
            }
            if left_len <= right_len {
                self.merge_low(left, left_len, right, right_len).map_err(Stop::Order)
            } else {
                self.merge_high(left, left_len, right, right_len).map_err(Stop::Order)
            }
        }
    }

    /// Where `key` belongs in the sorted run at `run`: before what is equal to it. The search begins at `hint`, in
    /// steps that double, and ends by halving.
    unsafe fn gallop_left(&mut self, key: E, run: *const E, len: usize, hint: usize) -> Result<usize, O::Error> {
        // SAFETY: all places are below `len`.
        unsafe {
            let (mut low, mut high);
            let (mut last, mut step) = (0, 1);
            if self.order.less(*run.add(hint), key)? {
                let most = len - hint;
                while step < most && self.order.less(*run.add(hint + step), key)? {
                    last = step;
                    step = step * 2 + 1;
                }
                low = hint + last + 1;
                high = hint + step.min(most);
            } else {
                let most = hint + 1;
                while step < most && !self.order.less(*run.add(hint - step), key)? {
                    last = step;
                    step = step * 2 + 1;
                }
                low = hint + 1 - step.min(most);
                high = hint - last;
            }
            while low < high {
                let middle = low + ((high - low) >> 1);
                if self.order.less(*run.add(middle), key)? {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            Ok(high)
        }
    }

    /// As [`Sorter::gallop_left`], but behind what is equal to `key`.
    unsafe fn gallop_right(&mut self, key: E, run: *const E, len: usize, hint: usize) -> Result<usize, O::Error> {
        // SAFETY: all places are below `len`.
        unsafe {
            let (mut low, mut high);
            let (mut last, mut step) = (0, 1);
            if self.order.less(key, *run.add(hint))? {
                let most = hint + 1;
                while step < most && self.order.less(key, *run.add(hint - step))? {
                    last = step;
                    step = step * 2 + 1;
                }
                low = hint + 1 - step.min(most);
                high = hint - last;
            } else {
                let most = len - hint;
                while step < most && !self.order.less(key, *run.add(hint + step))? {
                    last = step;
                    step = step * 2 + 1;
                }
                low = hint + last + 1;
                high = hint + step.min(most);
            }
            while low < high {
                let middle = low + ((high - low) >> 1);
                if self.order.less(key, *run.add(middle))? {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            Ok(high)
        }
    }

    /// Merges two adjacent runs from the left, the left one put aside: `left_len <= right_len`. The first of the right
    /// run comes before all of the left one, the last of the left run after all of the right one.
    unsafe fn merge_low(
        &mut self,
        left: *mut E,
        left_len: usize,
        right: *mut E,
        right_len: usize,
    ) -> Result<(), O::Error> {
        // SAFETY: the ranges are inside, and `aside` has room for the left run. Between two writes the elements that
        // are not placed are those of `aside` from `a` on and those from `b` on, as many as places from `out` on.
        unsafe {
            let mut a: *const E = self.aside.as_ptr();
            ptr::copy_nonoverlapping(left, self.aside.as_mut_ptr(), left_len);
            let (mut b, mut out): (*const E, *mut E) = (right, left);
            let (mut a_len, mut b_len) = (left_len, right_len);
            let mut min_gallop = self.min_gallop;

            /// One element over.
            macro_rules! take {
                ($from:ident, $count:ident) => {
                    *out = *$from;
                    out = out.add(1);
                    $from = $from.add(1);
                    $count -= 1;
                };
            }
            let result: Result<(), O::Error> = 'merge: {
                take!(b, b_len);
                if b_len == 0 || a_len == 1 {
                    break 'merge Ok(());
                }
                loop {
                    let (mut a_wins, mut b_wins) = (0, 0);
                    loop {
                        match self.order.less(*b, *a) {
                            Ok(true) => {
                                take!(b, b_len);
                                b_wins += 1;
                                a_wins = 0;
                                if b_len == 0 {
                                    break 'merge Ok(());
                                }
                                if b_wins >= min_gallop {
                                    break;
                                }
                            }
                            Ok(false) => {
                                take!(a, a_len);
                                a_wins += 1;
                                b_wins = 0;
                                if a_len == 1 {
                                    break 'merge Ok(());
                                }
                                if a_wins >= min_gallop {
                                    break;
                                }
                            }
                            Err(error) => break 'merge Err(error),
                        }
                    }
                    // One run wins so often that it pays to look how often it will.
                    min_gallop += 1;
                    loop {
                        min_gallop -= usize::from(min_gallop > 1);
                        self.min_gallop = min_gallop;
                        let wins = match self.gallop_right(*b, a, a_len, 0) {
                            Ok(wins) => wins,
                            Err(error) => break 'merge Err(error),
                        };
                        let a_wins = wins;
                        if wins > 0 {
                            ptr::copy_nonoverlapping(a, out, wins);
                            out = out.add(wins);
                            a = a.add(wins);
                            a_len -= wins;
                            // 0 happens when the order contradicts itself.
                            if a_len <= 1 {
                                break 'merge Ok(());
                            }
                        }
                        take!(b, b_len);
                        if b_len == 0 {
                            break 'merge Ok(());
                        }
                        let wins = match self.gallop_left(*a, b, b_len, 0) {
                            Ok(wins) => wins,
                            Err(error) => break 'merge Err(error),
                        };
                        let b_wins = wins;
                        if wins > 0 {
                            ptr::copy(b, out, wins);
                            out = out.add(wins);
                            b = b.add(wins);
                            b_len -= wins;
                            if b_len == 0 {
                                break 'merge Ok(());
                            }
                        }
                        take!(a, a_len);
                        if a_len == 1 {
                            break 'merge Ok(());
                        }
                        if a_wins < MIN_GALLOP && b_wins < MIN_GALLOP {
                            break;
                        }
                    }
                    // A penalty for leaving.
                    min_gallop += 1;
                    self.min_gallop = min_gallop;
                }
            };
            if result.is_ok() && a_len == 1 {
                // The last of the left run comes after all that is left of the right one.
                ptr::copy(b, out, b_len);
                out = out.add(b_len);
            }
            ptr::copy_nonoverlapping(a, out, a_len);
            result
        }
    }

    /// As [`Sorter::merge_low`] from the right, the right run put aside: `right_len < left_len`.
    unsafe fn merge_high(
        &mut self,
        left: *mut E,
        left_len: usize,
        right: *mut E,
        right_len: usize,
    ) -> Result<(), O::Error> {
        // SAFETY: as in `merge_low`, with the elements that are not placed in front of `a`, `b` and `out`, which point
        // behind the next one.
        unsafe {
            let aside: *const E = self.aside.as_ptr();
            ptr::copy_nonoverlapping(right, self.aside.as_mut_ptr(), right_len);
            let (mut a, mut b, mut out): (*const E, *const E, *mut E) =
                (left.add(left_len), aside.add(right_len), right.add(right_len));
            let (mut a_len, mut b_len) = (left_len, right_len);
            let mut min_gallop = self.min_gallop;

            /// One element over.
            macro_rules! take {
                ($from:ident, $count:ident) => {
                    $from = $from.sub(1);
                    out = out.sub(1);
                    *out = *$from;
                    $count -= 1;
                };
            }
            let result: Result<(), O::Error> = 'merge: {
                take!(a, a_len);
                if a_len == 0 || b_len == 1 {
                    break 'merge Ok(());
                }
                loop {
                    let (mut a_wins, mut b_wins) = (0, 0);
                    loop {
                        match self.order.less(*b.sub(1), *a.sub(1)) {
                            Ok(true) => {
                                take!(a, a_len);
                                a_wins += 1;
                                b_wins = 0;
                                if a_len == 0 {
                                    break 'merge Ok(());
                                }
                                if a_wins >= min_gallop {
                                    break;
                                }
                            }
                            Ok(false) => {
                                take!(b, b_len);
                                b_wins += 1;
                                a_wins = 0;
                                if b_len == 1 {
                                    break 'merge Ok(());
                                }
                                if b_wins >= min_gallop {
                                    break;
                                }
                            }
                            Err(error) => break 'merge Err(error),
                        }
                    }
                    min_gallop += 1;
                    loop {
                        min_gallop -= usize::from(min_gallop > 1);
                        self.min_gallop = min_gallop;
                        let stay = match self.gallop_right(*b.sub(1), left, a_len, a_len - 1) {
                            Ok(stay) => stay,
                            Err(error) => break 'merge Err(error),
                        };
                        let a_wins = a_len - stay;
                        if a_wins > 0 {
                            out = out.sub(a_wins);
                            a = a.sub(a_wins);
                            ptr::copy(a, out, a_wins);
                            a_len -= a_wins;
                            if a_len == 0 {
                                break 'merge Ok(());
                            }
                        }
                        take!(b, b_len);
                        if b_len == 1 {
                            break 'merge Ok(());
                        }
                        let stay = match self.gallop_left(*a.sub(1), aside, b_len, b_len - 1) {
                            Ok(stay) => stay,
                            Err(error) => break 'merge Err(error),
                        };
                        let b_wins = b_len - stay;
                        if b_wins > 0 {
                            out = out.sub(b_wins);
                            b = b.sub(b_wins);
                            ptr::copy_nonoverlapping(b, out, b_wins);
                            b_len -= b_wins;
                            if b_len <= 1 {
                                break 'merge Ok(());
                            }
                        }
                        take!(a, a_len);
                        if a_len == 0 {
                            break 'merge Ok(());
                        }
                        if a_wins < MIN_GALLOP && b_wins < MIN_GALLOP {
                            break;
                        }
                    }
                    min_gallop += 1;
                    self.min_gallop = min_gallop;
                }
            };
            if result.is_ok() && b_len == 1 {
                // The first of the right run comes before all that is left of the left one.
                out = out.sub(a_len);
                ptr::copy(left, out, a_len);
            }
            ptr::copy_nonoverlapping(aside, out.sub(b_len), b_len);
            result
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Stop, power, sort};

    /// Orders by the first half of a pair, and fails when it was asked often enough.
    struct First {
        questions_left: usize,
    }

    impl Order<(u32, u32)> for First {
        type Error = ();

        fn less(&mut self, a: (u32, u32), b: (u32, u32)) -> Result<bool, ()> {
            self.questions_left = self.questions_left.checked_sub(1).ok_or(())?;
            Ok(a.0 < b.0)
        }
    }

    fn inputs() -> Vec<Vec<u32>> {
        let mut state = 12345u64;
        let mut random = move |bound: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) % bound) as u32
        };
        let mut inputs = Vec::new();
        for len in [0, 1, 2, 3, 10, 63, 64, 65, 100, 257, 1000, 4096, 5000] {
            for bound in [1, 2, 4, 50, 1 << 30] {
                inputs.push((0..len).map(|_| random(bound)).collect());
            }
            inputs.push((0..len as u32).collect());
            inputs.push((0..len as u32).rev().collect());
            inputs.push((0..len as u32).map(|i| i % 8).collect());
            inputs.push((0..len as u32).rev().map(|i| i / 3).collect());
            let mut nearly: Vec<u32> = (0..len as u32).collect();
            for _ in 0..len / 20 {
                let (i, j) = (random(len), random(len));
                nearly.swap(i as usize, j as usize);
            }
            inputs.push(nearly);
        }
        inputs
    }

    #[test]
    fn sorts_and_keeps_the_order_of_equals() {
        for input in inputs() {
            let mut elements: Vec<(u32, u32)> = input.iter().enumerate().map(|(i, &key)| (key, i as u32)).collect();
            let mut expected = elements.clone();
            expected.sort();
            assert_eq!(sort(&mut elements, &mut First { questions_left: usize::MAX }), Ok(()));
            assert_eq!(elements, expected);
        }
    }

    #[test]
    fn nothing_is_lost_when_the_order_fails() {
        for input in inputs() {
            for questions_left in [0, 1, 5, 33, 100, 777, 3000, 20000] {
                let mut elements: Vec<(u32, u32)> = input.iter().enumerate().map(|(i, &key)| (key, i as u32)).collect();
                let result = sort(&mut elements, &mut First { questions_left });
                assert!(matches!(result, Ok(()) | Err(Stop::Order(()))));
                let mut places: Vec<u32> = elements.iter().map(|element| element.1).collect();
                places.sort();
                assert!(places.iter().enumerate().all(|(i, &place)| i as u32 == place));
            }
        }
    }

    /// An order that contradicts itself.
    struct Random(u64);

    impl Order<u32> for Random {
        type Error = ();

        fn less(&mut self, _: u32, _: u32) -> Result<bool, ()> {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            Ok(self.0 >> 63 == 1)
        }
    }

    #[test]
    fn nothing_is_lost_when_the_order_is_none() {
        for seed in 0..300 {
            let mut elements: Vec<u32> = (0..1000).collect();
            assert_eq!(sort(&mut elements, &mut Random(seed)), Ok(()));
            elements.sort();
            assert!(elements.iter().enumerate().all(|(i, &element)| i as u32 == element));
        }
    }

    #[test]
    fn powers() {
        assert_eq!(power(0, 50, 50, 100), 1);
        assert_eq!(power(0, 25, 25, 100), 2);
        assert_eq!(power(50, 25, 25, 100), 2);
        assert_eq!(power(25, 25, 50, 100), 1);
    }
}
