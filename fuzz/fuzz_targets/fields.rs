//! JSON text on any bytes against a slow reading with `serde_json`: the same
//! texts are judged well formed; members, keys, strings, elements and numbers
//! are the same. On bytes that are no JSON nothing panics.
#![no_main]

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use logbook_json::bits::Finder;
use logbook_json::frame;
use logbook_json::validate::Scratch;
use logbook_json::{
    self as json, Decimal, Kind, Leaves, Limits, Member, Members, ObjectFault, Sum, decode, pick, skip_value, trim,
    validate, validate_members,
};
use num_bigint::BigInt;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Powers of ten that the slow reading of numbers writes out.
const EXPONENT_MAX: i64 = 600;
const NUMBERS_MAX: usize = 12;

fuzz_target!(|data: &[u8]| {
    anything(data);
    let judged = validate(data, Limits::GRAMMAR);
    let Some(raw) = slow(data) else {
        assert!(judged.is_err(), "accepted what is no JSON");
        return;
    };
    assert_eq!(judged, Ok(()), "refused JSON");
    let text = raw.get();
    assert_eq!(trim(data), text.as_bytes());
    assert_eq!(skip_value(text.as_bytes(), 0), Some(text.len()));
    // Deeper than this the slow reading would recurse too far.
    if depth(text) > 100 {
        return;
    }
    let mut numbers = Vec::new();
    let mut duplicate = false;
    value(raw, &mut numbers, &mut duplicate);
    let unique = Limits { unique_keys: true, ..Limits::GRAMMAR };
    assert_eq!(validate(data, unique).is_err(), duplicate, "unique keys");
    let surrogates = Limits { whole_surrogates: true, ..Limits::GRAMMAR };
    assert_eq!(validate(data, surrogates).is_ok(), slow_strings(raw), "surrogates");
    let levels = depth(text);
    for depth_max in [levels.saturating_sub(1), levels] {
        let limits = Limits { depth_max, ..Limits::GRAMMAR };
        assert_eq!(validate(data, limits).is_ok(), levels <= depth_max, "depth");
    }
    arithmetic(&numbers);
});

/// What must hold of any bytes.
fn anything(data: &[u8]) {
    let unique = Limits { depth_max: 64, unique_keys: true, whole_surrogates: true };
    for limits in [unique, Limits::GRAMMAR] {
        if let Err(fault) = validate(data, limits) {
            assert!(fault.at <= data.len());
            assert!(!fault.to_string().is_empty());
        }
    }
    let walked: Result<Vec<Member<'_>>, ObjectFault> = Members::new(data).collect();
    let mut scratch = Scratch::default();
    let judged = validate_members(data, Limits::GRAMMAR, &mut scratch);
    assert_eq!(judged, validate(data, Limits::GRAMMAR));
    match (&judged, &walked) {
        (Ok(()), Ok(members)) => {
            let spans = scratch.spans.members.iter();
            let spans: Vec<Member<'_>> = spans
                .map(|span| Member {
                    key: &data[span.key().0..span.key().1],
                    value: &data[span.value().0..span.value().1],
                })
                .collect();
            assert_eq!(&spans, members);
        }
        (Ok(()), Err(fault)) => assert_eq!(*fault, ObjectFault::NotObject),
        (Err(_), Err(ObjectFault::NotObject)) => panic!("no JSON value was taken for one"),
        (Err(_), Err(ObjectFault::NotJson(at))) => assert!(*at <= data.len()),
        (Err(_), Ok(_)) => {}
    }
    let mut picked = Vec::new();
    let names = ["run_id", "step", "a", ""];
    assert_eq!(pick(data, &names, &mut picked).err(), walked.as_ref().err().copied());
    if let Ok(members) = &walked {
        for (name, value) in names.iter().zip(&picked) {
            let last = members.iter().rev().find(|member| *member.name() == *name.as_bytes());
            assert_eq!(*value, last.map(|member| member.value));
        }
    }
    framed(data, &names, walked.is_ok() && judged.is_ok());
    for at in 0..data.len().min(64) {
        assert!(skip_value(data, at).is_none_or(|to| to > at && to <= data.len()));
    }
    let _ = Leaves::new(data).count();
    let _ = decode(data);
    let _ = json::decode_raw(data);
    let is_number = json::kind(data) == Some(Kind::Number) && trim(data) == data && slow(data).is_some();
    assert_eq!(Decimal::parse(data).is_some(), is_number);
    if let Ok(text) = std::str::from_utf8(data) {
        let quoted = json::quote(text);
        assert_eq!(decode(&quoted).as_deref(), Some(data));
        let again: Result<String, _> = serde_json::from_slice(&quoted);
        assert_eq!(again.ok().as_deref(), Some(text));
    }
}

/// The frame of each line: many bytes at a time, and byte by byte, say the same; of a whole row
/// they say what walking its members does.
fn framed(data: &[u8], names: &[&str], whole: bool) {
    let mut block = data.to_vec();
    block.push(b'\n');
    let mut finders = [Finder::new(names), Finder::new(names).portable()];
    let mut found: [Vec<(usize, Option<Vec<Option<Vec<u8>>>>)>; 2] = Default::default();
    for (finder, found) in finders.iter_mut().zip(&mut found) {
        let _ = finder.lines(&block, |line| {
            let mut picked = Vec::new();
            let plain = frame::pick(line.text, names, &mut picked);
            if let Some(values) = line.values {
                assert_eq!(plain, Ok(()), "found in what has no frame");
                assert_eq!(values, picked);
            }
            let owned = |values: &[Option<&[u8]>]| values.iter().map(|value| value.map(<[u8]>::to_vec)).collect();
            found.push((line.at, line.values.map(owned)));
            ControlFlow::Continue(())
        });
    }
    assert_eq!(found[0], found[1], "the two ways to make masks differ");
    let lines = block.split_inclusive(|byte| *byte == b'\n').count();
    assert_eq!(found[0].len(), lines);
    if whole && !data.contains(&b'\n') {
        let (mut framed, mut walked) = (Vec::new(), Vec::new());
        assert_eq!(frame::pick(data, names, &mut framed), Ok(()));
        assert_eq!(pick(data, names, &mut walked), Ok(()));
        assert_eq!(framed, walked);
    }
}

/// The value that `data` is, with white space around it, or nothing.
fn slow(data: &[u8]) -> Option<&RawValue> {
    let text = std::str::from_utf8(data).ok()?;
    serde_json::from_str(text).ok()
}

/// One value and everything in it.
fn value(raw: &RawValue, numbers: &mut Vec<String>, duplicate: &mut bool) {
    let text = raw.get().as_bytes();
    match json::kind(text) {
        Some(Kind::Object) => object(raw, numbers, duplicate),
        Some(Kind::Array) => array(raw, numbers, duplicate),
        Some(Kind::String) => string(raw),
        Some(Kind::Number) => {
            let number = Decimal::parse(text).expect("a number is refused");
            let shown = number.to_string();
            assert!(slow(shown.as_bytes()).is_some(), "{shown} is no JSON");
            assert_eq!(Decimal::parse(shown.as_bytes()).as_ref(), Some(&number), "{} is shown {shown}", raw.get());
            if numbers.len() < NUMBERS_MAX {
                numbers.push(raw.get().to_owned());
            }
        }
        Some(Kind::Null) => assert_eq!(raw.get(), "null"),
        Some(Kind::Boolean) => assert!(matches!(raw.get(), "true" | "false")),
        None => panic!("a value of no kind"),
    }
}

fn object(raw: &RawValue, numbers: &mut Vec<String>, duplicate: &mut bool) {
    let text = raw.get().as_bytes();
    let Object(slow) = serde_json::from_str(raw.get()).expect("an object, read slowly");
    let members: Result<Vec<Member<'_>>, _> = Members::new(text).collect();
    let members = members.expect("an object is refused");
    assert_eq!(members.len(), slow.len());
    let mut names: Vec<Vec<u8>> = Vec::new();
    for (member, (key, inner)) in members.iter().zip(&slow) {
        assert_eq!(member.key, &key.get().as_bytes()[1..key.get().len() - 1]);
        assert_eq!(member.value, inner.get().as_bytes());
        string(key);
        let name = member.name().into_owned();
        assert!(member.is(&name));
        *duplicate |= names.contains(&name);
        names.push(name);
        value(inner, numbers, duplicate);
    }
    // Every name once, and one that is not there.
    let mut wanted: Vec<&[u8]> = Vec::new();
    for name in names.iter().map(Vec::as_slice).chain([b"no such name".as_slice()]) {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let mut picked = Vec::new();
    assert_eq!(pick(text, &wanted, &mut picked), Ok(()));
    for (name, value) in wanted.iter().zip(picked) {
        let last = names.iter().rposition(|other| other == name).map(|at| slow[at].1.get().as_bytes());
        assert_eq!(value, last);
    }
}

fn array(raw: &RawValue, numbers: &mut Vec<String>, duplicate: &mut bool) {
    let Array(slow) = serde_json::from_str(raw.get()).expect("an array, read slowly");
    let mut expected = Vec::new();
    let mut open: Vec<&RawValue> = slow.iter().rev().copied().collect();
    while let Some(element) = open.pop() {
        if element.get().starts_with('[') {
            let Array(inner) = serde_json::from_str(element.get()).expect("an array in an array");
            open.extend(inner.iter().rev());
        } else {
            expected.push(element.get().as_bytes());
        }
    }
    let leaves: Vec<&[u8]> = Leaves::new(raw.get().as_bytes()).collect();
    assert_eq!(leaves, expected);
    slow.iter().for_each(|element| value(element, numbers, duplicate));
}

fn string(raw: &RawValue) {
    let decoded = decode(raw.get().as_bytes()).expect("a string is refused");
    match serde_json::from_str::<Cow<'_, str>>(raw.get()) {
        Ok(text) => assert_eq!(*decoded, *text.as_bytes(), "{}", raw.get()),
        // Half a surrogate pair.
        Err(_) => {
            let text = std::str::from_utf8(&decoded).expect("decoded to UTF-8");
            assert!(text.contains('\u{FFFD}'));
        }
    }
}

/// Whether every string in it is one for `serde_json`, which refuses half a surrogate pair.
fn slow_strings(raw: &RawValue) -> bool {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Cow<'_, str>>(raw.get()).is_ok(),
        Some(b'[') => {
            serde_json::from_str(raw.get()).is_ok_and(|Array(inner)| inner.iter().all(|inner| slow_strings(inner)))
        }
        Some(b'{') => serde_json::from_str(raw.get())
            .is_ok_and(|Object(inner)| inner.iter().all(|(key, value)| slow_strings(key) && slow_strings(value))),
        _ => true,
    }
}

/// How deep arrays and objects nest in well-formed text.
fn depth(text: &str) -> usize {
    let (mut deepest, mut depth, mut inside, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'[' | b'{' if !inside => depth += 1,
            b']' | b'}' if !inside => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Order, equality and sums against integers of any size.
fn arithmetic(numbers: &[String]) {
    let mut sum = Sum::default();
    let mut backwards = Sum::default();
    let mut halves = (Sum::default(), Sum::default());
    let mut total = BigInt::ZERO;
    let mut exact = true;
    for (at, text) in numbers.iter().enumerate() {
        let number = Decimal::parse(text.as_bytes()).expect("a number");
        sum.add(&number);
        if at % 2 == 0 {
            halves.0.add(&number)
        } else {
            halves.1.add(&number)
        }
        let here = integer(text, EXPONENT_MAX);
        match &here {
            Some(value) => total += value,
            None => exact = false,
        }
        for other in &numbers[..at] {
            let before = Decimal::parse(other.as_bytes()).expect("a number");
            let ordering = number.cmp(&before);
            assert_eq!(before.cmp(&number), ordering.reverse(), "{text} and {other}");
            assert_eq!(ordering == Ordering::Equal, number == before, "{text} and {other}");
            if let (Some(here), Some(there)) = (&here, integer(other, EXPONENT_MAX)) {
                assert_eq!(ordering, here.cmp(&there), "{text} and {other}");
            }
        }
    }
    for text in numbers.iter().rev() {
        backwards.add(&Decimal::parse(text.as_bytes()).expect("a number"));
    }
    halves.0.merge(&halves.1);
    assert_eq!(sum.total(), backwards.total());
    assert_eq!(sum.total(), halves.0.total());
    let mean = sum.mean(numbers.len() as u64);
    assert_eq!(mean, backwards.mean(numbers.len() as u64));
    assert_eq!(mean, halves.0.mean(numbers.len() as u64));
    if exact {
        let shown = sum.total().expect("a sum of terms that lie close together").to_string();
        // The sum of long numbers is shown with a greater exponent than theirs.
        assert_eq!(integer(&shown, i64::MAX / 2).as_ref(), Some(&total), "the sum of {numbers:?}");
    }
}

/// A number times ten to [`EXPONENT_MAX`] twice over, if that is an integer and its exponent within
/// `exponent_max`.
fn integer(text: &str, exponent_max: i64) -> Option<BigInt> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok().filter(|exponent: &i64| exponent.abs() <= exponent_max)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let shift = 2 * EXPONENT_MAX + exponent - i64::try_from(fraction.len()).ok()?;
    let value: BigInt = format!("{whole}{fraction}").parse().ok()?;
    Some(value * BigInt::from(10).pow(u32::try_from(shift).ok()?))
}

/// The members of one object, keys and values as they are written.
struct Object<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// The elements of one array as they are written.
struct Array<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Array<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Array<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Array<'de>, A::Error> {
                let mut all = Vec::new();
                while let Some(element) = elements.next_element()? {
                    all.push(element);
                }
                Ok(Array(all))
            }
        }
        deserializer.deserialize_seq(Walk)
    }
}
