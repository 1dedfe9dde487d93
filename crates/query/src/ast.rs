//! What a query says, as values, with the place in the text each part came
//! from. Made by `parse`, shown by `print`, given meaning by `compile`.

/// Bytes `from..to` of the query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
}

/// A whole query. Order of work: corrections → latest → filter → jq →
/// group/summarize → having → sort → limit → select.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// `latest` or `latest_by F`
    pub latest: Option<Latest>,
    /// `filter E`; several are joined by `and`.
    pub filter: Option<Expr>,
    /// `--jq PROGRAM`: run on each row that passes.
    pub jq: Option<JqText>,
    /// `--slurp`: the program gets all rows that pass as one array, if they have at most so many
    /// bytes.
    pub slurp: Option<u64>,
    /// `group_by f,…`
    pub group_by: Vec<Column>,
    /// `summarize a,…`
    pub summarize: Vec<Aggregate>,
    /// `having E`, on the rows that grouping makes.
    pub having: Option<Expr>,
    /// `select f,…`
    pub select: Vec<Column>,
    /// `sort_by -f,…`
    pub sort_by: Vec<SortKey>,
    /// `limit n`
    pub limit: Option<u64>,
}

/// Of many rows, one.
#[derive(Debug, Clone, PartialEq)]
pub enum Latest {
    /// `latest`: of each run the row that says where it stands.
    Standing,
    /// `latest_by F`: the newest row for each value of F.
    By(Path),
}

impl Query {
    /// Whether rows come out as they were written.
    pub fn passes_rows_on(&self) -> bool {
        self.jq.is_none() && self.select.is_empty() && self.group_by.is_empty() && self.summarize.is_empty()
    }

    /// Whether it can be evaluated without bounds: it takes time and memory in proportion to its
    /// rows, whatever it says. That is so where no jq program, no pattern and no file stands in it.
    pub fn is_plain(&self) -> bool {
        let is_jq = |operand: &Operand| matches!(operand, Operand::Jq(_));
        let columns = self.group_by.iter().chain(&self.select).map(|column| &column.of);
        let operands = columns.chain(self.summarize.iter().filter_map(|aggregate| aggregate.of.as_ref()));
        let mut operands = operands.chain(self.sort_by.iter().map(|key| &key.of));
        self.jq.is_none() && !operands.any(is_jq) && self.filter.iter().chain(&self.having).all(Expr::is_plain)
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All of these (two or more).
    And(Vec<Expr>),
    /// Any of these (two or more).
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// `field op value`
    Test(Test),
    /// `has field`: present, null included.
    Has(Path),
    /// `jq(…)`: true when its first output is neither false nor null.
    Jq(JqText),
}

impl Expr {
    fn is_plain(&self) -> bool {
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            match expr {
                Expr::And(all) | Expr::Or(all) => open.extend(all),
                Expr::Not(inner) => open.push(inner),
                Expr::Jq(_) | Expr::Test(Test { left: Operand::Jq(_), .. } | Test { right: Right::File(..), .. }) => {
                    return false;
                }
                Expr::Test(Test { op: Op::Matches | Op::NotMatches, .. }) => return false,
                Expr::Test(_) | Expr::Has(_) => {}
            }
        }
        true
    }
}

/// A comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is compared.
    pub left: Operand,
    /// `all(path) op v`: every element must hold, instead of any.
    pub all: bool,
    /// How.
    pub op: Op,
    /// With what.
    pub right: Right,
    /// Where the whole test stands.
    pub span: Span,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=` (also `==`)
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `~` regex finds
    Matches,
    /// `!~` present and regex does not find
    NotMatches,
    /// `*=` contains
    Contains,
    /// `^=` begins with
    BeginsWith,
    /// `in (…)` or `in @file`
    In,
    /// `not in (…)`: present and in none
    NotIn,
}

/// The right side of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// One value.
    One(Literal),
    /// `(a, b, c)`
    List(Vec<Literal>),
    /// `@file`: one value a line; the file is read by `cmd`.
    File(String, Span),
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// What it says: characters after unquoting, or the bare word.
    pub text: String,
    /// How it was written.
    pub form: Form,
    /// Where.
    pub span: Span,
}

/// How a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A bare word, number, date, duration, `true`, `null`: what it means is decided by `compile`.
    Bare,
    /// Quoted: only a string.
    Quoted,
    /// `$name`: the value comes from `--arg` or `--argjson`.
    Argument,
}

/// The left side of a test, and what a column shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// `a.b.c`
    Path(Path),
    /// `age`: now minus timestamp.
    Age(Span),
    /// `(…)`: a jq expression.
    Jq(JqText),
    /// `hour(f)`, `day(f)`, `every(f, 15m)`: a time bucket; only in columns.
    Bucket(Bucket),
}

/// A time bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The field that holds the timestamp.
    pub path: Path,
    /// Its width.
    pub every: Every,
    /// Where the whole bucket stands.
    pub span: Span,
}

/// Width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// `minute(f)`
    Minute,
    /// `hour(f)`
    Hour,
    /// `day(f)`: the calendar day of the query's zone.
    Day,
    /// `week(f)`: from Monday.
    Week,
    /// `month(f)`
    Month,
    /// `every(f, D)`: this many milliseconds, counted from local midnight.
    Ms(u64),
}

/// A dotted path: one key or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The keys, outermost first; never empty.
    pub keys: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

/// A jq program as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JqText {
    /// The program, without the parentheses around it.
    pub code: String,
    /// Where the program stands.
    pub span: Span,
}

/// A column of `group_by` or `select`: `name=operand`, `operand as name`, or the operand alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name it was given.
    pub name: Option<String>,
    /// What it shows.
    pub of: Operand,
    /// Where it stands.
    pub span: Span,
}

/// `count`, `sum(f)`, `p95(f) as slow`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The name it was given.
    pub name: Option<String>,
    /// Which one.
    pub function: Function,
    /// Over what; `None` for `count` alone.
    pub of: Option<Operand>,
    /// Where it stands.
    pub span: Span,
}

/// The aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Rows, or rows that have the field.
    Count,
    /// Exact sum of the numbers.
    Sum,
    /// Sum divided by count of the numbers.
    Avg,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Exact percentile, nearest rank, in thousandths of a percent (`p95` = 95_000, `p99.9` =
    /// 99_900).
    Percentile(u32),
    /// How many different values.
    Distinct,
    /// The first by position.
    First,
    /// The last by position.
    Last,
    /// The different values, in order of first appearance.
    List,
}

/// One key of `sort_by`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// `-f`: greatest first.
    pub descending: bool,
    /// What is sorted by.
    pub of: Operand,
}
