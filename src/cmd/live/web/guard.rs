//! Access control: the token in the printed address, the session cookie that it is exchanged for,
//! and whether a request names this server and comes from one of its own pages.

use hyper::header::{COOKIE, HOST, HeaderMap, HeaderName, ORIGIN};

use logbook_model::error::{Error, Result};

/// The headers with which a browser says where a request comes from.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Random bytes in a key.
const KEY_BYTES: usize = 24;

/// The keys of the server.
pub struct Keys {
    /// The token in the printed address.
    pub token: String,
    /// The value of the cookie. Unlike the address it is never typed or copied.
    session: String,
    port: u16,
}

impl Keys {
    /// New random keys for the server on `port`.
    pub fn new(port: u16) -> Result<Keys> {
        Ok(Keys { token: key()?, session: key()?, port })
    }

    /// Whether `token` is that of the printed address.
    pub fn is_token(&self, token: &str) -> bool {
        is_same(token.as_bytes(), self.token.as_bytes())
    }

    /// The cookie that the token is exchanged for. Cookies do not distinguish ports, so that its
    /// name contains the port.
    pub fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.name(), self.session)
    }

    /// Whether the request has the cookie.
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        let name = self.name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(key, _)| *key == name).any(|(_, value)| is_same(value.as_bytes(), self.session.as_bytes()))
    }

    fn name(&self) -> String {
        format!("logbook-{}", self.port)
    }

    /// Whether the `Host` of the request is this server. Another name that resolves to this address
    /// (DNS rebinding) would make a foreign page of the same origin.
    pub fn is_host(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        hosts.next().is_none() && host.is_some_and(|host| self.own(host))
    }

    fn own(&self, host: &str) -> bool {
        ["127.0.0.1", "localhost"].iter().any(|name| host.eq_ignore_ascii_case(&format!("{name}:{}", self.port)))
    }

    /// Whether the browser says that a form was sent from one of this server's pages.
    pub fn is_own_form(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let same = origin.and_then(|origin| origin.strip_prefix("http://")).zip(host);
        same.is_some_and(|(origin, host)| self.own(origin) && origin.eq_ignore_ascii_case(host))
            && headers.get(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin")
    }
}

/// Whether a page of another site loads this as a part of itself.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let foreign = headers.get(SEC_FETCH_SITE).is_some_and(|site| site != "same-origin" && site != "none");
    foreign && headers.get(SEC_FETCH_MODE).is_none_or(|mode| mode != "navigate")
}

fn key() -> Result<String> {
    let mut bytes = [0; KEY_BYTES];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::io(format!("no random numbers: {error}")))?;
    Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// Compares in constant time, so that the time does not reveal where they differ.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), hyper::header::HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_its_own_name_and_its_own_pages() {
        let Ok(keys) = Keys::new(7430) else { return };
        assert!(keys.is_host(&headers(&[("host", "127.0.0.1:7430")])));
        assert!(keys.is_host(&headers(&[("host", "LOCALHOST:7430")])));
        for host in ["127.0.0.1", "127.0.0.1:7431", "evil.example:7430", "localhost.evil.example:7430", ""] {
            assert!(!keys.own(host), "{host}");
        }
        assert!(!keys.is_host(&headers(&[])));
        let form = |origin, site| {
            keys.is_own_form(&headers(&[("host", "localhost:7430"), ("origin", origin), ("sec-fetch-site", site)]))
        };
        assert!(form("http://localhost:7430", "same-origin"));
        assert!(!form("http://localhost:7430", "cross-site"));
        assert!(!form("http://localhost:3000", "same-site"));
        assert!(!form("http://127.0.0.1:7430", "same-origin"), "another name is another origin");
        assert!(!form("null", "same-origin"));
        assert!(!keys.is_own_form(&headers(&[("host", "localhost:7430")])));
        assert!(!is_same(b"a", b"ab") && !is_same(b"a", b"b") && is_same(b"ab", b"ab"));
    }
}
