//! The HTTP door: values under `/cache/{key}`, and what operators ask of a server.

mod cache;
mod conditions;
mod metrics;
mod problem;
mod status;

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{
        StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::sync::watch;

use self::problem::Problem;
use crate::{context::Context, worker::Dealt};

/// What handlers see: what all connections share, and whether the server drains.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) context: Arc<Context>,
    pub(crate) draining: watch::Receiver<bool>,
}

/// Serves the connections dealt to one worker until the server drains.
pub(crate) async fn serve(dealt: Dealt, context: Arc<Context>, mut draining: watch::Receiver<bool>) {
    let door = Door { context, draining: draining.clone() };
    let drained = async move { drop(draining.wait_for(|draining| *draining).await) };
    if let Err(error) = axum::serve(dealt, router(door)).with_graceful_shutdown(drained).await {
        tracing::error!(%error, "the HTTP door of a worker closed");
    }
}

fn router(door: Door) -> Router {
    let cache = get(cache::get).put(cache::put).delete(cache::delete).fallback(wrong_method);
    let guarded = Router::new()
        .route("/cache/{*key}", cache)
        .route_layer(middleware::from_fn_with_state(door.clone(), authenticate));
    let open = Router::new()
        .route("/health", get(status::health).fallback(wrong_method))
        .route("/ready", get(status::ready).fallback(wrong_method))
        .route("/metrics", get(metrics::metrics).fallback(wrong_method));
    guarded
        .merge(open)
        .fallback(unknown_path)
        .layer(middleware::from_fn_with_state(door.clone(), count))
        .with_state(door)
}

async fn count(State(door): State<Door>, request: Request, next: Next) -> Response {
    door.context.counters.http_requests.fetch_add(1, Relaxed);
    next.run(request).await
}

/// With a password set, the cache answers only those who present it as a bearer token.
async fn authenticate(State(door): State<Door>, request: Request, next: Next) -> Response {
    let token =
        request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if door.context.accepts(token.unwrap_or_default()) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "this server wants its password as a bearer token: Authorization: Bearer ...",
    );
    ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

async fn unknown_path() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "there is nothing at this path; values are at /cache/{key}, the server's state at /health, /ready and /metrics",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take this method; /cache/{key} takes GET, HEAD, PUT and DELETE, the others GET",
    )
}

/// A time to live as in `?ttl=30s`: a number with `ms`, `s`, `m`, `h` or `d`, several of them, or plain seconds.
fn parse_ttl(text: &str) -> Option<Duration> {
    let plain = || text.parse().ok().map(Duration::from_secs);
    humantime::parse_duration(text).ok().or_else(plain).filter(|ttl| !ttl.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_a_positive_duration() {
        for (text, expected) in
            [("30s", Some(30_000)), ("1h30m", Some(5_400_000)), ("15ms", Some(15)), ("7", Some(7_000))]
        {
            assert_eq!(parse_ttl(text), expected.map(Duration::from_millis), "{text}");
        }
        for text in ["", "0", "0s", "-1", "soon", "1.5", "99999999999999999999s"] {
            assert_eq!(parse_ttl(text), None, "{text}");
        }
    }
}
