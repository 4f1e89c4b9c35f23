pub fn wait_for_threads() {}
