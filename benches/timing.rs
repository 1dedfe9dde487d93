//! What benches of whole processes share: how long one takes, and what it is held against.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The value that half of `values` are below.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// An empty directory that is a logbook.
pub fn logbook(place: &Path, name: &str, config: &str) -> PathBuf {
    let directory = place.join(name).join(".logbook");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.toml"), config).unwrap();
    directory
}

/// Milliseconds that a whole process takes.
pub fn process_ms(command: &mut Command) -> f64 {
    let start = Instant::now();
    assert!(command.status().unwrap().success(), "{command:?}");
    start.elapsed().as_secs_f64() * 1000.0
}

/// A copy of `program`, as `cargo install` makes one. What a linker wrote through a mapping lies in
/// memory in single pages, each of which costs when it is mapped; a copy, or a file read from the
/// disk, does not.
pub fn installed(place: &Path, program: &Path) -> PathBuf {
    let copy = place.join("installed").join(program.file_name().unwrap());
    fs::create_dir_all(place.join("installed")).unwrap();
    fs::copy(program, &copy).unwrap();
    copy
}

/// A program that does nothing, installed.
pub fn empty_program(place: &Path) -> PathBuf {
    built(place, "empty", "fn main() {}")
}

/// The program that `rustc` makes of `source`, installed.
pub fn built(place: &Path, name: &str, source: &str) -> PathBuf {
    let (text, program) = (place.join(format!("{name}.rs")), place.join(name));
    fs::write(&text, source).unwrap();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let done = Command::new(rustc).args(["-O", "-o"]).arg(&program).arg(&text).status();
    assert!(done.unwrap().success(), "rustc builds {name}");
    installed(place, &program)
}
