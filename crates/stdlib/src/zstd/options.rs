//! Parameters and dictionaries as arguments.

use taipan_runtime::prelude::*;

use super::dictionary::ZstdDict;
use super::library::{DictionaryKind, Direction};
use super::{PARAMETER_TYPES, parameters};

/// The exception for a parameter that the library refused.
#[cold]
pub fn refused(direction: Direction, parameter: c_int, value: c_int) -> Raised {
    let kind = direction.name();
    let name = match parameters(direction).iter().find(|(_, _, key)| *key == parameter) {
        Some((name, _, _)) => (*name).to_owned(),
        None => format!("unknown parameter (key {parameter})"),
    };
    match direction.bounds(parameter) {
        Err(_) => raise!(ValueError, "invalid {kind} parameter '{name}'"),
        Ok((low, high)) => raise!(
            ValueError,
            "{kind} parameter '{name}' received an illegal value {value}; the valid range is [{low}, {high}]"
        ),
    }
}

fn to_int(value: Borrowed<'_, Object>) -> PyResult<c_int> {
    match value.index()?.to_i32() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C int")),
    }
}

/// Hands each option to `set`.
pub fn each(
    options: Borrowed<'_, Object>,
    direction: Direction,
    mut set: impl FnMut(c_int, c_int) -> PyResult<()>,
) -> PyResult<()> {
    let class = match direction {
        Direction::Compression => "ZstdCompressor",
        Direction::Decompression => "ZstdDecompressor",
    };
    let Some(options) = options.downcast::<Dict>() else {
        return Err(raise!(
            TypeError,
            "{class}() argument 'options' must be dict, not {}",
            options.type_of().short_name()
        ));
    };
    let (foreign, foreign_name) = match direction {
        Direction::Compression => (PARAMETER_TYPES[1].as_ptr(), "DecompressionParameter"),
        Direction::Decompression => (PARAMETER_TYPES[0].as_ptr(), "CompressionParameter"),
    };
    for (key, value) in options.items_snapshot()? {
        if !foreign.is_null() && key.type_ptr().cast() == foreign {
            return Err(raise!(
                TypeError,
                "{} options dictionary key must not be a {foreign_name} attribute",
                direction.name()
            ));
        }
        let key = to_int(key.borrow())?;
        set(key, to_int(value.borrow())?)?;
    }
    Ok(())
}

/// The dictionary of an argument, with how it is to be used.
pub fn dictionary(
    argument: Borrowed<'_, Object>,
    default: DictionaryKind,
) -> PyResult<(Ref<ZstdDict>, DictionaryKind)> {
    if let Some(dictionary) = argument.downcast::<ZstdDict>() {
        return Ok((dictionary.to_owned(), default));
    }
    if let Some(pair) = argument.downcast::<Tuple>()
        && pair.len() == 2
        && let Some(dictionary) = pair.get(0).downcast::<ZstdDict>()
        && let Some(kind) = pair.get(1).downcast::<Int>()
    {
        let kind = match kind.to_i64() {
            Some(0) => Some(DictionaryKind::Digested),
            Some(1) => Some(DictionaryKind::Undigested),
            Some(2) => Some(DictionaryKind::Prefix),
            _ => None,
        };
        if let Some(kind) = kind {
            return Ok((dictionary.to_owned(), kind));
        }
    }
    Err(raise!(TypeError, "zstd_dict argument should be a ZstdDict object."))
}
