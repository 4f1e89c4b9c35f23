//! What `sys._debugmallocstats` prints about the allocator of small objects and the free lists.

use core::fmt::Write;

use super::arena::{self, ARENA_SIZE, POOL_SIZE};
use super::small;

/// A number with commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn line(text: &mut String, name: &str, value: usize) {
    let _ = writeln!(text, "{name:<35}= {:>20}", grouped(value));
}

/// Size classes, arenas and where the bytes are, in CPython's words.
pub fn report() -> String {
    let mut text = String::new();
    let rows = small::class_stats();
    let _ = writeln!(
        text,
        "Small block threshold = {}, in {} size classes.\n",
        small::SMALL_LIMIT,
        small::SMALL_LIMIT / 16
    );
    text.push_str("class   size   num pools   blocks in use  avail blocks\n");
    text.push_str("-----   ----   ---------   -------------  ------------\n");
    let (mut used_bytes, mut free_bytes, mut pools) = (0, 0, 0);
    for &(size, count, used, free) in &rows {
        let _ = writeln!(text, "{:>5} {size:>6} {count:>11} {used:>15} {free:>13}", size / 16 - 1);
        used_bytes += size * used;
        free_bytes += size * free;
        pools += count;
    }
    let stats = arena::stats();
    let total = stats.arenas * ARENA_SIZE;
    let unused = stats.unused_pools * POOL_SIZE;
    let heads = pools * arena::POOL_HEAD;
    text.push('\n');
    line(&mut text, "# arenas allocated total", stats.arenas_ever);
    line(&mut text, "# arenas reclaimed", stats.arenas_ever - stats.arenas);
    line(&mut text, "# arenas highwater mark", stats.arenas_peak);
    line(&mut text, "# arenas allocated current", stats.arenas);
    let _ = writeln!(
        text,
        "{:<35}= {:>20}\n",
        format!("{} arenas * {ARENA_SIZE} bytes/arena", stats.arenas),
        grouped(total)
    );
    line(&mut text, "# bytes in allocated blocks", used_bytes);
    line(&mut text, "# bytes in available blocks", free_bytes);
    line(&mut text, &format!("{} unused pools * {POOL_SIZE} bytes", stats.unused_pools), unused);
    line(&mut text, "# bytes lost to pool headers", heads);
    let known = used_bytes + free_bytes + unused + heads;
    line(&mut text, "# bytes lost to quantization", total.saturating_sub(known));
    line(&mut text, "Total", total);
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 1234567].map(super::grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
