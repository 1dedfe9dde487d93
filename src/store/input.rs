//! What a reading command reads besides the logbook: files, globs, directories
//! and standard input, plain or compressed.
//!
//! What a file is packed with is told by its first bytes, not by its name.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::snapshot::Form;
use crate::error::{Error, Result};

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
    Segment(super::Segment),
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
    pub fn open_plain(&self) -> io::Result<Option<Plain>> {
        let file = match self {
            Input::Segment(segment) if segment.form == Form::Plain => {
                return Ok(Some(Plain { file: File::open(&segment.path)?, bytes: segment.bytes }));
            }
            Input::File(path) => File::open(path)?,
            Input::Segment(_) | Input::Stdin | Input::Held(_) => return Ok(None),
        };
        let metadata = file.metadata()?;
        let mut head = [0; 4];
        let plain = metadata.is_file() && {
            let read = file.read_at(&mut head, 0)?;
            !is_zstd(&head[..read]) && !is_gzip(&head[..read])
        };
        Ok(plain.then(|| Plain { file, bytes: metadata.len() }))
    }

    /// Opens it for one read from the start, unpacked. `None` for standard
    /// input, which the caller holds. A segment is read to the length that
    /// the snapshot gave it.
    pub fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(match self {
            Input::Stdin => None,
            Input::Held(bytes) => Some(Box::new(io::Cursor::new(Arc::clone(bytes)))),
            Input::File(path) => Some(unpack(File::open(path)?)?),
            Input::Segment(segment) if segment.form == Form::Plain => {
                Some(Box::new(File::open(&segment.path)?.take(segment.bytes)))
            }
            Input::Segment(segment) => Some(unpack(File::open(&segment.path)?)?),
        })
    }
}

/// A file whose bytes are rows as they stand, to be read at any place.
#[derive(Debug)]
pub struct Plain {
    file: File,
    /// How far it is to be read.
    pub bytes: u64,
}

impl Plain {
    /// Reads at `offset`, not beyond [`Plain::bytes`]; 0 there.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let want = (buffer.len() as u64).min(self.bytes.saturating_sub(offset)) as usize;
        self.file.read_at(&mut buffer[..want], offset)
    }
}

/// `reader` with its packing (zstd, gzip or none) taken off.
pub fn unpack<R: Read + Send + 'static>(reader: R) -> io::Result<Box<dyn Read + Send>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let head = reader.fill_buf()?;
    Ok(if is_zstd(head) {
        Box::new(zstd::Decoder::with_buffer(reader)?)
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
