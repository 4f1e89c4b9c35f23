//! Arguments that are passed on unparsed: all of them (`CallArgs`), `*args` (`Args`), `**kwargs` (`KwArgs`).
//!
//! Each borrows the caller's argument vector; nothing is copied.

use core::marker::PhantomData;
use core::ops::Deref;
use core::{ptr, slice};

use super::spec::ArgSpec;
use super::unpack::{check_positional_range, keyword_names, unpack};
use crate::abi::{PyDictObject, PyObject, PyTupleObject};
use crate::prelude::*;

/// Everything one call passes, in vectorcall form.
#[derive(Clone, Copy)]
pub struct CallArgs<'a> {
    /// The positional arguments, then one value per name of `names`.
    pub args: &'a [Borrowed<'a, Object>],
    pub names: Option<Borrowed<'a, Tuple>>,
}

/// A slice from C, where no arguments may also be a null pointer.
///
/// # Safety
/// `args` holds `count` live objects that outlive `'a`.
#[inline(always)]
unsafe fn slice_of<'a>(args: *const *mut PyObject, count: usize) -> &'a [Borrowed<'a, Object>] {
    if count == 0 {
        return &[];
    }
    // SAFETY: a `Borrowed` is one non-null pointer.
    unsafe { slice::from_raw_parts(args.cast(), count) }
}

impl<'a> CallArgs<'a> {
    /// # Safety
    /// `args` holds `nargs` objects and then one per name of `kwnames`, a tuple or null; all outlive `'a`.
    #[inline]
    pub unsafe fn from_raw(args: *const *mut PyObject, nargs: isize, kwnames: *mut PyObject) -> CallArgs<'a> {
        // SAFETY: by contract.
        unsafe {
            let names = keyword_names(kwnames).len();
            CallArgs { args: slice_of(args, nargs as usize + names), names: Borrowed::from_ptr_or_null(kwnames) }
        }
    }

    pub fn positional_only(args: &'a [Borrowed<'a, Object>]) -> CallArgs<'a> {
        CallArgs { args, names: None }
    }

    /// How many keyword arguments there are.
    #[inline]
    pub fn keyword_count(&self) -> usize {
        // SAFETY: `names` is a live tuple.
        unsafe { keyword_names(self.names_ptr()).len() }
    }

    /// How many positional arguments there are.
    #[inline]
    pub fn nargs(&self) -> usize {
        self.args.len() - self.keyword_count()
    }

    #[inline]
    pub fn positional(&self) -> &'a [Borrowed<'a, Object>] {
        &self.args[..self.nargs()]
    }

    /// The positional argument at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Borrowed<'a, Object>> {
        self.positional().get(index).copied()
    }

    /// All keyword arguments.
    pub fn keywords(&self) -> KwArgs<'a> {
        // SAFETY: the parts are those of a valid vector.
        unsafe { KwArgs::all(self.as_ptr(), self.nargs() as isize, self.names_ptr()) }
    }

    /// The value given for the keyword `name`.
    pub fn keyword(&self, name: &str) -> Option<Borrowed<'a, Object>> {
        self.keywords().find(|(keyword, _)| keyword.eq_str(name)).map(|(_, value)| value)
    }

    pub fn as_ptr(&self) -> *const *mut PyObject {
        self.args.as_ptr().cast()
    }

    pub fn names_ptr(&self) -> *mut PyObject {
        self.names.map_or(ptr::null_mut(), |names| names.as_ptr())
    }

    /// TypeError `function() takes no keyword arguments` when there are any.
    pub fn no_keywords(&self, function: &str) -> PyResult<()> {
        if self.keyword_count() == 0 {
            return Ok(());
        }
        Err(raise!(TypeError, "{function}() takes no keyword arguments"))
    }

    /// TypeError `function expected at most 2 arguments, got 3` and so on, for positional arguments.
    pub fn check_count(&self, function: &str, min: usize, max: usize) -> PyResult<()> {
        check_positional_range(function, self.nargs(), min, max)
    }

    /// Sorts the arguments by `spec`; `None` where nothing was given.
    pub fn unpack<const N: usize>(&self, spec: &ArgSpec) -> PyResult<[Option<Borrowed<'a, Object>>; N]> {
        debug_assert_eq!(spec.names.len(), N);
        let mut out = [ptr::null_mut(); N];
        // SAFETY: the parts are those of a valid vector, and `out` is as long as the names.
        unsafe {
            if !unpack(spec, self.as_ptr(), self.nargs() as isize, self.names_ptr(), &mut out) {
                return Err(Raised::assume_set());
            }
            Ok(out.map(|value| Borrowed::from_ptr_or_null(value)))
        }
    }
}

/// The positional arguments that a signature collects in `*args`.
#[derive(Clone, Copy)]
pub struct Args<'a>(&'a [Borrowed<'a, Object>]);

impl<'a> Args<'a> {
    /// What follows the first `skip` of `nargs` arguments.
    ///
    /// # Safety
    /// `args` holds `nargs` live objects that outlive `'a`.
    #[inline]
    pub unsafe fn rest(args: *const *mut PyObject, nargs: isize, skip: usize) -> Args<'a> {
        // SAFETY: by contract.
        Args(unsafe { slice_of(args, nargs as usize) }.get(skip..).unwrap_or(&[]))
    }

    pub fn as_slice(&self) -> &'a [Borrowed<'a, Object>] {
        self.0
    }

    pub fn to_tuple(&self) -> PyResult<Ref<Tuple>> {
        // SAFETY: a `Borrowed` is one pointer to a live object.
        unsafe { Tuple::from_raw_slice(self.0.as_ptr().cast(), self.0.len()) }
    }
}

impl<'a> Deref for Args<'a> {
    type Target = [Borrowed<'a, Object>];

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl<'a> IntoIterator for Args<'a> {
    type Item = Borrowed<'a, Object>;
    type IntoIter = core::iter::Copied<slice::Iter<'a, Borrowed<'a, Object>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

/// The keyword arguments that a signature collects in `**kwargs`: an iterator over names and values.
#[derive(Clone, Copy)]
pub struct KwArgs<'a> {
    values: *const *mut PyObject,
    names: *mut PyObject,
    /// Names that parameters of the signature have taken.
    taken: &'static [&'static str],
    next: usize,
    alive: PhantomData<Borrowed<'a, Object>>,
}

impl<'a> KwArgs<'a> {
    /// # Safety
    /// As [`CallArgs::from_raw`].
    pub unsafe fn all(args: *const *mut PyObject, nargs: isize, kwnames: *mut PyObject) -> KwArgs<'a> {
        let values = if kwnames.is_null() { args } else { args.wrapping_add(nargs as usize) };
        KwArgs { values, names: kwnames, taken: &[], next: 0, alive: PhantomData }
    }

    /// Those that no parameter of `spec` has taken.
    ///
    /// # Safety
    /// As [`CallArgs::from_raw`].
    pub unsafe fn rest(spec: &ArgSpec, args: *const *mut PyObject, nargs: isize, kwnames: *mut PyObject) -> KwArgs<'a> {
        // SAFETY: by contract.
        KwArgs { taken: spec.keywords(), ..unsafe { KwArgs::all(args, nargs, kwnames) } }
    }

    pub fn is_empty(&self) -> bool {
        let mut rest = *self;
        rest.next().is_none()
    }

    /// A new dict of what is left.
    pub fn to_dict(self) -> PyResult<Ref<Dict>> {
        let dict = Dict::new()?;
        for (name, value) in self {
            dict.set_item(name.upcast(), value)?;
        }
        Ok(dict)
    }
}

impl<'a> Iterator for KwArgs<'a> {
    type Item = (Borrowed<'a, Str>, Borrowed<'a, Object>);

    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: `names` is null or a live tuple with one value each; both outlive `'a`.
        unsafe {
            loop {
                let index = self.next;
                let name = *keyword_names(self.names).get(index)?;
                self.next += 1;
                let name: Borrowed<'a, Object> = Borrowed::from_ptr(name);
                // Callers have refused names that are not `str`; one that slips through is passed over.
                let Some(name) = name.downcast_borrowed::<Str>() else { continue };
                if self.taken.iter().any(|taken| name.eq_str(taken)) {
                    continue;
                }
                return Some((name, Borrowed::from_ptr(*self.values.add(index))));
            }
        }
    }
}

/// A call by tuple and dict, turned into vectorcall form. Without keywords nothing is copied.
pub struct TupleCall {
    args: *const *mut PyObject,
    nargs: usize,
    names: Option<Ref<Tuple>>,
    /// Keeps the values alive; `args` points into it when there are keywords.
    _values: Vec<Ref<Object>>,
}

impl TupleCall {
    /// # Safety
    /// `args` is a live tuple and `kwargs` a live dict or null, during the life of the result.
    pub unsafe fn new(args: *mut PyObject, kwargs: *mut PyObject) -> PyResult<TupleCall> {
        // SAFETY: by contract.
        unsafe {
            let tuple = args.cast::<PyTupleObject>();
            let nargs = (*tuple).ob_base.ob_size.get() as usize;
            let items: *const *mut PyObject = (&raw const (*tuple).ob_item).cast();
            if kwargs.is_null() || (*kwargs.cast::<PyDictObject>()).ma_used.get() == 0 {
                return Ok(TupleCall { args: items, nargs, names: None, _values: Vec::new() });
            }
            let keywords: Borrowed<'_, Dict> = Borrowed::from_ptr(kwargs);
            let mut values: Vec<Ref<Object>> = Vec::new();
            let mut names: Vec<Ref<Object>> = Vec::new();
            let pairs = keywords.items_snapshot()?;
            if values.try_reserve_exact(nargs + pairs.len()).is_err() || names.try_reserve_exact(pairs.len()).is_err() {
                return Err(Raised::no_memory());
            }
            values.extend(slice_of(items, nargs).iter().map(|&item| item.to_owned()));
            for (name, value) in pairs {
                if !name.is_instance_of::<Str>() {
                    return Err(raise!(TypeError, "keywords must be strings"));
                }
                names.push(name);
                values.push(value);
            }
            let names = Tuple::from_vec(names)?;
            Ok(TupleCall { args: values.as_ptr().cast(), nargs, names: Some(names), _values: values })
        }
    }

    pub fn args_ptr(&self) -> *const *mut PyObject {
        self.args
    }

    pub fn nargs(&self) -> isize {
        self.nargs as isize
    }

    pub fn names_ptr(&self) -> *mut PyObject {
        self.names.as_ref().map_or(ptr::null_mut(), |names| names.as_ptr())
    }

    pub fn args(&self) -> CallArgs<'_> {
        // SAFETY: the parts are those of a valid vector, and live as long as `self`.
        unsafe { CallArgs::from_raw(self.args, self.nargs(), self.names_ptr()) }
    }
}
