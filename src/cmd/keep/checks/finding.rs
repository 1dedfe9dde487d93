//! One thing that a check reports.

use serde_json::{Value, json};

use logbook_render::safe;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something stored is lost or duplicated: exit 5.
    Damage,
    /// Somebody should act.
    Warning,
    /// Good to know.
    Note,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Damage => "damage",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    /// The sort of finding, for programs.
    pub class: &'static str,
    /// The finding in words.
    pub what: String,
    /// The number of rows, files or runs that it is about.
    pub count: u64,
    /// The first of them: file and byte offset.
    pub places: Vec<(String, u64)>,
    /// The next command to type, or empty.
    pub next: String,
}

impl Finding {
    pub fn new(level: Level, class: &'static str, what: impl Into<String>) -> Finding {
        Finding { level, class, what: what.into(), count: 1, places: Vec::new(), next: String::new() }
    }

    pub fn count(self, count: u64) -> Finding {
        Finding { count, ..self }
    }

    pub fn at(self, places: Vec<(String, u64)>) -> Finding {
        Finding { places, ..self }
    }

    pub fn next(self, next: impl Into<String>) -> Finding {
        Finding { next: next.into(), ..self }
    }

    /// As lines, for people.
    pub fn lines(&self) -> Vec<String> {
        let mut text = self.what.clone();
        let mut last_file = "";
        for (at, (file, offset)) in self.places.iter().enumerate() {
            text.push_str(if at == 0 { ": " } else { ", " });
            if file != last_file {
                text.push_str(&format!("{file} at byte "));
                last_file = file;
            }
            text.push_str(&offset.to_string());
        }
        if !self.places.is_empty() && self.count > self.places.len() as u64 {
            text.push_str(", …");
        }
        let mut lines = vec![format!("{:<13}{}", self.level.word(), safe::escape(&text))];
        if !self.next.is_empty() {
            lines.push(format!("{:<13}next: {}", "", safe::escape(&self.next)));
        }
        lines
    }

    /// As JSON, for programs.
    pub fn json(&self) -> Value {
        let places: Vec<Value> =
            self.places.iter().map(|(file, offset)| json!({ "file": file, "offset": offset })).collect();
        json!({
            "level": self.level.word(),
            "class": self.class,
            "what": self.what,
            "count": self.count,
            "places": places,
            "next": if self.next.is_empty() { Value::Null } else { Value::from(self.next.as_str()) },
        })
    }
}
