//! The reading side of the query language. The cases are data
//! (`tests/query/parse/*.toml`): a query, and its printed form or its error.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use logbook_model::Vocabulary;
use logbook_model::error::Error;
use logbook_query::text::check::{self, Seen};
use logbook_query::text::parse::{self, Clause, Input, parse};
use logbook_query::text::{arguments, print};
use proptest::prelude::*;

use crate::query_generate::{any_query, without_spans};

#[derive(serde::Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    query: String,
    prints: Option<String>,
    error: Option<String>,
}

fn said(query: &str) -> Result<String, String> {
    parse(query).map(|query| print::query(&query)).map_err(|problems| Error::from(problems).to_string())
}

#[test]
fn cases() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/query/parse");
    let mut cases = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: File = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for case in file.case {
            cases += 1;
            let expected = match (case.prints, case.error) {
                (Some(prints), None) => Ok(prints.trim_end_matches('\n').to_owned()),
                (None, Some(error)) => Err(error.trim_end_matches('\n').to_owned()),
                _ => panic!("{}: one of `prints` and `error`", case.query),
            };
            let got = said(&case.query);
            if let Ok(text) = &got {
                assert_eq!(said(text).as_ref(), Ok(text), "the printed form says something else");
            }
            if got != expected {
                wrong.push(format!("{}\n{}\nexpected {expected:#?}\n     got {got:#?}", path.display(), case.query));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(cases >= 120, "only {cases} cases");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_printed_form_parses_to_the_same_query(query in any_query()) {
        let text = print::query(&query);
        let again = parse(&text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        prop_assert_eq!(without_spans(&again), without_spans(&query), "{}", text);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}|[ -~\n\t]{0,60}|[a-b=!<>~(){}$.,'\"\\\\ #|&-]{0,30}") {
        shown(&text);
    }

    #[test]
    fn no_mutated_query_panics(query in any_query(), at in any::<prop::sample::Index>(), with in "[ -~éä\n]{0,3}", cut in 0usize..6) {
        let mut text: Vec<char> = print::query(&query).chars().collect();
        if !text.is_empty() {
            let from = at.index(text.len());
            let to = (from + cut).min(text.len());
            text.splice(from..to, with.chars());
        }
        shown(&text.into_iter().collect::<String>());
    }
}

/// Every entry point on any text; what is accepted must survive being printed.
fn shown(text: &str) {
    match parse(text) {
        Ok(query) => {
            let printed = print::query(&query);
            let again = parse(&printed).unwrap_or_else(|problems| panic!("{text:?} {printed:?}\n{problems}"));
            assert_eq!(without_spans(&again), without_spans(&query), "{text:?} {printed:?}");
        }
        Err(problems) => {
            let shown = Error::from(problems).to_string();
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
        }
    }
    for clause in [Clause::Filter, Clause::Select, Clause::Summarize, Clause::SortBy] {
        let _ = Input::new().flag(clause, "--flag", text).parse();
    }
    let _ = parse::parse_path_list(text);
    let _ = arguments::is_query_text(text);
    let _ = arguments::hint(text);
}

#[test]
fn nesting_is_bounded() {
    for unit in ["(", "not ", "!", "jq(", "all(", "((.", "a in ("] {
        for count in [199, 200, 201, 100_000] {
            shown(&unit.repeat(count));
            shown(&format!("{}a=1{}", unit.repeat(count), ")".repeat(count)));
        }
    }
    let deep = |levels: usize| format!("{}a=1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&deep(200)).is_ok());
    assert!(parse(&deep(201)).unwrap_err().to_string().contains("deeper than 200"));
}

#[test]
fn flags_mean_the_same_as_clauses() {
    let flags = Input::new()
        .text("status=blocked")
        .flag(Clause::Filter, "--filter", "phase=act or phase=plan")
        .flag(Clause::GroupBy, "--group", "blocked_on")
        .flag(Clause::Summarize, "--summarize", "count")
        .flag(Clause::SortBy, "--sort", "-count")
        .flag(Clause::Limit, "--limit", "5")
        .flag(Clause::LatestBy, "--latest-by", "run_id");
    let text = "latest_by run_id filter status=blocked filter phase=act or phase=plan \
                group_by blocked_on summarize count sort_by -count limit 5";
    assert_eq!(without_spans(&flags.parse().unwrap()), without_spans(&parse(text).unwrap()));
    let jq = Input::new().flag(Clause::Jq, "--jq", ".a | select(.)").parse().unwrap();
    assert_eq!(jq.jq.unwrap().code, ".a | select(.)");
    assert_eq!(parse(""), Input::new().text("").parse());
    assert!(Input::new().parse().is_ok());
}

#[test]
fn mistakes_in_flags_show_the_flag() {
    let said = |input: Input| Error::from(input.parse().unwrap_err()).to_string();
    assert_eq!(
        said(Input::new().text("status=done").flag(Clause::GroupBy, "--group", "hours(timestamp)")),
        "query: there is no function `hours`\n  2 | --group hours(timestamp)\n              ^^^^^\nhint: did you mean `hour`?"
    );
    assert_eq!(
        said(Input::new().text("limit 3").flag(Clause::Limit, "--limit", "4")),
        "query: `limit` is given twice\n  2 | --limit 4\n              ^\nhint: give it once"
    );
    assert!(said(Input::new().flag(Clause::Filter, "--filter", "a=1 limit 3")).contains("is not allowed here"));
    assert!(said(Input::new().flag(Clause::Select, "--select", "")).contains("an entry is missing"));
}

#[test]
fn arguments_are_told_apart_by_syntax() {
    for text in [
        "status=blocked",
        "a.b!=c",
        "step in (1,2)",
        "step not in (1)",
        "age>2h",
        "(a=1)",
        "!a=1",
        "not a=1",
        "NOT",
        "and",
        "or",
        "has x",
        "jq(.a)",
        "all(a)=1",
        "filter a=1",
        "filter",
        "group_by x",
        "group-by x",
        "limit 3",
        "limit=3",
        "timestamp >= 2026-04-15T00:00Z AND status=done",
        "\"odd key\"=1",
        "a.\"b c\" ~ x",
        " status=done",
        "a*=b",
        "a^=b",
        "# note\nstatus=done",
        "=>x=1",
        "select run_id",
        "status in $list",
        "(.a|length)>1",
    ]
    .iter()
    .filter(|text| !text.starts_with('='))
    {
        assert!(arguments::is_query_text(text), "{text}");
    }
    for input in [
        "-",
        "./status=done",
        "logs/*.jsonl",
        "logs",
        "notes.jsonl",
        "has.jsonl",
        "limit.jsonl",
        "a/b=c.jsonl",
        "in",
        "blocked",
        "status blocked",
        "status: blocked",
        "",
        "*.jsonl",
        "jq",
        "2026-04-15.000041.jsonl",
        "'unclosed=1",
    ] {
        assert!(!arguments::is_query_text(input), "{input}");
    }
    for (argument, is_operand, goes_on) in [
        ("group_by", false, true),
        ("Sort-By", false, true),
        ("has", false, true),
        ("agent_id,", true, true),
        ("agent_id", true, false),
        ("group_by agent_id,", false, false),
        ("action=limit", false, false),
        ("action = limit", false, false),
    ] {
        assert_eq!(arguments::continues(argument, is_operand), goes_on, "{argument}");
    }
    assert_eq!(arguments::join(["a=1", "and", "b=2"]), "a=1 and b=2");
    assert!(parse(&arguments::join(["a=1 # one", "b=2"])).unwrap().filter == parse("a=1 # one\nb=2").unwrap().filter);
    assert_eq!(arguments::hint("status: blocked").unwrap(), "if a condition was meant, write 'status=blocked'");
    assert_eq!(arguments::hint("logs.jsonl"), None);
}

#[test]
fn doubts_name_the_nearest_word() {
    let doubts = |text: &str| {
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let occurring = BTreeSet::from([path(&["shop_id"]), path(&["a.b", "c"]), path(&["x", "y"])]);
        let query = parse(text).unwrap();
        let seen = Seen { field: &|path| path.keys == ["shop_id"], word: &|_| false, paths: &occurring, partly: false };
        let doubts = check::warnings(&query, &seen, &Vocabulary::default());
        doubts
            .shown
            .into_iter()
            .map(|doubt| format!("{}: {}", doubt.message, doubt.hint.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    assert_eq!(doubts("stauts=blocked"), ["no row has the field `stauts`: did you mean `status`?"]);
    assert_eq!(doubts("cost>1"), ["no row has the field `cost`: did you mean `cost_usd`?"]);
    assert_eq!(doubts("shop_di=1 and shop_id=2"), ["no row has the field `shop_di`: did you mean `shop_id`?"]);
    assert_eq!(doubts("tool_call.tol=bash"), ["no row has the field `tool_call.tol`: did you mean `tool_call.tool`?"]);
    assert_eq!(doubts("status in (done, bloked)"), ["no status is called `bloked`: did you mean `blocked`?"]);
    assert_eq!(doubts("kind!=nota"), ["no kind is called `nota`: did you mean `note`?"]);
    assert_eq!(
        doubts("a.b.c=1"),
        ["no row has the field `a.b.c`: did you mean `\"a.b\".c`?; a key with a dot needs quotes"]
    );
    assert_eq!(doubts("\"x.y\"=1"), ["no row has the field `x.y`: did you mean `x.y`?"]);
    assert_eq!(doubts("rating=gren"), ["no rating is called `gren`: did you mean `green`?"]);
    for known in [
        "status=done",
        "inputs.any.thing=1",
        "tool_call.args.path=x",
        "status=null",
        "status=$s",
        "corrects=r-88#3",
        "group_by blocked_on having count>1 sort_by -oldest select blocked_on, runs",
        "summarize sum(cost_usd) having sum(cost_usd)>1 sort_by -sum(cost_usd)",
        "status~bloked",
    ] {
        assert_eq!(doubts(known), Vec::<String>::new(), "{known}");
    }
}

#[test]
fn the_grammar_on_one_screen_is_the_one_in_the_document() {
    let grammar = include_str!("../../docs/query-grammar.txt");
    assert!(include_str!("../../docs/query.md").contains(&format!("```text\n{grammar}```\n")));
    assert!(grammar.lines().count() <= 40 && grammar.lines().all(|line| line.chars().count() <= 110));
}
