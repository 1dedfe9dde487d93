//! The query box. The twin is `logbook query -o json`.

use super::result;
use super::runs::TEXT_BYTES_MAX;
use crate::cmd::live::web::answer::{Answer, Kind};
use crate::cmd::live::web::child::{self, Ran};
use crate::cmd::live::web::routes::Asked;
use crate::cmd::live::web::site::Site;
use crate::cmd::shared::reading::wording::Clauses;
use logbook_model::error::{Error, Result};
use logbook_query as query;
use logbook_render::web::pages::{Exact, QueryPage};
use logbook_render::web::{Link, Place, Table, Text};

/// Rows on one page.
const ROWS_MAX: usize = 500;
/// What could be asked.
const EXAMPLES: [&str; 5] = [
    "status=blocked latest",
    "status=failed and age<24h select timestamp, run_id, action, error",
    "has cost_usd group_by agent_id, model summarize sum(cost_usd), count",
    "tool_call.side_effect in (write, delete) select timestamp, run_id, tool_call.tool, action",
    "group_by hour(timestamp) summarize count",
];

/// The page.
pub fn page(site: &Site, asked: &Asked, kind: Kind) -> Result<Answer> {
    let text = asked.text("q");
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::usage("the query is too long"));
    }
    let is_asked = !text.trim().is_empty();
    if kind == Kind::Json {
        let ran = child::run(site, &asked.asker, &arguments("json", text), usize::MAX)?;
        return whole(&ran).map(|()| Answer::ok(Kind::Json, ran.out));
    }
    let mut page = QueryPage {
        frame: site.frame(&site.board(), "Query", Place::Query),
        query: Exact(text.to_owned()),
        asked: is_asked,
        problem: Vec::new(),
        table: Table::default(),
        notes: Vec::new(),
        examples: EXAMPLES.map(|text| (Text::from(text), Link::to("/query").with("q", text))).to_vec(),
    };
    if !is_asked {
        return Ok(Answer::page(&page));
    }
    page.frame.twin = Some(Link::to("/query.json").with("q", text));
    match child::run(site, &asked.asker, &arguments("jsonl", text), ROWS_MAX) {
        Ok(ran) => {
            page.table = table(("Result", true), text, &ran, site);
            page.notes = notes(&ran);
            Ok(Answer::page(&page))
        }
        Err(error) => {
            page.problem = result::problem(&error);
            Ok(Answer::page(&page).with(result::status(&error)))
        }
    }
}

fn arguments(format: &str, text: &str) -> Vec<String> {
    vec!["query".to_owned(), format!("--output={format}"), format!("--untrusted={text}")]
}

/// Programs are given all or nothing.
pub fn whole(ran: &Ran) -> Result<()> {
    match ran.is_cut {
        false => Ok(()),
        true => Err(Error::usage(format!("the answer is more than {} MiB", child::BYTES_MAX >> 20))
            .hint("a limit, fewer fields, or logbook query")),
    }
}

/// What came out, in the columns that the query names; whole rows as on a terminal, where they are
/// any.
pub fn table((caption, rows_are_whole): (&str, bool), text: &str, ran: &Ran, site: &Site) -> Table {
    let rows: Vec<Vec<u8>> =
        ran.out.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).map(<[u8]>::to_vec).collect();
    // It is read and not compiled: that may take long, and this process answers others too.
    let query = Clauses::default().query(&[text.to_owned()]).map(|(query, _)| query).unwrap_or_default();
    match query::columns(&query) {
        None if rows_are_whole && query.passes_rows_on() => result::whole(caption, &rows, &site.zone),
        columns => result::table(caption, &rows, columns.as_deref(), &site.zone),
    }
}

/// What is said below the rows.
pub fn notes(ran: &Ran) -> Vec<Text> {
    let cut = ran.is_cut.then(|| Text::from("There is more; a limit or a filter narrows it.".to_owned()));
    cut.into_iter().chain(ran.said.iter().map(Text::from)).collect()
}
