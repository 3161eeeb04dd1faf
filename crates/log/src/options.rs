//! How a log is opened.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// What [`Log::commit`](crate::Log::commit) waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// `write()`: survives a crash of the process, not a power cut.
    Never,
    /// `write()`, and a background `fdatasync` once per second: a power cut loses at most the last second.
    #[default]
    EverySec,
    /// `fdatasync` of the group that holds the write: survives a power cut.
    Always,
}

impl SyncMode {
    pub(crate) fn from_u8(mode: u8) -> Self {
        match mode {
            0 => Self::Never,
            1 => Self::EverySec,
            _ => Self::Always,
        }
    }
}

/// How to open a log. The defaults suit a server: 64 MiB segments, synced every second, strict about damage.
#[derive(Clone)]
pub struct Options {
    pub(crate) segment_bytes: u64,
    pub(crate) sync: SyncMode,
    pub(crate) dead_percent_max: u8,
    pub(crate) compact_bytes_per_second: u64,
    pub(crate) salvage: bool,
    pub(crate) threads: bool,
    pub(crate) clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) hash_mask: u64,
    pub(crate) hint_bytes_min: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            sync: SyncMode::default(),
            dead_percent_max: 50,
            compact_bytes_per_second: 64 << 20,
            salvage: false,
            threads: true,
            clock: Arc::new(unix_ms),
            hash_mask: u64::MAX,
            hint_bytes_min: 1 << 20,
        }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Size at which a segment is sealed and the next one begins; held between 4 KiB and 2 GiB. A batch that is larger
    /// gets a segment of its own. Space comes back in whole segments, so this is also the grain of trimming.
    #[must_use]
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes.clamp(4 << 10, 2 << 30);
        self
    }

    /// What a commit waits for. [`Log::set_sync`](crate::Log::set_sync) changes it later.
    #[must_use]
    pub fn sync(mut self, mode: SyncMode) -> Self {
        self.sync = mode;
        self
    }

    /// Share of dead bytes, in percent of all bytes on disk, above which segments are rewritten without them; held between
    /// 10 and 90. Lower saves space and costs writes. Writers wait for the compaction once the share is halfway from here to
    /// 100: the disk holds at most `live * 100 / (100 - halfway)` bytes (at 50: four times what is live) and three segments.
    #[must_use]
    pub fn dead_percent_max(mut self, percent: u8) -> Self {
        self.dead_percent_max = percent.clamp(10, 90);
        self
    }

    /// How many bytes a second compaction copies at most, so that it leaves the disk to others; at least 64 KiB. It hurries
    /// regardless of that while writers have to wait for it.
    #[must_use]
    pub fn compact_bytes_per_second(mut self, bytes: u64) -> Self {
        self.compact_bytes_per_second = bytes.max(64 << 10);
        self
    }

    /// Whether damaged bytes are skipped on opening rather than refused.
    ///
    /// What precedes and what follows the damage is kept, each lost range is named in
    /// [`Recovery::lost`](crate::Recovery::lost), and the damaged file stays beside the repaired one as `.damaged`.
    /// A key whose last write lay in a lost range has the value before it, or, if the lost write was its deletion, is
    /// back: this is for an operator who has seen the error and chosen, not for a default.
    #[must_use]
    pub fn salvage(mut self, salvage: bool) -> Self {
        self.salvage = salvage;
        self
    }

    /// How long a segment must be to have a hint, for tests of hints with little data.
    #[doc(hidden)]
    #[must_use]
    pub fn hint_bytes_min(mut self, bytes: u64) -> Self {
        self.hint_bytes_min = bytes;
        self
    }

    /// Cuts the hashes of keys to these bits, for tests of keys that cannot be told apart by them.
    #[doc(hidden)]
    #[must_use]
    pub fn hash_mask(mut self, mask: u64) -> Self {
        self.hash_mask = mask;
        self
    }

    /// Starts no threads, so that a history gives the same calls to the file system each time. Appending trims by itself;
    /// nothing is synced but by `commit` and `flush`; futures of `committed` wait for someone who blocks.
    #[cfg(feature = "simulated")]
    #[must_use]
    pub fn without_threads(mut self) -> Self {
        self.threads = false;
        self
    }

    /// Unix time in milliseconds, by which opening and trimming drop expired records. The system's clock by default.
    #[must_use]
    pub fn clock(mut self, now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now_ms);
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("segment_bytes", &self.segment_bytes)
            .field("sync", &self.sync)
            .field("dead_percent_max", &self.dead_percent_max)
            .field("compact_bytes_per_second", &self.compact_bytes_per_second)
            .field("salvage", &self.salvage)
            .finish_non_exhaustive()
    }
}

fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
