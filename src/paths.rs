//! Where the library is: a folder named by `PYTHONHOME`, or the embedded library unpacked to the user's cache.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use taipan_runtime::import::FrozenModule;
use taipan_runtime::thread::Config;

/// The frozen modules of the embedded library, in the runtime's form.
pub fn frozen_modules() -> &'static [FrozenModule] {
    let modules: Vec<FrozenModule> = taipan_pylib::FROZEN
        .iter()
        .map(|module| FrozenModule {
            name: module.name,
            code: module.code,
            is_package: module.is_package,
            origin: (module.name != module.origin).then_some(module.origin),
        })
        .collect();
    modules.leak()
}

/// Fills in prefixes, executable and `sys.path`.
pub fn resolve(config: &mut Config) -> io::Result<()> {
    let executable = std::env::current_exe().unwrap_or_else(|_| PathBuf::from(&config.program_name));
    config.executable = find_executable(&config.program_name).unwrap_or_else(|| executable.clone().into());
    config.base_executable = config.executable.clone();
    let (prefix, library) = match &config.home {
        Some(home) => (PathBuf::from(home), Path::new(home).join("lib").join("python3.14")),
        None => {
            // A user without a home that can be written to has a folder for temporary files.
            let library = taipan_pylib::unpack(&taipan_pylib::default_cache())
                .or_else(|error| private_folder().map_or(Err(error), |folder| taipan_pylib::unpack(&folder)))?;
            let prefix = library.parent().and_then(Path::parent).unwrap_or(&library).to_path_buf();
            (prefix, library)
        }
    };
    for field in [&mut config.prefix, &mut config.base_prefix, &mut config.exec_prefix, &mut config.base_exec_prefix] {
        *field = prefix.clone().into();
    }
    config.stdlib_dir = Some(library.clone().into());
    if let Some(path) = &config.pythonpath_env {
        config.module_search_paths.extend(std::env::split_paths(path).map(OsString::from));
    }
    config.module_search_paths.push(prefix.join("lib").join("python314.zip").into());
    config.module_search_paths.push(library.clone().into());
    config.module_search_paths.push(library.join("lib-dynload").into());
    Ok(())
}

/// A folder among the temporary files that nobody but this user can write to; `None` when there is none.
fn private_folder() -> Option<PathBuf> {
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    let folder = std::env::temp_dir().join(format!("taipan-{user}"));
    // It may be there already, and then it may be somebody else's.
    let _ = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    let found = std::fs::symlink_metadata(&folder).ok()?;
    (found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0).then_some(folder)
}

/// `argv[0]` as an absolute path: as it is when it has a slash, else found on `PATH`.
fn find_executable(program: &OsString) -> Option<OsString> {
    let program = Path::new(program);
    if program.components().count() > 1 {
        return std::path::absolute(program).ok().map(OsString::from);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file()).map(OsString::from)
}
