//! `_uuid`: identifiers of version 1 (RFC 9562), made of the time, a sequence number and the address of this machine. CPython:
//! `Modules/_uuidmodule.c`, where libuuid makes them.
//!
//! **Invariant:** within a process no pair of time and sequence number is given twice. Processes agree on nothing, so the answer
//! says that the identifier is not safe.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

/// Intervals of 100 ns from the 15th of October 1582 to 1970.
const GREGORIAN_TO_UNIX: u64 = 0x01b2_1dd2_1381_4000;

/// What a process remembers.
struct State {
    /// A child that was forked draws a sequence number of its own.
    process: u32,
    sequence: u16,
    /// The time of the last identifier.
    last: u64,
    node: [u8; 6],
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

fn random<const N: usize>() -> PyResult<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: room for so many bytes; requests as short as this are answered whole.
    if unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) } != N as isize {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(bytes)
}

/// The hardware address of an interface, if there is one.
fn hardware_address() -> Option<[u8; 6]> {
    let mut list = core::ptr::null_mut();
    // SAFETY: a place for the list, which is given back; its entries are linked until null and their addresses are as long as
    // their families say.
    unsafe {
        if libc::getifaddrs(&raw mut list) != 0 {
            return None;
        }
        let found = core::iter::successors(list.as_ref(), |entry| entry.ifa_next.as_ref()).find_map(|entry| {
            let address = entry.ifa_addr.as_ref().filter(|address| i32::from(address.sa_family) == libc::AF_PACKET)?;
            let link = &*core::ptr::from_ref(address).cast::<libc::sockaddr_ll>();
            let [bytes @ .., _, _] = link.sll_addr;
            (link.sll_halen == 6 && bytes != [0; 6]).then_some(bytes)
        });
        libc::freeifaddrs(list);
        found
    }
}

/// The address of this machine, or one at random, which says so by the bit of group addresses.
fn node() -> PyResult<[u8; 6]> {
    if let Some(address) = hardware_address() {
        return Ok(address);
    }
    let mut address = random::<6>()?;
    address[0] |= 1;
    Ok(address)
}

/// The next identifier.
fn generate() -> PyResult<[u8; 16]> {
    let mut guard = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    let state = match &mut *guard {
        Some(state) if state.process == process => state,
        place => {
            let sequence = u16::from_be_bytes(random::<2>()?) & 0x3fff;
            place.insert(State { process, sequence, last: 0, node: node()? })
        }
    };
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() / 100);
    let now = GREGORIAN_TO_UNIX.wrapping_add(since_1970 as u64);
    // Two at once: the clock is taken to have gone on. A clock that was set back begins another sequence.
    let time = if now > state.last {
        now
    } else if state.last - now < 10_000_000 {
        state.last + 1
    } else {
        state.sequence = (state.sequence + 1) & 0x3fff;
        now
    };
    state.last = time;
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&(time as u32).to_be_bytes());
    bytes[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
    bytes[6..8].copy_from_slice(&((time >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
    bytes[8..10].copy_from_slice(&(state.sequence | 0x8000).to_be_bytes());
    bytes[10..].copy_from_slice(&state.node);
    Ok(bytes)
}

pub struct Uuid;

#[pymodule(name = "_uuid")]
impl Uuid {
    const has_uuid_generate_time_safe: i32 = 1;
    const has_stable_extractable_node: i32 = 0;

    #[function(signature = "()", no_text_signature)]
    fn generate_time_safe() -> PyResult<Ref<Tuple>> {
        let bytes = Bytes::from_slice(&generate()?)?;
        Tuple::pack([bytes.into_object(), Int::from_i64(-1)?.into_object()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_process() {
        let mut known = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let Ok(bytes) = generate() else { panic!("an identifier") };
            assert_eq!((bytes[6] >> 4, bytes[8] >> 6), (1, 2));
            assert!(known.insert(bytes));
        }
    }
}
