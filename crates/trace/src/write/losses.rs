//! What a format had no place for.

use std::fmt;

use crate::{Format, Op, Request};

/// What got lost when requests were written down: how many requests had something to say that the format cannot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Requests written, with losses or without.
    pub requests: u64,
    /// Sizes other than 1 that were left out.
    pub sizes: u64,
    /// Sizes that were cut to the 4,294,967,295 bytes that four bytes hold.
    pub sizes_cut: u64,
    /// Writes and deletes that look like reads now.
    pub ops: u64,
    /// Times to live that were left out.
    pub ttls: u64,
    /// Times that were left out.
    pub times: u64,
    /// Times that were cut to whole seconds, or to the 136 years of them that four bytes hold.
    pub times_cut: u64,
}

impl Losses {
    /// Whether everything is there.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self { requests: self.requests, ..Self::default() }
    }

    pub(super) fn count(&mut self, format: Format, request: &Request) {
        use Format::{Csv, Jsonl, Oracle, Twitter, Vscsi};
        self.requests += 1;
        match format {
            Csv | Jsonl | Twitter => {}
            Oracle | Vscsi => self.sizes_cut += u64::from(request.size > u64::from(u32::MAX)),
            _ => self.sizes += u64::from(request.size != 1),
        }
        if !matches!(format, Csv | Jsonl | Twitter | Vscsi) {
            self.ops += u64::from(request.op != Op::Read);
        }
        if !matches!(format, Csv | Jsonl | Twitter) {
            self.ttls += u64::from(request.ttl_s.is_some());
        }
        if let Some(time_us) = request.time_us {
            match format {
                Csv | Jsonl | Vscsi => {}
                Twitter => self.times_cut += u64::from(time_us % 1_000_000 != 0),
                Oracle => {
                    let fits = time_us % 1_000_000 == 0 && time_us / 1_000_000 <= u64::from(u32::MAX);
                    self.times_cut += u64::from(!fits);
                }
                _ => self.times += 1,
            }
        }
    }
}

/// One line, such as `lost: 10 sizes, 3 times to live`; empty if nothing is.
impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = [
            (self.sizes, "sizes"),
            (self.sizes_cut, "sizes cut to 4294967295 bytes"),
            (self.ops, "writes or deletes that became reads"),
            (self.ttls, "times to live"),
            (self.times, "times"),
            (self.times_cut, "times cut to whole seconds"),
        ];
        let lost = each.into_iter().filter(|(count, _)| *count > 0);
        for (index, (count, what)) in lost.enumerate() {
            f.write_str(if index == 0 { "lost: " } else { ", " })?;
            write!(f, "{count} {what}")?;
        }
        Ok(())
    }
}
