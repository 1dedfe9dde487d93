//! One thing that a reading command reads, plain or packed: a segment of the logbook, a file, a
//! pipe, standard input. Which things arguments name: `expand`.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::packed::Packed;
use super::packing::{HEAD_BYTES, Packing, unpack};
use crate::parts::Segment;
use logbook_format::segment_name::Form;
use crate::parts::Place;
use crate::listing;
use crate::os::{How, Os};
use crate::os_real::REAL;
use logbook_format::SegmentName;

/// One thing to read, in the order in which its rows count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A stream that was read whole, to be read more than once: what messages call it, and its
    /// bytes.
    Held(String, Arc<[u8]>),
    /// A regular file that the user named.
    File(PathBuf),
    /// A FIFO, a socket or a device that the user named. It is opened once: whoever writes to it is
    /// gone when it is closed.
    Pipe(PathBuf),
    /// A segment of the logbook.
    Segment(crate::Segment),
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
            Input::Stdin => "standard input".to_owned(),
            Input::Held(name, _) => name.clone(),
            Input::File(path) | Input::Pipe(path) => path.display().to_string(),
            Input::Segment(segment) => segment.path.display().to_string(),
        }
    }

    /// Bytes on disk; `None` for standard input and what cannot be asked.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Input::Stdin | Input::Pipe(_) | Input::Held(..) => None,
            Input::File(path) => fs::metadata(path).ok().map(|file| file.len()),
            Input::Segment(segment) => Some(segment.bytes),
        }
    }

    /// Whether it can be read only once.
    pub fn is_once(&self) -> bool {
        matches!(self, Input::Stdin | Input::Pipe(_))
    }

    /// Opens it to be read at any place; `None` for what can only be read from the start to the
    /// end.
    pub fn open_anywhere(&self) -> io::Result<Option<Anywhere>> {
        let path = match self {
            Input::Segment(segment) => return segment.open_anywhere(),
            Input::File(path) => path,
            Input::Stdin | Input::Pipe(_) | Input::Held(..) => return Ok(None),
        };
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let mut head = [0; HEAD_BYTES];
        let read = file.read_at(&mut head, 0)?;
        match Packing::of(&head[..read]) {
            Packing::Plain => Ok(Some(Anywhere { bytes: metadata.len(), held: Held::Raw(file) })),
            Packing::Zstd => Anywhere::packed(path),
            Packing::Gzip | Packing::Other(_) => Ok(None),
        }
    }

    /// Opens it for one read from the start, unpacked. `None` for standard
    /// input, which the caller holds. A segment is read to the length that
    /// the snapshot gave it.
    pub fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(match self {
            Input::Stdin => None,
            Input::Held(_, bytes) => Some(Box::new(unpack(io::Cursor::new(Arc::clone(bytes)))?)),
            Input::File(path) | Input::Pipe(path) => Some(Box::new(unpack(buffered(File::open(path)?))?)),
            Input::Segment(segment) => Some(segment.open()?),
        })
    }
}

impl Segment {
    /// Opens it to be read at any place; `None` for an archive that says not where its frames
    /// begin. What was archived since it was listed is read from there.
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
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match (REAL.open(&self.path, How::Read, 0).map(File::from), self.form) {
            (Ok(file), Form::Plain) => Ok(Box::new(file.take(self.bytes))),
            (Ok(file), _) => Ok(Box::new(unpack(buffered(file))?)),
            (Err(error), Form::Plain) if error.kind() == io::ErrorKind::NotFound => match self.archived_since() {
                Some(path) => {
                    let file = File::from(REAL.open(&path, How::Read, 0)?);
                    Ok(Box::new(unpack(buffered(file))?.take(self.bytes)))
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

fn buffered(file: File) -> BufReader<File> {
    BufReader::with_capacity(1 << 16, file)
}
