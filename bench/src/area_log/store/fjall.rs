//! fjall: `insert`, then `persist` with `PersistMode::SyncData`. The journal is locked while it is synced, and every writer
//! syncs. A batch of one that asks to be durable is slower with many writers: what `persist` finds synced already costs less.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::area_log::{
    pairs::{Key, Pair},
    store::{Reader, Settings, Store},
};

pub(super) struct Fjall {
    database: Database,
    keyspace: Keyspace,
    durability: Option<PersistMode>,
}

pub(super) fn open(folder: &Path, settings: Settings) -> anyhow::Result<Fjall> {
    let mut builder = Database::builder(folder);
    if let Some(bytes) = settings.own_cache_bytes {
        builder = builder.cache_size(u64::try_from(bytes)?);
    }
    let database = builder.open()?;
    let keyspace = database.keyspace("pairs", KeyspaceCreateOptions::default)?;
    Ok(Fjall { database, keyspace, durability: settings.durable.then_some(PersistMode::SyncData) })
}

/// How long compaction may take to come to rest.
const PATIENCE: Duration = Duration::from_mins(2);
/// Compaction that pauses for so long is over.
const REST: Duration = Duration::from_millis(300);

impl Store for Fjall {
    fn put(&self, key: &Key, value: &[u8]) -> anyhow::Result<()> {
        self.keyspace.insert(key.as_slice(), value)?;
        if let Some(durability) = self.durability {
            self.database.persist(durability)?;
        }
        Ok(())
    }

    fn put_all(&self, pairs: &[Pair]) -> anyhow::Result<()> {
        let mut batch = self.database.batch().durability(self.durability);
        for (key, value) in pairs {
            batch.insert(&self.keyspace, key.as_slice(), value.as_slice());
        }
        Ok(batch.commit()?)
    }

    fn reader(&self) -> anyhow::Result<Box<dyn Reader + '_>> {
        Ok(Box::new(&self.keyspace))
    }

    fn settle(&self) -> anyhow::Result<()> {
        self.database.persist(PersistMode::SyncAll)?;
        self.keyspace.rotate_memtable_and_wait()?;
        let began = Instant::now();
        let mut at_rest_since = Instant::now();
        while at_rest_since.elapsed() < REST {
            if self.database.active_compactions() > 0 || self.database.outstanding_flushes() > 0 {
                at_rest_since = Instant::now();
            }
            if began.elapsed() > PATIENCE {
                bail!("its compaction does not come to rest");
            }
            thread::sleep(REST / 30);
        }
        Ok(())
    }

    fn told(&self) -> String {
        format!("{} compactions", self.database.compactions_completed())
    }
}

impl Reader for &Keyspace {
    fn get(&mut self, key: &Key) -> anyhow::Result<Option<usize>> {
        Ok(Keyspace::get(self, key)?.map(|value| value.len()))
    }
}
