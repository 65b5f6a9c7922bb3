use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls;
use tokio::sync::Mutex;

use super::answer::{About, Class};
use crate::Error;

const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Idle connections that are kept.
const KEPT_CONNECTIONS: usize = 16;
const IDLE_TIME: Duration = Duration::from_secs(20);
/// What a server of one's own signs for unless something else is said.
const USUAL_REGION: &str = "us-east-1";

/// How to reach buckets.
#[derive(Clone)]
pub struct S3Settings {
    /// The server's URL; Amazon's of the region unless said.
    pub endpoint: Option<String>,
    /// The region. Unless said, that of AWS's usual places, or `us-east-1` at an endpoint.
    pub region: Option<String>,
    /// Whether the bucket stands in the path instead of the host's name.
    pub path_style: bool,
    /// A profile of AWS's shared files.
    pub profile: Option<String>,
    /// Where keys come from; AWS's usual places unless said. Asked again after a refusal.
    pub keys: Option<KeySource>,
    /// Objects above so many bytes are put in parts.
    pub multipart_above: u64,
    /// Bytes of a part: S3 wants 5 MiB at least.
    pub part_size: u64,
}

/// Gives keys, or says in one sentence why it cannot.
pub type KeySource = Arc<dyn Fn() -> Result<Keys, String> + Send + Sync>;

/// Who asks.
#[derive(Clone, Default)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The token of a session.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("path_style", &self.path_style)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// The one client of an endpoint, made when it is needed.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) settings: S3Settings,
    http: SharedHttpClient,
    made: Mutex<Option<Using>>,
}

/// A client, and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Using {
    pub(super) client: Client,
    pub(super) endpoint: Arc<str>,
}

impl Clients {
    pub(super) fn new(settings: S3Settings) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new()
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(KEPT_CONNECTIONS)
            .tls_provider(provider)
            .build_https();
        Self { settings, http, made: Mutex::default() }
    }

    /// Has keys and region looked up anew by whoever asks next.
    pub(super) async fn forget(&self) {
        *self.made.lock().await = None;
    }

    pub(super) async fn get(&self) -> Result<Using, Error> {
        let mut made = self.made.lock().await;
        if let Some(made) = &*made {
            return Ok(made.clone());
        }
        let using = self.make().await?;
        *made = Some(using.clone());
        Ok(using)
    }

    async fn make(&self) -> Result<Using, Error> {
        let S3Settings { endpoint, region, path_style, profile, keys, .. } = &self.settings;
        let place = match (endpoint, region) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(region)) => format!("S3 in {region}"),
            (None, None) => "S3".to_owned(),
        };
        let mend = |message: String, how| {
            let about = About { action: "reach", bucket: "", key: None, endpoint: &place };
            Error::S3(Box::new(about.refusal(message, Class::Mend(how))))
        };
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIME).build();
        let mut config = match keys {
            // Nothing else need be looked up.
            Some(keys) if endpoint.is_some() || region.is_some() => {
                let Keys { id, secret, session_token } =
                    keys().map_err(|message| mend(message, "mend the reference under `[s3]`"))?;
                let keys = Credentials::new(id, secret, session_token, None, "standpipe");
                aws_sdk_s3::Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .credentials_provider(keys)
                    .http_client(self.http.clone())
            }
            keys => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .http_client(self.http.clone())
                    .timeout_config(timeouts.clone());
                if let Some(profile) = profile {
                    loader = loader.profile_name(profile);
                }
                if let Some(keys) = keys {
                    let Keys { id, secret, session_token } =
                        keys().map_err(|message| mend(message, "mend the reference under `[s3]`"))?;
                    loader = loader.credentials_provider(Credentials::new(
                        id,
                        secret,
                        session_token,
                        None,
                        "standpipe",
                    ));
                }
                aws_sdk_s3::config::Builder::from(&loader.load().await)
            }
        };
        let found = region.clone().map(Region::new);
        if let Some(region) = found.or_else(|| endpoint.as_ref().map(|_| Region::new(USUAL_REGION))) {
            config = config.region(region);
        }
        config.set_endpoint_url(endpoint.clone());
        let config = config
            .force_path_style(*path_style)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // What is sent has the sums that are given; nothing is summed a second time.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        if config.region().is_none() {
            let message = "no region is set".to_owned();
            return Err(mend(message, "write `region` under `[s3]`"));
        }
        let endpoint = match (endpoint, config.region()) {
            (None, Some(region)) => format!("S3 in {region}"),
            _ => place,
        };
        Ok(Using { client: Client::from_conf(config), endpoint: endpoint.into() })
    }
}
