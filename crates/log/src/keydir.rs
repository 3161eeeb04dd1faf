//! Where each key's newest record is: the table in memory that makes a read one `pread`.
//!
//! It holds no keys: an entry is bits of a key's hash and a place ([`Table`]). Who looks for a key gets the places of all
//! keys whose hash agrees, which is nearly always one or none, and asks the records (`judge.rs`).
//!
//! Keys may come from whoever can reach a server, so they are hashed with SipHash, which keeps colliding keys from being found
//! out (docs/decisions/0003-hash.md). Its key comes from the store's id: hints keep hashes across openings.

mod page;
mod pages;
mod place;
mod shard;
mod table;

use std::sync::RwLock;

use siphasher::sip::SipHasher13;

use self::pages::Pages;
pub(crate) use self::{
    pages::Address,
    place::Place,
    table::{Places, Table},
};
use crate::{
    LogError, Meta, Result,
    format::{Lsn, RecordHeader, record_bytes},
    locks::{read, write},
};

/// A record that was seen: where it is, and what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) place: Place,
    /// The segment's id.
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) key_len: u16,
    pub(crate) value_len: u32,
    /// Unix milliseconds, 0 = never.
    pub(crate) expires_at: u64,
    pub(crate) lsn: Lsn,
}

impl Location {
    pub(crate) fn new(place: Place, at: Address, header: &RecordHeader) -> Self {
        Self {
            place,
            segment: at.segment,
            offset: at.offset,
            key_len: header.key_len,
            value_len: header.value_len,
            expires_at: header.expires_at,
            lsn: header.lsn,
        }
    }

    pub(crate) fn record_bytes(&self) -> u64 {
        record_bytes(usize::from(self.key_len), self.value_len as usize)
    }

    pub(crate) fn meta(&self) -> Meta {
        let expires_at = (self.expires_at != 0).then_some(self.expires_at);
        Meta { expires_at, value_len: self.value_len, lsn: self.lsn }
    }

    pub(crate) fn expired(&self, now_ms: u64) -> bool {
        self.expires_at != 0 && self.expires_at <= now_ms
    }
}

#[derive(Debug)]
pub(crate) struct Keydir {
    pub(crate) table: Table,
    pages: RwLock<Pages>,
    hasher: SipHasher13,
    /// All ones, but in tests of colliding hashes.
    hash_mask: u64,
}

impl Keydir {
    pub(crate) fn new(store_id: u64, hash_mask: u64) -> Self {
        // The id is random; all that the second half has to be is another one.
        let hasher = SipHasher13::new_with_keys(store_id, store_id.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15);
        Self { table: Table::new(), pages: RwLock::default(), hasher, hash_mask }
    }

    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash(key) & self.hash_mask
    }

    /// Whether keys with these hashes share an entry's bits.
    pub(crate) fn agree(&self, one: u64, other: u64) -> bool {
        self.table.entry_hash(one) == self.table.entry_hash(other)
    }

    /// Sees to it that records in the first `bytes` of `segment` can have places.
    pub(crate) fn cover(&self, segment: u32, bytes: u64) -> Result<()> {
        // Of a record, not of a segment, so that the lock is shared nearly always.
        if read(&self.pages).covers(segment, bytes) {
            return Ok(());
        }
        match write(&self.pages).cover(segment, bytes) {
            true => Ok(()),
            false => Err(LogError::TooManySegments { max: place::PAGES_MAX }),
        }
    }

    /// The place of a record in a stretch of a segment that is covered.
    pub(crate) fn place(&self, at: Address, header: &RecordHeader) -> Option<Place> {
        read(&self.pages).place(at, header.record_bytes(), header.expires_at != 0)
    }

    /// The place of a record of so many bytes that can expire or not.
    pub(crate) fn place_of(&self, at: Address, record_bytes: u64, expires: bool) -> Option<Place> {
        read(&self.pages).place(at, record_bytes, expires)
    }

    /// The place of a copy, at `to`, of the record at `from`.
    pub(crate) fn place_like(&self, from: &Location, to: Address) -> Option<Place> {
        read(&self.pages).place(to, from.record_bytes(), from.expires_at != 0)
    }

    /// Where a place is; `None` if its segment is gone.
    pub(crate) fn address(&self, place: Place) -> Option<Address> {
        read(&self.pages).address(place)
    }

    /// `segment` goes; nothing in it is live.
    pub(crate) fn release(&self, segment: u32) {
        write(&self.pages).release(segment);
    }
}
