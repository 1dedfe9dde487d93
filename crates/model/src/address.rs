//! How a row is named: by its run and step (`r-88#3`, `r-88 3`), or by segment and offset
//! (`@000041:1234`), which never changes and also works for rows without a step.

use std::fmt;

/// The name of one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// `RUN#STEP`
    Step {
        /// The run.
        run_id: String,
        /// The number of the row in its run, from 1.
        step: u64,
    },
    /// `@SEGMENT:OFFSET`
    Place {
        /// Number of the segment.
        segment: u64,
        /// Byte offset of the row's first byte.
        offset: u64,
    },
}

impl Address {
    /// Parses `RUN#STEP` or `@SEGMENT:OFFSET`. The last `#` separates, so that a run id may contain
    /// one.
    pub fn parse(text: &str) -> Option<Address> {
        if let Some(place) = text.strip_prefix('@')
            && let Some((segment, offset)) = place.split_once(':')
            && let (Ok(segment), Ok(offset)) = (segment.parse(), offset.parse())
        {
            return Some(Address::Place { segment, offset });
        }
        let (run_id, step) = text.rsplit_once('#')?;
        let step = step.parse().ok().filter(|step| *step > 0)?;
        (!run_id.is_empty()).then(|| Address::Step { run_id: run_id.to_owned(), step })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Step { run_id, step } => write!(f, "{run_id}#{step}"),
            Address::Place { segment, offset } => write!(f, "@{segment:06}:{offset}"),
        }
    }
}
