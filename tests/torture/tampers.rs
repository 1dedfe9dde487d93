//! The ways in which a logbook is tampered with, and what is reported of each.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use logbook_format::manifest::{Event, NOTHING};

use super::forge::{self, Manifest, bytes, lines};
use super::tamper::{ARCHIVED, DELETED, HEADS_OWN, LAST_COVERED, RAW, RESTORED, Victim};
use super::tamper_archives::archives;

/// What `verify --head` says of it.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// It is broken: not exit 0, and the head is not said to hold.
    Broken,
    /// What the head vouches for is gone.
    Gone,
    /// A note tells of it: what the head vouches for is there.
    Note(&'static str),
    /// It is not told, and `docs/evidence.md` says so in these words.
    Not(&'static str),
}

/// One way.
pub struct Way {
    /// What is done.
    pub name: &'static str,
    /// How it is told.
    pub told: Told,
    /// Whether it is about `cache/`.
    pub needs_cache: bool,
    /// Does it.
    pub tamper: fn(&Victim),
}

pub(super) fn way(name: &'static str, told: Told, tamper: fn(&Victim)) -> Way {
    Way { name, told, needs_cache: false, tamper }
}

fn cached(name: &'static str, told: Told, tamper: fn(&Victim)) -> Way {
    Way { needs_cache: true, ..way(name, told, tamper) }
}

pub(super) fn edit_row(path: &Path) {
    lines(path, |rows| rows[1] = rows[1].replace("step", "stop"));
}

/// Changes the manifest, and binds its lines anew.
pub(super) fn rebound(victim: &Victim, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::read(&victim.book());
    change(&mut manifest);
    manifest.write_bound();
}

/// Appends a line that says that a segment was deleted.
fn say_deleted(victim: &Victim, number: u64, receipt: &str) {
    rebound(victim, |manifest| manifest.push_deleted(number, receipt));
}

fn digest_of(victim: &Victim, number: u64) -> String {
    Manifest::read(&victim.book()).covering(number).sha256.clone()
}

/// Stores a receipt by hand, behind all rows.
fn forge_receipt(victim: &Victim, step: u64, number: u64, sha256: &str) {
    forge::append(&victim.active(), &forge::receipt(step, &[(&victim.name(number), sha256)]));
}

/// All of them.
pub fn ways() -> Vec<Way> {
    [raw_files(), archives(), manifest(), deletions(), under_the_head(), put_in(), cache(), beside()]
        .into_iter()
        .flatten()
        .collect()
}

fn raw_files() -> Vec<Way> {
    use Told::Broken;
    vec![
        way("a byte of a row", Broken, |it| bytes(&it.raw(RAW), |text| text[99] ^= 1)),
        way("a row, and its line of the manifest, bound anew", Broken, |it| {
            edit_row(&it.raw(RAW));
            let content = fs::read(it.raw(RAW)).unwrap();
            rebound(it, |manifest| *manifest.covering(RAW) = forge::cover(manifest.covering(RAW), &content));
        }),
        way("a row is taken out", Broken, |it| lines(&it.raw(RAW), |rows| drop(rows.remove(3)))),
        way("the first row is taken out", Broken, |it| lines(&it.raw(RAW), |rows| drop(rows.remove(0)))),
        way("the last row is taken out", Broken, |it| lines(&it.raw(RAW), |rows| drop(rows.pop()))),
        way("a row stands twice", Broken, |it| lines(&it.raw(RAW), |rows| rows.insert(3, rows[3].clone()))),
        way("two rows are swapped", Broken, |it| lines(&it.raw(RAW), |rows| rows.swap(2, 4))),
        way("a row is put in", Broken, |it| {
            lines(&it.raw(RAW), |rows| rows.insert(3, rows[3].replace("\"step\":", "\"step\":9")));
        }),
        way("a row is put behind a sealed segment", Broken, |it| {
            forge::append(&it.raw(RAW), "{\"run_id\":\"r-9\",\"step\":1}")
        }),
        way("the hold is taken out", Broken, |it| {
            lines(&it.raw(RAW), |rows| rows.retain(|row| !row.contains("\"kind\":\"hold\"")));
        }),
        way("a cut in the middle of a row", Broken, |it| bytes(&it.raw(RAW), |text| text.truncate(text.len() - 30))),
        way("an empty file", Broken, |it| fs::write(it.raw(RAW), "").unwrap()),
        way("NULs in place of a row", Broken, |it| bytes(&it.raw(RAW), |text| text[50..90].fill(0))),
        way("other line ends", Broken, |it| {
            let text = fs::read_to_string(it.raw(RAW)).unwrap();
            fs::write(it.raw(RAW), text.replace('\n', "\r\n")).unwrap();
        }),
        way("a row with the same length, and the times of the file set back", Broken, |it| {
            let path = it.raw(RAW);
            let before = it.path("before");
            assert!(Command::new("cp").args(["-a"]).arg(&path).arg(&before).status().unwrap().success());
            edit_row(&path);
            assert!(Command::new("touch").arg("-r").arg(&before).arg(&path).status().unwrap().success());
            fs::remove_file(before).unwrap();
        }),
        way("a segment is removed", Broken, |it| fs::remove_file(it.raw(RAW)).unwrap()),
        way("a segment is removed, and its line", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            rebound(it, |manifest| manifest.lines.retain(|line| line.segment.number != RAW));
        }),
        way("a segment has the name of another day", Broken, |it| {
            let to = it.path(&it.name(RAW).replacen(&it.name(RAW)[..10], "2001-01-01", 1));
            fs::rename(it.raw(RAW), to).unwrap();
        }),
        way("a segment has another number", Broken, |it| {
            let to = it.path(&it.name(RAW).replace("000005", "000055"));
            fs::rename(it.raw(RAW), to).unwrap();
        }),
        way("two segments change places", Broken, |it| {
            let (one, other) = (fs::read(it.raw(RAW)).unwrap(), fs::read(it.raw(LAST_COVERED)).unwrap());
            fs::write(it.raw(RAW), other).unwrap();
            fs::write(it.raw(LAST_COVERED), one).unwrap();
        }),
        way("a link in place of a segment", Broken, |it| {
            let (path, elsewhere) = (it.raw(RAW), it.path("elsewhere"));
            fs::rename(&path, &elsewhere).unwrap();
            symlink(&elsewhere, &path).unwrap();
        }),
        way("a directory in place of a segment", Broken, |it| {
            let path = it.raw(RAW);
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        }),
        way("a FIFO in place of a segment", Broken, |it| {
            let path = it.raw(RAW);
            fs::remove_file(&path).unwrap();
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        }),
    ]
}

fn manifest() -> Vec<Way> {
    use Told::Broken;
    fn text(it: &Victim, change: impl FnOnce(&mut Vec<String>)) {
        lines(&it.path("manifest.jsonl"), change);
    }
    vec![
        way("a line of the manifest is taken out", Broken, |it| text(it, |all| drop(all.remove(2)))),
        way("a line is taken out, and the rest bound anew", Broken, |it| rebound(it, |all| drop(all.lines.remove(2)))),
        way("the last line is cut off", Broken, |it| text(it, |all| drop(all.pop()))),
        way("a part of the last line is cut off", Broken, |it| {
            bytes(&it.path("manifest.jsonl"), |all| all.truncate(all.len() - 40));
        }),
        way("there is no manifest", Broken, |it| fs::remove_file(it.path("manifest.jsonl")).unwrap()),
        way("a line stands twice", Broken, |it| text(it, |all| all.insert(3, all[3].clone()))),
        way("two lines are swapped", Broken, |it| text(it, |all| all.swap(2, 3))),
        way("a blank in a line", Broken, |it| text(it, |all| all[2] = all[2].replacen(':', ": ", 1))),
        way("a field of a line", Broken, |it| {
            text(it, |all| all.iter_mut().for_each(|line| *line = line.replace("\"rows\":1", "\"rows\":2")));
        }),
        way("how many rows a line says, and all lines bound anew", Broken, |it| {
            rebound(it, |all| all.covering(RAW).rows += 1)
        }),
        way("the times that a line says, and all lines bound anew", Broken, |it| {
            rebound(it, |all| all.covering(RAW).first_at = Some("2001-01-01T00:00:00Z".into()));
        }),
        way("when a segment was sealed, and all lines bound anew", Broken, |it| {
            rebound(it, |all| all.covering(RAW).sealed_at = "2001-01-01T00:00:00Z".into());
        }),
        way("a link in place of the manifest", Broken, |it| {
            fs::rename(it.path("manifest.jsonl"), it.path("elsewhere")).unwrap();
            symlink(it.path("elsewhere"), it.path("manifest.jsonl")).unwrap();
        }),
        way("a directory in place of the manifest", Broken, |it| {
            fs::remove_file(it.path("manifest.jsonl")).unwrap();
            fs::create_dir(it.path("manifest.jsonl")).unwrap();
        }),
        way("a segment is covered twice", Broken, |it| {
            edit_row(&it.raw(RAW));
            let content = fs::read(it.raw(RAW)).unwrap();
            let name = it.name(RAW);
            rebound(it, |all| {
                let covered = forge::cover(all.covering(RAW), &content);
                all.push(&name, Event::Covered(covered));
            });
        }),
        way("another name for a covered number", Broken, |it| {
            let name = it.name(RAW).replacen(&it.name(RAW)[..10], "2001-01-01", 1);
            rebound(it, |all| {
                all.push(&name, Event::Archived { archive_bytes: 1, archive_sha256: NOTHING.into() });
            });
        }),
        way("an archive is told of before it is covered", Broken, |it| {
            rebound(it, |all| {
                all.push(
                    "2126-01-01.000077.jsonl",
                    Event::Archived { archive_bytes: 1, archive_sha256: NOTHING.into() },
                )
            });
        }),
    ]
}

fn deletions() -> Vec<Way> {
    use Told::{Broken, Gone};
    vec![
        way("removed, and a line says that it was deleted", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("edited, and a line says that it was deleted", Broken, |it| {
            edit_row(&it.raw(RAW));
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, and the line names the receipt of other segments", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            say_deleted(it, RAW, "_logbook#2");
        }),
        way("removed, and the line names the row that retention carried over", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            say_deleted(it, RAW, "_logbook#1");
        }),
        way("removed, with a row that carries over and names it as a receipt does", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            let receipt = forge::receipt(9, &[(&it.name(RAW), &digest_of(it, RAW))]);
            forge::append(&it.active(), &receipt.replace("archive.receipt", "archive.carried"));
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, with its receipt among the rows that another row carries over", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            let receipt = forge::receipt(9, &[(&it.name(RAW), &digest_of(it, RAW))]);
            let row = format!(
                "{{\"run_id\":\"_logbook\",\"step\":10,\"kind\":\"archive.carried\",\"runs\":[],\"rows\":[{}]}}",
                receipt.trim_end()
            );
            forge::append(&it.active(), &row);
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, and the line names a row that is no receipt", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            say_deleted(it, RAW, "r-1#1");
        }),
        way("removed, and the line names a receipt that is said to be deleted itself", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            say_deleted(it, RAW, "_logbook#0");
        }),
        way("removed, with a receipt of another digest", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            forge_receipt(it, 9, RAW, NOTHING);
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, with a receipt of another segment", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            forge_receipt(it, 9, LAST_COVERED, &digest_of(it, RAW));
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, with a receipt that a run of another name holds", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            let row = forge::receipt(9, &[(&it.name(RAW), &digest_of(it, RAW))]).replace("_logbook", "r-1");
            forge::append(&it.active(), &row);
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, with a receipt in a segment before it", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            forge::append(&it.raw(RESTORED), &forge::receipt(9, &[(&it.name(RAW), &digest_of(it, RAW))]));
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("removed, with a receipt, behind a line that is broken", Broken, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            forge_receipt(it, 9, RAW, &digest_of(it, RAW));
            say_deleted(it, RAW, "_logbook#9");
            lines(&it.path("manifest.jsonl"), |all| {
                let at = all.len() - 2;
                all[at] = all[at].replacen("rows", "r0ws", 1).replacen("archive_bytes", "archive_bites", 1);
            });
        }),
        way("edited, with a receipt of what it was", Broken, |it| {
            forge_receipt(it, 9, RAW, &digest_of(it, RAW));
            say_deleted(it, RAW, "_logbook#9");
            edit_row(&it.raw(RAW));
        }),
        way("the receipt of what was deleted is changed", Broken, |it| {
            bytes(&it.archive(ARCHIVED), |packed| {
                let content = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
                *packed = forge::pack(content.replace("archive.receipt", "archive.receipd").as_bytes());
            });
        }),
        way("what retention carried over is changed", Broken, |it| {
            bytes(&it.archive(ARCHIVED), |packed| {
                let content = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
                *packed = forge::pack(content.replace("archive.carried", "archive.carrier").as_bytes());
            });
        }),
        way("a deleted segment comes back with other rows", Broken, |it| {
            fs::write(it.path(&it.name(DELETED)), "{\"run_id\":\"r-9\",\"step\":1}\n").unwrap();
        }),
        way("removed with a receipt made by hand, as retention does it", Gone, |it| {
            fs::remove_file(it.raw(RAW)).unwrap();
            forge_receipt(it, 9, RAW, &digest_of(it, RAW));
            say_deleted(it, RAW, "_logbook#9");
        }),
        way("retention deletes what the head vouches for", Gone, |it| {
            drop(it.run(&["archive", "--delete-older-than", "0s"]));
        }),
        way("retention deletes the head's own segment too", Gone, |it| {
            drop(it.run(&["head", "--seal"]));
            drop(it.run(&["archive", "--delete-older-than", "0s"]));
        }),
    ]
}

fn under_the_head() -> Vec<Way> {
    use Told::{Broken, Not};
    vec![
        way("a row under the head", Broken, |it| edit_row(&it.raw(HEADS_OWN))),
        way("a row under the head is taken out", Broken, |it| lines(&it.raw(HEADS_OWN), |rows| drop(rows.remove(2)))),
        way("a row is put in under the head", Broken, |it| {
            lines(&it.raw(HEADS_OWN), |rows| rows.insert(2, rows[2].clone()))
        }),
        way("the head's segment is cut below the head", Broken, |it| {
            bytes(&it.raw(HEADS_OWN), |text| text.truncate(300))
        }),
        way("the head's segment is removed", Broken, |it| {
            for (number, _, path) in super::ledger::segments(&it.book()) {
                if number >= HEADS_OWN {
                    fs::remove_file(path).unwrap();
                }
            }
        }),
        way("the head's segment has the name of another day", Broken, |it| {
            let name = it.name(HEADS_OWN);
            fs::rename(it.raw(HEADS_OWN), it.path(&name.replacen(&name[..10], "2001-01-01", 1))).unwrap();
        }),
        way("the whole logbook is made anew with another row", Broken, |it| {
            edit_row(&it.raw(LAST_COVERED));
            let content = fs::read(it.raw(LAST_COVERED)).unwrap();
            rebound(it, |all| *all.covering(LAST_COVERED) = forge::cover(all.covering(LAST_COVERED), &content));
        }),
        way("a head of another logbook", Broken, |_| {}),
        way("an older copy is put back", Broken, |it| {
            fs::remove_file(it.active()).unwrap();
            rebound(it, |all| all.lines.truncate(4));
        }),
        way(
            "a row behind the head is changed",
            Not("Rows behind the head, in segments that no line covers yet"),
            |it| {
                lines(&it.active(), |rows| {
                    let last = rows.len() - 1;
                    rows[last] = rows[last].replace("step 7", "stop 7");
                });
            },
        ),
        way(
            "rows behind the head are cut off",
            Not("Rows behind the head, in segments that no line covers yet"),
            |it| {
                lines(&it.active(), |rows| drop(rows.pop()));
            },
        ),
        way(
            "rows are put behind the head by hand",
            Not("rows put behind it by hand, a correction, an approval or one that carries over among them"),
            |it| {
                forge::append(&it.active(), "{\"run_id\":\"r-1\",\"step\":900,\"kind\":\"approval.approved\"}");
            },
        ),
        way(
            "a row that carries over is put behind the head by hand",
            Not("rows put behind it by hand, a correction, an approval or one that carries over among them"),
            |it| {
                let row = "{\"run_id\":\"_logbook\",\"step\":90,\"kind\":\"archive.carried\",\"runs\":[{\"run_id\":\"r-1\",\"step\":900}],\"rows\":[]}";
                forge::append(&it.active(), row);
            },
        ),
    ]
}

fn put_in() -> Vec<Way> {
    use Told::{Broken, Not};
    const VOIDS: &str = "{\"run_id\":\"_logbook\",\"step\":90,\"timestamp\":\"2026-04-16T00:00:00.000Z\",\"kind\":\"repair\",\"action\":\"stored a row again\",\"voids\":\"@000005:0\",\"by\":\"NAME\"}";
    vec![
        way("another file with a number that is there", Broken, |it| {
            let name = it.name(RAW);
            fs::copy(it.raw(RAW), it.path(&name.replacen(&name[..10], "2001-01-01", 1))).unwrap();
        }),
        way("a segment far behind the others", Broken, |it| {
            fs::write(it.path("2126-01-01.000099.jsonl"), "{\"run_id\":\"r-9\",\"step\":1}\n").unwrap();
        }),
        way("an archive far behind the others", Broken, |it| {
            fs::write(
                it.path("archive/2126-01-01.000099.jsonl.zst"),
                forge::pack(b"{\"run_id\":\"r-9\",\"step\":1}\n"),
            )
            .unwrap();
        }),
        way(
            "the next segment, by hand",
            Not("rows put behind it by hand, a correction, an approval or one that carries over among them"),
            |it| {
                let number = super::ledger::segments(&it.book()).pop().unwrap().0 + 1;
                fs::write(it.path(&format!("2126-01-01.{number:06}.jsonl")), "{\"run_id\":\"r-9\",\"step\":1}\n")
                    .unwrap();
            },
        ),
        way("a repair row puts another row in the place of an older one", Broken, |it| {
            let first = fs::read_to_string(it.raw(RAW)).unwrap().lines().next().unwrap().to_owned();
            let value: serde_json::Value = serde_json::from_str(&first).unwrap();
            let name = format!("{}#{}", value["run_id"].as_str().unwrap(), value["step"]);
            forge::append(&it.active(), &VOIDS.replace("NAME", &name));
            forge::append(&it.active(), &first.replace("step 4", "stop 4"));
        }),
        way("a repair row puts a row of another run in its place", Broken, |it| {
            forge::append(&it.active(), &VOIDS.replace("NAME", "r-9#1"));
            forge::append(&it.active(), "{\"run_id\":\"r-9\",\"step\":1,\"action\":\"x\"}");
        }),
        way("a repair row moves a row without an id", Broken, |it| {
            let text = fs::read_to_string(it.raw(RAW)).unwrap();
            let hold = text.lines().find(|row| row.contains("\"kind\":\"hold\"")).unwrap();
            let at = text.find(hold).unwrap();
            let value: serde_json::Value = serde_json::from_str(hold).unwrap();
            let name = format!("{}#{}", value["run_id"].as_str().unwrap(), value["step"]);
            forge::append(&it.active(), &VOIDS.replace("@000005:0", &format!("@000005:{at}")).replace("NAME", &name));
            forge::append(&it.active(), hold);
        }),
        way("a repair row stores a row again with another time", Told::Note("with another timestamp"), |it| {
            let first = fs::read_to_string(it.raw(RAW)).unwrap().lines().next().unwrap().to_owned();
            let value: serde_json::Value = serde_json::from_str(&first).unwrap();
            let name = format!("{}#{}", value["run_id"].as_str().unwrap(), value["step"]);
            let time = value["timestamp"].as_str().unwrap();
            forge::append(&it.active(), &VOIDS.replace("NAME", &name));
            forge::append(&it.active(), &first.replace(time, "2001-01-01T00:00:00.000Z"));
        }),
    ]
}

fn cache() -> Vec<Way> {
    use Told::{Broken, Not};
    /// The file of `cache/` that ends so, and says something of the sort.
    fn change(it: &Victim, end: &str, from: &[u8], to: &[u8]) {
        let files = fs::read_dir(it.path("cache")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| path.to_string_lossy().ends_with(end)).collect();
        files.sort();
        assert!(files.iter().any(|path| forge::change_kept(path, from, to)), "no {end} says {from:?}");
    }
    fn tables(it: &Victim, is_active: bool) -> Vec<std::path::PathBuf> {
        let files = fs::read_dir(it.path("cache")).unwrap().map(|entry| entry.unwrap().path());
        let found: Vec<_> = files
            .filter(|path| {
                path.extension().is_some_and(|end| end == "idx") && path.ends_with("active.idx") == is_active
            })
            .collect();
        assert!(!found.is_empty());
        found
    }
    fn empty(page: &mut [u8]) {
        page[8..].fill(0);
    }
    vec![
        cached("a summary leaves a status out", Broken, |it| change(it, ".summary", b"failed", b"fainte")),
        cached("what is kept of runs has another status", Broken, |it| change(it, ".runs", b"failed", b"fainte")),
        cached("what is kept of runs has another action", Broken, |it| change(it, ".runs", b"step 5", b"stop 5")),
        cached("tables know no ids, no corrections and no holds", Broken, |it| {
            tables(it, false).iter().for_each(|path| {
                forge::change_table(path, |ids, page| {
                    if ids {
                        empty(page)
                    }
                })
            });
        }),
        cached("tables know no runs", Broken, |it| {
            tables(it, false).iter().for_each(|path| {
                forge::change_table(path, |ids, page| {
                    if !ids {
                        empty(page)
                    }
                })
            });
        }),
        cached("tables have another last step", Broken, |it| {
            for path in tables(it, false) {
                forge::change_table(&path, |ids, page| {
                    if !ids && page[8] > 0 {
                        page[32] ^= 64
                    }
                });
            }
        }),
        cached("a list of segments lacks one", Broken, |it| {
            let names = super::ledger::segments(&it.book()).into_iter();
            let names: Vec<String> =
                names.map(|(.., path)| path.file_name().unwrap().to_string_lossy().into_owned()).skip(1).collect();
            forge::write_listing(&it.book(), &names);
        }),
        cached("all of it is removed", Not("`cache/` removed"), |it| fs::remove_dir_all(it.path("cache")).unwrap()),
        cached("a note says that rows are synced", Not("`cache/synced`"), |it| {
            fs::write(it.path("cache/synced"), "x").unwrap()
        }),
    ]
}

fn beside() -> Vec<Way> {
    use Told::Not;
    const OTHERS: &str = "`config.toml`, contracts, reports, `redaction.key`, `cursors/` and `.lock`";
    vec![
        way("another rule in config.toml", Not(OTHERS), |it| {
            fs::write(it.path("config.toml"), "own_approvals = true\n").unwrap();
        }),
        way("another redaction.key", Not(OTHERS), |it| fs::write(it.path("redaction.key"), [7; 32]).unwrap()),
        way("a cursor is moved", Not(OTHERS), |it| {
            fs::create_dir_all(it.path("cursors")).unwrap();
            fs::write(it.path("cursors/mail"), "@000009:0\n").unwrap();
        }),
        way("a higher number in .lock", Not(OTHERS), |it| {
            fs::write(it.path(".lock"), "logbook-lock 1 000050 -\n").unwrap()
        }),
        way("there is no .lock", Not(OTHERS), |it| fs::remove_file(it.path(".lock")).unwrap()),
        way("files have other times", Not("Times and permissions of files"), |it| {
            assert!(Command::new("touch").args(["-d", "2001-01-01"]).arg(it.raw(RAW)).status().unwrap().success());
        }),
        way("anybody may write a segment", Not("Times and permissions of files"), |it| {
            fs::set_permissions(it.raw(RAW), fs::Permissions::from_mode(0o666)).unwrap();
        }),
        way("a file of another name is put beside", Not("Other files"), |it| {
            fs::write(it.path("notes.txt"), "x").unwrap()
        }),
        way(
            "put back to a state behind the head",
            Not("Rows behind the head, in segments that no line covers yet"),
            |it| {
                for (number, _, path) in super::ledger::segments(&it.book()) {
                    if number > HEADS_OWN {
                        fs::remove_file(path).unwrap();
                    }
                }
                rebound(it, |all| all.lines.retain(|line| line.segment.number < HEADS_OWN));
            },
        ),
    ]
}
