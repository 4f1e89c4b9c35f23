//! `_bisect`: search in sorted sequences. CPython: `Modules/_bisectmodule.c`.

use taipan_runtime::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The arguments `a`, `lo`, `hi`, `key` of all four functions.
struct Search<'a> {
    sequence: Borrowed<'a, Object>,
    low: isize,
    high: Nullable<Borrowed<'a, Object>>,
    key: Nullable<Borrowed<'a, Object>>,
}

impl Search<'_> {
    /// Where `x`, a key already, belongs.
    fn place(&self, x: Borrowed<'_, Object>, side: Side) -> PyResult<isize> {
        let high = match self.high.0 {
            None => -1,
            Some(high) if !high.has_index() => {
                return Err(raise!(TypeError, "argument should be integer or None, not '{}'", high.type_name()));
            }
            Some(high) => high.as_isize()?,
        };
        let mut low = self.low;
        if low < 0 {
            return Err(raise!(ValueError, "lo must be non-negative"));
        }
        let mut high = if high == -1 { self.sequence.len()? as isize } else { high };
        while low < high {
            let middle = low + (high - low) / 2;
            let mut item = self.sequence.get_index(middle)?;
            if let Some(key) = self.key.0 {
                item = key.call1(item.borrow())?;
            }
            let left = match side {
                Side::Right => x.compare_bool(item.borrow(), CompareOp::Lt)?,
                Side::Left => !item.compare_bool(x, CompareOp::Lt)?,
            };
            if left {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    fn insert(&self, x: Borrowed<'_, Object>, side: Side) -> PyResult<()> {
        let place = match self.key.0 {
            None => self.place(x, side)?,
            Some(key) => self.place(key.call1(x)?.borrow(), side)?,
        };
        if let Some(list) = self.sequence.downcast_exact::<List>() {
            return list.insert(place as usize, x.to_owned());
        }
        let place = Int::from_isize(place)?;
        self.sequence.call_method(id!("insert"), &[place.as_borrowed(), x])?;
        Ok(())
    }
}

pub struct Bisect;

macro_rules! functions {
    ($($name:ident $text:literal $method:ident $side:ident $result:ty;)*) => {
        #[pymodule(name = "_bisect")]
        impl Bisect {
            $(
                #[function(name = $text, signature = "($module, /, a, x, lo=0, hi=None, *, key=None)")]
                fn $name(
                    a: Borrowed<'_, Object>,
                    x: Borrowed<'_, Object>,
                    lo: isize,
                    hi: Nullable<Borrowed<'_, Object>>,
                    key: Nullable<Borrowed<'_, Object>>,
                ) -> PyResult<$result> {
                    Search { sequence: a, low: lo, high: hi, key }.$method(x, Side::$side)
                }
            )*
        }
    };
}

functions! {
    bisect_right "bisect_right" place Right isize;
    insort_right "insort_right" insert Right ();
    bisect_left "bisect_left" place Left isize;
    insort_left "insort_left" insert Left ();
}
