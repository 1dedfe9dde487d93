//! `group = NAME`: another user of the group appends too, whatever the umask;
//! one outside the group is refused. Needs root, to be two users.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output};

use crate::support::LOGBOOK;

const GROUP: u32 = 54_321;

/// Appends as `uid`, with `gid` as its only group.
fn append_as(uid: u32, gid: u32, binary: &Path, directory: &Path) -> Output {
    Command::new("setpriv")
        .args([&format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups", "--"])
        .args(["sh", "-c", "umask 077; exec \"$0\" append --dir \"$1\" -r r -a x --print id"])
        .args([binary, directory])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap()
}

#[test]
#[ignore = "needs root"]
fn two_users_of_a_group_share_a_logbook() {
    // A place that both may reach, with a copy of the program.
    let place = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = place.path().join("logbook");
    fs::copy(LOGBOOK, &binary).unwrap();
    let directory = place.path().join(".logbook");
    fs::create_dir(&directory).unwrap();
    let config = format!("group = \"{GROUP}\"\nsegment_bytes_max = 4096\n");
    fs::write(directory.join("config.toml"), config).unwrap();
    fs::set_permissions(directory.join("config.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    chown(&directory, Some(4001), Some(GROUP)).unwrap();
    for round in 0..80 {
        let ended = append_as(if round % 2 == 0 { 4001 } else { 4002 }, GROUP, &binary, &directory);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "round {round}: {said}");
        assert_eq!(String::from_utf8_lossy(&ended.stdout), format!("r#{}\n", round + 1));
    }
    let mut open = vec![directory.clone()];
    while let Some(path) = open.pop() {
        let about = fs::metadata(&path).unwrap();
        if path.ends_with("config.toml") {
            continue;
        }
        let wanted = if about.is_dir() { 0o2770 } else { 0o660 };
        assert_eq!((about.gid(), about.mode() & 0o7777), (GROUP, wanted), "{}", path.display());
        if about.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    let stranger = append_as(4003, 4003, &binary, &directory);
    assert_eq!(stranger.status.code(), Some(3), "{}", String::from_utf8_lossy(&stranger.stderr));
    // The directory in the hands of another group: refused for everybody but its owner, who mends
    // it.
    chown(&directory, Some(4001), Some(4003)).unwrap();
    let refused = append_as(4002, 4003, &binary, &directory);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("chgrp"), "{refused:?}");
}
