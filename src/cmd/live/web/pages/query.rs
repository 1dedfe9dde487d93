//! The query box. The twin is `logbook query -o json`.

use std::collections::BTreeMap;

use hyper::StatusCode;

use super::result;
use super::runs::TEXT_BYTES_MAX;
use crate::cmd::live::web::answer::{Answer, Kind, status_of};
use crate::cmd::live::web::child::{self, Ran};
use crate::cmd::live::web::routes::Asked;
use crate::cmd::live::web::site::Site;
use crate::cmd::reading::wording::{self, Clauses};
use crate::error::{Error, Result};
use crate::render::web::pages::{Exact, QueryPage};
use crate::render::web::{Link, Place, Table, Text};

/// Rows on one page.
const ROWS_MAX: usize = 500;
/// What could be asked.
const EXAMPLES: [&str; 5] = [
    "status=blocked latest_by run_id",
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
        let ran = child::run(site, &arguments("json", text), usize::MAX)?;
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
    match child::run(site, &arguments("jsonl", text), ROWS_MAX) {
        Ok(ran) => {
            page.table = table("Result", text, &ran, site);
            page.notes = notes(&ran);
            Ok(Answer::page(&page))
        }
        Err(error) => {
            page.problem = result::problem(&error);
            let status = status_of(&error);
            // What took too long or too much was asked for, and is no failure of the server.
            Ok(Answer::page(&page).with(if status.is_server_error() {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                status
            }))
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

/// What came out, in the columns that the query names; whole rows as on a terminal.
pub fn table(caption: &str, text: &str, ran: &Ran, site: &Site) -> Table {
    let rows: Vec<Vec<u8>> =
        ran.out.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).map(<[u8]>::to_vec).collect();
    let parsed = Clauses::default().query(&[text.to_owned()]).ok().filter(|(query, _)| !wording::reads_files(query));
    // A report asks for values that are not given here: its columns are those that its rows have.
    let plan = parsed.and_then(|(query, text)| wording::compiled(&query, &text, &site.clock(), BTreeMap::new()).ok());
    match plan {
        Some(plan) if plan.columns().is_some() => result::table(caption, &rows, plan.columns(), &site.zone),
        Some(plan) if plan.passes_rows_on() => result::whole(caption, &rows, &site.zone),
        _ => result::table(caption, &rows, None, &site.zone),
    }
}

/// What is said below the rows.
pub fn notes(ran: &Ran) -> Vec<Text> {
    let cut = ran.is_cut.then(|| Text::from("There is more; a limit or a filter narrows it.".to_owned()));
    cut.into_iter().chain(ran.said.iter().map(Text::from)).collect()
}
