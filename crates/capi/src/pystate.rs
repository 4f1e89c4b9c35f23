//! `pystate.h`, `cpython/pystate.h`, and of `ceval.h` what attaches and detaches threads.

use core::ptr;
use core::sync::atomic::Ordering;

use taipan_runtime::interp::monitoring::legacy;
use taipan_runtime::thread::{self, Slot, gil, interpreter, state};
use taipan_runtime::types::frame;

use crate::support::*;

// SAFETY of all of these: C passes thread states that are live, and calls them in the order that the protocol of CPython asks for.
capi! {
    fn PyGILState_Ensure() -> c_int {
        if thread::gil_state_ensure() { PyGILState_LOCKED } else { PyGILState_UNLOCKED }
    }

    fn PyGILState_Release(before: c_int) {
        thread::gil_state_release(before == PyGILState_LOCKED);
    }

    fn PyGILState_Check() -> bool {
        let current = thread::current_ptr();
        !current.is_null() && current == gil::gil_state()
    }

    fn PyGILState_GetThisThreadState() -> *mut PyThreadState {
        gil::gil_state()
    }

    fn PyEval_SaveThread() -> *mut PyThreadState {
        let state = attached("PyEval_SaveThread");
        unsafe { gil::detach(state) };
        state
    }

    fn PyEval_RestoreThread(state: *mut PyThreadState) {
        if state.is_null() {
            no_state("PyEval_RestoreThread");
        }
        unsafe { gil::attach(state) };
    }

    fn PyEval_AcquireThread(state: *mut PyThreadState) {
        if state.is_null() {
            no_state("PyEval_AcquireThread");
        }
        unsafe { gil::attach(state) };
    }

    fn PyEval_ReleaseThread(state: *mut PyThreadState) {
        if state != thread::current_ptr() {
            thread::fatal("PyEval_ReleaseThread", "wrong thread state");
        }
        unsafe { gil::detach(state) };
    }

    fn PyEval_AcquireLock() {
        attached("PyEval_AcquireLock");
    }

    fn PyEval_ReleaseLock() {
        let state = thread::current_ptr();
        if !state.is_null() {
            unsafe { gil::detach(state) };
        }
    }

    fn PyEval_InitThreads() {}

    fn PyEval_ThreadsInitialized() -> c_int {
        c_int::from(interpreter().initialized.load(Ordering::Acquire))
    }

    fn PyThreadState_Get() -> *mut PyThreadState {
        attached("PyThreadState_Get")
    }

    fn PyThreadState_GetUnchecked() -> *mut PyThreadState {
        thread::current_ptr()
    }

    fn _PyThreadState_UncheckedGet() -> *mut PyThreadState {
        thread::current_ptr()
    }

    fn _PyThreadState_GetCurrent() -> *mut PyThreadState {
        thread::current_ptr()
    }

    fn PyThreadState_Swap(new: *mut PyThreadState) -> *mut PyThreadState {
        let old = thread::current_ptr();
        unsafe {
            if !old.is_null() {
                gil::detach(old);
            }
            if !new.is_null() {
                gil::attach(new);
            }
        }
        old
    }

    fn PyThreadState_New(_interpreter: *mut PyInterpreterState) -> *mut PyThreadState {
        let made = state::new(_PyThreadState_WHENCE_UNKNOWN);
        if !made.is_null() {
            // A state belongs to the thread that makes it.
            unsafe { state::bind(made) };
        }
        made
    }

    fn PyThreadState_Clear(state: *mut PyThreadState) {
        unsafe { state::clear(state) }
    }

    fn PyThreadState_Delete(state: *mut PyThreadState) {
        if state == thread::current_ptr() {
            thread::fatal("PyThreadState_Delete", "tstate is still current");
        }
        unsafe { state::delete(state) };
    }

    fn PyThreadState_DeleteCurrent() {
        let current = attached("PyThreadState_DeleteCurrent");
        unsafe {
            gil::detach(current);
            state::delete(current);
        }
    }

    fn PyThreadState_GetInterpreter(_state: *mut PyThreadState) -> *mut PyInterpreterState {
        interpreter().as_c()
    }

    fn PyThreadState_GetID(state: *mut PyThreadState) -> u64 {
        unsafe { (*state).id.get() }
    }

    fn PyThreadState_Next(state: *mut PyThreadState) -> *mut PyThreadState {
        unsafe { (*state).next.get() }
    }

    fn PyThreadState_GetFrame(state: *mut PyThreadState) -> PyResult<Option<Ref<frame::FrameObject>>> {
        unsafe {
            let found = taipan_runtime::interp::frame::first_complete((*state).current_frame.get());
            if found.is_null() { Ok(None) } else { frame::frame_object(found).map(Some) }
        }
    }

    fn PyThreadState_GetDict() -> *mut PyObject {
        thread_dict(thread::current_ptr())
    }

    fn _PyThreadState_GetDict(state: *mut PyThreadState) -> *mut PyObject {
        thread_dict(state)
    }

    fn PyThreadState_SetAsyncExc(ident: c_ulong, exception: Nullable<'_>) -> c_int {
        thread::breaker::set_async_exception(ident, exception.map(|exception| exception.to_owned())) as c_int
    }

    fn PyThreadState_EnterTracing(state: *mut PyThreadState) {
        unsafe { (*state).tracing.set((*state).tracing.get() + 1) }
    }

    fn PyThreadState_LeaveTracing(state: *mut PyThreadState) {
        unsafe { (*state).tracing.set((*state).tracing.get() - 1) }
    }

    fn PyEval_SetTrace(function: Option<Py_tracefunc>, object: Nullable<'_>) {
        let state = attached("PyEval_SetTrace");
        if let Err(raised) = legacy::set_trace(state, function, object.map(|object| object.to_owned())) {
            taipan_runtime::types::exceptions::report_unraisable(raised, "Exception ignored in PyEval_SetTrace()", None);
        }
    }

    fn PyEval_SetProfile(function: Option<Py_tracefunc>, object: Nullable<'_>) {
        let state = attached("PyEval_SetProfile");
        if let Err(raised) = legacy::set_profile(state, function, object.map(|object| object.to_owned())) {
            taipan_runtime::types::exceptions::report_unraisable(raised, "Exception ignored in PyEval_SetProfile()", None);
        }
    }

    fn PyEval_SetTraceAllThreads(function: Option<Py_tracefunc>, object: Nullable<'_>) {
        for state in all_threads() {
            if let Err(raised) = legacy::set_trace(state, function, object.map(|object| object.to_owned())) {
                taipan_runtime::types::exceptions::report_unraisable(
                    raised,
                    "Exception ignored in PyEval_SetTraceAllThreads()",
                    None,
                );
            }
        }
    }

    fn PyEval_SetProfileAllThreads(function: Option<Py_tracefunc>, object: Nullable<'_>) {
        for state in all_threads() {
            if let Err(raised) = legacy::set_profile(state, function, object.map(|object| object.to_owned())) {
                taipan_runtime::types::exceptions::report_unraisable(
                    raised,
                    "Exception ignored in PyEval_SetProfileAllThreads()",
                    None,
                );
            }
        }
    }

    fn PyInterpreterState_Get() -> *mut PyInterpreterState {
        attached("PyInterpreterState_Get");
        interpreter().as_c()
    }

    fn PyInterpreterState_Main() -> *mut PyInterpreterState {
        interpreter().as_c()
    }

    fn _PyInterpreterState_Main() -> *mut PyInterpreterState {
        interpreter().as_c()
    }

    fn PyInterpreterState_Head() -> *mut PyInterpreterState {
        interpreter().as_c()
    }

    fn PyInterpreterState_Next(_interpreter: *mut PyInterpreterState) -> *mut PyInterpreterState {
        ptr::null_mut()
    }

    fn PyInterpreterState_ThreadHead(_interpreter: *mut PyInterpreterState) -> *mut PyThreadState {
        interpreter().threads.load(Ordering::Relaxed)
    }

    fn PyInterpreterState_GetID(_interpreter: *mut PyInterpreterState) -> i64 {
        0
    }

    fn PyInterpreterState_GetDict(_interpreter: *mut PyInterpreterState) -> *mut PyObject {
        static DICT: SharedSlot = SharedSlot(Slot::new());
        dict_in(&DICT.0)
    }

    fn PyUnstable_ThreadState_SetStackProtection(
        state: *mut PyThreadState,
        start: *mut c_void,
        size: usize,
    ) -> PyResult<()> {
        if size < 2 * _PyOS_STACK_MARGIN_BYTES as usize {
            return Err(raise!(
                ValueError,
                "stack_size must be at least {} bytes",
                2 * _PyOS_STACK_MARGIN_BYTES
            ));
        }
        unsafe { thread::stack::set_bounds(&*state.cast::<_PyThreadStateImpl>(), start as usize, size) };
        Ok(())
    }

    fn PyUnstable_ThreadState_ResetStackProtection(state: *mut PyThreadState) {
        unsafe { thread::stack::measure(&*state.cast::<_PyThreadStateImpl>()) }
    }
}

/// A slot in a static.
struct SharedSlot(Slot);
// SAFETY: the GIL guards it.
unsafe impl Sync for SharedSlot {}

/// The current state, which C code must have.
fn attached(function: &str) -> *mut PyThreadState {
    let state = thread::current_ptr();
    if state.is_null() {
        no_state(function);
    }
    state
}

#[cold]
fn no_state(function: &str) -> ! {
    thread::fatal(
        function,
        "the function must be called with the GIL held, after Python initialization and before Python finalization, but \
         the GIL is released (the current Python thread state is NULL)",
    )
}

/// The dict in a slot, made when it is asked for; NULL when that fails, without an exception.
fn dict_in(slot: &Slot) -> *mut PyObject {
    if !slot.is_set() {
        match Dict::new() {
            Ok(dict) => slot.set(Some(dict.into_object())),
            Err(raised) => raised.clear(),
        }
    }
    slot.as_ptr()
}

fn thread_dict(state: *mut PyThreadState) -> *mut PyObject {
    if state.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a live state.
    dict_in(Slot::of(unsafe { &(*state).dict }))
}

fn all_threads() -> Vec<*mut PyThreadState> {
    let mut threads = Vec::new();
    interpreter().for_each_thread(|state| threads.push(state));
    threads
}
