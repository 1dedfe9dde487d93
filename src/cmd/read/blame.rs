//! `logbook blame`: the runs, steps, agents, calls and approvals that touched a file.

use std::path::{Component, Path};

use crate::cmd::Door;
use crate::cmd::shared::reading::{self, Corrections, Reading, gather};
use logbook_model::Kind;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::{Query, Row, literal_of};
use logbook_render::{Format, Rows};
use logbook_view::facts::Picked;
use logbook_view::record::Entry;
use logbook_view::record::blame::{Blame as View, COLUMNS, FIELDS, SHORT_COLUMNS, matters};
use logbook_view::record::paths::WantedFile;

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook blame src/parser.rs\n  logbook blame https://git.example.org/web/pull/903 -n 1";

/// Arguments of `blame`.
#[derive(clap::Args)]
pub struct Blame {
    /// A file, relative to this directory, or another artifact
    #[arg(value_name = "PATH")]
    path: String,
    /// At most this many, newest first
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook blame PATH`
pub fn run(args: Blame, door: &mut Door<'_>) -> Result<Exit> {
    let format = args.reading.format(door)?;
    let clock = args.reading.clock(door)?;
    let corrections = Corrections::wanted(&args.reading, &Query::default());
    let found = reading::logbook_for(door, &args.reading, corrections, None)?;
    let wanted = WantedFile::new(&args.path, &bases(&door.env.cwd, &found.path));
    let names = FIELDS.to_names();
    // Decisions and starts do not name the file, but say who allowed and did what touched it.
    let name = literal_of(wanted.name().as_bytes()).map(|quoted| {
        let inner = quoted.strip_prefix(b"\"").unwrap_or(&quoted);
        inner.strip_suffix(b"\"").unwrap_or(inner).to_vec()
    });
    let kinds = [format!("\"{}", Kind::APPROVAL_PREFIX), format!("\"{}\"", Kind::RunStart.word())];
    let literals = name
        .filter(|name| name.len() >= 3)
        .map_or_else(Vec::new, |name| [name].into_iter().chain(kinds.map(String::into_bytes)).collect());
    let (rows, mut scanned) = gather::gather(&found.inputs, &names, &literals, args.reading.strict, door, || {
        |row: &Row<'_>| matters(&Picked::new(&FIELDS, row.fields), &wanted)
    });
    let narrowed = gather::times(&args.reading, door)?;
    let mut view = View::new(&wanted);
    for row in &rows {
        let place = reading::address(&found.inputs, row.place);
        view.push(&Entry::read(&row.text, place.as_ref(), Vec::new()));
    }
    let touches = view.finish();
    let is_of_run = |run: &str| args.reading.run.as_ref().is_none_or(|wanted| wanted == run);
    let touches = touches.iter().filter(|touch| is_of_run(&touch.run_id) && narrowed(touch.at));
    let look = args.reading.look(door, clock.zone);
    let short = matches!(format, Format::Table | Format::Markdown);
    let columns = if short { &SHORT_COLUMNS[..] } else { &COLUMNS };
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    let mut out = Rows::new(format, Some(columns), look, false);
    let mut written = Ok(());
    for touch in touches.take(args.limit.unwrap_or(usize::MAX)) {
        let row = if short { touch.to_short_json() } else { touch.to_json() };
        written = written.and_then(|()| out.push(&row, None, &mut door.out));
    }
    let note = written.and_then(|()| out.finish(&mut door.out)).map_err(|error| Error::output(&error))?;
    let exit = reading::note_skipped(door, &mut scanned, &found.inputs, args.reading.strict);
    if out.written() == 0 {
        return Err(Error::new(Exit::No, format!("no row mentions {:?}", args.path))
            .hint("logbook fields artifact_ref   # what was produced"));
    }
    if let Some(note) = note.filter(|_| door.err.is_terminal()) {
        door.note(note.text);
    }
    Ok(exit)
}

/// The directories that paths in rows may be relative to: the working directory, and the one that
/// holds the logbook.
fn bases(cwd: &Path, logbook: &Path) -> Vec<String> {
    // `--dir ./x` has no parent of its own.
    let logbook = cwd.join(logbook);
    let own: Vec<Component<'_>> = logbook.components().collect();
    let above = own.split_last().map_or_else(|| logbook.clone(), |(_, above)| above.iter().collect());
    let mut bases = vec![cwd.to_string_lossy().into_owned(), above.to_string_lossy().into_owned()];
    bases.dedup();
    bases
}
