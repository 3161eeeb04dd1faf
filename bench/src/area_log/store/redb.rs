//! redb: a write transaction per put, `Durability::Immediate`, its default. One writer at a time.

use std::path::Path;

use redb::{Builder, Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};

use crate::area_log::{
    pairs::{Key, Pair},
    store::{Reader, Settings, Store},
};

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("pairs");

pub(super) struct Redb {
    database: Database,
    durability: Durability,
}

pub(super) fn open(folder: &Path, settings: Settings) -> anyhow::Result<Redb> {
    std::fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    if let Some(bytes) = settings.own_cache_bytes {
        builder.set_cache_size(bytes);
    }
    let database = builder.create(folder.join("pairs.redb"))?;
    let durability = if settings.durable { Durability::Immediate } else { Durability::None };
    let redb = Redb { database, durability };
    redb.write(&[], Durability::Immediate)?; // the table is there from now on
    Ok(redb)
}

impl Redb {
    fn write(&self, pairs: &[(&[u8], &[u8])], durability: Durability) -> anyhow::Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(durability)?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for (key, value) in pairs {
                table.insert(*key, *value)?;
            }
        }
        Ok(transaction.commit()?)
    }
}

impl Store for Redb {
    fn put(&self, key: &Key, value: &[u8]) -> anyhow::Result<()> {
        self.write(&[(key, value)], self.durability)
    }

    fn put_all(&self, pairs: &[Pair]) -> anyhow::Result<()> {
        let pairs = pairs.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
        self.write(&pairs.collect::<Vec<_>>(), self.durability)
    }

    fn reader(&self) -> anyhow::Result<Box<dyn Reader + '_>> {
        // A reader that is opened once and kept: beginning a transaction for each get would only slow it.
        Ok(Box::new(self.database.begin_read()?.open_table(TABLE)?))
    }

    fn settle(&self) -> anyhow::Result<()> {
        self.write(&[], Durability::Immediate)
    }
}

impl Reader for ReadOnlyTable<&'static [u8], &'static [u8]> {
    fn get(&mut self, key: &Key) -> anyhow::Result<Option<usize>> {
        Ok(ReadOnlyTable::get(self, key.as_slice())?.map(|value| value.value().len()))
    }
}
