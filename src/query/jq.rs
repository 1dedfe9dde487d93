//! jq programs over rows. This file alone knows the engine, jaq (see also
//! `jq_write`, which writes its values).
//!
//! What jq says follows jq. What would reach outside the row does not exist:
//! `input`, `inputs`, `$ENV`, `env`, `halt`, `debug`, `stderr`, modules; `now`
//! is the query's clock, and the machine's time zone is not known
//! (`localtime`, `strflocaltime`).
//!
//! A place is left here for `--timeout` and `--max-memory`: [`Session::run`]
//! sees every output before the next is asked for.

use std::ops::ControlFlow;

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile};
use jaq_json::{Rc, Val};

use crate::json::validate::{Limits, validate};

use super::jq_write::write_value;

/// Deepest row that jq programs are given, in levels.
pub const DEPTH_MAX: usize = 512;
/// Deepest brackets of a program, in levels, and its length in bytes: the
/// engine's parser recurses.
const PROGRAM_DEPTH_MAX: usize = 100;
const PROGRAM_BYTES_MAX: usize = 16 << 10;
/// Stack, in bytes, that a thread needs so that every program that compiles
/// can run on it: evaluation recurses with the program. (A program that calls
/// itself without end has no such bound.)
pub const RUN_STACK_BYTES: usize = 64 << 20;
const COMPILE_STACK_BYTES: usize = 256 << 20;
/// An error message is cut here, in characters: it may quote a whole row.
const MESSAGE_CHARS_MAX: usize = 200;

const OUTSIDE: &[&str] = &["env", "halt", "debug_empty", "stderr_empty", "now", "localtime", "strflocaltime"];
const OUTSIDE_DEFS: &[&str] = &["debug", "stderr", "halt", "halt_error"];
const NOW: &str = "$__now";

/// A compiled program. Shared between threads; each runs it in its own [`Session`].
pub struct Program {
    filter: Filter<JustLut<Val>>,
}

/// What is wrong with a program, and at which of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// First byte.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// A lowercase fragment.
    pub message: String,
}

/// What programs are given beside the row: `$name` and its JSON text.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    names: Vec<String>,
    values: Vec<Vec<u8>>,
}

impl Globals {
    /// Seconds since 1970 for `now`, and the arguments by name, as JSON text.
    pub fn new<'a>(now_s: f64, arguments: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Globals {
        let mut globals = Globals { names: vec![NOW.to_owned()], values: vec![format!("{now_s:?}").into_bytes()] };
        for (name, value) in arguments {
            globals.names.push(format!("${name}"));
            globals.values.push(value);
        }
        globals
    }
}

impl Program {
    /// Compiles `code`. All that is wrong with it at once.
    pub fn compile(code: &str, globals: &Globals) -> Result<Program, Vec<Flaw>> {
        check_size(code)?;
        // The engine's parser and compiler recurse with the program; so much is only reserved, not used.
        let builder = std::thread::Builder::new().stack_size(COMPILE_STACK_BYTES);
        let whole = |message: &str| vec![Flaw { from: 0, to: code.len(), message: message.to_owned() }];
        std::thread::scope(|scope| {
            let thread = builder.spawn_scoped(scope, || Program::compile_here(code, globals));
            let thread = thread.map_err(|_| whole("no memory to compile a jq program"))?;
            thread.join().unwrap_or_else(|_| Err(whole("the jq engine cannot compile this program")))
        })
    }

    fn compile_here(code: &str, globals: &Globals) -> Result<Program, Vec<Flaw>> {
        let kept = |name: &str| !OUTSIDE_DEFS.contains(&name);
        let now = load::parse("def now: $__now;", |parser| parser.defs()).unwrap_or_default();
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let prelude = defs.filter(|def| kept(def.name)).chain(now);
        let arena = Arena::default();
        let modules = Loader::new(prelude).load(&arena, File { code, path: () }).map_err(|errors| {
            errors.into_iter().flat_map(|(file, error)| load_flaws(file.code, error)).collect::<Vec<_>>()
        })?;
        load::import(&modules, |_| Err("programs cannot import files".to_owned())).map_err(|errors| {
            errors.into_iter().flat_map(|(file, error)| load_flaws(file.code, error)).collect::<Vec<_>>()
        })?;
        let functions = jaq_core::funs::<JustLut<Val>>().chain(jaq_std::funs()).chain(jaq_json::funs());
        Compiler::default()
            .with_funs(functions.filter(|(name, ..)| !OUTSIDE.contains(name)))
            .with_global_vars(globals.names.iter().map(String::as_str))
            .compile(modules)
            .map(|filter| Program { filter })
            .map_err(|errors| {
                let all = errors.into_iter().flat_map(|(file, errors)| {
                    errors.into_iter().map(move |(name, kind)| flaw(file.code, name, undefined(name, &kind)))
                });
                all.collect()
            })
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Program")
    }
}

/// What one thread keeps while it runs programs.
pub struct Session {
    variables: Vars<Val>,
    row: Option<Val>,
    buffer: Vec<u8>,
}

impl Session {
    /// A session with these globals.
    pub fn new(globals: &Globals) -> Session {
        let value = |text: &Vec<u8>| jaq_json::read::parse_single(text).unwrap_or(Val::Null);
        Session { variables: Vars::new(globals.values.iter().map(value)), row: None, buffer: Vec::new() }
    }

    /// Forgets the row: the next text is another one.
    pub fn next_row(&mut self) {
        self.row = None;
    }

    /// Runs `program` on the row `text` and hands each output on as JSON text;
    /// a row that comes out unchanged is `text` itself, byte for byte. Fails
    /// with a message where the program does.
    pub fn run(
        &mut self,
        program: &Program,
        text: &[u8],
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let row = match &self.row {
            Some(row) => row.clone(),
            None => {
                let row = read(text)?;
                self.row.insert(row).clone()
            }
        };
        let context = Ctx::<JustLut<Val>>::new(&program.filter.lut, self.variables.clone());
        for output in program.filter.id.run((context, row.clone())) {
            let value = match output {
                Ok(value) => value,
                Err(exception) => {
                    return Err(exception
                        .get_err()
                        .map_or_else(|_| "the program stopped".to_owned(), |error| cut(&error.to_string())));
                }
            };
            let flow = if is_same(&value, &row) {
                visit(text)
            } else {
                self.buffer.clear();
                write_value(&value, &mut self.buffer).map_err(str::to_owned)?;
                visit(&self.buffer)
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn read(text: &[u8]) -> Result<Val, String> {
    // The engine's reader recurses, and takes more than JSON.
    validate(text, Limits { depth_max: DEPTH_MAX, ..Limits::GRAMMAR })
        .map_err(|fault| format!("{fault}, at byte {} of the row", fault.at))?;
    jaq_json::read::parse_single(text).map_err(|error| error.to_string())
}

/// Whether an output is the row itself, handed on. Sharing is what counts:
/// equal values may still be written differently.
fn is_same(output: &Val, row: &Val) -> bool {
    match (output, row) {
        (Val::Obj(output), Val::Obj(row)) => Rc::ptr_eq(output, row),
        _ => false,
    }
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message.to_owned(),
    }
}

fn check_size(code: &str) -> Result<(), Vec<Flaw>> {
    let whole = |message: String| Err(vec![Flaw { from: 0, to: code.len(), message }]);
    if code.len() > PROGRAM_BYTES_MAX {
        return whole(format!("a jq program of more than {PROGRAM_BYTES_MAX} bytes"));
    }
    let mut depth = 0usize;
    for byte in code.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > PROGRAM_DEPTH_MAX {
            return whole(format!("a jq program with brackets deeper than {PROGRAM_DEPTH_MAX} levels"));
        }
    }
    Ok(())
}

/// A flaw at the place of `part`, which the engine gives as a slice of `code`.
fn flaw(code: &str, part: &str, message: String) -> Flaw {
    let from = (part.as_ptr() as usize).wrapping_sub(code.as_ptr() as usize);
    if from > code.len() {
        return Flaw { from: 0, to: code.len(), message };
    }
    // What the engine calls the rest of the program is shown by its first character.
    let length = if from + part.len() == code.len() {
        part.chars()
            .next()
            .map_or(0, |first| if first.is_alphanumeric() || first == '$' { part.len() } else { first.len_utf8() })
    } else {
        part.len()
    };
    Flaw { from, to: from + length, message }
}

fn load_flaws(code: &str, error: load::Error<&str>) -> Vec<Flaw> {
    let found = |part: &str| match part.chars().next() {
        None => "the program ends".to_owned(),
        Some(_) => format!("`{}` stands here", cut(part)),
    };
    match error {
        load::Error::Io(errors) => {
            errors.into_iter().map(|(part, _)| flaw(code, part, "programs cannot import files".to_owned())).collect()
        }
        load::Error::Lex(errors) => errors
            .into_iter()
            .map(|(expected, part)| flaw(code, part, format!("jq expected {}", expected.as_str())))
            .collect(),
        load::Error::Parse(errors) => errors
            .into_iter()
            .map(|(expected, part)| flaw(code, part, format!("jq expected {}, but {}", expected.as_str(), found(part))))
            .collect(),
    }
}

fn undefined(name: &str, kind: &compile::Undefined) -> String {
    match name {
        "input" | "inputs" | "input_filename" | "input_line_number" => {
            return format!("`{name}` does not exist here: a program sees one row at a time");
        }
        "env" | "$ENV" | "halt" | "halt_error" | "debug" | "stderr" => {
            return format!("`{name}` does not exist here: a program sees the row and nothing else");
        }
        "localtime" | "strflocaltime" => {
            return format!("`{name}` does not exist here: use gmtime and strftime (UTC)");
        }
        _ => {}
    }
    match kind {
        compile::Undefined::Filter(0) => format!("jq knows no `{name}`"),
        compile::Undefined::Filter(arguments) => format!("jq knows no `{name}` with {arguments} arguments"),
        compile::Undefined::Var => format!("no value for `{name}`: give one with --arg or --argjson"),
        other => format!("jq knows no {} `{name}`", other.as_str()),
    }
}
