//! The port for those who watch the host: `/health/live`, `/health/ready` and `/metrics`.

pub mod metrics;
mod table;

use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;
use standpipe_record::{Clock, SystemClock};
use standpipe_stream::Health;

use crate::api::Api;
use crate::call::host;
use crate::firehose::is_loopback;
use crate::server::Connections;
use metrics::HostFigures;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// What the port serves.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    api: Api,
    connections: Arc<Connections>,
    /// The port is on loopback, so its callers are, too.
    is_local: bool,
}

impl Admin {
    pub(crate) fn new(api: Api, connections: Arc<Connections>, is_local: bool) -> Self {
        Self { api, connections, is_local }
    }

    /// Status, content type and text.
    pub(crate) fn answer(&self, head: &Parts) -> (StatusCode, &'static str, String) {
        if self.is_local && !host(head).is_some_and(is_loopback) {
            return (
                StatusCode::FORBIDDEN,
                TEXT,
                "the Host of a request must be a loopback address\n".into(),
            );
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".into());
        }
        match head.uri.path() {
            "/health/live" => (StatusCode::OK, TEXT, "ok\n".into()),
            "/health/ready" => self.ready(),
            "/metrics" => (StatusCode::OK, metrics::CONTENT_TYPE, self.metrics()),
            _ => {
                let paths = "there are /health/live, /health/ready and /metrics\n";
                (StatusCode::NOT_FOUND, TEXT, paths.into())
            }
        }
    }

    /// Whether every stream runs, and which does not.
    fn ready(&self) -> (StatusCode, &'static str, String) {
        let mut all = true;
        let mut streams = serde_json::Map::new();
        for (name, health) in self.api.shared.streams.health() {
            let told = match health {
                Health::Starting => "starting",
                Health::Running => "running",
                Health::Ended => "ended",
                Health::Failed => "failed",
            };
            all &= matches!(health, Health::Running | Health::Ended);
            let plan = self.api.shared.streams.plan(&name);
            let trouble = plan.and_then(|plan| plan.metrics.trouble()).map(|trouble| trouble.message);
            streams.insert(name, json!({ "state": told, "trouble": trouble }));
        }
        let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, JSON, format!("{}\n", json!({ "ready": all, "streams": streams })))
    }

    fn metrics(&self) -> String {
        let shared = &self.api.shared;
        let is_up = |health| matches!(health, Health::Running | Health::Ended);
        let host = HostFigures {
            connections: self.connections.open(),
            connections_most: self.connections.most(),
            memory_used: shared.admission.used(),
            memory_most: shared.admission.most(),
            refused_requests: shared.admission.refused(),
            streams: shared
                .streams
                .health()
                .into_iter()
                .map(|(name, health)| (name, is_up(health)))
                .collect(),
        };
        metrics::render(&shared.metrics, &host, SystemClock.now_ms())
    }
}
