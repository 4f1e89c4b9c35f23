//! The declaration that all iterators share.

/// `iterator! { Chain "chain" [source, active] { .. } }` declares a type whose references are those slots, with
/// deallocation, traversal and `__iter__`; `free [indices]` names fields that own other memory; `size 56` is that of an
/// instance in CPython, where it is larger.
macro_rules! iterator {
    ($ty:ident $name:literal [$($slot:ident),*] $(free [$($memory:ident),*])? $(size $size:literal)? { $($body:tt)* }) => {
        #[pytype(name = $name, module = "itertools", gc, basetype, heap, getattribute $(, basicsize = $size)?)]
        impl $ty {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe {
                    taipan_runtime::memory::object::gc_untrack(this.cast());
                    $($((*this).$memory.free();)*)?
                    crate::support::dealloc(this, [$(&(*this).$slot),*])
                }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$ty, visit: &mut Visitor) {
                crate::support::traverse([$(&this.$slot),*], visit);
            }

            #[slot(tp_clear)]
            fn clear(this: &Ref<$ty>) {
                crate::support::clear([$(&this.$slot),*]);
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$ty>) -> Ref<$ty> {
                this.clone()
            }

            $($body)*
        }
    };
}
