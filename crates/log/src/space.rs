//! Live and dead bytes, per segment and in sum.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::format::{Kind, Lsn, RecordHeader};

/// What each segment still holds that counts. Kept under the append lock, together with the keydir.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_id: BTreeMap<u32, Account>,
    /// The ids of the segments that make up the log, by number.
    by_number: BTreeMap<u32, u32>,
    /// The id of the segment that grows.
    newest: u32,
    gauges: Arc<Gauges>,
}

/// One segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) number: u32,
    pub(crate) bytes: u64,
    pub(crate) live_bytes: u64,
    pub(crate) live_records: u64,
    /// Of its deletes, which have to stay as long as something older is there that they may hide.
    pub(crate) tombstone_bytes: u64,
    /// The newest of them.
    pub(crate) tombstone_lsn: Lsn,
    /// Of a rewritten segment: it holds nothing that a delete before this LSN hides. 0: who knows.
    pub(crate) cleaned_before: Lsn,
    /// When the last of its puts expires; `u64::MAX` is never, 0 that there are none.
    pub(crate) expires_by: u64,
}

/// The sums, readable without a lock. Written under the append lock only, so plain load and store suffice.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    disk_bytes: AtomicU64,
    live_bytes: AtomicU64,
    reclaimed_bytes: AtomicU64,
    compacted_bytes: AtomicU64,
}

impl Account {
    /// The record was appended to this segment.
    pub(crate) fn note(&mut self, header: &RecordHeader) {
        match header.kind {
            Kind::Delete => {
                self.tombstone_bytes += header.record_bytes();
                self.tombstone_lsn = self.tombstone_lsn.max(header.lsn);
            }
            Kind::Put if header.expires_at == 0 => self.expires_by = u64::MAX,
            Kind::Put => self.expires_by = self.expires_by.max(header.expires_at),
            Kind::Clear | Kind::Filler => {}
        }
    }

    /// Whether all of its puts have expired.
    pub(crate) fn expired(&self, now_ms: u64) -> bool {
        self.live_records > 0 && self.expires_by <= now_ms
    }
}

impl Accounts {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// A segment of so far `bytes` joins at the tail.
    pub(crate) fn push_segment(&mut self, id: u32, number: u32, bytes: u64) {
        self.by_id.insert(id, Account { number, ..Account::default() });
        self.by_number.insert(number, id);
        self.newest = id;
        self.grow(bytes);
    }

    /// Segment `id` was rewritten.
    pub(crate) fn set_cleaned_before(&mut self, id: u32, lsn: Lsn) {
        if let Some(account) = self.by_id.get_mut(&id) {
            account.cleaned_before = lsn;
        }
    }

    /// The newest segment grew by `bytes`, live or not.
    pub(crate) fn grow(&mut self, bytes: u64) {
        self.grow_segment(self.newest, bytes);
    }

    /// The newest segment grew by this record.
    pub(crate) fn appended(&mut self, header: &RecordHeader) {
        self.note(self.newest, header);
        self.grow(header.record_bytes());
    }

    /// As [`appended`](Self::appended), of a record that is there already.
    pub(crate) fn note(&mut self, id: u32, header: &RecordHeader) {
        if let Some(account) = self.by_id.get_mut(&id) {
            account.note(header);
        }
    }

    /// As [`note`](Self::note) of each of a segment's records, which come to this.
    pub(crate) fn note_all(&mut self, id: u32, noted: &Account) {
        if let Some(account) = self.by_id.get_mut(&id) {
            account.tombstone_bytes += noted.tombstone_bytes;
            account.tombstone_lsn = account.tombstone_lsn.max(noted.tombstone_lsn);
            account.expires_by = account.expires_by.max(noted.expires_by);
        }
    }

    /// A segment was written that will take the place of others. Nothing in it is live yet.
    pub(crate) fn introduce(&mut self, id: u32, account: Account) {
        self.by_id.insert(id, Account { bytes: 0, ..account });
        self.grow_segment(id, account.bytes);
        let gauges = &self.gauges;
        gauges.compacted_bytes.store(gauges.compacted_bytes() + account.bytes, Relaxed);
    }

    /// Segment `id`, introduced before, takes the place of those numbered from `first` to its own number.
    pub(crate) fn replace(&mut self, first: u32, id: u32) {
        let Some(number) = self.by_id.get(&id).map(|account| account.number) else {
            return;
        };
        let old: Vec<u32> = self.by_number.range(first..=number).map(|(_, &id)| id).collect();
        old.into_iter().for_each(|old| self.remove_segment(old));
        self.by_number.insert(number, id);
    }

    /// A segment leaves; nothing in it is live.
    pub(crate) fn remove_segment(&mut self, id: u32) {
        let Some(account) = self.by_id.remove(&id) else {
            return;
        };
        debug_assert_eq!(account.live_records, 0);
        if self.by_number.get(&account.number) == Some(&id) {
            self.by_number.remove(&account.number);
        }
        let gauges = &self.gauges;
        gauges.disk_bytes.store(gauges.disk_bytes().saturating_sub(account.bytes), Relaxed);
        gauges.reclaimed_bytes.store(gauges.reclaimed_bytes() + account.bytes, Relaxed);
    }

    pub(crate) fn add_live(&mut self, id: u32, bytes: u64) {
        if let Some(account) = self.by_id.get_mut(&id) {
            account.live_bytes += bytes;
            account.live_records += 1;
        }
        self.gauges.live_bytes.store(self.gauges.live_bytes() + bytes, Relaxed);
    }

    pub(crate) fn sub_live(&mut self, id: u32, bytes: u64) {
        if let Some(account) = self.by_id.get_mut(&id) {
            debug_assert!(account.live_records > 0 && account.live_bytes >= bytes);
            account.live_bytes = account.live_bytes.saturating_sub(bytes);
            account.live_records = account.live_records.saturating_sub(1);
        }
        self.gauges.live_bytes.store(self.gauges.live_bytes().saturating_sub(bytes), Relaxed);
    }

    /// Nothing is live any more.
    pub(crate) fn clear_live(&mut self) {
        for account in self.by_id.values_mut() {
            (account.live_bytes, account.live_records) = (0, 0);
        }
        self.gauges.live_bytes.store(0, Relaxed);
    }

    /// The number below which no segment holds anything that counts; `None` if the oldest does, or is the newest.
    pub(crate) fn dead_below(&self) -> Option<u32> {
        self.sealed()
            .take_while(|(_, account)| account.live_records == 0)
            .last()
            .map(|(_, last)| last.number + 1)
    }

    /// Nothing in segments below `number` is live any more.
    pub(crate) fn clear_live_below(&mut self, number: u32) {
        for (_, id) in self.by_number.range(..number) {
            if let Some(account) = self.by_id.get_mut(id) {
                let live = self.gauges.live_bytes().saturating_sub(account.live_bytes);
                self.gauges.live_bytes.store(live, Relaxed);
                (account.live_bytes, account.live_records) = (0, 0);
            }
        }
    }

    pub(crate) fn any_live_below(&self, number: u32) -> bool {
        self.by_number.range(..number).any(|(_, id)| self.by_id[id].live_records > 0)
    }

    /// All segments but the newest, oldest first, with their ids.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = (u32, &Account)> {
        self.by_number.values().filter(|&&id| id != self.newest).map(|&id| (id, &self.by_id[&id]))
    }

    fn grow_segment(&mut self, id: u32, bytes: u64) {
        if let Some(account) = self.by_id.get_mut(&id) {
            account.bytes += bytes;
        }
        self.gauges.disk_bytes.store(self.gauges.disk_bytes() + bytes, Relaxed);
    }
}

impl Gauges {
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.disk_bytes.load(Relaxed)
    }

    pub(crate) fn live_bytes(&self) -> u64 {
        self.live_bytes.load(Relaxed)
    }

    /// Headers, tombstones, clears, fillers and all records that were overwritten, deleted or forgotten.
    pub(crate) fn dead_bytes(&self) -> u64 {
        self.disk_bytes().saturating_sub(self.live_bytes())
    }

    pub(crate) fn reclaimed_bytes(&self) -> u64 {
        self.reclaimed_bytes.load(Relaxed)
    }

    pub(crate) fn compacted_bytes(&self) -> u64 {
        self.compacted_bytes.load(Relaxed)
    }

    /// Whether dead bytes exceed `percent` of all bytes.
    pub(crate) fn dead_above(&self, percent: u8) -> bool {
        u128::from(self.dead_bytes()) * 100 > u128::from(self.disk_bytes()) * u128::from(percent)
    }
}
