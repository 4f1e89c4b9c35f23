//! `sys._getframe`, the frames and exceptions of all threads, the exception being handled.

use super::Sys;
use crate::interp::frame as iframe;
use crate::prelude::*;
use crate::thread;
use crate::types::frame::{self, FrameObject};

#[pymethods(part = FRAMES)]
impl Sys {
    #[function(signature = "(depth=0, /)")]
    fn _getframe(depth: i32) -> PyResult<Ref<FrameObject>> {
        match nth_frame(depth) {
            Some(found) => {
                // SAFETY: the frame is live: it belongs to the current thread.
                let object = unsafe { frame::frame_object(found)? };
                super::audit("sys._getframe", &[object.as_borrowed()])?;
                Ok(object)
            }
            None => Err(raise!(ValueError, "call stack is not deep enough")),
        }
    }

    #[function(signature = "(depth=0)")]
    fn _getframemodulename(depth: i32) -> PyResult<Ref<Object>> {
        super::audit("sys._getframemodulename", &[Int::from_i64(i64::from(depth))?.as_borrowed()])?;
        let Some(found) = nth_frame(depth) else { return Ok(none()) };
        // SAFETY: the frame keeps its function, unless the caller was made without one.
        let function: Option<Ref<Object>> = unsafe { Ref::from_borrowed_ptr_or_null(iframe::function(found)) };
        let Some(function) = function.filter(|function| function.is_instance_of::<crate::types::Function>()) else {
            return Ok(none());
        };
        match function.lookup_attr(id!("__module__")) {
            Ok(module) => Ok(module.unwrap_or_else(none)),
            Err(raised) => {
                raised.clear();
                Ok(none())
            }
        }
    }

    #[function(signature = "()")]
    fn _current_frames() -> PyResult<Ref<Dict>> {
        super::audit("sys._current_frames", &[])?;
        let dict = Dict::new()?;
        for state in all_threads() {
            // SAFETY: with the GIL held, states stay and their frames stand still.
            let (ident, found) =
                unsafe { ((*state).thread_id.get(), iframe::first_complete((*state).current_frame.get())) };
            if found.is_null() {
                continue;
            }
            // SAFETY: as above.
            let object = unsafe { frame::frame_object(found)? };
            dict.set_item(Int::from_u64(ident)?.as_borrowed(), object.as_borrowed())?;
        }
        Ok(dict)
    }

    #[function(signature = "()")]
    fn _current_exceptions() -> PyResult<Ref<Dict>> {
        super::audit("sys._current_exceptions", &[])?;
        let dict = Dict::new()?;
        for state in all_threads() {
            // SAFETY: with the GIL held, states stay and their stacks of exceptions stand still.
            let (ident, exception) = unsafe {
                let mut item = (*state).exc_info.get();
                while (*item).exc_value.get().is_null() && !(*item).previous_item.get().is_null() {
                    item = (*item).previous_item.get();
                }
                ((*state).thread_id.get(), Ref::<Object>::from_borrowed_ptr_or_null((*item).exc_value.get()))
            };
            dict.set_item(Int::from_u64(ident)?.as_borrowed(), exception.unwrap_or_else(none).borrow())?;
        }
        Ok(dict)
    }

    #[function(signature = "()")]
    fn exception() -> Ref<Object> {
        thread::handled_exception().map_or_else(none, |exception| exception.to_owned())
    }

    #[function(signature = "()")]
    fn exc_info() -> PyResult<Ref<Tuple>> {
        let Some(exception) = thread::handled_exception() else {
            return Tuple::from_vec(vec![none(), none(), none()]);
        };
        let class = exception.type_of().to_owned().into_object();
        let traceback = crate::types::exceptions::traceback_of(&exception).unwrap_or_else(none);
        Tuple::from_vec(vec![class, exception.to_owned(), traceback])
    }
}

/// The Python frame `depth` calls up from the running one.
fn nth_frame(depth: i32) -> Option<*mut iframe::Frame> {
    // SAFETY: the current thread's frames are live.
    unsafe {
        let mut found = iframe::first_complete(thread::current().current_frame.get());
        let mut left = depth;
        while left > 0 && !found.is_null() {
            found = iframe::first_complete((*found).previous.get());
            left -= 1;
        }
        if found.is_null() { None } else { Some(found) }
    }
}

/// The states of all threads that run. They stay as long as the GIL is held.
fn all_threads() -> Vec<*mut crate::abi::PyThreadState> {
    let mut states = Vec::new();
    thread::interpreter().for_each_thread(|state| states.push(state));
    states
}
