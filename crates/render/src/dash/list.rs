//! All runs: counts and blockers, one line for each run, and more about the selected one.

use unicode_width::UnicodeWidthStr;

use super::paint::{Ink, Paint, of_status};
use crate::table::status;
use crate::{cards, cell};
use logbook_model::Instant;
use logbook_view::Run;
use logbook_view::approvals::Request;
use logbook_view::runs::{Cards, Tree, what_now};

/// The list of runs, and the selection.
pub struct List<'l> {
    /// The logbook.
    pub title: &'l str,
    /// The counts.
    pub cards: &'l Cards,
    /// The cost of today.
    pub cost_today: &'l str,
    /// The word for the runs shown: `all` or `active`.
    pub which: &'l str,
    /// The filter; empty if there is none.
    pub filter: &'l str,
    /// The number of all runs, shown or not.
    pub total: usize,
    /// All runs.
    pub runs: &'l [Run<'static>],
    /// Parents and children among the runs.
    pub tree: &'l Tree,
    /// The runs shown, by their index in `runs`.
    pub shown: &'l [usize],
    /// The first run on the screen, if the selected one is among those after it.
    pub top: usize,
    /// The selected run, by its index in `shown`.
    pub selected: usize,
    /// The oldest open request of a run, if it has one.
    pub request: &'l dyn Fn(&str) -> Option<&'l Request>,
    /// The current time.
    pub now: Instant,
}

/// Between counts, and between columns.
const GAP: u16 = 2;
/// Screens of at least this height have lines about the selected run.
const ROOMY: u16 = 14;

/// Draws it on the lines up to `end`. Returns the first run shown, and the number of runs that
/// there is room for.
pub(crate) fn draw(list: &List<'_>, end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let mut y = 0;
    // Runs have priority: the rest is left out if there is no room.
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
            columns.run(*number, run, list, line, at == list.selected, paint);
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

/// Draws the logbook and the counts. Returns the line below them.
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
        // At most a third of the screen is for counts.
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

/// Draws two lines about the selected run, from line `y` on.
fn selected(run: &Run<'_>, list: &List<'_>, y: u16, paint: &mut Paint<'_>) {
    let (columns, _) = paint.size();
    let agent = if run.agent().is_empty() { String::new() } else { format!(" ({})", run.agent()) };
    let task = if run.task().is_empty() { String::new() } else { format!(": {}", run.task()) };
    paint.text((0, y), columns, &format!("{}{agent}{task}", run.run_id), Ink::Strong);
    let line = match (list.request)(&run.run_id) {
        Some(request) => {
            let effect =
                if request.side_effect.is_empty() { String::new() } else { format!(" ({})", request.side_effect) };
            format!("? {} asks: {}{effect}   a shows it", request.name, request.action)
        }
        None => what_now(run).to_owned(),
    };
    paint.text((0, y + 1), columns, &line, Ink::Plain);
}

/// The cost of the run at this index, with all runs below it.
fn cost(list: &List<'_>, at: usize, run: &Run<'_>) -> String {
    let cost = list.tree.cost_with_children(at).unwrap_or(&run.sums[0]).total();
    cost.map_or_else(|_| String::new(), |cost| cell::cost(&cost.to_string()))
}

/// The widths of the columns; 0: left out.
struct Columns {
    status: u16,
    age: u16,
    agent: u16,
    task: u16,
    now: u16,
    cost: u16,
    run: u16,
}

impl Columns {
    /// The widths for a screen of `width` columns. Status, task and what now remain on the
    /// narrowest.
    fn fit(list: &List<'_>, width: u16) -> Columns {
        let near = || {
            let numbers = list.shown.iter().skip(list.top).take(256);
            numbers.filter_map(|number| list.runs.get(*number).map(|run| (*number, run)))
        };
        let longest = |most: usize, text: for<'r> fn(&'r Run<'static>) -> &'r str| {
            near().map(|(_, run)| text(run).chars().take(most).count()).max().unwrap_or(0) as u16
        };
        let from = |least: u16, columns: u16| if width >= least { columns } else { 0 };
        let status = if width >= 30 { 13 } else { 1 };
        let age = from(40, 7);
        let is_named = near().any(|(_, run)| !run.task().is_empty());
        // Runs without a task are known by their ids.
        let run = from(if is_named { 52 } else { 30 }, longest((width / 5).into(), |run| &run.run_id).max(3));
        let cost = match near().map(|(at, run)| cost(list, at, run).len()).max().unwrap_or(0) {
            0 => 0,
            cost => from(64, cost.clamp(4, 12) as u16),
        };
        let agent = match longest((width / 10).into(), Run::agent) {
            0 => 0,
            agent => from(76, agent.max(5)),
        };
        let used: u16 =
            2 + [status, age, agent, cost, run].iter().filter(|width| **width > 0).map(|it| it + GAP).sum::<u16>();
        let rest = width.saturating_sub(used);
        let task = if is_named { longest(usize::from(rest) * 2 / 5, Run::task).max(4).min(rest / 2) } else { 0 };
        let now = rest - if task > 0 { task + GAP.min(rest - task) } else { 0 };
        Columns { status, age, agent, task, now, cost, run }
    }

    fn titles(&self, y: u16, paint: &mut Paint<'_>) {
        let right = |title: &str, width: u16| format!("{title:>0$}", usize::from(width));
        let (age, cost) = (right("age", self.age), right("cost", self.cost));
        let titles = ["status", &age, "agent", "task", "what now", &cost, "run"];
        self.line(y, titles.map(|title| (title, Ink::Strong)), paint);
    }

    fn run(&self, at: usize, run: &Run<'_>, list: &List<'_>, y: u16, selected: bool, paint: &mut Paint<'_>) {
        let asks = if (list.request)(&run.run_id).is_some() { "?" } else { " " };
        paint.text((0, y), 2, &format!("{}{asks}", if selected { ">" } else { " " }), Ink::Strong);
        let right = |text: String, width: u16| format!("{text:>0$}", usize::from(width));
        let age = right(run.age_ms(list.now).map_or_else(String::new, cell::span), self.age);
        let cost = right(cost(list, at, run), self.cost);
        let word = if run.is_held() { "held" } else { run.status() };
        let (status, ink, now) = (status(word), of_status(word), what_now(run));
        let plain = |text| (text, Ink::Plain);
        let cells = [
            (&*status, ink),
            plain(&*age),
            plain(run.agent()),
            plain(run.task()),
            plain(now),
            plain(&cost),
            plain(&run.run_id),
        ];
        self.line(y, cells, paint);
        if selected {
            paint.reverse(y);
        }
    }

    fn line(&self, y: u16, cells: [(&str, Ink); 7], paint: &mut Paint<'_>) {
        let mut x = 2;
        let widths = [self.status, self.age, self.agent, self.task, self.now, self.cost, self.run];
        for ((text, ink), width) in cells.into_iter().zip(widths).filter(|(_, width)| *width > 0) {
            // A status without room for its word is shown as its glyph.
            let glyph = text.chars().next().map_or_else(String::new, String::from);
            paint.text((x, y), width, if width == 1 { &glyph } else { text }, ink);
            x += width + GAP;
        }
    }
}
