//! What is wrong with a jq program: errors of the engine, worded here, each with its place.

use jaq_core::compile;
use jaq_core::load;

/// The deepest brackets of a program, in levels, and its greatest length in bytes: the engine's
/// parser recurses.
const PROGRAM_DEPTH_MAX: usize = 100;
const PROGRAM_BYTES_MAX: usize = 16 << 10;
/// Error messages are cut to this many characters, since they may quote a whole row.
const MESSAGE_CHARS_MAX: usize = 200;

/// A mistake in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The first byte of its place.
    pub from: usize,
    /// One past the last byte of its place.
    pub to: usize,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
}

pub(super) fn cut(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message.to_owned(),
    }
}

pub(super) fn check_size(code: &str) -> Result<(), Vec<Flaw>> {
    let whole = |message: String| Err(vec![Flaw { from: 0, to: code.len(), message }]);
    if code.len() > PROGRAM_BYTES_MAX {
        return whole(format!("the jq program has more than {PROGRAM_BYTES_MAX} bytes"));
    }
    let mut depth = 0usize;
    for byte in code.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > PROGRAM_DEPTH_MAX {
            return whole(format!("the jq program has brackets deeper than {PROGRAM_DEPTH_MAX} levels"));
        }
    }
    Ok(())
}

/// The flaw at the place of `part`, which the engine gives as a slice of `code`.
pub(super) fn flaw(code: &str, part: &str, message: String) -> Flaw {
    let from = (part.as_ptr() as usize).wrapping_sub(code.as_ptr() as usize);
    if from > code.len() {
        return Flaw { from: 0, to: code.len(), message };
    }
    // The engine names the rest of the program; its first character is shown.
    let length = if from + part.len() == code.len() {
        part.chars()
            .next()
            .map_or(0, |first| if first.is_alphanumeric() || first == '$' { part.len() } else { first.len_utf8() })
    } else {
        part.len()
    };
    Flaw { from, to: from + length, message }
}

pub(super) fn load_flaws(code: &str, error: load::Error<&str>) -> Vec<Flaw> {
    let found = |part: &str| match part.chars().next() {
        None => "the program ends".to_owned(),
        Some(_) => format!("`{}` is here", cut(part)),
    };
    match error {
        load::Error::Io(errors) => {
            errors.into_iter().map(|(part, _)| flaw(code, part, "programs cannot import files".to_owned())).collect()
        }
        load::Error::Lex(errors) => errors
            .into_iter()
            .map(|(expected, part)| flaw(code, part, format!("jq expected {}", expected.as_str())))
            .collect(),
        load::Error::Parse(errors) => errors
            .into_iter()
            .map(|(expected, part)| flaw(code, part, format!("jq expected {}, but {}", expected.as_str(), found(part))))
            .collect(),
    }
}

pub(super) fn undefined(name: &str, kind: &compile::Undefined) -> String {
    match name {
        "input" | "inputs" | "input_filename" | "input_line_number" => {
            return format!("`{name}` does not exist here: a program sees one row at a time");
        }
        "env" | "$ENV" | "halt" | "halt_error" | "debug" | "stderr" => {
            return format!("`{name}` does not exist here: a program sees the row and nothing else");
        }
        _ => {}
    }
    match kind {
        compile::Undefined::Filter(_) if name.starts_with('@') => format!("jq has no format `{name}`"),
        compile::Undefined::Filter(0) => format!("jq has no `{name}`"),
        compile::Undefined::Filter(arguments) => format!("jq has no `{name}` with {arguments} arguments"),
        compile::Undefined::Var => format!("no value for `{name}`: give one with --arg or --argjson"),
        other => format!("jq has no {} `{name}`", other.as_str()),
    }
}
