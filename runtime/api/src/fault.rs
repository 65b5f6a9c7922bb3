//! What clients are told when a request fails: one table from what happened to a name and a status.

use crate::auth::Denied;

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The key may not do this.
    AccessDenied,
    /// There is no signature.
    MissingAuthenticationToken,
    /// The signature is not written as it should be.
    IncompleteSignature,
    /// Nobody has this key.
    UnrecognizedClient,
    /// The signature, or its time, is wrong.
    InvalidSignature,
    /// A member has a value that the model does not allow.
    Validation,
    /// The body is no JSON of the operation.
    Serialization,
    /// The operation cannot do that.
    InvalidArgument,
    /// There is no such stream.
    ResourceNotFound,
    /// The stream's name is taken, or the stream is not in a state for that.
    ResourceInUse,
    /// Somebody else changed the stream meanwhile.
    ConcurrentModification,
    /// There are too many.
    LimitExceeded,
    /// Try again later.
    ServiceUnavailable,
    /// There is no such operation, or it is not built.
    UnknownOperation,
    /// The request is not what HTTP and the protocol want.
    MalformedHttpRequest,
    /// The body is too large.
    RequestEntityTooLarge,
    /// The body did not come in time.
    RequestTimeout,
    /// Something here is broken.
    InternalFailure,
}

impl Cause {
    /// Its name on the wire and its HTTP status (the service's common errors, and those of its model).
    pub(crate) fn on_wire(self) -> (&'static str, u16) {
        match self {
            Self::AccessDenied => ("AccessDeniedException", 403),
            Self::MissingAuthenticationToken => ("MissingAuthenticationTokenException", 403),
            Self::IncompleteSignature => ("IncompleteSignatureException", 403),
            Self::UnrecognizedClient => ("UnrecognizedClientException", 403),
            Self::InvalidSignature => ("InvalidSignatureException", 403),
            Self::Validation => ("ValidationException", 400),
            Self::Serialization => ("SerializationException", 400),
            Self::InvalidArgument => ("InvalidArgumentException", 400),
            Self::ResourceNotFound => ("ResourceNotFoundException", 400),
            Self::ResourceInUse => ("ResourceInUseException", 400),
            Self::ConcurrentModification => ("ConcurrentModificationException", 400),
            Self::LimitExceeded => ("LimitExceededException", 400),
            Self::ServiceUnavailable => ("ServiceUnavailableException", 500),
            Self::UnknownOperation => ("UnknownOperationException", 404),
            Self::MalformedHttpRequest => ("MalformedHttpRequestException", 400),
            Self::RequestEntityTooLarge => ("RequestEntityTooLargeException", 413),
            Self::RequestTimeout => ("RequestTimeoutException", 408),
            Self::InternalFailure => ("InternalFailure", 500),
        }
    }
}

/// A request that failed, and what its client is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    /// Why.
    pub(crate) cause: Cause,
    /// In words.
    pub(crate) message: String,
}

impl Fault {
    /// `message` is for whoever wrote the client.
    pub(crate) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into() }
    }

    /// Over quota, rate or memory: the client is to come back.
    pub(crate) fn slow_down() -> Self {
        Self::new(Cause::ServiceUnavailable, "Slow down.")
    }

    /// What is wrong here is for the log, not for the client.
    pub(crate) fn internal() -> Self {
        Self::new(
            Cause::InternalFailure,
            "The request processing has failed because of an unknown error, exception or failure.",
        )
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        let cause = match denied {
            Denied::Missing => Cause::MissingAuthenticationToken,
            Denied::Incomplete(_) => Cause::IncompleteSignature,
            Denied::UnknownKey => Cause::UnrecognizedClient,
            Denied::Skewed { .. } | Denied::Mismatch => Cause::InvalidSignature,
        };
        Self::new(cause, denied.to_string())
    }
}
