//! Reads a request's `Host` and `Origin` strictly.
//!
//! What is not exactly `host[:port]` or `scheme://host[:port]` is `None`: browsers and AWS's clients
//! write both headers in this form only.
//! <https://www.rfc-editor.org/rfc/rfc9110#field.host>
//! <https://www.rfc-editor.org/rfc/rfc6454#section-7>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const LOCALHOST: &str = "localhost";
/// <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host in canonical form, an IPv6 address without brackets, and the port in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    pub host: String,
    pub port: Option<u16>,
    /// The host is this machine, whatever a name server says.
    pub loopback: bool,
}

/// The origin of a page; it contains the default port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// The value of a `Host` header.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        let text = text.to_ascii_lowercase();
        let ((host, loopback), port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (address, port) = bracketed.split_once(']')?;
                (ipv6(address)?, port)
            }
            None => match text.find(':') {
                Some(colon) => (ipv4_or_name(&text[..colon])?, &text[colon..]),
                None => (ipv4_or_name(&text)?, ""),
            },
        };
        let port = match port {
            "" => None,
            text => Some(port_of(text)?),
        };
        Some(Self {
            host,
            port,
            loopback,
        })
    }
}

impl Origin {
    /// The value of an `Origin` header; `None` for "null".
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(plain) {
            return None;
        }
        Some(Self::of(&scheme, &Authority::parse(rest)?))
    }

    /// The origin of this server's own pages.
    pub fn of(scheme: &str, server: &Authority) -> Self {
        let default = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Self {
            scheme: scheme.to_owned(),
            host: server.host.clone(),
            port: server.port.or(default),
        }
    }
}

/// A host without a port in canonical form, brackets optional.
///
/// `None` for 0.0.0.0 and ::, by which only a deceived browser calls a server.
pub fn host(text: &str) -> Option<String> {
    let bracketed = if text.contains(':') && !text.starts_with('[') {
        format!("[{text}]")
    } else {
        text.to_owned()
    };
    let authority = Authority::parse(&bracketed)?;
    let address = authority.host.parse().ok().map(|address| match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4),
        IpAddr::V4(_) => address,
    });
    let unspecified = address.is_some_and(|address| address.is_unspecified());
    (authority.port.is_none() && !unspecified).then_some(authority.host)
}

/// The number in a colon and a port.
fn port_of(text: &str) -> Option<u16> {
    let number = text.strip_prefix(':')?;
    let digits =
        (1..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse().ok()).flatten()
}

/// The address, and whether it is loopback.
fn ipv6(text: &str) -> Option<(String, bool)> {
    let address: Ipv6Addr = text.parse().ok()?;
    let loopback = address
        .to_ipv4_mapped()
        .map_or(address.is_loopback(), |mapped| mapped.is_loopback());
    Some((address.to_string(), loopback))
}

fn ipv4_or_name(text: &str) -> Option<(String, bool)> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some((address.to_string(), address.is_loopback()));
    }
    let last = text.rsplit('.').next()?;
    let valid = text.len() <= MAX_NAME && text.split('.').all(is_label) && !is_number(last);
    // All names below localhost are loopback, too: <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>
    valid.then(|| (text.to_owned(), last == LOCALHOST))
}

/// RFC 952 does not allow underscores in host names, but many containers' names have them.
fn is_label(text: &str) -> bool {
    (1..=MAX_LABEL).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Browsers read a name whose last label is any kind of number as an IPv4 address.
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_form_however_it_is_spelled() {
        let canonical = |text| Authority::parse(text).map(|authority| authority.host);
        assert_eq!(canonical("LocalHost.:1"), Some("localhost".to_owned()));
        assert_eq!(canonical("[0:0::1]"), Some("::1".to_owned()));
        assert_eq!(canonical("127.0.0.1."), Some("127.0.0.1".to_owned()));
    }

    #[test]
    fn what_is_not_a_host_is_none() {
        for text in [
            "",
            ".",
            "a b",
            "a..b",
            "-a",
            "a:",
            "a:x",
            "a:65536",
            "a:000001",
            "a:1:2",
            "u@a",
            "a/b",
            "::1",
            "[::1",
            "[::1%lo]",
            "[a]",
            "[::1]x",
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "1.2.3.256",
            "é",
            "a%62",
        ] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_default_port_is_the_same_as_none() {
        let server = Authority::parse("localhost").expect("a host");
        assert_eq!(
            Origin::parse("HTTPS://localhost:443"),
            Some(Origin::of("https", &server))
        );
        assert_ne!(
            Origin::parse("https://localhost:80"),
            Some(Origin::of("https", &server))
        );
    }

    #[test]
    fn an_allowed_name_has_no_port_and_is_not_every_address() {
        assert_eq!(host("Box.test."), Some("box.test".to_owned()));
        assert_eq!(host("fd00::0:2"), Some("fd00::2".to_owned()));
        assert_eq!(host("[fd00::2]"), Some("fd00::2".to_owned()));
        for text in [
            "box:1",
            "0.0.0.0",
            "::",
            "::ffff:0.0.0.0",
            "http://box",
            "*.box",
            "",
        ] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
