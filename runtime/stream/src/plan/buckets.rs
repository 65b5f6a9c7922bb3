//! Where buckets live.

use std::sync::Arc;

use standpipe_sink::{Directory, KeySource, Keys, S3, S3Settings, Sink};
use standpipe_spec::{self as spec, Buckets};

/// Objects of one stream that are put into folders at a time.
const FOLDERS_AT_A_TIME: u32 = 8;

/// Where objects go, one for all streams, and how many of one stream at a time.
pub fn sink(buckets: &Buckets) -> (Arc<dyn Sink>, u32) {
    let endpoint = match buckets {
        Buckets::S3(endpoint) => endpoint,
        // Without any there is no stream, or a finding.
        Buckets::None => return (Arc::new(Directory::new("")), FOLDERS_AT_A_TIME),
        Buckets::Directory(folder) => return (Arc::new(Directory::new(folder)), FOLDERS_AT_A_TIME),
    };
    let keys = endpoint.keys.clone().map(|keys| {
        let source = move || {
            let session_token = keys.session_token.as_ref().map(spec::Secret::read).transpose()?;
            Ok(Keys { id: keys.id.read()?, secret: keys.secret.read()?, session_token })
        };
        Arc::new(source) as KeySource
    });
    let settings = S3Settings {
        endpoint: endpoint.url.clone(),
        region: endpoint.region.clone(),
        path_style: endpoint.path_style,
        profile: endpoint.profile.clone(),
        keys,
        multipart_above: endpoint.multipart_above,
        part_size: endpoint.part_size,
    };
    (Arc::new(S3::new(settings)), endpoint.concurrency)
}
