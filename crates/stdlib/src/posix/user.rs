//! Users and groups of the process.

use super::path::FsName;
use super::{check, last_error};
use crate::system::{Gid, Uid, identity_object};
use taipan_runtime::prelude::*;

pub struct User;

/// As many groups as the system keeps for a process.
const MAX_GROUPS: usize = 65_536;

/// Three identities as a tuple.
fn triple(ids: [u32; 3]) -> PyResult<Ref<Tuple>> {
    Tuple::pack([identity_object(ids[0])?, identity_object(ids[1])?, identity_object(ids[2])?])
}

#[pymethods(part = FUNCTIONS)]
impl User {
    #[function(signature = "(uid, /)")]
    fn setuid(uid: Uid) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::setuid(uid.0) }).map(drop)
    }

    #[function(signature = "(euid, /)")]
    fn seteuid(euid: Uid) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::seteuid(euid.0) }).map(drop)
    }

    #[function(signature = "(gid, /)")]
    fn setgid(gid: Gid) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::setgid(gid.0) }).map(drop)
    }

    #[function(signature = "(egid, /)")]
    fn setegid(egid: Gid) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::setegid(egid.0) }).map(drop)
    }

    #[function(signature = "(ruid, euid, /)")]
    fn setreuid(ruid: Uid, euid: Uid) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setreuid(ruid.0, euid.0) }).map(drop)
    }

    #[function(signature = "(rgid, egid, /)")]
    fn setregid(rgid: Gid, egid: Gid) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setregid(rgid.0, egid.0) }).map(drop)
    }

    #[function(signature = "(ruid, euid, suid, /)")]
    fn setresuid(ruid: Uid, euid: Uid, suid: Uid) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setresuid(ruid.0, euid.0, suid.0) }).map(drop)
    }

    #[function(signature = "(rgid, egid, sgid, /)")]
    fn setresgid(rgid: Gid, egid: Gid, sgid: Gid) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setresgid(rgid.0, egid.0, sgid.0) }).map(drop)
    }

    #[function(signature = "()")]
    fn getresuid() -> PyResult<Ref<Tuple>> {
        let (mut real, mut effective, mut saved) = (0, 0, 0);
        // SAFETY: room for three numbers.
        check(unsafe { libc::getresuid(&raw mut real, &raw mut effective, &raw mut saved) })?;
        triple([real, effective, saved])
    }

    #[function(signature = "()")]
    fn getresgid() -> PyResult<Ref<Tuple>> {
        let (mut real, mut effective, mut saved) = (0, 0, 0);
        // SAFETY: room for three numbers.
        check(unsafe { libc::getresgid(&raw mut real, &raw mut effective, &raw mut saved) })?;
        triple([real, effective, saved])
    }

    #[function(signature = "(user, group, /)")]
    fn getgrouplist(user: FsName, group: Gid) -> PyResult<Ref<List>> {
        let mut count: c_int = 64;
        let mut groups: Vec<libc::gid_t> = Vec::new();
        loop {
            let size = count.max(64) as usize;
            groups.clear();
            if groups.try_reserve_exact(size).is_err() {
                return Err(Raised::no_memory());
            }
            count = size as c_int;
            // SAFETY: a C string, and room for so many groups.
            let done = unsafe { libc::getgrouplist(user.as_ptr(), group.0, groups.as_mut_ptr(), &raw mut count) };
            if done != -1 {
                // SAFETY: so many were written.
                unsafe { groups.set_len(count.clamp(0, size as c_int) as usize) };
                break;
            }
            if count as usize <= size {
                // The library does not say how many there are.
                count = (size as c_int).saturating_mul(2);
            }
            if count > 1 << 24 {
                return Err(last_error());
            }
        }
        let mut list = Vec::new();
        for group in groups {
            list.push(identity_object(group)?);
        }
        List::from_vec(list)
    }

    #[function(signature = "(username, gid, /)")]
    fn initgroups(username: FsName, gid: Gid) -> PyResult<()> {
        // SAFETY: a C string.
        check(unsafe { libc::initgroups(username.as_ptr(), gid.0) }).map(drop)
    }

    #[function(signature = "(groups, /)")]
    fn setgroups(groups: Borrowed<'_, Object>) -> PyResult<()> {
        if !groups.is_sequence() {
            return Err(raise!(TypeError, "setgroups argument must be a sequence"));
        }
        let count = groups.len()?;
        if count > MAX_GROUPS {
            return Err(raise!(ValueError, "too many groups"));
        }
        let mut ids = Vec::new();
        for index in 0..count {
            let item = groups.get_index(index as isize)?;
            if !item.is_instance_of::<Int>() {
                return Err(raise!(TypeError, "groups must be integers"));
            }
            ids.push(Gid::of(item.borrow())?.0);
        }
        // SAFETY: so many groups.
        check(unsafe { libc::setgroups(ids.len(), ids.as_ptr()) }).map(drop)
    }
}
