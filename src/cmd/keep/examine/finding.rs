//! One thing that is found.

use serde_json::{Value, json};

use logbook_render::safe;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something stored is lost, or there twice: exit 5.
    Damage,
    /// Somebody should do something.
    Warning,
    /// It is good to know.
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

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Its sort, for programs.
    pub class: &'static str,
    /// It in words.
    pub what: String,
    /// How many things it is about.
    pub count: u64,
    /// Where the first of them stand: file and byte.
    pub places: Vec<(String, u64)>,
    /// The next command to type; empty: none.
    pub next: String,
}

impl Finding {
    /// Scope one thing without a place.
    pub fn new(level: Level, class: &'static str, what: impl Into<String>) -> Finding {
        Finding { level, class, what: what.into(), count: 1, places: Vec::new(), next: String::new() }
    }

    /// Scope so many things.
    pub fn count(self, count: u64) -> Finding {
        Finding { count, ..self }
    }

    /// With places.
    pub fn at(self, places: Vec<(String, u64)>) -> Finding {
        Finding { places, ..self }
    }

    /// With the next command.
    pub fn next(self, next: impl Into<String>) -> Finding {
        Finding { next: next.into(), ..self }
    }

    /// As a person reads it.
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

    /// As a program reads it.
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
