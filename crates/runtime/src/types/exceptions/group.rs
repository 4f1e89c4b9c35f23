//! `BaseExceptionGroup`, `ExceptionGroup`, and what `except*` needs of them.
//!
//! A split keeps the tree's shape: each part is a group derived from the original with its traceback, context, cause and
//! notes, holding the leaves that matched (or did not). CPython: `Objects/exceptions.c`; PEP 654.

use core::mem::offset_of;

use super::base::{self, BaseException, Fields};
use super::matching::{given_matches, is_exception_class};
use super::{Exception, ExceptionPointer};
use crate::abi::{PyBaseExceptionGroupObject, PyObject, PyTypeObject, destructor, inquiry, newfunc, traverseproc};
use crate::prelude::*;
use crate::thread::{self, Slot};
use crate::types::str::StrBuilder;

/// `BaseExceptionGroup`.
#[repr(transparent)]
pub struct BaseExceptionGroup(pub(crate) PyBaseExceptionGroupObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for BaseExceptionGroup {
    const OFFSETS: &'static [usize] = &[
        offset_of!(PyBaseExceptionGroupObject, msg),
        offset_of!(PyBaseExceptionGroupObject, excs),
        offset_of!(PyBaseExceptionGroupObject, excs_str),
    ];
}

/// `ExceptionGroup`, which is made at start-up.
static EXCEPTION_GROUP: Slot = Slot::new();

/// The class `ExceptionGroup`; `None` before start-up and at the very end.
pub fn exception_group_class() -> Option<Ref<Type>> {
    // SAFETY: only the class is put there.
    unsafe { EXCEPTION_GROUP.get_as::<Type>() }
}

/// Makes `ExceptionGroup(BaseExceptionGroup, Exception)`.
pub fn create_exception_group_class() -> PyResult<Ref<Type>> {
    let bases = Tuple::from_slice(&[BaseExceptionGroup::type_object().upcast(), Exception::type_object().upcast()])?;
    let dict = Dict::new()?;
    dict.set_str(id!("__module__"), id!("builtins").upcast())?;
    let class = Type::create("ExceptionGroup", bases.borrow(), dict.borrow())?;
    EXCEPTION_GROUP.set(Some(class.clone().into_object()));
    Ok(class)
}

unsafe extern "C" fn new(class: *mut PyTypeObject, args: *mut PyObject, _kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: the slot's convention.
    match unsafe { make(class, Borrowed::from_ptr(args)) } {
        Ok(group) => group.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

unsafe fn make(class: *mut PyTypeObject, args: Borrowed<'_, Tuple>) -> PyResult<Ref<BaseExceptionGroup>> {
    if args.len() != 2 {
        return Err(raise!(TypeError, "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)", args.len()));
    }
    let (message, sequence) = (args.get(0), args.get(1));
    if !message.is_instance_of::<Str>() {
        let found = if message.is_none() { "None".to_owned() } else { message.type_name() };
        return Err(raise!(TypeError, "BaseExceptionGroup.__new__() argument 1 must be str, not {found}"));
    }
    if !sequence.is_sequence() {
        return Err(raise!(TypeError, "second argument (exceptions) must be a sequence"));
    }
    let exceptions = sequence.to_tuple()?;
    if exceptions.is_empty() {
        return Err(raise!(ValueError, "second argument (exceptions) must be a non-empty sequence"));
    }
    let mut has_base_exceptions = false;
    for (index, exception) in exceptions.iter().enumerate() {
        if !exception.is_instance_of::<BaseException>() {
            return Err(raise!(ValueError, "Item {index} of second argument (exceptions) is not an exception"));
        }
        has_base_exceptions |= !exception.is_instance(Exception::type_object().upcast())?;
    }
    let mut class = class;
    let group_class = exception_group_class();
    let group_ptr = group_class.as_ref().map_or(core::ptr::null_mut(), |class| class.as_ptr().cast());
    if class == group_ptr {
        if has_base_exceptions {
            return Err(raise!(TypeError, "Cannot nest BaseExceptions in an ExceptionGroup"));
        }
    } else if class == BaseExceptionGroup::TYPE {
        if !has_base_exceptions && !group_ptr.is_null() {
            class = group_ptr;
        }
    } else if has_base_exceptions {
        // SAFETY: a live class.
        let class_ref: Borrowed<'_, Type> = unsafe { Borrowed::from_ptr(class) };
        if class_ref.as_object().is_subclass(Exception::type_object().upcast())? {
            return Err(raise!(TypeError, "Cannot nest BaseExceptions in '{}'", class_ref.name()));
        }
    }
    // SAFETY: an exception class with the layout of groups.
    unsafe {
        let group = base::allocate(class, args.to_owned())?.into_unchecked::<BaseExceptionGroup>();
        Slot::of(&group.0.msg).set(Some(message.to_owned()));
        Slot::of(&group.0.excs).set(Some(exceptions.into_object()));
        Ok(group)
    }
}

/// `BaseExceptionGroup(message, exceptions)` with the class that fits.
fn create(message: Ref<Object>, exceptions: Ref<Object>) -> PyResult<Ref<Object>> {
    let class = BaseExceptionGroup::type_object().upcast();
    class.call(&[message.borrow(), exceptions.borrow()])
}

#[pytype(name = "BaseExceptionGroup", base = BaseException, gc, basetype, subclass_flag = BASE_EXC)]
impl BaseExceptionGroup {
    #[slot(tp_new, raw)]
    const NEW: newfunc = new;
    #[slot(tp_init, raw)]
    const INIT: crate::abi::initproc = group_init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<BaseExceptionGroup>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<BaseExceptionGroup>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<BaseExceptionGroup>;

    #[slot(tp_str)]
    fn str(this: &Ref<BaseExceptionGroup>) -> PyResult<Ref<Str>> {
        let count = this.exceptions().len();
        let mut text = StrBuilder::new();
        text.push_object(&this.message().str()?)?;
        text.push_str(&format!(" ({count} sub-exception{})", if count > 1 { "s" } else { "" }))?;
        text.finish()
    }

    /// The exceptions show as the sequence that was given, where its kind tells no more than a list would.
    #[slot(tp_repr)]
    fn repr(this: &Ref<BaseExceptionGroup>) -> PyResult<Ref<Str>> {
        // SAFETY: the layout begins with that of `BaseException`.
        let base: &Ref<BaseException> = unsafe { this.cast_unchecked() };
        let mut text = StrBuilder::new();
        text.push_str(&this.type_name())?;
        text.push_str("(")?;
        text.push_object(&this.message().repr()?)?;
        text.push_str(", ")?;
        let args = base.args();
        let exceptions = this.exceptions();
        let shown = match Slot::of(&this.0.excs_str).get() {
            Some(shown) => shown.str()?,
            None if args.len() == 2 && args.get(1).is_exact::<List>() => {
                exceptions.as_object().to_list()?.as_object().repr()?
            }
            None => exceptions.as_object().repr()?,
        };
        text.push_object(&shown)?;
        text.push_str(")")?;
        text.finish()
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }

    #[method(signature = "($self, excs, /)")]
    fn derive(this: &Ref<BaseExceptionGroup>, excs: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        create(this.message(), excs.to_owned())
    }

    #[method(signature = "($self, matcher_value, /)")]
    fn split(this: &Ref<BaseExceptionGroup>, matcher_value: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let matcher = Matcher::of(matcher_value)?;
        let (matched, rest) = split(this.as_object(), &matcher, true)?;
        Tuple::from_vec(vec![matched.unwrap_or_else(none), rest.unwrap_or_else(none)])
    }

    #[method(signature = "($self, matcher_value, /)")]
    fn subgroup(this: &Ref<BaseExceptionGroup>, matcher_value: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let matcher = Matcher::of(matcher_value)?;
        Ok(split(this.as_object(), &matcher, false)?.0.unwrap_or_else(none))
    }

    #[member(name = "message", kind = _Py_T_OBJECT, offset = offset_of!(PyBaseExceptionGroupObject, msg), readonly)]
    const _MESSAGE: () = ();
    #[member(name = "exceptions", kind = _Py_T_OBJECT, offset = offset_of!(PyBaseExceptionGroupObject, excs), readonly)]
    const _EXCEPTIONS: () = ();
}

/// As `BaseException.__init__`. When the second argument is neither a list nor a tuple, its repr is kept, since the
/// sequence may change later.
unsafe extern "C" fn group_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: the slot's convention.
    unsafe {
        if base::init(object, args, kwargs) < 0 {
            return -1;
        }
        let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        if args.len() == 2 {
            let sequence = args.get(1);
            if !sequence.is_exact::<List>() && !sequence.is_exact::<Tuple>() {
                match sequence.repr() {
                    Ok(repr) => {
                        let this = &*object.cast::<PyBaseExceptionGroupObject>();
                        Slot::of(&this.excs_str).set(Some(repr.into_object()));
                    }
                    Err(_raised) => return -1,
                }
            }
        }
    }
    0
}

/// C's pointer to `BaseExceptionGroup`.
#[unsafe(no_mangle)]
pub static PyExc_BaseExceptionGroup: ExceptionPointer = ExceptionPointer::new(BaseExceptionGroup::TYPE);

impl Ref<BaseExceptionGroup> {
    pub fn message(&self) -> Ref<Object> {
        Slot::of(&self.0.msg).get().unwrap_or_else(none)
    }

    /// The exceptions directly inside; never empty in a complete group.
    pub fn exceptions(&self) -> Ref<Tuple> {
        // SAFETY: the field holds a tuple or nothing.
        unsafe { Slot::of(&self.0.excs).get_as::<Tuple>() }.unwrap_or_else(Tuple::empty)
    }
}

/// What a split asks of each exception.
enum Matcher<'a> {
    /// A class or a tuple of classes.
    Classes(Borrowed<'a, Object>),
    Predicate(Borrowed<'a, Object>),
    /// The addresses of the leaves wanted.
    Leaves(Vec<*mut PyObject>),
}

impl<'a> Matcher<'a> {
    fn of(value: Borrowed<'a, Object>) -> PyResult<Matcher<'a>> {
        if value.is_callable() && !value.is_instance_of::<Type>() {
            return Ok(Matcher::Predicate(value));
        }
        let is_class = is_exception_class(value)
            || value.downcast_exact::<Tuple>().is_some_and(|classes| classes.iter().all(is_exception_class));
        if is_class {
            return Ok(Matcher::Classes(value));
        }
        Err(raise!(
            TypeError,
            "expected an exception type, a tuple of exception types, or a callable (other than a class)"
        ))
    }

    fn matches(&self, exception: &Ref<Object>) -> PyResult<bool> {
        match self {
            Matcher::Classes(classes) => Ok(given_matches(exception.borrow(), *classes)),
            Matcher::Predicate(predicate) => predicate.call1(exception.borrow())?.is_true(),
            Matcher::Leaves(leaves) => {
                Ok(!exception.is_instance_of::<BaseExceptionGroup>() && leaves.contains(&exception.as_ptr()))
            }
        }
    }
}

type Split = (Option<Ref<Object>>, Option<Ref<Object>>);

/// The parts of `exception` that match and that do not; the latter only with `want_rest`.
fn split(exception: &Ref<Object>, matcher: &Matcher<'_>, want_rest: bool) -> PyResult<Split> {
    if matcher.matches(exception)? {
        return Ok((Some(exception.clone()), None));
    }
    let Some(group) = exception.downcast::<BaseExceptionGroup>() else {
        return Ok((None, want_rest.then(|| exception.clone())));
    };
    let mut matched = Vec::new();
    let mut rest = Vec::new();
    for inner in group.exceptions().iter() {
        let _guard = thread::enter_recursive(" in exceptiongroup_split_recursive")?;
        let (inner_matched, inner_rest) = split(&inner, matcher, want_rest)?;
        inner_matched.map_or(Ok(()), |inner| matched.try_push(inner))?;
        inner_rest.map_or(Ok(()), |inner| rest.try_push(inner))?;
    }
    Ok((subset(&group, matched)?, subset(&group, rest)?))
}

/// A group of `exceptions` with what `original` has besides; nothing when there are none.
fn subset(original: &Ref<BaseExceptionGroup>, exceptions: Vec<Ref<Object>>) -> PyResult<Option<Ref<Object>>> {
    if exceptions.is_empty() {
        return Ok(None);
    }
    let exceptions = List::from_vec(exceptions)?;
    let derived = original.as_object().call_method(id!("derive"), &[exceptions.as_borrowed()])?;
    if !derived.is_instance_of::<BaseExceptionGroup>() {
        return Err(raise!(TypeError, "derive must return an instance of BaseExceptionGroup"));
    }
    // SAFETY: groups have the layout of `BaseException` first.
    let (from, to): (&Ref<BaseException>, &Ref<BaseException>) =
        unsafe { (original.cast_unchecked(), derived.cast_unchecked()) };
    if let Some(traceback) = from.traceback() {
        to.set_traceback(Some(traceback));
    }
    to.set_context(from.context().map(Ref::into_object));
    to.set_cause(from.cause().map(Ref::into_object));
    if let Some(notes) = original.as_object().lookup_attr(id!("__notes__"))?
        && notes.is_sequence()
    {
        // A copy, so that the parts have notes of their own.
        derived.setattr(id!("__notes__"), notes.to_list()?.as_borrowed())?;
    }
    Ok(Some(derived))
}

/// `except* classes`: what of `exception` the clause handles, and what is left. A plain exception that matches comes
/// wrapped in a group, with a traceback of the current frame.
pub fn group_match(exception: Borrowed<'_, Object>, classes: Borrowed<'_, Object>) -> PyResult<Split> {
    if exception.is_none() {
        return Ok((None, None));
    }
    if given_matches(exception, classes) {
        if exception.is_instance_of::<BaseExceptionGroup>() {
            return Ok((Some(exception.to_owned()), None));
        }
        let wrapped = create(id!("").upcast().to_owned(), Tuple::from_slice(&[exception])?.into_object())?;
        if let Some(traceback) = crate::types::traceback::here()? {
            // SAFETY: groups have the layout of `BaseException` first.
            let wrapped: &Ref<BaseException> = unsafe { wrapped.cast_unchecked() };
            wrapped.set_traceback(Some(traceback));
        }
        return Ok((Some(wrapped), None));
    }
    if exception.is_instance_of::<BaseExceptionGroup>() {
        let pair = exception.call_method(id!("split"), &[classes])?;
        let Some(pair) = pair.downcast::<Tuple>() else {
            return Err(raise!(
                TypeError,
                "{}.split must return a tuple, not {}",
                exception.type_name(),
                pair.type_name()
            ));
        };
        // Longer tuples are let through, as CPython does.
        if pair.len() < 2 {
            return Err(raise!(
                TypeError,
                "{}.split must return a 2-tuple, got tuple of size {}",
                exception.type_name(),
                pair.len()
            ));
        }
        let part = |index: usize| Some(pair.get(index).to_owned()).filter(|part| !part.is_none());
        return Ok((part(0), part(1)));
    }
    Ok((None, Some(exception.to_owned())))
}

fn same_metadata(a: &Ref<Object>, b: &Ref<Object>) -> bool {
    // SAFETY: both are exceptions.
    let (a, b): (&Ref<BaseException>, &Ref<BaseException>) = unsafe { (a.cast_unchecked(), b.cast_unchecked()) };
    a.0.notes.get() == b.0.notes.get()
        && a.0.traceback.get() == b.0.traceback.get()
        && a.0.cause.get() == b.0.cause.get()
        && a.0.context.get() == b.0.context.get()
}

fn collect_leaves(exception: &Ref<Object>, leaves: &mut Vec<*mut PyObject>) -> PyResult<()> {
    let Some(group) = exception.downcast::<BaseExceptionGroup>() else {
        return leaves.try_push(exception.as_ptr());
    };
    for inner in group.exceptions().iter() {
        let _guard = thread::enter_recursive(" in collect_exception_group_leaf_ids")?;
        collect_leaves(&inner, leaves)?;
    }
    Ok(())
}

/// What to raise after the clauses of a `try`-`except*`: `original` was caught, `exceptions` were raised or raised again
/// in the clauses. Those raised again keep their place in the tree of `original`; `None` as result when nothing is left.
pub fn prepare_reraise_star(original: Borrowed<'_, Object>, exceptions: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let exceptions = exceptions.collect_items()?;
    let Some(first) = exceptions.first() else { return Ok(none()) };
    if !original.is_instance_of::<BaseExceptionGroup>() {
        // A plain exception was caught, so only one clause can have run.
        return Ok(first.clone());
    }
    let mut raised = Vec::new();
    let mut leaves = Vec::new();
    for exception in &exceptions {
        if exception.is_none() {
            continue;
        }
        if same_metadata(exception, &original) {
            collect_leaves(exception, &mut leaves)?;
        } else {
            raised.try_push(exception.clone())?;
        }
    }
    let reraised = split(&original, &Matcher::Leaves(leaves), false)?.0;
    if raised.is_empty() {
        return Ok(reraised.unwrap_or_else(none));
    }
    raised.make_room(1)?;
    raised.extend(reraised);
    if let [only] = &raised[..] {
        return Ok(only.clone());
    }
    create(id!("").upcast().to_owned(), List::from_vec(raised)?.into_object())
}
