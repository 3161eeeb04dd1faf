//! SQLite: write-ahead log, `synchronous=FULL`, one statement per put, its own transaction. One connection writes, behind
//! a mutex: SQLite lets one write at a time, and would have the others poll. Each reader has a connection of its own.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension};

use crate::area_log::{
    pairs::{Key, Pair},
    store::{Reader, Settings, Store},
};

pub(super) struct Sqlite {
    path: PathBuf,
    settings: Settings,
    writer: Mutex<Connection>,
}

pub(super) fn open(folder: &Path, settings: Settings) -> anyhow::Result<Sqlite> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join("pairs.sqlite");
    let writer = connect(&path, settings)?;
    writer.execute_batch("CREATE TABLE IF NOT EXISTS pairs (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")?;
    Ok(Sqlite { path, settings, writer: Mutex::new(writer) })
}

fn connect(path: &Path, settings: Settings) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", if settings.durable { "FULL" } else { "OFF" })?;
    if let Some(bytes) = settings.own_cache_bytes {
        // Negative: in KiB.
        connection.pragma_update(None, "cache_size", -i64::try_from(bytes / 1024).unwrap_or(i64::MAX))?;
    }
    Ok(connection)
}

const PUT: &str = "INSERT OR REPLACE INTO pairs VALUES (?1, ?2)";
const GET: &str = "SELECT v FROM pairs WHERE k = ?1";

impl Store for Sqlite {
    fn put(&self, key: &Key, value: &[u8]) -> anyhow::Result<()> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.prepare_cached(PUT)?.execute((key.as_slice(), value))?;
        Ok(())
    }

    fn put_all(&self, pairs: &[Pair]) -> anyhow::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        {
            let mut put = transaction.prepare_cached(PUT)?;
            for (key, value) in pairs {
                put.execute((key.as_slice(), value.as_slice()))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn reader(&self) -> anyhow::Result<Box<dyn Reader + '_>> {
        let connection = connect(&self.path, self.settings)?;
        // One transaction for all gets: taking the lock for each would only slow it.
        connection.execute_batch("BEGIN")?;
        Ok(Box::new(connection))
    }

    fn settle(&self) -> anyhow::Result<()> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        writer.pragma_update(None, "synchronous", if self.settings.durable { "FULL" } else { "OFF" })?;
        Ok(())
    }
}

impl Reader for Connection {
    fn get(&mut self, key: &Key) -> anyhow::Result<Option<usize>> {
        let mut get = self.prepare_cached(GET)?;
        let value = get.query_row([key.as_slice()], |row| Ok(row.get_ref(0)?.as_blob()?.to_vec().len()));
        Ok(value.optional()?)
    }
}
