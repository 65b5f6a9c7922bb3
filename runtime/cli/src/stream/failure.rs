//! Why there is no answer.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::result::ConnectorError;

use super::refusal::Refusal;

/// An error and its causes, each that says more than what is around it.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut out = String::new();
    for cause in causes(error) {
        let said = cause.to_string();
        if out.is_empty() {
            out = said;
        } else if !out.contains(&said) {
            out = format!("{out}: {said}");
        }
    }
    out
}

/// An error and what caused it. What an error of the system carries is not its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// What a connection that failed means.
pub(super) fn unanswered(url: &str, error: &ConnectorError) -> Refusal {
    let error = error as &(dyn Error + 'static);
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<tokio_rustls::rustls::Error>()) {
        return untrusted(url, tls);
    }
    let system =
        causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    let connector = error.downcast_ref::<ConnectorError>();
    let is_timeout = connector.is_some_and(ConnectorError::is_timeout);
    let refusal =
        |message, help: Option<&str>, lost| Refusal::unanswered(message, help.map(str::to_owned), true, lost);
    let plain = url.starts_with("http:").then_some("if the host has `tls`, write `https://`");
    // What came back cannot be read, and will not be the next time.
    if connector.is_some_and(|error| error.is_other() && error.as_other().is_none()) {
        let message = format!("{url} answers what is not HTTP: {}", deepest(error));
        return Refusal::unanswered(message, plain.map(str::to_owned), false, false);
    }
    match system {
        Some(io::ErrorKind::ConnectionRefused) => {
            let help = "start it with `standpipe run`, or name another by --endpoint-url";
            refusal(format!("no host listens at {url}"), Some(help), false)
        }
        _ if is_timeout => refusal(format!("{url} does not answer in time"), None, true),
        // The other side hung up, or went away in the middle of its answer.
        None
        | Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => {
            refusal(format!("{url} ended the connection without an answer: {}", deepest(error)), plain, true)
        }
        _ => refusal(format!("{url} cannot be reached: {}", deepest(error)), None, false),
    }
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Trying again mends no certificate.
fn untrusted(url: &str, error: &tokio_rustls::rustls::Error) -> Refusal {
    use tokio_rustls::rustls::Error as Tls;
    let is_issuer = error.to_string().contains("CaUsedAsEndEntity");
    let (what, help) = match error {
        Tls::InvalidCertificate(_) if is_issuer => (
            "has the certificate of an issuer, which is none for a host",
            "make one for the host with `basicConstraints=CA:FALSE`, signed by this one",
        ),
        Tls::InvalidCertificate(_) => (
            "has a certificate that is not trusted here",
            "name the file of its issuer by --ca-bundle, and the host as its certificate does by --endpoint-url",
        ),
        _ => ("does not speak TLS as it should", "if the host has no `tls`, write `http://`"),
    };
    Refusal::unanswered(format!("{url} {what}: {error}"), Some(help.to_owned()), false, false)
}
