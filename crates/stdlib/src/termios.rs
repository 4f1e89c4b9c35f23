//! `termios`: modes of terminals. CPython: `Modules/termios.c`.

use core::mem::MaybeUninit;

use crate::system::{self, Fd, add_constants, exception_class, int_tuple, raise_class};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{Slot, allow_threads};
use taipan_runtime::types::exceptions;

pub struct Termios;

/// `termios.error`.
static ERROR: Slot = Slot::new();

#[rustfmt::skip]
const CONSTANTS: &[(&str, i64)] = &[
    ("B0", 0),
    ("B50", 50),
    ("B75", 75),
    ("B110", 110),
    ("B134", 134),
    ("B150", 150),
    ("B200", 200),
    ("B300", 300),
    ("B600", 600),
    ("B1200", 1200),
    ("B1800", 1800),
    ("B2400", 2400),
    ("B4800", 4800),
    ("B9600", 9600),
    ("B19200", 19200),
    ("B38400", 38400),
    ("B57600", 57600),
    ("B115200", 115200),
    ("B230400", 230400),
    ("B460800", 460800),
    ("B500000", 500000),
    ("B576000", 576000),
    ("B921600", 921600),
    ("B1000000", 1000000),
    ("B1152000", 1152000),
    ("B1500000", 1500000),
    ("B2000000", 2000000),
    ("B2500000", 2500000),
    ("B3000000", 3000000),
    ("B3500000", 3500000),
    ("B4000000", 4000000),
    ("CBAUDEX", 4096),
    ("TCSANOW", 0),
    ("TCSADRAIN", 1),
    ("TCSAFLUSH", 2),
    ("TCIFLUSH", 0),
    ("TCOFLUSH", 1),
    ("TCIOFLUSH", 2),
    ("TCOOFF", 0),
    ("TCOON", 1),
    ("TCIOFF", 2),
    ("TCION", 3),
    ("IGNBRK", 1),
    ("BRKINT", 2),
    ("IGNPAR", 4),
    ("PARMRK", 8),
    ("INPCK", 16),
    ("ISTRIP", 32),
    ("INLCR", 64),
    ("IGNCR", 128),
    ("ICRNL", 256),
    ("IUCLC", 512),
    ("IXON", 1024),
    ("IXANY", 2048),
    ("IXOFF", 4096),
    ("IMAXBEL", 8192),
    ("IUTF8", 16384),
    ("OPOST", 1),
    ("OLCUC", 2),
    ("ONLCR", 4),
    ("OCRNL", 8),
    ("ONOCR", 16),
    ("ONLRET", 32),
    ("OFILL", 64),
    ("OFDEL", 128),
    ("NLDLY", 256),
    ("CRDLY", 1536),
    ("TABDLY", 6144),
    ("BSDLY", 8192),
    ("VTDLY", 16384),
    ("FFDLY", 32768),
    ("NL0", 0),
    ("NL1", 256),
    ("CR0", 0),
    ("CR1", 512),
    ("CR2", 1024),
    ("CR3", 1536),
    ("TAB0", 0),
    ("TAB1", 2048),
    ("TAB2", 4096),
    ("TAB3", 6144),
    ("XTABS", 6144),
    ("BS0", 0),
    ("BS1", 8192),
    ("VT0", 0),
    ("VT1", 16384),
    ("FF0", 0),
    ("FF1", 32768),
    ("CSIZE", 48),
    ("CSTOPB", 64),
    ("CREAD", 128),
    ("PARENB", 256),
    ("PARODD", 512),
    ("HUPCL", 1024),
    ("CLOCAL", 2048),
    ("CIBAUD", 269418496),
    ("CRTSCTS", 2147483648),
    ("CS5", 0),
    ("CS6", 16),
    ("CS7", 32),
    ("CS8", 48),
    ("ISIG", 1),
    ("ICANON", 2),
    ("XCASE", 4),
    ("ECHO", 8),
    ("ECHOE", 16),
    ("ECHOK", 32),
    ("ECHONL", 64),
    ("ECHOCTL", 512),
    ("ECHOPRT", 1024),
    ("ECHOKE", 2048),
    ("FLUSHO", 4096),
    ("NOFLSH", 128),
    ("TOSTOP", 256),
    ("PENDIN", 16384),
    ("IEXTEN", 32768),
    ("EXTPROC", 65536),
    ("VINTR", 0),
    ("VQUIT", 1),
    ("VERASE", 2),
    ("VKILL", 3),
    ("VEOF", 4),
    ("VTIME", 5),
    ("VMIN", 6),
    ("VSWTC", 7),
    ("VSWTCH", 7),
    ("VSTART", 8),
    ("VSTOP", 9),
    ("VSUSP", 10),
    ("VEOL", 11),
    ("VREPRINT", 12),
    ("VDISCARD", 13),
    ("VWERASE", 14),
    ("VLNEXT", 15),
    ("VEOL2", 16),
    ("B7200", 7200),
    ("B14400", 14400),
    ("B28800", 28800),
    ("B76800", 76800),
    ("CBAUD", 4111),
    ("CDSUSP", 25),
    ("CEOF", 4),
    ("CEOL", 0),
    ("CEOT", 4),
    ("CERASE", 127),
    ("CFLUSH", 15),
    ("CINTR", 3),
    ("CKILL", 21),
    ("CLNEXT", 22),
    ("CQUIT", 28),
    ("CRPRNT", 18),
    ("CSTART", 17),
    ("CSTOP", 19),
    ("CSUSP", 26),
    ("CWERASE", 23),
    ("EXTA", 19200),
    ("EXTB", 38400),
    ("FIOASYNC", 21586),
    ("FIOCLEX", 21585),
    ("FIONBIO", 21537),
    ("FIONCLEX", 21584),
    ("FIONREAD", 21531),
    ("IBSHIFT", 16),
    ("IOCSIZE_MASK", 1073676288),
    ("IOCSIZE_SHIFT", 16),
    ("NCCS", 32),
    ("N_MOUSE", 2),
    ("N_PPP", 3),
    ("N_SLIP", 1),
    ("N_STRIP", 4),
    ("N_TTY", 0),
    ("TCFLSH", 21515),
    ("TCGETS", 21505),
    ("TCSBRK", 21513),
    ("TCSBRKP", 21541),
    ("TCSETS", 21506),
    ("TCSETSF", 21508),
    ("TCSETSW", 21507),
    ("TCXONC", 21514),
    ("TIOCCONS", 21533),
    ("TIOCEXCL", 21516),
    ("TIOCGETD", 21540),
    ("TIOCGICOUNT", 21597),
    ("TIOCGLCKTRMIOS", 21590),
    ("TIOCGPGRP", 21519),
    ("TIOCGSERIAL", 21534),
    ("TIOCGSOFTCAR", 21529),
    ("TIOCGWINSZ", 21523),
    ("TIOCINQ", 21531),
    ("TIOCLINUX", 21532),
    ("TIOCMBIC", 21527),
    ("TIOCMBIS", 21526),
    ("TIOCMGET", 21525),
    ("TIOCMIWAIT", 21596),
    ("TIOCMSET", 21528),
    ("TIOCM_CAR", 64),
    ("TIOCM_CD", 64),
    ("TIOCM_CTS", 32),
    ("TIOCM_DSR", 256),
    ("TIOCM_DTR", 2),
    ("TIOCM_LE", 1),
    ("TIOCM_RI", 128),
    ("TIOCM_RNG", 128),
    ("TIOCM_RTS", 4),
    ("TIOCM_SR", 16),
    ("TIOCM_ST", 8),
    ("TIOCNOTTY", 21538),
    ("TIOCNXCL", 21517),
    ("TIOCOUTQ", 21521),
    ("TIOCPKT", 21536),
    ("TIOCPKT_DATA", 0),
    ("TIOCPKT_DOSTOP", 32),
    ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2),
    ("TIOCPKT_NOSTOP", 16),
    ("TIOCPKT_START", 8),
    ("TIOCPKT_STOP", 4),
    ("TIOCSCTTY", 21518),
    ("TIOCSERCONFIG", 21587),
    ("TIOCSERGETLSR", 21593),
    ("TIOCSERGETMULTI", 21594),
    ("TIOCSERGSTRUCT", 21592),
    ("TIOCSERGWILD", 21588),
    ("TIOCSERSETMULTI", 21595),
    ("TIOCSERSWILD", 21589),
    ("TIOCSER_TEMT", 1),
    ("TIOCSETD", 21539),
    ("TIOCSLCKTRMIOS", 21591),
    ("TIOCSPGRP", 21520),
    ("TIOCSSERIAL", 21535),
    ("TIOCSSOFTCAR", 21530),
    ("TIOCSTI", 21522),
    ("TIOCSWINSZ", 21524),
    ("_POSIX_VDISABLE", 0),
];

/// `termios.error` for the thread's error number.
fn last_error() -> Raised {
    let errno = exceptions::errno();
    let pair = || -> PyResult<Ref<Object>> {
        let text = Str::from_utf8_str(&exceptions::strerror(errno))?;
        Ok(Tuple::pack([Int::from_i64(i64::from(errno))?.into_object(), text.into_object()])?.into_object())
    };
    match pair() {
        Ok(pair) => raise_class(&ERROR, pair),
        Err(raised) => raised,
    }
}

fn check(result: c_int) -> PyResult<()> {
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// The modes of a terminal.
fn modes(fd: c_int) -> PyResult<libc::termios> {
    let mut modes = MaybeUninit::<libc::termios>::uninit();
    let at = modes.as_mut_ptr();
    // SAFETY: filled when the call succeeds.
    unsafe {
        check(allow_threads(|| libc::tcgetattr(fd, at)))?;
        Ok(modes.assume_init())
    }
}

fn window_size(fd: c_int) -> PyResult<libc::winsize> {
    let mut size = MaybeUninit::<libc::winsize>::uninit();
    let at = size.as_mut_ptr();
    // SAFETY: filled when the call succeeds.
    unsafe {
        check(allow_threads(|| libc::ioctl(fd, libc::TIOCGWINSZ, at)))?;
        Ok(size.assume_init())
    }
}

fn long(object: Borrowed<'_, Object>) -> PyResult<i64> {
    match object.index()?.to_i64() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
    }
}

fn flag_word(list: &Ref<List>, index: usize) -> PyResult<libc::tcflag_t> {
    let item = list.get(index).unwrap_or_else(none);
    let number = item.index()?;
    if number.is_negative() {
        return Err(raise!(OverflowError, "can't convert negative value to unsigned int"));
    }
    match number.to_u64() {
        Some(value) => Ok(value as libc::tcflag_t),
        None => Err(raise!(OverflowError, "Python int too large to convert to C unsigned long")),
    }
}

/// A control character: `bytes` of length 1 or a number.
fn control_character(item: &Ref<Object>) -> PyResult<libc::cc_t> {
    if let Some(bytes) = item.downcast::<Bytes>()
        && let [byte] = bytes.as_slice()
    {
        return Ok(*byte);
    }
    if item.is_instance_of::<Int>() {
        return Ok(system::c_int_of(item.borrow())? as libc::cc_t);
    }
    Err(raise!(TypeError, "tcsetattr: elements of attributes must be characters or integers"))
}

#[pymodule(name = "termios")]
impl Termios {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let error = exception_class("termios", "error", exceptions::Exception::type_object())?;
        ERROR.set(Some(error.clone().into_object()));
        module.add("error", error)?;
        add_constants(module, CONSTANTS)
    }

    #[function(signature = "(fd, /)")]
    fn tcgetattr(fd: Fd) -> PyResult<Ref<List>> {
        let modes = modes(fd.0)?;
        let characters = List::new()?;
        for (index, byte) in modes.c_cc.iter().enumerate() {
            // Without lines, these two are a count and a time.
            let is_number = modes.c_lflag & libc::ICANON == 0 && (index == libc::VMIN || index == libc::VTIME);
            characters.push(match is_number {
                true => Int::from_i64(i64::from(*byte))?.into_object(),
                false => Bytes::single(*byte).into_object(),
            })?;
        }
        // SAFETY: read the struct.
        let speeds = unsafe { (libc::cfgetispeed(&raw const modes), libc::cfgetospeed(&raw const modes)) };
        let list = List::new()?;
        for word in [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag, speeds.0, speeds.1] {
            list.push(Int::from_u64(u64::from(word))?.into_object())?;
        }
        list.push(characters.into_object())?;
        Ok(list)
    }

    #[function(signature = "(fd, when, attributes, /)")]
    fn tcsetattr(fd: Fd, when: i32, attributes: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(list) = attributes.downcast::<List>().filter(|list| list.len() == 7) else {
            return Err(raise!(TypeError, "tcsetattr, arg 3: must be 7 element list"));
        };
        // What is not in the list stays.
        let mut new = modes(fd.0)?;
        new.c_iflag = flag_word(&list, 0)?;
        new.c_oflag = flag_word(&list, 1)?;
        new.c_cflag = flag_word(&list, 2)?;
        new.c_lflag = flag_word(&list, 3)?;
        let (input, output) = (flag_word(&list, 4)?, flag_word(&list, 5)?);
        let characters = list.get(6).unwrap_or_else(none);
        let count = new.c_cc.len();
        let Some(characters) = characters.downcast::<List>().filter(|list| list.len() == count) else {
            return Err(raise!(TypeError, "tcsetattr: attributes[6] must be {count} element list"));
        };
        for (to, item) in new.c_cc.iter_mut().zip(characters.try_to_vec()?) {
            *to = control_character(&item)?;
        }
        let at = &raw mut new;
        // SAFETY: the struct lives during the calls.
        unsafe {
            check(libc::cfsetispeed(at, input))?;
            check(libc::cfsetospeed(at, output))?;
            check(allow_threads(|| libc::tcsetattr(fd.0, when, at)))
        }
    }

    #[function(signature = "(fd, duration, /)")]
    fn tcsendbreak(fd: Fd, duration: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::tcsendbreak(fd.0, duration) }))
    }

    #[function(signature = "(fd, /)")]
    fn tcdrain(fd: Fd) -> PyResult<()> {
        // SAFETY: takes a number.
        check(allow_threads(|| unsafe { libc::tcdrain(fd.0) }))
    }

    #[function(signature = "(fd, queue, /)")]
    fn tcflush(fd: Fd, queue: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::tcflush(fd.0, queue) }))
    }

    #[function(signature = "(fd, action, /)")]
    fn tcflow(fd: Fd, action: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::tcflow(fd.0, action) }))
    }

    #[function(signature = "(fd, /)")]
    fn tcgetwinsize(fd: Fd) -> PyResult<Ref<Tuple>> {
        let size = window_size(fd.0)?;
        int_tuple(&[i64::from(size.ws_row), i64::from(size.ws_col)])
    }

    #[function(signature = "(fd, winsize, /)")]
    fn tcsetwinsize(fd: Fd, winsize: Borrowed<'_, Object>) -> PyResult<()> {
        if !winsize.is_sequence() || winsize.len()? != 2 {
            return Err(raise!(TypeError, "tcsetwinsize, arg 2: must be a two-item sequence"));
        }
        let rows = long(winsize.get_index(0)?.borrow())?;
        let columns = long(winsize.get_index(1)?.borrow())?;
        let mut size = window_size(fd.0)?;
        let (Ok(row), Ok(column)) = (u16::try_from(rows), u16::try_from(columns)) else {
            return Err(raise!(OverflowError, "winsize value(s) out of range."));
        };
        (size.ws_row, size.ws_col) = (row, column);
        let at = &raw const size;
        // SAFETY: the struct lives during the call.
        check(allow_threads(|| unsafe { libc::ioctl(fd.0, libc::TIOCSWINSZ, at) }))
    }
}
