use std::fmt::Debug;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_sdk_firehose::error::{ProvideErrorMetadata, SdkError};

/// How long something that must happen may take.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) fn equal<T: PartialEq<U> + Debug, U: Debug>(what: &str, found: T, wanted: U) -> Result<()> {
    ensure!(found == wanted, "{what}: found {found:?}, wanted {wanted:?}");
    Ok(())
}

/// A call must be refused with this code, and be known to the SDK as what it is.
pub(crate) fn refused<T: Debug, E: ProvideErrorMetadata>(
    code: &str,
    answer: Result<T, SdkError<E>>,
    is: fn(&E) -> bool,
) -> Result<()> {
    let error = answer.err().with_context(|| format!("it was not refused: {code}"))?;
    equal("the code of the error", error.code(), Some(code))?;
    ensure!(error.as_service_error().is_some_and(is), "the SDK takes {code} for something else");
    Ok(())
}

/// For errors that have no type of their own.
pub(crate) fn untyped<E>(_: &E) -> bool {
    true
}

/// Asks again until the answer is yes; not for ever.
pub(crate) async fn until(what: &str, mut call: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + SOON;
    while !call().await? {
        ensure!(Instant::now() < end, "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
