use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use crate::reader::{Context, Reader};
use crate::secret::Secret;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// Where buckets live: `[s3]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Buckets {
    /// Nowhere: no stream needs any, or a finding says so.
    #[default]
    None,
    /// A folder whose folders are the buckets.
    Directory(PathBuf),
    /// An S3 endpoint.
    S3(Endpoint),
}

/// An S3 endpoint and who asks there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A server's URL. Amazon's of the region unless said.
    pub url: Option<String>,
    /// The region to sign for.
    pub region: Option<String>,
    /// Whether buckets stand in the path. By default where `url` is said.
    pub path_style: bool,
    /// A profile of AWS's shared files.
    pub profile: Option<String>,
    /// Keys. AWS's usual places unless said.
    pub keys: Option<AccessKey>,
    /// Objects above so many bytes are put in parts.
    pub multipart_above: u64,
    /// Bytes of a part.
    pub part_size: u64,
    /// Objects of one stream that are delivered at a time, at the most.
    pub concurrency: u32,
}

/// An access key, by references to where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: Secret,
    /// Its secret.
    pub secret: Secret,
    /// The token of a session.
    pub session_token: Option<Secret>,
}

impl Endpoint {
    /// What `part_size` may be: S3's limits.
    pub const PART_SIZE: RangeInclusive<u64> = 5 << 20..=5 << 30;
    /// What `multipart_above` may be: S3 takes 5 GiB at once.
    pub const MULTIPART_ABOVE: RangeInclusive<u64> = 5 << 20..=5 << 30;
    /// What `concurrency` may be.
    pub const CONCURRENCY: RangeInclusive<u32> = 1..=32;
    const USUAL_ABOVE: u64 = 16 << 20;
    const USUAL_PART: u64 = 8 << 20;
    const USUAL_CONCURRENCY: u32 = 4;
}

const WHERE: &str =
    "write `directory = \"./buckets\"`, where a bucket is a folder, or the `endpoint` or `region` of S3";
const REMOTE: [&str; 10] = [
    "endpoint",
    "region",
    "profile",
    "path_style",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "multipart_above",
    "part_size",
    "concurrency",
];

impl Buckets {
    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let directory = reader.path_to("directory", "write `directory = \"./buckets\"`");
        let endpoint = Endpoint::read(&mut reader);
        let (remote, place) = reader.count(&REMOTE);
        let context = reader.context;
        let (said, _) = reader.count(&["directory"]);
        reader.finish();
        if said > 0 && remote > 0 {
            let message = "`directory` says that buckets are folders, and this that they are at an endpoint";
            context.report(Finding::error(message).at(place).with_help("remove one of them"));
        }
        match directory {
            Some(directory) => Self::Directory(directory.value),
            None if remote > 0 => {
                context.remote.set(true);
                Self::S3(endpoint)
            }
            None => Self::None,
        }
    }

    /// Buckets need a place to live in.
    pub(crate) fn require(context: &Context, place: Range<usize>) {
        let finding = Finding::error("nothing says where buckets live").at(place);
        context.report_absent(finding.with_help(format!("{WHERE}, under `[s3]`")));
    }
}

impl Endpoint {
    fn read(reader: &mut Reader<'_>) -> Self {
        let url = reader.filled("endpoint", "write `endpoint = \"http://127.0.0.1:9000\"`");
        let url = url.and_then(|url| check_url(reader.context, url));
        let region = reader.filled("region", "write `region = \"eu-central-1\"`").map(|region| region.value);
        let profile = reader.filled("profile", "write the name of a profile").map(|profile| profile.value);
        let path_style = reader.boolean("path_style");
        let id = Secret::read_from(reader, "access_key_id");
        let secret = Secret::read_from(reader, "secret_access_key");
        let session_token = Secret::read_from(reader, "session_token");
        let counts =
            ["access_key_id", "secret_access_key", "session_token"].map(|key| reader.count(&[key]).0);
        let (_, place) = reader.count(&["access_key_id", "secret_access_key", "session_token"]);
        if matches!(counts, [1, 0, _] | [0, 1, _] | [0, 0, 1]) {
            let missing = if counts[0] == 0 { "access_key_id" } else { "secret_access_key" };
            let message = format!("`{missing}` is missing beside this");
            let help = format!("write `{missing} = \"env:NAME\"` or `\"file:PATH\"`, too");
            reader.context.report_absent(Finding::error(message).at(place).with_help(help));
        }
        let keys = match (id, secret) {
            (Some(id), Some(secret)) => Some(AccessKey { id, secret, session_token }),
            _ => None,
        };
        Self {
            path_style: path_style.unwrap_or(url.is_some()),
            url,
            region,
            profile,
            keys,
            multipart_above: reader
                .size("multipart_above", Self::MULTIPART_ABOVE)
                .unwrap_or(Self::USUAL_ABOVE),
            part_size: reader.size("part_size", Self::PART_SIZE).unwrap_or(Self::USUAL_PART),
            concurrency: reader.number("concurrency", Self::CONCURRENCY).unwrap_or(Self::USUAL_CONCURRENCY),
        }
    }
}

fn check_url(context: &Context, url: Spanned<String>) -> Option<String> {
    let host = url.value.strip_prefix("http://").or_else(|| url.value.strip_prefix("https://"));
    let host = host.map(|host| host.trim_end_matches('/'));
    let problem = match host {
        None => "it does not begin with `http://` or `https://`",
        Some("") => "it names no host",
        Some(host) if host.contains(['/', '?', '#', '@', ' ']) => {
            "it has more than a host and a port: the bucket has its own key, and so have credentials"
        }
        Some(_) if url.value.chars().any(char::is_control) => "it has control characters",
        Some(_) => return Some(url.value.trim_end_matches('/').to_owned()),
    };
    // What stands before an `@` may be a secret.
    let shown = if url.value.contains('@') { "not a server's URL".to_owned() } else { quoted(&url.value) };
    let finding = Finding::error(format!("`endpoint` is {shown}; {problem}"));
    context.report(finding.at(url.span).with_help("write `endpoint = \"http://127.0.0.1:9000\"`"));
    None
}

impl Buckets {
    /// The folder, if buckets are folders.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory(directory) => Some(directory),
            Self::None | Self::S3(_) => None,
        }
    }
}
