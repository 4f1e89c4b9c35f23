//! Writers.

use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::{AttributeError, TypeError};
use taipan_runtime::types::str::StrBuilder;

use super::dialect::{Dialect, NOT_SET, QUOTE_ALL, QUOTE_NONE, QUOTE_NONNUMERIC, QUOTE_NOTNULL, QUOTE_STRINGS};
use super::error;
use crate::support::{self, Slot};

/// `_csv.writer`
#[repr(C)]
pub struct Writer {
    head: PyObject,
    write: Slot,
    /// A dialect.
    dialect: Slot,
}

/// A record that is being written.
struct Record<'a> {
    dialect: &'a Ref<Dialect>,
    terminator: Ref<Str>,
    text: StrBuilder,
    fields: usize,
}

impl Record<'_> {
    /// Whether a character cannot stand in a field as it is.
    fn is_special(&self, c: u32) -> bool {
        let dialect = self.dialect;
        c == dialect.delimiter.get()
            || c == dialect.escape.get()
            || c == dialect.quote.get()
            || c == b'\n' as u32
            || c == b'\r' as u32
            || self.terminator.chars().any(|end| end == c)
    }

    /// Whether a special character is written with an escape rather than inside quotes.
    fn wants_escape(&self, c: u32) -> bool {
        let dialect = self.dialect;
        dialect.quoting.get() == QUOTE_NONE
            || c == dialect.quote.get() && !dialect.double_quote.get()
            || c == dialect.escape.get()
    }

    fn field(&mut self, field: Option<&Ref<Str>>, mut quoted: bool) -> PyResult<()> {
        let dialect = self.dialect;
        let quoting = dialect.quoting.get();
        if field.is_none_or(|field| field.is_empty())
            && dialect.delimiter.get() == b' ' as u32
            && dialect.skip_initial_space.get()
        {
            if quoting == QUOTE_NONE || field.is_none() && matches!(quoting, QUOTE_STRINGS | QUOTE_NOTNULL) {
                return Err(error(format_args!(
                    "empty field must be quoted if delimiter is a space and skipinitialspace is true"
                )));
            }
            quoted = true;
        }
        if self.fields > 0 {
            self.text.push(dialect.delimiter.get())?;
        }
        self.fields += 1;
        let mut special = false;
        if let Some(field) = field {
            for c in field.chars() {
                if self.is_special(c) {
                    special = true;
                    quoted |= !self.wants_escape(c);
                }
            }
        }
        if quoted {
            self.text.push(dialect.quote.get())?;
        }
        match field {
            None => {}
            Some(field) if !special => self.text.push_object(field)?,
            Some(field) => {
                for c in field.chars() {
                    if self.is_special(c) {
                        if self.wants_escape(c) {
                            if dialect.escape.get() == NOT_SET {
                                return Err(error(format_args!("need to escape, but no escapechar set")));
                            }
                            self.text.push(dialect.escape.get())?;
                        } else if c == dialect.quote.get() {
                            self.text.push(c)?;
                        }
                    }
                    self.text.push(c)?;
                }
            }
        }
        if quoted {
            self.text.push(dialect.quote.get())?;
        }
        Ok(())
    }
}

/// `PyNumber_Check`
fn is_number(object: &Ref<Object>) -> bool {
    let methods = object.type_of().tp_as_number.get();
    if methods.is_null() {
        return false;
    }
    // SAFETY: the number methods of a live type.
    unsafe {
        (*methods).nb_index.get().is_some()
            || (*methods).nb_int.get().is_some()
            || (*methods).nb_float.get().is_some()
            || object.is_instance_of::<Complex>()
    }
}

impl Writer {
    fn slots(&self) -> [&Slot; 2] {
        [&self.write, &self.dialect]
    }

    pub fn create(file: Borrowed<'_, Object>, settings: CallArgs<'_>) -> PyResult<Ref<Writer>> {
        let write = match file.getattr(id!("write")) {
            Ok(write) => Some(write).filter(|write| write.is_callable()),
            Err(raised) => {
                raised.clear_if::<AttributeError>()?;
                None
            }
        };
        let Some(write) = write else {
            return Err(raise!(TypeError, "argument 1 must have a \"write\" method"));
        };
        let this: Ref<Writer> = support::instance_exact()?;
        this.write.set(Some(write));
        this.dialect.set(Some(Dialect::from_call(Dialect::type_object(), settings)?.into_object()));
        Ok(this)
    }

    fn row(this: &Ref<Writer>, row: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // SAFETY: a dialect is put there alone.
        let (Some(write), Some(dialect)) = (this.write.get(), unsafe { this.dialect.get_as::<Dialect>() }) else {
            return Err(raise!(SystemError, "writer was cleared"));
        };
        let items = match row.iter() {
            Ok(items) => items,
            Err(raised) => {
                raised.clear_if::<TypeError>()?;
                return Err(error(format_args!("iterable expected, not {}", row.type_name())));
            }
        };
        let quoting = dialect.quoting.get();
        let terminator = dialect.terminator()?;
        let mut record = Record { dialect: &dialect, terminator, text: StrBuilder::new(), fields: 0 };
        let mut null_field = false;
        while let Some(field) = items.next()? {
            let quoted = match quoting {
                QUOTE_NONNUMERIC => !is_number(&field),
                QUOTE_ALL => true,
                QUOTE_STRINGS => field.is_instance_of::<Str>(),
                QUOTE_NOTNULL => !field.is_none(),
                _ => false,
            };
            null_field = field.is_none();
            if let Some(text) = field.downcast::<Str>() {
                record.field(Some(&text), quoted)?;
            } else if null_field {
                record.field(None, quoted)?;
            } else {
                record.field(Some(&field.str()?), quoted)?;
            }
        }
        if record.fields > 0 && record.text.is_empty() {
            // One empty field would read back as none.
            if quoting == QUOTE_NONE || null_field && matches!(quoting, QUOTE_STRINGS | QUOTE_NOTNULL) {
                return Err(error(format_args!("single empty field record must be quoted")));
            }
            record.fields -= 1;
            record.field(None, true)?;
        }
        let terminator = record.terminator.clone();
        record.text.push_object(&terminator)?;
        let line = record.text.finish()?;
        write.call1(line.as_borrowed())
    }
}

#[pytype(name = "writer", module = "_csv", gc, basetype, disallow_instantiation, heap, basicsize = 72)]
impl Writer {
    #[method(signature = "($self, row, /)")]
    fn writerow(this: &Ref<Writer>, row: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Writer::row(this, row)
    }

    #[method(signature = "($self, rows, /)")]
    fn writerows(this: &Ref<Writer>, rows: Borrowed<'_, Object>) -> PyResult<()> {
        let rows = rows.iter()?;
        while let Some(row) = rows.next()? {
            Writer::row(this, row.borrow())?;
        }
        Ok(())
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Writer, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Writer>) {
        support::clear(this.slots());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Writer) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[member(name = "dialect", kind = T_OBJECT, offset = offset_of!(Writer, dialect), readonly)]
    const _DIALECT: () = ();
}
