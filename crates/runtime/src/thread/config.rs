//! The configuration of the process: what the command line, the environment and the search for the library settled.
//!
//! Written once before the first thread state exists. CPython: `Python/initconfig.c` (`PyConfig`).

use std::ffi::OsString;
use std::sync::OnceLock;

/// One field per field of `PyConfig` that anything reads; the names are C's.
#[derive(Clone, Debug)]
pub struct Config {
    pub isolated: bool,
    pub use_environment: bool,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    pub install_signal_handlers: bool,
    /// `None` for a random seed.
    pub hash_seed: Option<u32>,
    pub faulthandler: bool,
    pub tracemalloc: u32,
    pub perf_profiling: i32,
    pub remote_debug: bool,
    pub import_time: i32,
    pub code_debug_ranges: bool,
    pub show_ref_count: bool,
    pub malloc_stats: bool,
    pub filesystem_encoding: String,
    pub filesystem_errors: String,
    pub pycache_prefix: Option<OsString>,
    pub orig_argv: Vec<OsString>,
    pub argv: Vec<OsString>,
    pub xoptions: Vec<OsString>,
    pub warnoptions: Vec<OsString>,
    pub site_import: bool,
    pub bytes_warning: i32,
    pub warn_default_encoding: bool,
    pub inspect: bool,
    pub interactive: bool,
    pub optimization_level: i32,
    pub parser_debug: bool,
    pub write_bytecode: bool,
    pub verbose: i32,
    pub quiet: bool,
    pub user_site_directory: bool,
    pub buffered_stdio: bool,
    pub stdio_encoding: String,
    pub stdio_errors: String,
    pub check_hash_pycs_mode: String,
    pub use_frozen_modules: bool,
    pub safe_path: bool,
    pub int_max_str_digits: i32,
    pub thread_inherit_context: bool,
    pub context_aware_warnings: bool,
    /// -1 for what the system says.
    pub cpu_count: i32,
    pub program_name: OsString,
    pub pythonpath_env: Option<OsString>,
    pub home: Option<OsString>,
    pub platlibdir: String,
    pub module_search_paths: Vec<OsString>,
    pub stdlib_dir: Option<OsString>,
    pub executable: OsString,
    pub base_executable: OsString,
    pub prefix: OsString,
    pub base_prefix: OsString,
    pub exec_prefix: OsString,
    pub base_exec_prefix: OsString,
    pub skip_source_first_line: bool,
    pub run_command: Option<OsString>,
    pub run_module: Option<OsString>,
    pub run_filename: Option<OsString>,
    pub sys_path_0: Option<OsString>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            isolated: false,
            use_environment: true,
            dev_mode: false,
            utf8_mode: true,
            install_signal_handlers: true,
            hash_seed: None,
            faulthandler: false,
            tracemalloc: 0,
            perf_profiling: 0,
            remote_debug: true,
            import_time: 0,
            code_debug_ranges: true,
            show_ref_count: false,
            malloc_stats: false,
            filesystem_encoding: "utf-8".into(),
            filesystem_errors: "surrogateescape".into(),
            pycache_prefix: None,
            orig_argv: Vec::new(),
            argv: vec![OsString::new()],
            xoptions: Vec::new(),
            warnoptions: Vec::new(),
            site_import: true,
            bytes_warning: 0,
            warn_default_encoding: false,
            inspect: false,
            interactive: false,
            optimization_level: 0,
            parser_debug: false,
            write_bytecode: true,
            verbose: 0,
            quiet: false,
            user_site_directory: true,
            buffered_stdio: true,
            stdio_encoding: "utf-8".into(),
            stdio_errors: "strict".into(),
            check_hash_pycs_mode: "default".into(),
            use_frozen_modules: true,
            safe_path: false,
            int_max_str_digits: 4300,
            thread_inherit_context: false,
            context_aware_warnings: false,
            cpu_count: -1,
            program_name: OsString::new(),
            pythonpath_env: None,
            home: None,
            platlibdir: "lib".into(),
            module_search_paths: Vec::new(),
            stdlib_dir: None,
            executable: OsString::new(),
            base_executable: OsString::new(),
            prefix: OsString::new(),
            base_prefix: OsString::new(),
            exec_prefix: OsString::new(),
            base_exec_prefix: OsString::new(),
            skip_source_first_line: false,
            run_command: None,
            run_module: None,
            run_filename: None,
            sys_path_0: None,
        }
    }
}

impl Config {
    /// The value of `-X name=value` (or `""` for `-X name`), the last one given.
    pub fn xoption(&self, name: &str) -> Option<&str> {
        self.xoptions.iter().rev().find_map(|option| {
            let text = option.to_str()?;
            match text.split_once('=') {
                Some((key, value)) if key == name => Some(value),
                None if text == name => Some(""),
                _ => None,
            }
        })
    }
}

static CONFIG: OnceLock<Config> = OnceLock::new();

/// Settles the configuration; the first call wins.
pub fn set_config(config: Config) {
    let _ = CONFIG.set(config);
}

/// The configuration; the defaults where nobody set one.
pub fn config() -> &'static Config {
    CONFIG.get_or_init(Config::default)
}
