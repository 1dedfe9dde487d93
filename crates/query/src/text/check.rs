//! Unknown names in a query: a field that no row has and no schema names, a status that is not
//! declared. They cause warnings, not errors: the query runs.
//!
//! Not here: which fields and words rows have (`cmd/shared/reading/unknown`).

use std::collections::{BTreeSet, HashSet};

use crate::ast::{Expr, Form, Latest, Literal, Op, Operand, Path, Query, Right, Span, Test};
use crate::problem::{Problem, SHOWN_MAX, quoted};
use crate::text::print;
use logbook_model::error::nearest;
use logbook_model::names::{self, Type};
use logbook_model::{Status, Vocabulary};

/// The fields of stored rows that a query uses: those of its filter, keys and aggregates, and,
/// without grouping and without a jq program before them, those of `having`, `select` and
/// `sort_by`.
pub(crate) fn paths(query: &Query) -> Vec<&Path> {
    let mut paths: Vec<&Path> = match &query.latest {
        Some(Latest::By(path)) => vec![path],
        Some(Latest::Standing) | None => Vec::new(),
    };
    if let Some(filter) = &query.filter {
        tests(filter, &mut |term| match term {
            Term::Test(test) => paths.extend(of_operand(&test.left)),
            Term::Has(path) => paths.push(path),
        });
    }
    if query.jq.is_some() {
        return paths;
    }
    paths.extend(query.group_by.iter().filter_map(|column| of_operand(&column.of)));
    paths.extend(query.summarize.iter().filter_map(|aggregate| of_operand(aggregate.of.as_ref()?)));
    if !is_grouped(query) {
        if let Some(having) = &query.having {
            tests(having, &mut |term| match term {
                Term::Test(test) => paths.extend(of_operand(&test.left)),
                Term::Has(path) => paths.push(path),
            });
        }
        paths.extend(query.select.iter().filter_map(|column| of_operand(&column.of)));
        paths.extend(query.sort_by.iter().filter_map(|key| of_operand(&key.of)));
    }
    paths
}

/// Warnings about a query that runs nevertheless.
#[derive(Debug, Default)]
pub struct Warnings {
    /// The first warnings, in the order of the text.
    pub shown: Vec<Problem>,
    /// The number of further warnings.
    pub more: usize,
}

impl Warnings {
    /// Adds a warning, which is made only if it is shown.
    fn push(&mut self, warning: impl FnOnce() -> Problem) {
        if self.shown.len() < SHOWN_MAX { self.shown.push(warning()) } else { self.more += 1 }
    }
}

/// The first keys of [`paths`], each once: top-level fields of a row.
pub fn first_keys(query: &Query) -> Vec<String> {
    let mut keys: Vec<String> = age(query).map(|_| "timestamp".to_owned()).into_iter().collect();
    for key in paths(query).into_iter().filter_map(|path| path.keys.first()) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

/// The paths among [`paths`] that are not standard fields, each once.
pub fn unknown_paths(query: &Query) -> Vec<&Path> {
    let mut known: HashSet<&[String]> = HashSet::new();
    let mut unknown = paths(query);
    unknown.retain(|path| !is_known(path) && known.insert(&path.keys));
    unknown
}

/// A word that a field with a closed set of words is compared with, and that is not in the set.
#[derive(Debug, Clone, Copy)]
pub struct UnknownWord<'q> {
    /// The path of the field.
    pub path: &'q Path,
    /// The word in the query.
    pub word: &'q Literal,
    /// Whether rows that have the word pass, rather than those that do not.
    pub is_asked: bool,
}

/// The words of a query that are not in the closed sets of their fields.
pub fn unknown_words<'q>(query: &'q Query, vocabulary: &Vocabulary) -> Vec<UnknownWord<'q>> {
    let mut found = Vec::new();
    if let Some(filter) = &query.filter {
        tests(filter, &mut |term| {
            if let Term::Test(test) = term {
                words(test, vocabulary, &mut found);
            }
        });
    }
    found
}

/// The place where the query uses `age`, if it does.
pub fn age(query: &Query) -> Option<Span> {
    let mut found = None;
    let mut look = |operand: &Operand| {
        if let Operand::Age(span) = operand {
            found = found.or(Some(*span));
        }
    };
    if let Some(filter) = &query.filter {
        tests(filter, &mut |term| {
            if let Term::Test(test) = term {
                look(&test.left);
            }
        });
    }
    query.group_by.iter().chain(&query.select).for_each(|column| look(&column.of));
    query.summarize.iter().filter_map(|aggregate| aggregate.of.as_ref()).for_each(&mut look);
    query.sort_by.iter().for_each(|key| look(&key.of));
    found
}

/// What is known about the rows on which a query ran.
pub struct Seen<'s> {
    /// Whether some row has the field.
    pub field: &'s dyn Fn(&Path) -> bool,
    /// Whether the field has, or may have, a word that is not in its closed set.
    pub word: &'s dyn Fn(&UnknownWord<'_>) -> bool,
    /// Paths that occur in some rows, for suggestions.
    pub paths: &'s BTreeSet<Vec<String>>,
    /// Whether lines were skipped without a look that cannot be read again.
    pub partly: bool,
}

/// Warnings about `query`, with spans in its text.
pub fn warnings(query: &Query, seen: &Seen<'_>, vocabulary: &Vocabulary) -> Warnings {
    let mut warnings = Warnings::default();
    for path in unknown_paths(query).into_iter().filter(|path| !(seen.field)(path)) {
        warnings.push(|| {
            let name = path.keys.join(".");
            let rows = if seen.partly { "no row that was read has" } else { "no row has" };
            let warning = Problem::new(path.span, format!("{rows} the field {}", quoted(&name)));
            let made = query.select.iter().find(|column| column.name.as_ref() == Some(&name));
            if let Some(column) = made.filter(|_| !query.sort_by.is_empty()) {
                let of = print::operand(&column.of);
                return warning.hint(format!("rows are sorted before `select` names columns: sort_by {of}"));
            }
            match suggested(path, &name, seen.paths) {
                Some(near) => warning.hint(near),
                None => warning.hint("`logbook fields` lists the fields that occur"),
            }
        });
    }
    for unknown in unknown_words(query, vocabulary).iter().filter(|unknown| !(seen.word)(unknown)) {
        warnings.push(|| unknown.warning(vocabulary));
    }
    if let Some(span) = age(query)
        && seen.paths.contains(["age".to_owned()].as_slice())
    {
        warnings.push(|| {
            Problem::new(span, "`age` is the time since the `timestamp` of a row, but rows have a field of that name")
                .hint("for the field write it in quotes: \"age\"")
        });
    }
    if let ([column], false, None) = (&query.select[..], is_grouped(query), &query.filter)
        && let (Operand::Jq(program), None) = (&column.of, &column.name)
        && ["==", "!=", "<", ">", "test(", "startswith("].iter().any(|sign| program.code.contains(sign))
    {
        let warning = Problem::new(column.span, "`select` shows the value of the expression in every row");
        warnings.push(|| warning.hint(format!("for the rows in which it is true write jq({})", program.code.trim())));
    }
    warnings.shown.sort_by_key(|warning| warning.span.from);
    warnings
}

fn is_grouped(query: &Query) -> bool {
    !query.group_by.is_empty() || !query.summarize.is_empty()
}

/// Whether the field is part of the format, so that no row needs to have it.
fn is_known(path: &Path) -> bool {
    let Some(first) = path.keys.first() else {
        return true;
    };
    match (first.as_str(), path.keys.get(1)) {
        (name, None) => names::is_standard(name) || names::WRITTEN.contains(&name),
        ("tool_call", Some(member)) => match names::type_of(&format!("tool_call.{member}")) {
            Some(of) => path.keys.len() == 2 || of == Type::Any,
            None => false,
        },
        (name, Some(_)) => name == "set" || names::type_of(name) == Some(Type::Any),
    }
}

/// What to write instead of `path`, whose printed name is `name`: the same keys with other dots
/// between them, or the nearest name.
fn suggested(path: &Path, name: &str, occurring: &BTreeSet<Vec<String>>) -> Option<String> {
    let printed = |keys: &[String]| print::path(&Path { keys: keys.to_vec(), span: Span::default() });
    let same = occurring.iter().find(|keys| **keys != path.keys && keys.join(".") == name);
    if let Some(keys) = same {
        let why = if keys.iter().any(|key| key.contains('.')) { "; a key with a dot needs quotes" } else { "" };
        return Some(format!("did you mean `{}`?{why}", printed(keys)));
    }
    let joined: Vec<(String, &Vec<String>)> = occurring.iter().map(|keys| (keys.join("."), keys)).collect();
    let known: Vec<String> = names::all().collect();
    let all = known.iter().map(String::as_str).chain(joined.iter().map(|(joined, _)| joined.as_str()));
    let near = nearest(name, all).filter(|near| *near != name)?;
    let keys = joined.iter().find(|(joined, _)| joined == near).map(|(_, keys)| printed(keys));
    Some(format!("did you mean `{}`?", keys.unwrap_or_else(|| near.to_owned())))
}

/// The closed set of words of the field `name`, if it has one.
fn closed_set<'v>(name: &str, vocabulary: &'v Vocabulary) -> Option<Vec<&'v str>> {
    Some(match name {
        "status" => vocabulary.statuses().collect(),
        "phase" => vocabulary.phases().collect(),
        "kind" => vocabulary.kinds().collect(),
        _ => match names::type_of(name) {
            Some(Type::OneOf(words)) => words.to_vec(),
            _ => return None,
        },
    })
}

/// Finds words of a closed set that are not in it.
fn words<'q>(test: &'q Test, vocabulary: &Vocabulary, found: &mut Vec<UnknownWord<'q>>) {
    let Operand::Path(path) = &test.left else {
        return;
    };
    if !matches!(test.op, Op::Equal | Op::NotEqual | Op::In | Op::NotIn) {
        return;
    }
    let Some(known) = closed_set(&path.keys.join("."), vocabulary) else { return };
    let values: &[Literal] = match &test.right {
        Right::One(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::File(..) => &[],
    };
    for word in values {
        let is_null = word.form == Form::Bare && word.text == "null";
        if word.form != Form::Argument && !is_null && !word.text.is_empty() && !known.contains(&word.text.as_str()) {
            found.push(UnknownWord { path, word, is_asked: matches!(test.op, Op::Equal | Op::In) });
        }
    }
}

impl UnknownWord<'_> {
    fn warning(&self, vocabulary: &Vocabulary) -> Problem {
        let name = self.path.keys.join(".");
        let known = closed_set(&name, vocabulary).unwrap_or_default();
        let warning = Problem::new(self.word.span, format!("no {name} is called {}", quoted(&self.word.text)));
        match nearest(&self.word.text, known.iter().copied()) {
            Some(near) => warning.hint(format!("did you mean `{near}`?")),
            None if known.len() <= Status::WORDS.len() + 8 => warning.hint(format!("they are {}", known.join(", "))),
            None => warning,
        }
    }
}

fn of_operand(operand: &Operand) -> Option<&Path> {
    match operand {
        Operand::Path(path) => Some(path),
        Operand::Bucket(bucket) => Some(&bucket.path),
        Operand::Age(_) | Operand::Jq(_) => None,
    }
}

/// A part of a condition that uses a field.
enum Term<'a> {
    Test(&'a Test),
    Has(&'a Path),
}

/// Visits the comparisons and `has` of a condition, in the order of the text. Recursion is bounded
/// by the parser's limit on nesting.
fn tests<'a>(expr: &'a Expr, visit: &mut dyn FnMut(Term<'a>)) {
    match expr {
        Expr::And(terms) | Expr::Or(terms) => terms.iter().for_each(|term| tests(term, visit)),
        Expr::Not(term) => tests(term, visit),
        Expr::Test(test) => visit(Term::Test(test)),
        Expr::Has(path) => visit(Term::Has(path)),
        Expr::Jq(_) => {}
    }
}
