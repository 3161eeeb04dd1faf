//! Live and dead bytes, per segment and in sum.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What each segment still holds that counts. Kept under the append lock, together with the keydir.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// Number of the segment that `segments` begins with.
    head: u32,
    segments: VecDeque<Account>,
    gauges: Arc<Gauges>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    live_bytes: u64,
    live_records: u64,
}

/// The sums, readable without a lock. Written under the append lock only, so plain load and store suffice.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    disk_bytes: AtomicU64,
    live_bytes: AtomicU64,
    reclaimed_bytes: AtomicU64,
}

impl Accounts {
    pub(crate) fn new(head: u32) -> Self {
        Self { head, segments: VecDeque::new(), gauges: Arc::default() }
    }

    pub(crate) fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// The number of the oldest segment that is kept account of.
    pub(crate) fn head(&self) -> u32 {
        self.head
    }

    /// Segment `number`, so far of `bytes`, joins at the tail. Numbers left out are segments that hold nothing.
    pub(crate) fn push_segment(&mut self, number: u32, bytes: u64) {
        let count = number.saturating_sub(self.head) as usize + 1;
        self.segments.resize(count, Account::default());
        self.grow(bytes);
    }

    /// The oldest segment, of `bytes`, leaves; nothing in it is live.
    pub(crate) fn pop_segment(&mut self, bytes: u64) {
        let account = self.segments.pop_front();
        debug_assert_eq!(account.map(|account| account.live_records), Some(0));
        self.head += 1;
        let gauges = &self.gauges;
        gauges.disk_bytes.store(gauges.disk_bytes().saturating_sub(bytes), Relaxed);
        gauges.reclaimed_bytes.store(gauges.reclaimed_bytes() + bytes, Relaxed);
    }

    /// The newest segment grew by `bytes`, live or not.
    pub(crate) fn grow(&mut self, bytes: u64) {
        self.gauges.disk_bytes.store(self.gauges.disk_bytes() + bytes, Relaxed);
    }

    pub(crate) fn add_live(&mut self, segment: u32, bytes: u64) {
        if let Some(account) = self.account(segment) {
            account.live_bytes += bytes;
            account.live_records += 1;
        }
        self.gauges.live_bytes.store(self.gauges.live_bytes() + bytes, Relaxed);
    }

    pub(crate) fn sub_live(&mut self, segment: u32, bytes: u64) {
        if let Some(account) = self.account(segment) {
            debug_assert!(account.live_records > 0 && account.live_bytes >= bytes);
            account.live_bytes = account.live_bytes.saturating_sub(bytes);
            account.live_records = account.live_records.saturating_sub(1);
        }
        self.gauges.live_bytes.store(self.gauges.live_bytes().saturating_sub(bytes), Relaxed);
    }

    /// Nothing is live any more.
    pub(crate) fn clear_live(&mut self) {
        self.segments.iter_mut().for_each(|account| *account = Account::default());
        self.gauges.live_bytes.store(0, Relaxed);
    }

    /// How many segments at the head, of all but the newest, hold nothing that counts.
    pub(crate) fn dead_heads(&self) -> usize {
        let sealed = self.segments.len().saturating_sub(1);
        self.segments.iter().take(sealed).take_while(|account| account.live_records == 0).count()
    }

    pub(crate) fn any_live_below(&self, number: u32) -> bool {
        let below = number.saturating_sub(self.head) as usize;
        self.segments.iter().take(below).any(|account| account.live_records > 0)
    }

    fn account(&mut self, segment: u32) -> Option<&mut Account> {
        self.segments.get_mut(segment.checked_sub(self.head)? as usize)
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

    /// Whether dead bytes exceed `percent` of all bytes.
    pub(crate) fn dead_above(&self, percent: u8) -> bool {
        u128::from(self.dead_bytes()) * 100 > u128::from(self.disk_bytes()) * u128::from(percent)
    }
}
