//! A lock that any thread may release, with time-outs and interruption by signals: what `_thread.lock` and C's
//! `PyThread_type_lock` are made of.
//!
//! One word: free, taken, or taken with waiters. CPython: `Python/thread_pthread.h`, `Python/lock.c`.

use core::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const FREE: u32 = 0;
const TAKEN: u32 = 1;
const CONTENDED: u32 = 2;

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    No,
    For(Duration),
    Forever,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Acquired,
    TimedOut,
    /// A signal came, and the caller wanted to know.
    Interrupted,
}

pub struct Lock(AtomicU32);

impl Lock {
    pub const fn new() -> Lock {
        Lock(AtomicU32::new(FREE))
    }

    pub fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != FREE
    }

    pub fn try_acquire(&self) -> bool {
        self.0.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Waits for the lock, without the GIL if the thread holds it.
    pub fn acquire(&self, wait: Wait, interruptible: bool) -> Outcome {
        if self.try_acquire() {
            return Outcome::Acquired;
        }
        if wait == Wait::No {
            return Outcome::TimedOut;
        }
        if super::current_ptr().is_null() {
            return self.wait(wait, interruptible);
        }
        super::allow_threads(|| self.wait(wait, interruptible))
    }

    /// As [`Lock::acquire`], with the GIL where it is: for C, which releases it by itself if it wants to.
    pub fn acquire_keeping_gil(&self, wait: Wait, interruptible: bool) -> Outcome {
        if self.try_acquire() {
            return Outcome::Acquired;
        }
        self.wait(wait, interruptible)
    }

    fn wait(&self, wait: Wait, interruptible: bool) -> Outcome {
        let deadline = match wait {
            Wait::No => return Outcome::TimedOut,
            Wait::For(duration) => Instant::now().checked_add(duration),
            Wait::Forever => None,
        };
        loop {
            if self.0.swap(CONTENDED, Ordering::Acquire) == FREE {
                return Outcome::Acquired;
            }
            let left = match deadline {
                None => None,
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => Some(left),
                    _ => return Outcome::TimedOut,
                },
            };
            if futex_wait(&self.0, CONTENDED, left) == Some(libc::EINTR) && interruptible {
                return Outcome::Interrupted;
            }
        }
    }

    /// Frees the lock; false when it was free.
    pub fn release(&self) -> bool {
        match self.0.swap(FREE, Ordering::Release) {
            FREE => false,
            TAKEN => true,
            _ => {
                futex_wake(&self.0);
                true
            }
        }
    }

    /// Makes the lock free whatever it was: in the child of a fork.
    pub fn reset(&self) {
        self.0.store(FREE, Ordering::Relaxed);
    }
}

impl Default for Lock {
    fn default() -> Self {
        Lock::new()
    }
}

/// Sleeps while `word` holds `expected`; the error number when the kernel gave one.
fn futex_wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Option<i32> {
    let spec = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs().min(i64::MAX as u64) as i64,
        tv_nsec: i64::from(timeout.subsec_nanos()),
    });
    let spec = spec.as_ref().map_or(core::ptr::null(), |spec| &raw const *spec);
    // SAFETY: the word lives during the call; the timeout is null or live.
    unsafe {
        let status =
            libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, expected, spec);
        if status < 0 { Some(*libc::__errno_location()) } else { None }
    }
}

fn futex_wake(word: &AtomicU32) {
    // SAFETY: waking needs only the address.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_times_out_and_hands_over() {
        let lock = std::sync::Arc::new(Lock::new());
        assert!(lock.try_acquire());
        assert_eq!(lock.acquire(Wait::For(Duration::from_millis(5)), false), Outcome::TimedOut);
        let other = lock.clone();
        let waiter = std::thread::spawn(move || other.acquire(Wait::Forever, false));
        std::thread::sleep(Duration::from_millis(10));
        assert!(lock.release());
        assert_eq!(waiter.join().ok(), Some(Outcome::Acquired));
        assert!(lock.release());
        assert!(!lock.release());
    }
}
