//! `Ref<T>`, which owns a reference count, and `Borrowed<'a, T>`, which does not.
//!
//! Both are one non-null pointer to the whole object, so `Option<Ref<T>>` is a nullable pointer of C.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::header;
use super::layout::PyLayout;
use crate::abi::{PyObject, PyTypeObject};
use crate::types::Type;

/// Any object (`PyObject`).
#[repr(transparent)]
pub struct Object(pub PyObject);

/// An owned reference: clone increments, drop decrements.
#[repr(transparent)]
pub struct Ref<T>(NonNull<T>);

/// A reference that someone else keeps alive for `'a`.
#[repr(transparent)]
pub struct Borrowed<'a, T>(NonNull<T>, PhantomData<&'a Ref<T>>);

const _: () = assert!(size_of::<Option<Ref<Object>>>() == size_of::<*mut PyObject>());

impl<T> Ref<T> {
    /// # Safety
    /// `ptr` is not null, points to a live `T`, and the caller hands over one count.
    #[inline(always)]
    pub unsafe fn from_owned_ptr<P>(ptr: *mut P) -> Ref<T> {
        // SAFETY: not null by contract.
        Ref(unsafe { NonNull::new_unchecked(ptr.cast()) })
    }

    /// Like [`Ref::from_owned_ptr`], `None` for null.
    ///
    /// # Safety
    /// `ptr` is null or as there.
    #[inline(always)]
    pub unsafe fn from_owned_ptr_or_null<P>(ptr: *mut P) -> Option<Ref<T>> {
        NonNull::new(ptr.cast()).map(Ref)
    }

    /// A new count of the object at `ptr`.
    ///
    /// # Safety
    /// `ptr` is not null and points to a live `T`.
    #[inline(always)]
    pub unsafe fn from_borrowed_ptr<P>(ptr: *mut P) -> Ref<T> {
        // SAFETY: live by contract.
        unsafe {
            header::incref(ptr.cast());
            Ref(NonNull::new_unchecked(ptr.cast()))
        }
    }

    /// # Safety
    /// `ptr` is null or as for [`Ref::from_borrowed_ptr`].
    #[inline(always)]
    pub unsafe fn from_borrowed_ptr_or_null<P>(ptr: *mut P) -> Option<Ref<T>> {
        if ptr.is_null() {
            None
        } else {
            // SAFETY: not null, otherwise by contract.
            Some(unsafe { Ref::from_borrowed_ptr(ptr) })
        }
    }

    /// The object's address, for C.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr().cast()
    }

    /// The address as a pointer to the whole `T`.
    #[inline(always)]
    pub fn as_raw(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives the count away as a pointer.
    #[inline(always)]
    pub fn into_ptr(self) -> *mut PyObject {
        ManuallyDrop::new(self).0.as_ptr().cast()
    }

    #[inline(always)]
    pub fn as_object(&self) -> &Ref<Object> {
        // SAFETY: every object begins with the header, and the handle is transparent.
        unsafe { &*(self as *const Ref<T>).cast() }
    }

    #[inline(always)]
    pub fn into_object(self) -> Ref<Object> {
        // SAFETY: the count moves over.
        unsafe { Ref::from_owned_ptr(self.into_ptr()) }
    }

    #[inline(always)]
    pub fn borrow(&self) -> Borrowed<'_, T> {
        Borrowed(self.0, PhantomData)
    }

    /// The object as a borrowed `Object`, the form that most functions take.
    #[inline(always)]
    pub fn as_borrowed(&self) -> Borrowed<'_, Object> {
        Borrowed(self.0.cast(), PhantomData)
    }

    /// The same object, seen as another type.
    ///
    /// # Safety
    /// The object is a `U`.
    #[inline(always)]
    pub unsafe fn cast_unchecked<U>(&self) -> &Ref<U> {
        // SAFETY: by contract; the handle is transparent.
        unsafe { &*(self as *const Ref<T>).cast() }
    }

    /// # Safety
    /// The object is a `U`.
    #[inline(always)]
    pub unsafe fn into_unchecked<U>(self) -> Ref<U> {
        // SAFETY: the count moves over; the type by contract.
        unsafe { Ref::from_owned_ptr(self.into_ptr()) }
    }

    /// Whether both are the same object. (Integers: see `Object::is_identical` for Python's `is`.)
    #[inline(always)]
    pub fn is<U>(&self, other: &Ref<U>) -> bool {
        self.as_ptr() == other.as_ptr()
    }

    /// The object's type.
    #[inline(always)]
    pub fn type_of(&self) -> Borrowed<'_, Type> {
        // SAFETY: a live object has a live type.
        unsafe { Borrowed::from_ptr((*self.as_ptr()).ob_type.get()) }
    }

    #[inline(always)]
    pub fn type_ptr(&self) -> *mut PyTypeObject {
        // SAFETY: a live object has a type.
        unsafe { (*self.as_ptr()).ob_type.get() }
    }

    /// The name of the object's type as messages show it (`tp_name` without the module).
    pub fn type_name(&self) -> String {
        self.type_of().name()
    }

    /// The count, as `sys.getrefcount` sees it.
    pub fn refcount(&self) -> u32 {
        // SAFETY: live object.
        unsafe { (*self.as_ptr()).ob_refcnt.get() }
    }

    /// Whether the object's type is exactly `U`.
    #[inline(always)]
    pub fn is_exact<U: PyLayout>(&self) -> bool {
        self.type_ptr() == U::TYPE
    }

    /// Whether the object is a `U`, subclasses included.
    #[inline(always)]
    pub fn is_instance_of<U: PyLayout>(&self) -> bool {
        // SAFETY: both types are live.
        self.is_exact::<U>() || unsafe { crate::types::type_::is_subtype_raw(self.type_ptr(), U::TYPE) }
    }

    #[inline(always)]
    pub fn downcast<U: PyLayout>(&self) -> Option<Borrowed<'_, U>> {
        if self.is_instance_of::<U>() { Some(Borrowed(self.0.cast(), PhantomData)) } else { None }
    }

    #[inline(always)]
    pub fn downcast_exact<U: PyLayout>(&self) -> Option<Borrowed<'_, U>> {
        if self.is_exact::<U>() { Some(Borrowed(self.0.cast(), PhantomData)) } else { None }
    }

    pub fn into_downcast<U: PyLayout>(self) -> Result<Ref<U>, Ref<T>> {
        // SAFETY: checked just before.
        if self.is_instance_of::<U>() { Ok(unsafe { self.into_unchecked() }) } else { Err(self) }
    }

    pub fn is_none(&self) -> bool {
        self.as_ptr() == super::singletons::none_ptr()
    }

    pub fn is_not_implemented(&self) -> bool {
        self.as_ptr() == super::singletons::not_implemented_ptr()
    }
}

impl<T> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: a handle's object is live.
        unsafe { header::incref(self.as_ptr()) };
        Ref(self.0)
    }
}

impl<T> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the handle owns a count.
        unsafe { header::decref(self.as_ptr()) }
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object is live as long as the handle, and its fields that change are cells.
        unsafe { self.0.as_ref() }
    }
}

impl<'a, T> Borrowed<'a, T> {
    /// # Safety
    /// `ptr` is not null and points to a `T` that lives for `'a`.
    #[inline(always)]
    pub unsafe fn from_ptr<P>(ptr: *mut P) -> Borrowed<'a, T> {
        // SAFETY: not null by contract.
        Borrowed(unsafe { NonNull::new_unchecked(ptr.cast()) }, PhantomData)
    }

    /// # Safety
    /// `ptr` is null or as for [`Borrowed::from_ptr`].
    #[inline(always)]
    pub unsafe fn from_ptr_or_null<P>(ptr: *mut P) -> Option<Borrowed<'a, T>> {
        NonNull::new(ptr.cast()).map(|ptr| Borrowed(ptr, PhantomData))
    }

    /// A count of one's own.
    #[inline(always)]
    pub fn to_owned(&self) -> Ref<T> {
        (**self).clone()
    }

    /// The same borrow seen as `Object`.
    #[inline(always)]
    pub fn upcast(self) -> Borrowed<'a, Object> {
        Borrowed(self.0.cast(), PhantomData)
    }

    /// As [`Ref::downcast`], with the lifetime of this borrow.
    #[inline(always)]
    pub fn downcast_borrowed<U: PyLayout>(self) -> Option<Borrowed<'a, U>> {
        if self.is_instance_of::<U>() { Some(Borrowed(self.0.cast(), PhantomData)) } else { None }
    }

    /// # Safety
    /// The object is a `U`.
    #[inline(always)]
    pub unsafe fn cast_borrowed_unchecked<U>(self) -> Borrowed<'a, U> {
        Borrowed(self.0.cast(), PhantomData)
    }
}

impl<T> Clone for Borrowed<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Borrowed<'_, T> {}

impl<T> Deref for Borrowed<'_, T> {
    type Target = Ref<T>;

    #[inline(always)]
    fn deref(&self) -> &Ref<T> {
        // SAFETY: both are transparent over the same pointer; the reference given out is never dropped as a value.
        unsafe { &*(self as *const Self).cast() }
    }
}
