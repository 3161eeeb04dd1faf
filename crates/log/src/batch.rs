//! Writes that belong together.

use crate::{
    LogError, Result,
    format::{Kind, body_crc, record_bytes},
};

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = u16::MAX as usize;

/// The longest value, in bytes: 512 MiB, as in Redis.
pub const VALUE_BYTES_MAX: usize = 512 << 20;

/// The longest batch as stored, in bytes: 1 GiB.
pub const BATCH_BYTES_MAX: u64 = 1 << 30;

/// Puts and deletes that survive a crash together or not at all, in the order in which they were added.
///
/// Borrows keys and values, and checks and sums them as they are added, outside of the log's lock.
#[derive(Clone, Debug, Default)]
pub struct Batch<'a> {
    ops: Vec<Op<'a>>,
}

/// One write. Its lengths are within the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op<'a> {
    pub(crate) kind: Kind,
    pub(crate) key: &'a [u8],
    pub(crate) value: &'a [u8],
    /// Unix milliseconds, 0 = never.
    pub(crate) expires_at: u64,
    pub(crate) body_crc: u32,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub const fn new() -> Self {
        Self { ops: Vec::new() }
    }

    /// Sets `key` to `value`, until `expires_at` (unix time in milliseconds) if there is one.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyLength`] and [`LogError::ValueLength`]; the batch is then as it was.
    pub fn put(&mut self, key: &'a [u8], value: &'a [u8], expires_at: Option<u64>) -> Result<&mut Self> {
        self.ops.push(Op::put(key, value, expires_at)?);
        Ok(self)
    }

    /// Removes `key`. A record is written whether or not it exists.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyLength`]; the batch is then as it was.
    pub fn delete(&mut self, key: &'a [u8]) -> Result<&mut Self> {
        self.ops.push(Op::delete(key)?);
        Ok(self)
    }

    /// Number of writes.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether it holds no write.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Forgets all writes and keeps the memory.
    pub fn clear(&mut self) {
        self.ops.clear();
    }

    pub(crate) fn ops(&self) -> &[Op<'a>] {
        &self.ops
    }
}

impl<'a> Op<'a> {
    pub(crate) fn put(key: &'a [u8], value: &'a [u8], expires_at: Option<u64>) -> Result<Self> {
        check_key(key)?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(LogError::ValueLength { bytes: value.len() });
        }
        Ok(Self {
            kind: Kind::Put,
            key,
            value,
            // On disk 0 means never. An entry that expired at the epoch is as expired one millisecond later.
            expires_at: expires_at.map_or(0, |at| at.max(1)),
            body_crc: body_crc(key, value),
        })
    }

    pub(crate) fn delete(key: &'a [u8]) -> Result<Self> {
        check_key(key)?;
        Ok(Self { kind: Kind::Delete, key, value: &[], expires_at: 0, body_crc: body_crc(key, &[]) })
    }

    pub(crate) fn record_bytes(&self) -> u64 {
        record_bytes(self.key.len(), self.value.len())
    }
}

fn check_key(key: &[u8]) -> Result<()> {
    if key.len() > KEY_BYTES_MAX {
        return Err(LogError::KeyLength { bytes: key.len() });
    }
    Ok(())
}
