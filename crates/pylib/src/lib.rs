//! The pure-Python half of the standard library, embedded.
//!
//! The build freezes the modules that start-up needs ([`FROZEN`]) and packs all files of the library with their `.pyc`
//! files. [`unpack`] writes them once to a folder of the user's cache, named after the content, where `__file__`,
//! `inspect` and `pip` find ordinary files.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::read::DeflateDecoder;

/// A module compiled and marshalled at build time.
#[derive(Clone, Copy, Debug)]
pub struct Frozen {
    /// The name under which it is imported.
    pub name: &'static str,
    /// Its name in the library.
    pub origin: &'static str,
    pub is_package: bool,
    /// The marshalled code object.
    pub code: &'static [u8],
}

/// The frozen modules, sorted by name.
pub static FROZEN: &[Frozen] = include!(concat!(env!("OUT_DIR"), "/frozen.rs"));

static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// The modification time of every unpacked file, in seconds of Unix time: `.pyc` files name it.
const MTIME: u64 = include!(concat!(env!("OUT_DIR"), "/mtime.rs"));

/// The folder's name: equal libraries have equal ones.
const KEY: &str = concat!(env!("CARGO_PKG_VERSION"), "-", include_str!(concat!(env!("OUT_DIR"), "/key.txt")));

/// The folder with the library's files below `cache`; unpacks them when they are not there yet.
///
/// Another process may do the same at the same time: each writes a folder of its own, and the first to rename it wins.
///
/// # Errors
/// What the file system says.
pub fn unpack(cache: &Path) -> io::Result<PathBuf> {
    let root = cache.join(KEY);
    let library = root.join("lib").join("python3.14");
    if library.join("os.py").is_file() {
        return Ok(library);
    }
    fs::create_dir_all(cache)?;
    let partial = cache.join(format!("{KEY}.{}.partial", std::process::id()));
    let _ = fs::remove_dir_all(&partial);
    write_files(&partial.join("lib").join("python3.14"))?;
    match fs::rename(&partial, &root) {
        Ok(()) => Ok(library),
        Err(error) => {
            let _ = fs::remove_dir_all(&partial);
            if library.join("os.py").is_file() { Ok(library) } else { Err(error) }
        }
    }
}

fn write_files(library: &Path) -> io::Result<()> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(LIBRARY).read_to_end(&mut bytes)?;
    let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(MTIME));
    let mut rest = bytes.as_slice();
    let mut part = || -> io::Result<Option<&[u8]>> {
        let Some((length, tail)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((part, tail)) = tail.split_at_checked(length) else {
            return Err(io::Error::other("the embedded library is damaged"));
        };
        rest = tail;
        Ok(Some(part))
    };
    while let Some(name) = part()? {
        let Some(content) = part()? else { break };
        let path = library.join(String::from_utf8_lossy(name).as_ref());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&path)?;
        file.write_all(content)?;
        file.set_times(times)?;
    }
    Ok(())
}

/// The user's cache folder for unpacked libraries: `$TAIPAN_CACHE`, `$XDG_CACHE_HOME/taipan`, `~/.cache/taipan`, or a
/// folder of the user's own below the system's temporary one.
pub fn default_cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(cache) = variable("TAIPAN_CACHE") {
        return cache;
    }
    if let Some(cache) = variable("XDG_CACHE_HOME") {
        return cache.join("taipan");
    }
    if let Some(home) = variable("HOME") {
        return home.join(".cache").join("taipan");
    }
    let user = variable("USER").unwrap_or_else(|| PathBuf::from("nobody"));
    std::env::temp_dir().join(format!("taipan-{}", user.display()))
}
