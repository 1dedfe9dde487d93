//! Many writer processes at once: ours, writers that take no lock, and (here
//! only) writers that sync before they give the lock back.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use logbook_format::{Drafts, Rules};
use logbook_model::{Instant as Moment, Vocabulary};
use logbook_store::append::{OnRefused, Options};
use logbook_store::os_real::REAL;
use logbook_store::{Durability, Settings, Writer};

use crate::{line, logbook};

/// Compares them.
pub fn run(place: &Path, scale: usize) {
    let seconds = 2 * scale;
    let ours = rate(place, "none", 8, seconds);
    let bare = rate(place, "bare", 8, seconds);
    let rows = |rate: f64| format!("{rate:.0} rows/s");
    line("8 writers, none, 1 KB / without a lock", rows(ours), rows(bare), bare / ours, "slower by 5 at most");
    let many = rate(place, "data", 64, seconds);
    let one = rate(place, "data", 1, seconds);
    line("64 writers, data / 1 writer", rows(many), rows(one), many / one, "1.7 at least");
    let inside = rate(place, "inside", 64, seconds);
    line("64 writers, data / the same syncing in the lock", rows(many), rows(inside), many / inside, "5 at least");
}

/// Rows a second of `count` processes that append for `seconds`.
fn rate(place: &Path, how: &str, count: usize, seconds: usize) -> f64 {
    let directory = logbook(place, &format!("{how}-{count}"), "");
    let start = SystemTime::now() + Duration::from_millis(300 + 10 * count as u64);
    let start = start.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis().to_string();
    let me = std::env::current_exe().unwrap();
    let children: Vec<_> = (0..count)
        .map(|number| {
            let mut child = Command::new(&me);
            child.args(["--writer", how, &start, &seconds.to_string(), &number.to_string()]).arg(&directory);
            child.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut rows = 0.0;
    for mut child in children {
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        rows += said.trim().parse::<f64>().unwrap();
    }
    std::fs::remove_dir_all(place.join(format!("{how}-{count}"))).unwrap();
    rows / seconds as f64
}

/// One such process: says how many rows it appended.
pub fn work(arguments: &[String]) {
    let [how, start, seconds, number, directory] = arguments else { panic!("five arguments") };
    let directory = Path::new(directory);
    let row = format!("{{\"run_id\":\"w-{number}\",\"action\":\"append\",\"note\":\"{}\"}}", "x".repeat(900));
    let vocabulary = Vocabulary::default();
    let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false, redactor: None };
    let durability = if how == "none" { Durability::None } else { Durability::Data };
    let now = || Moment::from_chrono(SystemTime::now().into());
    let options = Options { durability: Some(durability), lock_timeout_ms: Some(60_000), now };
    let mut writer = Writer::open(&REAL, directory, Settings::default(), options).unwrap();
    let mut file = OpenOptions::new().append(true).create(true).open(directory.join("bare")).unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(start.parse().unwrap());
    std::thread::sleep(start.duration_since(SystemTime::now()).unwrap_or_default());
    let end = Instant::now() + Duration::from_secs(seconds.parse().unwrap());
    let mut rows = 0u64;
    let mut drafts = Drafts::new();
    while Instant::now() < end {
        match how.as_str() {
            "bare" => file.write_all(format!("{row}\n").as_bytes()).unwrap(),
            "inside" => {
                file.lock().unwrap();
                file.write_all(format!("{row}\n").as_bytes()).unwrap();
                file.sync_data().unwrap();
                file.unlock().unwrap();
            }
            _ => {
                drafts.clear();
                drafts.push(row.as_bytes(), &rules, &now().to_utc_ms(), None).unwrap();
                writer.append(&drafts, OnRefused::Abort).all().unwrap();
                writer.sync().unwrap();
            }
        }
        rows += 1;
    }
    println!("{rows}");
}
