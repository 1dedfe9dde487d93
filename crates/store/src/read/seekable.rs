//! Reading archives: from the start to the end, or by random access if a seek table says where the
//! frames begin.
//!
//! An archive may come from anywhere. Whatever it claims, memory is bounded by the window limit,
//! and by the size limit of frames that are decompressed at once.

use std::io::{self, BufRead};
use std::os::fd::OwnedFd;
use std::path::Path;

use zstd::bulk::Decompressor;
use zstd::zstd_safe::{DParameter, get_frame_content_size};

use crate::os::{How, Os, read_full};
use logbook_format::seek_table::{FOOT, Frame, SeekTable};
use logbook_model::READ_ROW_BYTES_MAX;

/// The window limit, as a power of two: 32 MiB. Only `zstd --long` uses larger ones.
const WINDOW_LOG_MAX: u32 = 25;
/// An archive with longer frames is read from the start to the end only. The longest row fits.
const FRAME_BYTES_MAX: u64 = READ_ROW_BYTES_MAX as u64 + (2 << 20);
/// The longest header of a frame, which may state the length of its content.
const FRAME_HEAD_BYTES: usize = 18;
/// A larger seek table counts as missing, bytes.
const TABLE_BYTES_MAX: usize = 16 << 20;

/// Decompresses `reader`, a zstd stream, from the start to the end.
pub(crate) fn decompress<R: BufRead>(reader: R) -> io::Result<zstd::Decoder<'static, R>> {
    let mut decoder = zstd::Decoder::with_buffer(reader)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// An archive that is read by random access.
pub(crate) struct Seekable<'o> {
    os: &'o dyn Os,
    file: OwnedFd,
    table: SeekTable,
    /// The frame in `content`.
    unpacked: Option<usize>,
    unpacker: Decompressor<'static>,
    content: Vec<u8>,
    packed: Vec<u8>,
}

impl<'o> Seekable<'o> {
    /// Opens the archive at `path`; `None` if it has no seek table, or frames above the size limit.
    pub fn open(os: &'o dyn Os, path: &Path) -> io::Result<Option<Seekable<'o>>> {
        let file = os.open(path, How::Read, 0)?;
        let Some(table) = table(os, &file)? else { return Ok(None) };
        let small =
            |frame: &Frame| u64::from(frame.plain) <= FRAME_BYTES_MAX && u64::from(frame.packed) <= FRAME_BYTES_MAX;
        if !table.frames().iter().all(small) {
            return Ok(None);
        }
        let mut unpacker = Decompressor::new()?;
        unpacker.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Some(Seekable { os, file, table, unpacked: None, unpacker, content: Vec::new(), packed: Vec::new() }))
    }

    /// The length of the content.
    pub fn bytes(&self) -> u64 {
        self.table.plain_bytes()
    }

    /// Whether the seek table agrees with the frames. If a frame states another length in its
    /// header, and has it, the table is damaged, and the archive must be read from the start.
    pub fn is_true(&mut self) -> bool {
        (0..self.frames().len()).all(|index| {
            let Some(frame) = self.table.frames().get(index).copied() else { return true };
            let mut head = [0; FRAME_HEAD_BYTES];
            let Ok(read) = read_full(self.os, &self.file, &mut head, frame.packed_at) else { return true };
            let says = get_frame_content_size(&head[..read]).ok().flatten();
            match says.filter(|says| *says != u64::from(frame.plain) && *says <= FRAME_BYTES_MAX) {
                Some(says) => {
                    self.unpack_as(Frame { plain: says as u32, ..frame }).is_ok_and(|unpacked| unpacked.is_err())
                }
                None => true,
            }
        })
    }

    /// The frames, in order.
    pub fn frames(&self) -> &[Frame] {
        self.table.frames()
    }

    /// Reads content at `offset`, at most to the end of a frame; 0 at the end of the content.
    pub fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(index) = self.table.frame_at(offset) else { return Ok(0) };
        self.unpack(index)?;
        let begin = self.table.frames().get(index).map_or(0, |frame| frame.plain_at);
        let from = self.content.get((offset - begin) as usize..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    /// The line of the content that begins at `offset`, without its newline; `None` if there is no
    /// whole line.
    pub fn line_at(&mut self, offset: u64) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut at = offset;
        while line.len() <= READ_ROW_BYTES_MAX {
            let Some(index) = self.table.frame_at(at) else { return Ok(None) };
            self.unpack(index)?;
            let begin = self.table.frames().get(index).map_or(0, |frame| frame.plain_at);
            let rest = self.content.get((at - begin) as usize..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                line.extend_from_slice(&rest[..end]);
                return Ok(Some(line));
            }
            line.extend_from_slice(rest);
            at += rest.len() as u64;
        }
        Ok(None)
    }

    fn unpack(&mut self, index: usize) -> io::Result<()> {
        if self.unpacked == Some(index) {
            return Ok(());
        }
        let Some(frame) = self.table.frames().get(index).copied() else { return Ok(()) };
        let wrong = |why| io::Error::new(io::ErrorKind::InvalidData, format!("frame {index}: {why}"));
        self.unpack_as(frame)?.map_err(wrong)?;
        self.unpacked = Some(index);
        Ok(())
    }

    /// Decompresses `frame`. The outer error is one of the disk, the inner one a damaged frame.
    fn unpack_as(&mut self, frame: Frame) -> io::Result<std::result::Result<(), String>> {
        self.unpacked = None;
        self.packed.resize(frame.packed as usize, 0);
        read_whole(self.os, &self.file, &mut self.packed, frame.packed_at)?;
        self.content.clear();
        // The capacity is the length in the table: a frame with more content is an error.
        self.content.reserve_exact(frame.plain as usize);
        Ok(match self.unpacker.decompress_to_buffer(&self.packed[..], &mut self.content) {
            Err(error) => Err(error.to_string()),
            Ok(size) if size != frame.plain as usize => {
                Err(format!("holds {size} bytes, its table says {}", frame.plain))
            }
            Ok(_) => Ok(()),
        })
    }
}

impl std::fmt::Debug for Seekable<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Seekable").field("frames", &self.table.frames().len()).finish_non_exhaustive()
    }
}

/// Checks that random access to the archive at `path` gives the same content as reading it from the
/// start. Each frame must decompress alone, to the length in the table. Since the frames make up
/// the whole file, they are then the frames that a decoder from the start meets. Errors: they are
/// not.
pub(crate) fn check(os: &dyn Os, path: &Path) -> io::Result<()> {
    let Some(mut packed) = Seekable::open(os, path)? else { return Ok(()) };
    (0..packed.frames().len()).try_for_each(|index| packed.unpack(index)).map_err(|error| {
        let why = format!("its seek table does not match its frames: {error}");
        io::Error::new(error.kind(), why)
    })
}

/// The seek table at the end of `file`, if it ends in one.
fn table(os: &dyn Os, file: &OwnedFd) -> io::Result<Option<SeekTable>> {
    let bytes = os.stat(file)?.bytes;
    let mut foot = [0; FOOT];
    if bytes < FOOT as u64 {
        return Ok(None);
    }
    read_whole(os, file, &mut foot, bytes - FOOT as u64)?;
    let Some(length) = SeekTable::length(&foot).filter(|length| *length as u64 <= bytes && *length <= TABLE_BYTES_MAX)
    else {
        return Ok(None);
    };
    let mut table = vec![0; length];
    read_whole(os, file, &mut table, bytes - length as u64)?;
    Ok(SeekTable::parse(&table, bytes))
}

fn read_whole(os: &dyn Os, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    match read_full(os, file, buffer, offset)? {
        read if read == buffer.len() => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
