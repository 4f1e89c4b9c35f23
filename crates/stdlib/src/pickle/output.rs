//! What a pickler writes: a buffer that is cut into frames, and the file that it goes to.

use taipan_runtime::prelude::*;

use super::opcode;

/// Frames are closed when they are this long.
const FRAME_TARGET: usize = 64 * 1024;
/// Shorter contents get no frame.
const FRAME_MIN: usize = 4;
const FRAME_HEADER: usize = 9;

pub struct Output {
    data: Vec<u8>,
    /// Whether the protocol has frames and they are switched on.
    pub framing: bool,
    /// Where the header of the present frame stands.
    frame: Option<usize>,
    /// The file's method, none for pickling to bytes.
    write: Option<Ref<Object>>,
}

impl Output {
    pub fn new(write: Option<Ref<Object>>) -> Output {
        Output { data: Vec::new(), framing: false, frame: None, write }
    }

    #[inline(always)]
    fn reserve(&mut self, more: usize) -> PyResult<()> {
        if self.data.capacity() - self.data.len() < more + FRAME_HEADER
            && self.data.try_reserve(more.max(256) + FRAME_HEADER).is_err()
        {
            return Err(Raised::no_memory());
        }
        Ok(())
    }

    #[inline(always)]
    pub fn write(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.reserve(bytes.len())?;
        if self.framing && self.frame.is_none() {
            self.frame = Some(self.data.len());
            self.data.extend_from_slice(&[0; FRAME_HEADER]);
        }
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    #[inline(always)]
    pub fn op(&mut self, opcode: u8) -> PyResult<()> {
        self.write(&[opcode])
    }

    pub fn commit_frame(&mut self) {
        let Some(start) = self.frame.take() else { return };
        let body = start + FRAME_HEADER;
        let len = self.data.len() - body;
        if len >= FRAME_MIN {
            self.data[start] = opcode::FRAME;
            self.data[start + 1..body].copy_from_slice(&(len as u64).to_le_bytes());
        } else {
            self.data.drain(start..body);
        }
    }

    /// Called between values: closes a frame that is long enough.
    #[inline(always)]
    pub fn boundary(&mut self) -> PyResult<()> {
        match self.frame {
            Some(start) if self.data.len() - start >= FRAME_TARGET + FRAME_HEADER => {
                self.commit_frame();
                self.flush()
            }
            _ => Ok(()),
        }
    }

    /// Hands what there is to the file, if any.
    fn flush(&mut self) -> PyResult<()> {
        let Some(write) = &self.write else { return Ok(()) };
        let bytes = Bytes::from_slice(&self.data)?;
        self.data.clear();
        write.call1(bytes.as_borrowed())?;
        Ok(())
    }

    /// Writes a header and data. Large data stands outside of frames and goes to the file without a copy where `object` is
    /// the object that holds it.
    pub fn write_data(&mut self, header: &[u8], data: &[u8], object: Option<&Ref<Object>>) -> PyResult<()> {
        if data.len() < FRAME_TARGET {
            self.write(header)?;
            return self.write(data);
        }
        self.commit_frame();
        let framing = core::mem::replace(&mut self.framing, false);
        self.write(header)?;
        match self.write.clone() {
            Some(write) => {
                self.flush()?;
                match object {
                    Some(object) => write.call1(object.borrow())?,
                    None => write.call1(Bytes::from_slice(data)?.as_borrowed())?,
                };
            }
            None => self.write(data)?,
        }
        self.framing = framing;
        Ok(())
    }

    /// The end of a pickle for a file.
    pub fn finish_file(&mut self) -> PyResult<()> {
        self.commit_frame();
        self.framing = false;
        self.flush()
    }

    /// The end of a pickle that becomes bytes.
    pub fn finish_bytes(&mut self) -> PyResult<Ref<Bytes>> {
        self.commit_frame();
        self.framing = false;
        Bytes::from_slice(&self.data)
    }
}
