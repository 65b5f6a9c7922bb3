//! Who may call, and what they may do. Without any key everybody may do everything, and the server is on loopback only.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use standpipe_spec as spec;
use subtle::ConstantTimeEq;

use crate::auth::Secret;
use crate::fault::{Cause, Fault};

/// The keys of a host.
#[derive(Debug, Default)]
pub struct Access {
    /// By their ids.
    keys: HashMap<String, Key>,
}

/// A key, whose secrets are never shown.
pub(crate) struct Key {
    /// Its name in the config.
    name: String,
    id: String,
    secret: String,
    session_token: Option<String>,
    actions: Vec<String>,
    streams: Vec<String>,
    buckets: Vec<String>,
    plugins: Vec<String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// Somebody on this machine: there are no keys.
    Anyone,
    /// Whoever has this key.
    Key(&'a Key),
}

impl Access {
    /// Reads the secrets that the config refers to. A failure is one sentence that says what to do.
    pub(crate) fn read(keys: &std::collections::BTreeMap<String, spec::Key>) -> Result<Self, String> {
        let mut access = Self::default();
        for key in keys.values() {
            let named = |error: String| format!("key `{}`: {error}", key.name.value);
            let token = key.access.session_token.as_ref();
            let read = Key {
                name: key.name.value.clone(),
                id: key.access.id.read().map_err(named)?,
                secret: key.access.secret.read().map_err(named)?,
                session_token: token.map(spec::Secret::read).transpose().map_err(named)?,
                actions: key.actions.clone(),
                streams: key.streams.clone(),
                buckets: key.buckets.clone(),
                plugins: key.plugins.clone(),
            };
            if let Some(other) = access.keys.values().find(|other| other.secret == read.secret) {
                return Err(format!("keys `{}` and `{}` have the same secret", other.name, read.name));
            }
            let (id, name) = (read.id.clone(), read.name.clone());
            if let Some(other) = access.keys.insert(id, read) {
                return Err(format!("keys `{}` and `{name}` have the same id", other.name));
            }
        }
        Ok(access)
    }

    /// Whether there are no keys.
    pub(crate) fn is_open(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key with this id.
    pub(crate) fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }

    /// What belongs to the key with this id.
    pub(crate) fn secret(&self, id: &str) -> Option<Secret<'_>> {
        let key = self.key(id)?;
        Some(Secret { key: &key.secret, session_token: key.session_token.as_deref() })
    }

    /// The key that a plain producer shows: `Bearer SECRET`, or `Basic` with its id and secret. None if it is none.
    pub(crate) fn shown(&self, authorization: &str) -> Option<&Key> {
        let (scheme, shown) = authorization.split_once(' ')?;
        let shown = shown.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            // Each is compared, so that time says nothing of which.
            return self
                .keys
                .values()
                .fold(None, |found, key| if key.is_secret(shown) { Some(key) } else { found });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let pair = base64_simd::STANDARD.decode_to_vec(shown).ok()?;
            let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
            return self.key(id).filter(|key| key.is_secret(secret));
        }
        None
    }
}

impl Key {
    fn is_secret(&self, shown: &str) -> bool {
        // Of hashes, so that it says nothing of the length either.
        let of = |text: &str| Sha256::digest(text.as_bytes());
        self.session_token.is_none() && of(&self.secret).ct_eq(&of(shown)).into()
    }
}

impl Caller<'_> {
    /// What tells the caller from others.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Anyone => "",
            Self::Key(key) => &key.id,
        }
    }

    /// What logs call the caller.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Anyone => None,
            Self::Key(key) => Some(&key.name),
        }
    }

    /// Whether it may see this stream at all.
    pub(crate) fn sees(&self, stream: &str) -> bool {
        match self {
            Self::Anyone => true,
            Self::Key(key) => key.streams.iter().any(|pattern| matches(pattern, stream)),
        }
    }

    fn may(&self, action: &str) -> bool {
        match self {
            Self::Anyone => true,
            Self::Key(key) => key.actions.iter().any(|pattern| matches(pattern, action)),
        }
    }

    /// Refuses what the key does not allow. `arn` is that of the stream; without a stream, it is `*`.
    pub(crate) fn authorize(
        &self,
        action: &str,
        stream: Option<&str>,
        account: &str,
        arn: &str,
    ) -> Result<(), Fault> {
        let Self::Key(key) = self else { return Ok(()) };
        if self.may(action) && stream.is_none_or(|stream| self.sees(stream)) {
            return Ok(());
        }
        Err(key.denied(action, account, arn))
    }

    /// Refuses a bucket that a stream of this caller may not have.
    pub(crate) fn permit_bucket(&self, action: &str, bucket: &str, account: &str) -> Result<(), Fault> {
        match self {
            Self::Key(key) if !key.buckets.iter().any(|pattern| matches(pattern, bucket)) => {
                Err(key.denied(action, account, &format!("arn:aws:s3:::{bucket}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a function whose plugin a stream of this caller may not have. Whether there is a plugin for it is told only
    /// to whom it may be any.
    pub(crate) fn permit_plugin(
        &self,
        action: &str,
        plugin: Option<&str>,
        function: &str,
        account: &str,
    ) -> Result<(), Fault> {
        match self {
            Self::Key(key)
                if !key.plugins.iter().any(|pattern| matches(pattern, plugin.unwrap_or_default())) =>
            {
                Err(key.denied(action, account, function))
            }
            _ => Ok(()),
        }
    }
}

impl Key {
    fn denied(&self, action: &str, account: &str, resource: &str) -> Fault {
        let user = &self.name;
        Fault::new(
            Cause::AccessDenied,
            format!(
                "User: arn:aws:iam::{account}:user/{user} is not authorized to perform: firehose:{action} on resource: {resource}"
            ),
        )
    }
}

/// Whether a name is `pattern`, or begins with what stands before the `*` at its end.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let key = |id: &str, secret: &str, streams: &[&str]| Key {
            name: id.to_lowercase(),
            id: id.into(),
            secret: secret.into(),
            session_token: None,
            actions: vec!["Put*".into()],
            streams: streams.iter().map(|name| (*name).to_owned()).collect(),
            buckets: vec!["logs".into()],
            plugins: vec!["mask-*".into()],
        };
        let keys = [key("ONE", "first:secret", &["web", "logs-*"]), key("TWO", "second", &["*"])];
        Access { keys: keys.into_iter().map(|key| (key.id.clone(), key)).collect() }
    }

    #[test]
    fn a_plain_producer_shows_its_secret_or_its_id_and_secret() {
        let access = access();
        let name = |shown: &str| access.shown(shown).map(|key| key.name.as_str());
        assert_eq!(name("Bearer second"), Some("two"));
        assert_eq!(name("bearer  first:secret"), Some("one"));
        assert_eq!(
            name(&format!("Basic {}", base64_simd::STANDARD.encode_to_string("ONE:first:secret"))),
            Some("one")
        );
        for wrong in
            ["", "Bearer", "Bearer ", "Bearer ONE", "Basic ONE:first:secret", "Digest second", "Basic Ojo="]
        {
            assert_eq!(name(wrong), None, "{wrong}");
        }
        assert_eq!(
            name(&format!("Basic {}", base64_simd::STANDARD.encode_to_string("TWO:first:secret"))),
            None
        );
    }

    #[test]
    fn a_key_may_do_what_it_lists_and_is_told_what_it_may_not() {
        let access = access();
        let caller = Caller::Key(access.key("ONE").unwrap());
        let ask = |action, stream| caller.authorize(action, Some(stream), "000000000000", "ARN");
        ask("PutRecord", "web").unwrap();
        ask("PutRecordBatch", "logs-a").unwrap();
        ask("PutRecord", "logs").unwrap_err();
        let denied = ask("DescribeDeliveryStream", "web").unwrap_err();
        assert_eq!(
            denied.message,
            "User: arn:aws:iam::000000000000:user/one is not authorized to perform: firehose:DescribeDeliveryStream on resource: ARN"
        );
        caller.permit_bucket("UpdateDestination", "logs", "").unwrap();
        caller.permit_plugin("UpdateDestination", Some("mask-all"), "f", "").unwrap();
        let denied = caller.permit_bucket("UpdateDestination", "logs2", "000000000000").unwrap_err();
        assert_eq!(
            denied.message,
            "User: arn:aws:iam::000000000000:user/one is not authorized to perform: firehose:UpdateDestination on resource: arn:aws:s3:::logs2"
        );
        let denied = |plugin| caller.permit_plugin("UpdateDestination", plugin, "f", "").unwrap_err().message;
        assert_eq!(denied(Some("mask")), denied(None));
        assert!(Caller::Anyone.permit_bucket("UpdateDestination", "x", "").is_ok());
        assert!(Caller::Anyone.authorize("DeleteDeliveryStream", Some("x"), "", "").is_ok());
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let access = access();
        assert!(
            !format!("{access:?} {:?} {:?}", access.key("ONE"), access.secret("ONE")).contains("secret\"")
        );
        assert!(!format!("{access:?}").contains("first"));
    }
}
