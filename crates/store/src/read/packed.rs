//! Archives, unpacked as they are read: from the start to the end, or at any place where a seek
//! table says where frames begin.
//!
//! An archive may come from anywhere. Whatever it claims, memory stays bounded: by the window that
//! is allowed, and by the size of a frame that is unpacked in one piece.

use std::io::{self, BufRead};
use std::os::fd::OwnedFd;
use std::path::Path;

use zstd::bulk::Decompressor;
use zstd::zstd_safe::{DParameter, get_frame_content_size};

use crate::os::{How, Os, read_full};
use logbook_format::seek_table::{FOOT, Frame, SeekTable};
use logbook_model::READ_ROW_BYTES_MAX;

/// The greatest window that is unpacked, as a power of two: 32 MiB. More is asked for by nobody but
/// `zstd --long`.
const WINDOW_LOG_MAX: u32 = 25;
/// Frames whose content is longer are read from the start to the end only: one row may be so long,
/// and then some.
const FRAME_BYTES_MAX: u64 = READ_ROW_BYTES_MAX as u64 + (2 << 20);
/// The longest beginning of a frame, which may say how much is in it.
const FRAME_HEAD_BYTES: usize = 18;
/// Larger tables are not believed, bytes.
const TABLE_BYTES_MAX: usize = 16 << 20;

/// `reader`, packed with zstd, unpacked from the start to the end.
pub(crate) fn unpack<R: BufRead>(reader: R) -> io::Result<zstd::Decoder<'static, R>> {
    let mut decoder = zstd::Decoder::with_buffer(reader)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// An archive that can be read at any place of its content.
pub(crate) struct Packed<'o> {
    os: &'o dyn Os,
    file: OwnedFd,
    table: SeekTable,
    /// The frame that was unpacked last.
    unpacked: Option<usize>,
    unpacker: Decompressor<'static>,
    content: Vec<u8>,
    packed: Vec<u8>,
}

impl<'o> Packed<'o> {
    /// Opens the archive at `path`; `None` when it has no seek table, or one with frames too large
    /// to be unpacked at once.
    pub fn open(os: &'o dyn Os, path: &Path) -> io::Result<Option<Packed<'o>>> {
        let file = os.open(path, How::Read, 0)?;
        let Some(table) = table(os, &file)? else { return Ok(None) };
        let small =
            |frame: &Frame| u64::from(frame.plain) <= FRAME_BYTES_MAX && u64::from(frame.packed) <= FRAME_BYTES_MAX;
        if !table.frames().iter().all(small) {
            return Ok(None);
        }
        let mut unpacker = Decompressor::new()?;
        unpacker.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Some(Packed { os, file, table, unpacked: None, unpacker, content: Vec::new(), packed: Vec::new() }))
    }

    /// Length of the content.
    pub fn bytes(&self) -> u64 {
        self.table.plain_bytes()
    }

    /// Whether the table tells of the frames that are there. Where a frame says of itself that it
    /// is longer or shorter, and unpacks, the table is what is damaged, and only a reader from the
    /// start knows where content stands.
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

    /// Where frames of the content begin.
    pub fn frames(&self) -> &[Frame] {
        self.table.frames()
    }

    /// Reads content at `offset`, at most to the end of a frame; 0 at the end of all.
    pub fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(index) = self.table.frame_at(offset) else { return Ok(0) };
        self.unpack(index)?;
        let begin = self.table.frames().get(index).map_or(0, |frame| frame.plain_at);
        let from = self.content.get((offset - begin) as usize..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    /// The line of the content that begins at `offset`, without its newline; `None` when no whole
    /// one does.
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

    /// Unpacks what stands where `frame` does. Errors: of the disk, and within, of what stands
    /// there.
    fn unpack_as(&mut self, frame: Frame) -> io::Result<std::result::Result<(), String>> {
        self.unpacked = None;
        self.packed.resize(frame.packed as usize, 0);
        read_whole(self.os, &self.file, &mut self.packed, frame.packed_at)?;
        self.content.clear();
        // Exactly so much room as the table claims: what holds more, or other than that, is an
        // error.
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

impl std::fmt::Debug for Packed<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Packed").field("frames", &self.table.frames().len()).finish_non_exhaustive()
    }
}

/// Checks that the archive at `path` holds the same read at any place as from the start to the end:
/// by its seek table readers go, and a decoder passes over what is no content. Each frame must
/// unpack alone, to as many bytes as the table says; since they make up the whole file, they are
/// then the frames that a decoder meets. Errors: they are not.
pub(crate) fn check(os: &dyn Os, path: &Path) -> io::Result<()> {
    let Some(mut packed) = Packed::open(os, path)? else { return Ok(()) };
    (0..packed.frames().len()).try_for_each(|index| packed.unpack(index)).map_err(|error| {
        let why = format!("its seek table tells of other frames than it has: {error}");
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
