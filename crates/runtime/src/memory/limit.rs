//! How much memory there is before the system ends the process: memory beyond that is granted and not there when it is used.
//!
//! Limits that the system refuses beyond (`RLIMIT_AS`) do not count, since an allocation that fails is MemoryError.

use std::fs;

/// In bytes; as good as unlimited where nothing is known.
pub fn limit() -> i64 {
    groups().into_iter().chain(Some(machine())).min().unwrap_or(i64::MAX)
}

/// What the machine has.
fn machine() -> i64 {
    // SAFETY: takes no pointers.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    if pages > 0 && size > 0 { pages.saturating_mul(size) } else { i64::MAX }
}

/// What the control group has that the process is in, where the system has such: a container, as a rule, which sees its own group
/// as the root.
fn groups() -> Vec<i64> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut found = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(number), Some(kinds), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (root, name) = match (number, kinds) {
            ("0", "") => ("/sys/fs/cgroup", "memory.max"),
            _ if kinds.split(',').any(|kind| kind == "memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        // The limits of the groups above hold as well.
        let mut path = path;
        loop {
            let text = fs::read_to_string(format!("{root}{path}/{name}")).unwrap_or_default();
            found.extend(text.trim().parse::<i64>().ok().filter(|&limit| limit > 0));
            match path.rsplit_once('/') {
                Some((above, _)) => path = above,
                None => break,
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_a_limit() {
        assert!(super::limit() > 16 << 20);
        assert!(super::limit() <= super::machine());
    }
}
