//! Search rows for secrets, on several threads.

use std::sync::{Mutex, PoisonError};

use crate::cmd::shared::writing::redactor;
use logbook_format::secrets::Redactor;
use logbook_model::error::{Error, Result};
use logbook_query::Place;
use logbook_store::{Location, Settings};
use logbook_view::health::Tallies;

/// A pool of redactors, one per thread. They are reused, since building one takes longer than many
/// rows.
#[derive(Default)]
pub struct Redactors {
    /// Whose rules; `None` to search for nothing.
    rules: Option<(Location, Settings)>,
    spare: Mutex<Vec<Redactor>>,
}

impl Redactors {
    /// Redactors with the rules of the logbook at `location`. Errors: a rule is not valid.
    pub fn of(location: &Location, settings: Settings) -> Result<Redactors> {
        let spare = Mutex::new(redactor(location, &settings)?.into_iter().collect());
        Ok(Redactors { rules: Some((location.clone(), settings)), spare })
    }

    /// Takes a redactor, or builds one.
    pub(super) fn begin(&self) -> Search {
        let Some((location, settings)) = &self.rules else { return Search::default() };
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let made = spare.map_or_else(|| redactor(location, settings), |spare| Ok(Some(spare)));
        match made {
            Ok(redactor) => Search { redactor, ..Search::default() },
            Err(error) => Search { failed: Some(error), ..Search::default() },
        }
    }

    /// Gives the redactor back.
    pub(super) fn end(&self, search: &mut Search) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).extend(search.redactor.take());
    }
}

/// A search by one thread.
#[derive(Default)]
pub(super) struct Search {
    redactor: Option<Redactor>,
    /// Found secrets by kind.
    pub secrets: Tallies,
    /// Why not all rows were searched.
    pub failed: Option<Error>,
}

impl Search {
    /// Searches one row.
    pub fn row(&mut self, text: &[u8], place: Place) {
        match self.redactor.as_ref().map_or_else(|| Ok(Vec::new()), |redactor| redactor.find(text)) {
            Ok(found) => found.into_iter().for_each(|(_, kind)| self.secrets.add(kind, place, String::new)),
            Err(error) => self.failed = Some(error),
        }
    }

    /// Adds what was found in later rows.
    pub fn join(&mut self, later: Search) {
        self.secrets.join(later.secrets);
        self.failed = later.failed.or_else(|| self.failed.take());
    }
}
