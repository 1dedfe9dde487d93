//! The cases of `tests/query/binary/*.toml`: a line of shell with `logbook` in
//! it, and all that it prints. Each page has rows, which are the logbook of the
//! directory that its lines run in; `stdin` is what a case reads instead.

use serde::Deserialize;

use crate::support::{Book, repository};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    rows: String,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    run: String,
    stdin: Option<String>,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    exit: i32,
}

#[test]
fn every_line_prints_what_it_should() {
    let (mut count, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(repository().join("tests/query/binary")).unwrap().collect();
    files.sort_by_key(|file| file.as_ref().unwrap().path());
    for file in files {
        let path = file.unwrap().path();
        let page: Page = toml::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rows: Vec<&str> = page.rows.lines().filter(|line| !line.is_empty()).collect();
        let book = Book::with_rows(&rows);
        for case in page.case {
            count += 1;
            book.write("stdin.jsonl", case.stdin.as_deref().unwrap_or_default().as_bytes());
            let ended = book.shell(&format!("exec <stdin.jsonl\n{}", case.run));
            let here = book.path().canonicalize().unwrap().display().to_string();
            // csv ends its lines with \r\n, which a reader of this file could not see.
            let out = ended.out.replace('\r', "␍");
            let err = ended.err.replace(&here, "HERE");
            if (&out, &err, ended.code) != (&case.stdout, &case.stderr, case.exit) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                wrong
                    .push(format!("{name}: {}: $ {}\n{out}--- err\n{err}--- exit {}", case.name, case.run, ended.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 60, "only {count} cases");
}
