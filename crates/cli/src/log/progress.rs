//! How far a log is read: on a terminal as a bar of bytes.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Changes of the bar in a second, at most.
const CHANGES_PER_SECOND: u8 = 8;

/// A bar that counts to so many bytes. Writes to standard error only, and only if that is a terminal: results stay clean.
pub(super) fn bar(doing: &'static str, bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let target = ProgressDrawTarget::stderr_with_hz(CHANGES_PER_SECOND);
    let style =
        ProgressStyle::with_template("{bar:24} {msg} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
    ProgressBar::with_draw_target(Some(bytes), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(doing)
}
