//! The driver of a `match` in a loop: for builds with debug assertions, for Miri and sanitizers, and where tail calls do
//! not become jumps. Slower than the other, and with the same results: the bodies are the same.
//!
//! A handler is a number here, and the function made by [`instructions`] executes one after another.

/// The number of a handler.
pub type Handler = u16;

/// `EXTENDED_ARG`, which has no body.
#[allow(non_upper_case_globals)]
pub const extended_arg: Handler = u16::MAX;

/// Defines the numbers of a list of instructions, and the loop that executes them.
macro_rules! instructions {
    ($($kind:ident $name:ident: $base:ident = $body:path $(, miss $miss:ident)?;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u16)]
        enum Number { $($name),* }

        pub mod handlers {
            $(pub const $name: u16 = super::Number::$name as u16;)*
        }

        /// Runs frames from `handler` on: its instruction is at `ip`.
        ///
        /// # Safety
        /// The registers are those of the current frame.
        pub unsafe fn start(
            mut handler: Handler,
            ip: *mut u16,
            sp: *mut StackRef,
            fp: *mut Frame,
            ts: *mut PyThreadState,
            oparg: usize,
        ) -> usize {
            let mut r = Regs { ip, sp, fp, oparg, pending: 0 };
            // SAFETY: by contract; each arm leaves the registers of the frame that is current then.
            unsafe {
                loop {
                    handler = match handler {
                        $(handlers::$name => instructions!(@ $kind r ts $base $body $(, $miss)?),)*
                        $crate::interp::matched::extended_arg => {
                            r.ip = r.ip.add(1);
                            r.oparg = r.oparg << 8 | (*r.ip >> 8) as usize;
                            $crate::interp::table::handler(*r.ip as usize & 0xff)
                        }
                        _ => handlers::BAD,
                    };
                }
            }
        }

        /// Reads the instruction at `ip`.
        #[inline(always)]
        unsafe fn fetch(r: &mut Regs) -> Handler {
            // SAFETY: an instruction stands there.
            unsafe {
                r.oparg = (*r.ip >> 8) as usize;
                $crate::interp::table::handler(*r.ip as usize & 0xff)
            }
        }

        /// Goes on where the thread's current frame says.
        unsafe fn reload(r: &mut Regs, ts: *mut PyThreadState) -> Handler {
            // SAFETY: the current frame is complete.
            unsafe {
                r.fp = (*ts).current_frame.get();
                r.ip = (*r.fp).instr_ptr.get().cast();
                r.sp = frame::stack_pointer(r.fp);
                fetch(r)
            }
        }

        /// Deallocates the pending object; `__del__` may run, so the frame is made visible first.
        unsafe fn finish_dealloc(r: &mut Regs) -> Handler {
            // SAFETY: the object's count came to zero.
            unsafe {
                (*r.fp).instr_ptr.set(r.ip.cast());
                frame::set_stack_pointer(r.fp, r.sp);
                $crate::object::header::dealloc(r.pending as *mut $crate::abi::PyObject);
                fetch(r)
            }
        }

        /// Runs frames from the handler of the exception that is set on, which comes from `throw()`.
        ///
        /// # Safety
        /// As [`start`].
        pub unsafe fn start_raised(
            ip: *mut u16,
            sp: *mut StackRef,
            fp: *mut Frame,
            ts: *mut PyThreadState,
        ) -> usize {
            // SAFETY: by contract.
            unsafe {
                if !$crate::interp::unwind::find_handler(ts, true) {
                    return StackRef::NULL.bits() as usize;
                }
                let mut r = Regs { ip, sp, fp, oparg: 0, pending: 0 };
                let handler = reload(&mut r, ts);
                start(handler, r.ip, r.sp, r.fp, ts, r.oparg)
            }
        }
    };
    (@ fast $r:ident $ts:ident $base:ident $body:path, $miss:ident) => {{
        const SIZE: usize = 1 + caches(Opcode::$base);
        let (ip, sp, fp) = ($r.ip, $r.sp, $r.fp);
        let act = $body(&mut $r, $ts);
        if act == Act::NEXT {
            $r.ip = $r.ip.add(SIZE);
            fetch(&mut $r)
        } else if act == Act::JUMP {
            fetch(&mut $r)
        } else if act == Act::DEALLOC {
            $r.ip = $r.ip.add(SIZE);
            finish_dealloc(&mut $r)
        } else if act == Act::DEALLOC_JUMP {
            finish_dealloc(&mut $r)
        } else {
            ($r.ip, $r.sp, $r.fp) = (ip, sp, fp);
            handlers::$miss
        }
    }};
    (@ calling $r:ident $ts:ident $base:ident $body:path, $miss:ident) => {{
        const SIZE: usize = 1 + caches(Opcode::$base);
        let (ip, sp, fp) = ($r.ip, $r.sp, $r.fp);
        let act = $body(&mut $r, $ts);
        let mut act = act;
        if act == Act::EVENTS {
            frame::set_stack_pointer($r.fp, $r.sp);
            act = if $crate::thread::handle_eval_breaker($ts).is_err() { Act::RAISED } else { Act::NEXT };
        }
        if act == Act::NEXT {
            $r.ip = $r.ip.add(SIZE);
            fetch(&mut $r)
        } else if act == Act::JUMP {
            fetch(&mut $r)
        } else if act == Act::RAISED {
            if !$crate::interp::unwind::find_handler($ts, false) {
                return StackRef::NULL.bits() as usize;
            }
            reload(&mut $r, $ts)
        } else {
            ($r.ip, $r.sp, $r.fp) = (ip, sp, fp);
            handlers::$miss
        }
    }};
    (@ slow $r:ident $ts:ident $base:ident $body:path) => {{
        const SIZE: usize = 1 + caches(Opcode::$base);
        (*$r.fp).instr_ptr.set($r.ip.cast());
        frame::set_stack_pointer($r.fp, $r.sp);
        match $body($r.fp, $ts, $r.oparg) {
            Ok(Flow::Next) => {
                $r.ip = $r.ip.add(SIZE);
                $r.sp = frame::stack_pointer($r.fp);
                fetch(&mut $r)
            }
            Ok(Flow::Reload) => reload(&mut $r, $ts),
            Ok(Flow::Retry) => {
                $r.sp = frame::stack_pointer($r.fp);
                $crate::interp::table::handler(*$r.ip as usize & 0xff)
            }
            Ok(Flow::Exit) => {
                let bottom = (*$ts).current_frame.get();
                let sp = frame::stack_pointer(bottom).sub(1);
                frame::set_stack_pointer(bottom, sp);
                return (*sp).bits() as usize;
            }
            Err(_) => {
                if !$crate::interp::unwind::find_handler($ts, false) {
                    return StackRef::NULL.bits() as usize;
                }
                reload(&mut $r, $ts)
            }
        }
    }};
    (@ watched $r:ident $ts:ident $base:ident $body:path) => {{
        (*$r.fp).instr_ptr.set($r.ip.cast());
        frame::set_stack_pointer($r.fp, $r.sp);
        match $body($ts, $r.fp, $r.ip) {
            Ok(fire::Next::As(opcode)) => {
                $r.sp = frame::stack_pointer($r.fp);
                $crate::interp::table::handler(opcode as usize)
            }
            Ok(fire::Next::Reload) => reload(&mut $r, $ts),
            Err(_) => {
                if !$crate::interp::unwind::find_handler($ts, false) {
                    return StackRef::NULL.bits() as usize;
                }
                reload(&mut $r, $ts)
            }
        }
    }};
}
pub(crate) use instructions;
