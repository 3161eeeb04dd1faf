//! Ours: `append`, then `commit`, which waits for the `fdatasync` of the group that holds the write.

use std::path::Path;

use nuthatch_log::{Batch, Log, Options, SyncMode};

use crate::area_log::{
    pairs::{Key, Pair},
    store::{Reader, Settings, Store},
};

pub(super) fn open(folder: &Path, settings: Settings) -> anyhow::Result<Log> {
    let mut options = Options::new().sync(if settings.durable { SyncMode::Always } else { SyncMode::Never });
    if let Some(bytes) = settings.segment_bytes {
        options = options.segment_bytes(bytes);
    }
    if let Some(percent) = settings.dead_percent_max {
        options = options.dead_percent_max(percent);
    }
    Ok(Log::open(folder, options)?.0)
}

impl Store for Log {
    fn put(&self, key: &Key, value: &[u8]) -> anyhow::Result<()> {
        Ok(self.commit(Self::put(self, key, value, None)?)?)
    }

    fn put_all(&self, pairs: &[Pair]) -> anyhow::Result<()> {
        let mut batch = Batch::new();
        for (key, value) in pairs {
            batch.put(key, value, None)?;
        }
        Ok(self.commit(self.append(&batch)?)?)
    }

    fn reader(&self) -> anyhow::Result<Box<dyn Reader + '_>> {
        Ok(Box::new(self))
    }

    fn settle(&self) -> anyhow::Result<()> {
        Ok(self.flush()?)
    }

    fn keep_up(&self) -> anyhow::Result<()> {
        self.trim()?;
        Ok(())
    }

    fn told(&self) -> String {
        let stats = self.stats();
        let live = 100.0 * stats.live_bytes as f64 / stats.disk_bytes.max(1) as f64;
        format!(
            "{} segments, {live:.0} % live, {:.0} MB reclaimed",
            stats.segments,
            stats.reclaimed_bytes as f64 / 1e6
        )
    }
}

impl Reader for &Log {
    fn get(&mut self, key: &Key) -> anyhow::Result<Option<usize>> {
        Ok(Log::get(self, key)?.map(|entry| entry.value.len()))
    }
}
