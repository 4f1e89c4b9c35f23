//! What `time` and `datetime` have in common: bytes that end in a time of day, a fold, and a zone.

use core::cell::Cell;
use core::ffi::{c_char, c_uchar};

use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::hash;

use super::calendar::Clock;
use super::delta::{self, Delta};
use super::zone;
use crate::support;

/// The fields that both have, at places of their own.
pub struct Fields<'a> {
    pub hashcode: &'a Cell<isize>,
    pub has_zone: &'a Cell<c_char>,
    pub zone: &'a Slot,
    pub fold: &'a Cell<c_uchar>,
    /// The hour and what follows are the last six.
    pub data: &'a [Cell<c_uchar>],
}

pub trait Clocked: PyLayout {
    /// What messages call it.
    const KIND: &'static str;

    /// The byte of the data that has the fold as its highest bit in pickles.
    const FOLD_BYTE: usize;

    fn fields(&self) -> Fields<'_>;

    /// Whether this may be the byte at [`Clocked::FOLD_BYTE`]: that tells a pickled state from other bytes.
    fn is_sane(byte: u8) -> bool;

    /// Microseconds in its own zone, since a moment that all instances share.
    fn micros(&self) -> i128;

    /// What the methods of the zone are called with.
    fn asks_with(this: &Ref<Self>) -> Ref<Object>;

    /// The same with another fold, to ask its zone.
    fn with_fold(this: &Ref<Self>, fold: u8) -> PyResult<Ref<Self>>;

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.fields().data.iter().map(Cell::get)
    }

    /// A copy of the data.
    fn packed(&self) -> Packed {
        let mut packed = Packed { room: [0; _], len: self.fields().data.len() };
        packed.room.iter_mut().zip(self.bytes()).for_each(|(to, byte)| *to = byte);
        packed
    }

    fn clock(&self) -> Clock {
        let data = self.fields().data;
        let part = |index: usize| i32::from(data[data.len() - 6 + index].get());
        Clock { hour: part(0), minute: part(1), second: part(2), micros: part(3) << 16 | part(4) << 8 | part(5) }
    }

    fn fold(&self) -> i32 {
        self.fields().fold.get().into()
    }

    fn zone(&self) -> Option<Ref<Object>> {
        let fields = self.fields();
        if fields.has_zone.get() == 0 { None } else { fields.zone.get() }
    }

    /// `utcoffset()` of its zone.
    fn offset(this: &Ref<Self>) -> PyResult<Option<Ref<Delta>>> {
        zone::utcoffset(this.zone().as_ref(), Self::asks_with(this).borrow())
    }
}

/// The data of an instance: as much as a `datetime` has at the most.
pub struct Packed {
    room: [u8; abi::_PyDateTime_DATETIME_DATASIZE],
    len: usize,
}

impl core::ops::Deref for Packed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room[..self.len]
    }
}

impl core::ops::DerefMut for Packed {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.room[..self.len]
    }
}

pub fn clock_bytes(clock: Clock) -> [u8; 6] {
    let micros = clock.micros;
    [clock.hour as u8, clock.minute as u8, clock.second as u8, (micros >> 16) as u8, (micros >> 8) as u8, micros as u8]
}

/// An instance of `cls`; the bytes are those of a day and a time that exist.
pub fn from_bytes<T: Clocked>(
    bytes: impl IntoIterator<Item = u8>,
    zone: Option<Ref<Object>>,
    fold: u8,
    cls: Borrowed<'_, Type>,
) -> PyResult<Ref<T>> {
    let this: Ref<T> = support::instance(cls)?;
    let fields = this.fields();
    fields.hashcode.set(-1);
    fields.data.iter().zip(bytes).for_each(|(field, byte)| field.set(byte));
    fields.fold.set(fold);
    fields.has_zone.set(zone.is_some().into());
    fields.zone.set(zone);
    Ok(this)
}

/// The whole `tp_dealloc`.
///
/// # Safety
/// Called by `tp_dealloc`, by the last decref.
pub unsafe fn dealloc<T: Clocked>(this: *mut T) {
    // SAFETY: by contract; the zone is owned where there is one.
    unsafe {
        let fields = (*this).fields();
        if fields.has_zone.get() != 0 {
            drop(fields.zone.take());
        }
        memory::dealloc_finish(this);
    }
}

/// The instance that a pickled state stands for, where the arguments of the constructor are one.
pub fn unpickled<T: Clocked>(cls: Borrowed<'_, Type>, args: &CallArgs<'_>, size: usize) -> PyResult<Option<Ref<T>>> {
    let [state, ..] = args.positional() else { return Ok(None) };
    if args.nargs() > 2 {
        return Ok(None);
    }
    let state = super::pickled_state(*state, size, T::KIND)?.filter(|bytes| T::is_sane(bytes[T::FOLD_BYTE] & 0x7f));
    let Some(mut bytes) = state else { return Ok(None) };
    let zone = match args.get(1).map(super::check_zone) {
        None => None,
        Some(Ok(zone)) => zone,
        Some(Err(raised)) => {
            raised.clear();
            return Err(raise!(TypeError, "bad tzinfo state arg"));
        }
    };
    let fold = bytes[T::FOLD_BYTE] >> 7;
    bytes[T::FOLD_BYTE] &= 0x7f;
    from_bytes(bytes, zone, fold, cls).map(Some)
}

/// What `__reduce_ex__` gives; the fold is part of newer protocols alone.
pub fn reduced<T: Clocked>(this: &Ref<T>, protocol: i32) -> PyResult<Ref<Tuple>> {
    let mut bytes = this.packed();
    if protocol > 3 && this.fold() != 0 {
        bytes[T::FOLD_BYTE] |= 0x80;
    }
    let state = Bytes::from_slice(&bytes)?.into_object();
    let state = match this.zone() {
        None => Tuple::pack([state])?,
        Some(zone) => Tuple::pack([state, zone])?,
    };
    Tuple::pack([this.type_of().upcast().to_owned(), state.into_object()])
}

/// The clock of arguments that may be left out.
pub fn clock_or(arguments: [Option<Borrowed<'_, Object>>; 4], old: Clock) -> PyResult<Clock> {
    let [hour, minute, second, micros] = arguments;
    Ok(Clock {
        hour: super::int_or(hour, old.hour)?,
        minute: super::int_or(minute, old.minute)?,
        second: super::int_or(second, old.second)?,
        micros: super::int_or(micros, old.micros)?,
    })
}

/// The hour 24 of a text as the hour 0 of the next day; at no other time than midnight there is one.
pub fn next_midnight(clock: Clock) -> PyResult<Clock> {
    if clock.minute != 0 || clock.second != 0 || clock.micros != 0 {
        return Err(raise!(ValueError, "minute, second, and microsecond must be 0 when hour is 24"));
    }
    Ok(Clock::default())
}

pub fn hash<T: Clocked>(this: &Ref<T>) -> PyResult<isize> {
    let cache = this.fields().hashcode;
    if cache.get() != -1 {
        return Ok(cache.get());
    }
    // The fold does not count.
    let early = if this.fold() == 0 { this.clone() } else { T::with_fold(this, 0)? };
    let hash = match T::offset(&early)? {
        None => hash::bytes(&this.packed()),
        Some(offset) => delta::from_micros(this.micros() - offset.total())?.as_object().hash()?,
    };
    cache.set(hash);
    Ok(hash)
}

/// Whether the offset depends on the fold: then an instance is in doubt, and equals none of another zone.
fn is_in_doubt<T: Clocked>(this: &Ref<T>, offset: &Option<Ref<Delta>>) -> PyResult<bool> {
    let flipped = T::offset(&T::with_fold(this, 1 - this.fields().fold.get())?)?;
    Ok(flipped.map(|flipped| flipped.total()) != offset.as_ref().map(|offset| offset.total()))
}

pub fn compare<T: Clocked>(this: &Ref<T>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
    let Some(other) = other.downcast::<T>() else { return Ok(not_implemented()) };
    let by_bytes = || this.bytes().cmp(other.bytes());
    if super::same_zone(&this.zone(), &other.zone()) {
        return Ok(op.result(by_bytes()));
    }
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let (a, b) = (T::offset(this)?, T::offset(&other)?);
    let order = match (&a, &b) {
        (Some(offset), Some(other_offset)) if offset.total() != other_offset.total() => {
            (this.micros() - offset.total()).cmp(&(other.micros() - other_offset.total()))
        }
        (Some(_), Some(_)) | (None, None) => by_bytes(),
        _ if equality => return Ok(Bool::from(op == CompareOp::Ne).into_object()),
        _ => return Err(raise!(TypeError, "can't compare offset-naive and offset-aware {}s", T::KIND)),
    };
    if equality && order.is_eq() && (is_in_doubt(this, &a)? || is_in_doubt(&other, &b)?) {
        return Ok(Bool::from(op == CompareOp::Ne).into_object());
    }
    Ok(op.result(order))
}

/// The methods of both types that read the common fields.
macro_rules! clocked_methods {
    ($ty:ident) => {
        #[pymethods(part = CLOCKED)]
        impl $ty {
            #[method(signature = "($self, /)")]
            fn utcoffset(this: &Ref<$ty>) -> PyResult<Option<Ref<Delta>>> {
                $ty::offset(this)
            }

            #[method(signature = "($self, /)")]
            fn tzname(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                zone::tzname(this.zone().as_ref(), $ty::asks_with(this).borrow())
            }

            #[method(signature = "($self, /)")]
            fn dst(this: &Ref<$ty>) -> PyResult<Option<Ref<Delta>>> {
                zone::dst(this.zone().as_ref(), $ty::asks_with(this).borrow())
            }

            #[method(name = "__replace__", raw, signature = "($self, /, **changes)")]
            fn dunder_replace(this: &Ref<$ty>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
                $ty::replaced(this, args)
            }

            #[method(name = "__reduce_ex__", signature = "($self, proto, /)", no_text_signature)]
            fn reduce_ex(this: &Ref<$ty>, proto: i32) -> PyResult<Ref<Tuple>> {
                clocked::reduced(this, proto)
            }

            #[method(name = "__reduce__", signature = "($self, /)")]
            fn reduce(this: &Ref<$ty>) -> PyResult<Ref<Tuple>> {
                clocked::reduced(this, 2)
            }

            #[getter]
            fn hour(this: &Ref<$ty>) -> i32 {
                this.clock().hour
            }

            #[getter]
            fn minute(this: &Ref<$ty>) -> i32 {
                this.clock().minute
            }

            #[getter]
            fn second(this: &Ref<$ty>) -> i32 {
                this.clock().second
            }

            #[getter]
            fn microsecond(this: &Ref<$ty>) -> i32 {
                this.clock().micros
            }

            #[getter]
            fn tzinfo(this: &Ref<$ty>) -> Option<Ref<Object>> {
                this.zone()
            }

            #[getter(name = "fold")]
            fn get_fold(this: &Ref<$ty>) -> i32 {
                this.fold()
            }
        }
    };
}

pub(super) use clocked_methods;
