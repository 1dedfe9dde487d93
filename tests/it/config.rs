//! `logbook config`: one file over the other, each value with where it comes from, and what is
//! wrong told by name.

use crate::support::{Book, repository};

#[test]
fn each_value_says_where_it_comes_from() {
    let book = Book::new();
    book.run(&["config"]).exit(0).quiet().shows("durability = \"data\"").shows("# default; how long a writer waits");
    book.write("home/.config/logbook/config.toml", b"durability = \"none\"\nlock_timeout = \"3s\"\n");
    let home = book.path().join("home").display().to_string();
    let own = book.var("HOME", &home);
    own.run(&["config", "--json"])
        .exit(0)
        .shows(r#""durability":{"value":"none","from":""#)
        .shows("home/.config/logbook");
    own.write(".logbook/config.toml", b"durability = \"data\"\nsegment_bytes_max = 8192\n");
    own.run(&["config", "durability"]).exit(0).stdout("data\n");
    own.run(&["config", "lock_timeout"]).exit(0).stdout("3000ms\n");
    own.run(&["config"]).exit(0).shows("segment_bytes_max = 8192").shows(".logbook/config.toml; size at which");
    let variable = own.var("LOGBOOK_DURABILITY", "none");
    variable.run(&["config", "--json"]).exit(0).shows(r#""durability":{"value":"none","from":"LOGBOOK_DURABILITY"}"#);
    variable.run(&["config", "durabilty"]).exit(2).says("did you mean `logbook config durability`?");
}

#[test]
fn what_no_file_may_say_is_told() {
    let book = Book::new();
    let told = |text: &str, part: &str| {
        book.write(".logbook/config.toml", text.as_bytes());
        for line in [&["append", "-r", "r", "-a", "x"][..], &["config"]] {
            book.run(line).exit(3).says("config.toml").says(part);
        }
        // Whoever reads can do without.
        book.run(&["runs"]).exit(0).says("ignored: ").says("config.toml");
        book.run(&["doctor"]).exit(0).shows("config.toml");
    };
    told("durabilty = \"none\"\n", "did you mean durability?");
    told("colour = 1\n", "there is no key \"colour\"");
    told("segment_bytes_max = \"big\"\n", "segment_bytes_max is a whole number");
    told("phases = \"plan\"\n", "phases is a list of strings");
    told("lock_timeout = 10\n", "lock_timeout is a string, as \"10s\"");
    told("overnight = \"late\"\n", "is not two times of day");
    told("durability = ", "config.toml");
    book.write(".logbook/config.toml", b"");
    book.write("own/logbook/config.toml", b"segment_bytes_max = 8192\n");
    let own = book.path().join("own").display().to_string();
    book.var("XDG_CONFIG_HOME", &own).run(&["runs"]).exit(0).says("can only be set in the config.toml of a logbook");
}

#[test]
fn the_schema_knows_the_same_keys() {
    let text = std::fs::read_to_string(repository().join("schema/config.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut published: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let mut known: Vec<String> = logbook_store::config::KEYS.iter().map(|key| key.name.to_owned()).collect();
    published.sort();
    known.sort();
    assert_eq!(published, known.iter().collect::<Vec<_>>());
    Book::empty().run(&["config", "--schema"]).exit(0).stdout(&text);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let fits = |text: &str| {
        let value: toml::Table = toml::from_str(text).unwrap();
        validator.is_valid(&serde_json::to_value(value).unwrap())
    };
    assert!(fits(
        "durability = \"none\"\nphases = [\"review\"]\novernight = \"18:00-08:00\"\nlock_timeout = \"500ms\""
    ));
    assert!(!fits("durability = \"some\"") && !fits("colour = 1") && !fits("phases = \"x\""));
}
