//! `_lsprof`: the profiler behind `cProfile`. CPython: `Modules/_lsprof.c`.
//!
//! A profiler is a tool of `sys.monitoring` whose callbacks are its own methods. It keeps an entry for each code object
//! and each native function it has seen, and a stack of the calls that run now. **Invariant:** the data are not borrowed
//! while the timer is read, which may be a function of Python.

use core::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Instant;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::builtin_function::CFunction;
use taipan_runtime::types::descr::MethodDescr;
use taipan_runtime::types::{exceptions, struct_seq};

use crate::support::{self, Slot};

/// The tool that profilers are: `sys.monitoring.PROFILER_ID`.
const TOOL: i64 = 2;

/// The events, by their bits, and the methods called for them.
const CALLBACKS: [(u32, &str); 9] = [
    (0, "_pystart_callback"),
    (1, "_pystart_callback"),
    (14, "_pythrow_callback"),
    (2, "_pyreturn_callback"),
    (3, "_pyreturn_callback"),
    (13, "_pyreturn_callback"),
    (4, "_ccall_callback"),
    (16, "_creturn_callback"),
    (17, "_creturn_callback"),
];

const ENTRY_FIELDS: [&str; 6] = ["code", "callcount", "reccallcount", "totaltime", "inlinetime", "calls"];

/// Times and counts of a function, or of a function called from one other. Times are in units of the timer.
#[derive(Clone, Copy, Default)]
struct Counts {
    calls: i64,
    recursive: i64,
    total: i64,
    inline: i64,
    /// How many calls of it run now.
    level: i64,
}

impl Counts {
    /// A call ends that took `total`, `inline` of it in itself.
    fn add(&mut self, total: i64, inline: i64) {
        self.level -= 1;
        if self.level == 0 {
            self.total = self.total.wrapping_add(total);
        } else {
            self.recursive += 1;
        }
        self.inline = self.inline.wrapping_add(inline);
        self.calls += 1;
    }
}

struct Entry {
    /// The code object, or what a native function is called.
    object: Ref<Object>,
    counts: Counts,
    /// What it called, in the order of the first calls.
    callees: Vec<(usize, Counts)>,
}

impl Entry {
    fn callee(&mut self, index: usize) -> Option<&mut Counts> {
        match self.callees.iter().position(|(callee, _)| *callee == index) {
            Some(place) => Some(&mut self.callees[place].1),
            None => {
                self.callees.try_reserve(1).ok()?;
                self.callees.push((index, Counts::default()));
                self.callees.last_mut().map(|(_, counts)| counts)
            }
        }
    }
}

/// A call that runs.
struct Call {
    entry: usize,
    start: i64,
    /// The time spent in calls it made.
    inner: i64,
}

#[derive(Default)]
struct Data {
    entries: Vec<Entry>,
    by_key: HashMap<usize, usize>,
    running: Vec<Call>,
}

#[repr(C)]
pub struct Profiler {
    head: PyObject,
    timer: Slot,
    /// Seconds for a unit of the timer; 0 when it gives seconds as a float.
    unit: Cell<f64>,
    subcalls: Cell<bool>,
    builtins: Cell<bool>,
    enabled: Cell<bool>,
    in_timer: Cell<bool>,
    out_of_memory: Cell<bool>,
    data: Cell<*mut RefCell<Data>>,
}

fn clock() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as i64
}

impl Profiler {
    fn data(&self) -> &RefCell<Data> {
        // SAFETY: set when the object is made, and freed with it.
        unsafe { &*self.data.get() }
    }

    fn now(&self) -> i64 {
        let Some(timer) = self.timer.get() else { return clock() };
        self.in_timer.set(true);
        let result = timer.call0();
        self.in_timer.set(false);
        let value = result.and_then(|value| {
            if self.unit.get() > 0.0 {
                return value.as_isize().map(|units| units as i64);
            }
            value.as_f64().map(|seconds| (seconds * 1e9) as i64)
        });
        match value {
            Ok(value) => value,
            Err(raised) => {
                exceptions::report_unraisable(
                    raised,
                    "Exception ignored while calling _lsprof timer",
                    Some(timer.borrow()),
                );
                0
            }
        }
    }

    /// A call of what `key` stands for begins.
    fn enter(&self, key: usize, object: impl FnOnce() -> PyResult<Ref<Object>>) -> PyResult<()> {
        let known = self.data().borrow().by_key.get(&key).copied();
        let entry = match known {
            Some(entry) => entry,
            None => {
                let object = object()?;
                let mut data = self.data().borrow_mut();
                let data = &mut *data;
                if data.entries.try_reserve(1).is_err() || data.by_key.try_reserve(1).is_err() {
                    self.out_of_memory.set(true);
                    return Ok(());
                }
                data.entries.push(Entry { object, counts: Counts::default(), callees: Vec::new() });
                data.by_key.insert(key, data.entries.len() - 1);
                data.entries.len() - 1
            }
        };
        {
            let mut data = self.data().borrow_mut();
            let data = &mut *data;
            if data.running.try_reserve(1).is_err() {
                self.out_of_memory.set(true);
                return Ok(());
            }
            data.entries[entry].counts.level += 1;
            if self.subcalls.get()
                && let Some(caller) = data.running.last()
            {
                match data.entries[caller.entry].callee(entry) {
                    Some(counts) => counts.level += 1,
                    None => self.out_of_memory.set(true),
                }
            }
            data.running.push(Call { entry, start: 0, inner: 0 });
        }
        let now = self.now();
        if let Some(call) = self.data().borrow_mut().running.last_mut() {
            call.start = now;
        }
        Ok(())
    }

    /// The call that began last ends; it is one of `key`, if that is known.
    fn leave(&self, key: Option<usize>) {
        if self.data().borrow().running.is_empty() {
            return;
        }
        let now = self.now();
        let mut data = self.data().borrow_mut();
        let data = &mut *data;
        let Some(call) = data.running.pop() else { return };
        let entry = match key {
            Some(key) => match data.by_key.get(&key) {
                Some(&entry) => entry,
                None => return,
            },
            None => call.entry,
        };
        let total = now.wrapping_sub(call.start);
        let inline = total.wrapping_sub(call.inner);
        data.entries[entry].counts.add(total, inline);
        if let Some(caller) = data.running.last_mut() {
            caller.inner = caller.inner.wrapping_add(total);
            if self.subcalls.get()
                && let Some(counts) = data.entries[caller.entry].callee(entry)
            {
                counts.add(total, inline);
            }
        }
    }

    /// Ends the calls that are still running.
    fn flush(&self) {
        while !self.data().borrow().running.is_empty() {
            self.leave(None);
        }
    }
}

/// The native function behind a callable of a `CALL` event; `None` for all else.
fn native_function(callable: Borrowed<'_, Object>, argument: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    if callable.is_instance_of::<CFunction>() {
        return Ok(Some(callable.to_owned()));
    }
    if callable.is_exact::<MethodDescr>() && !argument.is(&taipan_runtime::interp::monitoring::missing()?) {
        let method = callable.bind(Some(argument), argument.type_of().upcast())?;
        return Ok(Some(method).filter(|method| method.is_instance_of::<CFunction>()));
    }
    Ok(None)
}

/// The key of a native function: its definition.
fn native_key(function: &Ref<Object>) -> usize {
    function.downcast::<CFunction>().map_or(0, |function| core::ptr::from_ref(function.def()) as usize)
}

/// What statistics call a native function: how the method of its type shows itself, or its module and name.
fn native_name(function: &Ref<Object>) -> PyResult<Ref<Object>> {
    let name = function.getattr(id!("__name__"))?;
    let instance = function.getattr(id!("__self__"))?;
    if !instance.is_none()
        && let Some(name) = name.downcast::<Str>()
        && let Some(method) = instance.type_of().lookup(name)
    {
        match method.repr() {
            Ok(text) => return Ok(text.into_object()),
            Err(raised) => raised.clear(),
        }
    }
    let module = function.lookup_attr(id!("__module__"))?.filter(|module| module.is_instance_of::<Str>());
    let text = match module {
        Some(module) => format!("<built-in method {}.{}>", module.to_text(), name.to_text()),
        None => format!("<built-in method {}>", name.to_text()),
    };
    Ok(Str::from_utf8_str(&text)?.into_object())
}

fn monitoring() -> PyResult<Ref<Object>> {
    let sys = thread::interpreter().sys_dict()?;
    match sys.get(id!("monitoring").upcast())? {
        Some(module) => Ok(module),
        None => Err(raise!(RuntimeError, "lost sys.monitoring")),
    }
}

fn call_monitoring(name: &str, args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    monitoring()?.getattr(Str::from_utf8_str(name)?.borrow())?.call(args)
}

#[pytype(name = "Profiler", module = "_lsprof", basetype, gc, heap, basicsize = 80, extend = [Profiler::NATIVE])]
impl Profiler {
    #[slot(tp_new)]
    fn prefill(this: &Ref<Profiler>) {
        this.data.set(Box::into_raw(Box::default()));
        this.subcalls.set(true);
        this.builtins.set(true);
    }

    #[init(signature = "(timer=None, timeunit=0.0, subcalls=True, builtins=True)")]
    fn init(
        this: &Ref<Profiler>,
        timer: Option<Borrowed<'_, Object>>,
        timeunit: Option<f64>,
        subcalls: Option<bool>,
        builtins: Option<bool>,
    ) -> PyResult<()> {
        this.timer.set(timer.filter(|timer| !timer.is_none()).map(|timer| timer.to_owned()));
        this.unit.set(timeunit.unwrap_or(0.0));
        this.subcalls.set(subcalls.unwrap_or(true));
        this.builtins.set(builtins.unwrap_or(true));
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Profiler) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            if (*this).enabled.replace(false)
                && let Err(raised) = stop_tool()
            {
                exceptions::report_unraisable(raised, "Exception ignored in tp_dealloc of _lsprof.Profiler", None);
            }
            let data = (*this).data.replace(core::ptr::null_mut());
            if !data.is_null() {
                drop(Box::from_raw(data));
            }
            drop((*this).timer.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Profiler, visit: &mut Visitor) {
        support::traverse([&this.timer], visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Profiler>) {
        support::clear([&this.timer]);
    }

    #[method(signature = "($self, /)", defining_class)]
    fn getstats(this: &Ref<Profiler>) -> PyResult<Ref<List>> {
        disable(this)?;
        let unit = if this.timer.is_set() && this.unit.get() > 0.0 { this.unit.get() } else { 1e-9 };
        // A copy: making objects may run a collection, and that anything.
        let mut rows: Vec<(Ref<Object>, Counts, Vec<(Ref<Object>, Counts)>)> = Vec::new();
        {
            let data = this.data().borrow();
            if rows.try_reserve(data.entries.len()).is_err() {
                return Err(Raised::no_memory());
            }
            for entry in data.entries.iter().filter(|entry| entry.counts.calls != 0) {
                let callees = entry
                    .callees
                    .iter()
                    .filter(|(_, counts)| counts.calls != 0)
                    .map(|(index, counts)| (data.entries[*index].object.clone(), *counts));
                rows.push((entry.object.clone(), entry.counts, callees.collect()));
            }
        }
        let (entry_class, subentry_class) = classes()?;
        let fields = |object: Ref<Object>, counts: &Counts| -> PyResult<Vec<Ref<Object>>> {
            Ok(vec![
                object,
                Int::from_i64(counts.calls)?.into_object(),
                Int::from_i64(counts.recursive)?.into_object(),
                Float::new(counts.total as f64 * unit)?.into_object(),
                Float::new(counts.inline as f64 * unit)?.into_object(),
            ])
        };
        let list = List::new()?;
        for (object, counts, callees) in rows {
            let calls = if callees.is_empty() {
                none()
            } else {
                let inner = List::new()?;
                for (callee, counts) in callees {
                    inner.push(struct_seq::instance(&subentry_class, fields(callee, &counts)?)?)?;
                }
                inner.into_object()
            };
            let mut values = fields(object, &counts)?;
            values.push(calls);
            list.push(struct_seq::instance(&entry_class, values)?)?;
        }
        Ok(list)
    }

    #[method(signature = "($self, /, subcalls=True, builtins=True)")]
    fn enable(this: &Ref<Profiler>, subcalls: Option<bool>, builtins: Option<bool>) -> PyResult<()> {
        this.subcalls.set(subcalls.unwrap_or(true));
        this.builtins.set(builtins.unwrap_or(true));
        let tool = Int::from_i64(TOOL)?.into_object();
        call_monitoring("use_tool_id", &[tool.borrow(), Str::from_utf8_str("cProfile")?.as_borrowed()])?;
        let mut events = 0;
        for (bit, method) in CALLBACKS {
            let callback = this.as_object().getattr(Str::from_utf8_str(method)?.borrow())?;
            let event = Int::from_i64(1 << bit)?.into_object();
            call_monitoring("register_callback", &[tool.borrow(), event.borrow(), callback.borrow()])?;
            events |= 1i64 << bit;
        }
        call_monitoring("set_events", &[tool.borrow(), Int::from_i64(events)?.as_borrowed()])?;
        this.enabled.set(true);
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn disable(this: &Ref<Profiler>) -> PyResult<()> {
        disable(this)
    }

    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<Profiler>) -> PyResult<()> {
        if this.in_timer.get() {
            return Err(raise!(RuntimeError, "cannot clear profiler in external timer"));
        }
        let old = this.data().replace(Data::default());
        drop(old);
        Ok(())
    }

    #[method(signature = "($self, code, instruction_offset, /)")]
    fn _pystart_callback(
        this: &Ref<Profiler>,
        code: Borrowed<'_, Object>,
        _instruction_offset: Borrowed<'_, Object>,
    ) -> PyResult<()> {
        this.enter(code.as_ptr() as usize, || Ok(code.to_owned()))
    }

    #[method(signature = "($self, code, instruction_offset, exception, /)")]
    fn _pythrow_callback(
        this: &Ref<Profiler>,
        code: Borrowed<'_, Object>,
        _instruction_offset: Borrowed<'_, Object>,
        _exception: Borrowed<'_, Object>,
    ) -> PyResult<()> {
        this.enter(code.as_ptr() as usize, || Ok(code.to_owned()))
    }

    #[method(signature = "($self, code, instruction_offset, retval, /)")]
    fn _pyreturn_callback(
        this: &Ref<Profiler>,
        code: Borrowed<'_, Object>,
        _instruction_offset: Borrowed<'_, Object>,
        _retval: Borrowed<'_, Object>,
    ) {
        this.leave(Some(code.as_ptr() as usize));
    }
}

/// The callbacks of native functions, which differ in what they do with the function.
macro_rules! native_callbacks {
    ($part:ident: $($name:ident = |$this:ident, $function:ident| $body:expr;)*) => {
        #[pymethods(part = $part)]
        impl Profiler {$(
            #[method(signature = "($self, code, instruction_offset, callable, self_arg, /)")]
            fn $name(
                $this: &Ref<Profiler>,
                _code: Borrowed<'_, Object>,
                _instruction_offset: Borrowed<'_, Object>,
                callable: Borrowed<'_, Object>,
                self_arg: Borrowed<'_, Object>,
            ) -> PyResult<()> {
                match $this.builtins.get() {
                    true => native_function(callable, self_arg)?.map_or(Ok(()), |$function| $body),
                    false => Ok(()),
                }
            }
        )*}
    };
}

native_callbacks! { NATIVE:
    _ccall_callback = |this, function| this.enter(native_key(&function), || native_name(&function));
    _creturn_callback = |this, function| {
        this.leave(Some(native_key(&function)));
        Ok(())
    };
}

/// Gives the tool back.
fn stop_tool() -> PyResult<()> {
    let tool = Int::from_i64(TOOL)?.into_object();
    let absent = none();
    for (bit, _) in CALLBACKS {
        let event = Int::from_i64(1 << bit)?.into_object();
        call_monitoring("register_callback", &[tool.borrow(), event.borrow(), absent.borrow()])?;
    }
    call_monitoring("set_events", &[tool.borrow(), Int::from_i64(0)?.as_borrowed()])?;
    call_monitoring("free_tool_id", &[tool.borrow()]).map(drop)
}

fn disable(this: &Ref<Profiler>) -> PyResult<()> {
    if this.in_timer.get() {
        return Err(raise!(RuntimeError, "cannot disable profiler in external timer"));
    }
    if this.enabled.replace(false) {
        stop_tool()?;
        this.flush();
    }
    if this.out_of_memory.replace(false) {
        return Err(raise!(MemoryError, "memory was exhausted while profiling"));
    }
    Ok(())
}

/// The classes of rows. The GIL guards them.
static CLASSES: [Slot; 2] = [const { Slot::new() }; 2];

fn classes() -> PyResult<(Ref<Type>, Ref<Type>)> {
    // SAFETY: only classes are put there, and they stay.
    let class = |slot: &Slot| unsafe { slot.get_as::<Type>() };
    match (class(&CLASSES[0]), class(&CLASSES[1])) {
        (Some(entry), Some(subentry)) => Ok((entry, subentry)),
        _ => Err(raise!(SystemError, "_lsprof is not initialised")),
    }
}

pub struct Lsprof;

#[pymodule(name = "_lsprof")]
impl Lsprof {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Profiler>()?;
        for (slot, (name, count)) in CLASSES.iter().zip([("profiler_entry", 6), ("profiler_subentry", 5)]) {
            if !slot.is_set() {
                let class = struct_seq::new_class(&format!("_lsprof.{name}"), &ENTRY_FIELDS[..count], count)?;
                slot.set(Some(class.into_object()));
            }
            module.add(name, slot.get().unwrap_or_else(none))?;
        }
        Ok(())
    }
}
