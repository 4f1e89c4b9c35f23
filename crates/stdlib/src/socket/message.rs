//! Messages of several buffers with ancillary data: `sendmsg`, `recvmsg` and their kin.

use core::mem::MaybeUninit;
use core::ptr;

use super::address::{self, Address};
use super::object::{Direction, Socket};
use crate::system::{self, c_int_of, c_uint_of};
use taipan_runtime::modules::warnings;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::{buffer, exceptions};

fn check(args: &CallArgs<'_>, function: &str, min: usize, max: usize) -> PyResult<()> {
    system::check_arguments(args, "_socket.socket", function, min, max)
}

/// A cleared `struct msghdr`.
fn header() -> libc::msghdr {
    // SAFETY: integers and null pointers.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Memory for control messages, aligned as their heads want it.
struct Control {
    words: Vec<u64>,
    len: usize,
}

impl Control {
    fn new(len: usize) -> PyResult<Control> {
        let mut words = vec_with_capacity(len.div_ceil(8))?;
        words.resize(len.div_ceil(8), 0);
        Ok(Control { words, len })
    }

    fn attach(&mut self, header: &mut libc::msghdr) {
        if self.len > 0 {
            header.msg_control = self.words.as_mut_ptr().cast();
            header.msg_controllen = self.len as _;
        }
    }
}

/// How much of a control message's data lies inside the buffer; `None` when not even its head does. The flag says that
/// all of it is there.
fn data_len(header: &libc::msghdr, message: *const libc::cmsghdr) -> Option<(usize, bool)> {
    // SAFETY: a head inside the control buffer; arithmetic.
    unsafe {
        let head = libc::CMSG_LEN(0) as usize;
        let start = message.addr().checked_sub(header.msg_control.addr())?;
        let space = header.msg_controllen.checked_sub(start + head)?;
        let len = (*message).cmsg_len.checked_sub(head)?;
        if len > i32::MAX as usize {
            return None;
        }
        Some(if len <= space { (len, true) } else { (space, false) })
    }
}

/// Descriptors that came with a message nobody will get are closed again.
fn close_descriptors(header: &libc::msghdr) {
    // SAFETY: goes through the control messages that the kernel wrote.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while !message.is_null() {
            if (*message).cmsg_level == libc::SOL_SOCKET
                && (*message).cmsg_type == libc::SCM_RIGHTS
                && let Some((len, _)) = data_len(header, message)
            {
                let data = libc::CMSG_DATA(message).cast::<c_int>();
                for index in 0..len / size_of::<c_int>() {
                    libc::close(data.add(index).read_unaligned());
                }
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
}

/// The control messages as `(level, type, data)`.
fn ancillary(header: &libc::msghdr) -> PyResult<Ref<List>> {
    let list = List::new()?;
    // SAFETY: goes through the control messages that the kernel wrote.
    unsafe {
        let mut message = if header.msg_controllen > 0 { libc::CMSG_FIRSTHDR(header) } else { ptr::null_mut() };
        while !message.is_null() {
            let found = data_len(header, message);
            if !matches!(found, Some((_, true))) {
                let text = "received malformed or improperly-truncated ancillary data";
                warnings::warn(exceptions::RuntimeWarning::type_object(), text, 1)?;
            }
            let Some((len, complete)) = found else { break };
            let data = core::slice::from_raw_parts(libc::CMSG_DATA(message).cast_const(), len);
            let item = Tuple::pack([
                Int::from_i64(i64::from((*message).cmsg_level))?.into_object(),
                Int::from_i64(i64::from((*message).cmsg_type))?.into_object(),
                Bytes::from_slice(data)?.into_object(),
            ])?;
            list.push(item.into_object())?;
            if !complete {
                break;
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    Ok(list)
}

/// Receives into `buffers`: how many bytes, then ancillary data, flags and sender.
fn receive(
    this: &Ref<Socket>,
    buffers: &mut [libc::iovec],
    ancillary_size: isize,
    flags: c_int,
) -> PyResult<(usize, [Ref<Object>; 3])> {
    if !(0..=i32::MAX as isize).contains(&ancillary_size) {
        return Err(raise!(ValueError, "invalid ancillary data buffer length"));
    }
    let mut control = Control::new(ancillary_size as usize)?;
    let mut sender = Address::empty();
    let mut message = header();
    let full = sender.len;
    message.msg_name = sender.as_mut_ptr().cast();
    message.msg_namelen = full;
    message.msg_iov = buffers.as_mut_ptr();
    message.msg_iovlen = buffers.len() as _;
    control.attach(&mut message);
    let at = &raw mut message;
    let count = this.call(Direction::Read, |fd| {
        // SAFETY: buffers, room for an address and for control messages, all alive during the call.
        unsafe {
            (*at).msg_namelen = full;
            (*at).msg_controllen = ancillary_size as _;
            libc::recvmsg(fd, at, flags) as i64
        }
    })?;
    sender.len = message.msg_namelen;
    let parts = || -> PyResult<[Ref<Object>; 3]> {
        Ok([
            ancillary(&message)?.into_object(),
            Int::from_i64(i64::from(message.msg_flags))?.into_object(),
            sender.to_object(this.descriptor(), this.protocol())?,
        ])
    };
    match parts() {
        Ok(parts) => Ok((count as usize, parts)),
        Err(raised) => {
            close_descriptors(&message);
            Err(raised)
        }
    }
}

/// The buffers of `sendmsg`, and their list for the kernel.
fn data_buffers(items: &[Ref<Object>]) -> PyResult<(Vec<BufferArg<'_>>, Vec<libc::iovec>)> {
    let mut buffers = vec_with_capacity(items.len())?;
    let mut vectors = vec_with_capacity(items.len())?;
    for item in items {
        let buffer = BufferArg::new(item.borrow())?;
        let data = buffer.as_slice();
        vectors.push(libc::iovec { iov_base: data.as_ptr().cast_mut().cast(), iov_len: data.len() });
        buffers.push(buffer);
    }
    Ok((buffers, vectors))
}

/// The items of a sequence or iterable.
fn sequence(object: Borrowed<'_, Object>, message: &str) -> PyResult<Vec<Ref<Object>>> {
    object.to_fast_sequence(message)?.collect_items()
}

struct Ancillary<'a> {
    level: c_int,
    kind: c_int,
    data: BufferArg<'a>,
}

fn ancillary_item(item: &Ref<Object>) -> PyResult<Ancillary<'_>> {
    let what = "[sendmsg() ancillary data items]() argument must be";
    let Some(tuple) = item.downcast::<Tuple>() else {
        let found = if item.is_none() { "None".to_owned() } else { item.type_name() };
        return Err(raise!(TypeError, "{what} 3-item tuple, not {found}"));
    };
    if tuple.len() != 3 {
        return Err(raise!(TypeError, "{what} tuple of length 3, not {}", tuple.len()));
    }
    let (level, kind) = (c_int_of(tuple.get(0))?, c_int_of(tuple.get(1))?);
    // SAFETY: the tuple keeps its items, and the caller keeps the tuple.
    let data = BufferArg::new(unsafe { Borrowed::from_ptr(tuple.get(2).as_ptr()) })?;
    Ok(Ancillary { level, kind, data })
}

/// Writes control messages one behind the other.
fn control_of(items: &[(c_int, c_int, &[u8])]) -> PyResult<Control> {
    let mut total = 0usize;
    for (index, (.., data)) in items.iter().enumerate() {
        let Some(len) = u32::try_from(data.len()).ok().filter(|len| *len < i32::MAX as u32 - 64) else {
            return Err(raise!(OSError, "ancillary data item too large"));
        };
        // SAFETY: arithmetic alone.
        let size = unsafe {
            if index + 1 == items.len() {
                libc::CMSG_LEN(len).max(libc::CMSG_SPACE(len))
            } else {
                libc::CMSG_SPACE(len)
            }
        };
        total += size as usize;
        if total > i32::MAX as usize {
            return Err(raise!(OSError, "too much ancillary data"));
        }
    }
    let mut control = Control::new(total)?;
    let mut message = header();
    control.attach(&mut message);
    // SAFETY: the buffer has room for all of them, and is zero, which the walk relies on.
    unsafe {
        let mut next = if items.is_empty() { ptr::null_mut() } else { libc::CMSG_FIRSTHDR(&raw const message) };
        for (level, kind, data) in items {
            if next.is_null() {
                return Err(raise!(RuntimeError, "unexpected NULL result from CMSG_NXTHDR()"));
            }
            (*next).cmsg_level = *level;
            (*next).cmsg_type = *kind;
            (*next).cmsg_len = libc::CMSG_LEN(data.len() as u32) as _;
            ptr::copy_nonoverlapping(data.as_ptr(), libc::CMSG_DATA(next), data.len());
            next = libc::CMSG_NXTHDR(&raw const message, next);
        }
    }
    Ok(control)
}

fn send(this: &Ref<Socket>, message: &libc::msghdr, flags: c_int) -> PyResult<i64> {
    let message = &raw const *message;
    // SAFETY: the caller keeps what the header points to.
    this.call(Direction::Write, |fd| unsafe { libc::sendmsg(fd, message, flags) } as i64)
}

#[pymethods(part = MESSAGES)]
impl Socket {
    #[method(raw)]
    fn recvmsg(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        check(&args, "recvmsg", 1, 3)?;
        let size = args.positional()[0].as_index_isize()?;
        let ancillary_size = args.get(1).map_or(Ok(0), |value| value.as_index_isize())?;
        let flags = args.get(2).map_or(Ok(0), c_int_of)?;
        if size < 0 {
            return Err(raise!(ValueError, "negative buffer size in recvmsg()"));
        }
        let mut rest = None;
        let data = Bytes::with_filled(size as usize, |room| {
            let mut buffers = [libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() }];
            let (count, parts) = receive(this, &mut buffers, ancillary_size, flags)?;
            rest = Some(parts);
            Ok(count)
        })?;
        let Some([ancillary, flags, sender]) = rest else {
            return Err(raise!(SystemError, "no message was received"));
        };
        Tuple::pack([data.into_object(), ancillary, flags, sender])
    }

    #[method(raw)]
    fn recvmsg_into(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        check(&args, "recvmsg_into", 1, 3)?;
        let ancillary_size = args.get(1).map_or(Ok(0), |value| value.as_index_isize())?;
        let flags = args.get(2).map_or(Ok(0), c_int_of)?;
        let items = sequence(args.positional()[0], "recvmsg_into() argument 1 must be an iterable")?;
        let mut views = vec_with_capacity(items.len())?;
        let mut vectors = vec_with_capacity(items.len())?;
        for item in &items {
            let view = match buffer::View::new(item.borrow(), taipan_runtime::abi::PyBUF_WRITABLE) {
                Ok(view) => view,
                Err(raised) => {
                    raised.clear();
                    let text = "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers";
                    return Err(raise!(TypeError, "{text}"));
                }
            };
            vectors.push(libc::iovec { iov_base: view.buf, iov_len: view.len.max(0) as usize });
            views.push(view);
        }
        let (count, [ancillary, flags, sender]) = receive(this, &mut vectors, ancillary_size, flags)?;
        drop(views);
        Tuple::pack([Int::from_usize(count)?.into_object(), ancillary, flags, sender])
    }

    #[method(raw)]
    fn sendmsg(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<i64> {
        check(&args, "sendmsg", 1, 4)?;
        let flags = args.get(2).map_or(Ok(0), c_int_of)?;
        let mut message = header();
        let mut target = match args.get(3).filter(|address| !address.is_none()) {
            Some(address) => Some(address::from_object(this, address, "sendmsg")?),
            None => None,
        };
        system::audit("socket.sendmsg", || {
            let address = args.get(3).filter(|_| target.is_some()).map_or_else(none, |address| address.to_owned());
            Ok(vec![this.as_object().clone(), address])
        })?;
        if let Some(target) = &mut target {
            message.msg_name = target.as_mut_ptr().cast();
            message.msg_namelen = target.len;
        }
        let items = sequence(args.positional()[0], "sendmsg() argument 1 must be an iterable")?;
        let (_buffers, mut vectors) = data_buffers(&items)?;
        message.msg_iov = vectors.as_mut_ptr();
        message.msg_iovlen = vectors.len() as _;
        let extra = match args.get(1) {
            Some(extra) => sequence(extra, "sendmsg() argument 2 must be an iterable")?,
            None => Vec::new(),
        };
        let mut parts = Vec::new();
        for item in &extra {
            parts.try_push(ancillary_item(item)?)?;
        }
        let rows: Vec<_> = parts.iter().map(|part| (part.level, part.kind, part.data.as_slice())).gather()?;
        let mut control = control_of(&rows)?;
        control.attach(&mut message);
        send(this, &message, flags)
    }

    #[method(raw)]
    fn sendmsg_afalg(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<i64> {
        if this.family() != libc::AF_ALG {
            return Err(raise!(OSError, "algset is only supported for AF_ALG"));
        }
        let names = ["msg", "op", "iv", "assoclen", "flags"];
        if args.nargs() > 1 {
            return Err(raise!(
                TypeError,
                "sendmsg_afalg() takes at most 1 positional argument ({} given)",
                args.nargs()
            ));
        }
        let [msg, op, iv, assoclen, flags] = names.map(|name| args.keyword(name));
        let msg = args.get(0).or(msg);
        let Some(op) = op else {
            return Err(raise!(TypeError, "sendmsg_afalg() missing required argument 'op' (pos 2)"));
        };
        let op = c_int_of(op)?;
        if op < 0 {
            return Err(raise!(TypeError, "Invalid or missing argument 'op'"));
        }
        let assoclen = match assoclen {
            None => None,
            Some(value) => match c_int_of(value)? {
                len if len < 0 => return Err(raise!(TypeError, "assoclen must be positive")),
                len => Some(len as u32),
            },
        };
        let flags = flags.map_or(Ok(0), c_uint_of)? as c_int;
        let items = match msg {
            Some(msg) => sequence(msg, "sendmsg() argument 1 must be an iterable")?,
            None => Vec::new(),
        };
        let (_buffers, mut vectors) = data_buffers(&items)?;
        let iv = match iv.filter(|iv| !iv.is_none()) {
            None => None,
            Some(iv) => {
                // The length stands in front.
                let data = BufferArg::new(iv)?;
                let mut full = (data.len() as u32).to_ne_bytes().to_vec();
                full.extend_from_slice(&data);
                Some(full)
            }
        };
        let op = (op as u32).to_ne_bytes();
        let assoclen = assoclen.map(u32::to_ne_bytes);
        let mut rows: Vec<(c_int, c_int, &[u8])> = vec![(libc::SOL_ALG, libc::ALG_SET_OP, &op)];
        if let Some(iv) = &iv {
            rows.push((libc::SOL_ALG, libc::ALG_SET_IV, iv));
        }
        if let Some(assoclen) = &assoclen {
            rows.push((libc::SOL_ALG, libc::ALG_SET_AEAD_ASSOCLEN, assoclen));
        }
        let mut control = control_of(&rows)?;
        let mut message = header();
        message.msg_iov = vectors.as_mut_ptr();
        message.msg_iovlen = vectors.len() as _;
        control.attach(&mut message);
        send(this, &message, flags)
    }
}
