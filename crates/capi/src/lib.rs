//! The C functions and data that extension modules link against.
