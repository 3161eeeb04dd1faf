//! Commands on keys, whatever they hold.

use std::sync::atomic::Ordering::Relaxed;

use nuthatch_cache::Cursor;

use crate::{
    Keyspace, KeyspaceError, Value, glob_matches,
    keyspace::{Change, Item},
};

/// When a key expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// The key does not exist.
    Absent,
    /// It does not expire.
    Never,
    /// At this time, in milliseconds since the Unix epoch.
    At(u64),
}

/// One step of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPage {
    /// Where to go on; zero at the end.
    pub cursor: u64,
    /// Keys, in no order.
    pub keys: Vec<Box<[u8]>>,
}

impl Keyspace {
    /// Removes `key` and says whether it was there.
    ///
    /// # Errors
    ///
    /// The log's.
    pub fn remove(&self, key: &[u8]) -> Result<bool, KeyspaceError> {
        self.update(key, |held| match held {
            Some(_) => Ok((Change::Delete, true)),
            None => Ok((Change::Keep, false)),
        })
    }

    /// Whether `key` exists. Of a key that only the log has, a few hundred bytes are read, not the value.
    ///
    /// # Errors
    ///
    /// The log's.
    pub fn exists(&self, key: &[u8]) -> Result<bool, KeyspaceError> {
        Ok(self.ttl(key)? != Ttl::Absent)
    }

    /// When `key` expires. Of a key that only the log has, a few hundred bytes are read, not the value.
    ///
    /// # Errors
    ///
    /// The log's.
    pub fn ttl(&self, key: &[u8]) -> Result<Ttl, KeyspaceError> {
        let expires_at = match self.memory().peek_with(key, |item| item.expires_at) {
            Some(expires_at) => expires_at,
            None => match self.log().map(|log| log.meta(key)).transpose()?.flatten() {
                Some(meta) => meta.expires_at,
                None => return Ok(Ttl::Absent),
            },
        };
        Ok(match expires_at {
            None => Ttl::Never,
            Some(at) if at <= self.unix_millis() => Ttl::Absent,
            Some(at) => Ttl::At(at),
        })
    }

    /// Removes `key` if `condition` holds of its value, and says whether it did. `condition` is called once, under the
    /// key's stripe, and must not use this keyspace.
    ///
    /// # Errors
    ///
    /// The log's.
    pub fn remove_if(
        &self,
        key: &[u8],
        condition: impl FnOnce(Option<&Value>) -> bool,
    ) -> Result<bool, KeyspaceError> {
        self.update(key, |held| match condition(held.map(|item| &item.value)) && held.is_some() {
            true => Ok((Change::Delete, true)),
            false => Ok((Change::Keep, false)),
        })
    }

    /// Removes `key` and returns its value.
    ///
    /// # Errors
    ///
    /// The log's.
    pub fn take(&self, key: &[u8]) -> Result<Option<Value>, KeyspaceError> {
        self.update(key, |held| match held {
            Some(item) => Ok((Change::Delete, Some(item.value.clone()))),
            None => Ok((Change::Keep, None)),
        })
    }

    /// Has `key` expire at `at`, in milliseconds since the Unix epoch, if it exists and `condition` holds of the time at
    /// which it expires now, if any. Says whether it does. A time in the past removes it.
    ///
    /// # Errors
    ///
    /// The log's. With a log, the value is written again.
    pub fn expire_at(
        &self,
        key: &[u8],
        at: u64,
        condition: impl FnOnce(Option<u64>) -> bool,
    ) -> Result<bool, KeyspaceError> {
        self.update(key, |held| match held {
            Some(item) if condition(item.expires_at) => {
                Ok((Change::Put(Item { value: item.value.clone(), expires_at: Some(at) }), true))
            }
            _ => Ok((Change::Keep, false)),
        })
    }

    /// Has `key` never expire, and says whether it would have.
    ///
    /// # Errors
    ///
    /// The log's. With a log, the value is written again.
    pub fn persist(&self, key: &[u8]) -> Result<bool, KeyspaceError> {
        self.update(key, |held| match held {
            Some(item) if item.expires_at.is_some() => {
                Ok((Change::Put(Item { value: item.value.clone(), expires_at: None }), true))
            }
            _ => Ok((Change::Keep, false)),
        })
    }

    /// How many keys there are. Those that have expired count until they are met or swept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log().map_or_else(|| self.memory().len(), nuthatch_log::Log::len)
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes every key.
    ///
    /// # Errors
    ///
    /// The log's; memory is not touched then.
    pub fn clear(&self) -> Result<(), KeyspaceError> {
        let _stripes = self.stripes.lock_all();
        if let Some(log) = self.log() {
            log.clear()?;
        }
        self.memory().clear();
        Ok(())
    }

    /// About `count` keys that match `pattern` (all if `None`) from `cursor` on; zero starts.
    ///
    /// A key that exists during a whole scan is returned at least once.
    ///
    /// # Errors
    ///
    /// The log's: the keys are read from it.
    pub fn scan(&self, cursor: u64, count: usize, pattern: Option<&[u8]>) -> Result<ScanPage, KeyspaceError> {
        let mut keys = Vec::new();
        let wanted = |key: &[u8]| pattern.is_none_or(|pattern| glob_matches(pattern, key));
        let cursor = match self.log() {
            None => {
                self.memory()
                    .scan(Cursor(cursor), count, |key, _| {
                        keys.extend(Some(key).filter(|key| wanted(key)).cloned());
                    })
                    .0
            }
            Some(log) => {
                let now = self.unix_millis();
                let (next, page) = log.scan_meta(cursor, count)?;
                let live = page.into_iter().filter(|(_, meta)| meta.expires_at.is_none_or(|at| at > now));
                keys.extend(live.map(|(key, _)| key).filter(|key| wanted(key)));
                next
            }
        };
        Ok(ScanPage { cursor, keys })
    }

    /// Looks at about `keys` keys of each shard of memory and `32 * keys` of the log, going on where the last sweep ended,
    /// and reclaims what has expired there. For a timer: keys expire exactly on time without it, but hold their room, and
    /// count in [`len`](Self::len), until they are met. Reads from the disk, a few hundred bytes each, the keys among those
    /// that can expire.
    ///
    /// # Errors
    ///
    /// The log's. The next sweep of the log begins anew.
    pub fn sweep(&self, keys: u32) -> Result<(), KeyspaceError> {
        self.memory().sweep(keys);
        let Some(log) = self.log() else { return Ok(()) };
        let now = self.unix_millis();
        // A failure must not have the same place fail for ever.
        let cursor = self.log_swept.swap(0, Relaxed);
        let (next, page) = log.scan_expiring(cursor, 32 * keys as usize)?;
        self.log_swept.store(next, Relaxed);
        for (key, meta) in page {
            if meta.expires_at.is_some_and(|at| at <= now) {
                log.forget_expired(&key, now)?;
            }
        }
        Ok(())
    }
}
