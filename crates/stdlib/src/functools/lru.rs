//! `functools._lru_cache_wrapper`: the callable that `lru_cache` makes.
//!
//! A bounded cache keeps its entries in a ring of links, oldest first. **Invariant:** each link of the ring is the value of
//! its key in `cache`, which owns it; the ring itself owns nothing. Whatever may run Python code (hashing, comparison, the
//! function, dropping objects) stands outside the moments when the two differ, or copes with a ring that has changed.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::{PyObject, vectorcallfunc};
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::rt::plain_count;
use taipan_runtime::object::protocol::call;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::object;

use super::{KEYWORD_MARK, bound};
use crate::support::{self, Slot};

/// An entry of a bounded cache.
#[repr(C)]
pub struct Link {
    head: PyObject,
    ring: Ring,
    hash: Cell<isize>,
    key: Slot,
    result: Slot,
}

/// The neighbours of a link in the ring, the root among them.
#[repr(C)]
struct Ring {
    prev: Cell<*const Ring>,
    next: Cell<*const Ring>,
}

impl Ring {
    /// Makes a ring of one.
    fn close(&self) {
        self.prev.set(self);
        self.next.set(self);
    }

    /// Takes the link out.
    ///
    /// # Safety
    /// Both neighbours are live.
    unsafe fn extract(&self) {
        // SAFETY: by contract.
        unsafe {
            (*self.prev.get()).next.set(self.next.get());
            (*self.next.get()).prev.set(self.prev.get());
        }
    }

    /// Puts the link between two neighbours.
    ///
    /// # Safety
    /// Both are live neighbours.
    unsafe fn insert(&self, prev: *const Ring, next: *const Ring) {
        self.prev.set(prev);
        self.next.set(next);
        // SAFETY: by contract.
        unsafe {
            (*prev).next.set(self);
            (*next).prev.set(self);
        }
    }

    /// The link that this is part of.
    ///
    /// # Safety
    /// This is no root.
    unsafe fn link(this: *const Ring) -> *mut Link {
        // SAFETY: by contract.
        unsafe { this.byte_sub(offset_of!(Link, ring)).cast_mut().cast() }
    }
}

// Freed by the dict that owns it. Its references are visited by the cache: the collector does not see links.
#[pytype(name = "_lru_list_elem", module = "functools", disallow_instantiation, heap)]
impl Link {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Link) {
        // SAFETY: called once, by the last decref.
        unsafe {
            // Usually alone by now; a comparison that put an equal key into the dict meanwhile can drop a link early.
            (*this).ring.extract();
            drop((*this).key.take());
            drop((*this).result.take());
            memory::dealloc_finish(this);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Uncached,
    Infinite,
    Bounded,
}

#[repr(C)]
pub struct LruCache {
    head: PyObject,
    vectorcall: Cell<Option<vectorcallfunc>>,
    root: Ring,
    function: Slot,
    /// A dict.
    cache: Slot,
    cache_info_type: Slot,
    dict: Cell<*mut PyObject>,
    weakrefs: Cell<*mut PyObject>,
    hits: Cell<isize>,
    misses: Cell<isize>,
    /// -1: no bound.
    maxsize: Cell<isize>,
    typed: Cell<bool>,
    kind: Cell<Kind>,
}

impl LruCache {
    fn slots(&self) -> [&Slot; 4] {
        [&self.function, &self.cache, &self.cache_info_type, Slot::of(&self.dict)]
    }

    /// The function and the cache; neither changes before the collector clears them.
    #[inline(always)]
    fn parts(&self) -> PyResult<(Borrowed<'_, Object>, Borrowed<'_, Dict>)> {
        match (support::fixed(&self.function), support::fixed(&self.cache)) {
            // SAFETY: only a dict is put into `cache`.
            (Some(function), Some(cache)) => Ok((function, unsafe { cache.cast_borrowed_unchecked() })),
            _ => Err(raise!(SystemError, "lru_cache wrapper is not initialised")),
        }
    }

    /// Takes all links out of the ring and gives each as an owned reference.
    fn unlink_all(&self) -> Pile<Ref<Link>> {
        let mut links: Pile<Ref<Link>> = Pile::new();
        let root: *const Ring = &self.root;
        // SAFETY: the links of a ring are live.
        unsafe {
            let mut at = self.root.next.get();
            while !at.is_null() && at != root {
                links.push(Ref::from_borrowed_ptr(Ring::link(at)));
                at = (*at).next.get();
            }
            for link in links.iter() {
                link.ring.close();
            }
        }
        self.root.close();
        links
    }
}

/// The key of a call in the cache: the one argument where that is an exact `str` or `int`, else a tuple.
#[inline]
fn make_key(args: &CallArgs<'_>, typed: bool) -> PyResult<Ref<Object>> {
    if !typed && args.keyword_count() == 0 {
        if let [only] = args.args
            && (only.is_exact::<Str>() || only.is_exact::<Int>())
        {
            return Ok((*only).to_owned());
        }
        return Ok(Tuple::from_slice(args.args)?.into_object());
    }
    make_long_key(args, typed)
}

#[inline(never)]
fn make_long_key(args: &CallArgs<'_>, typed: bool) -> PyResult<Ref<Object>> {
    let keywords = args.keyword_count();
    let mut key = vec_with_capacity(args.args.len() * 2 + keywords + 1)?;
    key.extend(args.positional().iter().map(|item| item.to_owned()));
    if keywords > 0 {
        key.push(KEYWORD_MARK.get().unwrap_or_else(none));
        for (name, value) in args.keywords() {
            key.push(name.upcast().to_owned());
            key.push(value.to_owned());
        }
    }
    if typed {
        key.extend(args.args.iter().map(|item| item.type_of().upcast().to_owned()));
    }
    Ok(Tuple::from_vec(key)?.into_object())
}

fn count(cell: &Cell<isize>) {
    cell.set(cell.get().wrapping_add(1));
}

impl LruCache {
    fn call_infinite(&self, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let (function, cache) = self.parts()?;
        let key = make_key(&args, self.typed.get())?;
        let hash = key.hash()?;
        if let Some(result) = cache.get_known_hash(key.borrow(), hash)? {
            count(&self.hits);
            return Ok(result);
        }
        count(&self.misses);
        let result = function.call_args(&args)?;
        cache.set_item_known_hash(key.borrow(), hash, result.borrow())?;
        Ok(result)
    }

    fn call_bounded(&self, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let (function, cache) = self.parts()?;
        let key = make_key(&args, self.typed.get())?;
        let hash = key.hash()?;
        if let Some(link) = cache.get_known_hash(key.borrow(), hash)? {
            // SAFETY: the values of a bounded cache are links, and those in the dict are in the ring, or in a ring of their
            // own while the cache is being cleared.
            let link: Ref<Link> = unsafe { link.into_unchecked() };
            let root: *const Ring = &self.root;
            // SAFETY: as above; neighbours are live.
            unsafe {
                link.ring.extract();
                link.ring.insert((*root).prev.get(), root);
            }
            count(&self.hits);
            return Ok(link.result.get().unwrap_or_else(none));
        }
        self.call_bounded_miss(function, cache, args, key, hash)
    }

    #[inline(never)]
    fn call_bounded_miss(
        &self,
        function: Borrowed<'_, Object>,
        cache: Borrowed<'_, Dict>,
        args: CallArgs<'_>,
        key: Ref<Object>,
        hash: isize,
    ) -> PyResult<Ref<Object>> {
        count(&self.misses);
        let result = function.call_args(&args)?;
        if cache.contains_known_hash(key.borrow(), hash)? {
            // The call put the same key there: nothing to keep.
            return Ok(result);
        }
        let root: *const Ring = &self.root;
        // SAFETY: links in the ring are live while no Python code runs, and `root` is a field of a live object.
        unsafe {
            if (cache.len() as isize) < self.maxsize.get() || (*root).next.get() == root {
                let link = memory::new::<Link>()?;
                let link: Ref<Link> = Ref::from_owned_ptr(link);
                link.ring.close();
                link.hash.set(hash);
                link.key.set(Some(key.clone()));
                link.result.set(Some(result.clone()));
                cache.set_item_known_hash(key.borrow(), hash, link.as_borrowed())?;
                // Insertion may have run comparisons, but no call that could have taken the new link out again, unless the
                // whole cache was cleared: then the link is alone in a ring of its own.
                if link.refcount() > 1 {
                    link.ring.extract();
                    link.ring.insert((*root).prev.get(), root);
                }
                return Ok(result);
            }
            // The oldest makes room. It is kept alive here while the dict does not have it.
            let oldest: Ref<Link> = Ref::from_borrowed_ptr(Ring::link((*root).next.get()));
            oldest.ring.extract();
            oldest.ring.close();
            let Some(old_key) = oldest.key.get() else { return Ok(result) };
            let taken = match cache.take_known_hash(old_key.borrow(), oldest.hash.get()) {
                Ok(taken) => taken,
                Err(raised) => {
                    // Back to where it was.
                    oldest.ring.extract();
                    oldest.ring.insert(root, (*root).next.get());
                    return Err(raised);
                }
            };
            if taken.is_none() {
                // The key is gone already, with this link.
                return Ok(result);
            }
            // The old objects are dropped at the end of this function, when all is consistent.
            let old_result = oldest.result.replace(Some(result.clone()));
            let older_key = oldest.key.replace(Some(key.clone()));
            oldest.hash.set(hash);
            cache.set_item_known_hash(key.borrow(), hash, oldest.as_borrowed())?;
            // A comparison may have found the link and put it back already.
            oldest.ring.extract();
            oldest.ring.insert((*root).prev.get(), root);
            drop(taken);
            drop((old_result, older_key));
            Ok(result)
        }
    }
}

/// The vectorcall of caches.
///
/// # Safety
/// By the rules of vectorcall, on a `LruCache`.
unsafe extern "C" fn lru_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    let result = unsafe {
        let this: Borrowed<'_, LruCache> = Borrowed::from_ptr(callable);
        let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else { return ptr::null_mut() };
        let given = plain_count(nargsf);
        match this.kind.get() {
            Kind::Bounded => this.call_bounded(CallArgs::from_raw(args, given, names)),
            Kind::Infinite => this.call_infinite(CallArgs::from_raw(args, given, names)),
            Kind::Uncached => {
                count(&this.misses);
                let Some(function) = support::fixed(&this.function) else {
                    return raise!(SystemError, "lru_cache wrapper is not initialised").into_null();
                };
                return call::vectorcall(function.as_ptr(), args, nargsf, names);
            }
        }
    };
    match result {
        Ok(result) => result.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

#[pytype(
    name = "_lru_cache_wrapper",
    module = "functools",
    gc,
    method_descriptor,
    dictoffset = offset_of!(LruCache, dict),
    weaklistoffset = offset_of!(LruCache, weakrefs),
    vectorcalloffset = offset_of!(LruCache, vectorcall),
    heap,
    basicsize = 152
)]
impl LruCache {
    #[new(signature = "(user_function, maxsize, typed, cache_info_type)", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        user_function: Borrowed<'_, Object>,
        maxsize: Borrowed<'_, Object>,
        typed: bool,
        cache_info_type: Borrowed<'_, Object>,
    ) -> PyResult<Ref<LruCache>> {
        if !user_function.is_callable() {
            return Err(raise!(TypeError, "the first argument must be callable"));
        }
        let (kind, maxsize) = if maxsize.is_none() {
            (Kind::Infinite, -1)
        } else if maxsize.has_index() {
            match maxsize.as_isize()?.max(0) {
                0 => (Kind::Uncached, 0),
                maxsize => (Kind::Bounded, maxsize),
            }
        } else {
            return Err(raise!(TypeError, "maxsize should be integer or None"));
        };
        let cache = Dict::new()?;
        let this: Ref<LruCache> = support::instance(cls)?;
        this.root.close();
        this.vectorcall.set(Some(lru_vectorcall));
        this.kind.set(kind);
        this.maxsize.set(maxsize);
        this.typed.set(typed);
        this.function.set(Some(user_function.to_owned()));
        this.cache.set(Some(cache.into_object()));
        this.cache_info_type.set(Some(cache_info_type.to_owned()));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut LruCache) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            let links = (*this).unlink_all();
            support::dealloc_with_weakrefs(this, (*this).slots());
            drop(links);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &LruCache, visit: &mut Visitor) {
        let root: *const Ring = &this.root;
        // SAFETY: the links of a ring are live; the ring of an unfinished object is null.
        unsafe {
            let mut at = this.root.next.get();
            while !at.is_null() && at != root {
                let link = Ring::link(at);
                visit.object((*link).key.as_ptr());
                visit.object((*link).result.as_ptr());
                at = (*at).next.get();
            }
        }
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<LruCache>) {
        let links = this.unlink_all();
        support::clear(this.slots());
        drop(links);
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<LruCache>,
        instance: Option<Borrowed<'_, Object>>,
        owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let _ = owner;
        bound(this.as_object(), instance)
    }

    #[method(signature = "($self, /)")]
    fn cache_info(this: &Ref<LruCache>) -> PyResult<Ref<Object>> {
        let (_, cache) = this.parts()?;
        let Some(info) = this.cache_info_type.get() else {
            return Err(raise!(SystemError, "lru_cache wrapper is not initialised"));
        };
        let maxsize = match this.maxsize.get() {
            -1 => none(),
            maxsize => Int::from_isize(maxsize)?.into_object(),
        };
        let hits = Int::from_isize(this.hits.get())?;
        let misses = Int::from_isize(this.misses.get())?;
        let size = Int::from_usize(cache.len())?;
        info.call(&[hits.as_borrowed(), misses.as_borrowed(), maxsize.borrow(), size.as_borrowed()])
    }

    #[method(signature = "($self, /)")]
    fn cache_clear(this: &Ref<LruCache>) -> PyResult<()> {
        let (_, cache) = this.parts()?;
        let links = this.unlink_all();
        this.hits.set(0);
        this.misses.set(0);
        cache.clear();
        drop(links);
        Ok(())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<LruCache>) -> PyResult<Ref<Object>> {
        this.as_object().getattr(id!("__qualname__"))
    }

    #[method(name = "__copy__", signature = "($self, /, *args)", no_text_signature)]
    fn copy(this: &Ref<LruCache>, args: Args<'_>) -> Ref<LruCache> {
        let _ = args;
        this.clone()
    }

    #[method(name = "__deepcopy__", signature = "($self, /, *args)", no_text_signature)]
    fn deepcopy(this: &Ref<LruCache>, args: Args<'_>) -> Ref<LruCache> {
        let _ = args;
        this.clone()
    }

    #[getter(name = "__dict__")]
    fn dict(this: &Ref<LruCache>) -> PyResult<Ref<Object>> {
        object::generic_get_dict(this.as_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<LruCache>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        object::generic_set_dict(this.as_object(), value)
    }
}
