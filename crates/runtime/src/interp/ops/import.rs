//! `import` and `from .. import`.

use super::slow;
use crate::interp::dispatch::Flow;
use crate::prelude::*;

slow! {
    fn import_name(m, index) {
        let name = m.name(index);
        let import = m.builtins().get_item(id!("__import__").upcast());
        let import = match import {
            Ok(import) => import,
            Err(raised) => {
                raised.clear_if::<crate::types::exceptions::KeyError>()?;
                return Err(raise!(ImportError, "__import__ not found"));
            }
        };
        let (level, from_list) = (m.peek(2)?, m.peek(1)?);
        let locals = m.locals().map_or_else(none, |locals| locals.to_owned());
        let module = if crate::import::is_default_import(&import) {
            crate::import::import_module_level(name, Some(m.globals()), from_list, level.as_isize()?)?
        } else {
            import.call(&[name.upcast(), m.globals().upcast(), locals.borrow(), from_list, level])?
        };
        m.drop_top(2);
        m.push_ref(module);
        Ok(Flow::Next)
    }

    fn import_from(m, index) {
        let value = crate::import::import_from(m.peek(1)?, m.name(index))?;
        m.push_ref(value);
        Ok(Flow::Next)
    }
}
