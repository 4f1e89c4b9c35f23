//! Whole strings through a codec, with error handlers.
//!
//! CPython: `multibytecodec_encode`, `decoder_feed_buffer` in `Modules/cjkcodecs/multibytecodec.c`.

use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::errors::Replacement;
use taipan_runtime::types::codec::{Errors, Input};
use taipan_runtime::types::str::StrBuilder;

use super::engine::{Codec, Decoded, Encoded, State};

const ILLEGAL: &str = "illegal multibyte sequence";
const INCOMPLETE: &str = "incomplete multibyte sequence";

/// Room for more bytes.
fn reserve(out: &mut Vec<u8>) -> PyResult<()> {
    if out.capacity() - out.len() < 32 && out.try_reserve(out.len().max(64)).is_err() {
        return Err(Raised::no_memory());
    }
    Ok(())
}

/// The bytes of `text`, and how many characters they stand for: less than all only if `last` is not set and the end may
/// belong together with what follows. With `last`, the state returns to the beginning.
pub fn encode(
    codec: &Codec,
    state: &mut State,
    text: &Ref<Str>,
    errors: &str,
    last: bool,
) -> PyResult<(Vec<u8>, usize)> {
    let mut handler = Errors::new(errors, codec.name);
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        reserve(&mut out)?;
        let next = if at + 1 < text.len() { Some(text.char_at(at + 1)) } else { None };
        match codec.encode(state, text.char_at(at), next, last, &mut out) {
            Encoded::Done(count) => at += count,
            Encoded::NeedMore => break,
            Encoded::Invalid(count) => {
                let (replacement, next) = handler.encode(text, at, at + count, ILLEGAL).map_err(position_error)?;
                let bytes = match &replacement {
                    Replacement::Bytes(bytes) => bytes.as_slice().try_to_vec()?,
                    Replacement::Text(text) => encode_replacement(codec, state, text)?,
                };
                if out.try_reserve(bytes.len()).is_err() {
                    return Err(Raised::no_memory());
                }
                out.extend_from_slice(&bytes);
                at = next;
            }
        }
    }
    if last {
        codec.finish(state, &mut out);
    }
    Ok((out, at))
}

/// A position beyond all integers of the machine is out of bounds like others.
fn position_error(raised: Raised) -> Raised {
    match raised.clear_if::<taipan_runtime::types::exceptions::OverflowError>() {
        Ok(()) => raise!(IndexError, "position from error handler out of bounds"),
        Err(raised) => raised,
    }
}

/// What an error handler gave, which has to be encodable.
fn encode_replacement(codec: &Codec, state: &mut State, text: &Ref<Str>) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        reserve(&mut out)?;
        let next = if at + 1 < text.len() { Some(text.char_at(at + 1)) } else { None };
        match codec.encode(state, text.char_at(at), next, true, &mut out) {
            Encoded::Done(count) => at += count,
            Encoded::NeedMore | Encoded::Invalid(_) => {
                return Err(taipan_runtime::types::codec::errors::encode_error(text, codec.name, at, at + 1, ILLEGAL));
            }
        }
    }
    Ok(out)
}

/// The text of `data`, and what is left of it: bytes only if `last` is not set and a character ends too early.
pub fn decode(
    codec: &Codec,
    state: &mut State,
    data: &[u8],
    errors: &str,
    last: bool,
) -> PyResult<(Ref<Str>, Vec<u8>)> {
    let mut handler = Errors::new(errors, codec.name);
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let mut at = 0;
    while let Some(rest) = input.bytes().get(at..).filter(|rest| !rest.is_empty()) {
        match codec.decode(state, rest) {
            Decoded::Char(c, count) => {
                out.push(c)?;
                at += count;
            }
            Decoded::Pair(first, second, count) => {
                out.push(first)?;
                out.push(second)?;
                at += count;
            }
            Decoded::Silent(count) => at += count,
            Decoded::Incomplete if !last => return Ok((out.finish()?, rest.try_to_vec()?)),
            Decoded::Incomplete => {
                let end = input.bytes().len();
                at = handler.decode(&mut input, &mut out, at, end, INCOMPLETE).map_err(position_error)?;
            }
            Decoded::Invalid(count) => {
                let end = (at + count).min(input.bytes().len());
                at = handler.decode(&mut input, &mut out, at, end, ILLEGAL).map_err(position_error)?;
            }
        }
    }
    Ok((out.finish()?, Vec::new()))
}
