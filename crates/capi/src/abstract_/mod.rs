//! `abstract.h`, `cpython/abstract.h`: the protocols of objects.

mod call;
mod iter;
mod mapping;
mod number;
mod object;
mod sequence;
