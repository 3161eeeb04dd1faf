//! The stores that take part, behind one small face, and how each is told to do the same as the others.

mod fjall;
mod gathered;
mod nuthatch;
mod redb;
mod sqlite;

use std::path::Path;

use crate::{
    area_log::pairs::{Key, Pair},
    report::{Role, Sample},
};

/// A durable key-value store in a folder of its own.
pub(super) trait Store: Send + Sync {
    /// Sets one key, and returns when that is as durable as the store was opened to be.
    fn put(&self, key: &Key, value: &[u8]) -> anyhow::Result<()>;

    /// The same for many keys at once, all or nothing.
    fn put_all(&self, pairs: &[Pair]) -> anyhow::Result<()>;

    /// What one thread reads with.
    fn reader(&self) -> anyhow::Result<Box<dyn Reader + '_>>;

    /// Brings everything to the disk and finishes what was put off.
    fn settle(&self) -> anyhow::Result<()>;

    /// Waits until the space that overwriting made useless is within bounds, for a store that lets it grow and works on
    /// it by the way.
    fn keep_up(&self) -> anyhow::Result<()> {
        Ok(())
    }

    /// What the store says of itself, as far as it helps to read the figures.
    fn told(&self) -> String {
        String::new()
    }
}

pub(super) trait Reader {
    /// The length of the value, after it was read.
    fn get(&mut self, key: &Key) -> anyhow::Result<Option<usize>>;
}

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Whether a write returns only when it survives a power cut. Otherwise it need not survive anything before
    /// [`Store::settle`].
    pub(super) durable: bool,
    /// Memory for values, pages or blocks that the store keeps by itself; `None` as it comes. Ours has none.
    pub(super) own_cache_bytes: Option<usize>,
    /// Ours only: the size of a segment; `None` as it comes.
    pub(super) segment_bytes: Option<u64>,
    /// Ours only: the share of dead bytes that is tolerated; `None` as it comes.
    pub(super) dead_percent_max: Option<u8>,
}

impl Settings {
    pub(super) const DURABLE: Self =
        Self { durable: true, own_cache_bytes: None, segment_bytes: None, dead_percent_max: None };
    pub(super) const QUICK: Self = Self { durable: false, ..Self::DURABLE };
    /// Room for inner pages, indexes and filters; most values have to come from the system's page cache or from the disk.
    pub(super) const SMALL_OWN_CACHE: Self = Self { own_cache_bytes: Some(16 << 20), ..Self::QUICK };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    Nuthatch,
    Fjall,
    Redb,
    Sqlite,
    FjallGathered,
    RedbGathered,
    SqliteGathered,
}

impl Product {
    /// As they come.
    pub(super) const PLAIN: [Self; 4] = [Self::Nuthatch, Self::Fjall, Self::Redb, Self::Sqlite];
    /// Peers behind a group commit of this benchmark's own, which none of them brings.
    pub(super) const GATHERED: [Self; 3] = [Self::FjallGathered, Self::RedbGathered, Self::SqliteGathered];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nuthatch => "nuthatch",
            Self::Fjall => "fjall",
            Self::Redb => "redb",
            Self::Sqlite => "sqlite",
            Self::FjallGathered => "fjall+gathered",
            Self::RedbGathered => "redb+gathered",
            Self::SqliteGathered => "sqlite+gathered",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::PLAIN.into_iter().chain(Self::GATHERED).find(|product| product.name() == name)
    }

    pub(super) fn sample(self) -> Sample {
        let role = match self {
            Self::Nuthatch => Role::Ours,
            Self::Fjall | Self::Redb | Self::Sqlite => Role::Peer,
            Self::FjallGathered | Self::RedbGathered | Self::SqliteGathered => Role::Beside,
        };
        Sample::new(self.name(), role)
    }

    /// Opens the store in `folder`, which it makes or finds there.
    pub(super) fn open(self, folder: &Path, settings: Settings) -> anyhow::Result<Box<dyn Store>> {
        Ok(match self {
            Self::Nuthatch => Box::new(nuthatch::open(folder, settings)?),
            Self::Fjall => Box::new(fjall::open(folder, settings)?),
            Self::Redb => Box::new(redb::open(folder, settings)?),
            Self::Sqlite => Box::new(sqlite::open(folder, settings)?),
            Self::FjallGathered => Box::new(gathered::Gathered::new(fjall::open(folder, settings)?)),
            Self::RedbGathered => Box::new(gathered::Gathered::new(redb::open(folder, settings)?)),
            Self::SqliteGathered => Box::new(gathered::Gathered::new(sqlite::open(folder, settings)?)),
        })
    }
}
