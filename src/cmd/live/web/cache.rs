//! A page that many look at is made once for all of them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::answer::Answer;

/// How long a page is good while nothing changes: it says how old things are.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Pages that are kept.
const PAGES_MAX: usize = 64;

/// Pages, by their addresses.
#[derive(Default)]
pub struct Cache {
    pages: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

struct Kept {
    generation: u64,
    made: Instant,
    answer: Answer,
}

impl Cache {
    /// The page at `address` as of `generation`: the one that is kept, or the one that `make` makes
    /// while others who want it wait.
    pub async fn get(&self, address: &str, generation: u64, make: impl Future<Output = Answer>) -> Answer {
        let mut slot = self.slot(address).lock_owned().await;
        if let Some(kept) = slot.as_ref().filter(|kept| kept.generation >= generation && kept.made.elapsed() < GOOD_FOR)
        {
            return kept.answer.clone();
        }
        let answer = make.await;
        *slot = Some(Kept { generation, made: Instant::now(), answer: answer.clone() });
        answer
    }

    fn slot(&self, address: &str) -> Slot {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= PAGES_MAX && !pages.contains_key(address) {
            pages.clear();
        }
        Arc::clone(pages.entry(address.to_owned()).or_default())
    }
}
