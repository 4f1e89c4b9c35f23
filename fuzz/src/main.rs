//! Feeds the front end programs that nobody would write, and watches for panics, crashes and inputs that take too long.
//!
//! `cargo run --profile fuzz -p taipan-fuzz -- run 10000000 --corpus FOLDER`. The inputs follow from the seed and their number
//! alone, so every finding can be had again with `show`. A run is a child process that notes in a file which input it
//! works on: when it dies, the parent reports that input and starts another behind it.

mod check;
mod corpus;
mod deep;
#[path = "../../crates/compiler/examples/dump_code/describe.rs"]
mod describe;
mod mutate;
mod program;
mod random;

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use check::{Outcome, limit, processor_time};
use corpus::Corpus;
use mutate::Input;
use taipan_compiler::Options as CompileOptions;
use taipan_syntax::{Mode, Options as ParseOptions};

const USAGE: &str = "\
fuzz run COUNT [--seed N] [--start N] [--corpus FOLDER]   parses and compiles COUNT random inputs
fuzz show INDEX [--seed N] [--corpus FOLDER]              prints one of them, and what becomes of it
fuzz emit COUNT [--seed N] [--start N] [--corpus FOLDER]  prints inputs and what becomes of them, for compare.py
fuzz deep [DEPTH] [NAME]                                  every construct nested DEPTH (100000) times
fuzz write FOLDER [DEPTH]                                 the sources of `deep`, as files
fuzz long [MEGABYTES] [NAME]                              lines of MEGABYTES (100)";

/// No input may keep a child busy for longer.
const STUCK: Duration = Duration::from_secs(60);

/// The usual size of the main thread's stack.
const STACK: usize = 8 << 20;

struct Arguments {
    words: Vec<String>,
    seed: u64,
    start: u64,
    corpus: Option<String>,
    progress: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, String> {
    let mut parsed = Arguments { words: Vec::new(), seed: 1, start: 0, corpus: None, progress: None };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if !arg.starts_with("--") {
            parsed.words.push(arg);
            continue;
        }
        let value = args.next().ok_or(format!("{arg} wants a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{arg} wants a number"));
        match arg.as_str() {
            "--seed" => parsed.seed = number()?,
            "--start" => parsed.start = number()?,
            "--corpus" => parsed.corpus = Some(value),
            "--progress" => parsed.progress = Some(value.into()),
            _ => return Err(format!("no option {arg}")),
        }
    }
    Ok(parsed)
}

fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(command);
    thread.ok().and_then(|thread| thread.join().ok()).unwrap_or(ExitCode::FAILURE)
}

fn command() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let word = |at: usize| arguments.words.get(at).map(String::as_str);
    let number = |at: usize, default: u64| word(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let good = match word(0) {
        Some("run") => parent(&arguments, number(1, 100_000)),
        Some("child") => child(&arguments, number(1, 0)),
        Some("show") => show(&arguments, number(1, 0)),
        Some("emit") => emit(&arguments, number(1, 1000)),
        Some("deep") => each_deep(number(1, 100_000) as usize, word(2)),
        Some("write") => write_deep(word(1).unwrap_or("."), number(2, 100_000) as usize),
        Some("long") => match word(2) {
            Some(name) => long(number(1, 100), name),
            None => each_long(number(1, 100)),
        },
        _ => {
            println!("{USAGE}");
            true
        }
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs children until all inputs have been seen.
fn parent(arguments: &Arguments, count: u64) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let progress = std::env::temp_dir().join(format!("fuzz-progress-{}", std::process::id()));
    let began = Instant::now();
    let end = arguments.start + count;
    let mut start = arguments.start;
    let mut findings = 0;
    while start < end {
        let mut command = Command::new(&program);
        command.args(["child", &end.to_string(), "--seed", &arguments.seed.to_string(), "--start", &start.to_string()]);
        command.arg("--progress").arg(&progress);
        if let Some(corpus) = &arguments.corpus {
            command.args(["--corpus", corpus]);
        }
        let status = match command.status() {
            Ok(status) => status,
            Err(error) => {
                eprintln!("cannot start a child: {error}");
                return false;
            }
        };
        let mut note = [0; 16];
        let noted = std::fs::File::open(&progress).and_then(|mut file| file.read_exact(&mut note));
        let (low, high) = note.split_at(8);
        let [index, found] = [low, high].map(|part| part.try_into().map_or(0, u64::from_le_bytes));
        findings += found;
        if status.success() {
            break;
        }
        if noted.is_err() {
            eprintln!("a child ended with {status} before its first input");
            return false;
        }
        findings += 1;
        println!("input {index}: the process ended with {status}");
        start = index + 1;
    }
    let _ = std::fs::remove_file(&progress);
    println!("{count} inputs of seed {}: {findings} findings, {:?}", arguments.seed, began.elapsed());
    findings == 0
}

/// The inputs from `--start` up to `end`.
fn child(arguments: &Arguments, end: u64) -> bool {
    static CURRENT: AtomicU64 = AtomicU64::new(0);
    static PANIC: Mutex<String> = Mutex::new(String::new());
    let Some(mut progress) = arguments.progress.as_ref().and_then(|path| std::fs::File::create(path).ok()) else {
        return false;
    };
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut message) = PANIC.lock() {
            *message = info.to_string();
        }
    }));
    std::thread::spawn(|| {
        let (mut last, mut since) = (u64::MAX, Instant::now());
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let current = CURRENT.load(Ordering::Relaxed);
            if current != last {
                (last, since) = (current, Instant::now());
            } else if since.elapsed() > STUCK * 10 {
                println!("input {current}: no end");
                std::process::abort();
            }
        }
    });
    let corpus = Corpus::load(arguments.corpus.as_deref());
    let (mut codes, mut found) = (0u64, 0u64);
    let began = Instant::now();
    for index in arguments.start..end {
        CURRENT.store(index, Ordering::Relaxed);
        let mut note = [0; 16];
        note[..8].copy_from_slice(&index.to_le_bytes());
        note[8..].copy_from_slice(&found.to_le_bytes());
        if progress.seek(SeekFrom::Start(0)).is_err() || progress.write_all(&note).is_err() {
            return false;
        }
        let input = mutate::input(&corpus, arguments.seed, index);
        let before = processor_time();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if index.is_multiple_of(16) {
                check::others(&input);
            }
            check::compile(&input)
        }));
        let time = processor_time() - before;
        match outcome {
            Ok(Outcome::Code(_)) => codes += 1,
            Ok(Outcome::Error(message)) if message.starts_with("SystemError") => {
                found += 1;
                println!("input {index}: {message}");
            }
            Ok(Outcome::Error(_)) => {}
            Err(_) => {
                found += 1;
                let message = PANIC.lock().map(|message| message.clone()).unwrap_or_default();
                println!("input {index}: {}", message.replace('\n', " "));
            }
        }
        if time > limit(input.source.len()) {
            found += 1;
            println!("input {index}: {} bytes take {time:?}", input.source.len());
        }
        let done = index + 1 - arguments.start;
        if done.is_multiple_of(250_000) || index + 1 == end {
            println!("{} inputs, {codes} are programs, {found} findings, {:?}", index + 1, began.elapsed());
        }
    }
    let mut note = [0; 16];
    note[..8].copy_from_slice(&end.to_le_bytes());
    note[8..].copy_from_slice(&found.to_le_bytes());
    progress.seek(SeekFrom::Start(0)).and_then(|_| progress.write_all(&note)).is_ok()
}

fn show(arguments: &Arguments, index: u64) -> bool {
    let corpus = Corpus::load(arguments.corpus.as_deref());
    let input = mutate::input(&corpus, arguments.seed, index);
    let (parse, compile) = (&input.parse, &input.compile);
    println!(
        "{:?} is_text={} type_comments={} version={} dont_imply_dedent={} incomplete={} barry={} {compile:?}",
        parse.mode,
        parse.is_text,
        parse.type_comments,
        parse.feature_version,
        parse.dont_imply_dedent,
        parse.allow_incomplete_input,
        parse.barry_as_bdfl
    );
    println!("{}", String::from_utf8_lossy(&input.source));
    println!("{:?}", &input.source.escape_ascii().to_string());
    println!("{}", check::compile(&input));
    true
}

/// Inputs, and what becomes of them as text with default options, in the form that `compare.py` reads.
fn emit(arguments: &Arguments, count: u64) -> bool {
    let corpus = Corpus::load(arguments.corpus.as_deref());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for index in arguments.start..arguments.start + count {
        let mut input = mutate::input(&corpus, arguments.seed, index);
        let mode = match input.parse.mode {
            Mode::Exec => 'e',
            Mode::Single => 's',
            Mode::Eval => 'v',
            Mode::FuncType => continue,
        };
        // The reference is asked with text; one with NUL never reaches its parser.
        if std::str::from_utf8(&input.source).is_err() || input.source.contains(&0) {
            continue;
        }
        input.parse = ParseOptions {
            mode: input.parse.mode,
            character_names: input.parse.character_names,
            is_text: true,
            ..plain(Vec::new()).parse
        };
        input.compile = plain(Vec::new()).compile;
        let digits: String = input.source.iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = check::describe(&input).replace('\\', "\\\\").replace('\n', "\\n");
        if writeln!(out, "{mode}\t{digits}\t{answer}").is_err() {
            return false;
        }
    }
    true
}

/// An input with the options that the interpreter has on a stack of [`STACK`] bytes.
fn plain(source: Vec<u8>) -> Input {
    let stack_budget = STACK - (256 << 10);
    Input {
        source,
        parse: ParseOptions { stack_budget, ..ParseOptions::default() },
        compile: CompileOptions { stack_budget, ..CompileOptions::default() },
    }
}

/// Prints what becomes of an input and how long it takes; false when that is too long.
fn report(name: &str, input: &Input) -> bool {
    let before = processor_time();
    let outcome = check::compile(input);
    let time = processor_time() - before;
    let late = if time > limit(input.source.len()) { " TOO LONG" } else { "" };
    println!("{name}: {} bytes, {time:?}{late}: {outcome}", input.source.len());
    late.is_empty()
}

fn each_deep(depth: usize, only: Option<&str>) -> bool {
    let mut good = true;
    for shape in deep::SHAPES {
        if only.is_none_or(|only| only == shape.name) {
            good &= report(shape.name, &plain(deep::source(shape, depth).into_bytes()));
        }
    }
    good
}

fn write_deep(folder: &str, depth: usize) -> bool {
    deep::SHAPES.iter().all(|shape| {
        let name = format!("{folder}/{}.py", shape.name.replace(' ', "_"));
        std::fs::write(name, deep::source(shape, depth)).is_ok()
    })
}

/// Each kind of long line, in a process of its own: one that dies is a finding, and each has its own peak of memory.
fn each_long(megabytes: u64) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let mut good = true;
    for (name, _) in deep::LONG_LINES {
        match Command::new(&program).args(["long", &megabytes.to_string(), name]).status() {
            Ok(status) => {
                good &= status.success();
                if status.code().is_none() {
                    println!("{name}: {status}");
                }
            }
            Err(error) => {
                good = false;
                println!("{name}: {error}");
            }
        }
    }
    good
}

/// One kind, with processor time and peak memory for each megabyte; false when that is too long.
fn long(megabytes: u64, name: &str) -> bool {
    let Some((_, line)) = deep::LONG_LINES.iter().find(|line| line.0 == name) else { return false };
    let mut input = plain(line.line(megabytes as usize * 1_000_000));
    input.parse.room = Some(&has_memory);
    let before = processor_time();
    let outcome = check::compile(&input);
    let time = processor_time() - before;
    let good = time <= limit(input.source.len());
    let size = input.source.len() as f64 / 1e6;
    println!(
        "{name}: {:.3} s and {:.1} MB a megabyte, {:.0} MB{}: {outcome}",
        time.as_secs_f64() / size,
        peak_memory() as f64 / 1e6 / size,
        peak_memory() as f64 / 1e6,
        if good { "" } else { " TOO LONG" },
    );
    good
}

/// Whether the system would give so much, as the interpreter asks it.
fn has_memory(size: usize) -> bool {
    // SAFETY: plain allocation; what is never touched takes no memory.
    unsafe {
        // A block that nobody looks at would not be asked for.
        let block = std::hint::black_box(libc::malloc(size));
        libc::free(block);
        !block.is_null()
    }
}

/// The most memory that this process has had, in bytes.
fn peak_memory() -> u64 {
    // SAFETY: all bits zero are a `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` can be written to.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    usage.ru_maxrss as u64 * 1024
}
