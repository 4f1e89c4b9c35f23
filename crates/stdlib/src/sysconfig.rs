//! `_sysconfig`: what `sysconfig` cannot read from a makefile. CPython: `Modules/_sysconfig.c`.

use taipan_runtime::prelude::*;

pub struct SysConfig;

#[pymodule(name = "_sysconfig")]
impl SysConfig {
    #[function(signature = "($module, /)")]
    fn config_vars() -> PyResult<Ref<Dict>> {
        let vars = Dict::new()?;
        for name in ["Py_GIL_DISABLED", "Py_DEBUG"] {
            vars.set_str(Str::intern_str(name)?.borrow(), Int::from_i64(0)?.as_borrowed())?;
        }
        Ok(vars)
    }
}
