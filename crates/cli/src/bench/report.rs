//! The figures, for people and for scripts.

use std::io::Write as _;

use serde::Serialize;

use super::supervise::Ending;
use super::tally::Tally;
use super::target::Target;

/// How to print the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    Table,
    Json,
}

/// What one run measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    target: String,
    workload: String,
    /// `complete`, `interrupted` or `failed`.
    ending: &'static str,
    /// Replies whose latency was measured: all, but for the SETs after the misses of a replay.
    requests: u64,
    gets: u64,
    sets: u64,
    hits: u64,
    /// Of the GETs; `null` without any.
    hit_ratio: Option<f64>,
    /// Requests that had no reply when the run ended.
    unanswered: u64,
    seconds: f64,
    requests_per_second: f64,
    latency_us: Latency,
}

/// In microseconds.
#[derive(Debug, Serialize)]
struct Latency {
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p99_9: f64,
    max: f64,
}

impl Report {
    pub(crate) fn new(target: &Target, workload: String, tally: &Tally, ending: &Ending) -> Self {
        let figures = tally.figures();
        let latency = &figures.latency;
        let quantile = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
        let seconds = figures.elapsed.as_secs_f64();
        let unanswered = (figures.gets + figures.sets).saturating_sub(figures.answered);
        let answered_gets = figures.gets.saturating_sub(unanswered);
        Self {
            target: target.to_string(),
            workload,
            ending: match ending {
                Ending::Complete => "complete",
                Ending::Interrupted => "interrupted",
                Ending::Failed(_) => "failed",
            },
            requests: latency.len(),
            gets: figures.gets,
            sets: figures.sets,
            hits: figures.hits,
            hit_ratio: (answered_gets > 0).then(|| figures.hits as f64 / answered_gets as f64),
            unanswered,
            seconds,
            requests_per_second: if seconds > 0.0 { latency.len() as f64 / seconds } else { 0.0 },
            latency_us: Latency {
                mean: latency.mean() / 1000.0,
                p50: quantile(0.5),
                p90: quantile(0.9),
                p99: quantile(0.99),
                p99_9: quantile(0.999),
                max: latency.max() as f64 / 1000.0,
            },
        }
    }

    /// Whether anything was measured.
    pub(crate) fn has_figures(&self) -> bool {
        self.requests > 0
    }

    pub(crate) fn print(&self, output: Output) -> anyhow::Result<()> {
        let text = match output {
            Output::Table => self.table(),
            Output::Json => serde_json::to_string(self)? + "\n",
        };
        std::io::stdout().lock().write_all(text.as_bytes())?;
        Ok(())
    }

    fn table(&self) -> String {
        let Self { target, workload, ending, requests, gets, sets, seconds, requests_per_second, .. } = self;
        let Latency { mean, p50, p90, p99, p99_9, max } = &self.latency_us;
        let hit_ratio = match self.hit_ratio {
            Some(ratio) => format!("{ratio:.4} of {gets} GETs"),
            None => "no GETs".to_owned(),
        };
        let unanswered = match self.unanswered {
            0 => String::new(),
            unanswered => format!("unanswered   {unanswered}\n"),
        };
        format!(
            "target       {target}\n\
             workload     {workload}\n\
             run          {ending}: {requests} requests in {seconds:.3} s; {gets} GETs, {sets} SETs\n\
             {unanswered}\
             hit ratio    {hit_ratio}\n\
             throughput   {requests_per_second:.0} requests/s\n\
             latency      p50 {p50:.1} us  p90 {p90:.1} us  p99 {p99:.1} us  p99.9 {p99_9:.1} us  \
             max {max:.1} us  mean {mean:.1} us\n"
        )
    }
}
