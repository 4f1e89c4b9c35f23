//! Settings of the allocator and the collector from the command line and the environment.
//!
//! `PYTHONMALLOC` names the allocators; `-X gc_zeal=N` collects everything at every Nth allocation of a container;
//! `-X oom=K` makes the Kth allocation after start-up fail, `-X oom=K-M` those from K to M, `-X oom=K-` all from K on.

use super::{domains, gc, small};
use crate::thread::Config;

/// Before the first allocation: which allocators are used. The message of an error goes to standard error.
pub fn choose_allocators(config: &Config) -> Result<(), String> {
    if !config.use_environment {
        return Ok(());
    }
    let Some(name) = std::env::var_os("PYTHONMALLOC").filter(|name| !name.is_empty()) else { return Ok(()) };
    if name.to_str().is_some_and(domains::choose) { Ok(()) } else { Err("PYTHONMALLOC: unknown allocator".into()) }
}

/// When the interpreter has started: what tests and fuzzers ask for.
pub fn apply(config: &Config) {
    if let Some(every) = config.xoption("gc_zeal").and_then(|every| every.parse().ok()) {
        gc::set_zeal(every);
    }
    if let Some(range) = config.xoption("oom").and_then(parse_range) {
        small::inject_failures(Some(range));
    }
}

/// `K`, `K-M` or `K-` as a range that ends before its second number.
fn parse_range(text: &str) -> Option<(u64, u64)> {
    let Some((from, to)) = text.split_once('-') else {
        let at: u64 = text.parse().ok()?;
        return Some((at, at.checked_add(1)?));
    };
    let to = if to.is_empty() { u64::MAX } else { to.parse::<u64>().ok()?.checked_add(1)? };
    Some((from.parse().ok()?, to))
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranges() {
        let parse = super::parse_range;
        assert_eq!((parse("3"), parse("3-5"), parse("3-")), (Some((3, 4)), Some((3, 6)), Some((3, u64::MAX))));
        assert_eq!((parse("x"), parse("-"), parse("")), (None, None, None));
    }
}
