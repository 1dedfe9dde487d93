//! Secrets in rows, sought by many threads.

use std::sync::{Mutex, PoisonError};

use crate::cmd::shared::writing::redactor;
use logbook_format::secrets::Redactor;
use logbook_model::error::{Error, Result};
use logbook_query::Place;
use logbook_store::{Location, Settings};
use logbook_view::health::Tallies;

/// What seeks them: a thread takes one, and gives it back, since making one takes longer than many
/// rows do.
#[derive(Default)]
pub struct Redactors {
    /// `None`: nothing is sought.
    by: Option<(Location, Settings)>,
    spare: Mutex<Vec<Redactor>>,
}

impl Redactors {
    /// By the rules of the logbook at `location`. Errors: one of them is not valid.
    pub fn of(location: &Location, settings: Settings) -> Result<Redactors> {
        let spare = Mutex::new(redactor(location, &settings)?.into_iter().collect());
        Ok(Redactors { by: Some((location.clone(), settings)), spare })
    }

    /// One of them, and nothing found yet.
    pub(super) fn begin(&self) -> Sought {
        let Some((location, settings)) = &self.by else { return Sought::default() };
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let made = spare.map_or_else(|| redactor(location, settings), |spare| Ok(Some(spare)));
        match made {
            Ok(by) => Sought { by, ..Sought::default() },
            Err(error) => Sought { failed: Some(error), ..Sought::default() },
        }
    }

    /// It is free again.
    pub(super) fn end(&self, sought: &mut Sought) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).extend(sought.by.take());
    }
}

/// What is found.
#[derive(Default)]
pub(super) struct Sought {
    by: Option<Redactor>,
    /// By kind.
    pub secrets: Tallies,
    /// Why not all rows were looked through.
    pub failed: Option<Error>,
}

impl Sought {
    /// Looks through one row.
    pub fn row(&mut self, text: &[u8], place: Place) {
        match self.by.as_ref().map_or_else(|| Ok(Vec::new()), |by| by.find(text)) {
            Ok(found) => found.into_iter().for_each(|(_, kind)| self.secrets.add(kind, place, String::new)),
            Err(error) => self.failed = Some(error),
        }
    }

    /// Takes in what was found in rows behind these.
    pub fn join(&mut self, later: Sought) {
        self.secrets.join(later.secrets);
        self.failed = later.failed.or_else(|| self.failed.take());
    }
}
