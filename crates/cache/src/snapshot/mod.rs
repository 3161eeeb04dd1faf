//! Taking what a cache holds across a restart.
//!
//! What is saved of an entry beside key and value: the time it has left, its tags by name, whether it is pinned, and how
//! warm it is. The bytes are described in `docs/snapshot-format.md`.

mod arrive;
mod error;
mod file;
mod format;
mod record;

use std::{
    hash::{BuildHasher, Hash},
    io::{Read, Write},
    time::Duration,
};

pub use self::error::SnapshotError;
use self::{
    arrive::Arrival,
    format::{Header, Reader, Writer, damaged},
    record::Notes,
};
use crate::{Cache, PolicyKind, StorageKind, tags::Mark, ticks::Ticks};

/// What a [snapshot](Cache::snapshot) came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Entries in it.
    pub entries: u64,
    /// Its length.
    pub bytes: u64,
}

/// What became of the entries of a snapshot that was [restored](Cache::restore).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// Came in.
    pub entries: u64,
    /// Their time was over by now.
    pub expired: u64,
    /// The cache held the key already; what it held stays.
    pub held: u64,
    /// There was no room for them; the coldest, as far as that is known.
    pub crowded_out: u64,
    /// `decode` had no use for them.
    pub undecoded: u64,
    /// How long ago the snapshot was taken, by the wall clock; zero if that was in the future.
    pub age: Duration,
}

impl<K, V, S> Cache<K, V, S> {
    /// Writes all entries to `to`, so that a cache that [restores](Self::restore) them is warm. `encode` appends the bytes
    /// of a key and a value to an empty buffer.
    ///
    /// ```
    /// use nuthatch_cache::Cache;
    ///
    /// let cache: Cache<u64, String> = Cache::new(10_000);
    /// cache.insert(7, "seven".to_owned());
    ///
    /// let mut bytes = Vec::new(); // or a file, see snapshot_to
    /// cache.snapshot(&mut bytes, |key, value, out| {
    ///     out.extend_from_slice(&key.to_le_bytes());
    ///     out.extend_from_slice(value.as_bytes());
    /// })?;
    ///
    /// let warm: Cache<u64, String> = Cache::new(10_000);
    /// let restored = warm.restore(&mut &bytes[..], |mut bytes| {
    ///     let key = bytes.split_off(..8)?.try_into().ok()?;
    ///     Some((u64::from_le_bytes(key), String::from_utf8(bytes.to_vec()).ok()?))
    /// })?;
    /// assert_eq!((restored.entries, warm.get(&7).as_deref()), (1, Some("seven")));
    /// # Ok::<(), nuthatch_cache::SnapshotError>(())
    /// ```
    ///
    /// The cache may be in use meanwhile. What is held from start to end is in the snapshot; what comes and goes may or may
    /// not be. What is removed or invalidated after it was written comes back with the snapshot. What has expired, or is
    /// served only for want of better, is left out.
    ///
    /// # Cost
    ///
    /// One place after the other is locked while its entries are put in order and cloned: sixteen entries in a cache of
    /// [sets](StorageKind::Sets), a whole shard in an [exact](StorageKind::Exact) one, whose keys wait for that, and whose
    /// clones are held until they are written. `encode` runs and bytes are written with no lock held.
    ///
    /// # Errors
    ///
    /// If `to` refuses, or an encoded entry is longer than 4 GiB.
    pub fn snapshot<W>(
        &self,
        to: &mut W,
        mut encode: impl FnMut(&K, &V, &mut Vec<u8>),
    ) -> Result<Saved, SnapshotError>
    where
        K: Clone,
        V: Clone,
        W: Write + ?Sized,
    {
        let now = self.now().ticks();
        let header = Header {
            taken_at: self.clock.unix_millis(),
            capacity: self.capacity(),
            entries: self.len() as u64,
            storage: match self.storage() {
                StorageKind::Exact => 0,
                StorageKind::Sets => 1,
            },
            policy: self.policy().map_or("", PolicyKind::name),
        };
        let mut writer = Writer::start(to, &header)?;
        let (mut clones, mut encoded) = (Vec::new(), Vec::new());
        for index in 0..self.storage.places() {
            self.clone_place(index, now, &mut clones);
            for (key, value, notes) in clones.drain(..) {
                encoded.clear();
                encode(&key, &value, &mut encoded);
                writer.record(|block| notes.append(&encoded, block))?;
            }
        }
        writer.finish()
    }

    /// Clones the entries of a place, the coldest first.
    fn clone_place(&self, index: usize, now: Ticks, clones: &mut Vec<(K, V, Notes)>)
    where
        K: Clone,
        V: Clone,
    {
        let Some(place) = self.storage.place_at(index) else { return };
        let left = |end: Ticks| (end != Ticks::NEVER).then(|| end.0.saturating_sub(now.0));
        let slots = place.coldest_first();
        let len = slots.len();
        for (rank, slot) in slots.into_iter().enumerate() {
            let stamps = place.stamps(slot);
            if !self.serves(&stamps) {
                continue;
            }
            let warmth = place.warmth(slot);
            #[expect(clippy::cast_possible_truncation, reason = "rank is less than len")]
            let share = ((rank << 16) / len) as u16;
            let notes = Notes {
                fresh: left(self.lifetimes.fresh_until(&stamps.times)),
                idle: left(stamps.times.idle),
                refresh: left(stamps.times.refresh),
                pinned: place.pinned(slot),
                warmth,
                // Of sets, which hold more or fewer, the marks are compared.
                heat: warmth.map_or(share, |warmth| u16::from(warmth) << 13),
                // While the entry is where it was found: nobody else gets the number of its tags meanwhile.
                tags: self.tags.get().map_or(Vec::new(), |tags| tags.names_of(Mark(stamps.tags))),
            };
            clones.push((place.key(slot).clone(), place.value(slot).clone(), notes));
        }
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Takes in the entries of a [snapshot](Self::snapshot), of this cache or of one of another capacity, policy or storage.
    /// `decode` makes of the bytes that were encoded a key and a value, or nothing if it has no use for them: then the entry
    /// is left out. Meant for a cache that is not in use yet; a key that is held already keeps its value.
    ///
    /// Entries keep the time they had left, less what has passed since by the wall clock (nothing, if that went back), their
    /// tags, and whether they are pinned. None makes another leave, but seldom one in sets that grow: if not all fit, the
    /// warmest come in.
    ///
    /// Of what the policy knew, that comes back which says who leaves next: in sets, each entry's queue and hits; of
    /// another policy, the order of the entries, and up to three hits for each. Not saved: what is remembered of entries
    /// that had left, estimates of how often keys are asked for, and sizes that a policy found out for itself.
    ///
    /// # Cost
    ///
    /// The whole snapshot is read and decoded before the first entry comes in. Memory for it is taken as bytes come,
    /// whatever lengths are announced. No byte after the end of the snapshot is read from `from`, a few at a time:
    /// give it a buffer. `decode` runs with no lock held.
    ///
    /// # Errors
    ///
    /// If `from` refuses, or the snapshot is damaged, cut off, of an unknown version, or none at all. Nothing came in then.
    pub fn restore<R>(
        &self,
        from: &mut R,
        mut decode: impl FnMut(&[u8]) -> Option<(K, V)>,
    ) -> Result<Restored, SnapshotError>
    where
        R: Read + ?Sized,
    {
        let (mut reader, taken_at) = Reader::start(from)?;
        let elapsed = self.clock.unix_millis().saturating_sub(taken_at);
        let mut restored = Restored { age: Duration::from_millis(elapsed), ..Restored::default() };
        let mut arrivals = Vec::new();
        while let Some(block) = reader.next()? {
            let mut rest = block.payload;
            for _ in 0..block.entries {
                let (notes, encoded) =
                    Notes::take(&mut rest).ok_or_else(|| damaged(block.offset, "a record in it is none"))?;
                if notes.is_dead(elapsed) {
                    restored.expired += 1;
                } else if let Some((key, value)) = decode(encoded) {
                    arrivals.push(Arrival { key, value, notes });
                } else {
                    restored.undecoded += 1;
                }
            }
            if !rest.is_empty() {
                return Err(damaged(block.offset, "there is more in it than its records"));
            }
        }
        self.arrive(arrivals, elapsed, &mut restored);
        Ok(restored)
    }
}
