//! Links the release build statically where that can be done: `append` is a
//! process of its own each time, and loading a C library and relocating the
//! program would cost it more than storing the row (docs/decisions/0016).
//!
//! `-C target-feature=+crt-static` cannot be used without `--target`, since
//! procedural macros would be built with it too. So the linker is handed the
//! static libraries under the names that it looks for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LOGBOOK_LINK");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    let native = env::var("TARGET").ok() == env::var("HOST").ok();
    // A dynamic build is what fault injection by LD_PRELOAD needs.
    if !glibc || !native || !is("PROFILE", "release") || is("LOGBOOK_LINK", "dynamic") {
        return;
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    match hand_over(&out) {
        Some(()) => {
            println!("cargo::rustc-link-search=native={}", out.display());
            println!("cargo::rustc-link-arg=-static");
            println!("cargo::rustc-link-arg=-no-pie");
        }
        None => println!("cargo::warning=no static C library here: linked dynamically, append starts slower"),
    }
}

/// Writes linker scripts that lead from the shared libraries' names to the static ones.
fn hand_over(out: &Path) -> Option<()> {
    let libc = archive("libc.a")?;
    let unwinder = archive("libgcc_eh.a")?;
    let group = |libraries: &[&Path]| {
        let paths: Vec<String> = libraries.iter().map(|path| path.display().to_string()).collect();
        format!("GROUP({})\n", paths.join(" "))
    };
    fs::write(out.join("libgcc_s.so"), group(&[&unwinder, &libc])).ok()?;
    fs::write(out.join("libc.so"), group(&[&libc, &unwinder])).ok()?;
    for name in ["m", "dl", "rt", "util", "pthread"] {
        fs::write(out.join(format!("lib{name}.so")), group(&[&archive(&format!("lib{name}.a"))?])).ok()?;
    }
    Some(())
}

/// Where the C compiler finds the library `name`; `None` when it does not.
fn archive(name: &str) -> Option<PathBuf> {
    let cc = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let told = Command::new(cc).arg(format!("-print-file-name={name}")).output().ok()?.stdout;
    let path = PathBuf::from(String::from_utf8(told).ok()?.trim());
    path.is_absolute().then_some(path)
}
