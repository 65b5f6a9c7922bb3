use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use toml::de::DeValue;

use crate::reader::{Context, Reader};
use crate::text::quoted;
use crate::{Finding, Spanned};

/// The port of the API in examples.
pub(crate) const API: u16 = 4573;
/// The port of health and metrics in examples.
pub(crate) const ADMIN: u16 = 4574;

const NO_PORT: &str = "a port is a number from 0 to 65535";

/// Why a text is no address, and what was likely meant.
struct Problem {
    what: &'static str,
    meant: Option<String>,
}

impl Reader<'_> {
    /// Where to listen: an IP address and a port, `localhost` and a port, or a port of 127.0.0.1. Examples have the
    /// port `usual`.
    pub(crate) fn address(&mut self, key: &'static str, usual: u16) -> Option<Spanned<SocketAddr>> {
        let value = self.value(key)?;
        let (written, address) = match value.get_ref() {
            DeValue::String(text) => (text.to_string(), parse(text, usual)),
            DeValue::Integer(integer) => {
                let port = u16::from_str_radix(integer.as_str(), integer.radix()).ok();
                let address = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
                (integer.to_string(), address.ok_or(Problem { what: NO_PORT, meant: None }))
            }
            _ => {
                let help = format!("write `{key} = \"127.0.0.1:{usual}\"`");
                self.wrong(key, value, "an IP address and a port", help);
                return None;
            }
        };
        match address {
            Ok(address) => Some(Spanned::new(address, value.span())),
            Err(Problem { what, meant }) => {
                let help = match meant {
                    Some(meant) => format!("did you mean {}?", quoted(&meant)),
                    None => format!(
                        "write `127.0.0.1:{usual}` for this machine alone, or `0.0.0.0:{usual}` for all of its addresses"
                    ),
                };
                // What stands before an `@` may be a secret.
                let shown = if written.contains('@') { "no address".to_owned() } else { quoted(&written) };
                let finding = Finding::error(format!("`{key}` is {shown}; {what}"));
                self.context.report(finding.at(value.span()).with_help(help));
                None
            }
        }
    }
}

fn parse(text: &str, usual: u16) -> Result<SocketAddr, Problem> {
    let fail = |what, meant| Err(Problem { what, meant });
    let local = |port: &str| port_of(port).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    if let Some(address) = text.parse().ok().or_else(|| local(text)) {
        return Ok(address);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let rest = rest.trim_end_matches('/');
        return fail("it is a URL", rest.parse::<SocketAddr>().ok().map(|_| rest.to_owned()));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match bare.parse() {
        Ok(IpAddr::V6(_)) if bare == text => {
            return fail("an IPv6 address stands in brackets, and a port behind them", None);
        }
        Ok(address) => return fail("it has no port", Some(SocketAddr::new(address, usual).to_string())),
        Err(_) => {}
    }
    match text.rsplit_once(':') {
        Some((host, port)) if host.eq_ignore_ascii_case("localhost") => {
            local(port).map_or_else(|| fail(NO_PORT, None), Ok)
        }
        Some((_, port)) if port_of(port).is_none() => fail(NO_PORT, None),
        Some(("" | "*", _)) => fail("it has no address", None),
        Some(_) => fail("it takes an IP address, or `localhost`", None),
        None if text.eq_ignore_ascii_case("localhost") => {
            fail("it has no port", Some(format!("{text}:{usual}")))
        }
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => fail(NO_PORT, None),
        None => fail("it is no IP address and port", None),
    }
}

fn port_of(text: &str) -> Option<u16> {
    // `parse` would take a `+`.
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reports addresses that exclude one another, and what they leave open to whoever reaches them. `keys` and `tls`
/// say whether the file speaks of them.
pub(crate) fn check(
    context: &Context,
    listen: Option<&Spanned<SocketAddr>>,
    admin: Option<&Spanned<SocketAddr>>,
    keys: bool,
    tls: bool,
) {
    if let Some((_, admin)) = listen.zip(admin).filter(|(one, other)| overlap(one.value, other.value)) {
        let message = format!("`admin_listen` is `{}`; `listen` has that port already", admin.value);
        context.report(Finding::error(message).at(admin.span.clone()).with_help("choose another port"));
    }
    if let Some(Spanned { value: address, span }) = listen.filter(|listen| !is_local(listen.value)) {
        if !keys {
            let message =
                format!("`listen` is `{address}`, and without keys anyone who reaches it could write");
            let help = "add `[keys.NAME]`, or listen on `127.0.0.1`";
            context.report_absent(Finding::error(message).at(span.clone()).with_help(help));
        } else if !tls {
            let message = format!(
                "`listen` is `{address}` without `tls`: records can be read on the way, and so can secrets that are sent as a bearer token or a password"
            );
            let help = "add `[api]` with `tls = { certificate = \"cert.pem\", key = \"key.pem\" }`";
            context.report_absent(Finding::warning(message).at(span.clone()).with_help(help));
        }
    }
    if let Some(Spanned { value: address, span }) = admin.filter(|admin| !is_local(admin.value)) {
        let message = format!("`admin_listen` is `{address}`: anyone who reaches it reads the metrics");
        let help = "listen on `127.0.0.1`, or see to it who reaches it";
        context.report(Finding::warning(message).at(span.clone()).with_help(help));
    }
}

/// Whether only this machine reaches it.
fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Whether the system refuses to listen on both.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (left, right) = (one.ip().to_canonical(), other.ip().to_canonical());
    // `::` is every address of the machine, `0.0.0.0` those of IPv4.
    let everywhere = |ip: IpAddr, other: IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_unspecified() && other.is_ipv4(),
        IpAddr::V6(ip) => ip == Ipv6Addr::UNSPECIFIED,
    };
    one.port() != 0
        && one.port() == other.port()
        && (left == right || everywhere(left, right) || everywhere(right, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_people_write_them() {
        for (text, want) in [
            ("127.0.0.1:4573", "127.0.0.1:4573"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:4573", "[::1]:4573"),
            ("localhost:80", "127.0.0.1:80"),
            ("LocalHost:80", "127.0.0.1:80"),
            ("4573", "127.0.0.1:4573"),
            ("65535", "127.0.0.1:65535"),
        ] {
            assert_eq!(
                parse(text, API).ok().map(|address| address.to_string()).as_deref(),
                Some(want),
                "{text}"
            );
        }
    }

    #[test]
    fn an_address_that_cannot_be_read_says_what_was_meant() {
        for (text, what, meant) in [
            ("", "it is no IP address and port", None),
            ("all", "it is no IP address and port", None),
            ("65536", NO_PORT, None),
            ("127.0.0.1:65536", NO_PORT, None),
            ("127.0.0.1:+80", NO_PORT, None),
            ("localhost:http", NO_PORT, None),
            ("127.0.0.1", "it has no port", Some("127.0.0.1:4573")),
            ("[::1]", "it has no port", Some("[::1]:4573")),
            ("localhost", "it has no port", Some("localhost:4573")),
            ("::1", "an IPv6 address stands in brackets, and a port behind them", None),
            ("::1:4573", "an IPv6 address stands in brackets, and a port behind them", None),
            (":4573", "it has no address", None),
            ("*:4573", "it has no address", None),
            ("example.com:4573", "it takes an IP address, or `localhost`", None),
            ("http://127.0.0.1:80/", "it is a URL", Some("127.0.0.1:80")),
            ("http://example.com", "it is a URL", None),
            (&"://".repeat(100_000), "it is a URL", None),
        ] {
            let Err(problem) = parse(text, API) else { panic!("{text} is read") };
            assert_eq!((problem.what, problem.meant.as_deref()), (what, meant), "{text}");
        }
    }

    #[test]
    fn two_addresses_overlap_as_the_system_has_it() {
        for (one, other, want) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("127.0.0.1:1", "0.0.0.0:1", true),
            ("0.0.0.0:1", "127.0.0.1:1", true),
            ("[::1]:1", "0.0.0.0:1", false),
            ("[::]:1", "127.0.0.1:1", true),
            ("[::ffff:127.0.0.1]:1", "127.0.0.1:1", true),
        ] {
            assert_eq!(overlap(one.parse().unwrap(), other.parse().unwrap()), want, "{one} {other}");
        }
    }
}
