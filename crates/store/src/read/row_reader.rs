//! Reads single rows by their place, many of them from few segments. Sealed segments are mapped,
//! the active one is read piece by piece, archives are decompressed frame by frame.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};

use memchr::memchr;

use super::mapped::Mapped;
use super::seekable::Seekable;
use super::snapshot::Snapshot;
use crate::os::{How, Os, error_at};
use crate::os_real::REAL;
use crate::parts::{Place, Segment};
use logbook_format::segment_name::Form;
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_model::error::{Error, Result};

/// The first read of a row of the active segment, bytes. A longer row needs further ones.
const PIECE_BYTES: usize = 8 << 10;

/// Reads rows by place.
pub struct RowReader {
    segments: HashMap<u64, Segment>,
    open: HashMap<u64, Open>,
    buffer: Vec<u8>,
}

enum Open {
    Mapped(Mapped),
    File(File, u64),
    Archive(Box<Seekable<'static>>),
    Unpacked(Vec<u8>),
}

impl RowReader {
    /// A reader of the rows of `snapshot`.
    pub fn new(snapshot: &Snapshot) -> RowReader {
        let segments = snapshot.segments.iter().map(|segment| (segment.number, segment.clone())).collect();
        RowReader { segments, open: HashMap::new(), buffer: Vec::new() }
    }

    /// The line that begins at `place`, without its newline; `None` if there is no whole line.
    pub fn row(&mut self, place: Place) -> Result<Option<&[u8]>> {
        if !self.open.contains_key(&place.segment) {
            let Some(segment) = self.segments.get(&place.segment) else {
                return Ok(None);
            };
            let opened = open(segment).map_err(error_at(&segment.path))?;
            self.open.insert(place.segment, opened);
        }
        match self.open.get_mut(&place.segment) {
            Some(Open::Mapped(bytes)) => Ok(line(bytes, place.offset)),
            Some(Open::Unpacked(bytes)) => Ok(line(bytes, place.offset)),
            Some(Open::Archive(packed)) => match packed.line_at(place.offset) {
                Ok(Some(row)) => {
                    self.buffer = row;
                    Ok(Some(&self.buffer))
                }
                Ok(None) => Ok(None),
                Err(error) => Err(Error::io(format!("segment {}: {error}", place.segment))),
            },
            Some(Open::File(file, end)) => Ok(read_line(file, place.offset, *end, &mut self.buffer)),
            None => Ok(None),
        }
    }
}

fn open(segment: &Segment) -> std::io::Result<Open> {
    if segment.form == Form::Zstd
        && let Some(packed) = Seekable::open(&REAL, &segment.path)?
    {
        return Ok(Open::Archive(Box::new(packed)));
    }
    let file = match REAL.open(&segment.path, How::Read, 0).map(File::from) {
        Ok(file) if segment.form == Form::Plain => file,
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {
            let mut bytes = Vec::new();
            segment.open()?.read_to_end(&mut bytes)?;
            return Ok(Open::Unpacked(bytes));
        }
    };
    let about = file.metadata()?;
    let own = about.uid() == REAL.user();
    if segment.sealed && own && about.is_file() && about.nlink() == 1 && segment.bytes > 0 {
        return Ok(Open::Mapped(Mapped::sealed(&file)?));
    }
    Ok(Open::File(file, segment.bytes))
}

fn line(bytes: &[u8], offset: u64) -> Option<&[u8]> {
    let rest = bytes.get(usize::try_from(offset).ok()?..)?;
    memchr(b'\n', rest).map(|end| &rest[..end])
}

fn read_line<'b>(file: &File, offset: u64, end: u64, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    let mut size = PIECE_BYTES;
    loop {
        let want = usize::try_from(end.checked_sub(offset)?).ok()?.min(size);
        buffer.resize(want, 0);
        file.read_exact_at(buffer, offset).ok()?;
        if let Some(at) = memchr(b'\n', buffer) {
            return Some(&buffer[..at]);
        }
        if want < size || size > READ_ROW_BYTES_MAX {
            return None;
        }
        size *= 8;
    }
}
