//! Strings of compiled code: shared, immutable WTF-8 (UTF-8 in which lone surrogates are encoded too).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::memory::{self, NoMemory};

/// A string constant or a name. Cloning shares the bytes.
#[derive(Clone, Eq, PartialOrd, Ord)]
pub struct Text {
    // A vector, as its memory can be asked for where the program chooses how much it is.
    bytes: Arc<Vec<u8>>,
    has_surrogates: bool,
}

impl Text {
    /// A copy of `text`.
    pub fn new(text: &str) -> Text {
        Text::from_wtf8(text.as_bytes(), false)
    }

    /// From bytes that are well-formed WTF-8; `has_surrogates` says whether they are beyond UTF-8.
    pub(crate) fn from_wtf8(bytes: &[u8], has_surrogates: bool) -> Text {
        Text::from_vec(bytes.to_vec(), has_surrogates)
    }

    /// As [`Text::from_wtf8`], without a copy.
    pub(crate) fn from_vec(bytes: Vec<u8>, has_surrogates: bool) -> Text {
        Text { bytes: Arc::new(bytes), has_surrogates }
    }

    /// The text with `more` behind it. What nobody shares grows in place.
    pub(crate) fn append(mut self, more: &Text) -> Result<Text, NoMemory> {
        let has_surrogates = self.has_surrogates || more.has_surrogates;
        match Arc::get_mut(&mut self.bytes) {
            Some(bytes) => {
                bytes.try_reserve(more.bytes.len())?;
                bytes.extend_from_slice(&more.bytes);
                Ok(Text { has_surrogates, ..self })
            }
            None => Ok(Text::from_vec(memory::joined(&self.bytes, &more.bytes)?, has_surrogates)),
        }
    }

    /// The WTF-8 bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the bytes are: the same for all clones.
    #[inline]
    pub fn address(&self) -> usize {
        self.bytes.as_ptr() as usize
    }

    /// It holds a lone surrogate, so that it is no `str` of Rust.
    #[inline]
    pub fn has_surrogates(&self) -> bool {
        self.has_surrogates
    }

    /// The text, unless it has lone surrogates.
    pub fn as_str(&self) -> Option<&str> {
        if self.has_surrogates { None } else { std::str::from_utf8(&self.bytes).ok() }
    }

    /// The text with lone surrogates replaced, for messages.
    pub fn to_string_lossy(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// True for ASCII letters, digits and underscores alone: CPython interns such constants.
    pub fn is_name_like(&self) -> bool {
        self.bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
    }

    /// The bytes of each code point.
    pub(crate) fn code_points(&self) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
        self.bytes.chunk_by(|_, next| next & 0xC0 == 0x80)
    }

    /// The number of code points.
    pub fn char_count(&self) -> usize {
        self.bytes.iter().filter(|b| **b & 0xC0 != 0x80).count()
    }
}

// The bytes say whether there are surrogates among them.
impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes) || self.bytes == other.bytes
    }
}

impl Hash for Text {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.bytes);
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::new(text)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.bytes))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}
