//! How far a replay is: on a terminal as a bar, and in words for one that was stopped.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nuthatch_simulate::{Progress, Stage};

/// Changes of the bar in a second, at most.
const CHANGES_PER_SECOND: u8 = 8;
/// What the bar counts to.
const BAR_LENGTH: u64 = 1000;

/// Watches a replay. Writes to standard error only, and only if that is a terminal: results stay clean.
pub(crate) struct Watch {
    bar: ProgressBar,
    /// When the pass at hand began, and what it was.
    began: (Instant, Option<Stage>),
    last: Option<Progress>,
    /// Requests of the trace, once a pass has counted them.
    counted: Option<u64>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() {
            let target = ProgressDrawTarget::stderr_with_hz(CHANGES_PER_SECOND);
            ProgressBar::with_draw_target(Some(BAR_LENGTH), target)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{bar:24} {msg}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, began: (Instant::now(), None), last: None, counted: None }
    }

    pub(crate) fn note(&mut self, progress: Progress) {
        if self.began.1 != Some(progress.stage) {
            if let Some(last) = self.last {
                self.counted = Some(last.requests);
            }
            self.began = (Instant::now(), Some(progress.stage));
        }
        self.last = Some(progress);
        if !self.bar.is_hidden() {
            let fraction = self.fraction();
            self.bar.set_position((fraction.unwrap_or(0.0) * BAR_LENGTH as f64) as u64);
            self.bar.set_message(told(progress, fraction, self.began.0.elapsed()));
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// What to say of a replay that was stopped: how much of the trace its figures are about.
    pub(crate) fn stopped(&self) -> String {
        let Some(last) = self.last else { return "stopped before the first request".to_owned() };
        let all = match (self.counted, self.fraction()) {
            (Some(all), _) => format!(" of {}", grouped(all)),
            (None, Some(fraction)) if fraction > 0.0 => {
                format!(" of about {}", grouped(two_digits(last.requests as f64 / fraction)))
            }
            _ => String::new(),
        };
        let requests = grouped(last.requests);
        match last.stage {
            Stage::Counting => format!("stopped while counting objects, after {requests}{all} requests"),
            _ => format!("stopped after {requests}{all} requests: the figures are about these"),
        }
    }

    /// How much of the pass at hand is done, if that can be known.
    fn fraction(&self) -> Option<f64> {
        let last = self.last?;
        let (done, all) = match (self.counted, last.length_bytes) {
            (Some(all), _) => (last.requests, all),
            (None, Some(length)) => (last.position_bytes, length),
            (None, None) => return None,
        };
        (all > 0).then(|| (done as f64 / all as f64).min(1.0))
    }
}

/// `replaying 42 %, 1,234,567 requests, 2,300,000/s, 12 s left`
fn told(progress: Progress, fraction: Option<f64>, elapsed: Duration) -> String {
    let doing = match progress.stage {
        Stage::Counting => "counting objects",
        _ => "replaying",
    };
    let percent = fraction.map(|fraction| format!(" {:.0} %", fraction * 100.0)).unwrap_or_default();
    let mut text = format!("{doing}{percent}, {} requests", grouped(progress.requests));
    let seconds = elapsed.as_secs_f64();
    // Before that a rate says little.
    if seconds > 0.25 {
        text.push_str(&format!(", {}/s", grouped(two_digits(progress.requests as f64 / seconds))));
        if let Some(fraction) = fraction.filter(|fraction| *fraction > 0.0) {
            text.push_str(&format!(", {} left", duration(seconds * (1.0 - fraction) / fraction)));
        }
    }
    text
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02} min"),
        (hours, minutes, _) => format!("{hours}:{minutes:02} h"),
    }
}

/// An estimate with the digits that it deserves.
fn two_digits(number: f64) -> u64 {
    let scale = 10_f64.powf((number.max(1.0).log10().floor() - 1.0).max(0.0));
    ((number / scale).round() * scale) as u64
}

fn grouped(number: u64) -> String {
    nuthatch_simulate::output::grouped(number)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use nuthatch_policy::PolicyKind;
    use nuthatch_simulate::{Capacity, Replay};
    use nuthatch_trace::{Format, Trace};

    use super::*;

    /// 30,241 requests.
    const TRACE: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../simulate/tests/fixtures/lirs_multi3.trace.gz");

    /// What is said of a replay that was stopped in this pass, once so many requests were read.
    fn stopped(capacity: Capacity, stage: Stage, requests: u64) -> String {
        let mut watch = Watch::new();
        let stop = |progress: Progress| {
            watch.note(progress);
            let here = progress.stage == stage && progress.requests >= requests;
            if here { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let replay = Replay::new([PolicyKind::Lru], [capacity]);
        let rows = Trace::open(TRACE, Format::Auto).map(|trace| replay.run_with_progress(trace, stop));
        assert!(matches!(rows, Ok(Ok(_))));
        watch.stopped()
    }

    #[test]
    fn a_replay_that_was_stopped_says_where() {
        assert_eq!(Watch::new().stopped(), "stopped before the first request");
        let told = stopped(Capacity::Share(0.1), Stage::Counting, 8000);
        assert!(told.starts_with("stopped while counting objects, after 8,192 of about "), "{told}");
        let told = stopped(Capacity::Share(0.1), Stage::Replaying, 8000);
        assert_eq!(told, "stopped after 8,192 of 30,241 requests: the figures are about these");
        let told = stopped(Capacity::Objects(10), Stage::Replaying, 8000);
        assert!(told.starts_with("stopped after 8,192 of about "), "{told}");
    }

    #[test]
    fn time_and_estimates_are_short() {
        let cases =
            [(0.1, "1 s"), (59.0, "59 s"), (61.0, "1:01 min"), (3599.5, "1:00 h"), (7380.0, "2:03 h")];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
        let cases =
            [(0.3, 0), (7.0, 7), (42.4, 42), (1234.0, 1200), (2_345_678.9, 2_300_000), (99_600.0, 100_000)];
        for (number, rounded) in cases {
            assert_eq!(two_digits(number), rounded);
        }
    }
}
