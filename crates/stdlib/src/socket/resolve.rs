//! Names of hosts, services and protocols.

use core::mem::MaybeUninit;
use core::ptr;
use std::ffi::CString;

use super::address::Address;
use super::{GAIERROR, HERROR, convert};
use crate::system::{self, c_int_of, c_uint_of};
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::allow_threads;
use taipan_runtime::types::{codec, exceptions};

unsafe extern "C" {
    fn hstrerror(error: c_int) -> *const c_char;
    fn gethostbyname_r(
        name: *const c_char,
        host: *mut libc::hostent,
        room: *mut c_char,
        size: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const c_void,
        len: libc::socklen_t,
        family: c_int,
        host: *mut libc::hostent,
        room: *mut c_char,
        size: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
}

pub struct Resolve;

/// An error of `getaddrinfo` and its kin.
fn gai_error(error: c_int) -> Raised {
    if error == libc::EAI_SYSTEM {
        return exceptions::from_last_errno(None);
    }
    // SAFETY: a C string of the library.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(error)) };
    raise_pair(&GAIERROR, error, text)
}

fn raise_pair(slot: &taipan_runtime::thread::Slot, number: c_int, text: &CStr) -> Raised {
    let pair = || -> PyResult<Ref<Object>> {
        let text = codec::fs_decode(text.to_bytes())?;
        Ok(Tuple::pack([Int::from_i64(i64::from(number))?.into_object(), text.into_object()])?.into_object())
    };
    match pair() {
        Ok(pair) => system::raise_class(slot, pair),
        Err(raised) => raised,
    }
}

/// What `getaddrinfo` found, given back when this goes.
struct Found(*mut libc::addrinfo);

impl Found {
    fn look_up(host: Option<&CString>, service: Option<&CString>, hints: [c_int; 4]) -> PyResult<Found> {
        let address = |text: Option<&CString>| text.map_or(ptr::null(), |text| text.as_ptr());
        let (host, service) = (address(host), address(service));
        let mut result = ptr::null_mut();
        let result_address = &raw mut result;
        // SAFETY: C strings or null, and a place for the result.
        let error = allow_threads(|| unsafe {
            let mut wanted: libc::addrinfo = MaybeUninit::zeroed().assume_init();
            [wanted.ai_family, wanted.ai_socktype, wanted.ai_protocol, wanted.ai_flags] = hints;
            libc::getaddrinfo(host, service, &raw const wanted, result_address)
        });
        if error == 0 { Ok(Found(result)) } else { Err(gai_error(error)) }
    }

    fn rows(&self) -> impl Iterator<Item = &libc::addrinfo> {
        // SAFETY: a list closed by null, which lives as long as this.
        unsafe { core::iter::successors(self.0.as_ref(), |row| row.ai_next.as_ref()) }
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        // SAFETY: made by `getaddrinfo`.
        unsafe { libc::freeaddrinfo(self.0) }
    }
}

/// The address of a host of a family, or of any family for `AF_UNSPEC` (`setipaddr`).
pub fn host_address(name: &CString, family: c_int) -> PyResult<Address> {
    if name.is_empty() {
        let service = CString::from(c"0");
        let found = Found::look_up(None, Some(&service), [family, libc::SOCK_DGRAM, 0, libc::AI_PASSIVE])?;
        let mut rows = found.rows();
        let Some(row) = rows.next() else { return Err(raise!(OSError, "unsupported address family")) };
        if rows.next().is_some() {
            return Err(raise!(OSError, "wildcard resolved to multiple address"));
        }
        // SAFETY: the list's own address.
        return Ok(unsafe { Address::copied(row.ai_addr, row.ai_addrlen) });
    }
    if matches!(name.as_bytes(), b"255.255.255.255" | b"<broadcast>") {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            return Err(raise!(OSError, "address family mismatched"));
        }
        return Ok(Address::of_host(libc::AF_INET, &[255; 4]));
    }
    // Numbers need no look-up.
    if (family == libc::AF_UNSPEC || family == libc::AF_INET)
        && let Some(bytes) = convert::parse_address(libc::AF_INET, name)
    {
        return Ok(Address::of_host(libc::AF_INET, &bytes));
    }
    if (family == libc::AF_UNSPEC || family == libc::AF_INET6)
        && !name.as_bytes().contains(&b'%')
        && let Some(bytes) = convert::parse_address(libc::AF_INET6, name)
    {
        return Ok(Address::of_host(libc::AF_INET6, &bytes));
    }
    let found = Found::look_up(Some(name), None, [family, 0, 0, 0])?;
    match found.rows().next() {
        // SAFETY: the list's own address.
        Some(row) => Ok(unsafe { Address::copied(row.ai_addr, row.ai_addrlen) }),
        None => Err(raise!(OSError, "unsupported address family")),
    }
}

/// A host name by the format `et` with IDNA.
fn encoded_name(object: Borrowed<'_, Object>, function: &str) -> PyResult<CString> {
    let bytes = if let Some(text) = object.downcast::<Str>() {
        idna(&text)?
    } else if object.is_instance_of::<Bytes>() || object.is_instance_of::<ByteArray>() {
        BufferArg::new(object)?.try_to_vec()?
    } else {
        let found = if object.is_none() { "None".to_owned() } else { object.type_name() };
        return Err(raise!(TypeError, "{function}() argument 1 must be str, bytes or bytearray, not {found}"));
    };
    CString::new(bytes).map_err(|_| {
        let found = object.type_name();
        raise!(TypeError, "{function}() argument 1 must be encoded string without null bytes, not {found}")
    })
}

/// Text by IDNA. Short labels of ASCII stay as they are, which needs no codec.
fn idna(text: &Ref<Str>) -> PyResult<Vec<u8>> {
    if let Some(ascii) = text.as_ascii() {
        let labels = ascii.strip_suffix('.').unwrap_or(ascii);
        if ascii.is_empty() || labels.split('.').all(|label| (1..64).contains(&label.len())) {
            return ascii.as_bytes().try_to_vec();
        }
    }
    codec::encode_to_bytes(text, "idna", "strict")?.as_slice().try_to_vec()
}

/// An entry of the database of hosts.
struct Host {
    name: Vec<u8>,
    aliases: Vec<Vec<u8>>,
    addresses: Vec<Vec<u8>>,
    family: c_int,
}

/// Asks for an entry with room that grows until it suffices.
fn host_entry(
    mut call: impl FnMut(*mut libc::hostent, *mut c_char, usize, *mut *mut libc::hostent, *mut c_int) -> c_int,
) -> PyResult<Host> {
    let mut size = 16 * 1024;
    loop {
        let mut room: Vec<c_char> = vec_with_capacity(size)?;
        let mut host = MaybeUninit::<libc::hostent>::uninit();
        let mut found = ptr::null_mut();
        let mut error = 0;
        let (host, address, result, number) = (host.as_mut_ptr(), room.as_mut_ptr(), &raw mut found, &raw mut error);
        let status = allow_threads(|| call(host, address, size, result, number));
        if status == libc::ERANGE && size < 1 << 24 {
            size *= 2;
            continue;
        }
        // SAFETY: null or an entry in the room above; its lists are closed by null.
        unsafe {
            let Some(host) = found.as_ref() else {
                return Err(raise_pair(&HERROR, error, CStr::from_ptr(hstrerror(error))));
            };
            let list = |mut next: *mut *mut c_char| {
                let mut items = Vec::new();
                while !next.is_null() && !(*next).is_null() {
                    items.push(*next);
                    next = next.add(1);
                }
                items
            };
            let len = host.h_length.max(0) as usize;
            let addresses = list(host.h_addr_list);
            return Ok(Host {
                name: CStr::from_ptr(host.h_name).to_bytes().to_vec(),
                aliases: list(host.h_aliases)
                    .into_iter()
                    .map(|text| CStr::from_ptr(text).to_bytes().to_vec())
                    .collect(),
                addresses: addresses
                    .into_iter()
                    .map(|at| core::slice::from_raw_parts(at.cast::<u8>(), len).to_vec())
                    .collect(),
                family: host.h_addrtype,
            });
        }
    }
}

impl Host {
    fn to_object(&self, family: c_int) -> PyResult<Ref<Tuple>> {
        if self.family != family {
            return Err(raise!(OSError, "{}", exceptions::strerror(libc::EAFNOSUPPORT)));
        }
        if family != libc::AF_INET && family != libc::AF_INET6 {
            return Err(raise!(OSError, "unsupported address family"));
        }
        let (aliases, addresses) = (List::new()?, List::new()?);
        for alias in &self.aliases {
            aliases.push(codec::fs_decode(alias)?.into_object())?;
        }
        for address in &self.addresses {
            addresses.push(convert::address_text(family, address)?.into_object())?;
        }
        let name = codec::fs_decode(&self.name)?;
        Tuple::pack([name.into_object(), aliases.into_object(), addresses.into_object()])
    }
}

/// An optional `s` argument.
fn optional_string(args: &CallArgs<'_>, index: usize, function: &str) -> PyResult<Option<CString>> {
    args.get(index).map(|value| convert::string_argument(value, function, index + 1)).transpose()
}

#[pymethods(part = FUNCTIONS)]
impl Resolve {
    #[function(signature = "(host, port, family=0, type=0, proto=0, flags=0)", no_text_signature)]
    fn getaddrinfo(
        host: Borrowed<'_, Object>,
        port: Borrowed<'_, Object>,
        family: Option<i32>,
        r#type: Option<i32>,
        proto: Option<i32>,
        flags: Option<i32>,
    ) -> PyResult<Ref<List>> {
        let null = |_| raise!(ValueError, "embedded null character");
        system::audit("socket.getaddrinfo", || {
            let mut arguments = vec![host.to_owned(), port.to_owned()];
            for number in [family, r#type, proto, flags] {
                arguments.push(system::int_object(i64::from(number.unwrap_or(0)))?);
            }
            Ok(arguments)
        })?;
        let host = if host.is_none() {
            None
        } else if let Some(text) = host.downcast::<Str>() {
            Some(CString::new(idna(&text)?).map_err(null)?)
        } else if let Some(bytes) = host.downcast::<Bytes>() {
            Some(CString::new(bytes.as_slice()).map_err(null)?)
        } else {
            return Err(raise!(TypeError, "getaddrinfo() argument 1 must be string or None"));
        };
        let service = if port.is_none() {
            None
        } else if port.is_instance_of::<Int>() {
            Some(CString::new(port.index()?.as_object().str()?.as_utf8()?).map_err(null)?)
        } else if let Some(text) = port.downcast::<Str>() {
            Some(CString::new(text.as_utf8()?).map_err(null)?)
        } else if let Some(bytes) = port.downcast::<Bytes>() {
            Some(CString::new(bytes.as_slice()).map_err(null)?)
        } else {
            return Err(raise!(OSError, "Int or String expected"));
        };
        let hints = [family.unwrap_or(0), r#type.unwrap_or(0), proto.unwrap_or(0), flags.unwrap_or(0)];
        let found = Found::look_up(host.as_ref(), service.as_ref(), hints)?;
        let list = List::new()?;
        for row in found.rows() {
            // SAFETY: the list's own address, and null or a C string.
            let (address, name) = unsafe {
                let address = Address::copied(row.ai_addr, row.ai_addrlen);
                let name = if row.ai_canonname.is_null() { &[] } else { CStr::from_ptr(row.ai_canonname).to_bytes() };
                (address.to_object(-1, row.ai_protocol)?, codec::fs_decode(name)?)
            };
            let int = |value: c_int| Int::from_i64(i64::from(value)).map(Ref::into_object);
            let items =
                [int(row.ai_family)?, int(row.ai_socktype)?, int(row.ai_protocol)?, name.into_object(), address];
            list.push(Tuple::pack(items)?.into_object())?;
        }
        Ok(list)
    }

    #[function(raw)]
    fn getnameinfo(args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        system::check_arguments(&args, "_socket", "getnameinfo", 2, 2)?;
        let flags = c_int_of(args.positional()[1])?;
        let Some(parts) = args.positional()[0].downcast::<Tuple>() else {
            return Err(raise!(TypeError, "getnameinfo() argument 1 must be a tuple"));
        };
        system::audit("socket.getnameinfo", || Ok(vec![args.positional()[0].to_owned()]))?;
        let illegal = "getnameinfo(): illegal sockaddr argument";
        if !(2..=4).contains(&parts.len()) {
            return Err(raise!(TypeError, "{illegal}"));
        }
        let host = parts.get(0);
        let Some(host) = host.downcast::<Str>() else { return Err(raise!(TypeError, "{illegal}")) };
        let host = CString::new(host.as_utf8()?).map_err(|_| raise!(ValueError, "embedded null character"))?;
        let port = c_int_of(parts.get(1))?;
        let flow = parts.try_get(2).map_or(Ok(0), c_uint_of)?;
        let scope = parts.try_get(3).map_or(Ok(0), c_uint_of)?;
        if flow > 0xf_ffff {
            return Err(raise!(OverflowError, "getnameinfo(): flowinfo must be 0-1048575."));
        }
        let service = CString::new(port.to_string()).unwrap_or_default();
        let hints = [libc::AF_UNSPEC, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST];
        let found = Found::look_up(Some(&host), Some(&service), hints)?;
        let mut rows = found.rows();
        let Some(row) = rows.next() else { return Err(raise!(OSError, "unsupported address family")) };
        if rows.next().is_some() {
            return Err(raise!(OSError, "sockaddr resolved to multiple addresses"));
        }
        // SAFETY: the list's own address.
        let mut address = unsafe { Address::copied(row.ai_addr, row.ai_addrlen) };
        match row.ai_family {
            libc::AF_INET if parts.len() != 2 => {
                return Err(raise!(OSError, "IPv4 sockaddr must be 2 tuple"));
            }
            libc::AF_INET6 => address = address.with_port(port as u16, flow, scope),
            _ => {}
        }
        let (mut name, mut service) = ([0 as c_char; 1025], [0 as c_char; 32]);
        let (name_at, service_at) = (name.as_mut_ptr(), service.as_mut_ptr());
        // SAFETY: an address, and room of the sizes given.
        let error = allow_threads(|| unsafe {
            libc::getnameinfo(address.as_ptr(), address.len, name_at, 1025, service_at, 32, flags)
        });
        if error != 0 {
            return Err(gai_error(error));
        }
        // SAFETY: both are closed by zero.
        unsafe {
            let text = |start: *const c_char| codec::fs_decode(CStr::from_ptr(start).to_bytes()).map(Ref::into_object);
            Tuple::pack([text(name_at)?, text(service_at)?])
        }
    }

    #[function(raw)]
    fn gethostbyname(args: CallArgs<'_>) -> PyResult<Ref<Str>> {
        system::check_arguments(&args, "_socket", "gethostbyname", 1, 1)?;
        let name = encoded_name(args.positional()[0], "gethostbyname")?;
        system::audit("socket.gethostbyname", || Ok(vec![args.positional()[0].to_owned()]))?;
        let address = host_address(&name, libc::AF_INET)?;
        convert::address_text(libc::AF_INET, &address.host_bytes())
    }

    #[function(raw)]
    fn gethostbyname_ex(args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        system::check_arguments(&args, "_socket", "gethostbyname_ex", 1, 1)?;
        let name = encoded_name(args.positional()[0], "gethostbyname_ex")?;
        system::audit("socket.gethostbyname", || Ok(vec![args.positional()[0].to_owned()]))?;
        let address = host_address(&name, libc::AF_INET)?;
        let text = name.as_ptr();
        // SAFETY: a C string, and room as the function wants it.
        let host = host_entry(|host, room, size, result, error| unsafe {
            gethostbyname_r(text, host, room, size, result, error)
        })?;
        host.to_object(address.family())
    }

    #[function(raw)]
    fn gethostbyaddr(args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        system::check_arguments(&args, "_socket", "gethostbyaddr", 1, 1)?;
        let name = encoded_name(args.positional()[0], "gethostbyaddr")?;
        system::audit("socket.gethostbyaddr", || Ok(vec![args.positional()[0].to_owned()]))?;
        let address = host_address(&name, libc::AF_UNSPEC)?;
        let (bytes, family) = (address.host_bytes(), address.family());
        if bytes.is_empty() {
            return Err(raise!(OSError, "unsupported address family"));
        }
        let (at, len) = (bytes.as_ptr(), bytes.len() as libc::socklen_t);
        // SAFETY: an address of its family's size, and room as the function wants it.
        let host = host_entry(|host, room, size, result, error| unsafe {
            gethostbyaddr_r(at.cast(), len, family, host, room, size, result, error)
        })?;
        host.to_object(family)
    }

    #[function(raw)]
    fn getservbyname(args: CallArgs<'_>) -> PyResult<i64> {
        system::check_arguments(&args, "_socket", "getservbyname", 1, 2)?;
        let name = convert::string_argument(args.positional()[0], "getservbyname", 1)?;
        let proto = optional_string(&args, 1, "getservbyname")?;
        // SAFETY: C strings or null; the entry is read before the next call, which needs the GIL.
        unsafe {
            let entry = libc::getservbyname(name.as_ptr(), proto.as_ref().map_or(ptr::null(), |text| text.as_ptr()));
            match entry.as_ref() {
                Some(entry) => Ok(i64::from(u16::from_be(entry.s_port as u16))),
                None => Err(raise!(OSError, "service/proto not found")),
            }
        }
    }

    #[function(raw)]
    fn getservbyport(args: CallArgs<'_>) -> PyResult<Ref<Str>> {
        system::check_arguments(&args, "_socket", "getservbyport", 1, 2)?;
        let port = c_int_of(args.positional()[0])?;
        let proto = optional_string(&args, 1, "getservbyport")?;
        let Ok(port) = u16::try_from(port) else {
            return Err(raise!(OverflowError, "getservbyport: port must be 0-65535."));
        };
        // SAFETY: as above.
        unsafe {
            let proto = proto.as_ref().map_or(ptr::null(), |text| text.as_ptr());
            match libc::getservbyport(c_int::from(port.to_be()), proto).as_ref() {
                Some(entry) => codec::fs_decode(CStr::from_ptr(entry.s_name).to_bytes()),
                None => Err(raise!(OSError, "port/proto not found")),
            }
        }
    }

    #[function(raw)]
    fn getprotobyname(args: CallArgs<'_>) -> PyResult<i64> {
        system::check_arguments(&args, "_socket", "getprotobyname", 1, 1)?;
        let name = convert::string_argument(args.positional()[0], "getprotobyname", 1)?;
        // SAFETY: as above.
        unsafe {
            match libc::getprotobyname(name.as_ptr()).as_ref() {
                Some(entry) => Ok(i64::from(entry.p_proto)),
                None => Err(raise!(OSError, "protocol not found")),
            }
        }
    }

    #[function(signature = "($self, /)")]
    fn gethostname() -> PyResult<Ref<Str>> {
        system::audit("socket.gethostname", || Ok(Vec::new()))?;
        let mut name = [0 as c_char; 1024];
        let at = name.as_mut_ptr();
        // SAFETY: room for the name and a zero behind it.
        if allow_threads(|| unsafe { libc::gethostname(at, 1023) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        // SAFETY: closed by zero.
        codec::fs_decode(unsafe { CStr::from_ptr(name.as_ptr()) }.to_bytes())
    }

    #[function(raw)]
    fn sethostname(args: CallArgs<'_>) -> PyResult<()> {
        system::check_arguments(&args, "_socket", "sethostname", 1, 1)?;
        let name = args.positional()[0];
        system::audit("socket.sethostname", || Ok(vec![name.to_owned()]))?;
        let bytes = match name.downcast::<Bytes>() {
            Some(bytes) => bytes.as_slice().try_to_vec()?,
            None => crate::posix::FsName::new(name)?.as_bytes().try_to_vec()?,
        };
        // SAFETY: so many bytes.
        if unsafe { libc::sethostname(bytes.as_ptr().cast(), bytes.len()) } < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }
}
