//! Strings of compiled code: shared, immutable WTF-8 (UTF-8 in which lone surrogates are encoded too).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A string constant or a name. Cloning shares the bytes.
#[derive(Clone, Eq, PartialOrd, Ord)]
pub struct Text {
    bytes: Arc<[u8]>,
    has_surrogates: bool,
}

impl Text {
    /// A copy of `text`.
    pub fn new(text: &str) -> Text {
        Text { bytes: text.as_bytes().into(), has_surrogates: false }
    }

    /// From bytes that are well-formed WTF-8; `has_surrogates` says whether they are beyond UTF-8.
    pub(crate) fn from_wtf8(bytes: &[u8], has_surrogates: bool) -> Text {
        Text { bytes: bytes.into(), has_surrogates }
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
