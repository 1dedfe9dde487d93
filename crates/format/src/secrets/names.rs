//! Which names are names of secrets: `db_password`, `X-Api-Key`, `clientSecret` and `PGPASSWORD`
//! are, `next_token` and `password_file` are not.

use memchr::memmem;

/// What kind of secret a name announces. It decides how sure the value must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Chosen by a person, so it may look like anything.
    Password,
    /// A secret, but it may also be the name of one (`"secret": "db-credentials"`).
    Secret,
    /// Generated, so it looks random.
    Token,
    /// The value of an `Authorization` header.
    Authorization,
    /// Generated and long: the `auth` of registries.
    LongToken,
    /// The value of a `Cookie` header.
    Cookie,
}

/// The ends of names whose values are long tokens: `Authorization`, and `auth` in the configuration
/// of registries. The prefilter searches for them only in these two cases.
pub(super) const LONG_TOKENS_AFTER: [&str; 2] = ["uth", "UTH"];
/// The schemes of `Authorization`, in lower case, that the prefilter searches for. After them
/// short credentials count too.
pub(super) const SCHEMES: [&str; 4] = ["apikey", "basic", "bearer", "token"];

/// Longest name, in bytes. Of a longer one only the end is read.
pub(super) const NAME_BYTES_MAX: usize = 96;

/// Words that make a `key` after them a secret.
pub(super) const SECRET_KEYS: [&str; 22] = [
    "access",
    "account",
    "api",
    "app",
    "auth",
    "client",
    "encryption",
    "function",
    "functions",
    "host",
    "hmac",
    "jwt",
    "license",
    "master",
    "private",
    "secret",
    "service",
    "shared",
    "signing",
    "storage",
    "subscription",
    "webhook",
];

/// Words before `token` that make it something else: a place in a list, a word of a language.
const HARMLESS_TOKENS: [&str; 32] = [
    "begin",
    "bos",
    "cancel",
    "cancellation",
    "continuation",
    "current",
    "cursor",
    "delimiter",
    "end",
    "eos",
    "expected",
    "first",
    "last",
    "lookahead",
    "mask",
    "max",
    "min",
    "next",
    "pad",
    "page",
    "pagination",
    "per",
    "prev",
    "previous",
    "resume",
    "sep",
    "special",
    "start",
    "stop",
    "sync",
    "unexpected",
    "unk",
];

/// Words for a password that may be followed by [`QUALIFIERS`] and digits.
const PASSWORDS: [&str; 4] = ["password", "passwd", "passwort", "passphrase"];

/// Words after a password or a secret that do not change what it is.
const QUALIFIERS: [&str; 12] = [
    "again",
    "confirm",
    "confirmation",
    "current",
    "new",
    "old",
    "plain",
    "plaintext",
    "repeat",
    "string",
    "text",
    "value",
];

/// Members that hold the secret when the object around them has the name of one:
/// `"secret": {"value": …}`.
const HOLDERS: [&[u8]; 13] = [
    b"content",
    b"current",
    b"data",
    b"new",
    b"old",
    b"plain",
    b"plaintext",
    b"previous",
    b"raw",
    b"string",
    b"text",
    b"val",
    b"value",
];

/// Members whose value names what the `value` beside them is:
/// `{"name": "DB_PASSWORD", "value": …}`.
const LABELS: [&[u8]; 10] =
    [b"env", b"field", b"header", b"id", b"k", b"key", b"label", b"name", b"property", b"variable"];

/// The kind of secret that `name` announces, if it does.
///
/// The prefilter must see every name that this accepts (`beginnings`). It knows most of them by
/// their last letters and what follows, so only `password` and its like, and `secret`, may have
/// something after them.
pub(super) fn family(name: &[u8]) -> Option<Family> {
    let name = &name[name.len().saturating_sub(NAME_BYTES_MAX)..];
    if !name.last()?.is_ascii_alphanumeric() {
        return None;
    }
    if ends_with(name, "authorization")
        && LONG_TOKENS_AFTER.iter().any(|part| memmem::find(name, part.as_bytes()).is_some())
    {
        return Some(Family::Authorization);
    }
    if matches!(name, b"auth" | b"_auth" | b"AUTH") {
        return Some(Family::LongToken);
    }
    // Rails derives its keys from `SECRET_KEY_BASE`.
    let name = name
        .strip_suffix(b"_BASE")
        .or(name.strip_suffix(b"_base"))
        .filter(|rest| rest.ends_with(b"KEY") || rest.ends_with(b"key"))
        .unwrap_or(name);
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut is_qualified = false;
    while words.len() > 1 && words.last().is_some_and(|word| QUALIFIERS.contains(word)) {
        words.pop();
        is_qualified = true;
    }
    let last = *words.last()?;
    let stem = last.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let stem = stem.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(stem);
    if PASSWORDS.iter().any(|end| stem.ends_with(end)) {
        return Some(Family::Password);
    }
    if stem.ends_with("secret") {
        return Some(Family::Secret);
    }
    if is_qualified {
        return None;
    }
    let before = words.len().checked_sub(2).map_or("", |at| words[at]);
    // The value of `GIT_ASKPASS` is a program, and that of `PWD` a directory.
    if last.ends_with("askpass") || before == "ask" || matches!(name, b"PWD" | b"OLDPWD") {
        return None;
    }
    match last {
        word if word.ends_with("pwd") => Some(Family::Password),
        "pass" if !before.is_empty() => Some(Family::Password),
        "pass" | "cred" | "creds" | "credential" | "credentials" => Some(Family::Secret),
        "cookie" => Some(Family::Cookie),
        "token" => (!HARMLESS_TOKENS.contains(&before)).then_some(Family::Token),
        "key" | "keys" => {
            let is_joined = ["", "_", "-", "."].iter().any(|by| ends_with(name, &format!("{before}{by}{last}")));
            (is_joined && is_secret_key(before, ends_with(name, &format!("{before}{last}")))).then_some(Family::Token)
        }
        word if word.ends_with("pass") && !["bypass", "compass", "trespass"].contains(&word) => Some(Family::Secret),
        word => {
            let first = word.strip_suffix("token").filter(|first| !HARMLESS_TOKENS.contains(first));
            let first = first.or_else(|| word.strip_suffix("key").filter(|first| is_secret_key(first, true)));
            first.map(|_| Family::Token)
        }
    }
}

/// Whether this word before `key` makes it a secret. With nothing between the two, the prefilter
/// sees it after some letters only.
fn is_secret_key(before: &str, nothing_between: bool) -> bool {
    SECRET_KEYS.contains(&before)
        && (!nothing_between || before.ends_with(['c', 'd', 'e', 'h', 'i', 'k', 'n', 's', 't']))
}

fn ends_with(name: &[u8], end: &str) -> bool {
    name.len() >= end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

/// Whether a member called `key` holds the secret that the name of its object announces.
pub(super) fn is_holder(key: &[u8]) -> bool {
    HOLDERS.iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// Whether a member called `key` is the `value` beside a name.
pub(super) fn is_value(key: &[u8]) -> bool {
    key.eq_ignore_ascii_case(b"value") || key.eq_ignore_ascii_case(b"val")
}

/// Whether a member called `key` names what the `value` beside it is.
pub(super) fn is_label(key: &[u8]) -> bool {
    LABELS.iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// The words of a name in lower case: `dbPassword2` is `db`, `password2`.
fn words(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = b' ';
    for (at, &byte) in name.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            before = b' ';
            continue;
        }
        let next_is_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let begins = !before.is_ascii_alphanumeric()
            || byte.is_ascii_uppercase() && (!before.is_ascii_uppercase() || next_is_lower);
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        before = byte;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let cases = [
            (
                Family::Password,
                "password passwd db_pass DB_PASSWORD PGPASSWORD dbPassword MYSQL_PWD passphrase new-password password_confirmation spring.datasource.password password2 ansible_become_pass passwords",
            ),
            (
                Family::Secret,
                "secret client_secret clientSecret SecretString secret_value app.secret userpass credentials secrets",
            ),
            (
                Family::Token,
                "token api_key API-KEY apiKey apikey X-Api-Key accessToken authtoken _authToken AWS_SECRET_ACCESS_KEY privateKey SharedAccessKey GH_TOKEN SECRET_KEY_BASE subscription-key AccountKey",
            ),
            (Family::Authorization, "Authorization Proxy-Authorization AUTHORIZATION"),
            (Family::Cookie, "Cookie set-cookie"),
        ];
        for (wanted, names) in cases {
            for name in names.split(' ') {
                assert_eq!(family(name.as_bytes()), Some(wanted), "{name}");
            }
        }
        for name in "monkey key public_key partition_key next_token CancellationToken nextPageToken tokens tokens_in token_count \
                     password_file passwordHash secret_name secretRef api_key_id bypass compass author cookies value_text token_type token2 token_ pwd_old access__key GIT_ASKPASS core.askPass SSH_ASKPASS PWD OLDPWD"
            .split_whitespace()
        {
            assert_eq!(family(name.as_bytes()), None, "{name}");
        }
    }
}
