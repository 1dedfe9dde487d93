//! A row as one line for a person: time, step, status, action, and what comes next.

use super::safe;
use super::table::{self, cut};
use super::{Drawn, Look, cell};
use logbook_json as json;
use logbook_model::{Instant, Status};

const FIELDS: [&str; 9] =
    ["timestamp", "run_id", "step", "phase", "status", "action", "next_intent", "blocked_on", "kind"];

/// `10:42:07 r-88#3 act ▶ in-progress run tests → look at failures`, cut to the terminal.
pub fn draw(row: &[u8], look: &Look) -> Drawn {
    let mut values = Vec::new();
    if json::pick(row, &FIELDS, &mut values).is_err() {
        return Drawn::new(String::new());
    }
    let text = |at: usize| match values.get(at).copied().flatten() {
        None | Some(b"null") => String::new(),
        value => safe::escape(&cell::plain(value)).into_owned(),
    };
    let time = Instant::parse(&text(0)).and_then(|at| look.zone.to_local(at));
    let mut parts = vec![time.map_or_else(|| "--:--:--".to_owned(), |at| at.format("%m-%d %H:%M:%S").to_string())];
    let step = text(2);
    parts.push(if step.is_empty() { text(1) } else { format!("{}#{step}", text(1)) });
    parts.extend([text(8), text(3)].into_iter().filter(|text| !text.is_empty()));
    let status = text(4);
    if !status.is_empty() {
        parts.push(table::status(&status));
    }
    parts.push(text(5));
    let (next, blocked_on) = (text(6), text(7));
    let stands = Status::of(&status);
    if stands == Some(Status::Blocked) && !blocked_on.is_empty() {
        parts.push(format!("← {blocked_on}"));
    } else if !next.is_empty() {
        parts.push(format!("→ {next}"));
    }
    parts.retain(|part| !part.is_empty());
    let line = parts.join("  ");
    let line = match look.width {
        Some(width) if !look.wrap => cut(&line, usize::from(width)),
        _ => line,
    };
    let shown = table::status(&status);
    let colour = match stands {
        Some(Status::InProgress) => "36",
        Some(Status::Done) => "32",
        Some(Status::Blocked) => "33",
        Some(Status::Failed) => "31",
        None => return Drawn::new(line + "\n"),
    };
    let coloured = format!("\x1b[{colour}m{shown}\x1b[0m");
    Drawn::new(if look.colour { line.replacen(&shown, &coloured, 1) } else { line } + "\n")
}
