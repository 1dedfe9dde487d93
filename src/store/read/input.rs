//! What a reading command reads besides the logbook: files, globs, directories
//! and standard input, plain or compressed.
//!
//! What a file is packed with is told by its first bytes, not by its name.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::packed::{self, Packed};
use super::snapshot::{Form, Segment};
use crate::error::{Error, Result};
use crate::format::SegmentName;
use crate::store::index::Place;
use crate::store::listing;
use crate::store::os::{How, Os};
use crate::store::os_real::REAL;

/// One thing to read, in the order in which its rows count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// Standard input that was read whole, to be read more than once.
    Held(Arc<[u8]>),
    /// A file that the user named.
    File(PathBuf),
    /// A segment of the logbook.
    Segment(crate::store::Segment),
}

/// Where the rows of a logbook's `inputs` end: whoever looks for more begins there.
pub fn end_of(inputs: &[Input]) -> Place {
    match inputs.last() {
        Some(Input::Segment(last)) if last.form == Form::Plain => Place { segment: last.number, offset: last.bytes },
        Some(Input::Segment(last)) => Place { segment: last.number + 1, offset: 0 },
        _ => Place { segment: 0, offset: 0 },
    }
}

impl Input {
    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin | Input::Held(_) => "standard input".to_owned(),
            Input::File(path) => path.display().to_string(),
            Input::Segment(segment) => segment.path.display().to_string(),
        }
    }

    /// Bytes on disk; `None` for standard input and what cannot be asked.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Input::Stdin | Input::Held(_) => None,
            Input::File(path) => fs::metadata(path).ok().map(|file| file.len()),
            Input::Segment(segment) => Some(segment.bytes),
        }
    }

    /// Opens it to be read at any place; `None` for what can only be read from the start to the end.
    pub fn open_anywhere(&self) -> io::Result<Option<Anywhere>> {
        let path = match self {
            Input::Segment(segment) => return segment.open_anywhere(),
            Input::File(path) => path,
            Input::Stdin | Input::Held(_) => return Ok(None),
        };
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let mut head = [0; 4];
        let read = file.read_at(&mut head, 0)?;
        if is_zstd(&head[..read]) {
            return Anywhere::packed(path);
        }
        Ok((!is_gzip(&head[..read])).then(|| Anywhere { bytes: metadata.len(), held: Held::Raw(file) }))
    }

    /// Opens it for one read from the start, unpacked. `None` for standard
    /// input, which the caller holds. A segment is read to the length that
    /// the snapshot gave it.
    pub fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(match self {
            Input::Stdin => None,
            Input::Held(bytes) => Some(Box::new(io::Cursor::new(Arc::clone(bytes)))),
            Input::File(path) => Some(unpack(File::open(path)?)?),
            Input::Segment(segment) => Some(segment.open()?),
        })
    }
}

impl Segment {
    /// Opens it to be read at any place; `None` for an archive that says not where its frames begin. What was archived
    /// since it was listed is read from there.
    fn open_anywhere(&self) -> io::Result<Option<Anywhere>> {
        if self.form != Form::Plain {
            return Anywhere::packed(&self.path);
        }
        match REAL.open(&self.path, How::Read, 0).map(File::from) {
            Ok(file) => Ok(Some(Anywhere { bytes: self.bytes, held: Held::Raw(file) })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.archived_since() {
                Some(path) => Ok(Anywhere::packed(&path)?.map(|it| Anywhere { bytes: self.bytes, ..it })),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Opens it for one read from the start, unpacked; a plain one ends where
    /// the snapshot says. What was archived since it was listed is read from there.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match (REAL.open(&self.path, How::Read, 0).map(File::from), self.form) {
            (Ok(file), Form::Plain) => Ok(Box::new(file.take(self.bytes))),
            (Ok(file), _) => unpack(file),
            (Err(error), Form::Plain) if error.kind() == io::ErrorKind::NotFound => match self.archived_since() {
                Some(path) => {
                    let file = File::from(REAL.open(&path, How::Read, 0)?);
                    Ok(Box::new(unpack(file)?.take(self.bytes)))
                }
                None => Err(error),
            },
            (Err(error), _) => Err(error),
        }
    }

    /// The archive of a plain segment.
    fn archived_since(&self) -> Option<PathBuf> {
        let name = SegmentName::parse(self.path.file_name()?.as_bytes())?;
        Some(listing::archive_directory(self.path.parent()?).join(name.archive()))
    }
}

/// What can be read at any place, as if it were plain.
#[derive(Debug)]
pub struct Anywhere {
    /// How far it is to be read, unpacked.
    pub bytes: u64,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Raw(File),
    Packed(Box<Packed<'static>>),
}

impl Anywhere {
    fn packed(path: &Path) -> io::Result<Option<Anywhere>> {
        let packed = Packed::open(&REAL, path)?;
        Ok(packed.map(|packed| Anywhere { bytes: packed.bytes(), held: Held::Packed(Box::new(packed)) }))
    }

    /// Reads at `offset`, not beyond [`Anywhere::bytes`]; 0 there.
    pub fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let want = (buffer.len() as u64).min(self.bytes.saturating_sub(offset)) as usize;
        match &mut self.held {
            Held::Raw(file) => file.read_at(&mut buffer[..want], offset),
            Held::Packed(packed) if want > 0 => packed.read_at(&mut buffer[..want], offset),
            Held::Packed(_) => Ok(0),
        }
    }

    /// A good place to cut at or after `at`: where a frame begins.
    pub fn cut(&self, at: u64) -> u64 {
        match &self.held {
            Held::Raw(_) => at,
            Held::Packed(packed) => {
                let frames = packed.frames();
                let next = frames.partition_point(|frame| frame.plain_at < at);
                frames.get(next).map_or(self.bytes, |frame| frame.plain_at.min(self.bytes))
            }
        }
    }

    /// Where the frame that holds byte `at` ends; the end of all where there are no frames.
    pub fn frame_end(&self, at: u64) -> u64 {
        match &self.held {
            Held::Raw(_) => self.bytes,
            Held::Packed(packed) => {
                let next = packed.frames().partition_point(|frame| frame.plain_at <= at);
                packed.frames().get(next).map_or(self.bytes, |frame| frame.plain_at.min(self.bytes))
            }
        }
    }

    /// Whether content stands where it is said to: of an archive, whether its seek table is true.
    pub fn is_true(&mut self) -> bool {
        match &mut self.held {
            Held::Raw(_) => true,
            Held::Packed(packed) => packed.is_true(),
        }
    }

    /// Whether it has to be unpacked.
    pub fn is_packed(&self) -> bool {
        matches!(self.held, Held::Packed(_))
    }
}

/// `reader` with its packing (zstd, gzip or none) taken off.
pub fn unpack<R: Read + Send + 'static>(reader: R) -> io::Result<Box<dyn Read + Send>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let head = reader.fill_buf()?;
    Ok(if is_zstd(head) {
        Box::new(packed::unpack(reader)?)
    } else if is_gzip(head) {
        Box::new(flate2::bufread::MultiGzDecoder::new(reader))
    } else {
        Box::new(reader)
    })
}

fn is_zstd(head: &[u8]) -> bool {
    head.starts_with(b"\x28\xB5\x2F\xFD")
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(b"\x1F\x8B")
}

/// The inputs that `arguments` name: `-`, files, directories (every row file
/// below) and globs, each argument's files in order of their names.
pub fn expand(arguments: &[String]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for argument in arguments {
        if argument == "-" {
            if inputs.contains(&Input::Stdin) {
                return Err(Error::usage("standard input (-) is named twice"));
            }
            inputs.push(Input::Stdin);
            continue;
        }
        let path = Path::new(argument);
        if path.is_dir() {
            let files = files_below(path)?;
            if files.is_empty() {
                return Err(Error::io(format!("{}: no *.jsonl, *.jsonl.zst or *.jsonl.gz below it", path.display())));
            }
            inputs.extend(files.into_iter().map(Input::File));
        } else if path.exists() {
            inputs.push(Input::File(path.to_owned()));
        } else if argument.contains(['*', '?', '[']) {
            inputs.extend(matching(argument)?.into_iter().map(Input::File));
        } else {
            return Err(Error::io(format!("{argument}: no such file or directory")));
        }
    }
    Ok(inputs)
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
    let paths = glob::glob(pattern).map_err(|error| Error::usage(format!("{pattern}: {error}")))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| Error::io(error.to_string()))?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Error::io(format!("no file matches {pattern:?}")).hint("ls -a shows what is there"));
    }
    Ok(files)
}

/// Every row file below `directory`, in order of path. Links to directories
/// are not followed, and what is no plain file is left out.
fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let fail = |error: io::Error| Error::io(format!("{}: {error}", directory.display()));
        for entry in fs::read_dir(&directory).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if is_row_file(&entry.file_name().to_string_lossy()) && entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A logbook's manifest is about its rows and holds none.
fn is_row_file(name: &str) -> bool {
    let bare = name.strip_suffix(".zst").or_else(|| name.strip_suffix(".gz")).unwrap_or(name);
    bare.ends_with(".jsonl") && bare != "manifest.jsonl"
}
