//! The ways in which archives are tampered with.

use std::fs;

use logbook_format::digest::sha256_hex;
use logbook_format::manifest::Event;

use super::forge::{self, bytes};
use super::tamper::{ARCHIVED, RAW, RESTORED, Victim};
use super::tampers::{Told, Way, edit_row, rebound, way};

/// Puts an archive that `make` makes of the content, and of the same with another row, in place of
/// a raw file: the manifest does not know it, and all that tells of it is what it holds.
fn archived_as(it: &Victim, make: impl FnOnce(&[u8], &[u8]) -> Vec<u8>) {
    let content = fs::read(it.raw(RAW)).unwrap();
    let other = String::from_utf8(content.clone()).unwrap().replacen("step", "stop", 1);
    let packed = make(&content, other.as_bytes());
    assert_eq!(zstd::decode_all(&packed[..]).unwrap(), content, "from the start to the end it is what was written");
    fs::write(it.archive(RAW), &packed).unwrap();
    fs::remove_file(it.raw(RAW)).unwrap();
}

/// All of them.
pub fn archives() -> Vec<Way> {
    use Told::{Broken, Note};
    vec![
        way("a byte of an archive", Broken, |it| bytes(&it.archive(ARCHIVED), |text| text[99] ^= 1)),
        way("an archive is removed", Broken, |it| fs::remove_file(it.archive(ARCHIVED)).unwrap()),
        way("an archive is another one's", Broken, |it| {
            fs::copy(it.archive(RESTORED), it.archive(ARCHIVED)).unwrap();
        }),
        way("an archive is cut", Broken, |it| bytes(&it.archive(ARCHIVED), |text| text.truncate(text.len() / 2))),
        way("something stands behind an archive", Broken, |it| {
            bytes(&it.archive(ARCHIVED), |text| text.extend(b"more"))
        }),
        way("an archive is packed anew", Broken, |it| {
            let content = zstd::decode_all(&fs::read(it.archive(ARCHIVED)).unwrap()[..]).unwrap();
            fs::write(it.archive(ARCHIVED), forge::pack(&content)).unwrap();
        }),
        way("an archive with another row, and a line about it", Broken, |it| {
            let content = zstd::decode_all(&fs::read(it.archive(ARCHIVED)).unwrap()[..]).unwrap();
            let content = String::from_utf8(content).unwrap().replace("step 205", "stop 205");
            let packed = forge::pack(content.as_bytes());
            fs::write(it.archive(ARCHIVED), &packed).unwrap();
            let event = Event::Archived { archive_bytes: packed.len() as u64, archive_sha256: sha256_hex(&packed) };
            let name = it.name(ARCHIVED);
            rebound(it, |manifest| manifest.push(&name, event));
        }),
        way("readers are shown another frame than the one that unpacks", Broken, |it| {
            archived_as(it, |content, other| {
                let (hidden, frame) = (forge::pack(other), forge::pack(content));
                let over = forge::passed_over(&hidden);
                let entries = [(8, 0), (hidden.len(), other.len()), (frame.len(), 0)];
                forge::with_table(&[&over, &frame], &entries)
            });
        }),
        way("rows are hidden behind a table that says less", Broken, |it| {
            archived_as(it, |content, _| {
                let (one, rest) = content.split_at(content.iter().position(|byte| *byte == b'\n').unwrap() + 1);
                let (one_packed, rest_packed) = (forge::pack(one), forge::pack(rest));
                let entries = [(one_packed.len(), one.len()), (rest_packed.len(), 0)];
                forge::with_table(&[&one_packed, &rest_packed], &entries)
            });
        }),
        way("a table that says more of a frame", Broken, |it| {
            archived_as(it, |content, _| {
                let frame = forge::pack(content);
                forge::with_table(&[&frame], &[(frame.len(), content.len() + 1)])
            });
        }),
        way("a table that cuts a frame in two", Broken, |it| {
            archived_as(it, |content, _| {
                let frame = forge::pack(content);
                let half = frame.len() / 2;
                forge::with_table(&[&frame], &[(half, content.len()), (frame.len() - half, 0)])
            });
        }),
        way(
            "an archive that nobody told of, with a frame that is passed over",
            Note("no line of the manifest says"),
            |it| {
                archived_as(it, |content, _| {
                    let (over, frame) = (forge::passed_over(b"nothing"), forge::pack(content));
                    forge::with_table(&[&over, &frame], &[(over.len() + frame.len(), content.len())])
                });
            },
        ),
        way("a raw file with another row beside its archive", Broken, |it| edit_row(&it.raw(RESTORED))),
        way("a raw file with more rows beside its archive", Broken, |it| {
            forge::append(&it.raw(RESTORED), "{\"run_id\":\"r-9\",\"step\":1}");
        }),
        way("a raw file of other rows is put beside an archive", Broken, |it| {
            fs::write(it.raw(ARCHIVED), "{\"run_id\":\"r-9\",\"step\":1}\n".repeat(400)).unwrap();
        }),
        way("a short raw file of other rows is put beside an archive", Broken, |it| {
            fs::write(it.raw(ARCHIVED), "{\"run_id\":\"r-9\",\"step\":1}\n").unwrap();
        }),
        way("the beginning of a segment beside its archive", Note("is the beginning of its archive"), |it| {
            bytes(&it.raw(RESTORED), |text| text.truncate(600));
        }),
    ]
}
