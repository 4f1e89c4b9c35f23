//! `_blake2`.

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;

use super::algorithm::Hasher;
use super::{GIL_MINSIZE, data_argument, fixed_hash_type, started};

/// The parameters of the tree mode and the rest, checked for one of the two functions.
struct Parameters {
    digest_size: usize,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
}

/// What the two functions allow.
struct Limits {
    name: &'static str,
    digest: usize,
    key: usize,
    salt: usize,
    /// Bits of the node offset.
    offset_bits: u32,
}

const B: Limits = Limits { name: "Blake2b", digest: 64, key: 64, salt: 16, offset_bits: 64 };
const S: Limits = Limits { name: "Blake2s", digest: 32, key: 32, salt: 8, offset_bits: 48 };

fn byte(value: i32, least: u8, name: &str) -> PyResult<u8> {
    match u8::try_from(value) {
        Ok(value) if value >= least => Ok(value),
        _ => Err(raise!(ValueError, "{name} must be between {least} and 255")),
    }
}

fn check_length(bytes: Option<&BufferArg<'_>>, most: usize, name: &str) -> PyResult<()> {
    if bytes.is_some_and(|bytes| bytes.len() > most) {
        return Err(raise!(ValueError, "maximum {name} length is {most} bytes"));
    }
    Ok(())
}

/// The optional arguments as they come.
struct Given<'a> {
    digest_size: i32,
    key: Option<BufferArg<'a>>,
    salt: Option<BufferArg<'a>>,
    person: Option<BufferArg<'a>>,
    fanout: i32,
    depth: i32,
    leaf_size: u64,
    node_offset: Option<Borrowed<'a, Object>>,
    node_depth: i32,
    inner_size: i32,
}

impl Given<'_> {
    fn check(&self, limits: &Limits) -> PyResult<Parameters> {
        let node_offset = match self.node_offset {
            None => 0,
            Some(offset) => {
                let offset = offset.index()?;
                match offset.to_u64() {
                    Some(offset) => offset,
                    None if offset.is_negative() => return Err(raise!(ValueError, "Cannot convert negative int")),
                    None => {
                        return Err(raise!(OverflowError, "Python int too large for C unsigned long long"));
                    }
                }
            }
        };
        let digest_size = match usize::try_from(self.digest_size) {
            Ok(size) if (1..=limits.digest).contains(&size) => size,
            _ => {
                return Err(raise!(
                    ValueError,
                    "digest_size for {} must be between 1 and {} bytes, here it is {}",
                    limits.name,
                    limits.digest,
                    self.digest_size
                ));
            }
        };
        check_length(self.salt.as_ref(), limits.salt, "salt")?;
        check_length(self.person.as_ref(), limits.salt, "person")?;
        let fanout = byte(self.fanout, 0, "fanout")?;
        let depth = byte(self.depth, 1, "depth")?;
        let Ok(leaf_size) = u32::try_from(self.leaf_size) else {
            return Err(raise!(OverflowError, "leaf_size is too large"));
        };
        if limits.offset_bits < 64 && node_offset >> limits.offset_bits != 0 {
            return Err(raise!(OverflowError, "node_offset is too large"));
        }
        let node_depth = byte(self.node_depth, 0, "node_depth")?;
        let inner_size = match usize::try_from(self.inner_size) {
            Ok(size) if size <= limits.digest => size,
            _ => return Err(raise!(ValueError, "inner_size must be between 0 and is {}", limits.digest)),
        };
        check_length(self.key.as_ref(), limits.key, "key")?;
        Ok(Parameters { digest_size, fanout, depth, leaf_size, node_offset, node_depth, inner_size })
    }
}

macro_rules! blake2_type {
    ($ty:ident $name:literal $signature:literal $limits:ident $library:ident $variant:ident) => {
        fixed_hash_type! { $ty $name "_blake2" [basicsize = 32] "($self, data, /)" {
            #[new(signature = $signature)]
            #[allow(non_snake_case)]
            fn new(
                cls: Borrowed<'_, Type>,
                data: Option<Borrowed<'_, Object>>,
                digest_size: Option<i32>,
                key: Option<BufferArg<'_>>,
                salt: Option<BufferArg<'_>>,
                person: Option<BufferArg<'_>>,
                fanout: i32,
                depth: i32,
                leaf_size: u64,
                node_offset: Option<Borrowed<'_, Object>>,
                node_depth: i32,
                inner_size: i32,
                last_node: bool,
                usedforsecurity: bool,
                string: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<$ty>> {
                let _ = (cls, usedforsecurity);
                let data = data_argument(data, string)?;
                let digest_size = digest_size.unwrap_or($limits.digest as i32);
                let given = Given {
                    digest_size, key, salt, person, fanout, depth, leaf_size, node_offset, node_depth, inner_size,
                };
                let checked = given.check(&$limits)?;
                let mut parameters = $library::Params::new();
                parameters
                    .hash_length(checked.digest_size)
                    .fanout(checked.fanout)
                    .max_depth(checked.depth)
                    .max_leaf_length(checked.leaf_size)
                    .node_offset(checked.node_offset)
                    .node_depth(checked.node_depth)
                    .inner_hash_length(checked.inner_size)
                    .last_node(last_node);
                if let Some(key) = &given.key {
                    parameters.key(key);
                }
                if let Some(salt) = &given.salt {
                    parameters.salt(salt);
                }
                if let Some(person) = &given.person {
                    parameters.personal(person);
                }
                let hasher = Hasher::$variant(Box::new(parameters.to_state()), checked.digest_size);
                $ty::with_hasher(started(hasher, data)?)
            }
        } }
    };
}

blake2_type! {
    Blake2b "blake2b"
    "(data=b'', *, digest_size=_blake2.blake2b.MAX_DIGEST_SIZE,\n        key=b'', salt=b'', person=b'', fanout=1, depth=1, \
     leaf_size=0,\n        node_offset=0, node_depth=0, inner_size=0, last_node=False,\n        usedforsecurity=True, \
     string=None)"
    B blake2b_simd Blake2b
}
blake2_type! {
    Blake2s "blake2s"
    "(data=b'', *, digest_size=_blake2.blake2s.MAX_DIGEST_SIZE,\n        key=b'', salt=b'', person=b'', fanout=1, depth=1, \
     leaf_size=0,\n        node_offset=0, node_depth=0, inner_size=0, last_node=False,\n        usedforsecurity=True, \
     string=None)"
    S blake2s_simd Blake2s
}

/// Puts the limits into the class and the module.
fn add_limits(module: &Ref<Module>, class: Borrowed<'_, Type>, limits: &Limits) -> PyResult<()> {
    let values = [
        ("SALT_SIZE", limits.salt),
        ("PERSON_SIZE", limits.salt),
        ("MAX_KEY_SIZE", limits.key),
        ("MAX_DIGEST_SIZE", limits.digest),
    ];
    for (name, value) in values {
        let value = Int::from_usize(value)?;
        class.dict().set_str(Str::intern_str(name)?.borrow(), value.as_borrowed())?;
        module.add(&format!("{}_{name}", limits.name.to_uppercase()), value)?;
    }
    class.modified();
    Ok(())
}

pub struct Blake2;

#[pymodule(name = "_blake2")]
impl Blake2 {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Blake2b>()?;
        module.add_type::<Blake2s>()?;
        add_limits(module, Blake2b::type_object(), &B)?;
        add_limits(module, Blake2s::type_object(), &S)
    }
}
