//! `gc`: the collector as programs see it.

use crate::memory::{gc, object};
use crate::prelude::*;

pub struct Gc;

#[pymodule(name = "gc")]
impl Gc {
    const DEBUG_STATS: c_int = abi::_PyGC_DEBUG_STATS;
    const DEBUG_COLLECTABLE: c_int = abi::_PyGC_DEBUG_COLLECTABLE;
    const DEBUG_UNCOLLECTABLE: c_int = abi::_PyGC_DEBUG_UNCOLLECTABLE;
    const DEBUG_SAVEALL: c_int = abi::_PyGC_DEBUG_SAVEALL;
    const DEBUG_LEAK: c_int = abi::_PyGC_DEBUG_LEAK;

    #[function(signature = "()")]
    fn enable() {
        gc::set_enabled(true);
    }

    #[function(signature = "()")]
    fn disable() {
        gc::set_enabled(false);
    }

    #[function(signature = "()")]
    fn isenabled() -> bool {
        gc::is_enabled()
    }

    #[function(signature = "(flags, /)")]
    fn set_debug(flags: i32) {
        gc::set_debug_flags(flags);
    }

    #[function(signature = "()")]
    fn get_debug() -> i32 {
        gc::debug_flags()
    }

    #[function(signature = "()")]
    fn get_count() -> PyResult<Ref<Tuple>> {
        int_tuple(gc::counts())
    }

    #[function(raw)]
    fn set_threshold(args: CallArgs<'_>) -> PyResult<()> {
        args.no_keywords("set_threshold")?;
        if !(1..=3).contains(&args.nargs()) {
            return Err(raise!(TypeError, "gc.set_threshold requires 1 to 3 arguments"));
        }
        for (generation, value) in args.positional().iter().enumerate() {
            gc::set_threshold(generation, to_c_int(*value)?);
        }
        Ok(())
    }

    #[function(signature = "()")]
    fn get_threshold() -> PyResult<Ref<Tuple>> {
        int_tuple(gc::thresholds())
    }

    #[function(signature = "(generation=2)")]
    fn collect(generation: i32) -> PyResult<isize> {
        match usize::try_from(generation) {
            Ok(generation) if generation < gc::GENERATIONS => Ok(gc::collect(generation)),
            _ => Err(raise!(ValueError, "invalid generation")),
        }
    }

    #[function(signature = "(generation=None)")]
    fn get_objects(generation: Option<Borrowed<'_, Object>>) -> PyResult<Ref<List>> {
        let generation = match generation.filter(|generation| !generation.is_none()) {
            None => None,
            Some(generation) => {
                if !generation.has_index() {
                    let name = generation.type_name();
                    return Err(raise!(TypeError, "argument should be integer or None, not '{name}'"));
                }
                // -1 stands for all.
                match generation.as_index_isize()? {
                    -1 => None,
                    number if number < -1 => {
                        return Err(raise!(ValueError, "generation parameter cannot be negative"));
                    }
                    number if number >= gc::GENERATIONS as isize => {
                        return Err(raise!(
                            ValueError,
                            "generation parameter must be less than the number of available generations ({})",
                            gc::GENERATIONS
                        ));
                    }
                    number => Some(number as usize),
                }
            }
        };
        List::from_vec(gc::objects(generation)?)
    }

    #[function(signature = "()")]
    fn get_stats() -> PyResult<Ref<List>> {
        let result = List::new()?;
        for generation in 0..gc::GENERATIONS {
            let (collections, collected, uncollectable) = gc::stats(generation);
            let stats = Dict::new()?;
            stats.set_item(id!("collections"), Int::from_isize(collections)?.borrow())?;
            stats.set_item(id!("collected"), Int::from_isize(collected)?.borrow())?;
            stats.set_item(id!("uncollectable"), Int::from_isize(uncollectable)?.borrow())?;
            result.push(stats.into_object())?;
        }
        Ok(result)
    }

    #[function(signature = "(obj, /)")]
    fn is_tracked(obj: Borrowed<'_, Object>) -> bool {
        // SAFETY: a live object of the collector.
        unsafe { object::is_gc(obj.as_ptr()) && object::is_tracked(obj.as_ptr()) }
    }

    #[function(signature = "(obj, /)")]
    fn is_finalized(obj: Borrowed<'_, Object>) -> bool {
        // SAFETY: a live object of the collector.
        unsafe { object::is_gc(obj.as_ptr()) && object::is_finalized(obj.as_ptr()) }
    }

    #[function(signature = "(*objs)")]
    fn get_referrers(objs: Args<'_>) -> PyResult<Ref<List>> {
        let wanted: Vec<_> = objs.as_slice().iter().map(|object| object.as_ptr()).gather()?;
        List::from_vec(gc::referrers(&wanted, &[])?)
    }

    #[function(signature = "(*objs)")]
    fn get_referents(objs: Args<'_>) -> PyResult<Ref<List>> {
        let mut found = Vec::new();
        for object in objs.as_slice() {
            gc::referents(*object, &mut found)?;
        }
        List::from_vec(found)
    }

    #[function(signature = "()")]
    fn freeze() {
        gc::freeze();
    }

    #[function(signature = "()")]
    fn unfreeze() {
        gc::unfreeze();
    }

    #[function(signature = "()")]
    fn get_freeze_count() -> isize {
        gc::freeze_count() as isize
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("garbage", gc::garbage()?.into_object())?;
        module.add("callbacks", gc::callbacks()?.into_object())
    }
}

/// A C `int`, as `PyArg_Parse` converts it.
fn to_c_int(value: Borrowed<'_, Object>) -> PyResult<i32> {
    let number = value.as_index_isize()?;
    match i32::try_from(number) {
        Ok(number) => Ok(number),
        Err(_) if number > 0 => Err(raise!(OverflowError, "signed integer is greater than maximum")),
        Err(_) => Err(raise!(OverflowError, "signed integer is less than minimum")),
    }
}

fn int_tuple(values: [i32; 3]) -> PyResult<Ref<Tuple>> {
    let [a, b, c] = values;
    Tuple::pack([
        Int::from_isize(a as isize)?.into_object(),
        Int::from_isize(b as isize)?.into_object(),
        Int::from_isize(c as isize)?.into_object(),
    ])
}
