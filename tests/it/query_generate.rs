//! Queries at random, as values.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use logbook_query::ast::*;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const AT: Span = Span { from: 0, to: 0 };

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z_][a-z0-9_-]{0,6}",
        1 => select(vec!["and", "or", "not", "has", "in", "all", "jq", "age", "as", "limit", "filter", "group-by", "Sort_By", "p95", "sum", "day"]).prop_map(String::from),
        1 => "[ -~éß漢\n\t]{0,8}",
    ]
}

fn path() -> impl Strategy<Value = Path> {
    prop::collection::vec(key(), 1..4).prop_map(|keys| Path { keys, span: AT })
}

fn jq() -> impl Strategy<Value = JqText> {
    select(vec![
        ".a",
        ". a|length",
        "$x",
        "[.a,.b]|add",
        " {a:1}.a",
        ".a == \"\\(.b + \")\") ( \"",
        "\n.a # )(\n",
        ".a|(.b)",
    ])
    .prop_map(|code| JqText { code: code.to_owned(), span: AT })
}

fn literal() -> impl Strategy<Value = Literal> {
    let bare = select(vec![
        "done",
        "in-progress",
        "5",
        "-5",
        "1e400",
        "-12h",
        "2026-04-15T00:00:00+02:00",
        "r-88#3",
        "a/b.txt",
        "user@host",
        "null",
        "true",
        "https://x.y/?a=b&c=d",
        "*.rs",
        "$5",
        "andy",
        "ü",
        ":",
        "|",
        "&",
        "[x]",
        "\\d+",
        "@here",
        "-",
    ]);
    prop_oneof![
        bare.prop_filter("an argument", |text| !text.starts_with('$')).prop_map(|text| Literal {
            text: text.to_owned(),
            form: Form::Bare,
            span: AT
        }),
        "[ -~é\n\t\\\\\"']{0,8}|\\PC{0,4}|\u{0}\u{1b}".prop_map(|text| Literal { text, form: Form::Quoted, span: AT }),
        "[a-z_][a-z0-9_]{0,5}".prop_map(|text| Literal { text, form: Form::Argument, span: AT }),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let ops = vec![
        Op::Equal,
        Op::NotEqual,
        Op::Less,
        Op::LessEqual,
        Op::Greater,
        Op::GreaterEqual,
        Op::Matches,
        Op::NotMatches,
        Op::Contains,
        Op::BeginsWith,
    ];
    let file = prop_oneof!["[a-z/.]{1,8}", "[ -~]{1,8}"].prop_map(|file| Right::File(file, AT));
    let many = prop_oneof![prop::collection::vec(literal(), 1..4).prop_map(Right::List), file];
    let right = prop_oneof![(select(ops), literal().prop_map(Right::One)), (select(vec![Op::In, Op::NotIn]), many),];
    let age = (select(vec![Op::Less, Op::Greater]), select(vec!["2h", "1h30m"])).prop_map(|(op, text)| Test {
        left: Operand::Age(AT),
        all: false,
        op,
        right: Right::One(Literal { text: text.to_owned(), form: Form::Bare, span: AT }),
        span: AT,
    });
    let left = prop_oneof![
        4 => (path().prop_map(Operand::Path), any::<bool>()),
        1 => (jq().prop_map(Operand::Jq), Just(false)),
    ];
    let general = (left, right).prop_map(|((left, all), (op, right))| Test { left, all, op, right, span: AT });
    prop_oneof![6 => general, 1 => age].prop_filter(
        "timestamp takes times",
        |test| !matches!(&test.left, Operand::Path(path) if path.keys == ["timestamp"]),
    )
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        6 => test().prop_map(Expr::Test),
        1 => path().prop_map(Expr::Has),
        1 => jq().prop_map(Expr::Jq),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|term| Expr::Not(Box::new(term))),
        ]
    })
}

fn operand() -> impl Strategy<Value = Operand> {
    let every = prop_oneof![
        select(vec![Every::Minute, Every::Hour, Every::Day, Every::Week, Every::Month]),
        (1u64..100_000_000_000).prop_map(Every::Ms),
    ];
    prop_oneof![
        4 => path().prop_map(Operand::Path),
        1 => Just(Operand::Age(AT)),
        1 => jq().prop_map(Operand::Jq),
        1 => (path(), every).prop_map(|(path, every)| Operand::Bucket(Bucket { path, every, span: AT })),
    ]
}

fn column() -> impl Strategy<Value = Column> {
    (option::of(key().prop_filter("a name", |name| !name.is_empty())), operand()).prop_map(|(name, of)| Column {
        name,
        of,
        span: AT,
    })
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    use Function::*;
    let functions = prop_oneof![
        select(vec![Count, Sum, Avg, Min, Max, Distinct, First, Last, List]),
        (0u32..=100_000).prop_map(Percentile),
    ];
    let called = prop_oneof![
        1 => Just((Count, None)),
        4 => (functions, operand().prop_map(Some)),
    ];
    (option::of("[a-z ]{1,6}"), called).prop_map(|(name, (function, of))| Aggregate { name, function, of, span: AT })
}

fn sort_key() -> impl Strategy<Value = SortKey> {
    (any::<bool>(), operand()).prop_map(|(descending, of)| SortKey { descending, of })
}

/// Queries that hold something.
pub fn any_query() -> impl Strategy<Value = Query> {
    let some = |limit| 0..limit;
    (
        option::of(prop_oneof![Just(Latest::Standing), path().prop_map(Latest::By)]),
        option::of(expr()),
        prop::collection::vec(column(), some(3)),
        prop::collection::vec(aggregate(), some(3)),
        option::of(expr()),
        prop::collection::vec(column(), some(3)),
        prop::collection::vec(sort_key(), some(3)),
        option::of(any::<u64>()),
    )
        .prop_map(|(latest, filter, group_by, summarize, having, select, sort_by, limit)| Query {
            latest,
            filter,
            jq: None,
            slurp: None,
            group_by,
            summarize,
            having,
            select,
            sort_by,
            limit,
        })
        .prop_filter("something", |query| *query != Query::default())
}

/// What a query says, spans aside.
pub fn without_spans(query: &Query) -> String {
    let text = format!("{query:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span { from: ") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('}').map_or(rest.len(), |end| end + 1)..];
    }
    out + rest
}
