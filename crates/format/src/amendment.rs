//! A new correction row (`docs/format.md`, Corrections), checked against the row that it is about,
//! as that row reads now.
//!
//! Not here: finding that row, the lock (`cmd::decide::amend`, `store`).

use super::corrections::{FIXED, apply};
use super::draft::fields::text_of;
use super::draft::pairs::Pairs;
use super::{Correction, Drafts, Rules};
use logbook_json::{self as json, Members, Object};
use logbook_model::error::{Error, Result, nearest};
use logbook_model::names::{self, ENVELOPE};
use logbook_model::{Address, Kind, Status};

/// The requested changes of one row.
#[derive(Debug, Default)]
pub struct Amendment<'a> {
    /// Fields and their new values.
    pub pairs: Pairs,
    /// Fields to remove; dots reach into objects.
    pub unset: &'a [String],
    /// Whether to retract the whole row.
    pub retract: bool,
    /// The reason.
    pub why: &'a str,
}

/// New values of top-level fields; `None` to remove one.
type Changes = Vec<(String, Option<Vec<u8>>)>;

impl Amendment<'_> {
    /// Whether it reaches into objects, and so depends on their present content.
    pub fn reaches_in(&self) -> bool {
        self.pairs.leaves().iter().any(|(keys, _)| keys.len() > 1 || path_of(keys)[0] != keys[0])
            || self.unset.iter().any(|name| name.contains('.'))
    }

    /// The text of the correction row for `target`, which reads `row` now. Errors: exit 2, if a
    /// field may not be changed, or not to this value.
    pub fn text(&self, target: &Address, row: &[u8], rules: &Rules<'_>) -> Result<Vec<u8>> {
        if self.why.trim().is_empty() {
            return Err(Error::usage("--why is empty: a correction says why"));
        }
        let changes = self.changes(target, row)?;
        if self.retract && !changes.is_empty() {
            return Err(Error::usage("a row that is retracted is not changed too").hint("give fields, or --retract"));
        }
        if !self.retract && changes.is_empty() {
            return Err(Error::usage("nothing to amend")
                .hint(format!("logbook amend {target} status=done --why '…'; or --unset FIELD; or --retract")));
        }
        let set = checked(&changes, rules)?;
        let unset: Vec<String> =
            changes.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone()).collect();
        still_blocked_on(target, row, &set, &unset)?;
        let mut values = Vec::new();
        // The caller has read it as a row.
        let _ = json::pick(row, &["run_id"], &mut values);
        let Some(run) = values.first().copied().flatten().filter(|run| json::kind(run) == Some(json::Kind::String))
        else {
            return Err(Error::usage(format!("{target} has no run_id that a correction could carry")));
        };
        Ok(print(run, target, &set, &unset, self.retract, self.why))
    }

    fn changes(&self, target: &Address, row: &[u8]) -> Result<Changes> {
        let mut changes: Changes = Vec::new();
        for (keys, value) in self.pairs.leaves() {
            let path = path_of(&keys);
            allowed(&path[0])?;
            let new = if path.len() == 1 {
                if changes.iter().any(|(name, _)| *name == path[0]) {
                    return Err(Error::usage(format!("{} is given twice (in two spellings)", path[0])));
                }
                value.to_vec()
            } else {
                let old = value_now(&path[0], &changes, row).filter(|old| old != b"null");
                with_value_at(old.as_deref().unwrap_or(b"{}"), &path[1..], Some(value))
                    .ok_or_else(|| not_an_object(&path, target))?
            };
            change(&mut changes, &path[0], Some(new));
        }
        for name in self.unset {
            let name = names::from_camel_case(name).unwrap_or_else(|| name.clone());
            allowed(&name)?;
            if changes.iter().any(|(changed, _)| *changed == name) {
                return Err(Error::usage(format!("{name} is both set and unset")));
            }
            let path: Vec<String> = name.split('.').map(str::to_owned).collect();
            allowed(&path[0])?;
            if value_now(&name, &changes, row).is_some() {
                change(&mut changes, &name, None);
            } else if let (true, Some(old)) = (path.len() > 1, value_now(&path[0], &changes, row)) {
                let new = with_value_at(&old, &path[1..], None).ok_or_else(|| missing(&name, target, row))?;
                change(&mut changes, &path[0], Some(new));
            } else {
                return Err(missing(&name, target, row));
            }
        }
        Ok(changes)
    }
}

/// The standard spelling of the keys of a field.
fn path_of(keys: &[&str]) -> Vec<String> {
    let first = keys.first().copied().unwrap_or_default();
    let first = names::from_camel_case(first).unwrap_or_else(|| first.to_owned());
    let mut path: Vec<String> = first.split('.').map(str::to_owned).collect();
    path.extend(keys.iter().skip(1).map(|key| (*key).to_owned()));
    if let [first, member, ..] = &mut path[..]
        && first == "tool_call"
        && let Some(name) = names::call_member_from_camel_case(member)
    {
        *member = name;
    }
    path
}

fn allowed(name: &str) -> Result<()> {
    if FIXED.contains(&name) {
        return Err(Error::usage(format!("{name} of a row cannot be corrected"))
            .hint("retract the row and append another: logbook amend RUN STEP --retract --why '…'"));
    }
    Ok(())
}

fn change(changes: &mut Changes, name: &str, value: Option<Vec<u8>>) {
    match changes.iter_mut().find(|(changed, _)| changed == name) {
        Some((_, old)) => *old = value,
        None => changes.push((name.to_owned(), value)),
    }
}

fn value_now(name: &str, changes: &Changes, row: &[u8]) -> Option<Vec<u8>> {
    if let Some((_, value)) = changes.iter().find(|(changed, _)| changed == name) {
        return value.clone();
    }
    let mut values = Vec::new();
    json::pick(row, &[name], &mut values).ok()?;
    values[0].map(<[u8]>::to_vec)
}

fn not_an_object(path: &[String], target: &Address) -> Error {
    Error::usage(format!("{} reaches into what is not an object in {target}", path.join(".")))
}

fn missing(name: &str, target: &Address, row: &[u8]) -> Error {
    let there: Vec<String> =
        Members::new(row).flatten().map(|member| String::from_utf8_lossy(&member.name()).into_owned()).collect();
    let error = Error::usage(format!("{target} has no field {name}"));
    match nearest(name, there.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("logbook show {target}")),
    }
}

/// The object `text` with the member at `keys` set to `value`, or removed; a member that is removed
/// must exist. `None` if a key is not in an object.
fn with_value_at(text: &[u8], keys: &[String], value: Option<&[u8]>) -> Option<Vec<u8>> {
    // Down: the object on each level, or an empty one if there is none.
    let mut levels: Vec<&[u8]> = vec![text];
    for (at, key) in keys.iter().enumerate() {
        let object = levels[at];
        if json::kind(json::trim(object)) != Some(json::Kind::Object) {
            return None;
        }
        let mut values = Vec::new();
        json::pick(object, &[key], &mut values).ok()?;
        if value.is_none() {
            values[0]?;
        }
        if at + 1 < keys.len() {
            levels.push(values[0].filter(|inner| *inner != b"null").unwrap_or(b"{}"));
        }
    }
    // Up: each level with its changed member.
    let mut new = value.map(<[u8]>::to_vec);
    for (key, object) in keys.iter().zip(&levels).rev() {
        new = Some(with_member(object, key, new.as_deref()));
    }
    new
}

fn with_member(object: &[u8], key: &str, value: Option<&[u8]>) -> Vec<u8> {
    let mut out = Object::new();
    let mut new = value;
    for old in Members::new(object).flatten() {
        if !old.is(key.as_bytes()) {
            out.spelled(old.key, old.value);
        } else if let Some(value) = new.take() {
            out.spelled(old.key, value);
        }
    }
    if let Some(value) = new {
        out.raw(key, value);
    }
    out.end()
}

/// The new values, checked and spelled as `append` would spell them.
fn checked(changes: &Changes, rules: &Rules<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let set: Vec<(&String, &Vec<u8>)> =
        changes.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect();
    let mut row = Object::new();
    row.text("run_id", "x");
    for (name, value) in &set {
        if value.as_slice() == b"null" && ENVELOPE.contains(&name.as_str()) {
            return Err(Error::usage(format!("{name} cannot be null")).hint(format!("--unset {name} removes it")));
        }
        row.raw(name, value);
    }
    if !set.iter().any(|(name, _)| *name == "blocked_on") {
        // Whether the corrected row has one is checked by `still_blocked_on`.
        row.text("blocked_on", "x");
    }
    let mut drafts = Drafts::new();
    let rules = Rules { agent_id: None, own: false, ..*rules };
    drafts.push(&row.end(), &rules, "", None)?;
    let mut row = Vec::new();
    drafts.rows().iter().for_each(|draft| drafts.render(draft, 1, &mut row));
    let names: Vec<&String> = set.iter().map(|(name, _)| *name).collect();
    let mut values = Vec::new();
    // This row was just written, so it can be read.
    let _ = json::pick(&row, &names, &mut values);
    Ok(names.into_iter().zip(values).filter_map(|(name, value)| Some((name.clone(), value?.to_vec()))).collect())
}

/// A blocked row must say on whom, after the correction too.
fn still_blocked_on(target: &Address, row: &[u8], set: &[(String, Vec<u8>)], unset: &[String]) -> Result<()> {
    let touched = |name: &str| set.iter().any(|(set, _)| set == name) || unset.iter().any(|unset| unset == name);
    if !touched("status") && !touched("blocked_on") {
        return Ok(());
    }
    let correction = Correction {
        by: String::new(),
        target: target.clone(),
        set: set.to_vec(),
        unset: unset.to_vec(),
        retract: false,
        reason: String::new(),
        agent_id: String::new(),
        timestamp: String::new(),
    };
    let after = apply(row, &[correction]);
    let mut values = Vec::new();
    let _ = json::pick(&after, &["status", "blocked_on"], &mut values);
    let text = |at: usize| values.get(at).copied().flatten().map(text_of).unwrap_or_default();
    if Status::of(&text(0)) == Some(Status::Blocked) && text(1).is_empty() {
        return Err(Error::usage("status=blocked needs blocked_on: what is needed to go on")
            .hint("add blocked_on='who or what'"));
    }
    Ok(())
}

fn print(
    run: &[u8],
    target: &Address,
    set: &[(String, Vec<u8>)],
    unset: &[String],
    retract: bool,
    why: &str,
) -> Vec<u8> {
    let mut out = Object::new();
    out.raw("run_id", run).text("kind", Kind::Correction.word()).text("corrects", &target.to_string());
    if !set.is_empty() {
        let mut values = Object::new();
        set.iter().for_each(|(name, value)| _ = values.raw(name, value));
        out.raw("set", &values.end());
    }
    if !unset.is_empty() {
        out.texts("unset", unset);
    }
    if retract {
        out.flag("retract", true);
    }
    out.text("reason", why).end()
}
