//! The user's own logbook, made because nothing else was found.

use std::io::Write;

use crate::store::Location;
use crate::store::locate::Why;

/// Says once that the user's own logbook is made, since nobody named it.
pub fn announce_fallback(location: &Location, err: &mut dyn Write) {
    if location.why == Why::Fallback && !location.exists {
        let _ = writeln!(
            err,
            "logbook: no logbook here; the new one for this user is {} (logbook init makes one here)",
            location.path.display()
        );
    }
}
