//! Rows by the numbers within their runs: what a changed segment lacks, or has twice, or in another order.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::json::bits::Finder;
use crate::json::{self, frame};
use crate::model::READ_ROW_BYTES_MAX;

const NAMES: [&str; 3] = ["run_id", "step", "kind"];
/// Oddities kept of one segment.
const ODD_MAX: usize = 8;

/// The numbers met so far.
pub struct Steps {
    finder: Finder,
    last: HashMap<Vec<u8>, u64>,
    /// The row before was one that voids a place: the next one stands again, by intent.
    voids: bool,
    begun: Vec<u8>,
    at: u64,
    odd: Vec<(u64, String)>,
}

impl Default for Steps {
    fn default() -> Steps {
        Steps {
            finder: Finder::new(&NAMES),
            last: HashMap::new(),
            voids: false,
            begun: Vec::new(),
            at: 0,
            odd: Vec::new(),
        }
    }
}

impl Steps {
    /// Takes the next bytes of a segment, cut anywhere.
    pub fn take(&mut self, block: &[u8]) {
        let Some(end) = memchr::memrchr(b'\n', block).map(|at| at + 1) else {
            if self.begun.len() <= READ_ROW_BYTES_MAX {
                self.begun.extend_from_slice(block);
            }
            return;
        };
        let mut lines = std::mem::take(&mut self.begun);
        lines.extend_from_slice(&block[..end]);
        let begin = self.at;
        let mut finder = std::mem::replace(&mut self.finder, Finder::new::<&str>(&[]));
        let _ = finder.lines(&lines, |line| {
            let place = begin + line.at as u64;
            match line.values {
                Some(values) => self.row(values, place),
                None => {
                    let mut values = Vec::new();
                    match frame::pick(line.text, &NAMES, &mut values) {
                        Ok(()) => self.row(&values, place),
                        Err(_) if !line.text.is_empty() => self.tell(place, "no row stands here".to_owned()),
                        Err(_) => {}
                    }
                }
            }
            ControlFlow::Continue(())
        });
        self.finder = finder;
        self.at += lines.len() as u64;
        self.begun.extend_from_slice(&block[end..]);
    }

    /// Ends a segment; gives what was odd in it, each with its byte.
    pub fn finish(&mut self) -> Vec<(u64, String)> {
        self.begun.clear();
        self.at = 0;
        self.voids = false;
        std::mem::take(&mut self.odd)
    }

    fn row(&mut self, values: &[Option<&[u8]>], place: u64) {
        let [run, step, kind] = values else { return };
        let again = std::mem::replace(&mut self.voids, *kind == Some(b"\"repair\""));
        let Some(run) = run.and_then(json::decode) else { return };
        let number = step.and_then(|step| std::str::from_utf8(step).ok()?.parse::<u64>().ok());
        let Some(step) = number else { return };
        let last = self.last.get(&*run).copied().unwrap_or(0);
        if again && step <= last {
            return;
        }
        let name = || String::from_utf8_lossy(&run).into_owned();
        if step == last {
            self.tell(place, format!("{}#{step} stands here once more", name()));
        } else if step < last {
            self.tell(place, format!("{}#{step} stands behind #{last}: moved, or doubled", name()));
        } else if step > last + 1 {
            self.tell(place, format!("{}#{step} stands behind #{last}: the rows between are missing", name()));
        }
        if step > last {
            self.last.insert(run.into_owned(), step);
        }
    }

    fn tell(&mut self, place: u64, what: String) {
        if self.odd.len() < ODD_MAX {
            self.odd.push((place, what));
        }
    }
}
