//! Layouts of the C structs of CPython 3.14, one file per header.
