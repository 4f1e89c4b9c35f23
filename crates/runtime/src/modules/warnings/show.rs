//! Showing a warning: by the module `warnings`, or natively before and after it can be had.

use super::filter::warnings_attr;
use crate::prelude::*;
use crate::thread;

/// Everything about a warning that is to be shown.
pub(super) struct Shown {
    pub category: Ref<Object>,
    pub text: Ref<Object>,
    pub message: Ref<Object>,
    pub filename: Ref<Str>,
    pub line_number: c_int,
    pub line: Ref<Object>,
    pub source_line: Option<Ref<Object>>,
    pub source: Option<Ref<Object>>,
}

/// `warnings._showwarnmsg(WarningMessage(..))`.
pub(super) fn call(shown: &Shown) -> PyResult<()> {
    // With a source, the module is worth importing: it shows where the object was made.
    let Some(show) = warnings_attr(id!("_showwarnmsg"), shown.source.is_some())? else {
        show_natively(shown);
        return Ok(());
    };
    if !show.is_callable() {
        return Err(raise!(TypeError, "warnings._showwarnmsg() must be set to a callable"));
    }
    let Some(class) = warnings_attr(id!("WarningMessage"), false)? else {
        return Err(raise!(RuntimeError, "unable to get warnings.WarningMessage"));
    };
    let absent = none();
    let source = shown.source.as_ref().map_or(absent.borrow(), |source| source.borrow());
    let message = class.call(&[
        shown.message.borrow(),
        shown.category.borrow(),
        shown.filename.as_borrowed(),
        shown.line.borrow(),
        absent.borrow(),
        absent.borrow(),
        source,
    ])?;
    show.call1(message.borrow())?;
    Ok(())
}

/// `file:line: Category: text`, and the line of the source. A failure is forgotten.
fn show_natively(shown: &Shown) {
    let Some(file) = thread::interpreter().sys_attr(id!("stderr")).filter(|file| !file.is_none()) else { return };
    let category = match shown.category.lookup_attr(id!("__name__")) {
        Ok(Some(name)) => name.to_text(),
        Ok(None) => return,
        Err(raised) => {
            raised.clear();
            return;
        }
    };
    let mut text =
        format!("{}:{}: {category}: {}\n", shown.filename.to_display(), shown.line_number, shown.text.to_text());
    let source = match &shown.source_line {
        Some(line) => Some(line.to_text()),
        None => line_of_file(&shown.filename.to_display(), shown.line_number),
    };
    if let Some(source) = source {
        text.push_str("  ");
        text.push_str(source.trim_matches([' ', '\t', '\u{c}', '\n', '\r']));
        text.push('\n');
    }
    let written = Str::from_utf8_str(&text).and_then(|text| file.call_method(id!("write"), &[text.as_borrowed()]));
    if let Err(raised) = written {
        raised.clear();
    }
}

fn line_of_file(filename: &str, line: c_int) -> Option<String> {
    use std::io::BufRead;
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let file = std::fs::File::open(filename).ok()?;
    let line = std::io::BufReader::new(file).split(b'\n').nth(index)?.ok()?;
    Some(String::from_utf8_lossy(&line).into_owned())
}

/// The line of the source by the loader in a module's globals.
pub(super) fn line_from_loader(globals: &Ref<Dict>, line: c_int) -> PyResult<Option<Ref<Object>>> {
    let Some(name) = globals.get_str(id!("__name__")) else { return Ok(None) };
    let loader = match globals.get_str(id!("__spec__")).filter(|spec| !spec.is_none()) {
        Some(spec) => spec.lookup_attr(id!("loader"))?,
        None => globals.get_str(id!("__loader__")),
    };
    let Some(loader) = loader.filter(|loader| !loader.is_none()) else { return Ok(None) };
    let Some(get_source) = loader.lookup_attr(id!("get_source"))? else { return Ok(None) };
    let source = get_source.call1(name.borrow())?;
    if source.is_none() {
        return Ok(None);
    }
    let lines = source.call_method(id!("splitlines"), &[])?;
    match isize::try_from(line) {
        Ok(line) if line > 0 && line as usize <= lines.len()? => lines.get_index(line - 1).map(Some),
        _ => Ok(None),
    }
}
