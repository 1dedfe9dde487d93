//! Bytes into rows (`scan::rows`), in whatever pieces they arrive. The fuzz
//! target `row_lines` looks further than these cases.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read};
use std::ops::ControlFlow;

use logbook_json::{self as json, Limits};
use logbook_scan::Skipped;
use logbook_scan::rows::for_each_row_with;

fn is_whole(line: &[u8]) -> bool {
    json::trim(line).starts_with(b"{") && json::validate(line, Limits::GRAMMAR).is_ok()
}

/// Gives at most this many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

/// Offset and length of each row, and the account of the rest.
fn split(text: &[u8], piece: usize) -> (Vec<(u64, usize)>, Vec<String>) {
    let (mut rows, mut skipped) = (Vec::new(), Skipped::default());
    let read = for_each_row_with(
        &mut Pieces(text, piece),
        "f",
        0,
        &mut skipped,
        is_whole,
        |_| Some(0),
        |row, offset, _| {
            rows.push((offset, row.len()));
            ControlFlow::Continue(())
        },
    );
    assert_eq!(read.unwrap(), text.len() as u64);
    (rows, skipped.lines())
}

/// A text, offset and length of each of its rows, what is reported of the rest.
type Case<'a> = (&'a [u8], &'a [(u64, usize)], &'a [String]);

#[test]
fn lines_are_rows_or_told() {
    let torn = "f: skipped 1 row: torn (no newline at its end) at byte ";
    let nuls = "f: skipped 1 row: a run of NUL bytes at byte ";
    let cases: &[Case<'_>] = &[
        (b"", &[], &[]),
        (b"{}\n\n \r\n{\"a\":1}\r\n", &[(0, 2), (7, 7)], &[]),
        (b"{}\n{}", &[(0, 2), (3, 2)], &[]),
        (b"{}\n{", &[(0, 2)], &[format!("{torn}3 (1 bytes)")]),
        (b"\0\0{}\n", &[(2, 2)], &[format!("{nuls}0 (2 bytes)")]),
        (b"{}\n\0\0\n", &[(0, 2)], &[format!("{nuls}3 (2 bytes)")]),
        (b"{}\n\0\0", &[(0, 2)], &[format!("{nuls}3 (2 bytes)")]),
        // A writer that died just before the newline, and a hole before its row: the store
        // adopts such a row, so a reader does not call it torn.
        (b"{}\n\0\0{}", &[(0, 2), (5, 2)], &[format!("{nuls}3 (2 bytes)")]),
        (b"\0{", &[], &[format!("{nuls}0 (1 bytes)"), format!("{torn}1 (1 bytes)")]),
    ];
    for (text, rows, skipped) in cases {
        for piece in [1, 2, 3, usize::MAX] {
            let got = split(text, piece);
            assert_eq!(
                (got.0.as_slice(), got.1.as_slice()),
                (*rows, *skipped),
                "{:?}",
                text.escape_ascii().to_string()
            );
        }
    }
}

#[test]
fn a_hole_is_no_row_however_long() {
    for hole in [16 << 20, 17 << 20, 40 << 20] {
        let mut text = b"{}\n".to_vec();
        text.resize(3 + hole, 0);
        text.extend_from_slice(b"{\"a\":1}\n{}\n");
        let (rows, skipped) = split(&text, usize::MAX);
        assert_eq!(rows, [(0, 2), (3 + hole as u64, 7), (11 + hole as u64, 2)]);
        assert_eq!(skipped, [format!("f: skipped 1 row: a run of NUL bytes at byte 3 ({hole} bytes)")]);
    }
}

#[test]
fn a_line_that_is_too_long_is_one_skipped_row() {
    for length in [(16 << 20) + 1, 17 << 20, 40 << 20] {
        for end in [b"\n{}\n".as_slice(), b""] {
            let mut text = b"{}\n\0".to_vec();
            text.resize(4 + length, b' ');
            text.extend_from_slice(end);
            let (rows, skipped) = split(&text, usize::MAX);
            assert_eq!(rows.len(), if end.is_empty() { 1 } else { 2 });
            let told = [
                "f: skipped 1 row: a run of NUL bytes at byte 3 (1 bytes)",
                "f: skipped 1 row: longer than 16 MiB at byte 4; logbook query --max-row SIZE reads longer ones",
            ];
            assert_eq!(skipped, told, "{length}");
        }
    }
}
