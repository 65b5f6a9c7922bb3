//! Where the host is, and who calls it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::TlsContext;
use standpipe_spec::{Api, Config, Lambda};

use super::credentials;
use super::problem::Problem;
use super::trust::trust;
use crate::args::stream::HostArgs;
use crate::check::find;

/// The config file unless another is named.
const USUAL: &str = "standpipe.toml";

/// A host that can be called.
pub(super) struct Host {
    pub(super) endpoint: http::Uri,
    pub(super) region: String,
    /// The account in ARNs.
    pub(super) account: String,
    /// What signs. None where nobody asks who calls.
    pub(super) credentials: Option<Credentials>,
    pub(super) tls: TlsContext,
    /// What stands in for functions, if there is a config that says it.
    lambda: Option<Lambda>,
}

impl Host {
    pub(super) async fn find(args: &HostArgs) -> Result<Self, Problem> {
        let named = match &args.endpoint_url {
            Some(url) => Some(("--endpoint-url", url.clone())),
            None => ["AWS_ENDPOINT_URL_FIREHOSE", "AWS_ENDPOINT_URL"]
                .into_iter()
                .find_map(|name| Some((name, variable(name)?))),
        };
        let path = args.config.clone().unwrap_or_else(|| PathBuf::from(USUAL));
        let needed = args.config.is_some() || args.key.is_some() || named.is_none();
        if args.config.is_none() && named.is_none() && !path.exists() {
            let what = format!("there is no `{USUAL}` here that would say where the host is");
            let help = "name the host by --endpoint-url URL, or its config file by --config FILE";
            return Err(Problem::wrong(what).help(help));
        }
        let file = if needed { Some(find(&path).map_err(Problem::found)?) } else { None };
        let config = file.as_ref().map(|file| &file.draft);
        let endpoint = match (&named, config) {
            (Some((said, url)), _) => parse(said, url)?,
            (None, Some(config)) => listening(config, &path)?,
            (None, None) => return Err(Problem::wrong("nothing says where the host is")),
        };
        let credentials = match (&args.key, config) {
            (Some(key), Some(config)) => Some(credentials::named(key, config, &path)?),
            (_, Some(config)) if named.is_none() => credentials::of_config(config).await?,
            _ => credentials::of_surroundings().await?,
        };
        let Api { account, region, .. } = config.map(|config| config.api.clone()).unwrap_or_default();
        let set = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = if config.is_some() { region } else { set.unwrap_or(region) };
        let lambda = config.map(|config| config.lambda.clone());
        Ok(Self { endpoint, region, account, credentials, tls: trust(args.ca_bundle.as_deref())?, lambda })
    }

    /// The plugin that stands in for a function. Without a config it is not known, and the function's name stands for it.
    pub(super) fn plugin_of(&self, function: &str) -> Option<String> {
        let known = self.lambda.as_ref();
        let plugin = known.map_or_else(|| Some(Lambda::name_of(function)), |known| known.plugin(function));
        plugin.filter(|plugin| !plugin.is_empty()).map(str::to_owned)
    }

    /// Whether plugins are known by their names.
    pub(super) fn knows_plugins(&self) -> bool {
        self.lambda.is_some()
    }
}

/// A variable of the environment that says something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The URL that `said` gives. It may have a password in it, so it is not told.
fn parse(said: &str, url: &str) -> Result<http::Uri, Problem> {
    let wrong = |what: &str| {
        Problem::wrong(format!("{said} {what}")).help("write it as `http://127.0.0.1:4573` is written")
    };
    let uri: http::Uri = url.parse().map_err(|_| wrong("is no URL"))?;
    let authority = uri.authority().ok_or_else(|| wrong("is no URL"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("has a name or a password in it; keys are not written there"));
    }
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("is neither an http nor an https URL"));
    }
    Ok(uri)
}

/// Where the host of a config listens, seen from this machine.
fn listening(config: &Config, path: &Path) -> Result<http::Uri, Problem> {
    let file = path.display();
    let Some(listen) = config.listen else {
        let what = format!("`{file}` has no `listen`, so its host has no API");
        let help = "add `listen = \"127.0.0.1:4573\"` and start it again, or name a host by --endpoint-url";
        return Err(Problem::wrong(what).help(help));
    };
    if listen.port() == 0 {
        let what = format!("`listen` of `{file}` has port 0, so the system chose one when the host started");
        return Err(Problem::wrong(what).help("name the host by --endpoint-url, as its log says it"));
    }
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let scheme = if config.api.tls.is_some() { "https" } else { "http" };
    parse("`listen`", &format!("{scheme}://{address}"))
}

/// Who listens on all addresses listens on this machine's own.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
