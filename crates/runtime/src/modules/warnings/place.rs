//! The place a warning is about: some calls up from the running code.

use super::Place;
use crate::prelude::*;
use crate::thread;
use crate::types::frame::{self, FrameObject};

/// Frames of importlib are no place to warn about.
fn is_internal(frame: &Ref<FrameObject>) -> bool {
    let filename = frame.code().filename().to_display();
    filename.contains("importlib") && filename.contains("_bootstrap")
}

fn is_skipped(frame: &Ref<FrameObject>, prefixes: Borrowed<'_, Tuple>) -> bool {
    let code = frame.code();
    let filename = code.filename();
    prefixes
        .iter()
        .any(|prefix| prefix.downcast::<Str>().is_some_and(|prefix| filename.data().starts_with(prefix.data())))
}

fn next_external(
    frame: &Ref<FrameObject>,
    prefixes: Option<Borrowed<'_, Tuple>>,
) -> PyResult<Option<Ref<FrameObject>>> {
    let mut next = frame.back()?;
    while let Some(frame) = &next {
        if !is_internal(frame) && !prefixes.is_some_and(|prefixes| is_skipped(frame, prefixes)) {
            break;
        }
        next = frame.back()?;
    }
    Ok(next)
}

/// The place `level` calls up; 1 is the running code.
pub(super) fn find(level: isize, prefixes: Option<Borrowed<'_, Tuple>>) -> PyResult<Place> {
    let mut level = level;
    let mut current = frame::current()?;
    let plain = level <= 0 || current.as_ref().is_some_and(is_internal);
    while level > 1
        && let Some(frame) = &current
    {
        level -= 1;
        current = if plain { frame.back()? } else { next_external(frame, prefixes)? };
    }
    let (globals, filename, line) = match &current {
        Some(frame) => {
            // SAFETY: a frame keeps its globals.
            let globals: Ref<Dict> = unsafe { Ref::from_borrowed_ptr((*frame.frame()).f_globals.get()) };
            (globals, frame.code().filename().to_owned(), frame.line().unwrap_or(0))
        }
        None => (thread::interpreter().sys_dict()?, Str::from_utf8_str("<sys>")?, 0),
    };
    let registry = match globals.get_str(id!("__warningregistry__")) {
        Some(registry) => registry,
        None => {
            let registry = Dict::new()?.into_object();
            globals.set_str(id!("__warningregistry__"), registry.borrow())?;
            registry
        }
    };
    let module = match globals.get_str(id!("__name__")) {
        Some(name) if name.is_none() || name.is_instance_of::<Str>() => name,
        _ => Str::from_utf8_str("<string>")?.into_object(),
    };
    Ok(Place {
        filename,
        line,
        module: Some(module),
        registry: Some(registry).filter(|registry| !registry.is_none()),
        source_line: None,
    })
}

/// The name of a module by its file: without `.py`.
pub(super) fn module_of_file(filename: &Ref<Str>) -> PyResult<Ref<Str>> {
    let length = filename.len();
    if length == 0 {
        return Str::from_utf8_str("<unknown>");
    }
    let suffix = [u32::from('.'), u32::from('p'), u32::from('y')];
    if length >= 3 && (0..3).all(|index| filename.char_at(length - 3 + index) == suffix[index]) {
        return filename.substring(0..length - 3);
    }
    Ok(filename.clone())
}
