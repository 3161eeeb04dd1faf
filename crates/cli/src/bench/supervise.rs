//! Runs a measurement to its end, to Ctrl-C, or until the server falls silent; shows how far it is.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};

use super::tally::Tally;

/// Why a run ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Complete,
    Interrupted,
    Failed(anyhow::Error),
}

/// Runs `measurement` and stops the tally's clock when it ends, however it does.
pub(crate) async fn supervise(
    tally: &Tally,
    measurement: impl Future<Output = anyhow::Result<()>>,
) -> Ending {
    let bar = progress_bar();
    let ending = tokio::select! {
        ended = measurement => ended.map_or_else(Ending::Failed, |()| Ending::Complete),
        pressed = tokio::signal::ctrl_c() => pressed.map_or_else(|error| Ending::Failed(error.into()), |()| Ending::Interrupted),
        silence = watch(tally, &bar) => Ending::Failed(silence),
    };
    tally.finish();
    bar.finish_and_clear();
    ending
}

/// Shows progress; ends only when nothing was answered for too long.
async fn watch(tally: &Tally, bar: &ProgressBar) -> anyhow::Error {
    let mut ticks = tokio::time::interval(TICK);
    let (mut replies, mut changed) = (0, Instant::now());
    let (mut shown, mut shown_at) = (0, Instant::now());
    loop {
        ticks.tick().await;
        if tally.replies() != replies || !tally.is_waiting() {
            (replies, changed) = (tally.replies(), Instant::now());
        } else if changed.elapsed() > SILENCE_MAX {
            return anyhow!("the server did not reply for {} s", SILENCE_MAX.as_secs());
        }
        let rate = (replies - shown) as f64 / shown_at.elapsed().as_secs_f64();
        (shown, shown_at) = (replies, Instant::now());
        bar.set_message(format!("{replies} replies, {rate:.0}/s"));
        match tally.fraction() {
            Some(fraction) => bar.set_position((fraction * BAR_LENGTH as f64) as u64),
            None => bar.tick(),
        }
    }
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(BAR_LENGTH);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {msg}") {
        bar.set_style(style);
    }
    bar
}

const BAR_LENGTH: u64 = 1000;
const TICK: Duration = Duration::from_millis(250);
const SILENCE_MAX: Duration = Duration::from_secs(30);
