//! `_socket`: sockets and the names of hosts, services and interfaces. CPython: `Modules/socketmodule.c`.
//!
//! **Invariant:** every call that may wait runs without the GIL, and again after a signal whose handlers raised nothing.

mod address;
mod api;
mod constants;
mod convert;
mod message;
mod object;
mod resolve;

use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::exceptions;

use crate::system::{add_constants, exception_class};
pub use object::Socket;

/// `socket.herror` and `socket.gaierror`.
static HERROR: Slot = Slot::new();
static GAIERROR: Slot = Slot::new();

pub struct SocketModule;

#[pymodule(name = "_socket", extend = [convert::Convert::FUNCTIONS, resolve::Resolve::FUNCTIONS, object::Functions::FUNCTIONS])]
impl SocketModule {
    const has_ipv6: bool = true;
    const BDADDR_ANY: &str = "00:00:00:00:00:00";
    const BDADDR_LOCAL: &str = "00:00:00:FF:FF:FF";

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let base = exceptions::OSError::type_object();
        module.add("error", base.as_object().clone())?;
        for (slot, name) in [(&HERROR, "herror"), (&GAIERROR, "gaierror")] {
            let class = exception_class("socket", name, base)?;
            slot.set(Some(class.clone().into_object()));
            module.add(name, class)?;
        }
        module.add("timeout", exceptions::TimeoutError::type_object().as_object().clone())?;
        module.add_type::<Socket>()?;
        module.add("SocketType", Socket::type_object().as_object().clone())?;
        module.add("CAPI", api::capsule()?)?;
        add_constants(module, constants::CONSTANTS)
    }
}
