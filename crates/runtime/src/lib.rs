//! The object model and the virtual machine.
