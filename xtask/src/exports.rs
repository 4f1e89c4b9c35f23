//! `cargo xtask exports [EXECUTABLE]`: whether the executable exports what extension modules import.
//!
//! `xtask/exports.txt` has the names, `xtask/exports-missing.txt` those of them that are not there yet. The check fails when a name is
//! missing that the second list does not have, and as well when a name in it is exported by now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The names in a list; lines with `#` are notes.
fn names(path: &Path) -> Result<BTreeSet<String>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect())
}

/// The dynamic symbols that a file defines.
fn exported(executable: &Path) -> Result<BTreeSet<String>, String> {
    let output = Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(executable)
        .output()
        .map_err(|error| format!("nm: {error}"))?;
    if !output.status.success() {
        return Err(format!("nm {}: {}", executable.display(), String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect())
}

/// The executable of the release build.
fn default_executable(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release").join("taipan")
}

fn check(executable: Option<String>) -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let executable = executable.map_or_else(|| default_executable(root), PathBuf::from);
    let wanted = names(&root.join("xtask/exports.txt"))?;
    let allowed = names(&root.join("xtask/exports-missing.txt"))?;
    let exported = exported(&executable)?;
    let missing: BTreeSet<&String> = wanted.difference(&exported).collect();
    let mut right = true;
    for name in &missing {
        if !allowed.contains(*name) {
            println!("not exported: {name}");
            right = false;
        }
    }
    for name in &allowed {
        if !missing.contains(name) {
            println!("exported by now, or not wanted; take it out of exports-missing.txt: {name}");
            right = false;
        }
    }
    println!("{} of {} symbols are exported", wanted.len() - missing.len(), wanted.len());
    Ok(right)
}

pub fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    match check(args.next()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
