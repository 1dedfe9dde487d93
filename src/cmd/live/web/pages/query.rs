//! The page of the query box. As JSON it is what `logbook query -o json` prints.

use super::result::{self, TEXT_BYTES_MAX};
use crate::cmd::live::web::answer::{Answer, Kind};
use crate::cmd::live::web::child;
use crate::cmd::live::web::params::Params;
use crate::cmd::live::web::site::Site;
use logbook_model::error::{Error, Result};
use logbook_render::web::pages::{Exact, QueryPage};
use logbook_render::web::{Link, Tab, Table, Text};

/// At most this many rows on one page.
const ROWS_MAX: usize = 500;
/// Queries to start from.
const EXAMPLES: [&str; 5] = [
    "status=blocked latest",
    "status=failed and age<24h select timestamp, run_id, action, error",
    "has cost_usd group_by agent_id, model summarize sum(cost_usd), count",
    "tool_call.side_effect in (write, delete) select timestamp, run_id, tool_call.tool, action",
    "group_by hour(timestamp) summarize count",
];

pub fn page(site: &Site, params: &Params, kind: Kind) -> Result<Answer> {
    let text = params.get("q");
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::usage("the query is too long"));
    }
    let is_asked = !text.trim().is_empty();
    if kind == Kind::Json {
        let ran = child::run(&site.context, &params.canceller, &arguments("json", text), usize::MAX)?;
        return result::complete(&ran).map(|()| Answer::ok(Kind::Json, ran.out));
    }
    let mut page = QueryPage {
        frame: site.frame(&site.board(), "Query", Tab::Query),
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
    match child::run(&site.context, &params.canceller, &arguments("jsonl", text), ROWS_MAX) {
        Ok(ran) => {
            page.table = result::of_query("Result", true, text, &ran, &site.context.zone);
            page.notes = result::notes(&ran);
            Ok(Answer::page(&page))
        }
        Err(error) => {
            page.problem = result::problem(&error);
            Ok(Answer::page(&page).with_status(result::status(&error)))
        }
    }
}

fn arguments(format: &str, text: &str) -> Vec<String> {
    vec!["query".to_owned(), format!("--output={format}"), format!("--untrusted={text}")]
}
