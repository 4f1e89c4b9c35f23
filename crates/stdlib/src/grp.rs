//! `grp`: the database of groups. CPython: `Modules/grpmodule.c`.

use core::mem::MaybeUninit;

use crate::system::{self, Gid, identity_object, text_or_none};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{Slot, allow_threads};

pub struct Grp;

static STRUCT_GROUP: Slot = Slot::new();

fn entry(group: &libc::group) -> PyResult<Ref<Object>> {
    let members = List::new()?;
    // SAFETY: the C library fills an entry with C strings, or null, and a vector closed by null.
    let values = unsafe {
        let mut member = group.gr_mem;
        while !member.is_null() && !(*member).is_null() {
            members.push(text_or_none(*member)?)?;
            member = member.add(1);
        }
        vec![
            text_or_none(group.gr_name)?,
            text_or_none(group.gr_passwd)?,
            identity_object(group.gr_gid)?,
            members.into_object(),
        ]
    };
    system::record(&STRUCT_GROUP, values)
}

/// Asks for an entry with room that grows until it suffices. `None` when there is no such entry.
fn look_up(
    mut call: impl FnMut(*mut libc::group, *mut c_char, usize, *mut *mut libc::group) -> c_int,
) -> PyResult<Option<Ref<Object>>> {
    let mut size = 1024;
    loop {
        let mut room: Vec<c_char> = vec_with_capacity(size)?;
        let mut group = MaybeUninit::<libc::group>::uninit();
        let mut found = core::ptr::null_mut();
        let (group, address, result) = (group.as_mut_ptr(), room.as_mut_ptr(), &raw mut found);
        let status = allow_threads(|| call(group, address, size, result));
        if status == libc::ERANGE {
            size *= 2;
            continue;
        }
        // SAFETY: null or an entry in the room above.
        return unsafe { found.as_ref() }.map(entry).transpose();
    }
}

#[pymodule(name = "grp")]
impl Grp {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let fields = ["gr_name", "gr_passwd", "gr_gid", "gr_mem"];
        module.add("struct_group", system::new_record_type(&STRUCT_GROUP, "grp.struct_group", &fields, 4)?)
    }

    #[function(signature = "(id)")]
    fn getgrgid(id: Gid) -> PyResult<Ref<Object>> {
        // SAFETY: room as the function wants it.
        let found = look_up(|group, room, size, result| unsafe { libc::getgrgid_r(id.0, group, room, size, result) })?;
        match found {
            Some(entry) => Ok(entry),
            None => Err(raise!(KeyError, "getgrgid(): gid not found: {}", identity_object(id.0)?.to_text())),
        }
    }

    #[function(signature = "(name)")]
    fn getgrnam(name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        let text = system::path_of_str(name)?;
        let address = text.as_ptr();
        // SAFETY: a C string, and room as the function wants it.
        let found =
            look_up(|group, room, size, result| unsafe { libc::getgrnam_r(address, group, room, size, result) })?;
        match found {
            Some(entry) => Ok(entry),
            None => Err(raise!(KeyError, "getgrnam(): name not found: {}", name.as_object().to_repr_text())),
        }
    }

    #[function(signature = "()")]
    fn getgrall() -> PyResult<Ref<List>> {
        let list = List::new()?;
        // SAFETY: the GIL keeps other callers of ours out; entries are used before the next call.
        unsafe {
            libc::setgrent();
            while let Some(group) = libc::getgrent().as_ref() {
                if let Err(raised) = entry(group).and_then(|entry| list.push(entry)) {
                    libc::endgrent();
                    return Err(raised);
                }
            }
            libc::endgrent();
        }
        Ok(list)
    }
}
