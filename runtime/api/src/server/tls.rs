//! TLS by a certificate and a key in files, which are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use standpipe_spec as spec;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, ServerConfig};

use super::ServeError;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(1);

/// The certificate that holds now, and where it is from.
#[derive(Debug)]
pub(super) struct Keeper {
    files: spec::Tls,
    current: Arc<Current>,
    seen: Option<Stamp>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

/// What tells one state of both files from another.
type Stamp = [(SystemTime, u64); 2];

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Keeper {
    pub(super) fn read(files: &spec::Tls) -> Result<Self, ServeError> {
        let failed = |problem| {
            let spec::Tls { certificate, key } = files.clone();
            ServeError::Tls { certificate, key, problem }
        };
        let provider = Arc::new(ring::default_provider());
        let seen = stamp(files);
        let current = Arc::new(Current(RwLock::new(load(files, &provider).map_err(failed)?)));
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| failed(error.to_string()))?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&current) as _;
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { files: files.clone(), current, seen, config: Arc::new(config) })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Reads the files again when they change. What cannot be used changes nothing.
    pub(super) async fn watch(mut self, mut stopped: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let now = stamp(&self.files);
            if now == self.seen {
                continue;
            }
            self.seen = now;
            let certificate = self.files.certificate.display();
            match load(&self.files, self.config.crypto_provider()) {
                Ok(loaded) => {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                    tracing::info!(%certificate, "the certificate was read again");
                }
                // One of the two may be written later.
                Err(error) => tracing::warn!(%certificate, error, "the certificate stays as it was"),
            }
        }
    }
}

fn stamp(files: &spec::Tls) -> Option<Stamp> {
    let of = |path: &Path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    Some([of(&files.certificate)?, of(&files.key)?])
}

/// Reads both, and checks that they belong together.
fn load(files: &spec::Tls, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
    let told = |path: &PathBuf, error: pem::Error| format!("`{}`: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| told(&files.certificate, error))?;
    if chain.is_empty() {
        return Err(format!("`{}` has no certificate in PEM", files.certificate.display()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| told(&files.key, error))?;
    CertifiedKey::from_der(chain, key, provider).map(Arc::new).map_err(|error| match error {
        Error::InconsistentKeys(_) => "the key is not that of the certificate".to_owned(),
        error => error.to_string(),
    })
}
