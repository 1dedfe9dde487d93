//! The seek table at the end of an archive: which frame has which bytes.
//!
//! It is the published seekable format of zstd (`contrib/seekable_format` in its repository):
//! independent frames, then a frame that decoders skip, with the compressed and the plain length of
//! each. Numbers have 32 bits, in little-endian order.

/// The magic number of a skippable frame of the kind that seek tables are.
const SKIPPABLE: u32 = 0x184D_2A5E;
/// The last four bytes of a file that ends in a seek table.
const MAGIC: u32 = 0x8F92_EAB1;
/// Bytes of the magic number and the length of the skippable frame.
const HEAD: usize = 8;
/// Bytes of the number of frames, the descriptor and the magic number, where a reader begins.
pub const FOOT: usize = 9;
/// Bytes of an entry, and of one with a checksum, which is ignored.
const ENTRY: usize = 8;
const ENTRY_WITH_CHECKSUM: usize = 12;
/// The limit of the format.
const FRAMES_MAX: u32 = 0x800_0000;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its offset in the file.
    pub packed_at: u64,
    /// Its compressed length, in bytes.
    pub packed: u32,
    /// The offset of its content in the whole content.
    pub plain_at: u64,
    /// The length of its content, in bytes.
    pub plain: u32,
}

/// All frames, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeekTable {
    frames: Vec<Frame>,
}

impl SeekTable {
    /// Adds the next frame.
    pub fn push(&mut self, packed: u32, plain: u32) {
        let (packed_at, plain_at) = (self.packed_bytes(), self.plain_bytes());
        self.frames.push(Frame { packed_at, packed, plain_at, plain });
    }

    /// The frames.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The length of all frames, in bytes.
    pub(crate) fn packed_bytes(&self) -> u64 {
        self.frames.last().map_or(0, |last| last.packed_at + u64::from(last.packed))
    }

    /// The length of the whole content, in bytes.
    pub fn plain_bytes(&self) -> u64 {
        self.frames.last().map_or(0, |last| last.plain_at + u64::from(last.plain))
    }

    /// The frame with byte `at` of the content.
    pub fn frame_at(&self, at: u64) -> Option<usize> {
        let index = self.frames.partition_point(|frame| frame.plain_at + u64::from(frame.plain) <= at);
        (index < self.frames.len()).then_some(index)
    }

    /// The table, as the frame that ends the file.
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

    /// The length of the table at the end of the file, by its last [`FOOT`] bytes; `None` if there
    /// is no table.
    pub fn length(foot: &[u8]) -> Option<usize> {
        let (frames, entry) = read_foot(foot)?;
        Some(HEAD + frames as usize * entry + FOOT)
    }

    /// Parses the table, which is the last bytes of a file of `file_bytes`. `None` if it is not
    /// valid, or does not describe all of the file before it.
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
    // The other bits are reserved: a table that sets them has an unknown meaning.
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
        // Two bits of the descriptor have no meaning.
        let unused = (printed.len() - 5) * 8;
        for bit in (0..printed.len() * 8).filter(|bit| !(unused..unused + 2).contains(bit)) {
            let mut other = printed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(SeekTable::parse(&other, bytes).as_ref(), Some(&table), "bit {bit}");
        }
    }
}
