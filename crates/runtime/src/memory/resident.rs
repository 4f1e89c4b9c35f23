//! Resident pages of the program's own file.

use core::ffi::{c_int, c_void};

/// Gives back the pages of read-only data that start-up has touched: relocations and frozen modules, for the most part, which
/// nobody reads again. What is needed all the same comes back from the file. Code stays, since a debugger may have written there.
pub fn drop_read_only_data() {
    // SAFETY: the callback gets what the C library promises.
    unsafe { libc::dl_iterate_phdr(Some(visit), core::ptr::null_mut()) };
}

/// Drops the pages of the object that this function is in, and ends the iteration there.
unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _size: usize, _data: *mut c_void) -> c_int {
    // SAFETY: the C library passes a live description. Pages of segments that are never writable are those of the file.
    unsafe {
        let segments = core::slice::from_raw_parts((*info).dlpi_phdr, (*info).dlpi_phnum as usize);
        let loads = || segments.iter().filter(|segment| segment.p_type == libc::PT_LOAD);
        let start = |segment: &libc::Elf64_Phdr| (*info).dlpi_addr as usize + segment.p_vaddr as usize;
        let here = visit as *const () as usize;
        if !loads().any(|segment| (start(segment)..start(segment) + segment.p_memsz as usize).contains(&here)) {
            return 0;
        }
        let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
        for segment in loads().filter(|segment| segment.p_flags == libc::PF_R) {
            // A page at either end may belong to a neighbour as well.
            let first = start(segment).next_multiple_of(page);
            let end = (start(segment) + segment.p_filesz as usize) / page * page;
            if first < end {
                libc::madvise(first as *mut c_void, end - first, libc::MADV_DONTNEED);
            }
        }
    }
    1
}
