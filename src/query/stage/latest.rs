//! `latest_by F`: of each value of F the newest row, by position, that says
//! where things stand. Taken before the filter.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::json::{Kind, kind, string};
use crate::model::standing;

use crate::query::eval::order::write_identity;
use crate::query::eval::path::Path;
use crate::query::row::{Place, Row};
use crate::query::stage::group::write_name;
use crate::query::stage::pipeline::refill;
use crate::query::stage::spelled::{Spelled, Spelling};

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
    index: HashMap<Box<[u8]>, usize, RandomState>,
    list: Vec<Newest>,
    spelled: Option<Spelled>,
    identity: Vec<u8>,
    /// Those of `list` whose text is whole.
    whole: Vec<usize>,
}

#[derive(Debug)]
struct Newest {
    /// The value of F as the first row had it.
    value: Box<[u8]>,
    place: Place,
    text: Vec<u8>,
    is_whole: bool,
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
        let spelling = Spelling::of(std::iter::once(&*value));
        let spelled = self.spelled.get_or_insert_default();
        if let Some(number) = spelled.number(&spelling)
            && let Some(newest) = self.list.get_mut(number)
            && (spelling.is_exact() || *newest.value == *value)
        {
            return newest.take(row, number, &mut self.whole);
        }
        self.identity.clear();
        write_identity(Some(&value), &mut self.identity);
        match self.index.get(&*self.identity) {
            Some(number) => {
                spelled.keep(spelling, *number);
                if let Some(newest) = self.list.get_mut(*number) {
                    newest.take(row, *number, &mut self.whole);
                }
            }
            None => {
                spelled.keep(spelling, self.list.len());
                self.index.insert(self.identity.as_slice().into(), self.list.len());
                self.whole.push(self.list.len());
                let (value, text) = ((*value).into(), row.text.to_vec());
                self.list.push(Newest { value, place: row.place, text, is_whole: true });
            }
        }
    }

    /// Of each row keeps only the fields `names`, where no more will be asked of it: rows may be long.
    pub fn shrink(&mut self, names: &[String]) {
        let mut line = Vec::new();
        for number in self.whole.drain(..) {
            let Some(newest) = self.list.get_mut(number) else { continue };
            let mut fields = Vec::new();
            let fields = refill(&newest.text, names, &mut fields);
            line.clear();
            line.push(b'{');
            for (name, value) in names.iter().zip(fields) {
                if let Some(value) = value {
                    write_name(name, &mut line);
                    line.extend_from_slice(value);
                }
            }
            line.push(b'}');
            newest.text = line.as_slice().into();
            newest.is_whole = false;
        }
    }

    /// Joins another part's rows.
    pub fn merge(&mut self, other: Latest) {
        let Latest { index, list, .. } = other;
        let mut theirs: Vec<Option<Newest>> = list.into_iter().map(Some).collect();
        for (identity, number) in index {
            let Some(newest) = theirs.get_mut(number).and_then(Option::take) else { continue };
            match self.index.get(&identity).and_then(|number| self.list.get_mut(*number)) {
                Some(mine) if mine.place > newest.place => {}
                Some(mine) => (mine.place, mine.text, mine.is_whole) = (newest.place, newest.text, newest.is_whole),
                None => {
                    self.index.insert(identity, self.list.len());
                    self.list.push(newest);
                }
            }
        }
    }

    /// The rows, in order of position.
    pub fn finish(self) -> Vec<(Place, Vec<u8>)> {
        let mut rows: Vec<_> = self.list.into_iter().map(|newest| (newest.place, newest.text)).collect();
        rows.sort_by_key(|(place, _)| *place);
        rows
    }
}

impl Newest {
    /// Takes a row; what becomes whole by it, the one with this number, is noted.
    fn take(&mut self, row: &Row<'_>, number: usize, whole: &mut Vec<usize>) {
        if row.place >= self.place {
            self.place = row.place;
            self.text.clear();
            self.text.extend_from_slice(row.text);
            if !std::mem::replace(&mut self.is_whole, true) {
                whole.push(number);
            }
        }
    }
}
