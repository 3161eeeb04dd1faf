//! What the system knows of this process.

use std::fs;

use anyhow::Context;

/// The memory that this process keeps resident.
pub(crate) fn resident_bytes() -> anyhow::Result<u64> {
    let status =
        fs::read_to_string("/proc/self/status").context("this system does not tell resident memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse::<u64>().context("no number of kB")? * 1024)
}

/// What this process has read and written so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transferred {
    /// Bytes handed to `write` and its kin, whether or not they have reached the disk.
    pub(crate) written: u64,
    /// Bytes that were, or are to be, sent to the disk: whole pages, each as often as it is written back.
    pub(crate) sent_to_disk: u64,
    /// Bytes that came from the disk, not from memory.
    pub(crate) fetched_from_disk: u64,
}

impl Transferred {
    pub(crate) fn so_far() -> anyhow::Result<Self> {
        let told = fs::read_to_string("/proc/self/io").context("this system does not count bytes written")?;
        let field = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.strip_prefix(": ")).context("a field is missing")?;
            number.parse::<u64>().with_context(|| format!("{name} is no number"))
        };
        Ok(Self {
            written: field("wchar")?,
            sent_to_disk: field("write_bytes")?,
            fetched_from_disk: field("read_bytes")?,
        })
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            written: self.written - earlier.written,
            sent_to_disk: self.sent_to_disk - earlier.sent_to_disk,
            fetched_from_disk: self.fetched_from_disk - earlier.fetched_from_disk,
        }
    }
}
