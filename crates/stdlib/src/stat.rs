//! `_stat`: the file modes of `stat`. CPython: `Modules/_stat.c`.

use taipan_runtime::prelude::*;

pub struct Stat;

/// A file mode from an argument.
fn mode_of(mode: Borrowed<'_, Object>) -> PyResult<u32> {
    let Some(value) = mode.index()?.to_i128() else {
        return Err(raise!(OverflowError, "Python int too large to convert to C unsigned long"));
    };
    if value < 0 {
        return Err(raise!(OverflowError, "can't convert negative value to unsigned int"));
    }
    if value > i128::from(u64::MAX) {
        return Err(raise!(OverflowError, "Python int too large to convert to C unsigned long"));
    }
    match u32::try_from(value) {
        Ok(mode) => Ok(mode),
        Err(_) => Err(raise!(OverflowError, "mode out of range")),
    }
}

fn is_kind(mode: Borrowed<'_, Object>, kind: u32) -> PyResult<bool> {
    Ok(mode_of(mode)? & libc::S_IFMT == kind)
}

const NUMBERS: &[(&str, u64)] = &[
    ("S_IFDIR", 0o040000),
    ("S_IFCHR", 0o020000),
    ("S_IFBLK", 0o060000),
    ("S_IFREG", 0o100000),
    ("S_IFIFO", 0o010000),
    ("S_IFLNK", 0o120000),
    ("S_IFSOCK", 0o140000),
    ("S_IFDOOR", 0),
    ("S_IFPORT", 0),
    ("S_IFWHT", 0),
    ("S_ISUID", 0o4000),
    ("S_ISGID", 0o2000),
    ("S_ISVTX", 0o1000),
    ("S_ENFMT", 0o2000),
    ("S_IREAD", 0o400),
    ("S_IWRITE", 0o200),
    ("S_IEXEC", 0o100),
    ("S_IRWXU", 0o700),
    ("S_IRUSR", 0o400),
    ("S_IWUSR", 0o200),
    ("S_IXUSR", 0o100),
    ("S_IRWXG", 0o070),
    ("S_IRGRP", 0o040),
    ("S_IWGRP", 0o020),
    ("S_IXGRP", 0o010),
    ("S_IRWXO", 0o007),
    ("S_IROTH", 0o004),
    ("S_IWOTH", 0o002),
    ("S_IXOTH", 0o001),
    ("UF_SETTABLE", 0xffff),
    ("UF_NODUMP", 0x1),
    ("UF_IMMUTABLE", 0x2),
    ("UF_APPEND", 0x4),
    ("UF_OPAQUE", 0x8),
    ("UF_NOUNLINK", 0x10),
    ("UF_COMPRESSED", 0x20),
    ("UF_TRACKED", 0x40),
    ("UF_DATAVAULT", 0x80),
    ("UF_HIDDEN", 0x8000),
    ("SF_SETTABLE", 0xffff_0000),
    ("SF_ARCHIVED", 0x1_0000),
    ("SF_IMMUTABLE", 0x2_0000),
    ("SF_APPEND", 0x4_0000),
    ("SF_NOUNLINK", 0x10_0000),
    ("SF_SNAPSHOT", 0x20_0000),
    ("SF_FIRMLINK", 0x80_0000),
    ("SF_DATALESS", 0x4000_0000),
    ("ST_MODE", 0),
    ("ST_INO", 1),
    ("ST_DEV", 2),
    ("ST_NLINK", 3),
    ("ST_UID", 4),
    ("ST_GID", 5),
    ("ST_SIZE", 6),
    ("ST_ATIME", 7),
    ("ST_MTIME", 8),
    ("ST_CTIME", 9),
];

macro_rules! kinds {
    ($($name:ident $text:literal $kind:expr;)*) => {
        #[pymethods(part = KINDS)]
        impl Stat {
            $(
                #[function(name = $text, signature = "($self, object, /)")]
                fn $name(mode: Borrowed<'_, Object>) -> PyResult<bool> {
                    is_kind(mode, $kind)
                }
            )*
        }
    };
}

kinds! {
    is_dir "S_ISDIR" libc::S_IFDIR;
    is_chr "S_ISCHR" libc::S_IFCHR;
    is_blk "S_ISBLK" libc::S_IFBLK;
    is_reg "S_ISREG" libc::S_IFREG;
    is_fifo "S_ISFIFO" libc::S_IFIFO;
    is_lnk "S_ISLNK" libc::S_IFLNK;
    is_sock "S_ISSOCK" libc::S_IFSOCK;
}

/// Kinds that this system does not have.
macro_rules! absent {
    ($($name:ident $text:literal;)*) => {
        #[pymethods(part = ABSENT)]
        impl Stat {
            $(
                #[function(name = $text, signature = "($self, object, /)")]
                fn $name(mode: Borrowed<'_, Object>) -> PyResult<bool> {
                    mode_of(mode).map(|_| false)
                }
            )*
        }
    };
}

absent! {
    is_door "S_ISDOOR";
    is_port "S_ISPORT";
    is_whiteout "S_ISWHT";
}

/// The ten characters that `ls -l` shows.
fn mode_text(mode: u32) -> String {
    let kind = match mode & libc::S_IFMT {
        libc::S_IFREG => '-',
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFBLK => 'b',
        libc::S_IFCHR => 'c',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        _ => '?',
    };
    let mut text = String::from(kind);
    for (shift, special, with, without) in [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => with,
            (true, false) => without,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

#[pymodule(name = "_stat", extend = [Stat::KINDS, Stat::ABSENT])]
impl Stat {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        for (name, value) in NUMBERS {
            module.add(name, Int::from_u64(*value)?)?;
        }
        Ok(())
    }

    #[function(name = "S_IMODE", signature = "($self, object, /)")]
    fn s_imode(mode: Borrowed<'_, Object>) -> PyResult<u32> {
        Ok(mode_of(mode)? & 0o7777)
    }

    #[function(name = "S_IFMT", signature = "($self, object, /)")]
    fn s_ifmt(mode: Borrowed<'_, Object>) -> PyResult<u32> {
        Ok(mode_of(mode)? & libc::S_IFMT)
    }

    #[function(signature = "($self, object, /)")]
    fn filemode(mode: Borrowed<'_, Object>) -> PyResult<String> {
        Ok(mode_text(mode_of(mode)?))
    }
}
