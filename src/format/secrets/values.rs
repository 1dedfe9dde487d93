//! Whether what stands behind the name of a secret could be one: no placeholder, no reference to where it is kept, no code,
//! no plain word.

use super::beginnings::RUN;
use super::names::{Family, family};
use super::text::MARK;

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is the whole string of a JSON member.
    Alone,
    /// In running text or among the words of a command. A plain word is left there: it may be what a command runs.
    InText,
}

/// Bits of chance in each character of a made-up value, at least.
const BITS_MIN: f64 = 2.75;

/// What a placeholder begins with.
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

/// Words that stand where a password would, and say something about it.
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

/// Words of which one stands in most sentences, and in few passphrases.
const OF_SENTENCES: [&str; 26] = [
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

/// What values begin with that say where a secret is kept, or what its digest is.
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

/// Whether `value`, which stands behind a name of this family, could be a secret.
pub(super) fn could_be_secret(family: Family, value: &[u8], stands: Stands) -> bool {
    if is_nothing(value) || is_reference(value) || is_time(value) {
        return false;
    }
    let text = String::from_utf8_lossy(value);
    let has_blank = value.iter().any(u8::is_ascii_whitespace);
    match (family, stands) {
        (Family::Password, Stands::Alone) => value.len() >= 3 && !is_about_passwords(&text) && !is_placeholder(&text),
        _ if has_blank => false,
        (_, Stands::InText) if is_command(&text) => false,
        (Family::Password, Stands::InText) => {
            value.len() >= 6
                && !is_about_passwords(&text)
                && !is_placeholder(&text)
                && !is_variable(value)
                && is_password_of_sorts(&text)
        }
        (Family::Secret, _) => {
            value.len() >= 6
                && (looks_random(value)
                    || stands == Stands::Alone && is_word_with_digits(&text) && !is_placeholder(&text))
        }
        _ => value.len() >= 8 && looks_random(value),
    }
}

/// Whether `value` looks made up by a machine: characters of several sorts that seldom repeat, and no words.
pub(super) fn looks_random(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let sorts: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, |byte| !byte.is_ascii_alphanumeric()];
    let several = sorts.iter().filter(|sort| value.iter().any(**sort)).count();
    value.is_ascii()
        && several >= 2
        && bits_each(value) >= BITS_MIN.min((value.len() as f64).log2() - 0.4)
        && !is_words(&text)
}

/// Whether so many bytes of a token stand side by side in `value` that a first look sees it (`beginnings`).
pub(super) fn has_long_token(value: &[u8]) -> bool {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%=".contains(byte);
    let is_odd = |byte: &u8| byte.to_ascii_lowercase() > b'f' || *byte == b'_';
    value.windows(RUN).any(|run| run.iter().all(is_of_token) && run.iter().any(is_odd))
}

/// Bits of chance in each character, as far as their counts tell.
fn bits_each(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = text.len() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|part| -part * part.log2()).sum()
}

/// No value, one that is masked, or a mark.
fn is_nothing(value: &[u8]) -> bool {
    let Some(first) = value.first() else { return true };
    let masks =
        value.iter().filter(|byte| matches!(**byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?')).count();
    value.iter().all(|byte| byte == first || *byte == MARK) || masks * 2 > value.len()
}

/// Not the value itself, but where it comes from: a variable, a path, an address, code.
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
                |prefix: &&str| value.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix.as_bytes()));
            REFERENCES.iter().any(|prefix| begins(&prefix))
                || text.split_once("://").is_some_and(|(scheme, _)| {
                    scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
                })
                || text.contains("()")
                || text.contains("::")
        }
    }
}

/// A date, as `2026-11-29T…` begins.
fn is_time(value: &[u8]) -> bool {
    value.len() >= 10
        && value[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => matches!(byte, b'-' | b'/' | b'.'),
            _ => byte.is_ascii_digit(),
        })
}

/// Whether the words of a value are those of a placeholder: `your-api-key-here`, `changeme`, `example_1`.
fn is_placeholder(text: &str) -> bool {
    let first: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    PLACEHOLDERS.iter().any(|word| first.eq_ignore_ascii_case(word)) && (is_words(text) || text.contains(' '))
}

/// A word or a sentence about a password.
fn is_about_passwords(text: &str) -> bool {
    let text = text.trim_end_matches(['.', '!', '?', ',', ';', ':']).to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    ABOUT_PASSWORDS.contains(&text.as_str()) || text.contains(' ') && words.any(|word| OF_SENTENCES.contains(&word))
}

/// What people think up with more than letters: `hunter2`, `p@ssword!`, and six digits and more.
fn is_password_of_sorts(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ',', ';', ':']);
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    // A version, an address, a time.
    if text.trim_start_matches('v').bytes().all(|byte| byte.is_ascii_digit() || b".-:/+".contains(&byte)) {
        return text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    }
    has_digit || !is_words(text.trim_end_matches(['!', '?']))
}

/// The name of another secret: `new_password2`.
fn is_variable(value: &[u8]) -> bool {
    value.iter().any(|byte| matches!(byte, b'_' | b'.')) && family(value).is_some()
}

/// `hunter2`: letters, then digits.
fn is_word_with_digits(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.len() >= 3 && letters.len() < text.len() && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// What a shell could run beside the value: a piece in lower case behind what parts commands, or something to fill in.
fn is_command(text: &str) -> bool {
    let parts = |c: char| matches!(c, ';' | '|' | '&' | '<' | '>' | '(' | ')');
    let is_word = |piece: &str| piece.len() >= 2 && piece.bytes().all(|byte| byte.is_ascii_lowercase());
    text.contains('`')
        || text.contains("$(")
        || text.contains("${")
        || text.contains(parts) && text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word)
}

/// Whether a text is made of words, of numbers and of short pieces: what people and programs call things.
fn is_words(text: &str) -> bool {
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
    // Words of `camelCase` are longer than the pieces that chance gives.
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
