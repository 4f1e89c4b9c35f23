//! Places in a text stream. `tell` gives a number that names a place in the bytes from which decoding can start, and how
//! to get from there to the character: the *cookie*.
//!
//! The cookie's parts are, from the low end: the byte position (64 bits), the decoder's flags there (32), how many bytes to
//! decode (32), how many of the characters from these to skip (32), and whether the decoder has to be told of the end (8).

use super::super::unsupported;
use super::TextIoWrapper;
use taipan_runtime::prelude::*;

#[derive(Clone, Copy, Default)]
struct Cookie {
    position: u64,
    flags: u32,
    feed: u32,
    skip: u32,
    at_end: bool,
}

impl Cookie {
    fn pack(self) -> PyResult<Ref<Int>> {
        if self.flags == 0 && self.feed == 0 && self.skip == 0 && !self.at_end {
            return Int::from_u64(self.position);
        }
        let second = u64::from(self.flags) | u64::from(self.feed) << 32;
        let third = u64::from(self.skip) | u64::from(self.at_end) << 32;
        Int::from_limbs(&[self.position, second, third], false)
    }

    fn unpack(value: &Ref<Int>) -> PyResult<Cookie> {
        let limbs = value.to_limbs()?;
        let limb = |index: usize| limbs.get(index).copied().unwrap_or(0);
        if limbs.iter().skip(2).enumerate().any(|(index, &limb)| if index == 0 { limb >> 40 != 0 } else { limb != 0 }) {
            return Err(raise!(OverflowError, "Python int too large to convert"));
        }
        Ok(Cookie {
            position: limb(0),
            flags: limb(1) as u32,
            feed: (limb(1) >> 32) as u32,
            skip: limb(2) as u32,
            at_end: limb(2) >> 32 != 0,
        })
    }
}

impl TextIoWrapper {
    /// Sets the decoder to where a cookie starts.
    fn restore_decoder(this: &Ref<TextIoWrapper>, cookie: &Cookie) -> PyResult<()> {
        if cookie.position == 0 && cookie.flags == 0 {
            TextIoWrapper::decoder_reset(this)
        } else {
            TextIoWrapper::decoder_setstate(this, &Bytes::empty(), u64::from(cookie.flags))
        }
    }

    /// How many characters the decoder makes of `data`.
    fn count_decoded(this: &Ref<TextIoWrapper>, data: &[u8], last: bool) -> PyResult<usize> {
        let data = Bytes::from_slice(data)?.into_object();
        Ok(TextIoWrapper::decode(this, &data, last)?.len())
    }

    pub(super) fn tell_text(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        this.attached()?;
        TextIoWrapper::check_open(this)?;
        if !this.seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        if !this.telling.get() {
            return Err(raise!(OSError, "telling position disabled by next() call"));
        }
        TextIoWrapper::write_pending(this)?;
        this.as_object().call_method(id!("flush"), &[])?;
        let answer = this.attached()?.call_method(id!("tell"), &[])?;
        let Some(input) = this.snapshot.get().filter(|_| this.readable.get()) else { return Ok(answer) };
        let Some(position) = answer.index()?.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        let cookie = Cookie {
            position: (position - input.len() as i64).max(0) as u64,
            flags: this.snapshot_flags.get() as u32,
            ..Cookie::default()
        };
        let skip = this.used.get();
        if skip == 0 {
            return Ok(cookie.pack()?.into_object());
        }
        // The decoder is used for the search, and afterwards put back to where it is now.
        let (held, flags) = TextIoWrapper::decoder_getstate(this)?;
        let found = TextIoWrapper::find_place(this, cookie, input.as_slice(), skip);
        let pending = if found.is_err() { Raised::take_if_set() } else { None };
        let restored = TextIoWrapper::decoder_setstate(this, &held, flags);
        if let Some(pending) = pending {
            if let Err(raised) = restored {
                raised.clear();
            }
            return Err(Raised::restore(pending));
        }
        restored?;
        Ok(found?.pack()?.into_object())
    }

    /// The cookie for the character `skip` of what `input` decodes to from `cookie` on.
    fn find_place(this: &Ref<TextIoWrapper>, start: Cookie, input: &[u8], skip: usize) -> PyResult<Cookie> {
        let mut cookie = start;
        let mut left = skip;
        // A guess by the ratio of bytes to characters, then back from there until the decoder holds nothing back.
        let mut guess = ((this.ratio.get() * skip as f64) as usize).min(input.len());
        let mut step = 1;
        loop {
            TextIoWrapper::restore_decoder(this, &start)?;
            if guess == 0 {
                break;
            }
            let count = TextIoWrapper::count_decoded(this, &input[..guess], false)?;
            if count <= skip {
                let (held, flags) = TextIoWrapper::decoder_getstate(this)?;
                if held.is_empty() {
                    cookie.flags = flags as u32;
                    left = skip - count;
                    break;
                }
                guess = guess.saturating_sub(held.len());
                step = 1;
            } else {
                guess = guess.saturating_sub(step);
                step *= 2;
            }
        }
        cookie.position += guess as u64;
        cookie.skip = left as u32;
        if left == 0 {
            return Ok(cookie);
        }
        // On from there byte by byte. Wherever the decoder holds nothing back, decoding could start.
        let mut count = 0;
        for byte in &input[guess..] {
            count += TextIoWrapper::count_decoded(this, core::slice::from_ref(byte), false)?;
            cookie.feed += 1;
            let (held, flags) = TextIoWrapper::decoder_getstate(this)?;
            if held.is_empty() && count <= left {
                cookie.position += u64::from(cookie.feed);
                left -= count;
                cookie.flags = flags as u32;
                cookie.feed = 0;
                count = 0;
            }
            if count >= left {
                cookie.skip = left as u32;
                return Ok(cookie);
            }
        }
        count += TextIoWrapper::count_decoded(this, &[], true)?;
        cookie.at_end = true;
        if count < left {
            return Err(raise!(OSError, "can't reconstruct logical file position"));
        }
        cookie.skip = left as u32;
        Ok(cookie)
    }

    fn forget_decoded(&self) {
        self.set_decoded(None);
        self.snapshot.clear();
    }

    pub(super) fn seek_text(
        this: &Ref<TextIoWrapper>,
        target: Borrowed<'_, Object>,
        whence: i32,
    ) -> PyResult<Ref<Object>> {
        this.attached()?;
        TextIoWrapper::check_open(this)?;
        if !this.seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        let zero = Int::zero();
        let mut target = target.to_owned();
        match whence {
            0 => {}
            1 => {
                if !target.equals(zero.as_borrowed())? {
                    return Err(unsupported("can't do nonzero cur-relative seeks"));
                }
                // The same place, but what was decoded is forgotten.
                target = this.as_object().call_method(id!("tell"), &[])?;
            }
            2 => {
                if !target.equals(zero.as_borrowed())? {
                    return Err(unsupported("can't do nonzero end-relative seeks"));
                }
                this.as_object().call_method(id!("flush"), &[])?;
                this.forget_decoded();
                TextIoWrapper::decoder_reset(this)?;
                let whence = Int::from_i64(2)?;
                let position = this.attached()?.call_method(id!("seek"), &[target.borrow(), whence.as_borrowed()])?;
                let at_start = position.equals(zero.as_borrowed())?;
                TextIoWrapper::reset_encoder(this, at_start)?;
                return Ok(position);
            }
            _ => return Err(raise!(ValueError, "invalid whence ({whence}, should be 0, 1 or 2)")),
        }
        if target.compare_bool(zero.as_borrowed(), taipan_runtime::object::CompareOp::Lt)? {
            return Err(raise!(ValueError, "negative seek position {}", target.to_repr_text()));
        }
        this.as_object().call_method(id!("flush"), &[])?;
        let Some(number) = target.downcast::<Int>() else {
            return Err(raise!(TypeError, "'{}' object cannot be interpreted as an integer", target.type_name()));
        };
        let cookie = Cookie::unpack(&number)?;
        let position = Int::from_u64(cookie.position)?;
        this.attached()?.call_method(id!("seek"), &[position.as_borrowed()])?;
        this.forget_decoded();
        if this.readable.get() {
            TextIoWrapper::restore_decoder(this, &cookie)?;
        }
        if cookie.skip > 0 {
            let feed = Int::from_u64(u64::from(cookie.feed))?;
            let input = this.attached()?.call_method(id!("read"), &[feed.as_borrowed()])?;
            let input = input.into_downcast::<Bytes>().map_err(|other| {
                raise!(TypeError, "underlying read() should have returned a bytes object, not '{}'", other.type_name())
            })?;
            this.snapshot.set(Some(input.clone()));
            this.snapshot_flags.set(u64::from(cookie.flags));
            let decoded = TextIoWrapper::decode(this, input.as_object(), cookie.at_end)?;
            let count = decoded.len();
            this.set_decoded(Some(decoded));
            if count < cookie.skip as usize {
                return Err(raise!(OSError, "can't restore logical file position"));
            }
            this.used.set(cookie.skip as usize);
        } else if this.readable.get() {
            this.snapshot.set(Some(Bytes::empty()));
            this.snapshot_flags.set(u64::from(cookie.flags));
        }
        TextIoWrapper::reset_encoder(this, cookie.position == 0 && cookie.flags == 0)?;
        Ok(target)
    }
}
