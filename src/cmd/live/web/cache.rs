//! Pages made from the board are made once for all clients that look at them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::answer::Answer;

/// How long a page is valid if nothing changes: it shows ages.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// At most this many pages are cached.
const PAGES_MAX: usize = 64;

/// Pages, by their addresses.
#[derive(Default)]
pub struct Cache {
    pages: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<CachedPage>>>;

struct CachedPage {
    generation: u64,
    made: Instant,
    answer: Answer,
}

impl Cache {
    /// The page at `address` as of `generation`: the cached one, or the one that `make` makes,
    /// while other clients wait for it.
    pub async fn get(&self, address: &str, generation: u64, make: impl Future<Output = Answer>) -> Answer {
        let mut slot = self.slot(address).lock_owned().await;
        if let Some(cached) =
            slot.as_ref().filter(|cached| cached.generation >= generation && cached.made.elapsed() < GOOD_FOR)
        {
            return cached.answer.clone();
        }
        let answer = make.await;
        *slot = Some(CachedPage { generation, made: Instant::now(), answer: answer.clone() });
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
