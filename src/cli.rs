//! The command line and the `PYTHON*` variables. CPython: `Python/initconfig.c`, `Python/getopt.c`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use taipan_runtime::thread::Config;

/// What the command line asks for.
pub enum Outcome {
    Run(Box<Config>),
    /// Everything is said; the process ends with this status.
    Exit(u8),
}

const USAGE: &str = "\
usage: taipan [option] ... [-c cmd | -m mod | file | -] [arg] ...
Options (and corresponding environment variables):
-b     : issue warnings about converting bytes/bytearray to str and comparing
         bytes/bytearray with str or bytes with int; also PYTHONBYTESWARNING=1
         (-bb: issue errors)
-B     : don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x
-c cmd : program passed in as string (terminates option list)
-d     : turn on parser debugging output (for experts only, only works on
         debug builds); also PYTHONDEBUG=x
-E     : ignore PYTHON* environment variables (such as PYTHONPATH)
-h     : print this help message and exit (also -? or --help)
-i     : inspect interactively after running script; forces a prompt even
         if stdin does not appear to be a terminal; also PYTHONINSPECT=x
-I     : isolate from the user's environment (implies -E, -P and -s)
-m mod : run library module as a script (terminates option list)
-O     : remove assert and __debug__-dependent statements; add .opt-1 before
         .pyc extension; also PYTHONOPTIMIZE=x
-OO    : do -O changes and also discard docstrings; add .opt-2 before
         .pyc extension
-P     : don't prepend a potentially unsafe path to sys.path; also
         PYTHONSAFEPATH
-q     : don't print version and copyright messages on interactive startup
-s     : don't add user site directory to sys.path; also PYTHONNOUSERSITE=x
-S     : don't imply 'import site' on initialization
-u     : force the stdout and stderr streams to be unbuffered;
         this option has no effect on stdin; also PYTHONUNBUFFERED=x
-v     : verbose (trace import statements); also PYTHONVERBOSE=x
         can be supplied multiple times to increase verbosity
-V     : print the Python version number and exit (also --version)
         when given twice, print more information about the build
-W arg : warning control; arg is action:message:category:module:lineno
         also PYTHONWARNINGS=arg
-x     : skip first line of source, allowing use of non-Unix forms of #!cmd
-X opt : set implementation-specific option
--check-hash-based-pycs always|default|never:
         control how Python invalidates hash-based .pyc files
--help-env: print help about Python environment variables and exit
--help-xoptions: print help about implementation-specific -X options and exit
--help-all: print complete help information and exit

Arguments:
file   : program read from script file
-      : program read from stdin (default; interactive mode if a tty)
arg ...: arguments passed to program in sys.argv[1:]
";

const TRY_HELP: &str = "Try 'taipan -h' for more information.";

/// `--help-env`, sorted by name.
const ENVIRONMENT_HELP: &str = "\
Environment variables that change behavior:
PYTHONBASICREPL: use the plain prompt
PYTHONBYTESWARNING: as -b
PYTHONCOERCECLOCALE: 0 keeps the C locale, \"warn\" tells when it is replaced
PYTHONDEBUG     : as -d
PYTHONDEVMODE   : as -X dev
PYTHONDONTWRITEBYTECODE: as -B
PYTHONFAULTHANDLER: as -X faulthandler
PYTHONHASHSEED  : seed of the hashes of str and bytes, or \"random\"
PYTHONHOME      : where the standard library is
PYTHONINSPECT   : as -i
PYTHONINTMAXSTRDIGITS: as -X int_max_str_digits
PYTHONIOENCODING: encoding[:errors] of the standard streams
PYTHONMALLOC    : the allocator of memory
PYTHONNODEBUGRANGES: as -X no_debug_ranges
PYTHONNOUSERSITE: as -s
PYTHONOPTIMIZE  : as -O
PYTHONPATH      : folders in front of sys.path, separated by ':'
PYTHONPYCACHEPREFIX: as -X pycache_prefix
PYTHONSAFEPATH  : as -P
PYTHONTRACEMALLOC: as -X tracemalloc
PYTHONUNBUFFERED: as -u
PYTHONUTF8      : as -X utf8
PYTHONVERBOSE   : as -v
PYTHONWARNDEFAULTENCODING: as -X warn_default_encoding
PYTHONWARNINGS  : as -W, separated by ','
";

/// `--help-xoptions`, sorted by name.
const X_HELP: &str = "\
The following implementation-specific options are available:
-X context_aware_warnings=[0|1]: warning filters belong to the context
-X cpu_count=N: what os.cpu_count() says
-X dev: development mode
-X faulthandler: show the traceback on fatal errors
-X frozen_modules=[on|off]: whether modules that are frozen are used
-X int_max_str_digits=N: the limit of conversions between int and str
-X no_debug_ranges: no columns in code objects
-X pycache_prefix=PATH: where .pyc files are written
-X thread_inherit_context=[0|1]: threads start with a copy of the context
-X tracemalloc[=N]: trace allocations with N frames each
-X utf8[=0|1]: UTF-8 mode
-X warn_default_encoding: warn where the encoding of the locale is used
";

/// Options that take a value, and those that do not.
const WITH_VALUE: &[u8] = b"cmWX";
const FLAGS: &[u8] = b"bBdEhiIJOPqRsSuvVx?";

/// The counts and values of options, before the environment is looked at.
#[derive(Default)]
struct Options {
    config: Config,
    inspect: bool,
    bytes_warning: i32,
    optimize: i32,
    verbose: i32,
    version: u32,
    debug: bool,
    no_user_site: bool,
    unbuffered: bool,
    dont_write_bytecode: bool,
    randomize: bool,
}

pub fn parse(arguments: Vec<OsString>) -> Outcome {
    let mut options = Options::default();
    options.config.orig_argv = arguments.clone();
    options.config.program_name = arguments.first().cloned().unwrap_or_else(|| "taipan".into());
    match read_options(&mut options, &arguments) {
        Ok(rest) => {
            if options.version > 0 {
                print_version(options.version);
                return Outcome::Exit(0);
            }
            finish(options, &arguments, rest)
        }
        Err(status) => Outcome::Exit(status),
    }
}

fn print_version(times: u32) {
    let version = taipan_runtime::modules::sys::version_text();
    if times > 1 {
        println!("Python {version}");
    } else {
        println!("Python {}", version.split_whitespace().next().unwrap_or_default());
    }
}

/// Reads options up to the first argument that is none; gives its index.
fn read_options(options: &mut Options, arguments: &[OsString]) -> Result<usize, u8> {
    let mut index = 1;
    while let Some(argument) = arguments.get(index) {
        let bytes = argument.as_bytes();
        if bytes == b"-" || !bytes.starts_with(b"-") {
            return Ok(index);
        }
        index += 1;
        if bytes == b"--" {
            return Ok(index);
        }
        if let Some(long) = bytes.strip_prefix(b"--") {
            index += long_option(options, long, arguments.get(index))?;
            continue;
        }
        let mut rest = &bytes[1..];
        while let Some((&letter, tail)) = rest.split_first() {
            rest = tail;
            if WITH_VALUE.contains(&letter) {
                let value = if rest.is_empty() {
                    index += 1;
                    arguments.get(index - 1).cloned()
                } else {
                    Some(OsString::from_vec(rest.to_vec()))
                };
                let Some(value) = value else {
                    eprintln!("Argument expected for the -{} option", letter as char);
                    return Err(usage_error(options));
                };
                rest = b"";
                match letter {
                    b'c' => {
                        options.config.run_command = Some(value);
                        return Ok(index);
                    }
                    b'm' => {
                        options.config.run_module = Some(value);
                        return Ok(index);
                    }
                    b'W' => options.config.warnoptions.push(value),
                    _ => options.config.xoptions.push(value),
                }
            } else if FLAGS.contains(&letter) {
                flag(options, letter)?;
            } else {
                eprintln!("Unknown option: -{}", letter as char);
                return Err(usage_error(options));
            }
        }
    }
    Ok(index)
}

fn usage_error(options: &Options) -> u8 {
    eprintln!(
        "usage: {} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n{TRY_HELP}",
        options.config.program_name.to_string_lossy()
    );
    2
}

/// Gives the number of further arguments that the option takes.
fn long_option(options: &mut Options, name: &[u8], next: Option<&OsString>) -> Result<usize, u8> {
    match name {
        b"help" => {
            print!("{USAGE}");
            Err(0)
        }
        b"help-env" => {
            print!("{ENVIRONMENT_HELP}");
            Err(0)
        }
        b"help-xoptions" => {
            print!("{X_HELP}");
            Err(0)
        }
        b"help-all" => {
            print!("{USAGE}\n{ENVIRONMENT_HELP}\n{X_HELP}");
            Err(0)
        }
        b"version" => {
            options.version += 1;
            Ok(0)
        }
        b"check-hash-based-pycs" => match next.and_then(|value| value.to_str()) {
            Some(mode @ ("always" | "default" | "never")) => {
                options.config.check_hash_pycs_mode = mode.to_owned();
                Ok(1)
            }
            Some(_) => {
                eprintln!("--check-hash-based-pycs must be one of 'default', 'always', or 'never'");
                Err(usage_error(options))
            }
            None => {
                eprintln!("Argument expected for the --check-hash-based-pycs option");
                Err(usage_error(options))
            }
        },
        _ => {
            eprintln!("Unknown option: --{}", String::from_utf8_lossy(name));
            Err(usage_error(options))
        }
    }
}

fn flag(options: &mut Options, letter: u8) -> Result<(), u8> {
    let config = &mut options.config;
    match letter {
        b'b' => options.bytes_warning += 1,
        b'B' => options.dont_write_bytecode = true,
        b'd' => options.debug = true,
        b'E' => config.use_environment = false,
        b'h' | b'?' => {
            print!("{USAGE}");
            return Err(0);
        }
        b'i' => {
            options.inspect = true;
            config.interactive = true;
        }
        b'I' => {
            config.isolated = true;
            config.use_environment = false;
            config.safe_path = true;
            options.no_user_site = true;
        }
        b'O' => options.optimize += 1,
        b'P' => config.safe_path = true,
        b'q' => config.quiet = true,
        b's' => options.no_user_site = true,
        b'S' => config.site_import = false,
        b'u' => options.unbuffered = true,
        b'v' => options.verbose += 1,
        b'V' => options.version += 1,
        b'x' => config.skip_source_first_line = true,
        // -R is the default, and -J is kept for Jython.
        b'R' => options.randomize = true,
        _ => {
            eprintln!("-J is reserved for Jython");
            return Err(usage_error(options));
        }
    }
    Ok(())
}

/// A `PYTHON*` variable that is set and not empty, unless the environment is not to be used.
fn variable(config: &Config, name: &str) -> Option<OsString> {
    if !config.use_environment {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The number in a variable: at least 1 when it is set to anything.
fn level(config: &Config, name: &str) -> i32 {
    match variable(config, name) {
        Some(value) => value.to_str().and_then(|value| value.trim().parse().ok()).map_or(1, |level: i32| level.max(0)),
        None => 0,
    }
}

fn finish(mut options: Options, arguments: &[OsString], rest: usize) -> Outcome {
    let config = &mut options.config;
    config.bytes_warning = options.bytes_warning.max(level(config, "PYTHONBYTESWARNING"));
    config.optimization_level = options.optimize.max(level(config, "PYTHONOPTIMIZE"));
    config.verbose = options.verbose.max(level(config, "PYTHONVERBOSE"));
    config.parser_debug = options.debug || variable(config, "PYTHONDEBUG").is_some();
    config.inspect = options.inspect || variable(config, "PYTHONINSPECT").is_some();
    config.safe_path = config.safe_path || variable(config, "PYTHONSAFEPATH").is_some();
    config.user_site_directory = !options.no_user_site && variable(config, "PYTHONNOUSERSITE").is_none();
    config.buffered_stdio = !options.unbuffered && variable(config, "PYTHONUNBUFFERED").is_none();
    config.write_bytecode = !options.dont_write_bytecode && variable(config, "PYTHONDONTWRITEBYTECODE").is_none();
    config.pythonpath_env = variable(config, "PYTHONPATH");
    config.home = variable(config, "PYTHONHOME");
    // An empty option overrides the variable.
    config.pycache_prefix = match config.xoption("pycache_prefix") {
        Some(prefix) => Some(OsString::from(prefix)).filter(|prefix| !prefix.is_empty()),
        None => variable(config, "PYTHONPYCACHEPREFIX"),
    };
    config.dev_mode = config.xoption("dev").is_some() || variable(config, "PYTHONDEVMODE").is_some();
    config.faulthandler =
        config.dev_mode || config.xoption("faulthandler").is_some() || variable(config, "PYTHONFAULTHANDLER").is_some();
    let frozen = variable(config, "PYTHON_FROZEN_MODULES");
    if config.xoption("frozen_modules").map_or(frozen.is_some_and(|value| value == "off"), |value| value == "off") {
        config.use_frozen_modules = false;
    }
    if let Err(message) = hash_seed(config).and_then(|()| digits(config)).and_then(|()| tracemalloc(config)) {
        eprintln!("Fatal Python error: {message}\nPython runtime state: preinitialized");
        return Outcome::Exit(1);
    }
    if options.randomize {
        config.hash_seed = None;
    }
    let config = &mut options.config;
    extra_options(config);
    warning_options(config);
    stream_encoding(config);

    let mut argv: Vec<OsString> = arguments.get(rest..).unwrap_or_default().to_vec();
    if config.run_command.is_some() {
        argv.insert(0, "-c".into());
    } else if config.run_module.is_some() {
        argv.insert(0, "-m".into());
    } else {
        match argv.first() {
            None => argv.push(OsString::new()),
            Some(first) if first == "-" => {}
            Some(first) => config.run_filename = Some(absolute(first)),
        }
    }
    config.argv = argv;
    Outcome::Run(Box::new(options.config))
}

/// The path of the program with the working directory in front, and otherwise as it was given.
fn absolute(path: &OsStr) -> OsString {
    if path.as_bytes().starts_with(b"/") {
        return path.to_owned();
    }
    let Ok(folder) = std::env::current_dir() else { return path.to_owned() };
    let mut whole = folder.into_os_string();
    if !path.is_empty() && path != "." {
        if !whole.as_bytes().ends_with(b"/") {
            whole.push("/");
        }
        whole.push(path);
    }
    whole
}

fn hash_seed(config: &mut Config) -> Result<(), String> {
    let Some(seed) = variable(config, "PYTHONHASHSEED").filter(|seed| seed != "random") else { return Ok(()) };
    match seed.to_str().and_then(|seed| seed.parse::<u32>().ok()) {
        Some(seed) => {
            config.hash_seed = Some(seed);
            Ok(())
        }
        None => {
            Err("config_init_hash_seed: PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]"
                .into())
        }
    }
}

fn digits(config: &mut Config) -> Result<(), String> {
    let given = config
        .xoption("int_max_str_digits")
        .map(str::to_owned)
        .or_else(|| variable(config, "PYTHONINTMAXSTRDIGITS").and_then(|value| value.into_string().ok()));
    let Some(given) = given else { return Ok(()) };
    match given.parse::<i32>() {
        Ok(limit) if limit == 0 || limit >= 640 => {
            config.int_max_str_digits = limit;
            Ok(())
        }
        _ => Err(
            "config_init_int_max_str_digits: -X int_max_str_digits: invalid limit; must be >= 640 or 0 for unlimited."
                .into(),
        ),
    }
}

fn tracemalloc(config: &mut Config) -> Result<(), String> {
    let variable = || variable(config, "PYTHONTRACEMALLOC").and_then(|value| value.into_string().ok());
    let (given, source) = match config.xoption("tracemalloc") {
        Some(given) => (given.to_owned(), "-X tracemalloc=NFRAME"),
        None => match variable() {
            Some(given) if !given.is_empty() => (given, "PYTHONTRACEMALLOC"),
            _ => return Ok(()),
        },
    };
    match if given.is_empty() { Ok(1) } else { given.parse::<u32>() } {
        Ok(frames) if frames <= 65535 => {
            config.tracemalloc = frames;
            Ok(())
        }
        _ => Err(format!("config_init_tracemalloc: {source}: invalid number of frames")),
    }
}

/// Filters in the order in which they count: `-X dev`, the environment, `-b`, then the command line.
fn warning_options(config: &mut Config) {
    let mut all: Vec<OsString> = Vec::new();
    if config.dev_mode {
        all.push("default".into());
    }
    if let Some(variable) = variable(config, "PYTHONWARNINGS") {
        all.extend(variable.as_bytes().split(|byte| *byte == b',').map(|part| OsStr::from_bytes(part).to_owned()));
    }
    all.append(&mut config.warnoptions);
    match config.bytes_warning {
        0 => {}
        1 => all.push("default::BytesWarning".into()),
        _ => all.push("error::BytesWarning".into()),
    }
    config.warnoptions = all;
}

/// A switch of `-X` and its variable: unset, or whether it is on.
fn switch(config: &Config, option: &str, name: &str) -> Option<bool> {
    match config.xoption(option) {
        Some(value) => Some(value != "0"),
        None => variable(config, name).map(|value| value != "0"),
    }
}

/// What is left of `-X`, and the variables that stand for the same.
fn extra_options(config: &mut Config) {
    config.warn_default_encoding =
        switch(config, "warn_default_encoding", "PYTHONWARNDEFAULTENCODING").unwrap_or(false);
    if config.xoption("no_debug_ranges").is_some() || variable(config, "PYTHONNODEBUGRANGES").is_some() {
        config.code_debug_ranges = false;
    }
    if let Some(on) = switch(config, "thread_inherit_context", "PYTHON_THREAD_INHERIT_CONTEXT") {
        config.thread_inherit_context = on;
    }
    if let Some(on) = switch(config, "context_aware_warnings", "PYTHON_CONTEXT_AWARE_WARNINGS") {
        config.context_aware_warnings = on;
    }
    let count = config.xoption("cpu_count").map(OsString::from).or_else(|| variable(config, "PYTHON_CPU_COUNT"));
    if let Some(count) = count.and_then(|count| count.to_str().and_then(|count| count.parse::<i32>().ok()))
        && count > 0
    {
        config.cpu_count = count;
    }
}

/// The locale, then `PYTHONIOENCODING=encoding:errors`.
fn stream_encoding(config: &mut Config) {
    let coerce = variable(config, "PYTHONCOERCECLOCALE");
    let is = |text: &str| coerce.as_ref().is_some_and(|value| value == text);
    let utf8 = switch(config, "utf8", "PYTHONUTF8");
    taipan_runtime::startup::locale::settle(config, utf8, !is("0"), is("warn"));
    let Some(given) = variable(config, "PYTHONIOENCODING").and_then(|value| value.into_string().ok()) else { return };
    let (encoding, errors) = given.split_once(':').unwrap_or((&given, ""));
    if !encoding.is_empty() {
        config.stdio_encoding = encoding.to_owned();
        config.stdio_errors = "strict".into();
    }
    if !errors.is_empty() {
        config.stdio_errors = errors.to_owned();
    }
}
