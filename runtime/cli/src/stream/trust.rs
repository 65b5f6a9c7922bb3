//! Which certificates a host may prove itself with.

use std::path::{Path, PathBuf};

use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::host::variable;
use super::problem::Problem;
use super::text::unreadable;

/// The one TLS of the program.
pub(super) fn provider() -> Provider {
    Provider::Rustls(CryptoMode::Ring)
}

/// Trusts the certificates of a file and no others; without one, those of the system.
pub(super) fn trust(bundle: Option<&Path>) -> Result<TlsContext, Problem> {
    let named = bundle.map(Path::to_owned).or_else(|| variable("AWS_CA_BUNDLE").map(PathBuf::from));
    let mut context = TlsContext::builder();
    if let Some(path) = named {
        let shown = format!("`{}`", path.display());
        let pem = std::fs::read(&path).map_err(|error| unreadable(&shown, &error))?;
        check(&pem).map_err(|what| Problem::wrong(format!("{shown} {what}")))?;
        context = context.with_trust_store(TrustStore::empty().with_pem_certificate(pem));
    }
    context.build().map_err(|error| Problem::failed(error.to_string()))
}

/// The client panics at what is no certificate.
fn check(pem: &[u8]) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("has a certificate that cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err("has no certificate: name a file in PEM".to_owned());
    }
    Ok(())
}
