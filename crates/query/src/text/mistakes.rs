//! What people type by habit of SQL, shells and other query tools, or by a slip of the finger, and
//! what to write instead.
//!
//! Not here: the grammar (`parse`). Nothing in this file makes a query valid.

use crate::ast::{Expr, Form, Literal, Op, Operand, Path, Right, Span, Test};
use crate::problem::{Expected, Problem, quoted};
use crate::text::grammar::{BUCKETS, CLAUSES, Clause, function_of, is_number};
use crate::text::lex::{self, Cursor};
use crate::text::parser::Parser;
use crate::text::print;
use crate::time::{self, Clock};
use logbook_model::error::nearest;
use logbook_model::{Instant, Kind, Phase, Status, Zone, duration_ms, names};

/// Signs that are not operators here, longer ones first: the operator that is meant, and the hint.
const SIGNS: &[(&str, Op, &str)] = &[
    ("===", Op::Equal, "write `=`"),
    ("!==", Op::NotEqual, "write `!=`"),
    ("= =", Op::Equal, "write `=`"),
    ("! =", Op::NotEqual, "write `!=`, without a blank"),
    ("> =", Op::GreaterEqual, "write `>=`, without a blank"),
    ("< =", Op::LessEqual, "write `<=`, without a blank"),
    ("=>", Op::GreaterEqual, "write `>=`"),
    ("=<", Op::LessEqual, "write `<=`"),
    ("<>", Op::NotEqual, "write `!=`"),
    ("=~", Op::Matches, "write `~` for a regular expression, and quote a value that begins with `~`"),
    ("~=", Op::Matches, "write `~` for a regular expression"),
    ("=!", Op::NotEqual, "write `!=`, and quote a value that begins with `!`"),
    (":=", Op::Equal, "write `=`"),
    (":", Op::Equal, "write `=`"),
];

/// Words of other languages in the place of an operator, with the hint.
const WORDS: &[(&str, &str)] = &[
    ("is", "write `field=value`; for `is null` write `field=null`, for `is not null` write `has field`"),
    ("like", "write `field*=text` for contains, `field^=text` for begins with, or `field~'regex'`"),
    ("contains", "write `field*=text`"),
    ("matches", "write `field~'regex'`"),
    ("startswith", "write `field^=text`"),
    ("starts_with", "write `field^=text`"),
    ("between", "write `field>=a and field<=b`"),
    ("exists", "write `has field`"),
    ("eq", "write `=`"),
    ("ne", "write `!=`"),
    ("gt", "write `>`"),
    ("ge", "write `>=`"),
    ("lt", "write `<`"),
    ("le", "write `<=`"),
    ("equals", "write `=`"),
];

/// A clause word without a body.
pub(crate) fn missing_body(clause: Clause, at: Span, word: &str) -> Problem {
    let (what, example) = match clause {
        Clause::Filter => ("a condition", "filter status=blocked"),
        Clause::Having => ("a condition", "having count>1"),
        Clause::GroupBy => ("a field", "group_by blocked_on"),
        Clause::Select => ("a field", "select run_id, action"),
        Clause::SortBy => ("a field", "sort_by -timestamp"),
        Clause::Latest => ("nothing", "latest"),
        Clause::LatestBy => ("a field", "latest_by agent_id"),
        Clause::Summarize => ("an aggregate", "summarize count, sum(cost_usd)"),
        Clause::Limit => ("a number", "limit 20"),
        Clause::Jq => ("a program", "--jq .action"),
    };
    Problem::new(at, format!("{what} is missing after {}", quoted(word)))
        .hint(format!("write it as in `{example}`; a field called {word} needs quotes: \"{word}\""))
}

/// Text that begins neither a condition nor a clause.
pub(crate) fn stray(c: &Cursor<'_>) -> Option<Problem> {
    let rest = c.rest();
    let span = |length: usize| Span { from: c.at, to: c.at + length };
    let first = rest.chars().next()?;
    let two_words = |first: &str, second: &str| {
        let after = rest.get(first.len()..).unwrap_or_default();
        let blanks = after.len() - after.trim_start().len();
        let mut next = c.clone();
        next.at += first.len() + blanks;
        (c.is_word(first) && blanks > 0 && next.is_word(second)).then(|| span(first.len() + blanks + second.len()))
    };
    for (first, ours) in [("group", "group_by"), ("order", "sort_by"), ("sort", "sort_by"), ("latest", "latest_by")] {
        if let Some(span) = two_words(first, "by") {
            return Some(
                Problem::new(span, format!("{} is not a clause", quoted(c.slice(span))))
                    .hint(format!("write `{ours}`")),
            );
        }
    }
    for theirs in ["order_by", "orderby"] {
        if c.is_word(theirs) && !c.operator_follows(theirs.len()) {
            let problem = Problem::new(span(theirs.len()), format!("{} is not a clause", quoted(theirs)));
            return Some(problem.hint("write `sort_by`"));
        }
    }
    if c.is_word("where") && !c.operator_follows("where".len()) {
        return Some(
            Problem::new(span(5), "`where` is not a clause")
                .hint("write `filter`, or nothing in front of the first condition"),
        );
    }
    if first == '|' && !rest.starts_with("||") {
        return Some(
            Problem::new(span(1), "clauses follow one another without `|`")
                .hint("for jq on each row, use --jq; for `or`, write `or`"),
        );
    }
    if first == '&' && !rest.starts_with("&&") {
        return Some(Problem::new(span(1), "`&` joins nothing").hint("write `and`"));
    }
    if first == ';' {
        return Some(Problem::new(span(1), "a query has no `;`").hint("clauses follow one another with white space"));
    }
    if first == ')' {
        return Some(Problem::new(span(1), "this parenthesis was never opened"));
    }
    if lex::is_curly(first) {
        return Some(curly(c));
    }
    if lex_sign(rest) {
        return Some(
            Problem::new(c.here(), "an operator without a field before it")
                .hint("conditions are written `field=value` and joined by `and` or `or`"),
        );
    }
    None
}

fn lex_sign(rest: &str) -> bool {
    lex::SIGNS.iter().any(|(sign, _)| rest.starts_with(sign))
}

fn curly(c: &Cursor<'_>) -> Problem {
    Problem::new(c.here(), "this is a typographic quote").hint("write ' or \"")
}

/// Why no condition begins here; `None` if one may.
pub(crate) fn no_condition(c: &Cursor<'_>) -> Option<Problem> {
    let first = c.peek();
    if c.is_word("and") || c.is_word("or") {
        let word = c.name();
        let span = Span { from: c.at, to: c.at + word.len() };
        return Some(Problem::new(span, format!("a condition is missing before {}", quoted(word))));
    }
    match first {
        None => Some(Problem::expected(c.here(), Expected::Condition).hint("write it as in status=blocked")),
        Some('.') => {
            let name = c.rest()[1..].split(|character: char| !character.is_alphanumeric() && character != '_').next();
            let name = name.filter(|name| !name.is_empty()).unwrap_or("status");
            Some(
                Problem::new(c.here(), "a field has no dot in front")
                    .hint(format!("write `{name}`; jq goes in parentheses, as in jq(.{name}==1)")),
            )
        }
        Some('\'' | '"') => None,
        Some(_) if is_number(c.name()) && c.operator_follows(c.name().len()) => {
            let span = Span { from: c.at, to: c.at + c.name().len() };
            let problem = Problem::new(span, "the field goes on the left of an operator, the value on the right");
            Some(problem.hint(format!("a field called {0} needs quotes: \"{0}\"", c.name())))
        }
        Some(_) if !c.name().is_empty() => stray(c),
        Some(_) => Some(stray(c).unwrap_or_else(|| {
            Problem::expected(c.here(), Expected::Condition)
                .hint("write it as in status=blocked; a field with other characters needs quotes")
        })),
    }
}

/// Why no field begins here.
pub(crate) fn no_field(c: &Cursor<'_>, after_dot: bool) -> Problem {
    if after_dot {
        return Problem::new(c.here(), "a key is missing after the dot")
            .hint("a key with other characters needs quotes: a.\"odd key\"");
    }
    match c.peek() {
        Some('.') => Problem::new(c.here(), "a field has no dot in front")
            .hint("write the name alone; jq goes in parentheses, as in (.a|length)"),
        Some('*') if c.before().ends_with('(') => {
            Problem::new(c.here(), "`*` is not a field").hint("write `count` alone for the number of rows")
        }
        Some('*') => Problem::new(c.here(), "`*` is not a field").hint("leave `select` out to get every field"),
        Some('-') => Problem::new(c.here(), "`-` before a field is allowed only in sort_by")
            .hint("quote a key that begins with `-`"),
        Some(character) if lex::is_curly(character) => curly(c),
        Some(')') if c.before().ends_with('(') => bucket(c),
        _ => Problem::expected(c.here(), Expected::Field),
    }
}

/// `day()`, the short form in the help.
fn bucket(c: &Cursor<'_>) -> Problem {
    let before = c.before().trim_end_matches('(');
    let word = before.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    let problem = Problem::new(c.here(), format!("`{word}()` needs a field"));
    match word {
        "every" => problem.hint("write `every(timestamp, 15m)`"),
        "" => Problem::expected(c.here(), Expected::Field),
        _ => problem.hint(format!("write `{word}(timestamp)`")),
    }
}

/// Handles a path without an operator: a bare word is never a filter. The mistake is recorded, and
/// a condition is returned in its place, so that the rest is read as well.
pub fn bare_word(parser: &mut Parser<'_>, path: &Path, before: Option<&Expr>) -> Option<Result<Expr, Problem>> {
    parser.cursor.skip_white();
    let (after, at) = (parser.cursor.clone(), parser.cursor.at);
    let next = after.clone().bare();
    let is_operator = after.operator_follows(0)
        || SIGNS.iter().any(|(sign, ..)| after.rest().starts_with(sign))
        || ["in", "not"].iter().any(|word| after.is_word(word))
        || WORDS.iter().any(|(word, _)| after.is_word(word));
    if is_operator {
        return None;
    }
    let word = parser.cursor.slice(path.span).to_owned();
    let stand_in = Expr::Has(path.clone());
    let joined = ["and", "or"].iter().any(|join| after.is_word(join)) || next.is_empty();
    let is_field = names::is_standard(path.keys.first().map_or("", String::as_str));
    if is_field
        && !joined
        && parser.clause_word().is_none()
        && !next.starts_with(['|', '&'])
        && !next.contains(['=', '~'])
    {
        let span = Span { from: path.span.from, to: at + next.len() };
        parser.cursor.at += next.len();
        let problem =
            Problem::new(span, format!("an operator is missing between {} and {}", quoted(&word), quoted(next)));
        parser.note(problem.hint(format!("write {word}={next}")));
        return Some(Ok(stand_in));
    }
    let problem = Problem::bare_word(path.span, &word);
    if let Some(Expr::Test(Test { left, op: Op::Equal, right: Right::One(value), all: false, span })) = before {
        let list = format!("{} in ({}, {word})", print::operand(left), print::literal(value));
        parser.note(problem.hint(format!("did you mean {list}?")));
        // A further word after another `or` gets the same hint.
        let right = Right::One(Literal { text: word, ..value.clone() });
        return Some(Ok(Expr::Test(Test { left: left.clone(), op: Op::Equal, right, all: false, span: *span })));
    }
    let near = nearest(&word, CLAUSES.iter().map(|(clause, _)| *clause)).filter(|_| !is_field && !next.is_empty());
    if let Some(near) = near.filter(|_| nearest(&word, Status::WORDS.iter().copied()).is_none()) {
        return Some(Err(problem.hint(format!("did you mean `{near}`?"))));
    }
    parser.note(problem.hint(hint_for_word(&word, is_field)));
    Some(Ok(stand_in))
}

/// The hint for a word that is alone.
fn hint_for_word(word: &str, is_field: bool) -> String {
    let lower = word.to_lowercase();
    let known = [
        ("status", Status::of(&lower).is_some()),
        ("phase", Phase::of(&lower).is_some()),
        ("kind", !matches!(Kind::named(&lower), Kind::Step | Kind::Other)),
    ];
    if let Some((field, _)) = known.into_iter().find(|(_, is_one)| *is_one) {
        return format!("did you mean {field}={lower}?");
    }
    if is_field {
        return format!("for rows that have the field write `has {word}`; for a value write {word}=…");
    }
    let near = nearest(word, Status::WORDS.iter().copied());
    near.map_or_else(
        || format!("write field=value; for rows whose action contains it, action*={word}"),
        |near| format!("did you mean status={near}?"),
    )
}

/// `sum(x)>1` or `day(x)=…` in a filter.
pub(crate) fn call_in_filter(name: &str, span: Span) -> Problem {
    let problem = Problem::new(span, format!("{} is not allowed in a filter", quoted(&format!("{name}(…)"))));
    if function_of(name).is_some() {
        return problem.hint("aggregates go in summarize; conditions on them in having");
    }
    if name == "every" || BUCKETS.iter().any(|(bucket, _)| *bucket == name) {
        return problem.hint("time buckets go in group_by and select; here, compare with a date: timestamp=2026-04-15");
    }
    Problem::new(span, format!("there is no function {}", quoted(name)))
        .hint("anything beyond `has`, `all` and `jq` is jq: jq(.action|length>3)")
}

/// Reads a sign that is not an operator here, as the one that is meant.
pub(crate) fn operator(parser: &mut Parser<'_>) -> Option<Op> {
    let (sign, op, hint) = SIGNS.iter().find(|(sign, ..)| parser.cursor.rest().starts_with(sign))?;
    let from = parser.cursor.at;
    parser.cursor.at += sign.len();
    let problem = Problem::new(parser.cursor.since(from), format!("{} is not an operator", quoted(sign)));
    parser.note(problem.hint(*hint));
    Some(*op)
}

/// The problem of text in the place of an operator.
pub(crate) fn no_operator(c: &Cursor<'_>) -> Problem {
    let name = c.name();
    let span = Span { from: c.at, to: c.at + name.len() };
    if let Some((_, hint)) = WORDS.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)) {
        return Problem::new(span, format!("{} is not an operator", quoted(name))).hint(*hint);
    }
    Problem::expected(c.here(), Expected::Operator).hint("operators are = != < <= > >= ~ !~ *= ^= in, not in")
}

/// The problem of text in the place of a value.
pub(crate) fn no_value(c: &Cursor<'_>) -> Problem {
    let word = c.name();
    let problem = Problem::expected(c.here(), Expected::Value);
    match c.peek() {
        Some('(') => problem.hint("a list of values goes after `in`: field in (a, b)"),
        Some(character) if lex::is_curly(character) => curly(c),
        Some('=' | '<' | '>' | '~' | '!') => problem.hint("quote a value that begins with an operator"),
        Some(_) if lex::is_join(word) => {
            let span = Span { from: c.at, to: c.at + word.len() };
            Problem::new(span, format!("a value is missing before {}", quoted(word)))
                .hint(format!("if the word itself is meant, quote it: \"{word}\""))
        }
        _ => problem.hint("an empty value is written \"\""),
    }
}

/// Checks that the character after a value may follow it.
pub(crate) fn after_value(c: &Cursor<'_>, value: Span) -> Result<(), Problem> {
    match c.peek() {
        Some(character)
            if !character.is_whitespace()
                && !matches!(character, ')' | ',')
                && !c.rest().starts_with("&&")
                && !c.rest().starts_with("||") =>
        {
            let span = Span { from: value.from, to: c.here().to };
            Err(Problem::new(
                c.here(),
                format!("a value without quotes ends before {}", quoted(&character.to_string())),
            )
            .hint(format!(
                "put the whole value between quotes, or a blank after {}",
                quoted(c.slice(Span { to: value.to, ..span }))
            )))
        }
        _ => Ok(()),
    }
}

/// The problem of a value beside `timestamp` or `age` that is not a time or a duration.
pub(crate) fn of_time(test: &Test) -> Option<Problem> {
    let compares = !matches!(test.op, Op::Matches | Op::NotMatches | Op::Contains | Op::BeginsWith);
    let values = match &test.right {
        Right::One(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::File(..) => &[],
    };
    let mut bare = values.iter().filter(|value| compares && value.form == Form::Bare && value.text != "null");
    match &test.left {
        // Whether a text is a time at all does not depend on the clock or the zone.
        Operand::Path(path) if path.keys == ["timestamp"] => bare.find_map(|value| {
            let clock = Clock { now: Instant { seconds: 0, attos: 0 }, zone: Zone::UTC };
            let fault = match time::read(&value.text, &clock) {
                Some(Ok(_)) => return None,
                Some(Err(fault)) => fault,
                None => format!("{} is not a time", quoted(&value.text)),
            };
            let problem = Problem::new(value.span, fault);
            let Some(near) = nearest(&value.text, ["today", "yesterday", "tomorrow", "now"]) else {
                return Some(problem.hint("times are 2026-04-15, 2026-04-15T08:30, today, yesterday, now, -12h, -7d"));
            };
            Some(problem.hint(format!("did you mean `{near}`?")))
        }),
        Operand::Age(_) => bare.find_map(|value| {
            let fault = duration_ms(&value.text).err()?;
            Some(
                Problem::new(value.span, fault).hint("write it as in age>2h; a field called age needs quotes: \"age\""),
            )
        }),
        _ => None,
    }
}
