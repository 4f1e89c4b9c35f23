//! The pure-Python half of the standard library, embedded.
