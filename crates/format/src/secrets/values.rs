//! Whether a value after the name of a secret could be the secret. Placeholders, references to
//! where it is kept, code and plain words are not.

use memchr::memmem;

use super::beginnings::RUN;
use super::names::{Family, family};
use super::text::MARK;

/// Where a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is the whole value of a JSON member.
    Member,
    /// It is the whole value of a member of JSON in a string, which a shell may read.
    Nested,
    /// It is the whole value of a member of JSON in a text. Quotes around the JSON may turn its own
    /// quotes round for a shell, so blanks in it may separate words.
    Embedded,
    /// In running text, or among the words of a command. Plain words count as safe there: a command
    /// may run them, and whoever approves it must see them.
    Text,
}

/// What ends a command, begins another, or redirects.
const OPERATORS: &[u8] = b";|&<>()`\n\r";

/// Entropy of a random value, bits per character, at least.
const ENTROPY_MIN: f64 = 2.75;

/// First words of placeholders.
const PLACEHOLDERS: [&str; 22] = [
    "a",
    "an",
    "change",
    "changeme",
    "dummy",
    "enter",
    "example",
    "fake",
    "fill",
    "foo",
    "insert",
    "my",
    "need",
    "paste",
    "placeholder",
    "put",
    "replace",
    "sample",
    "some",
    "the",
    "todo",
    "your",
];

/// Words in the place of a password that say something about it.
const ABOUT_PASSWORDS: [&str; 40] = [
    "ask",
    "base64",
    "bcrypt",
    "changed",
    "disabled",
    "empty",
    "enabled",
    "env",
    "expired",
    "failed",
    "false",
    "hidden",
    "incorrect",
    "invalid",
    "masked",
    "md5",
    "missing",
    "mismatch",
    "none",
    "null",
    "optional",
    "pass",
    "password",
    "plain",
    "prompt",
    "redacted",
    "required",
    "reset",
    "secret",
    "sha1",
    "sha256",
    "sha512",
    "string",
    "text",
    "token",
    "true",
    "undefined",
    "unset",
    "weak",
    "wrong",
];

/// Words that most sentences have, and few passphrases.
const SENTENCE_WORDS: [&str; 26] = [
    "a",
    "and",
    "are",
    "at",
    "be",
    "blank",
    "cannot",
    "characters",
    "do",
    "does",
    "field",
    "for",
    "is",
    "may",
    "must",
    "not",
    "of",
    "or",
    "required",
    "should",
    "than",
    "the",
    "this",
    "to",
    "was",
    "with",
];

/// Beginnings of values that say where a secret is kept, or give its digest.
const REFERENCES: [&str; 22] = [
    "arn:",
    "aws-sm:",
    "configmap:",
    "env.",
    "env:",
    "env/",
    "file:",
    "gcp:",
    "keychain:",
    "keyring:",
    "kms:",
    "md5:",
    "op:",
    "projects/",
    "ref+",
    "secretsmanager:",
    "sha1:",
    "sha256:",
    "sha512:",
    "ssm:",
    "urn:",
    "vault:",
];

/// Extensions of files that people write.
const EXTENSIONS: [&str; 29] = [
    "c", "cfg", "conf", "cpp", "css", "go", "h", "html", "ini", "java", "js", "json", "jsx", "log", "md", "php", "py",
    "rb", "rs", "rst", "sh", "sql", "toml", "ts", "tsx", "txt", "xml", "yaml", "yml",
];

/// Whether `value`, found after a name of this family, could be a secret.
pub(super) fn could_be_secret(family: Family, value: &[u8], found: Found) -> bool {
    if is_empty_or_masked(value) || is_reference(value) || is_time(value) || has_file(value) {
        return false;
    }
    let text = String::from_utf8_lossy(value);
    let has_blank = value.iter().any(u8::is_ascii_whitespace);
    if found != Found::Member && could_run(value) || found == Found::Embedded && has_blank {
        return false;
    }
    match (family, found) {
        (_, Found::Text) if is_variable(family, value) => false,
        (Family::Password, Found::Member | Found::Nested | Found::Embedded) => {
            value.len() >= 3 && !is_about_passwords(&text) && !is_placeholder(&text)
        }
        _ if has_blank => false,
        (Family::Password, Found::Text) => {
            value.len() >= 6 && !is_about_passwords(&text) && !is_placeholder(&text) && looks_chosen(&text)
        }
        (Family::Secret, _) => {
            value.len() >= 6
                && (looks_random(value) || found != Found::Text && is_word_with_digits(&text) && !is_placeholder(&text))
        }
        (Family::LongToken, _) => has_long_token(value) && looks_random(value),
        _ => value.len() >= 8 && looks_random(value),
    }
}

/// Whether `value` looks random: several classes of characters, few repeats, no words.
pub(super) fn looks_random(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let sorts: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, |byte| !byte.is_ascii_alphanumeric()];
    let several = sorts.iter().filter(|sort| value.iter().any(**sort)).count();
    value.is_ascii()
        && several >= 2
        && entropy(value) >= ENTROPY_MIN.min((value.len() as f64).log2() - 0.4)
        && !is_words(&text)
}

/// Whether `value` has a run of token bytes that is long enough for the prefilter to see
/// (`beginnings`).
pub(super) fn has_long_token(value: &[u8]) -> bool {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%=".contains(byte);
    let is_odd = |byte: &u8| byte.to_ascii_lowercase() > b'f' || *byte == b'_';
    value.windows(RUN).any(|run| run.iter().all(is_of_token) && run.iter().any(is_odd))
}

/// Shannon entropy, bits per character.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = text.len() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|part| -part * part.log2()).sum()
}

/// Empty, masked, or nothing but marks.
fn is_empty_or_masked(value: &[u8]) -> bool {
    let Some(first) = value.first() else { return true };
    let masks =
        value.iter().filter(|byte| matches!(**byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?')).count();
    value.iter().all(|byte| byte == first || *byte == MARK) || masks * 2 > value.len()
}

/// Not the secret, but where it comes from: a variable, a path, a URL, code.
fn is_reference(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let second = value.get(1).copied().unwrap_or_default();
    match value[0] {
        b'$' => second.is_ascii_alphabetic() || matches!(second, b'_' | b'{' | b'('),
        b'%' => text.len() > 2 && text.ends_with('%'),
        b'{' | b'<' | b'[' | b'(' => true,
        b'/' => text.matches('/').count() > 1 || text.len() < 20,
        b'.' => matches!(second, b'/' | b'.'),
        b'~' => second == b'/',
        b'*' | b'&' => is_words(&text[1..]),
        // A tag of YAML.
        b'!' => text[1..].bytes().all(|byte| byte.is_ascii_alphabetic()),
        b'\\' => second == b'\\',
        _ if second == b':' && value.get(2) == Some(&b'\\') => value[0].is_ascii_alphabetic(),
        _ => {
            let begins =
                |prefix: &str| value.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix.as_bytes()));
            REFERENCES.iter().any(|prefix| begins(prefix))
                || text.split_once("://").is_some_and(|(scheme, _)| {
                    scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
                })
                || text.contains("()")
                || text.contains("::")
        }
    }
}

/// It names a file by its path: `src/main2.rs`, `see docs/auth.md`.
fn has_file(value: &[u8]) -> bool {
    let is_of_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./".contains(byte);
    let is_file = |word: &[u8]| {
        let extension = word.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        word.contains(&b'/') && word.iter().all(is_of_path) && EXTENSIONS.iter().any(|it| it.as_bytes() == extension)
    };
    value.split(u8::is_ascii_whitespace).any(is_file)
}

/// It begins with a date: `2026-11-29T…`.
fn is_time(value: &[u8]) -> bool {
    value.len() >= 10
        && value[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => matches!(byte, b'-' | b'/' | b'.'),
            _ => byte.is_ascii_digit(),
        })
}

/// `your-api-key-here`, `changeme`, `example_1`.
fn is_placeholder(text: &str) -> bool {
    let first: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    PLACEHOLDERS.iter().any(|word| first.eq_ignore_ascii_case(word)) && (is_words(text) || text.contains(' '))
}

/// A word or a sentence about a password: `incorrect`, `must be at least 8 characters`.
fn is_about_passwords(text: &str) -> bool {
    let text = text.trim_end_matches(['.', '!', '?', ',', ';', ':']).to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    ABOUT_PASSWORDS.contains(&text.as_str()) || text.contains(' ') && words.any(|word| SENTENCE_WORDS.contains(&word))
}

/// Passwords that are more than plain words: `hunter2`, `p@ssword!`, and six or more digits.
fn looks_chosen(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ',', ';', ':']);
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    // A version, an address, a time.
    if text.trim_start_matches('v').bytes().all(|byte| byte.is_ascii_digit() || b".-:/+".contains(&byte)) {
        return text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    }
    has_digit || !is_words(text.trim_end_matches(['!', '?']))
}

/// A variable or a header with the name of a secret: `new_password2`, `X-Api-Key9`. A password may
/// have a hyphen too.
fn is_variable(of: Family, value: &[u8]) -> bool {
    let digits = value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let joins: &[u8] = if of == Family::Password { b"_." } else { b"_.-" };
    let is_name = |name: &[u8]| family(name).is_some();
    value.iter().any(|byte| joins.contains(byte)) && (is_name(value) || is_name(&value[..value.len() - digits]))
}

/// `hunter2`: letters, then digits.
fn is_word_with_digits(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.len() >= 3 && letters.len() < text.len() && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether `value`, written in a command, could do more than be a value: end a command or begin
/// one, redirect, split words, or be an option. It must then be shown to whoever approves the
/// command.
pub(super) fn could_run(value: &[u8]) -> bool {
    let has = |part: &[u8]| memmem::find(value, part).is_some();
    value.iter().any(|byte| OPERATORS.contains(byte))
        || has(b"$(")
        || has(b"${")
        || has(b"$IFS")
        || value.split(u8::is_ascii_whitespace).any(|word| word.first() == Some(&b'-'))
}

/// Whether it is made of words, numbers and short pieces, as names are.
pub(super) fn is_words(text: &str) -> bool {
    let parts = |c: char| c.is_ascii_punctuation() && "-_./:@+,'\"".contains(c) || c == ' ';
    text.split(parts).filter(|piece| !piece.is_empty()).all(is_piece_of_words)
}

fn is_piece_of_words(piece: &str) -> bool {
    let letters = piece.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = piece.len() - letters.len();
    if !piece.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    if piece.len() <= 3 || letters.is_empty() && digits <= 8 {
        return true;
    }
    if !letters.bytes().all(|byte| byte.is_ascii_alphabetic()) || digits > 3 || digits > 0 && letters.len() < 3 {
        return false;
    }
    // In `camelCase` few letters are upper case, and the runs of lower case are longer than in
    // random text.
    let is_upper = |at: usize| letters.as_bytes()[at].is_ascii_uppercase();
    let upper = (0..letters.len()).filter(|at| is_upper(*at)).count();
    let lower = letters.len() - upper;
    let runs = (0..letters.len()).filter(|at| !is_upper(*at) && (*at == 0 || is_upper(at - 1))).count();
    lower == 0 || upper * 5 <= letters.len() * 2 && lower * 4 >= runs * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_chance() {
        for text in
            "Permission permission tokens_in cancellationTokenSource process.env.DB_PASSWORD settings.API_KEY gpt-4o \
                     claude-3-opus-20240229 us-east-1 10.0.0.1:8080 v1.2.3 node18 hunter2 CamelCase XMLHttpRequest \
                     swordfish prod/db/primary PasswordHasher getTokenById"
                .split_whitespace()
        {
            assert!(is_words(text), "{text}");
        }
        for text in "Xk29fQz81LmP s3cr3t dXNlcjpwYXNz AbCdEfGhIj p4ssw0rd 550e8400-e29b-41d4-a716-446655440000 qW3rTy aGVsbG8gd29ybGQ"
            .split_whitespace()
        {
            assert!(!is_words(text), "{text}");
        }
    }
}
