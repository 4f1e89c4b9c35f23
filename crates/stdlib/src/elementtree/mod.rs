//! `_elementtree`: elements, the builder of trees, and a parser that feeds it without a detour through Python.
//! CPython: `Modules/_elementtree.c`.

mod builder;
mod children;
mod element;
mod iter;
mod methods;
mod parser;

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::type_;

use crate::support::{ErrorClass, Slot};
use builder::TreeBuilder;
use element::Element;
use iter::ElementIter;
use parser::XmlParser;

/// `xml.etree.ElementTree.ParseError`
static PARSE_ERROR: ErrorClass =
    ErrorClass::new("xml.etree.ElementTree", "ParseError", exceptions::SyntaxError::type_object);

/// What makes comments, as `_set_factories` said.
static COMMENT_FACTORY: Slot = Slot::new();
/// Likewise for processing instructions.
static PI_FACTORY: Slot = Slot::new();

pub struct ElementTree;

#[pymodule(name = "_elementtree")]
impl ElementTree {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        type_::ready_static::<ElementIter>()?;
        module.add_type::<TreeBuilder>()?;
        module.add_type::<Element>()?;
        module.add_type::<XmlParser>()?;
        PARSE_ERROR.add_to(module)
    }

    #[function(name = "SubElement", raw)]
    fn sub_element(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let (positional, keywords) = (args.args.len() - args.keyword_count(), args.keyword_count());
        let given = &args.args[..positional];
        let [parent, tag, rest @ ..] = given else {
            return Err(raise!(TypeError, "SubElement() takes at least 2 arguments ({positional} given)"));
        };
        if rest.len() > 1 {
            return Err(raise!(TypeError, "SubElement() takes at most 3 arguments ({positional} given)"));
        }
        let Some(parent) = parent.downcast::<Element>() else {
            return Err(element::wrong_argument("SubElement() argument 1", *parent));
        };
        let attrib = element::attributes_argument("SubElement() argument 3", rest.first().copied(), &args, keywords)?;
        let child = Element::create(*tag, attrib)?;
        parent.push(child.as_object().clone())?;
        Ok(child.into_object())
    }

    #[function(signature = "($module, comment_factory, pi_factory, /)")]
    fn _set_factories(comment_factory: Borrowed<'_, Object>, pi_factory: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        for (factory, what) in [(comment_factory, "Comment"), (pi_factory, "PI")] {
            if !factory.is_none() && !factory.is_callable() {
                return Err(raise!(TypeError, "{what} factory must be callable, not {}", factory.type_name()));
            }
        }
        let chosen = |factory: Borrowed<'_, Object>| (!factory.is_none()).then(|| factory.to_owned());
        let old = Tuple::pack([COMMENT_FACTORY.get().unwrap_or_else(none), PI_FACTORY.get().unwrap_or_else(none)])?;
        COMMENT_FACTORY.set(chosen(comment_factory));
        PI_FACTORY.set(chosen(pi_factory));
        Ok(old)
    }
}
