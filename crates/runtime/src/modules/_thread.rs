pub fn wait_for_threads() -> crate::object::PyResult<()> { Ok(()) }
