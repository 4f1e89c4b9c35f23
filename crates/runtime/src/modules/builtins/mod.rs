//! `builtins`: the functions every program sees without importing them.
//!
//! CPython: `Python/bltinmodule.c`.

mod aggregate;
mod class;
mod eval;
mod inspect;
mod output;

use crate::object::args::Args;
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions;

pub(super) use eval::with_source;
pub use eval::{filename_from_object, fspath, inherited_flags};
pub use inspect::{current_builtins, current_globals, current_locals, dir};

pub struct Builtins;

#[pymodule(name = "builtins", extend = [
    Builtins::AGGREGATE, Builtins::CLASS, Builtins::EVAL, Builtins::INSPECT, Builtins::OUTPUT,
])]
impl Builtins {
    #[function(name = "__import__", signature = "(name, globals=None, locals=None, fromlist=(), level=0)")]
    fn import(
        name: Borrowed<'_, Object>,
        globals: Option<Borrowed<'_, Object>>,
        _locals: Option<Borrowed<'_, Object>>,
        fromlist: Option<Borrowed<'_, Object>>,
        level: i32,
    ) -> PyResult<Ref<Object>> {
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "module name must be a string"));
        };
        let globals = match globals.filter(|globals| !globals.is_none()) {
            None => None,
            Some(globals) => match globals.downcast_borrowed::<Dict>() {
                Some(globals) => Some(globals),
                None if level == 0 => None,
                None => return Err(raise!(TypeError, "globals must be a dict")),
            },
        };
        let empty = none();
        crate::import::import_module_level(name, globals, fromlist.unwrap_or(empty.borrow()), level as isize)
    }

    #[function(signature = "(x, /)")]
    fn abs(x: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        x.absolute()
    }

    #[function(signature = "(iterable, /)")]
    fn all(iterable: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(!find_truth(iterable, false)?)
    }

    #[function(signature = "(iterable, /)")]
    fn any(iterable: Borrowed<'_, Object>) -> PyResult<bool> {
        find_truth(iterable, true)
    }

    #[function(signature = "(obj, /)")]
    fn ascii(obj: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        obj.repr()?.ascii_escaped()
    }

    #[function(signature = "(number, /)")]
    fn bin(number: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let number = number.index()?;
        match number.small_value() {
            Some(value) => crate::types::int::short::prefixed(value, 1, b'b'),
            None => Str::from_utf8_str(&number.to_text(crate::types::int::text::Base::Binary, true)?),
        }
    }

    #[function(signature = "(number, /)")]
    fn oct(number: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let number = number.index()?;
        match number.small_value() {
            Some(value) => crate::types::int::short::prefixed(value, 3, b'o'),
            None => Str::from_utf8_str(&number.to_text(crate::types::int::text::Base::Octal, true)?),
        }
    }

    #[function(signature = "(number, /)")]
    fn hex(number: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let number = number.index()?;
        match number.small_value() {
            Some(value) => crate::types::int::short::prefixed(value, 4, b'x'),
            None => Str::from_utf8_str(&number.to_text(crate::types::int::text::Base::Hexadecimal, true)?),
        }
    }

    #[function(signature = "(obj, /)")]
    fn callable(obj: Borrowed<'_, Object>) -> bool {
        obj.is_callable()
    }

    #[function(signature = "(i, /)")]
    fn chr(i: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        match i.index()?.to_i64().and_then(|point| u32::try_from(point).ok()).filter(|&point| point < 0x11_0000) {
            Some(point) => Str::from_code_point(point),
            None => Err(raise!(ValueError, "chr() arg not in range(0x110000)")),
        }
    }

    #[function(signature = "(character, /)")]
    fn ord(character: Borrowed<'_, Object>) -> PyResult<u32> {
        let length = if let Some(text) = character.downcast::<Str>() {
            if text.len() == 1 {
                return Ok(text.char_at(0));
            }
            text.len()
        } else if let Some(bytes) = character.downcast::<Bytes>() {
            if let [byte] = bytes.as_slice() {
                return Ok(u32::from(*byte));
            }
            bytes.len()
        } else if let Some(bytes) = character.downcast::<ByteArray>() {
            if let [byte] = bytes.as_slice() {
                return Ok(u32::from(*byte));
            }
            bytes.len()
        } else {
            return Err(raise!(TypeError, "ord() expected string of length 1, but {} found", character.type_name()));
        };
        Err(raise!(TypeError, "ord() expected a character, but string of length {length} found"))
    }

    #[function(signature = "(obj, name, /)")]
    fn delattr(obj: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<()> {
        obj.set_attr_object(name, None)
    }

    #[function(signature = "(obj, name, value, /)")]
    fn setattr(obj: Borrowed<'_, Object>, name: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        obj.set_attr_object(name, Some(value))
    }

    #[function(raw)]
    fn getattr(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("getattr")?;
        args.check_count("getattr", 2, 3)?;
        let [object, name, rest @ ..] = args.positional() else {
            return Err(crate::object::args::rt::bad_internal_call());
        };
        match rest.first() {
            None => object.getattr_object(*name),
            Some(default) => {
                let Some(name) = name.downcast_borrowed::<Str>() else {
                    return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
                };
                Ok(object.lookup_attr(name)?.unwrap_or_else(|| default.to_owned()))
            }
        }
    }

    #[function(signature = "(obj, name, /)")]
    fn hasattr(obj: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<bool> {
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
        };
        obj.has_attr(name)
    }

    #[function(signature = "(x, y, /)")]
    fn divmod(x: Borrowed<'_, Object>, y: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        x.binary(crate::object::protocol::number::DIVMOD, y)
    }

    #[function(signature = "(value, format_spec='', /)")]
    fn format(value: Borrowed<'_, Object>, format_spec: Option<Borrowed<'_, Str>>) -> PyResult<Ref<Str>> {
        value.format(format_spec)
    }

    #[function(signature = "(obj, /)")]
    fn hash(obj: Borrowed<'_, Object>) -> PyResult<isize> {
        obj.hash()
    }

    /// The address; for integers that fit a word of the stack, a number that depends on the value alone, since those have
    /// no lasting address. It ends in the bits 11, which no address does.
    #[function(signature = "(obj, /)")]
    fn id(obj: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        crate::modules::builtins::id_of(&obj)
    }

    #[function(signature = "(obj, class_or_tuple, /)")]
    fn isinstance(obj: Borrowed<'_, Object>, class_or_tuple: Borrowed<'_, Object>) -> PyResult<bool> {
        obj.is_instance(class_or_tuple)
    }

    #[function(signature = "(cls, class_or_tuple, /)")]
    fn issubclass(cls: Borrowed<'_, Object>, class_or_tuple: Borrowed<'_, Object>) -> PyResult<bool> {
        cls.is_subclass(class_or_tuple)
    }

    #[function(raw)]
    fn iter(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("iter")?;
        args.check_count("iter", 1, 2)?;
        let [object, rest @ ..] = args.positional() else { return Err(crate::object::args::rt::bad_internal_call()) };
        match rest.first() {
            None => object.iter(),
            Some(sentinel) => {
                if !object.is_callable() {
                    return Err(raise!(TypeError, "iter(v, w): v must be callable"));
                }
                crate::types::iter::CallableIterator::new(object.to_owned(), sentinel.to_owned())
            }
        }
    }

    #[function(raw)]
    fn next(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("next")?;
        args.check_count("next", 1, 2)?;
        let [iterator, rest @ ..] = args.positional() else { return Err(crate::object::args::rt::bad_internal_call()) };
        let Some(next) = iterator.type_of().tp_iternext.get().filter(|_| iterator.is_iterator()) else {
            return Err(raise!(TypeError, "'{}' object is not an iterator", iterator.type_name()));
        };
        // SAFETY: the slot takes a live object and gives an owned result or NULL.
        if let Some(item) = unsafe { Ref::<Object>::from_owned_ptr_or_null(next(iterator.as_ptr())) } {
            return Ok(item);
        }
        match (Raised::check(), rest.first()) {
            (Ok(()), None) => Err(exceptions::raise_stop_iteration(None)),
            (Ok(()), Some(default)) => Ok(default.to_owned()),
            (Err(raised), None) => Err(raised),
            (Err(raised), Some(default)) => {
                raised.clear_if::<exceptions::StopIteration>()?;
                Ok(default.to_owned())
            }
        }
    }

    #[function(signature = "(async_iterable, /)")]
    fn aiter(async_iterable: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // SAFETY: null or a table that lives as long as the type; slots take live objects.
        unsafe {
            let methods = async_iterable.type_of().tp_as_async.get().as_ref();
            let Some(aiter) = methods.and_then(|methods| methods.am_aiter.get()) else {
                return Err(raise!(TypeError, "'{}' object is not an async iterable", async_iterable.type_name()));
            };
            let iterator: Ref<Object> = crate::object::protocol::attr::from_result(aiter(async_iterable.as_ptr()))?;
            let methods = iterator.type_of().tp_as_async.get().as_ref();
            if methods.and_then(|methods| methods.am_anext.get()).is_none() {
                return Err(raise!(
                    TypeError,
                    "aiter() returned not an async iterator of type '{}'",
                    iterator.type_name()
                ));
            }
            Ok(iterator)
        }
    }

    #[function(signature = "(aiterator, default=<unrepresentable>, /)")]
    fn anext(aiterator: Borrowed<'_, Object>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        // SAFETY: null or a table that lives as long as the type; slots take live objects.
        let awaitable: Ref<Object> = unsafe {
            let methods = aiterator.type_of().tp_as_async.get().as_ref();
            let Some(anext) = methods.and_then(|methods| methods.am_anext.get()) else {
                return Err(raise!(TypeError, "'{}' object is not an async iterator", aiterator.type_name()));
            };
            crate::object::protocol::attr::from_result(anext(aiterator.as_ptr()))?
        };
        match default {
            None => Ok(awaitable),
            Some(default) => {
                Ok(crate::types::generator::AnextAwaitable::new(awaitable, default.to_owned())?.into_object())
            }
        }
    }

    #[function(signature = "(obj, /)")]
    fn len(obj: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        Int::from_usize(obj.len()?)
    }

    #[function(signature = "(base, exp, mod=None)")]
    fn pow(
        base: Borrowed<'_, Object>,
        exp: Borrowed<'_, Object>,
        modulus: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let absent = none();
        base.power(exp, modulus.unwrap_or(absent.borrow()))
    }

    #[function(signature = "(obj, /)")]
    fn repr(obj: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        obj.repr()
    }

    #[function(signature = "(number, ndigits=None)")]
    fn round(number: Borrowed<'_, Object>, ndigits: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let ndigits = ndigits.filter(|ndigits| !ndigits.is_none());
        match number.call_special(id!("__round__"), ndigits.as_slice())? {
            Some(result) => Ok(result),
            None => Err(raise!(TypeError, "type {} doesn't define __round__ method", number.type_name())),
        }
    }

    #[function(signature = "(*args, **kws)")]
    fn breakpoint(args: Args<'_>, kws: crate::object::args::KwArgs<'_>) -> PyResult<Ref<Object>> {
        let hook = match thread::interpreter().sys_attr(id!("breakpointhook")) {
            Some(hook) => hook,
            None => return Err(raise!(RuntimeError, "lost sys.breakpointhook")),
        };
        crate::modules::sys::audit("builtins.breakpoint", &[hook.borrow()])?;
        let (args, kws) = (args.to_tuple()?, kws.to_dict()?);
        hook.call_tuple(args.borrow(), Some(kws.borrow()))
    }
}

/// `id(object)`.
pub fn id_of(object: &Ref<Object>) -> PyResult<Ref<Int>> {
    if let Some(int) = object.downcast_exact::<Int>()
        && let Some(value) = int.immediate_value()
    {
        return Int::from_u64(crate::interp::stackref::StackRef::int(value).bits());
    }
    Int::from_usize(object.as_ptr() as usize)
}

/// The classes of `builtins`, by name.
fn classes() -> Vec<(&'static str, Borrowed<'static, Type>)> {
    macro_rules! table {
        ($($path:path),* $(,)?) => {
            vec![$((<$path as PyLayout>::NAME, <$path as PyLayout>::type_object())),*]
        };
    }
    use crate::types;
    table![
        types::Bool,
        types::ByteArray,
        types::Bytes,
        types::classmethod::ClassMethod,
        types::Complex,
        types::Dict,
        types::builtin_iters::Enumerate,
        types::builtin_iters::Filter,
        types::Float,
        types::FrozenSet,
        types::property::Property,
        types::Int,
        types::List,
        types::builtin_iters::Map,
        types::MemoryView,
        Object,
        types::range::Range,
        types::builtin_iters::Reversed,
        types::Set,
        types::Slice,
        types::classmethod::StaticMethod,
        types::Str,
        types::super_::Super,
        types::Tuple,
        Type,
        types::builtin_iters::Zip,
    ]
}

/// Makes the module `builtins`, and keeps its dict in the interpreter state.
pub fn create() -> PyResult<Ref<Module>> {
    exceptions::preallocate()?;
    let module = Module::new("builtins")?;
    // SAFETY: the definition and its table are statics.
    unsafe {
        Builtins::init();
        let definition = Builtins::MODULE_DEF;
        crate::types::module::add_functions(module.as_object(), (*definition).m_methods, id!("builtins"))?;
        module.0.md_def.set(definition);
    }
    if let Some(doc) = crate::types::descr::doc::find("builtins") {
        module.add("__doc__", Str::from_utf8_str(doc)?)?;
    }
    module.add("None", none())?;
    module.add("Ellipsis", crate::object::ellipsis())?;
    module.add("NotImplemented", not_implemented())?;
    module.add("False", Bool::from(false))?;
    module.add("True", Bool::from(true))?;
    module.add("__debug__", Bool::from(thread::config().optimization_level == 0))?;
    for (name, class) in classes() {
        module.add(name, class)?;
    }
    for class in exceptions::TYPES {
        // SAFETY: the exception types are static.
        let class: Borrowed<'_, Type> = unsafe { Borrowed::from_ptr(class()) };
        module.add(&class.name(), class)?;
    }
    module.add("EnvironmentError", exceptions::OSError::type_object())?;
    module.add("IOError", exceptions::OSError::type_object())?;
    module.add("ExceptionGroup", exceptions::create_exception_group_class()?)?;

    let dict = module.dict();
    let interp = thread::interpreter();
    if let Some(import) = dict.get_str(id!("__import__")) {
        interp.import_function.set(Some(import));
    }
    interp.builtins_copy.set(Some(dict.copy()?.into_object()));
    interp.builtins.set(Some(dict.into_object()));
    Ok(module)
}

/// Whether any item of the iterable has the truth that is looked for.
fn find_truth(iterable: Borrowed<'_, Object>, wanted: bool) -> PyResult<bool> {
    if let Some(list) = iterable.downcast_exact::<List>() {
        let mut index = 0;
        while let Some(item) = list.get(index) {
            if item.is_true()? == wanted {
                return Ok(true);
            }
            index += 1;
        }
        return Ok(false);
    }
    let iterator = iterable.iter()?;
    while let Some(item) = iterator.next()? {
        if item.is_true()? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}
