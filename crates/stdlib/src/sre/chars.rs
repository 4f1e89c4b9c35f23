//! Single characters: categories, case, and the sets that a pattern tests them against.
//!
//! A set answers for the first 256 characters by a table, made when the pattern is compiled; for others it reads the words
//! of the pattern. What depends on the locale is asked anew each time.

use std::sync::LazyLock;

use taipan_unicode::ctype;

use super::code::{CATEGORIES, LOC_WORD, op};

pub fn lower_ascii(c: u32) -> u32 {
    if (0x41..=0x5a).contains(&c) { c + 32 } else { c }
}

pub fn lower_unicode(c: u32) -> u32 {
    ctype::to_lower_simple(c)
}

pub fn upper_unicode(c: u32) -> u32 {
    ctype::to_upper_simple(c)
}

pub fn lower_locale(c: u32) -> u32 {
    // SAFETY: defined for all bytes.
    if c < 256 { unsafe { libc::tolower(c as i32) as u32 } } else { c }
}

pub fn upper_locale(c: u32) -> u32 {
    // SAFETY: as above.
    if c < 256 { unsafe { libc::toupper(c as i32) as u32 } } else { c }
}

pub fn is_word_ascii(c: u32) -> bool {
    c < 128 && ((c as u8).is_ascii_alphanumeric() || c == 0x5f)
}

pub fn is_word_unicode(c: u32) -> bool {
    if c < 128 { is_word_ascii(c) } else { ctype::is_alnum(c) }
}

pub fn is_word_locale(c: u32) -> bool {
    // SAFETY: defined for all bytes.
    c < 256 && (c == 0x5f || unsafe { libc::isalnum(c as i32) != 0 })
}

/// Whether a character is of a category.
pub fn in_category(category: u32, c: u32) -> bool {
    let positive = match category & !1 {
        0 => c < 128 && (c as u8).is_ascii_digit(),
        2 => matches!(c, 9..=13 | 32),
        4 => is_word_ascii(c),
        6 => c == 10,
        8 => is_word_locale(c),
        10 => ctype::is_decimal(c),
        12 => ctype::is_space(c),
        14 => is_word_unicode(c),
        16 => ctype::is_line_break(c),
        _ => return false,
    };
    positive != (category & 1 != 0)
}

/// The first 256 characters of each category that does not ask the locale.
static CATEGORY_TABLES: LazyLock<[[bool; 256]; CATEGORIES as usize]> = LazyLock::new(|| {
    let mut tables = [[false; 256]; CATEGORIES as usize];
    for (category, table) in tables.iter_mut().enumerate().filter(|(category, _)| *category as u32 & !1 != LOC_WORD) {
        for (c, entry) in table.iter_mut().enumerate() {
            *entry = in_category(category as u32, c as u32);
        }
    }
    tables
});

/// The lower-case forms of the first 256 characters, which all are among them.
static LOWER: LazyLock<[u8; 256]> = LazyLock::new(|| core::array::from_fn(|c| lower_unicode(c as u32) as u8));

fn category_table(category: u32) -> &'static [bool; 256] {
    &CATEGORY_TABLES[category as usize % CATEGORIES as usize]
}

/// How the case of a character counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    None,
    Ascii,
    Locale,
    Unicode,
}

impl Fold {
    #[inline]
    pub fn lower(self, c: u32) -> u32 {
        match self {
            Fold::None => c,
            Fold::Ascii => lower_ascii(c),
            Fold::Locale => lower_locale(c),
            Fold::Unicode => lower_unicode(c),
        }
    }
}

/// Which characters a set has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    None,
    /// That character, or the characters of the same case folding.
    Literal(u32, Fold),
    NotLiteral(u32, Fold),
    Category(u32),
    /// The set that the words from there on describe.
    Words(u32, Fold),
}

/// A set of characters.
pub struct Set {
    /// The answers for the first 256 characters, unless they depend on the locale.
    pub latin: [bool; 256],
    pub rule: Rule,
    pub by_locale: bool,
}

impl Set {
    /// The words are valid, see [`set_end`].
    pub fn new(rule: Rule, words: &[u32]) -> Set {
        let by_locale = match rule {
            Rule::None => false,
            Rule::Literal(_, fold) | Rule::NotLiteral(_, fold) => fold == Fold::Locale,
            Rule::Category(category) => category & !1 == LOC_WORD,
            Rule::Words(at, fold) => fold == Fold::Locale || asks_locale(words, at as usize),
        };
        let mut set = Set { latin: [false; 256], rule, by_locale };
        if by_locale {
            return set;
        }
        match rule {
            Rule::None => {}
            Rule::Words(at, fold) => {
                fill(&mut set.latin, words, at as usize);
                if fold != Fold::None {
                    let plain = set.latin;
                    for (c, entry) in set.latin.iter_mut().enumerate() {
                        *entry = plain[usize::from(lower_latin(c as u8, fold))];
                    }
                }
            }
            Rule::Literal(literal, fold) => {
                for (c, entry) in set.latin.iter_mut().enumerate() {
                    *entry = u32::from(lower_latin(c as u8, fold)) == literal;
                }
            }
            Rule::NotLiteral(literal, fold) => {
                for (c, entry) in set.latin.iter_mut().enumerate() {
                    *entry = u32::from(lower_latin(c as u8, fold)) != literal;
                }
            }
            Rule::Category(category) => set.latin = *category_table(category),
        }
        set
    }

    /// Asks the rule itself.
    pub fn rule_has(&self, c: u32, words: &[u32]) -> bool {
        match self.rule {
            Rule::None => false,
            Rule::Literal(literal, fold) => folds_to(c, literal, fold),
            Rule::NotLiteral(literal, fold) => !folds_to(c, literal, fold),
            Rule::Category(category) => in_category(category, c),
            Rule::Words(at, Fold::Locale) => {
                let at = at as usize;
                let (lower, upper) = (lower_locale(c), upper_locale(c));
                let (has_lower, has_upper) = (words_have(words, at, lower), words_have(words, at, upper));
                // Neither case may be in what a negated set leaves out.
                if words.get(at) == Some(&op::NEGATE) { has_lower && has_upper } else { has_lower || has_upper }
            }
            Rule::Words(at, fold) => words_have(words, at as usize, fold.lower(c)),
        }
    }
}

#[inline]
fn lower_latin(c: u8, fold: Fold) -> u8 {
    match fold {
        Fold::None | Fold::Locale => c,
        Fold::Ascii => c.to_ascii_lowercase(),
        Fold::Unicode => LOWER[usize::from(c)],
    }
}

fn folds_to(c: u32, literal: u32, fold: Fold) -> bool {
    match fold {
        Fold::Locale => c == literal || lower_locale(c) == literal || upper_locale(c) == literal,
        fold => fold.lower(c) == literal,
    }
}

/// The chunk numbers of a `BIGCHARSET` are bytes in words of the machine's order.
fn chunk_of(words: &[u32], table: usize, c: u32) -> usize {
    let high = (c >> 8) as usize;
    let word = words.get(table + high / 4).copied().unwrap_or(0);
    usize::from(word.to_ne_bytes()[high % 4])
}

fn bit(words: &[u32], at: usize, c: u32) -> bool {
    let low = (c & 0xff) as usize;
    words.get(at + low / 32).is_some_and(|word| word >> (low % 32) & 1 != 0)
}

/// Whether a set has a character: the first item that holds decides.
pub fn words_have(words: &[u32], mut at: usize, c: u32) -> bool {
    let mut yes = true;
    loop {
        let word = |offset: usize| words.get(at + offset).copied().unwrap_or(0);
        match word(0) {
            op::NEGATE => {
                yes = !yes;
                at += 1;
            }
            op::LITERAL => {
                if c == word(1) {
                    return yes;
                }
                at += 2;
            }
            op::CATEGORY => {
                if in_category(word(1), c) {
                    return yes;
                }
                at += 2;
            }
            op::RANGE => {
                if (word(1)..=word(2)).contains(&c) {
                    return yes;
                }
                at += 3;
            }
            op::RANGE_UNI_IGNORE => {
                let range = word(1)..=word(2);
                if range.contains(&c) || range.contains(&upper_unicode(c)) {
                    return yes;
                }
                at += 3;
            }
            op::CHARSET => {
                if c < 256 && bit(words, at + 1, c) {
                    return yes;
                }
                at += 9;
            }
            op::BIGCHARSET => {
                let chunks = word(1) as usize;
                if c < 0x10000 && bit(words, at + 66 + chunk_of(words, at + 2, c) * 8, c) {
                    return yes;
                }
                at += 66 + chunks * 8;
            }
            _ => return !yes,
        }
    }
}

/// The answers for the first 256 characters, item by item.
fn fill(latin: &mut [bool; 256], words: &[u32], mut at: usize) {
    let mut decided = [false; 256];
    let mut yes = true;
    let mut set = |c: u32, yes: bool| {
        if let (Some(decided), Some(entry)) = (decided.get_mut(c as usize), latin.get_mut(c as usize))
            && !*decided
        {
            (*decided, *entry) = (true, yes);
        }
    };
    loop {
        let word = |offset: usize| words.get(at + offset).copied().unwrap_or(0);
        match word(0) {
            op::NEGATE => {
                yes = !yes;
                at += 1;
            }
            op::LITERAL => {
                set(word(1), yes);
                at += 2;
            }
            op::CATEGORY => {
                let table = category_table(word(1));
                for c in (0..256).filter(|c| table[*c as usize]) {
                    set(c, yes);
                }
                at += 2;
            }
            op::RANGE => {
                for c in word(1)..=word(2).min(255) {
                    set(c, yes);
                }
                at += 3;
            }
            op::RANGE_UNI_IGNORE => {
                let range = word(1)..=word(2);
                for c in (0..256).filter(|c| range.contains(c) || range.contains(&upper_unicode(*c))) {
                    set(c, yes);
                }
                at += 3;
            }
            op::CHARSET => {
                for c in (0..256).filter(|c| bit(words, at + 1, *c)) {
                    set(c, yes);
                }
                at += 9;
            }
            op::BIGCHARSET => {
                let chunk = at + 66 + chunk_of(words, at + 2, 0) * 8;
                for c in (0..256).filter(|c| bit(words, chunk, *c)) {
                    set(c, yes);
                }
                at += 66 + word(1) as usize * 8;
            }
            _ => break,
        }
    }
    for c in 0..256 {
        set(c, !yes);
    }
}

fn asks_locale(words: &[u32], mut at: usize) -> bool {
    loop {
        let word = |offset: usize| words.get(at + offset).copied().unwrap_or(0);
        at += match word(0) {
            op::NEGATE => 1,
            op::LITERAL => 2,
            op::CATEGORY if word(1) & !1 == LOC_WORD => return true,
            op::CATEGORY => 2,
            op::RANGE | op::RANGE_UNI_IGNORE => 3,
            op::CHARSET => 9,
            op::BIGCHARSET => 66 + word(1) as usize * 8,
            _ => return false,
        };
    }
}

/// Checks that a set fills `words[at..end]`, which ends with `FAILURE`.
pub fn is_valid_set(words: &[u32], mut at: usize, end: usize) -> bool {
    if end > words.len() || at >= end || words[end - 1] != op::FAILURE {
        return false;
    }
    let end = end - 1;
    while at < end {
        let left = end - at;
        let size = match words[at] {
            op::NEGATE => 1,
            op::LITERAL => 2,
            op::CATEGORY => {
                if left < 2 || words[at + 1] >= CATEGORIES {
                    return false;
                }
                2
            }
            op::RANGE | op::RANGE_UNI_IGNORE => 3,
            op::CHARSET => 9,
            op::BIGCHARSET => {
                if left < 66 || words[at + 1] > 256 {
                    return false;
                }
                let chunks = words[at + 1];
                let numbers = words[at + 2..at + 66].iter().flat_map(|word| word.to_ne_bytes());
                if numbers.map(u32::from).any(|number| number >= chunks) {
                    return false;
                }
                66 + chunks as usize * 8
            }
            _ => return false,
        };
        if size > left {
            return false;
        }
        at += size;
    }
    true
}
