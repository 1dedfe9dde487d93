//! A parsed query, with the place of each part in the text. Made by `parse`, printed by `print`,
//! compiled by `compile`.

/// Bytes `from..to` of the query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
}

/// A whole query. Order of evaluation: corrections → latest → filter → jq → group/summarize →
/// having → sort → limit → select.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// `latest` or `latest_by F`
    pub latest: Option<Latest>,
    /// `filter E`; several filters are joined by `and`.
    pub filter: Option<Expr>,
    /// `--jq PROGRAM`: runs on each row that passes.
    pub jq: Option<JqText>,
    /// `--slurp`: the program gets all rows that pass as one array, if they have at most this many
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

/// Which row of a group goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Latest {
    /// `latest`: the row of each run that decides its standing.
    Standing,
    /// `latest_by F`: the newest row for each value of F.
    By(Path),
}

impl Query {
    /// Whether rows are output as they were written.
    pub fn passes_rows_on(&self) -> bool {
        self.jq.is_none() && self.select.is_empty() && self.group_by.is_empty() && self.summarize.is_empty()
    }

    /// Whether evaluation takes time and memory in proportion to the rows, whatever the query says:
    /// it contains no jq program, no pattern and no file. Such a query needs no limits.
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
    /// The condition does not hold.
    Not(Box<Expr>),
    /// `field op value`
    Test(Test),
    /// `has field`: present, null included.
    Has(Path),
    /// `jq(…)`: true if its first output is neither false nor null.
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
    /// The left side.
    pub left: Operand,
    /// `all(path) op v`: every element must match, instead of any.
    pub all: bool,
    /// The operator.
    pub op: Op,
    /// The right side.
    pub right: Right,
    /// The place of the whole test.
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
    /// `~`: the regex matches somewhere
    Matches,
    /// `!~`: present, and the regex does not match
    NotMatches,
    /// `*=`: contains
    Contains,
    /// `^=`: begins with
    BeginsWith,
    /// `in (…)` or `in @file`
    In,
    /// `not in (…)`: present, and equal to none
    NotIn,
}

/// The right side of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// One value.
    One(Literal),
    /// `(a, b, c)`
    List(Vec<Literal>),
    /// `@file`: one value per line. The caller reads the file.
    File(String, Span),
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The characters after unquoting, or the bare word.
    pub text: String,
    /// How it was written, which decides how it may be read.
    pub form: Form,
    /// The place of the literal.
    pub span: Span,
}

/// How a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A bare word, number, date, duration, `true` or `null`. What it means depends on the field.
    Bare,
    /// Quoted: always a string.
    Quoted,
    /// `$name`: the value comes from `--arg` or `--argjson`.
    Argument,
}

/// The left side of a test, or the content of a column.
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
    /// The place of the whole bucket.
    pub span: Span,
}

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// `minute(f)`
    Minute,
    /// `hour(f)`
    Hour,
    /// `day(f)`: a calendar day in the query's zone.
    Day,
    /// `week(f)`: begins on Monday.
    Week,
    /// `month(f)`
    Month,
    /// `every(f, D)`: this many milliseconds, counted from local midnight.
    Ms(u64),
}

/// A dotted path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The keys, outermost first; never empty.
    pub keys: Vec<String>,
    /// The place of the path.
    pub span: Span,
}

/// A jq program as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JqText {
    /// The program, without the parentheses around it.
    pub code: String,
    /// The place of the program.
    pub span: Span,
}

/// A column of `group_by` or `select`: `name=operand`, `operand as name`, or the operand alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The given name, if any.
    pub name: Option<String>,
    /// The content of the column.
    pub of: Operand,
    /// The place of the column.
    pub span: Span,
}

/// `count`, `sum(f)`, `p95(f) as slow`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The given name, if any.
    pub name: Option<String>,
    /// The function.
    pub function: Function,
    /// What it is computed of; `None` for `count` alone.
    pub of: Option<Operand>,
    /// The place of the aggregate.
    pub span: Span,
}

/// The aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The number of rows, or of rows that have the field.
    Count,
    /// The exact sum of the numbers.
    Sum,
    /// The sum divided by the count of the numbers.
    Avg,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The exact percentile by nearest rank, in thousandths of a percent (`p95` is 95_000, `p99.9`
    /// is 99_900).
    Percentile(u32),
    /// The number of different values.
    Distinct,
    /// The first value by position.
    First,
    /// The last value by position.
    Last,
    /// The different values, in order of first appearance.
    List,
}

/// One key of `sort_by`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// `-f`: the greatest value comes first.
    pub descending: bool,
    /// What to sort by.
    pub of: Operand,
}
