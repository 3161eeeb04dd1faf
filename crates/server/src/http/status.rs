//! `/health` and `/ready`: whether the server lives, and whether it should be sent requests.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use nuthatch_keyspace::Bound;
use serde_json::json;

use super::{Door, problem::Problem};

/// Alive, and how each tier does. The status is 200 as long as the process can answer at all.
pub(super) async fn health(State(door): State<Door>) -> Response {
    let keyspace = &door.context.keyspace;
    let stats = keyspace.stats();
    let memory = match keyspace.bound() {
        Bound::Bytes(bytes) => {
            json!({"state": "up", "entries": stats.memory.len, "bytes": stats.memory.weight, "bytes_max": bytes})
        }
        Bound::Entries(entries) => {
            json!({"state": "up", "entries": stats.memory.len, "entries_max": entries})
        }
    };
    let mut tiers = json!({"memory": memory});
    let mut state = "up";
    if let Some(stats) = stats.log {
        let log_state = if stats.poisoned { "read-only" } else { "up" };
        if stats.poisoned {
            state = "degraded";
        }
        tiers["log"] = json!({
            "state": log_state,
            "keys": stats.keys,
            "segments": stats.segments,
            "disk_bytes": stats.disk_bytes,
        });
    }
    Json(json!({"status": state, "version": env!("CARGO_PKG_VERSION"), "tiers": tiers})).into_response()
}

/// 200 if requests may be sent here, 503 if the server drains or cannot keep what it is given.
pub(super) async fn ready(State(door): State<Door>) -> Response {
    let refuse = |why: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    if *door.draining.borrow() {
        return refuse("the server is shutting down; send requests elsewhere");
    }
    if door.context.keyspace.log().is_some_and(|log| log.stats().poisoned) {
        return refuse("the log refuses writes after a failed one; mend the disk and restart the server");
    }
    Json(json!({"status": "ready"})).into_response()
}
