//! `/metrics`: the counters, as Prometheus text.

use std::sync::atomic::Ordering::Relaxed;

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{Door, problem::Problem};
use crate::context::Context;

pub(super) async fn metrics(State(door): State<Door>) -> Response {
    let mut registry = Registry::with_prefix("nuthatch");
    registry.register_collector(Box::new(Snapshot::of(&door.context)));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written")
            .into_response(),
    }
}

/// All figures at one moment: name, what it is, value.
#[derive(Debug)]
struct Snapshot {
    counters: Vec<(&'static str, &'static str, u64)>,
    gauges: Vec<(&'static str, &'static str, u64)>,
}

impl Snapshot {
    fn of(context: &Context) -> Self {
        let stats = context.keyspace.stats();
        let seen = &context.counters;
        let mut counters = vec![
            ("commands", "Commands run over RESP", seen.commands.load(Relaxed)),
            ("http_requests", "Requests over HTTP", seen.http_requests.load(Relaxed)),
            ("connections_accepted", "RESP connections accepted", seen.connections_accepted.load(Relaxed)),
            ("connections_refused", "RESP connections turned away", seen.connections_refused.load(Relaxed)),
            ("memory_hits", "Reads that memory answered", stats.memory.hits),
            ("log_hits", "Reads that the log answered", stats.log_hits),
            ("misses", "Reads that found nothing", stats.misses),
            ("memory_insertions", "Entries that came into memory", stats.memory.insertions),
            ("memory_evictions", "Entries that left memory to make room", stats.memory.evictions),
            (
                "memory_expirations",
                "Entries that left memory because their time had come",
                stats.memory.expirations,
            ),
            ("memory_rejections", "Entries larger than memory as a whole", stats.memory.rejections),
        ];
        let mut gauges = vec![
            ("connections_open", "Connections open now", seen.connections_open.load(Relaxed) as u64),
            ("keys", "Keys, wherever they are", context.keyspace.len() as u64),
            ("memory_entries", "Entries in memory", stats.memory.len),
            ("memory_weight", "Weight in memory, in the unit of its bound", stats.memory.weight),
            ("memory_capacity", "Weight that memory may hold", stats.memory_capacity),
            ("uptime_seconds", "Seconds since the server started", context.started.elapsed().as_secs()),
        ];
        if let Some(log) = stats.log {
            counters.push(("log_appends", "Batches appended to the log", log.appends));
            counters.push(("log_syncs", "Times that the log was synced", log.syncs));
            gauges.push(("log_segments", "Segments of the log", log.segments as u64));
            gauges.push(("log_disk_bytes", "Bytes of the log on disk", log.disk_bytes));
            gauges.push(("log_live_bytes", "Bytes of the log that are still needed", log.live_bytes));
        }
        Self { counters, gauges }
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, help, value) in &self.counters {
            let metric = ConstCounter::new(*value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        for (name, help, value) in &self.gauges {
            let metric = ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX));
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        Ok(())
    }
}
