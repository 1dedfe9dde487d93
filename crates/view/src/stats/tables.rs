//! The totals as rows of tables.

use std::collections::BTreeMap;

use super::all::Stats;
use super::part::Spent;
use logbook_json as json;

/// A table: a name, and rows as JSON objects with these members.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name of the list in JSON.
    pub name: &'static str,
    /// The members of each row.
    pub columns: Vec<&'static str>,
    /// The rows, each a JSON object.
    pub rows: Vec<Vec<u8>>,
}

impl Stats {
    /// All tables, in display order.
    pub fn tables(&self) -> Vec<Table> {
        // The status of a run is the status of one of its rows.
        let statuses = self.counts.statuses.iter().map(|(status, rows)| {
            let runs = self.standing.get(status).copied().unwrap_or_default();
            vec![quoted(status), whole(*rows), whole(runs)]
        });
        let phases = self.counts.phases.iter().map(|(phase, rows)| vec![quoted(phase), whole(*rows)]);
        let days = self.counts.days.iter().map(|(day, rows)| vec![quoted(&day.to_string()), whole(*rows)]);
        let mut blocked: Vec<_> = self.blocked.iter().collect();
        blocked.sort_by_key(|(_, blocked)| std::cmp::Reverse(blocked.blocked_ms));
        let blocked = blocked.into_iter().map(|(by, blocked)| {
            vec![quoted(by), whole(blocked.runs() as u64), blocked.blocked_ms.to_string().into_bytes()]
        });
        // Sorted by name: the numbers of interned strings depend on the order of the rows.
        let spent: BTreeMap<(&str, &str), &Spent> = self
            .spent
            .iter()
            .map(|((agent, model), it)| ((self.words.word(*agent), self.words.word(*model)), it))
            .collect();
        let spent = spent.into_iter().map(|((agent, model), spent)| {
            let sums =
                spent.sums.iter().map(|sum| sum.total().map_or(b"null".to_vec(), |sum| sum.to_string().into_bytes()));
            [named(agent), named(model), whole(spent.rows)].into_iter().chain(sums).collect()
        });
        vec![
            table("statuses", &["status", "rows", "runs"], statuses),
            table("phases", &["phase", "rows"], phases),
            table("days", &["day", "rows"], days),
            table("spent", &["agent_id", "model", "rows", "cost_usd", "tokens_in", "tokens_out"], spent),
            table("blocked", &["blocked_on", "runs", "blocked_ms"], blocked),
        ]
    }
}

fn table(name: &'static str, columns: &[&'static str], rows: impl Iterator<Item = Vec<Vec<u8>>>) -> Table {
    let row = |cells: Vec<Vec<u8>>| {
        let mut row = Vec::new();
        for (column, cell) in columns.iter().zip(cells) {
            row.push(if row.is_empty() { b'{' } else { b',' });
            json::quote_into(column, &mut row);
            row.push(b':');
            row.extend_from_slice(&cell);
        }
        row.push(b'}');
        row
    };
    Table { name, columns: columns.to_vec(), rows: rows.map(row).collect() }
}

fn quoted(text: &str) -> Vec<u8> {
    json::quote(text)
}

/// A name that may be missing.
fn named(text: &str) -> Vec<u8> {
    Some(text).filter(|text| !text.is_empty()).map_or(b"null".to_vec(), json::quote)
}

fn whole(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}
