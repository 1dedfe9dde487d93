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

/// A program that does nothing.
pub fn empty_program(place: &Path) -> PathBuf {
    let source = place.join("empty.rs");
    fs::write(&source, "fn main() {}\n").unwrap();
    let empty = place.join("empty");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = Command::new(rustc).args(["-O", "-o"]).arg(&empty).arg(&source).status();
    assert!(built.unwrap().success(), "rustc builds the empty program");
    empty
}
