//! jq programs: compiled once by the engine (jaq), and run on each row.
//!
//! They behave as in jq. What would reach outside of the row does not exist: `input`, `inputs`,
//! `$ENV`, `env`, `halt`, `debug`, `stderr`, modules. `now` is the query's clock, and local time is
//! that of its zone.
//!
//! Not here: `--timeout` and `--max-memory`. A program cannot be stopped from within;
//! `cmd/shared/guard` ends the process.

use std::borrow::Cow;
use std::ops::ControlFlow;

use jaq_core::data::JustLut;
use jaq_core::load::lex::Token;
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{self, Arena, File, Lexer, Loader, Parser};
use jaq_core::{Compiler, Ctx, Filter, Vars};
use jaq_json::{Rc, Val};

use logbook_json::{Limits, Scratch, decode_raw, frame, mend, quote, trim, validate, validate_members};

use crate::jq::flaws::{Flaw, check_size, cut, flaw, load_flaws, undefined};
use crate::jq::head::Head;
use crate::jq::projection::Projection;
use crate::jq::read::{LIMITS, check_row, parse};
use crate::jq::rewrite::rewrite;
use crate::jq::write::write_value;
use crate::jq::{dates, fields, paths, read, slices, update};
use logbook_model::Zone;

const COMPILE_STACK_BYTES: usize = 256 << 20;

const OUTSIDE: &[&str] =
    &["env", "halt", "debug_empty", "stderr_empty", "now", "localtime", "strflocaltime", "fromjson"];
const OUTSIDE_DEFS: &[&str] = &["debug", "stderr", "halt", "halt_error", "tonumber"];
/// The name of the definition whose body is the program.
const MAIN: &str = "__program";
/// Definitions of jq that the engine lacks.
const PRELUDE: &str = include_str!("prelude.jq");

/// A compiled program. Threads share it; each runs it in its own [`Session`].
pub struct Program {
    filter: Filter<JustLut<Val>>,
    /// The members of its row that it uses; `None` if it may use all of them.
    seen: Option<Vec<String>>,
    /// What it does after its head, if that is a projection.
    projection: Option<Projection>,
}

/// What programs are given beside the row: the JSON texts of `$name` variables.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    names: Vec<String>,
    values: Vec<Vec<u8>>,
}

impl Globals {
    /// Globals for this `now` in seconds since 1970, this zone of local time, and arguments as JSON
    /// text by name.
    pub fn new<'a>(now_s: f64, zone: Zone, arguments: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Globals {
        let names = vec!["$__now".to_owned(), "$__zone".to_owned()];
        let mut globals = Globals { names, values: vec![format!("{now_s:?}").into_bytes(), quote(&zone.to_string())] };
        for (name, value) in arguments {
            globals.names.push(format!("${name}"));
            globals.values.push(value);
        }
        globals
    }
}

impl Program {
    /// Compiles `code`, or returns everything that is wrong with it.
    pub fn compile(code: &str, globals: &Globals) -> Result<Program, Vec<Flaw>> {
        check_size(code)?;
        // The engine's parser and compiler recurse with the program. This memory is reserved, not
        // used.
        let builder = std::thread::Builder::new().stack_size(COMPILE_STACK_BYTES);
        let whole = |message: &str| vec![Flaw { from: 0, to: code.len(), message: message.to_owned() }];
        std::thread::scope(|scope| {
            let thread = builder.spawn_scoped(scope, || Program::compile_here(code, globals));
            let thread = thread.map_err(|_| whole("no memory to compile a jq program"))?;
            thread.join().unwrap_or_else(|_| Err(whole("the jq engine cannot compile this program")))
        })
    }

    fn compile_here(code: &str, globals: &Globals) -> Result<Program, Vec<Flaw>> {
        let arena = Arena::default();
        let mut body = parse_program(code)?;
        rewrite(&mut body, code, &arena);
        let seen = fields::seen(&body);
        let projection = Projection::of(&body, Head::of(code).selects());
        let kept = |name: &str| !OUTSIDE_DEFS.contains(&name);
        let ours = load::parse(PRELUDE, |parser| parser.defs()).unwrap_or_default();
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        // The engine accepts a parsed program only as a definition.
        let prelude = defs.filter(|def| kept(def.name)).chain(ours).map(as_long_as).chain([Def {
            name: MAIN,
            args: Vec::new(),
            body,
        }]);
        let modules = Loader::new(prelude)
            .load(&arena, File { code: MAIN, path: () })
            .map_err(|errors| errors.into_iter().flat_map(|(_, error)| load_flaws(code, error)).collect::<Vec<_>>())?;
        let theirs = jaq_core::funs::<JustLut<Val>>().chain(jaq_std::funs()).chain(jaq_json::funs());
        let theirs = theirs.filter(|(name, ..)| !OUTSIDE.contains(name));
        let ours = dates::functions().chain(paths::functions()).chain(read::functions());
        let ours = ours.chain(update::functions()).chain(slices::functions());
        Compiler::default()
            .with_funs(theirs.chain(ours))
            .with_global_vars(globals.names.iter().map(String::as_str))
            .compile(modules)
            .map(|filter| Program { filter, seen, projection })
            .map_err(|errors| {
                let all = errors.into_iter().flat_map(|(_, errors)| errors);
                all.map(|(name, kind)| flaw(code, name, undefined(name, &kind))).collect()
            })
    }
}

/// Shortens the lifetime of a definition to that of the program's text.
fn as_long_as<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

/// Passes the parsed program `code` to `look`; `None` if it is not valid.
pub(super) fn parsed<T: Send>(code: &str, look: impl FnOnce(&Term<&str>) -> T + Send) -> Option<T> {
    check_size(code).ok()?;
    let builder = std::thread::Builder::new().stack_size(COMPILE_STACK_BYTES);
    std::thread::scope(|scope| {
        let thread = builder.spawn_scoped(scope, || parse_program(code).ok().map(|body| look(&body)));
        thread.ok()?.join().ok()?
    })
}

fn parse_program(code: &str) -> Result<Term<&str>, Vec<Flaw>> {
    let tokens = Lexer::new(code).lex().map_err(|errors| load_flaws(code, load::Error::Lex(errors)))?;
    if let Some(Token(word @ ("import" | "include" | "module"), _)) = tokens.first() {
        return Err(vec![flaw(code, word, "programs cannot import files".to_owned())]);
    }
    Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
        let found = errors.into_iter().map(|(expected, found)| (expected, Token::opt_as_str(found, code)));
        load_flaws(code, load::Error::Parse(found.collect()))
    })
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Program")
    }
}

/// What one thread needs to run programs.
pub struct Session {
    variables: Vars<Val>,
    row: Option<Val>,
    /// The text of the row, if parts of it had to be replaced to make it valid JSON.
    mended: Option<Vec<u8>>,
    /// Whether the text of a row was mended since the caller last reset this.
    pub has_mended: bool,
    buffer: Vec<u8>,
    scratch: Scratch,
}

impl Session {
    /// A session with these globals.
    pub fn new(globals: &Globals) -> Session {
        let value = |text: &Vec<u8>| jaq_json::read::parse_single(text).unwrap_or(Val::Null);
        Session {
            variables: Vars::new(globals.values.iter().map(value)),
            row: None,
            mended: None,
            has_mended: false,
            buffer: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Forgets the row, since the next text is another one.
    pub(crate) fn next_row(&mut self) {
        self.row = None;
        self.mended = None;
    }

    /// Runs `program` on the array of all `rows`, each of which [`Session::checked`] accepted.
    pub(crate) fn run_on_all(
        &mut self,
        program: &Program,
        rows: Vec<Vec<u8>>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), String> {
        // Each text is dropped when its value was made.
        let rows = rows.into_iter().map(|text| parse(&text)).collect::<Result<_, _>>()?;
        self.run_on(program, Val::Arr(Rc::new(rows)), b"[]", visit)
    }

    /// The output of `program` for the row `text`, for which all conditions of its head hold, if it
    /// is a projection that needs no engine.
    pub(crate) fn project(&mut self, program: &Program, text: &[u8]) -> Option<&[u8]> {
        let projection = program.projection.as_ref()?;
        if !self.judge_members(text) {
            return None;
        }
        projection.write(text, &self.scratch.spans, &mut self.buffer)?;
        Some(&self.buffer)
    }

    /// Runs `program` on the row `text` and passes each output to `visit` as JSON text. A row that
    /// is output unchanged is `text` itself, byte for byte. Fails with the program's message.
    pub fn run(
        &mut self,
        program: &Program,
        text: &[u8],
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let row = match (&program.seen, &self.row) {
            (Some(names), _) => self.read_members(text, names)?,
            (None, Some(row)) => row.clone(),
            (None, None) => {
                let row = self.read(text)?;
                self.row.insert(row).clone()
            }
        };
        match self.mended.take() {
            Some(mended) => {
                let ran = self.run_on(program, row, &mended, visit);
                self.mended = Some(mended);
                ran
            }
            None => self.run_on(program, row, text, visit),
        }
    }

    /// The row as programs may be given it. If its frame is valid but a value is not, that value is
    /// replaced by null. Otherwise fails with the reason.
    pub fn checked<'t>(&mut self, text: &'t [u8]) -> Result<Cow<'t, [u8]>, String> {
        let Err(message) = check_row(text) else { return Ok(text.into()) };
        let is_framed = frame::pick(text, &[""; 0], &mut Vec::new()).is_ok();
        if validate(text, Limits::GRAMMAR).is_ok() || !is_framed {
            return Err(message);
        }
        let mended = mend(text);
        check_row(&mended)?;
        self.has_mended = true;
        Ok(mended.into())
    }

    fn read(&mut self, text: &[u8]) -> Result<Val, String> {
        if let Some(mended) = &self.mended {
            return parse(mended);
        }
        match self.checked(text)? {
            Cow::Borrowed(text) => parse(text),
            Cow::Owned(mended) => parse(self.mended.insert(mended)),
        }
    }

    /// Finds the members of the row; false if it is not an object that the engine would accept.
    fn judge_members(&mut self, text: &[u8]) -> bool {
        let limits = Limits { whole_surrogates: true, ..LIMITS };
        validate_members(text, limits, &mut self.scratch).is_ok() && trim(text).starts_with(b"{")
    }

    /// Reads the row with the members `names` only.
    fn read_members(&mut self, text: &[u8], names: &[String]) -> Result<Val, String> {
        if !self.judge_members(text) {
            return self.read(text);
        }
        self.buffer.clear();
        self.buffer.push(b'{');
        for span in &self.scratch.spans.members {
            let key = span.key_of(text);
            let name = decode_raw(key);
            if names.iter().any(|wanted| wanted.as_bytes() == &*name) {
                if self.buffer.len() > 1 {
                    self.buffer.push(b',');
                }
                self.buffer.push(b'"');
                self.buffer.extend_from_slice(key);
                self.buffer.extend_from_slice(b"\":");
                let (from, to) = span.value();
                self.buffer.extend_from_slice(&text[from..to]);
            }
        }
        self.buffer.push(b'}');
        parse(&self.buffer)
    }

    fn run_on(
        &mut self,
        program: &Program,
        row: Val,
        text: &[u8],
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), String> {
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

/// Whether an output is the row itself. It must be the same allocation: an equal value may be
/// written differently.
fn is_same(output: &Val, row: &Val) -> bool {
    match (output, row) {
        (Val::Obj(output), Val::Obj(row)) => Rc::ptr_eq(output, row),
        _ => false,
    }
}
