//! The compression of a stream, recognized by its first bytes and not by its name. zstd and gzip
//! are decompressed while reading. For other formats the error names a command that does it.

use std::fmt;
use std::io::{self, BufRead, Chain, Cursor, Read};

use super::seekable;

/// The compression of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// None.
    Plain,
    /// zstd
    Zstd,
    /// gzip
    Gzip,
    /// A format that cannot be read.
    Other(NotRead),
}

/// A format that cannot be read, and the program that converts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRead {
    /// The format, in words.
    pub what: &'static str,
    /// A command that reads it from standard input and writes its content.
    pub unpacks: &'static str,
}

/// The number of bytes that distinguish all formats.
pub(crate) const HEAD_BYTES: usize = 6;

/// The first bytes of each format.
const MAGICS: [(&[u8], Compression); 12] = [
    (b"\x28\xB5\x2F\xFD", Compression::Zstd),
    (b"\x1F\x8B", Compression::Gzip),
    (b"BZh", other("packed with bzip2", "bunzip2")),
    (b"\xFD7zXZ\0", other("packed with xz", "unxz")),
    (b"\x04\x22\x4D\x18", other("packed with lz4", "unlz4")),
    (b"\x02\x21\x4C\x18", other("packed with lz4", "unlz4")),
    (b"PK\x03\x04", other("a zip archive", "funzip")),
    // Before UTF-16, whose byte order mark is a prefix of this one.
    (b"\xFF\xFE\0\0", other("text in UTF-32", "iconv -f UTF-32 -t UTF-8")),
    (b"\xFF\xFE", other("text in UTF-16", "iconv -f UTF-16 -t UTF-8")),
    (b"\xFE\xFF", other("text in UTF-16", "iconv -f UTF-16 -t UTF-8")),
    (b"{\0", other("text in UTF-16", "iconv -f UTF-16LE -t UTF-8")),
    (b"[\0", other("text in UTF-16", "iconv -f UTF-16LE -t UTF-8")),
];

const fn other(what: &'static str, unpacks: &'static str) -> Compression {
    Compression::Other(NotRead { what, unpacks })
}

impl Compression {
    /// The compression of a stream that begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Compression {
        let found = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        match (found, head) {
            (Some((_, compression)), _) => *compression,
            // Big-endian UTF-16 without a byte order mark. A hole of NULs has no letter inside.
            (None, [0, b'{' | b'[', 0, _, ..]) => other("text in UTF-16", "iconv -f UTF-16BE -t UTF-8"),
            _ => Compression::Plain,
        }
    }

    /// Whether more bytes could change the answer.
    fn is_open(head: &[u8]) -> bool {
        let begins = |magic: &[u8]| magic.len() > head.len() && magic.starts_with(head);
        head.len() < HEAD_BYTES
            && (MAGICS.iter().any(|(magic, _)| begins(magic)) || matches!(head, [0] | [0, b'{' | b'[', ..]))
    }
}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for NotRead {}

/// A decompressed stream.
pub enum Decompressed<R: BufRead> {
    /// It was not compressed.
    Plain(Begun<R>),
    /// zstd
    Zstd(Box<zstd::Decoder<'static, Begun<R>>>),
    /// gzip
    Gzip(Box<flate2::bufread::MultiGzDecoder<Begun<R>>>),
}

/// A stream whose first bytes were read, put back in front.
type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// Decompresses `reader`. Errors: [`NotRead`].
pub fn decompress<R: BufRead>(mut reader: R) -> io::Result<Decompressed<R>> {
    let mut head = Vec::new();
    // The writer of a pipe may send single bytes.
    while Compression::is_open(&head) {
        let mut byte = [0];
        match reader.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let compression = Compression::of(&head);
    let begun = Cursor::new(head).chain(reader);
    Ok(match compression {
        Compression::Plain => Decompressed::Plain(begun),
        Compression::Zstd => Decompressed::Zstd(Box::new(seekable::decompress(begun)?)),
        Compression::Gzip => Decompressed::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(begun))),
        Compression::Other(not_read) => return Err(io::Error::new(io::ErrorKind::Unsupported, not_read)),
    })
}

impl<R: BufRead> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decompressed::Plain(reader) => reader.read(buffer),
            Decompressed::Zstd(reader) => reader.read(buffer),
            Decompressed::Gzip(reader) => reader.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Hands out one byte at a time, as a slow pipe does.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let some = buffer.len().min(1);
            self.0.read(&mut buffer[..some])
        }
    }

    #[test]
    fn a_slow_stream_is_told_as_a_fast_one() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, b"{}\n").unwrap();
        let zstd = zstd::encode_all(&b"{}\n"[..], 1).unwrap();
        for bytes in [b"{}\n".to_vec(), gzip.finish().unwrap(), zstd] {
            let mut text = Vec::new();
            let slow = io::BufReader::with_capacity(1, Slow(Cursor::new(bytes)));
            decompress(slow).unwrap().read_to_end(&mut text).unwrap();
            assert_eq!(text, b"{}\n");
        }
        for (magic, compression) in MAGICS {
            assert_eq!(Compression::of(magic), compression, "{magic:?}");
            assert!(!Compression::is_open(magic) || magic == b"\xFF\xFE", "{magic:?}");
        }
        for plain in [&b""[..], b"{", b"[1]", b"\0\0{", b"\0{\"a\"", b"BZ", b"\xEF\xBB\xBF{"] {
            assert_eq!(Compression::of(plain), Compression::Plain, "{plain:?}");
        }
    }
}
