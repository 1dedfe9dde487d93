//! One input of a reading command, compressed or not: a segment of the logbook, a file, a pipe,
//! standard input. Not here: which inputs arguments name (`expand`).

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compression::{Compression, HEAD_BYTES, decompress};
use super::seekable::Seekable;
use crate::listing;
use crate::os::{How, Os};
use crate::os_real::REAL;
use crate::parts::{Place, Segment};
use logbook_format::SegmentName;
use logbook_format::segment_name::Form;

/// One input. Several are read in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A stream that was read into memory, to be read more than once: its name for messages, and
    /// its bytes.
    Held(String, Arc<[u8]>),
    /// A regular file that the user named.
    File(PathBuf),
    /// A FIFO, a socket or a device that the user named. It is opened once: its writer fails when
    /// it is closed.
    Pipe(PathBuf),
    /// A segment of the logbook.
    Segment(crate::Segment),
}

/// Where the rows of a logbook's `inputs` end, and later rows begin.
pub fn end_of(inputs: &[Input]) -> Place {
    match inputs.last() {
        Some(Input::Segment(last)) if last.form == Form::Plain => Place { segment: last.number, offset: last.bytes },
        Some(Input::Segment(last)) => Place { segment: last.number + 1, offset: 0 },
        _ => Place { segment: 0, offset: 0 },
    }
}

impl Input {
    /// Its name for messages.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin => "standard input".to_owned(),
            Input::Held(name, _) => name.clone(),
            Input::File(path) | Input::Pipe(path) => path.display().to_string(),
            Input::Segment(segment) => segment.path.display().to_string(),
        }
    }

    /// Its size on disk, bytes; `None` if it has none, as standard input.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Input::Stdin | Input::Pipe(_) | Input::Held(..) => None,
            Input::File(path) => fs::metadata(path).ok().map(|file| file.len()),
            Input::Segment(segment) => Some(segment.bytes),
        }
    }

    /// Whether it can be read once only.
    pub fn is_once(&self) -> bool {
        matches!(self, Input::Stdin | Input::Pipe(_))
    }

    /// Opens it for random access; `None` if it can only be read from the start to the end.
    pub fn open_random_access(&self) -> io::Result<Option<RandomAccess>> {
        let path = match self {
            Input::Segment(segment) => return segment.open_random_access(),
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
        match Compression::of(&head[..read]) {
            Compression::Plain => Ok(Some(RandomAccess { bytes: metadata.len(), held: Held::Raw(file) })),
            Compression::Zstd => RandomAccess::packed(path),
            Compression::Gzip | Compression::Other(_) => Ok(None),
        }
    }

    /// Opens it to be read from the start, decompressed. `None` for standard input, which the
    /// caller has. A segment ends at the length that its snapshot has.
    pub fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(match self {
            Input::Stdin => None,
            Input::Held(_, bytes) => Some(Box::new(decompress(io::Cursor::new(Arc::clone(bytes)))?)),
            Input::File(path) | Input::Pipe(path) => Some(Box::new(decompress(buffered(File::open(path)?))?)),
            Input::Segment(segment) => Some(segment.open()?),
        })
    }
}

impl Segment {
    /// Opens it for random access; `None` for an archive without a seek table. If the segment was
    /// archived since it was listed, the archive is opened.
    fn open_random_access(&self) -> io::Result<Option<RandomAccess>> {
        if self.form != Form::Plain {
            return RandomAccess::packed(&self.path);
        }
        match REAL.open(&self.path, How::Read, 0).map(File::from) {
            Ok(file) => Ok(Some(RandomAccess { bytes: self.bytes, held: Held::Raw(file) })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.archived_since() {
                Some(path) => Ok(RandomAccess::packed(&path)?.map(|it| RandomAccess { bytes: self.bytes, ..it })),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Opens it to be read from the start, decompressed. A plain one ends at the length in the
    /// snapshot. If the segment was archived since it was listed, the archive is opened.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match (REAL.open(&self.path, How::Read, 0).map(File::from), self.form) {
            (Ok(file), Form::Plain) => Ok(Box::new(file.take(self.bytes))),
            (Ok(file), _) => Ok(Box::new(decompress(buffered(file))?)),
            (Err(error), Form::Plain) if error.kind() == io::ErrorKind::NotFound => match self.archived_since() {
                Some(path) => {
                    let file = File::from(REAL.open(&path, How::Read, 0)?);
                    Ok(Box::new(decompress(buffered(file))?.take(self.bytes)))
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

/// An input that is read at any offset of its content, as if it were not compressed.
#[derive(Debug)]
pub struct RandomAccess {
    /// The length of the content that is to be read.
    pub bytes: u64,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Raw(File),
    Archive(Box<Seekable<'static>>),
}

impl RandomAccess {
    fn packed(path: &Path) -> io::Result<Option<RandomAccess>> {
        let packed = Seekable::open(&REAL, path)?;
        Ok(packed.map(|packed| RandomAccess { bytes: packed.bytes(), held: Held::Archive(Box::new(packed)) }))
    }

    /// Reads at `offset`, up to [`RandomAccess::bytes`]; 0 at the end.
    pub fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let want = (buffer.len() as u64).min(self.bytes.saturating_sub(offset)) as usize;
        match &mut self.held {
            Held::Raw(file) => file.read_at(&mut buffer[..want], offset),
            Held::Archive(packed) if want > 0 => packed.read_at(&mut buffer[..want], offset),
            Held::Archive(_) => Ok(0),
        }
    }

    /// The first offset from `at` on where it is cheap to begin reading: the begin of a frame.
    pub fn cut(&self, at: u64) -> u64 {
        match &self.held {
            Held::Raw(_) => at,
            Held::Archive(packed) => {
                let frames = packed.frames();
                let next = frames.partition_point(|frame| frame.plain_at < at);
                frames.get(next).map_or(self.bytes, |frame| frame.plain_at.min(self.bytes))
            }
        }
    }

    /// The end of the frame with byte `at`; the end of the content if there are no frames.
    pub fn frame_end(&self, at: u64) -> u64 {
        match &self.held {
            Held::Raw(_) => self.bytes,
            Held::Archive(packed) => {
                let next = packed.frames().partition_point(|frame| frame.plain_at <= at);
                packed.frames().get(next).map_or(self.bytes, |frame| frame.plain_at.min(self.bytes))
            }
        }
    }

    /// Whether the content is at the right offsets: of an archive, whether its seek table is right.
    pub fn is_true(&mut self) -> bool {
        match &mut self.held {
            Held::Raw(_) => true,
            Held::Archive(packed) => packed.is_true(),
        }
    }

    /// Whether it is compressed.
    pub fn is_packed(&self) -> bool {
        matches!(self.held, Held::Archive(_))
    }
}

fn buffered(file: File) -> BufReader<File> {
    BufReader::with_capacity(1 << 16, file)
}
