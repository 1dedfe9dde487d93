//! Compresses a stream into independent frames, on several threads, with a seek table behind them.

use std::io::{self, Read};
use std::thread;

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::content::fill;
use logbook_format::seek_table::SeekTable;

/// A frame ends with the line in which its content reaches this many bytes.
const FRAME_BYTES: usize = 1 << 20;
/// At most this many frames per thread are in memory, whatever the size of the segment.
const FRAMES_PER_THREAD: usize = 2;

/// Compresses `reader` at `level` with `threads` threads. Calls `write` with the bytes of the
/// archive.
pub fn pack(
    reader: &mut dyn Read,
    level: i32,
    threads: usize,
    write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut table = SeekTable::default();
    let mut source = Frames { reader, rest: Vec::new(), ended: false };
    loop {
        let mut contents = Vec::new();
        while contents.len() < threads * FRAMES_PER_THREAD {
            match source.next()? {
                Some(content) => contents.push(content),
                None => break,
            }
        }
        if contents.is_empty() {
            break;
        }
        let share = contents.len().div_ceil(threads.max(1));
        let packed: Vec<io::Result<Vec<Vec<u8>>>> = thread::scope(|scope| {
            let workers: Vec<_> =
                contents.chunks(share).map(|share| scope.spawn(move || compress(share, level))).collect();
            let died = || Err(io::Error::other("a thread that packs died"));
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| died())).collect()
        });
        let mut contents = contents.iter();
        for share in packed {
            for (frame, content) in share?.iter().zip(&mut contents) {
                write(frame)?;
                table.push(length(frame)?, length(content)?);
            }
        }
    }
    write(&table.print())
}

fn compress(contents: &[Vec<u8>], level: i32) -> io::Result<Vec<Vec<u8>>> {
    let mut compressor = Compressor::new(level)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    contents.iter().map(|content| compressor.compress(content)).collect()
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line of over 4 GiB"))
}

/// Cuts a stream into the contents of frames, each of which ends with a newline.
struct Frames<'r> {
    reader: &'r mut dyn Read,
    rest: Vec<u8>,
    ended: bool,
}

impl Frames<'_> {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut content = std::mem::take(&mut self.rest);
        while !self.ended {
            let from = content.len();
            content.resize(from + FRAME_BYTES, 0);
            let read = fill(self.reader, &mut content[from..])?;
            content.truncate(from + read);
            self.ended = read < FRAME_BYTES;
            if let Some(end) = memchr::memrchr(b'\n', &content[from..]).filter(|_| content.len() >= FRAME_BYTES) {
                self.rest = content.split_off(from + end + 1);
                break;
            }
        }
        Ok((!content.is_empty()).then_some(content))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn frames_end_with_lines_and_unpack_to_what_went_in() {
        let line = |length: usize| [vec![b'x'; length], vec![b'\n']].concat();
        let bytes = [line(10), line(3 << 20), line(700_000), line(700_000), line(5), b"torn".to_vec()].concat();
        for threads in [1, 3] {
            let mut out = Vec::new();
            let mut write = |bytes: &[u8]| {
                out.extend_from_slice(bytes);
                Ok(())
            };
            pack(&mut &bytes[..], 3, threads, &mut write).unwrap();
            assert_eq!(zstd::decode_all(&out[..]).unwrap(), bytes);
            let length = SeekTable::length(&out).unwrap();
            let table = SeekTable::parse(&out[out.len() - length..], out.len() as u64).unwrap();
            assert_eq!(table.plain_bytes(), bytes.len() as u64);
            assert!(table.frames().len() > 1);
            let last = table.frames().len() - 1;
            for frame in &table.frames()[..last] {
                assert_eq!(bytes[(frame.plain_at + u64::from(frame.plain)) as usize - 1], b'\n');
            }
        }
        let mut out = Vec::new();
        pack(&mut &b""[..], 3, 2, &mut |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        })
        .unwrap();
        assert_eq!(zstd::decode_all(&out[..]).unwrap(), b"");
    }
}
