//! What signs a call: a key of the config file, or what AWS's own clients would take.

use std::path::Path;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use standpipe_spec::{Config, Key};

use super::failure::chain;
use super::problem::Problem;
use super::trust::provider;

/// The key of this name.
pub(super) fn named(name: &str, config: &Config, path: &Path) -> Result<Credentials, Problem> {
    match config.keys.get(name) {
        Some(key) => read(key),
        None => {
            let what = format!("`{}` has no `[keys.{name}]`", path.display());
            Err(Problem::wrong(what).help(match config.keys.is_empty() {
                true => "it has no keys at all: leave --key away".to_owned(),
                false => format!("its keys are {}", names(config)),
            }))
        }
    }
}

/// Who calls the host of a config, unless it is said: nobody where there are no keys, the only key where there is one.
pub(super) async fn of_config(config: &Config) -> Result<Option<Credentials>, Problem> {
    let mut keys = config.keys.values();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => read(key).map(Some),
        _ => match of_surroundings().await? {
            None => {
                let what = format!("the config file has several keys: {}", names(config));
                Err(Problem::wrong(what).help("say by --key NAME which of them signs"))
            }
            found => Ok(found),
        },
    }
}

/// What the environment or a profile of AWS's shared files says. The places where machines of AWS have theirs are not asked:
/// a host knows keys that do not change.
pub(super) async fn of_surroundings() -> Result<Option<Credentials>, Problem> {
    // A profile may lead to a service that is to be asked.
    let http = aws_smithy_http_client::Builder::new().tls_provider(provider()).build_https();
    let config = ProviderConfig::default().with_http_client(http);
    let profile = ProfileFileCredentialsProvider::builder().configure(&config).build();
    let variables = EnvironmentVariableCredentialsProvider::new();
    let found =
        CredentialsProviderChain::first_try("the environment", variables).or_else("a profile", profile);
    match found.provide_credentials().await {
        Ok(credentials) => Ok(Some(credentials)),
        Err(CredentialsError::CredentialsNotLoaded(_)) => Ok(None),
        Err(error) => Err(Problem::failed(format!("AWS's usual places give no key: {}", chain(&error)))),
    }
}

fn names(config: &Config) -> String {
    config.keys.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Looks up what a key refers to.
fn read(key: &Key) -> Result<Credentials, Problem> {
    let wrong = |error| Problem::wrong(format!("the key `{}` cannot be used: {error}", key.name.value));
    let id = key.access.id.read().map_err(wrong)?;
    let secret = key.access.secret.read().map_err(wrong)?;
    let token = key.access.session_token.as_ref().map(|token| token.read().map_err(wrong)).transpose()?;
    Ok(Credentials::new(id, secret, token, None, "standpipe"))
}
