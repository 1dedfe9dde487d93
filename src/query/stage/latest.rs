//! `latest_by F`: of each value of F the newest row, by position, that says
//! where things stand. Taken before the filter.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::json::{Kind, kind, string};
use crate::model::standing;

use crate::query::eval::order::write_identity;
use crate::query::eval::path::Path;
use crate::query::row::{Place, Row};

/// The stage, compiled.
#[derive(Debug, Clone)]
pub(in crate::query) struct LatestBy {
    pub by: Path,
    pub status: usize,
    pub kind: usize,
}

/// The newest standing row of each so far.
#[derive(Debug, Default)]
pub(in crate::query) struct Latest {
    newest: HashMap<Box<[u8]>, (Place, Vec<u8>), RandomState>,
    identity: Vec<u8>,
}

impl LatestBy {
    /// Whether a row counts for where its run stands: it carries a status, and
    /// it is no note beside the run.
    fn is_standing(&self, row: &Row<'_>) -> bool {
        let has_status = row.field(self.status).is_some_and(|status| kind(status) == Some(Kind::String));
        standing::counts(row.field(self.kind).and_then(string::decode).as_deref(), has_status)
    }
}

impl Latest {
    /// Takes a row. One without a value of F, or with null, stands for nothing.
    pub fn push(&mut self, stage: &LatestBy, row: &Row<'_>) {
        if !stage.is_standing(row) {
            return;
        }
        let Some(value) = stage.by.value(row).filter(|value| **value != *b"null") else { return };
        self.identity.clear();
        write_identity(Some(&value), &mut self.identity);
        match self.newest.get_mut(&*self.identity) {
            Some((place, text)) => {
                if row.place >= *place {
                    *place = row.place;
                    text.clear();
                    text.extend_from_slice(row.text);
                }
            }
            None => {
                self.newest.insert(self.identity.as_slice().into(), (row.place, row.text.to_vec()));
            }
        }
    }

    /// Joins another part's rows.
    pub fn merge(&mut self, other: Latest) {
        for (identity, (place, text)) in other.newest {
            match self.newest.get_mut(&identity) {
                Some(mine) if mine.0 > place => {}
                Some(mine) => *mine = (place, text),
                None => {
                    self.newest.insert(identity, (place, text));
                }
            }
        }
    }

    /// The rows, in order of position.
    pub fn finish(self) -> Vec<(Place, Vec<u8>)> {
        let mut rows: Vec<_> = self.newest.into_values().collect();
        rows.sort_by_key(|(place, _)| *place);
        rows
    }
}
