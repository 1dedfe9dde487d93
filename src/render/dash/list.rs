//! All runs: how many are at work and what they wait for, one line for each run, and more about the one that is selected.

use unicode_width::UnicodeWidthStr;

use super::paint::{Ink, Paint, of_status};
use crate::model::{Instant, Status};
use crate::render::table::status;
use crate::render::{cards, cell};
use crate::view::Run;
use crate::view::approvals::Request;
use crate::view::runs::Cards;

/// Runs, and where their reader is.
pub struct List<'l> {
    /// The logbook.
    pub title: &'l str,
    /// What is asked first.
    pub cards: &'l Cards,
    /// What was spent today.
    pub cost_today: &'l str,
    /// Which runs are meant: all, or those that are active.
    pub which: &'l str,
    /// The filter; empty: none.
    pub filter: &'l str,
    /// How many runs there are, shown or not.
    pub total: usize,
    /// All runs.
    pub runs: &'l [Run<'static>],
    /// Those that are shown, by their numbers among all.
    pub shown: &'l [usize],
    /// The first of them on the screen, if the selected one is among those behind it.
    pub top: usize,
    /// The one that is selected, by its place among those that are shown.
    pub selected: usize,
    /// The oldest open request of a run, if it has one.
    pub request: &'l dyn Fn(&str) -> Option<&'l Request>,
    /// Which instant is now.
    pub now: Instant,
}

/// Between cards, and between columns.
const GAP: u16 = 2;
/// Of a screen so high some lines are given to the run that is selected.
const ROOMY: u16 = 14;
/// Of a screen so wide both what is next and what is waited for have columns.
const WIDE: u16 = 100;

/// Draws it on the lines up to `end`; gives the first run shown, and how many there is room for.
pub fn draw(list: &List<'_>, end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let mut y = 0;
    // The runs come first: what stands around them is left out where there is no room.
    if end > 4 {
        y = head(list, end, paint);
    }
    let about = if end >= ROOMY { 2 } else { 0 };
    let columns = Columns::fit(list, paint.size().0);
    if end > 2 {
        columns.titles(y, paint);
        y += 1;
    }
    let room = usize::from(end.saturating_sub(y + about));
    let last = list.shown.len().saturating_sub(room);
    let top = list.top.min(last).clamp((list.selected + 1).saturating_sub(room.max(1)), list.selected);
    for (line, (at, number)) in (y..end - about.min(end)).zip(list.shown.iter().enumerate().skip(top)) {
        if let Some(run) = list.runs.get(*number) {
            columns.run(run, list, line, at == list.selected, paint);
        }
    }
    if list.shown.is_empty() && room > 0 {
        let what = match (list.which, list.filter) {
            ("all", "") => "no runs yet: logbook start begins one".to_owned(),
            ("all", _) => "no run passes the filter; / changes it".to_owned(),
            (which, "") => format!("no {which} run; Tab shows all {}", list.total),
            (which, _) => format!("no {which} run passes the filter; Tab looks among all {}", list.total),
        };
        paint.text((2, y), u16::MAX, &what, Ink::Plain);
    }
    if about > 0
        && let Some(run) = list.shown.get(list.selected).and_then(|number| list.runs.get(*number))
    {
        selected(run, list, end - about, paint);
    }
    (top, room)
}

/// The logbook and its cards; gives the line behind them.
fn head(list: &List<'_>, end: u16, paint: &mut Paint<'_>) -> u16 {
    let (columns, _) = paint.size();
    let mut place = format!("{} {} of {}", list.shown.len(), list.which, list.total);
    if list.which == "all" {
        place = format!("{} of all {}", list.shown.len(), list.total);
    }
    let at = columns.saturating_sub(place.width() as u16);
    let x = paint.text((0, 0), at.saturating_sub(GAP), list.title, Ink::Strong);
    if !list.filter.is_empty() {
        paint.text((x + GAP, 0), at.saturating_sub(x + 2 * GAP), &format!("filter: {}", list.filter), Ink::Plain);
    }
    paint.text((at, 0), columns, &place, Ink::Plain);

    let mut chips: Vec<(String, Ink)> = Vec::new();
    for (glyph, colour, count, what) in cards::counts(list.cards) {
        let ink = if count > 0 { Ink::Coloured(colour) } else { Ink::Plain };
        chips.push((format!("{glyph} {count} {what}"), ink));
    }
    chips.push((format!("$ {} today", list.cost_today), Ink::Plain));
    let (mut x, mut y) = (0, 1);
    for (chip, ink) in chips {
        if x > 0 && x + chip.width() as u16 > columns {
            (x, y) = (0, y + 1);
        }
        // No more than a third of the screen is given to them.
        if y > (end / 3).max(1) {
            return y;
        }
        x = paint.text((x, y), columns, &chip, ink) + GAP + 1;
    }
    match cards::blockers(list.cards) {
        Some(line) if y < end / 3 => {
            paint.text((0, y + 1), columns, &line, Ink::Plain);
            y + 2
        }
        _ => y + 1,
    }
}

/// Two lines on the run that is selected, from line `y` on.
fn selected(run: &Run<'_>, list: &List<'_>, y: u16, paint: &mut Paint<'_>) {
    let (columns, _) = paint.size();
    let agent = if run.once[3].is_empty() { String::new() } else { format!(" ({})", run.once[3]) };
    let task = if run.once[0].is_empty() { run.action() } else { &*run.once[0] };
    paint.text((0, y), columns, &format!("{}{agent}: {task}", run.run_id), Ink::Strong);
    let line = match (list.request)(&run.run_id) {
        Some(request) => {
            let effect =
                if request.side_effect.is_empty() { String::new() } else { format!(" ({})", request.side_effect) };
            format!("? {} asks: {}{effect}   a shows it", request.name, request.action)
        }
        None => next_of(run),
    };
    paint.text((0, y + 1), columns, &line, Ink::Plain);
}

/// What a run waits for, else what it does next, else what it does.
fn next_of(run: &Run<'_>) -> String {
    match (Status::of(run.status()), run.blocked_on(), run.next_intent()) {
        (Some(Status::Blocked), what, _) if !what.is_empty() => format!("← {what}"),
        (.., next) if !next.is_empty() => format!("→ {next}"),
        _ => run.action().to_owned(),
    }
}

/// Where columns begin, and how wide they are; 0: left out.
struct Columns {
    run: u16,
    status: u16,
    phase: u16,
    age: u16,
    next: u16,
    blocked_on: u16,
}

impl Columns {
    /// The widths for a screen of so many columns.
    fn fit(list: &List<'_>, width: u16) -> Columns {
        let near = list.shown.iter().skip(list.top).take(256).filter_map(|number| list.runs.get(*number));
        let longest = near.map(|run| run.run_id.chars().take(40).count()).max().unwrap_or(0) as u16;
        let run = longest.clamp(3, (width / 4).max(3));
        let status = if width >= 30 { 13 } else { 1 };
        let phase = if width >= 56 { 6 } else { 0 };
        let age = if width >= 40 { 7 } else { 0 };
        let used: u16 =
            2 + [run, status, phase, age].iter().filter(|width| **width > 0).map(|it| it + GAP).sum::<u16>();
        let rest = width.saturating_sub(used);
        let blocked_on = if width >= WIDE { rest / 2 } else { 0 };
        let next = rest - if blocked_on > 0 { blocked_on + GAP } else { 0 };
        Columns { run, status, phase, age, next, blocked_on }
    }

    fn titles(&self, y: u16, paint: &mut Paint<'_>) {
        let next = if self.blocked_on > 0 { "next" } else { "→ next, ← blocked on" };
        let age = format!("{:>1$}", "age", usize::from(self.age));
        self.line(y, ["run", "status", "phase", &age, next, "blocked on"].map(|title| (title, Ink::Strong)), paint);
    }

    fn run(&self, run: &Run<'_>, list: &List<'_>, y: u16, is_selected: bool, paint: &mut Paint<'_>) {
        let asks = if (list.request)(&run.run_id).is_some() { "?" } else { " " };
        paint.text((0, y), 2, &format!("{}{asks}", if is_selected { ">" } else { " " }), Ink::Strong);
        let age = run.age_ms(list.now).map_or_else(String::new, cell::span);
        let age = format!("{age:>0$}", usize::from(self.age));
        let next = if self.blocked_on > 0 { run.next_intent().to_owned() } else { next_of(run) };
        let waits = if run.status() == Status::Blocked.word() { run.blocked_on() } else { "" };
        let word = if run.is_held() { "held" } else { run.status() };
        let (status, ink) = (status(word), of_status(word));
        let plain = |text| (text, Ink::Plain);
        let cells = [plain(&*run.run_id), (&*status, ink), plain(run.phase()), plain(&age), plain(&next), plain(waits)];
        self.line(y, cells, paint);
        if is_selected {
            paint.reverse(y);
        }
    }

    fn line(&self, y: u16, cells: [(&str, Ink); 6], paint: &mut Paint<'_>) {
        let mut x = 2;
        let widths = [self.run, self.status, self.phase, self.age, self.next, self.blocked_on];
        for ((text, ink), width) in cells.into_iter().zip(widths).filter(|(_, width)| *width > 0) {
            // Of a status without room its glyph says it.
            let glyph = text.chars().next().map_or_else(String::new, String::from);
            paint.text((x, y), width, if width == 1 { &glyph } else { text }, ink);
            x += width + GAP;
        }
    }
}
