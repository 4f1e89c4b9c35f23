//! What an unpickler reads from: an object with a buffer, or a file in pieces.

use taipan_runtime::abi::PyBUF_SIMPLE;
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer::View;

use super::unpickling_error;

/// Where the bytes at hand come from, and what keeps them.
enum Owner {
    /// The whole input.
    Memory { _view: View },
    /// A piece of a file.
    Piece { _bytes: Option<Ref<Bytes>> },
}

pub struct Input {
    start: *const u8,
    len: usize,
    at: usize,
    /// Where the present frame ends, or what is at hand.
    limit: usize,
    in_frame: bool,
    owner: Owner,
    read: Option<Ref<Object>>,
    readline: Option<Ref<Object>>,
    readinto: Option<Ref<Object>>,
}

#[cold]
pub fn truncated() -> Raised {
    unpickling_error(format_args!("pickle data was truncated"))
}

impl Input {
    pub fn from_bytes(data: Borrowed<'_, Object>) -> PyResult<Input> {
        let view = View::new(data, PyBUF_SIMPLE)?;
        let (start, len) = (view.buf.cast_const().cast(), view.len.max(0) as usize);
        Ok(Input {
            start,
            len,
            at: 0,
            limit: len,
            in_frame: false,
            owner: Owner::Memory { _view: view },
            read: None,
            readline: None,
            readinto: None,
        })
    }

    pub fn from_file(file: Borrowed<'_, Object>) -> PyResult<Input> {
        let readinto = file.lookup_attr(id!("readinto"))?;
        let (Some(read), Some(readline)) = (file.lookup_attr(id!("read"))?, file.lookup_attr(id!("readline"))?) else {
            return Err(raise!(TypeError, "file must have 'read' and 'readline' attributes"));
        };
        Ok(Input::from_methods(read, readline, readinto))
    }

    pub fn from_methods(read: Ref<Object>, readline: Ref<Object>, readinto: Option<Ref<Object>>) -> Input {
        Input {
            start: core::ptr::null(),
            len: 0,
            at: 0,
            limit: 0,
            in_frame: false,
            owner: Owner::Piece { _bytes: None },
            read: Some(read),
            readline: Some(readline),
            readinto,
        }
    }

    /// The bytes that are at hand and not yet read, of the present frame alone where there is one.
    #[inline(always)]
    fn rest(&self) -> &[u8] {
        if self.at >= self.limit {
            return &[];
        }
        // SAFETY: the owner keeps `len` bytes alive, and `at` is below.
        unsafe { core::slice::from_raw_parts(self.start.add(self.at), self.limit - self.at) }
    }

    /// Leaves a frame that was read to its end; an error inside of one.
    fn end_frame(&mut self) -> PyResult<()> {
        if self.in_frame && self.at < self.limit {
            return Err(unpickling_error(format_args!("pickle exhausted before end of frame")));
        }
        (self.limit, self.in_frame) = (self.len, false);
        Ok(())
    }

    fn set_piece(&mut self, bytes: Ref<Bytes>) {
        let slice = bytes.as_slice();
        (self.start, self.len, self.at, self.limit) = (slice.as_ptr(), slice.len(), 0, slice.len());
        self.owner = Owner::Piece { _bytes: Some(bytes) };
    }

    fn checked(result: Ref<Object>, method: &str) -> PyResult<Ref<Bytes>> {
        match result.into_downcast::<Bytes>() {
            Ok(bytes) => Ok(bytes),
            Err(other) => Err(raise!(ValueError, "{method}() returned non-bytes object ({})", other.type_name())),
        }
    }

    /// Gets a piece of at least `count` bytes, those at hand included.
    #[cold]
    fn fetch(&mut self, count: usize) -> PyResult<()> {
        self.end_frame()?;
        if self.limit - self.at >= count {
            return Ok(());
        }
        let Some(read) = self.read.clone() else { return Err(truncated()) };
        let rest: Vec<u8> = {
            let mut copy = vec_with_capacity(self.rest().len())?;
            copy.extend_from_slice(self.rest());
            copy
        };
        let Ok(wanted) = isize::try_from(count - rest.len()) else { return Err(truncated()) };
        let wanted = Int::from_isize(wanted)?;
        let bytes = Input::checked(read.call1(wanted.as_borrowed())?, "read")?;
        let bytes = if rest.is_empty() { bytes } else { Bytes::concat_slices(&rest, bytes.as_slice())? };
        let enough = bytes.len() >= count;
        self.set_piece(bytes);
        if enough { Ok(()) } else { Err(truncated()) }
    }

    /// The next `count` bytes.
    #[inline(always)]
    pub fn take(&mut self, count: usize) -> PyResult<&[u8]> {
        if self.limit - self.at < count {
            self.fetch(count)?;
        }
        let at = self.at;
        self.at += count;
        // SAFETY: as many bytes are at hand.
        Ok(unsafe { core::slice::from_raw_parts(self.start.add(at), count) })
    }

    #[inline(always)]
    pub fn byte(&mut self) -> PyResult<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn array<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// The next opcode; EOFError at the end of the input.
    #[inline(always)]
    pub fn opcode(&mut self) -> PyResult<u8> {
        if self.at < self.limit {
            self.at += 1;
            // SAFETY: the byte is at hand.
            return Ok(unsafe { *self.start.add(self.at - 1) });
        }
        self.late_opcode()
    }

    #[cold]
    fn late_opcode(&mut self) -> PyResult<u8> {
        self.end_frame()?;
        if self.at == self.len {
            let piece = match self.read.clone() {
                Some(read) => Input::checked(read.call1(Int::one().as_borrowed())?, "read")?,
                None => Bytes::empty(),
            };
            if piece.is_empty() {
                return Err(raise!(EOFError, "Ran out of input"));
            }
            self.set_piece(piece);
        }
        self.byte()
    }

    /// The next line without its end.
    pub fn line(&mut self) -> PyResult<&[u8]> {
        let mut end = memchr::memchr(b'\n', self.rest());
        if end.is_none() {
            self.end_frame()?;
            end = memchr::memchr(b'\n', self.rest());
        }
        if end.is_none() {
            let Some(readline) = self.readline.clone() else { return Err(truncated()) };
            let bytes = Input::checked(readline.call0()?, "readline")?;
            let bytes =
                if self.rest().is_empty() { bytes } else { Bytes::concat_slices(self.rest(), bytes.as_slice())? };
            self.set_piece(bytes);
            end = memchr::memchr(b'\n', self.rest());
        }
        let Some(end) = end else { return Err(truncated()) };
        let at = self.at;
        self.at += end + 1;
        // SAFETY: the line was found in what is at hand.
        Ok(unsafe { core::slice::from_raw_parts(self.start.add(at), end) })
    }

    /// Begins a frame, all of which then is at hand.
    pub fn frame(&mut self, len: usize) -> PyResult<()> {
        if self.in_frame && self.at < self.limit {
            return Err(unpickling_error(format_args!("beginning of a new frame before end of current frame")));
        }
        (self.limit, self.in_frame) = (self.len, false);
        if self.len - self.at < len {
            self.fetch(len)?;
        }
        (self.limit, self.in_frame) = (self.at + len, true);
        Ok(())
    }

    /// Fills a `bytearray` of the right length, without a copy where the file can.
    pub fn fill(&mut self, target: &Ref<ByteArray>) -> PyResult<()> {
        let count = target.len();
        if self.rest().len() < count {
            self.end_frame()?;
        }
        let at_hand = self.rest().len();
        if at_hand >= count || self.readinto.is_none() {
            let data = self.take(count)?;
            // SAFETY: the array was just made and nobody else has it.
            unsafe { core::ptr::copy_nonoverlapping(data.as_ptr(), target.data_mut_ptr(), count) };
            return Ok(());
        }
        let mut done = at_hand;
        // SAFETY: as above; less than the array's length is at hand.
        unsafe { core::ptr::copy_nonoverlapping(self.rest().as_ptr(), target.data_mut_ptr(), at_hand) };
        self.at = self.len;
        let Some(readinto) = self.readinto.clone() else { return Err(truncated()) };
        let view = MemoryView::from_object(target.as_borrowed())?.into_object();
        while done < count {
            let range = taipan_runtime::types::Slice::new(Some(Int::from_usize(done)?.as_borrowed()), None, None)?;
            let rest = view.get_item(range.as_borrowed())?;
            let read = readinto.call1(rest.borrow())?.as_isize()?;
            if read <= 0 {
                return Err(truncated());
            }
            done += read as usize;
        }
        Ok(())
    }
}
