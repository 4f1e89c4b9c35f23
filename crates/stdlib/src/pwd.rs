//! `pwd`: the database of users. CPython: `Modules/pwdmodule.c`.

use core::mem::MaybeUninit;

use crate::system::{self, Uid, identity_object, text_or_none};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{Slot, allow_threads};
use taipan_runtime::types::exceptions;

pub struct Pwd;

static STRUCT_PASSWD: Slot = Slot::new();

fn entry(user: &libc::passwd) -> PyResult<Ref<Object>> {
    // SAFETY: the C library fills an entry with C strings, or null.
    let values = unsafe {
        vec![
            text_or_none(user.pw_name)?,
            text_or_none(user.pw_passwd)?,
            identity_object(user.pw_uid)?,
            identity_object(user.pw_gid)?,
            text_or_none(user.pw_gecos)?,
            text_or_none(user.pw_dir)?,
            text_or_none(user.pw_shell)?,
        ]
    };
    system::record(&STRUCT_PASSWD, values)
}

/// Asks for an entry with room that grows until it suffices. `None` when there is no such entry.
fn look_up(
    mut call: impl FnMut(*mut libc::passwd, *mut c_char, usize, *mut *mut libc::passwd) -> c_int,
) -> PyResult<Option<Ref<Object>>> {
    let mut size = 1024;
    loop {
        let mut room: Vec<c_char> = vec_with_capacity(size)?;
        let mut user = MaybeUninit::<libc::passwd>::uninit();
        let mut found = core::ptr::null_mut();
        let (user, address, result) = (user.as_mut_ptr(), room.as_mut_ptr(), &raw mut found);
        let status = allow_threads(|| call(user, address, size, result));
        if status == libc::ERANGE {
            size *= 2;
            continue;
        }
        // SAFETY: null or an entry in the room above.
        return unsafe { found.as_ref() }.map(entry).transpose();
    }
}

#[pymodule(name = "pwd")]
impl Pwd {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let fields = ["pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell"];
        module.add("struct_passwd", system::new_record_type(&STRUCT_PASSWD, "pwd.struct_passwd", &fields, 7)?)
    }

    #[function(signature = "(uidobj, /)")]
    fn getpwuid(uidobj: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Uid(uid) = match Uid::of(uidobj) {
            Ok(uid) => uid,
            Err(raised) => {
                raised.clear_if::<exceptions::OverflowError>()?;
                return Err(raise!(KeyError, "getpwuid(): uid not found"));
            }
        };
        // SAFETY: room as the function wants it.
        let found = look_up(|user, room, size, result| unsafe { libc::getpwuid_r(uid, user, room, size, result) })?;
        match found {
            Some(entry) => Ok(entry),
            None => Err(raise!(KeyError, "getpwuid(): uid not found: {}", identity_object(uid)?.to_text())),
        }
    }

    #[function(signature = "(name, /)")]
    fn getpwnam(name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        let text = system::path_of_str(name)?;
        let address = text.as_ptr();
        // SAFETY: a C string, and room as the function wants it.
        let found = look_up(|user, room, size, result| unsafe { libc::getpwnam_r(address, user, room, size, result) })?;
        match found {
            Some(entry) => Ok(entry),
            None => Err(raise!(KeyError, "getpwnam(): name not found: {}", name.as_object().to_repr_text())),
        }
    }

    #[function(signature = "()")]
    fn getpwall() -> PyResult<Ref<List>> {
        let list = List::new()?;
        // SAFETY: the GIL keeps other callers of ours out; entries are used before the next call.
        unsafe {
            libc::setpwent();
            while let Some(user) = libc::getpwent().as_ref() {
                if let Err(raised) = entry(user).and_then(|entry| list.push(entry)) {
                    libc::endpwent();
                    return Err(raised);
                }
            }
            libc::endpwent();
        }
        Ok(list)
    }
}
