//! Several requests from one line.

use crate::Request;

/// The most requests that one line may stand for. A line that asks for more is corrupt: it would keep a reader busy for
/// hours. Real traces stay below a few thousand.
pub(super) const RUN_MAX: u64 = 1 << 24;

/// What is left of a line's requests; batches may end within.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    pub(super) key: u64,
    /// From one request's key to the next.
    pub(super) step: u64,
    pub(super) size: u64,
    pub(super) left: u64,
}

impl Run {
    /// Appends requests until `batch` holds `full` of them or none is left.
    pub(super) fn drain(&mut self, batch: &mut Vec<Request>, full: usize) {
        while self.left > 0 && batch.len() < full {
            batch.push(Request::new(self.key, self.size));
            // May wrap only behind the last request, where the key is not used.
            self.key = self.key.wrapping_add(self.step);
            self.left -= 1;
        }
    }
}
