use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::reader::{Context, Reader};
use crate::text::quoted;
use crate::{Finding, Spanned};

/// How the Firehose API answers: `[api]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The account in the ARNs of streams: 12 digits.
    pub account: String,
    /// The region in the ARNs of streams.
    pub region: String,
    /// Bytes of memory for the requests that are under way, of the whole host.
    pub memory: u64,
    /// Connections that are open at a time, at the most.
    pub max_connections: u32,
    /// What it proves itself with to callers. Without it, nothing is encrypted.
    pub tls: Option<Tls>,
}

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and those that lead to its issuer.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Api {
    /// What `memory` may be.
    pub const MEMORY: RangeInclusive<u64> = 16 << 20..=1 << 40;
    /// What `max_connections` may be.
    pub const CONNECTIONS: RangeInclusive<u32> = 1..=1_000_000;
    /// Digits of an account.
    const ACCOUNT_DIGITS: usize = 12;
    /// The most characters of a region.
    const REGION_MOST: usize = 32;

    /// Reads what it says, and whether it speaks of `tls` at all.
    pub(crate) fn read(mut reader: Reader<'_>) -> (Self, bool) {
        let default = Self::default();
        let api = Self {
            account: account(&mut reader).unwrap_or(default.account),
            region: region(&mut reader).unwrap_or(default.region),
            memory: reader.size("memory", Self::MEMORY).unwrap_or(default.memory),
            max_connections: reader
                .number("max_connections", Self::CONNECTIONS)
                .unwrap_or(default.max_connections),
            tls: reader.table("tls").and_then(Tls::read),
        };
        let tls = reader.means("tls");
        reader.finish();
        (api, tls)
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            memory: 64 << 20,
            max_connections: 8192,
            tls: None,
        }
    }
}

impl Tls {
    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let mut path = |key, help| {
            reader.require(key, help);
            reader.path_to(key, help).map(|path| path.value)
        };
        let certificate = path("certificate", "write `certificate = \"cert.pem\"`, relative to this file");
        let key = path("key", "write `key = \"key.pem\"`, relative to this file");
        reader.finish();
        Some(Self { certificate: certificate?, key: key? })
    }
}

fn account(reader: &mut Reader<'_>) -> Option<String> {
    let account = reader.string("account")?;
    let is_account =
        |text: &str| text.len() == Api::ACCOUNT_DIGITS && text.bytes().all(|digit| digit.is_ascii_digit());
    if is_account(&account.value) {
        return Some(account.value);
    }
    // As AWS's console shows it.
    let alone = account.value.replace('-', "");
    let help = match is_account(&alone) {
        true => format!("did you mean `{alone}`?"),
        false => "write the 12 digits of an account, such as `\"000000000000\"`".to_owned(),
    };
    refuse(reader.context, "account", &account, "an account has 12 digits", help);
    None
}

fn region(reader: &mut Reader<'_>) -> Option<String> {
    let help = "write `region = \"us-east-1\"`";
    let region = reader.filled("region", help)?;
    if !region.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let problem = "a region has letters, digits and hyphens only";
        refuse(reader.context, "region", &region, problem, help.to_owned());
    } else if region.value.len() > Api::REGION_MOST {
        refuse(reader.context, "region", &region, "a region has at most 32 characters", help.to_owned());
    } else {
        return Some(region.value);
    }
    None
}

fn refuse(context: &Context, key: &str, text: &Spanned<String>, problem: &str, help: String) {
    let finding = Finding::error(format!("`{key}` is {}; {problem}", quoted(&text.value)));
    context.report(finding.at(text.span.clone()).with_help(help));
}
