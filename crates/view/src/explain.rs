//! What a query is going to do: what it reads, what it need not read, which parts the query
//! language runs itself and which are jq programs, and what it holds in memory.

use logbook_json as json;
use logbook_query::ast::{Aggregate, Column, Expr, Latest, Operand, Query};
use logbook_query::jq::head::Head;
use logbook_query::text::print;

/// One file or segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name in messages.
    pub name: String,
    /// Its size on disk; `None` for standard input.
    pub bytes: Option<u64>,
    /// Why it is not read, if it is not.
    pub pruned: Option<String>,
}

/// The plan of one query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The printed form of the query.
    pub query: String,
    /// The inputs, in order.
    pub inputs: Vec<Input>,
    /// How corrections are read.
    pub corrections: String,
    /// The parts that the query language runs itself.
    pub native: Vec<String>,
    /// The parts that are jq programs.
    pub jq: Vec<String>,
    /// What is held until all rows are read. Empty: rows are printed as they are read.
    pub holds: Vec<String>,
}

/// Explains `query` over `inputs`.
pub fn explain(query: &Query, inputs: Vec<Input>, corrections: &str) -> Explanation {
    let mut parts = Parts::default();
    match &query.latest {
        Some(Latest::By(path)) => {
            parts.native(format!("latest_by {}", print::path(path)));
            parts.holds.push(format!("latest_by: one row for each {}", print::path(path)));
        }
        Some(Latest::Standing) => {
            parts.native("latest".to_owned());
            parts.holds.push("latest: one row for each run".to_owned());
        }
        None => {}
    }
    parts.conditions("filter", query.filter.as_ref());
    if let Some(program) = &query.jq {
        let head = if query.slurp.is_some() { Head::default() } else { Head::of(&program.code) };
        for condition in head.texts() {
            parts.native(format!("before --jq: {condition}"));
        }
        parts.jq.push(format!("--jq {}", program.code));
    }
    parts.columns("group_by", &query.group_by);
    parts.aggregates(&query.summarize);
    if !query.group_by.is_empty() || !query.summarize.is_empty() {
        parts.holds.push(match query.group_by.is_empty() {
            true => "summarize: one group".to_owned(),
            false => "group_by: one group for each key".to_owned(),
        });
    }
    parts.conditions("having", query.having.as_ref());
    for key in &query.sort_by {
        parts.operand("sort_by", &key.of, || print::sort_key(key));
    }
    if !query.sort_by.is_empty() {
        parts.holds.push(match query.limit {
            Some(limit) => format!("sort_by: {limit} row{}", if limit == 1 { "" } else { "s" }),
            None => "sort_by: every row that passes".to_owned(),
        });
    }
    if let Some(limit) = query.limit {
        parts.native(format!("limit {limit}"));
    }
    parts.columns("select", &query.select);
    Explanation {
        query: print::query(query),
        inputs,
        corrections: corrections.to_owned(),
        native: parts.native,
        jq: parts.jq,
        holds: parts.holds,
    }
}

#[derive(Default)]
struct Parts {
    native: Vec<String>,
    jq: Vec<String>,
    holds: Vec<String>,
}

impl Parts {
    fn native(&mut self, part: String) {
        self.native.push(part);
    }

    /// Adds a condition as a whole or, if there is jq in it, each of its tests.
    fn conditions(&mut self, clause: &str, condition: Option<&Expr>) {
        let Some(condition) = condition else { return };
        let jq = self.jq.len();
        let native = self.native.len();
        self.tests(clause, condition);
        if self.jq.len() == jq {
            self.native.truncate(native);
            self.native(format!("{clause} {}", print::expr(condition)));
        }
    }

    fn tests(&mut self, clause: &str, condition: &Expr) {
        let mut open: Vec<&Expr> = vec![condition];
        while let Some(expr) = open.pop() {
            match expr {
                Expr::And(all) | Expr::Or(all) => open.extend(all.iter().rev()),
                Expr::Not(inner) => open.push(inner),
                Expr::Test(test) => self.operand(clause, &test.left, || print::test(test)),
                Expr::Has(_) => self.native(format!("{clause} {}", print::expr(expr))),
                Expr::Jq(_) => self.jq.push(format!("{clause} {}", print::expr(expr))),
            }
        }
    }

    fn operand(&mut self, clause: &str, operand: &Operand, shown: impl Fn() -> String) {
        let part = format!("{clause} {}", shown());
        if matches!(operand, Operand::Jq(_)) { self.jq.push(part) } else { self.native.push(part) }
    }

    fn columns(&mut self, clause: &str, columns: &[Column]) {
        for column in columns {
            self.operand(clause, &column.of, || print::column(column));
        }
    }

    fn aggregates(&mut self, aggregates: &[Aggregate]) {
        for aggregate in aggregates {
            let part = format!("summarize {}", print::aggregate(aggregate));
            match &aggregate.of {
                Some(Operand::Jq(_)) => self.jq.push(part),
                _ => self.native.push(part),
            }
        }
    }
}

impl Explanation {
    /// The number of bytes that will be read from disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.inputs.iter().filter(|input| input.pruned.is_none()).filter_map(|input| input.bytes).sum()
    }

    /// The plan as one JSON object.
    pub fn to_json(&self) -> Vec<u8> {
        let inputs = |pruned: bool| {
            let inputs = self.inputs.iter().filter(move |input| input.pruned.is_some() == pruned);
            inputs.map(|input| {
                let mut object = b"{\"name\":".to_vec();
                json::quote_into(&input.name, &mut object);
                if let Some(bytes) = input.bytes {
                    object.extend_from_slice(format!(",\"bytes\":{bytes}").as_bytes());
                }
                if let Some(why) = &input.pruned {
                    object.extend_from_slice(b",\"why\":");
                    json::quote_into(why, &mut object);
                }
                object.push(b'}');
                object
            })
        };
        let texts = |texts: &[String]| array(texts.iter().map(|text| json::quote(text)));
        let mut out = b"{\"query\":".to_vec();
        json::quote_into(&self.query, &mut out);
        let members = [
            ("inputs", array(inputs(false))),
            ("bytes", self.bytes().to_string().into_bytes()),
            ("pruned", array(inputs(true))),
            ("corrections", json::quote(&self.corrections)),
            ("native", texts(&self.native)),
            ("jq", texts(&self.jq)),
            ("streams", self.holds.is_empty().to_string().into_bytes()),
            ("holds", texts(&self.holds)),
        ];
        for (name, value) in members {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            out.extend_from_slice(&value);
        }
        out.push(b'}');
        out
    }

    /// The plan for people: one line per item, with its title.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines =
            vec![("query", if self.query.is_empty() { "every row".to_owned() } else { self.query.clone() })];
        let read: Vec<&Input> = self.inputs.iter().filter(|input| input.pruned.is_none()).collect();
        let s = if read.len() == 1 { "" } else { "s" };
        lines.push(("reads", format!("{} file{s}, {} bytes on disk", read.len(), self.bytes())));
        lines.extend(read.iter().map(|input| match input.bytes {
            Some(bytes) => ("", format!("{} ({bytes} bytes)", input.name)),
            None => ("", input.name.clone()),
        }));
        let pruned: Vec<String> = self
            .inputs
            .iter()
            .filter_map(|input| Some(format!("{}: {}", input.name, input.pruned.as_ref()?)))
            .collect();
        let none = |list: &[String], word: &str| if list.is_empty() { vec![word.to_owned()] } else { list.to_vec() };
        let corrections = vec![self.corrections.clone()];
        for (title, list) in [
            ("pruned", none(&pruned, "nothing")),
            ("corrections", corrections),
            ("native", none(&self.native, "nothing")),
            ("jq", none(&self.jq, "nothing")),
            ("holds", none(&self.holds, "nothing: rows stream, in constant memory")),
        ] {
            let titles = std::iter::once(title).chain(std::iter::repeat(""));
            lines.extend(titles.zip(list));
        }
        lines
    }
}

fn array(items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = b"[".to_vec();
    for item in items {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(&item);
    }
    out.push(b']');
    out
}
