//! The seek table at the end of an archive: which frame holds which bytes.
//!
//! The published seekable format of zstd (`contrib/seekable_format` of its repository): frames that
//! stand for themselves, then one frame that decoders pass over, with the packed and the plain
//! length of each. Numbers are 32 bits, least byte first.

/// A frame that decoders pass over, of the kind that seek tables are.
const SKIPPABLE: u32 = 0x184D_2A5E;
/// The last four bytes of a file that ends in a seek table.
const MAGIC: u32 = 0x8F92_EAB1;
/// Magic and length of the skippable frame.
const HEAD: usize = 8;
/// Number of frames, descriptor, magic: where a reader begins.
pub const FOOT: usize = 9;
/// Each frame's entry, and one with a checksum, which is passed over.
const ENTRY: usize = 8;
const ENTRY_WITH_CHECKSUM: usize = 12;
/// The format's own limit.
const FRAMES_MAX: u32 = 0x800_0000;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins in the file.
    pub packed_at: u64,
    /// Its length there.
    pub packed: u32,
    /// Where its content begins in all of the content.
    pub plain_at: u64,
    /// The length of its content.
    pub plain: u32,
}

/// All frames, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeekTable {
    frames: Vec<Frame>,
}

impl SeekTable {
    /// Takes in the next frame.
    pub fn push(&mut self, packed: u32, plain: u32) {
        let (packed_at, plain_at) = (self.packed_bytes(), self.plain_bytes());
        self.frames.push(Frame { packed_at, packed, plain_at, plain });
    }

    /// The frames.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Bytes that all frames take.
    pub(crate) fn packed_bytes(&self) -> u64 {
        self.frames.last().map_or(0, |last| last.packed_at + u64::from(last.packed))
    }

    /// Bytes of all content.
    pub fn plain_bytes(&self) -> u64 {
        self.frames.last().map_or(0, |last| last.plain_at + u64::from(last.plain))
    }

    /// Which frame holds byte `at` of the content.
    pub fn frame_at(&self, at: u64) -> Option<usize> {
        let index = self.frames.partition_point(|frame| frame.plain_at + u64::from(frame.plain) <= at);
        (index < self.frames.len()).then_some(index)
    }

    /// The table as the frame that ends the file.
    pub fn print(&self) -> Vec<u8> {
        let length = self.frames.len() * ENTRY + FOOT;
        let mut out = Vec::with_capacity(HEAD + length);
        out.extend_from_slice(&SKIPPABLE.to_le_bytes());
        out.extend_from_slice(&(length as u32).to_le_bytes());
        for frame in &self.frames {
            out.extend_from_slice(&frame.packed.to_le_bytes());
            out.extend_from_slice(&frame.plain.to_le_bytes());
        }
        out.extend_from_slice(&(self.frames.len() as u32).to_le_bytes());
        out.push(0);
        out.extend_from_slice(&MAGIC.to_le_bytes());
        out
    }

    /// How many bytes at the end of the file the table takes, by the last [`FOOT`] of them; `None`:
    /// there is no table.
    pub fn length(foot: &[u8]) -> Option<usize> {
        let (frames, entry) = read_foot(foot)?;
        Some(HEAD + frames as usize * entry + FOOT)
    }

    /// Reads the table that is the last bytes of a file of `file_bytes`; `None` when it is none, or
    /// does not tell of all of the file before it.
    pub fn parse(bytes: &[u8], file_bytes: u64) -> Option<SeekTable> {
        let (frames, entry) = read_foot(bytes)?;
        if bytes.len() != SeekTable::length(bytes)? || number(bytes.get(..4)?)? != SKIPPABLE {
            return None;
        }
        if number(bytes.get(4..HEAD)?)? as usize != bytes.len() - HEAD {
            return None;
        }
        let mut table = SeekTable { frames: Vec::with_capacity(frames as usize) };
        for entry in bytes.get(HEAD..bytes.len() - FOOT)?.chunks_exact(entry) {
            table.push(number(entry.get(..4)?)?, number(entry.get(4..8)?)?);
        }
        (table.packed_bytes() + bytes.len() as u64 == file_bytes).then_some(table)
    }
}

/// The number of frames, and the bytes of an entry.
fn read_foot(bytes: &[u8]) -> Option<(u32, usize)> {
    let foot = bytes.last_chunk::<FOOT>()?;
    let frames = number(&foot[..4])?;
    let entry = if foot[4] & 0x80 == 0 { ENTRY } else { ENTRY_WITH_CHECKSUM };
    // The other bits are reserved: a table that sets them is not understood.
    let understood = foot[4] & 0x7C == 0 && number(&foot[5..])? == MAGIC && frames <= FRAMES_MAX;
    understood.then_some((frames, entry))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_table_is_read_as_it_was_printed_and_no_other() {
        let mut table = SeekTable::default();
        for (packed, plain) in [(10, 100), (20, 0), (5, 7)] {
            table.push(packed, plain);
        }
        let printed = table.print();
        assert_eq!(SeekTable::length(&printed), Some(printed.len()));
        let bytes = 35 + printed.len() as u64;
        assert_eq!(SeekTable::parse(&printed, bytes).unwrap(), table);
        assert_eq!(SeekTable::parse(&printed, bytes + 1), None);
        assert_eq!((table.frame_at(0), table.frame_at(99), table.frame_at(100)), (Some(0), Some(0), Some(2)));
        assert_eq!(table.frame_at(107), None);
        // Two bits of the descriptor mean nothing, by the format.
        let unused = (printed.len() - 5) * 8;
        for bit in (0..printed.len() * 8).filter(|bit| !(unused..unused + 2).contains(bit)) {
            let mut other = printed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(SeekTable::parse(&other, bytes).as_ref(), Some(&table), "bit {bit}");
        }
    }
}
