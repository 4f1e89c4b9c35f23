//! Addresses: Python's tuples, strings and bytes to and from the structures of the kernel.

use core::mem::{MaybeUninit, offset_of};
use std::ffi::CString;

use super::convert;
use super::object::Socket;
use super::resolve;
use crate::system::{c_int_of, c_uint_of};
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::{codec, exceptions};

/// Room for any address, and how much of it counts.
pub struct Address {
    storage: libc::sockaddr_storage,
    pub len: libc::socklen_t,
}

/// `struct sockaddr_can` with the widest of its unions.
#[repr(C)]
#[derive(Clone, Copy)]
struct Can {
    family: libc::sa_family_t,
    index: c_int,
    /// Receiver and sender of ISO-TP; the low half of a J1939 name.
    first: u32,
    second: u32,
    pgn: u32,
    address: u8,
}

const CAN_ISOTP: c_int = 6;
const CAN_J1939: c_int = 7;

#[repr(C)]
#[derive(Clone, Copy)]
struct Qipcrtr {
    family: libc::sa_family_t,
    node: u32,
    port: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Tipc {
    family: u16,
    kind: u8,
    scope: i8,
    values: [u32; 3],
}

const AF_QIPCRTR: c_int = 42;
const TIPC_ADDR_NAMESEQ: u8 = 1;
const TIPC_ADDR_NAME: u8 = 2;
const TIPC_ADDR_ID: u8 = 3;

impl Address {
    /// An empty address, for the kernel to fill.
    pub fn empty() -> Address {
        // SAFETY: integers alone.
        let storage = unsafe { MaybeUninit::zeroed().assume_init() };
        Address { storage, len: size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    /// # Safety
    /// `T` is an address structure of integers.
    unsafe fn of<T: Copy>(value: T, len: usize) -> Address {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        let mut address = Address::empty();
        // SAFETY: it has room, and any alignment that an address structure asks for.
        unsafe { (&raw mut address.storage).cast::<T>().write(value) };
        address.len = len as libc::socklen_t;
        address
    }

    /// The address that the C library keeps at `start`.
    ///
    /// # Safety
    /// `len` bytes are readable there.
    pub unsafe fn copied(start: *const libc::sockaddr, len: libc::socklen_t) -> Address {
        let mut address = Address::empty();
        address.len = len.min(address.len);
        // SAFETY: by contract, and no more than there is room for.
        unsafe {
            let to = (&raw mut address.storage).cast::<u8>();
            core::ptr::copy_nonoverlapping(start.cast::<u8>(), to, address.len as usize);
        }
        address
    }

    pub fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    pub fn family(&self) -> c_int {
        c_int::from(self.storage.ss_family)
    }

    fn view<T: Copy>(&self) -> T {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        // SAFETY: structures of integers, of which every bit pattern is one; the storage is large enough.
        unsafe { (&raw const self.storage).cast::<T>().read() }
    }

    /// The address of an IPv4 or IPv6 host, in network order, at port 0.
    pub fn of_host(family: c_int, bytes: &[u8]) -> Address {
        // SAFETY: structures of integers.
        unsafe {
            if family == libc::AF_INET {
                let mut value: libc::sockaddr_in = MaybeUninit::zeroed().assume_init();
                value.sin_family = libc::AF_INET as libc::sa_family_t;
                value.sin_addr.s_addr = u32::from_ne_bytes(bytes.try_into().unwrap_or_default());
                return Address::of(value, size_of::<libc::sockaddr_in>());
            }
            let mut value: libc::sockaddr_in6 = MaybeUninit::zeroed().assume_init();
            value.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            value.sin6_addr.s6_addr = bytes.try_into().unwrap_or_default();
            Address::of(value, size_of::<libc::sockaddr_in6>())
        }
    }

    /// The host's address in network order; nothing for other families.
    pub fn host_bytes(&self) -> Vec<u8> {
        match self.family() {
            libc::AF_INET => self.view::<libc::sockaddr_in>().sin_addr.s_addr.to_ne_bytes().to_vec(),
            libc::AF_INET6 => self.view::<libc::sockaddr_in6>().sin6_addr.s6_addr.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The same host at a port, with what IPv6 adds.
    pub fn with_port(&self, port: u16, flow: u32, scope: u32) -> Address {
        // SAFETY: structures of integers.
        unsafe {
            if self.family() == libc::AF_INET {
                let mut value: libc::sockaddr_in = self.view();
                value.sin_port = port.to_be();
                return Address::of(value, size_of::<libc::sockaddr_in>());
            }
            let mut value: libc::sockaddr_in6 = self.view();
            value.sin6_port = port.to_be();
            value.sin6_flowinfo = flow.to_be();
            value.sin6_scope_id = scope;
            Address::of(value, size_of::<libc::sockaddr_in6>())
        }
    }

    /// As Python has it (`makesockaddr`). `fd` and `proto` are those of the socket, for families whose addresses need them.
    pub fn to_object(&self, fd: c_int, proto: c_int) -> PyResult<Ref<Object>> {
        if self.len == 0 {
            // From a socket whose peer is known.
            return Ok(none());
        }
        let int = |value: i64| Int::from_i64(value).map(Ref::into_object);
        match self.family() {
            libc::AF_INET => {
                let value: libc::sockaddr_in = self.view();
                let host = convert::address_text(libc::AF_INET, &self.host_bytes())?;
                tuple(vec![host.into_object(), int(i64::from(u16::from_be(value.sin_port)))?])
            }
            libc::AF_INET6 => {
                let value: libc::sockaddr_in6 = self.view();
                let host = convert::address_text(libc::AF_INET6, &self.host_bytes())?;
                tuple(vec![
                    host.into_object(),
                    int(i64::from(u16::from_be(value.sin6_port)))?,
                    int(i64::from(u32::from_be(value.sin6_flowinfo)))?,
                    int(i64::from(value.sin6_scope_id))?,
                ])
            }
            libc::AF_UNIX => {
                let value: libc::sockaddr_un = self.view();
                let path = value.sun_path.map(|c| c as u8);
                let len = (self.len as usize).saturating_sub(offset_of!(libc::sockaddr_un, sun_path)).min(path.len());
                if len > 0 && path[0] == 0 {
                    return Ok(Bytes::from_slice(&path[..len])?.into_object());
                }
                let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
                Ok(codec::fs_decode(&path[..end])?.into_object())
            }
            libc::AF_NETLINK => {
                let value: libc::sockaddr_nl = self.view();
                tuple(vec![int(i64::from(value.nl_pid))?, int(i64::from(value.nl_groups))?])
            }
            AF_QIPCRTR => {
                let value: Qipcrtr = self.view();
                tuple(vec![int(i64::from(value.node))?, int(i64::from(value.port))?])
            }
            libc::AF_VSOCK => {
                let value: libc::sockaddr_vm = self.view();
                tuple(vec![int(i64::from(value.svm_cid))?, int(i64::from(value.svm_port))?])
            }
            libc::AF_PACKET => {
                let value: libc::sockaddr_ll = self.view();
                let name = if value.sll_ifindex != 0 { interface_name(fd, value.sll_ifindex) } else { Vec::new() };
                let hardware = &value.sll_addr[..usize::from(value.sll_halen).min(8)];
                tuple(vec![
                    codec::fs_decode(&name)?.into_object(),
                    int(i64::from(u16::from_be(value.sll_protocol)))?,
                    int(i64::from(value.sll_pkttype))?,
                    int(i64::from(value.sll_hatype))?,
                    Bytes::from_slice(hardware)?.into_object(),
                ])
            }
            libc::AF_CAN => {
                let value: Can = self.view();
                let name = if value.index != 0 { interface_name(fd, value.index) } else { Vec::new() };
                let name = codec::fs_decode(&name)?.into_object();
                match proto {
                    CAN_ISOTP => tuple(vec![name, int(i64::from(value.first))?, int(i64::from(value.second))?]),
                    CAN_J1939 => {
                        let full = u64::from(value.first) | u64::from(value.second) << 32;
                        tuple(vec![
                            name,
                            Int::from_u64(full)?.into_object(),
                            int(i64::from(value.pgn))?,
                            int(i64::from(value.address))?,
                        ])
                    }
                    _ => tuple(vec![name]),
                }
            }
            libc::AF_ALG => {
                let value: libc::sockaddr_alg = self.view();
                let text = |bytes: &[u8]| -> PyResult<Ref<Object>> {
                    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                    Ok(codec::fs_decode(&bytes[..end])?.into_object())
                };
                tuple(vec![
                    text(&value.salg_type)?,
                    text(&value.salg_name)?,
                    int(i64::from(value.salg_feat))?,
                    int(i64::from(value.salg_mask))?,
                ])
            }
            libc::AF_TIPC => {
                let value: Tipc = self.view();
                let [a, b, c] = value.values;
                let (a, b, c) = match value.kind {
                    TIPC_ADDR_NAMESEQ => (a, b, c),
                    // A name is a type and an instance; an identity is a reference and a node.
                    TIPC_ADDR_NAME => (a, b, b),
                    TIPC_ADDR_ID => (b, a, 0),
                    _ => return Err(raise!(ValueError, "Invalid address type")),
                };
                tuple(vec![
                    int(i64::from(value.kind))?,
                    int(i64::from(a))?,
                    int(i64::from(b))?,
                    int(i64::from(c))?,
                    int(i64::from(value.scope))?,
                ])
            }
            family => {
                let raw: libc::sockaddr = self.view();
                let data = raw.sa_data.map(|c| c as u8);
                tuple(vec![int(i64::from(family))?, Bytes::from_slice(&data)?.into_object()])
            }
        }
    }
}

fn tuple(items: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
    Ok(Tuple::from_vec(items)?.into_object())
}

/// The name of an interface, nothing when there is none.
fn interface_name(fd: c_int, index: c_int) -> Vec<u8> {
    // SAFETY: the kernel fills the name.
    unsafe {
        let mut request: libc::ifreq = MaybeUninit::zeroed().assume_init();
        request.ifr_ifru.ifru_ifindex = index;
        if libc::ioctl(fd, libc::SIOCGIFNAME as _, &raw mut request) < 0 {
            return Vec::new();
        }
        CStr::from_ptr(request.ifr_name.as_ptr()).to_bytes().to_vec()
    }
}

/// The number of an interface.
fn interface_index(fd: c_int, name: &[u8]) -> PyResult<c_int> {
    // SAFETY: the name is cut to its field, with a zero behind it.
    unsafe {
        let mut request: libc::ifreq = MaybeUninit::zeroed().assume_init();
        for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name) {
            *to = *from as c_char;
        }
        if libc::ioctl(fd, libc::SIOCGIFINDEX as _, &raw mut request) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(request.ifr_ifru.ifru_ifindex)
    }
}

/// A host name as bytes: ASCII as it is, other text by IDNA.
pub fn host_name(object: Borrowed<'_, Object>) -> PyResult<CString> {
    let bytes = if let Some(text) = object.downcast::<Str>() {
        match text.as_ascii() {
            Some(ascii) => ascii.as_bytes().try_to_vec()?,
            None => match codec::encode_to_bytes(&text, "idna", "strict") {
                Ok(bytes) => bytes.as_slice().try_to_vec()?,
                Err(raised) => {
                    raised.clear();
                    return Err(raise!(TypeError, "encoding of hostname failed"));
                }
            },
        }
    } else if object.is_instance_of::<Bytes>() || object.is_instance_of::<ByteArray>() {
        BufferArg::new(object)?.try_to_vec()?
    } else {
        return Err(raise!(TypeError, "str, bytes or bytearray expected, not {}", object.type_name()));
    };
    CString::new(bytes).map_err(|_| raise!(TypeError, "host name must not contain null character"))
}

fn is_overflow(raised: Raised, caller: &str) -> Raised {
    if raised.is_a::<exceptions::OverflowError>() {
        raised.clear();
        return raise!(OverflowError, "{caller}(): port must be 0-65535.");
    }
    raised
}

fn port_of(number: c_int, caller: &str) -> PyResult<u16> {
    u16::try_from(number).map_err(|_| raise!(OverflowError, "{caller}(): port must be 0-65535."))
}

/// The items of a tuple of `min` to `max`; TypeError with the family's text otherwise.
fn items<'a>(
    object: &'a Ref<Object>,
    wanted: &str,
    sizes: core::ops::RangeInclusive<usize>,
    message: &str,
) -> PyResult<Vec<Borrowed<'a, Object>>> {
    let Some(tuple) = object.downcast::<Tuple>() else {
        return Err(raise!(TypeError, "{wanted} address must be tuple, not {}", object.type_name()));
    };
    if !sizes.contains(&tuple.len()) {
        return Err(raise!(TypeError, "{message}"));
    }
    // SAFETY: a tuple keeps its items, and the caller keeps the tuple.
    Ok((0..tuple.len()).map(|index| unsafe { Borrowed::from_ptr(tuple.get(index).as_ptr()) }).collect())
}

/// A name of an interface by the converter of file names.
fn interface(object: Borrowed<'_, Object>) -> PyResult<Vec<u8>> {
    let path = crate::posix::PathArg::new(object, "interface", "name", "string, bytes or os.PathLike")?;
    path.as_bytes().try_to_vec()
}

/// From Python's address to the kernel's (`getsockaddrarg`). `caller` is named in messages.
pub fn from_object(socket: &Ref<Socket>, address: Borrowed<'_, Object>, caller: &str) -> PyResult<Address> {
    let (family, fd) = (socket.family(), socket.descriptor());
    let object: &Ref<Object> = &address;
    match family {
        libc::AF_UNIX => unix(address),
        libc::AF_INET => {
            let wanted = format!("{caller}(): AF_INET");
            let parts = items(object, &wanted, 2..=2, "AF_INET address must be a pair (host, port)")?;
            let host = host_name(parts[0])?;
            let port = c_int_of(parts[1]).map_err(|raised| is_overflow(raised, caller))?;
            let address = resolve::host_address(&host, libc::AF_INET)?;
            Ok(address.with_port(port_of(port, caller)?, 0, 0))
        }
        libc::AF_INET6 => {
            let wanted = format!("{caller}(): AF_INET6");
            let message = "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])";
            let parts = items(object, &wanted, 2..=4, message)?;
            let host = host_name(parts[0])?;
            let port = c_int_of(parts[1]).map_err(|raised| is_overflow(raised, caller))?;
            let flow = parts.get(2).map_or(Ok(0), |flow| c_uint_of(*flow))?;
            let scope = parts.get(3).map_or(Ok(0), |scope| c_uint_of(*scope))?;
            let address = resolve::host_address(&host, libc::AF_INET6)?;
            let port = port_of(port, caller)?;
            if flow > 0xf_ffff {
                return Err(raise!(OverflowError, "{caller}(): flowinfo must be 0-1048575."));
            }
            // A scope that came with the name of the host stays.
            let own = address.view::<libc::sockaddr_in6>().sin6_scope_id;
            Ok(address.with_port(port, flow, if scope == 0 { own } else { scope }))
        }
        libc::AF_NETLINK => {
            let wanted = format!("{caller}(): AF_NETLINK");
            let parts = items(object, &wanted, 2..=2, "AF_NETLINK address must be a pair (pid, groups)")?;
            // SAFETY: integers alone.
            unsafe {
                let mut value: libc::sockaddr_nl = MaybeUninit::zeroed().assume_init();
                value.nl_family = libc::AF_NETLINK as _;
                value.nl_pid = c_uint_of(parts[0])?;
                value.nl_groups = c_uint_of(parts[1])?;
                Ok(Address::of(value, size_of::<libc::sockaddr_nl>()))
            }
        }
        AF_QIPCRTR => {
            let parts =
                items(object, "getsockaddrarg: AF_QIPCRTR", 2..=2, "AF_QIPCRTR address must be a pair (node, port)")?;
            let value = Qipcrtr { family: AF_QIPCRTR as _, node: c_uint_of(parts[0])?, port: c_uint_of(parts[1])? };
            // SAFETY: integers alone.
            Ok(unsafe { Address::of(value, size_of::<Qipcrtr>()) })
        }
        libc::AF_VSOCK => {
            let parts =
                items(object, "getsockaddrarg: AF_VSOCK", 2..=2, "AF_VSOCK address must be a pair (CID, port)")?;
            // SAFETY: integers alone.
            unsafe {
                let mut value: libc::sockaddr_vm = MaybeUninit::zeroed().assume_init();
                value.svm_family = libc::AF_VSOCK as _;
                value.svm_cid = c_uint_of(parts[0])?;
                value.svm_port = c_uint_of(parts[1])?;
                Ok(Address::of(value, size_of::<libc::sockaddr_vm>()))
            }
        }
        libc::AF_PACKET => packet(object, fd, caller),
        libc::AF_CAN => can(object, fd, socket.protocol(), caller),
        libc::AF_ALG => alg(object, caller),
        libc::AF_TIPC => tipc(object, caller),
        _ => Err(raise!(OSError, "{caller}(): bad family")),
    }
}

fn unix(address: Borrowed<'_, Object>) -> PyResult<Address> {
    let path = match address.downcast::<Str>() {
        // A name in the abstract namespace may be text as well.
        Some(text) => codec::fs_encode(&text)?.as_slice().try_to_vec()?,
        None => BufferArg::new(address)?.try_to_vec()?,
    };
    // SAFETY: integers alone.
    let mut value: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
    let is_abstract = path.first().is_none_or(|byte| *byte == 0);
    // The name of a file is closed by a zero, which has to have room.
    if path.len() + usize::from(!is_abstract) > value.sun_path.len() {
        return Err(raise!(OSError, "AF_UNIX path too long"));
    }
    value.sun_family = libc::AF_UNIX as _;
    for (to, from) in value.sun_path.iter_mut().zip(&path) {
        *to = *from as c_char;
    }
    // SAFETY: as above.
    Ok(unsafe { Address::of(value, offset_of!(libc::sockaddr_un, sun_path) + path.len()) })
}

fn packet(object: &Ref<Object>, fd: c_int, caller: &str) -> PyResult<Address> {
    let message = "AF_PACKET address must be a tuple of two to five elements";
    let wanted = format!("{caller}(): AF_PACKET");
    let parts = items(object, &wanted, 2..=5, message)?;
    let Some(name) = parts[0].downcast::<Str>() else { return Err(raise!(TypeError, "{message}")) };
    let protocol = c_int_of(parts[1])?;
    let kind = parts.get(2).map_or(Ok(0), |value| c_int_of(*value))?;
    let hardware_kind = parts.get(3).map_or(Ok(0), |value| c_int_of(*value))?;
    let hardware = match parts.get(4) {
        Some(value) => BufferArg::new(*value)?.try_to_vec()?,
        None => Vec::new(),
    };
    let index = interface_index(fd, name.as_utf8()?.as_bytes())?;
    if hardware.len() > 8 {
        return Err(raise!(ValueError, "Hardware address must be 8 bytes or less"));
    }
    let Ok(protocol) = u16::try_from(protocol) else {
        return Err(raise!(OverflowError, "{caller}(): proto must be 0-65535."));
    };
    // SAFETY: integers alone.
    unsafe {
        let mut value: libc::sockaddr_ll = MaybeUninit::zeroed().assume_init();
        value.sll_family = libc::AF_PACKET as _;
        value.sll_protocol = protocol.to_be();
        value.sll_ifindex = index;
        value.sll_pkttype = kind as u8;
        value.sll_hatype = hardware_kind as _;
        value.sll_halen = hardware.len() as u8;
        value.sll_addr[..hardware.len()].copy_from_slice(&hardware);
        Ok(Address::of(value, size_of::<libc::sockaddr_ll>()))
    }
}

fn can(object: &Ref<Object>, fd: c_int, protocol: c_int, caller: &str) -> PyResult<Address> {
    let wanted = format!("{caller}(): AF_CAN");
    let (size, message) = match protocol {
        CAN_ISOTP => (3, "AF_CAN address must be a tuple (interface, rx_addr, tx_addr)"),
        CAN_J1939 => (4, "AF_CAN address must be a tuple (interface, name, pgn, addr)"),
        _ => (1, "AF_CAN address must be a tuple (interface, )"),
    };
    let parts = items(object, &wanted, size..=size, message)?;
    let name = interface(parts[0])?;
    if name.len() >= libc::IFNAMSIZ {
        return Err(raise!(OSError, "AF_CAN interface name too long"));
    }
    let index = if name.is_empty() { 0 } else { interface_index(fd, &name)? };
    let mut value = Can { family: libc::AF_CAN as _, index, first: 0, second: 0, pgn: 0, address: 0 };
    match protocol {
        CAN_ISOTP => (value.first, value.second) = (c_uint_of(parts[1])?, c_uint_of(parts[2])?),
        CAN_J1939 => {
            let full = parts[1].index()?.to_u64_mask();
            (value.first, value.second) = (full as u32, (full >> 32) as u32);
            value.pgn = c_uint_of(parts[2])?;
            value.address = c_uint_of(parts[3])? as u8;
        }
        _ => {}
    }
    // SAFETY: integers alone.
    Ok(unsafe { Address::of(value, size_of::<Can>()) })
}

fn alg(object: &Ref<Object>, caller: &str) -> PyResult<Address> {
    let wanted = format!("{caller}(): AF_ALG");
    let message = "AF_ALG address must be a tuple (type, name[, feat[, mask]])";
    let parts = items(object, &wanted, 2..=4, message)?;
    // SAFETY: integers alone.
    let mut value: libc::sockaddr_alg = unsafe { MaybeUninit::zeroed().assume_init() };
    value.salg_family = libc::AF_ALG as _;
    let text = |object: Borrowed<'_, Object>| -> PyResult<Vec<u8>> {
        match object.downcast::<Str>() {
            Some(text) => text.as_utf8()?.as_bytes().try_to_vec(),
            None => Err(raise!(TypeError, "{message}")),
        }
    };
    let (kind, name) = (text(parts[0])?, text(parts[1])?);
    value.salg_feat = parts.get(2).map_or(Ok(0), |value| c_uint_of(*value))?;
    value.salg_mask = parts.get(3).map_or(Ok(0), |value| c_uint_of(*value))?;
    if kind.len() > value.salg_type.len() - 1 {
        return Err(raise!(ValueError, "AF_ALG type too long."));
    }
    if name.len() > value.salg_name.len() - 1 {
        return Err(raise!(ValueError, "AF_ALG name too long."));
    }
    value.salg_type[..kind.len()].copy_from_slice(&kind);
    value.salg_name[..name.len()].copy_from_slice(&name);
    // SAFETY: as above.
    Ok(unsafe { Address::of(value, size_of::<libc::sockaddr_alg>()) })
}

fn tipc(object: &Ref<Object>, caller: &str) -> PyResult<Address> {
    let wanted = format!("{caller}(): AF_TIPC");
    let message = "AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])";
    let parts = items(object, &wanted, 4..=5, message)?;
    let kind = c_uint_of(parts[0])? as u8;
    let (a, b, c) = (c_uint_of(parts[1])?, c_uint_of(parts[2])?, c_uint_of(parts[3])?);
    let scope = parts.get(4).map_or(Ok(2), |value| c_uint_of(*value))?;
    let values = match kind {
        TIPC_ADDR_NAMESEQ => [a, b, c],
        TIPC_ADDR_NAME => [a, b, 0],
        TIPC_ADDR_ID => [b, a, 0],
        _ => return Err(raise!(TypeError, "Invalid address type")),
    };
    let value = Tipc { family: libc::AF_TIPC as _, kind, scope: scope as i8, values };
    // SAFETY: integers alone.
    Ok(unsafe { Address::of(value, size_of::<Tipc>()) })
}
