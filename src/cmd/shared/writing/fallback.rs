//! The user's own logbook, made because nothing else was found.

use logbook_render::Notes;
use logbook_store::Location;
use logbook_store::locate::Why;

/// Says once that the user's own logbook is made, since nobody named it.
pub fn announce_fallback(location: &Location, err: &mut Notes<'_>) {
    if location.why == Why::Fallback && !location.exists {
        err.note(format_args!(
            "no logbook here; the new one for this user is {} (logbook init makes one here)",
            location.path.display()
        ));
    }
}
