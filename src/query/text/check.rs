//! Names and words in a query that nothing knows: a field that no row has and
//! no schema names, a status that is not declared. They are doubts, not
//! mistakes: the query runs, and says so on stderr.

use std::collections::HashSet;

use crate::error::nearest;
use crate::model::names::{self, Type};
use crate::model::{Status, Vocabulary};
use crate::query::ast::{Expr, Latest, Literal, Op, Operand, Path, Query, Right, Test};
use crate::query::problem::{Problem, SHOWN_MAX, quoted};

/// The fields that a query reads of the rows on file: those of its filter,
/// keys, aggregates, and, where nothing is grouped and no jq program stands in
/// between, of `having`, `select` and `sort_by`.
pub fn paths(query: &Query) -> Vec<&Path> {
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
        let named =
            |path: &&Path| !query.select.iter().any(|column| column.name.as_deref() == Some(&path.keys.join(".")));
        paths.extend(query.sort_by.iter().filter_map(|key| of_operand(&key.of)).filter(named));
    }
    paths
}

/// Doubts about a query.
#[derive(Debug, Default)]
pub struct Doubts {
    /// The first of them, in the order of the text.
    pub told: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl Doubts {
    /// Takes in one more; what it says is made up only if it is told.
    fn push(&mut self, doubt: impl FnOnce() -> Problem) {
        if self.told.len() < SHOWN_MAX { self.told.push(doubt()) } else { self.more += 1 }
    }
}

/// Doubts about `query`, with spans in its text. `occurs` says whether any row
/// read has the field (a dotted name); `occurring` are such names, for suggestions.
pub fn warnings(query: &Query, occurs: &dyn Fn(&str) -> bool, occurring: &[String], vocabulary: &Vocabulary) -> Doubts {
    let mut doubts = Doubts::default();
    let mut doubted: HashSet<String> = HashSet::new();
    let known: Vec<String> = names::all().chain(occurring.iter().cloned()).collect();
    for path in paths(query) {
        let name = path.keys.join(".");
        if is_known(path) || occurs(&name) || !doubted.insert(name.clone()) {
            continue;
        }
        doubts.push(|| {
            let doubt = Problem::new(path.span, format!("no row has the field {}", quoted(&name)));
            match nearest(&name, known.iter().map(String::as_str)) {
                Some(near) if near != name => doubt.hint(format!("did you mean `{near}`?")),
                _ => doubt.hint("`logbook fields` lists the fields that occur"),
            }
        });
    }
    if let Some(filter) = &query.filter {
        tests(filter, &mut |term| {
            if let Term::Test(test) = term {
                words(test, vocabulary, &mut doubts);
            }
        });
    }
    if let ([column], false, None) = (&query.select[..], is_grouped(query), &query.filter)
        && let (Operand::Jq(program), None) = (&column.of, &column.name)
        && ["==", "!=", "<", ">", "test(", "startswith("].iter().any(|sign| program.code.contains(sign))
    {
        let doubt = Problem::new(column.span, "`select` shows what the expression is in every row");
        doubts.push(|| doubt.hint(format!("for the rows in which it holds write jq({})", program.code.trim())));
    }
    doubts.told.sort_by_key(|doubt| doubt.span.from);
    doubts
}

fn is_grouped(query: &Query) -> bool {
    !query.group_by.is_empty() || !query.summarize.is_empty()
}

/// Whether the format names the field, so that no row needs to have it.
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

/// Words of a closed set that are not in it.
fn words(test: &Test, vocabulary: &Vocabulary, doubts: &mut Doubts) {
    let Operand::Path(path) = &test.left else {
        return;
    };
    if !matches!(test.op, Op::Equal | Op::NotEqual | Op::In | Op::NotIn) {
        return;
    }
    let name = path.keys.join(".");
    let known: Vec<&str> = match name.as_str() {
        "status" => vocabulary.statuses().collect(),
        "phase" => vocabulary.phases().collect(),
        "kind" => vocabulary.kinds().collect(),
        _ => match names::type_of(&name) {
            Some(Type::OneOf(words)) => words.to_vec(),
            _ => return,
        },
    };
    let values: &[Literal] = match &test.right {
        Right::One(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::File(..) => &[],
    };
    for value in values {
        use crate::query::ast::Form;
        let is_null = value.form == Form::Bare && value.text == "null";
        if value.form == Form::Argument || is_null || value.text.is_empty() || known.contains(&value.text.as_str()) {
            continue;
        }
        doubts.push(|| {
            let doubt = Problem::new(value.span, format!("no {name} is called {}", quoted(&value.text)));
            match nearest(&value.text, known.iter().copied()) {
                Some(near) => doubt.hint(format!("did you mean `{near}`?")),
                None if known.len() <= Status::WORDS.len() + 8 => doubt.hint(format!("they are {}", known.join(", "))),
                None => doubt,
            }
        });
    }
}

fn of_operand(operand: &Operand) -> Option<&Path> {
    match operand {
        Operand::Path(path) => Some(path),
        Operand::Bucket(bucket) => Some(&bucket.path),
        Operand::Age(_) | Operand::Jq(_) => None,
    }
}

/// What a condition rests on.
enum Term<'a> {
    Test(&'a Test),
    Has(&'a Path),
}

/// Visits the comparisons and `has` of a condition, in the order of the text.
/// Recursion is bounded by the parser's own bound on nesting.
fn tests<'a>(expr: &'a Expr, visit: &mut dyn FnMut(Term<'a>)) {
    match expr {
        Expr::And(terms) | Expr::Or(terms) => terms.iter().for_each(|term| tests(term, visit)),
        Expr::Not(term) => tests(term, visit),
        Expr::Test(test) => visit(Term::Test(test)),
        Expr::Has(path) => visit(Term::Has(path)),
        Expr::Jq(_) => {}
    }
}
