//! No circle of files: within a crate, what a file imports never leads back to it. An import of
//! something that a `mod.rs` or `lib.rs` only re-exports counts as one of the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{crate_sources, without_tests};

/// A module by its path within the crate: `crates/query/src/text/lex.rs` is `["text", "lex"]`.
type Module = Vec<String>;

/// The modules of one crate, by path within it: what each imports, and what each door re-exports.
struct Crate {
    /// Is it a door, and its imports: the path, the name it has here, whether it is re-exported.
    modules: BTreeMap<Module, (bool, Vec<Import>)>,
}

struct Import {
    path: Vec<String>,
    name: String,
    public: bool,
}

impl Crate {
    /// `files` are paths below `src/`, with their texts.
    fn of(files: &[(String, String)]) -> Crate {
        let modules = files.iter().filter(|(path, _)| path != "main.rs").map(|(path, text)| {
            let mut module: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            let is_door = matches!(module.last().map(String::as_str), Some("mod" | "lib"));
            if is_door {
                module.pop();
            }
            (module, (is_door, imports(&code(text))))
        });
        Crate { modules: modules.collect() }
    }

    /// A path that `module` names, from the root of the crate. `None`: it is of another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let from = |base: &[String], rest: &[String]| Some([base, rest].concat());
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => from(module, rest),
            "super" => {
                let up = path.iter().take_while(|word| *word == "super").count();
                from(module.get(..module.len().checked_sub(up)?)?, &path[up..])
            }
            _ if self.modules.contains_key(&from(module, std::slice::from_ref(first))?) => from(module, path),
            _ => None,
        }
    }

    /// The module that defines what `path` names.
    fn defines(&self, path: &[String], depth: usize) -> Option<Module> {
        let length = (0..=path.len()).rev().find(|length| self.modules.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let exported = rest.first().and_then(|name| {
            let (_, imports) = self.modules.get(module)?;
            let export = imports.iter().find(|import| import.public && import.name == *name)?;
            let target = self.absolute(module, &export.path)?;
            (depth < 8 && target != path).then(|| [&target[..], &rest[1..]].concat())
        });
        match exported {
            Some(further) => self.defines(&further, depth + 1),
            None => Some(module.to_vec()),
        }
    }

    /// Which modules each imports; doors neither import nor are imported.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let is_door = |module: &Module| self.modules.get(module).is_none_or(|(is_door, _)| *is_door);
        let of = |module: &Module, imports: &[Import]| -> BTreeSet<Module> {
            let absolute = |import: &Import| self.absolute(module, &import.path).or_else(|| self.alias(module, import));
            let targets = imports.iter().filter_map(absolute).filter_map(|path| self.defines(&path, 0));
            targets.filter(|target| target != module && !is_door(target)).collect()
        };
        let files = self.modules.iter().filter(|(_, (is_door, _))| !is_door);
        files.map(|(module, (_, imports))| (module, of(module, imports))).collect()
    }

    /// `parse::text(…)` where `use super::parse;` made the module's name known.
    fn alias(&self, module: &Module, import: &Import) -> Option<Vec<String>> {
        let (first, rest) = import.path.split_first().filter(|(_, rest)| !rest.is_empty())?;
        let (_, imports) = self.modules.get(module)?;
        let named = imports.iter().find(|other| other.name == *first && other.path.len() > 1)?;
        let target = self.absolute(module, &named.path)?;
        self.modules.contains_key(&target).then(|| [&target[..], rest].concat())
    }

    /// One edge of each circle that there is: modules that reach themselves.
    fn circles(&self) -> Vec<String> {
        let edges = self.edges();
        let reaches = |from: &Module, to: &Module| {
            let mut open = vec![from];
            let mut seen = BTreeSet::new();
            while let Some(module) = open.pop() {
                for next in edges.get(module).into_iter().flatten() {
                    if next == to {
                        return true;
                    }
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            false
        };
        let back = |(from, to): &(&Module, &Module)| reaches(to, from);
        let all = edges.iter().flat_map(|(from, targets)| targets.iter().map(move |to| (*from, to)));
        all.filter(back).map(|(from, to)| format!("{} imports {}", from.join("::"), to.join("::"))).collect()
    }
}

/// Without comments and the file's own tests.
fn code(text: &str) -> String {
    let lines = without_tests(text).lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.split_once(" // ").map_or(line, |(code, _)| code)).collect::<Vec<_>>().join("\n")
}

/// What `use` brings in, and paths that are written out.
fn imports(code: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        let Some(at) = statement.rmatch_indices("use ").map(|(at, _)| at).find(|at| {
            let before = statement[..*at].trim_end_matches(|it| it != '\n').len();
            let line = statement[before..*at].trim_start();
            line.is_empty() || line.starts_with("pub")
        }) else {
            rest.push_str(statement);
            continue;
        };
        let public = statement[..at].trim_end().ends_with("pub") || statement[..at].trim_end().ends_with(')');
        expand(&[], statement[at + 4..].trim_end_matches(';'), public, &mut found);
        rest.push_str(&statement[..at]);
    }
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    for part in rest.split(|it: char| !is_word(it) && it != ':') {
        let words: Vec<String> = part.split("::").map(str::to_owned).collect();
        if words.len() > 1 && words.iter().all(|word| !word.is_empty() && !word.contains(':')) {
            found.push(Import { path: words, name: String::new(), public: false });
        }
    }
    found
}

/// A tree of `use` as its leaves.
fn expand(prefix: &[String], tree: &str, public: bool, found: &mut Vec<Import>) {
    let tree = tree.trim();
    if let Some((before, inner)) = tree.split_once('{') {
        let before = before.split("::").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
        let prefix: Vec<String> = prefix.iter().cloned().chain(before).collect();
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let (mut depth, mut from) = (0, 0);
        for (at, it) in inner.char_indices().chain([(inner.len(), ',')]) {
            match it {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if !inner[from..at].trim().is_empty() {
                        expand(&prefix, &inner[from..at], public, found);
                    }
                    from = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.trim())));
    let words = path.split("::").map(|word| word.trim().to_owned());
    let mut path: Vec<String> = prefix.iter().cloned().chain(words).collect();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = alias.map(str::to_owned).or(path.last().cloned()).unwrap_or_default();
    found.push(Import { path, name, public });
}

#[test]
fn no_file_imports_itself_by_a_circle() {
    let crates = crate_sources();
    assert!(crates.len() > 8, "the crates were not found");
    let circles = crates.iter().flat_map(|(name, files)| {
        Crate::of(files).circles().into_iter().map(move |edge| format!("{name}: in a circle: {edge}"))
    });
    let circles: Vec<String> = circles.collect();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn circles_are_found() {
    let tree = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect::<Vec<_>>();
        Crate::of(&files).circles().len()
    };
    assert_eq!(tree(&[("a.rs", "use super::b::X;"), ("b.rs", "use crate::c;"), ("c.rs", "")]), 0);
    assert_eq!(tree(&[("a.rs", "use super::b::X;"), ("b.rs", "use crate::a::Y;")]), 2);
    assert_eq!(tree(&[("a.rs", "fn f() { crate::b::g() }"), ("b.rs", "use crate::a::{self, f as h};")]), 2);
    assert_eq!(tree(&[("a.rs", "use super::b;\nfn f() { b::g() }"), ("b.rs", "use super::{a::f};")]), 2);
    // Through a door that re-exports.
    let door = ("lib.rs", "mod a;\nmod b;\npub use a::{X, Z as W};\npub(crate) use b::Y;");
    assert_eq!(tree(&[door, ("a.rs", "use super::Y;"), ("b.rs", "use crate::W;")]), 2);
    assert_eq!(tree(&[door, ("a.rs", "use super::Y;"), ("b.rs", "use crate::c::W;"), ("c.rs", "")]), 0);
    // What only comments and tests name is no import.
    assert_eq!(tree(&[("a.rs", "use super::b::X;"), ("b.rs", "// use super::a::Y;\n/// [`crate::a`]\n")]), 0);
    let tests = "fn g() {}\n#[cfg(test)]\nmod tests {\n    use crate::a::Y;\n}\n";
    assert_eq!(tree(&[("a.rs", "use super::b::X;"), ("b.rs", tests)]), 0);
}
