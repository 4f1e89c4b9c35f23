//! `generator`, `coroutine`, `async_generator` and the awaitables around them.
//!
//! All three have one layout, with the frame inside at the end. **Invariant:** `gi_frame_state` says what the frame is
//! doing; once it is `FRAME_CLEARED` nothing in the frame is valid but the code. CPython: `Objects/genobject.c`.

mod asend;
mod async_gen;
mod awaitable;
mod coroutine;
mod generator;
mod raw;
mod resume;

pub use asend::{AsyncGenASend, AsyncGenAThrow, AsyncGenWrappedValue};
pub use async_gen::AsyncGenerator;
pub use awaitable::{AnextAwaitable, get_anext, get_awaitable_iter, is_awaited};
pub use coroutine::{Coroutine, CoroutineWrapper};
pub use generator::Generator;
pub use raw::{finish_frame, from_function, of_frame};
pub use resume::{finalize, send_to, wrap_async_value};
