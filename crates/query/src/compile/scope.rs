//! Names to slots: the compiler, and the names of the stage at which it is.

use logbook_model::error::nearest;

use crate::amount::Unit;
use crate::ast::{JqText, Operand, Path as AstPath, Span};
use crate::compile::context::Context;
use crate::eval::doubts::{Asked, Question, With};
use crate::eval::path::Path;
use crate::eval::source::Source;
use crate::jq::program::{Globals, Program};
use crate::problem::{Problem, SHOWN_MAX};
use crate::text::print;

/// At most this many keys in a path, since walking one recurses with it.
const PATH_NAMES_MAX: usize = 100;

/// The fields that the stages since the last change of rows need.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// The fields so far; their index is the slot.
    pub fields: Vec<String>,
    /// The only columns that exist, after grouping.
    pub columns: Option<Vec<String>>,
    /// The contents of group columns as they are printed, and the names of the columns.
    pub calls: Vec<(String, String)>,
    /// The columns that hold an age, in milliseconds.
    pub ages: Vec<String>,
    /// The columns that hold numbers of a unit, by the field they are made of.
    pub units: Vec<(String, Unit)>,
}

pub(crate) struct Compiler<'c> {
    pub context: &'c Context,
    pub globals: Globals,
    pub programs: Vec<Program>,
    pub problems: Vec<Problem>,
    /// What comparisons need of values.
    pub questions: Vec<Question>,
    pub scope: Scope,
}

impl Compiler<'_> {
    pub(crate) fn slot(&mut self, name: &str) -> usize {
        let fields = &mut self.scope.fields;
        fields.iter().position(|field| field == name).unwrap_or_else(|| {
            fields.push(name.to_owned());
            fields.len() - 1
        })
    }

    /// The column of groups that `name` means: by its name, or by its content as it is printed.
    pub(crate) fn column(&self, name: &str) -> Option<String> {
        let columns = self.scope.columns.as_ref()?;
        if columns.iter().any(|column| column == name) {
            return Some(name.to_owned());
        }
        self.scope.calls.iter().find(|(call, _)| call == name).map(|(_, column)| column.clone())
    }

    pub(crate) fn path(&mut self, path: &AstPath) -> Option<Path> {
        if path.keys.len() > PATH_NAMES_MAX {
            self.problems.push(Problem::new(path.span, format!("the path has more than {PATH_NAMES_MAX} keys")));
            return None;
        }
        let (first, rest) = path.keys.split_first()?;
        if let Some(columns) = &self.scope.columns {
            let whole = path.keys.join(".");
            if let Some(column) = self.column(&whole) {
                return Some(Path { slot: self.slot(&column), rest: Box::default() });
            }
            if !columns.contains(first) {
                let mut problem = Problem::new(path.span, format!("after grouping there is no column `{whole}`"));
                let near =
                    (self.problems.len() < SHOWN_MAX).then(|| nearest(&whole, columns.iter().map(String::as_str)));
                problem = match near.flatten() {
                    Some(near) => problem.hint(format!("did you mean `{near}`?")),
                    None => problem.hint(format!("the columns are {}", columns.join(", "))),
                };
                self.problems.push(problem);
                return None;
            }
        }
        let rest = rest.iter().map(|key| key.as_bytes().into()).collect();
        Some(Path { slot: self.slot(first), rest })
    }

    pub(crate) fn jq(&mut self, jq: &JqText) -> Option<usize> {
        match Program::compile(&jq.code, &self.globals) {
            Ok(program) => {
                self.programs.push(program);
                Some(self.programs.len() - 1)
            }
            Err(flaws) => {
                for flaw in flaws {
                    let span = Span { from: jq.span.from + flaw.from, to: jq.span.from + flaw.to };
                    self.problems.push(Problem::new(span, flaw.message));
                }
                None
            }
        }
    }

    pub(crate) fn source(&mut self, operand: &Operand) -> Option<Source> {
        // After grouping, what was grouped by is a column, whatever its name.
        if !matches!(operand, Operand::Path(_))
            && let Some(column) = self.column(&print::operand(operand))
        {
            return Some(Source::Path(Path { slot: self.slot(&column), rest: Box::default() }));
        }
        Some(match operand {
            Operand::Path(path) => Source::Path(self.path(path)?),
            Operand::Age(span) => {
                let field = self.context.time.join(".");
                Source::Age(self.timestamp(*span)?, self.question(field, Asked::Bucket, None))
            }
            Operand::Jq(jq) => Source::Jq(self.jq(jq)?),
            Operand::Bucket(bucket) if self.scope.columns.is_some() => {
                let message = format!("after grouping there is no column `{}`", print::operand(operand));
                self.problems.push(Problem::new(bucket.span, message).hint("group by it too"));
                return None;
            }
            Operand::Bucket(bucket) => {
                let question = self.question(print::path(&bucket.path), Asked::Bucket, None);
                Source::Bucket(self.path(&bucket.path)?, bucket.every, question)
            }
        })
    }

    fn timestamp(&mut self, span: Span) -> Option<Path> {
        self.path(&AstPath { keys: self.context.time.clone(), span })
    }

    pub(crate) fn question(&mut self, field: String, asked: Asked, with: Option<With>) -> usize {
        self.questions.push(Question { field, asked, with });
        self.questions.len() - 1
    }
}

/// The unit that the name of a field implies.
pub(crate) fn unit_of(operand: &Operand) -> Option<Unit> {
    match operand {
        Operand::Path(path) => path.keys.last().and_then(|name| Unit::of_name(name)),
        _ => None,
    }
}
