//! When two spellings name one file, decided by the text alone, without the disk. A relative path
//! may be relative to the working directory or to the directory that holds the logbook, since rows
//! do not say where they were written.

use std::collections::HashSet;

use super::entry::plain;
use logbook_json::{self as json, Kind, Leaves, Members};

/// Longer strings are prose, in which no path is looked for.
const WORDS_BYTES_MAX: usize = 4096;

/// A file or another artifact to look for.
#[derive(Debug, Clone)]
pub struct WantedFile {
    text: String,
    bases: Vec<String>,
    spellings: HashSet<String>,
    name: String,
}

impl WantedFile {
    /// `path` as it was typed. Relative paths are tried from each of `bases`, which are absolute.
    pub fn new(path: &str, bases: &[String]) -> WantedFile {
        let spellings: HashSet<String> = spellings(path, bases).into_iter().collect();
        // The last component of the path is in every spelling of it.
        let first = spellings.iter().next().map_or(path, String::as_str);
        let name = first.rsplit('/').next().filter(|name| path.contains(name)).unwrap_or_default().to_owned();
        WantedFile { text: path.to_owned(), bases: bases.to_vec(), spellings, name }
    }

    /// A substring of every spelling; it may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether `text` names this file.
    pub(crate) fn is(&self, text: &str) -> bool {
        text == self.text
            || (text.contains(&self.name)
                && spellings(text, &self.bases).iter().any(|spelling| self.spellings.contains(spelling)))
    }

    /// The spelling by which a value names the file: a whole string, or a word of a one-line
    /// string, at any depth.
    pub(crate) fn within(&self, value: &[u8]) -> Option<String> {
        let mut open: Vec<&[u8]> = vec![value];
        while let Some(value) = open.pop() {
            match json::kind(value) {
                Some(Kind::String) => {
                    let text = plain(value);
                    if self.is(&text) {
                        return Some(text);
                    }
                    if let Some(word) = words(&text).find(|word| self.is(word)) {
                        return Some(word.to_owned());
                    }
                }
                // Pushed in reverse, so that the first element is looked at first.
                Some(Kind::Array) => open.extend(Leaves::new(value).collect::<Vec<_>>().into_iter().rev()),
                Some(Kind::Object) => {
                    let members: Vec<&[u8]> = Members::new(value).flatten().map(|member| member.value).collect();
                    open.extend(members.into_iter().rev());
                }
                _ => {}
            }
        }
        None
    }
}

/// The words of a line, split as a shell would.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let line = if text.len() > WORDS_BYTES_MAX || text.contains('\n') { "" } else { text };
    let parts = |character: char| character.is_whitespace() || "'\"`=;,()<>|&".contains(character);
    line.split(parts).filter(|word| !word.is_empty())
}

/// The absolute paths that `text` may mean. An address of another kind means itself.
fn spellings(text: &str, bases: &[String]) -> Vec<String> {
    let path = text.strip_prefix("file://").unwrap_or(text);
    if path.contains("://") {
        return vec![path.to_owned()];
    }
    if path.starts_with('/') {
        return vec![normal(path)];
    }
    bases.iter().map(|base| normal(&format!("{base}/{path}"))).collect()
}

/// An absolute path without `.`, `..` and empty parts.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_file_are_one_file() {
        let bases = ["/home/ada/project/src".to_owned(), "/home/ada/project".to_owned()];
        let wanted = WantedFile::new("./main.rs", &bases);
        for same in [
            "main.rs",
            "src/main.rs",
            "/home/ada/project/src/main.rs",
            "x/../main.rs",
            "file:///home/ada/project/src/main.rs",
        ] {
            assert!(wanted.is(same), "{same}");
        }
        for other in ["src/main.rs.bak", "/main.rs", "lib/main.rs", "https://x/src/main.rs", ""] {
            assert!(!wanted.is(other), "{other}");
        }
        assert_eq!(wanted.within(br#"{"a":[{"b":"cat 'src/main.rs'|wc"}]}"#).as_deref(), Some("src/main.rs"));
        assert_eq!(wanted.within(b"[\"see\\nsrc/main.rs\", 5]"), None);
        assert!(WantedFile::new("INC-512", &bases).is("INC-512"));
        assert!(WantedFile::new("https://a.example/x", &[]).is("https://a.example/x"));
    }
}
