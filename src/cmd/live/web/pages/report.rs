//! The page of saved queries. As JSON it is what `logbook report -o json` prints, without a name
//! the list of reports.

use super::result;
use crate::cmd::live::web::answer::{Answer, Kind};
use crate::cmd::live::web::child;
use crate::cmd::live::web::params::Params;
use crate::cmd::live::web::site::Site;
use crate::cmd::read::report;
use crate::cmd::shared::reading::saved::Saved;
use logbook_model::error::{Error, Result};
use logbook_render::web::pages::{Asks, Chosen, Exact, ReportItem, ReportPage};
use logbook_render::web::{Link, Tab, Text};

/// At most this many rows on one page.
const ROWS_MAX: usize = 500;

pub fn page(site: &Site, params: &Params, kind: Kind) -> Result<Answer> {
    let all = report::all(Some(&site.context.location.path))?;
    let name = params.get("name");
    let saved = all.iter().find(|(known, _)| known == name).map(|(_, saved)| saved);
    if !name.is_empty() && saved.is_none() {
        let error = Error::usage(format!("no report is called {name:?}"));
        let near = logbook_model::error::nearest(name, all.iter().map(|(known, _)| known.as_str()));
        return Err(near.map_or(error.clone(), |near| error.hint(format!("did you mean {near}?"))));
    }
    if kind == Kind::Json {
        let named = saved.map(|saved| (name, saved));
        let ran = child::run(&site.context, &params.canceller, &arguments("json", named, params), usize::MAX)?;
        return result::complete(&ran).map(|()| Answer::ok(Kind::Json, ran.out));
    }
    let mut frame = site.frame(&site.board(), if name.is_empty() { "Reports" } else { name }, Tab::Report);
    frame.twin = Some(params.pairs().fold(Link::to("/report.json"), |link, (name, value)| link.with(name, value)));
    let item = |(known, saved): &(String, Saved)| ReportItem {
        name: Text::from(known),
        link: Link::to("/report").with("name", known),
        about: Text::from(&saved.about),
        chosen: known == name,
    };
    let reports = all.iter().map(item).collect();
    let chosen = saved.map(|saved| chosen(site, name, saved, params));
    Ok(Answer::page(&ReportPage { frame, reports, chosen }))
}

fn chosen(site: &Site, name: &str, saved: &Saved, params: &Params) -> Chosen {
    let asks = saved.parameters.iter().map(|parameter| {
        let given = params.get(&format!("p.{}", parameter.name));
        let value = if given.is_empty() { parameter.default.clone().unwrap_or_default() } else { given.to_owned() };
        Asks { name: Exact(parameter.name.clone()), value: Exact(value), required: parameter.default.is_none() }
    });
    let asks: Vec<Asks> = asks.collect();
    let mut chosen = Chosen {
        name: Exact(name.to_owned()),
        about: Text::from(&saved.about),
        query: Text::lines(&saved.text),
        problem: Vec::new(),
        table: None,
        notes: Vec::new(),
        asks,
    };
    if chosen.asks.iter().any(|asks| asks.required && asks.value.0.is_empty()) {
        return chosen;
    }
    match child::run(&site.context, &params.canceller, &arguments("jsonl", Some((name, saved)), params), ROWS_MAX) {
        Ok(ran) => {
            chosen.table =
                Some(result::of_query(name, saved.parameters.is_empty(), &saved.text, &ran, &site.context.zone));
            chosen.notes = result::notes(&ran);
        }
        Err(error) => chosen.problem = result::problem(&error),
    }
    chosen
}

/// The arguments of `logbook report`, with the parameters that are given.
fn arguments(format: &str, named: Option<(&str, &Saved)>, params: &Params) -> Vec<String> {
    let mut arguments = vec!["report".to_owned(), format!("--output={format}")];
    if let Some((name, saved)) = named {
        arguments.push("--".to_owned());
        arguments.push(name.to_owned());
        for parameter in &saved.parameters {
            let value = params.get(&format!("p.{}", parameter.name));
            if !value.is_empty() {
                arguments.push(format!("{}={value}", parameter.name));
            }
        }
    }
    arguments
}
