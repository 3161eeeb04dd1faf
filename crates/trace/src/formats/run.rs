//! Several requests from one line.

use crate::Request;

/// The most requests that one line may stand for. A line that asks for more is corrupt: it would keep a reader busy for
/// hours. Real traces stay below a few thousand.
pub(super) const RUN_MAX: u64 = 1 << 24;

/// What is left of a line's requests; batches may end within.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) request: Request,
    /// From one request's key to the next.
    pub(super) step: u64,
    pub(super) left: u64,
}

impl Default for Run {
    fn default() -> Self {
        Self { request: Request::new(0, 0), step: 0, left: 0 }
    }
}

impl Run {
    /// Appends requests until `batch` holds `full` of them or none is left.
    pub(super) fn drain(&mut self, batch: &mut Vec<Request>, full: usize) {
        while self.left > 0 && batch.len() < full {
            batch.push(self.request);
            // May wrap only behind the last request, where the key is not used.
            self.request.key = self.request.key.wrapping_add(self.step);
            self.left -= 1;
        }
    }
}
