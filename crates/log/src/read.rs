//! Reading: the keydir's places, then one `pread` of a size that holds the record, outside of the append lock.

use std::cell::RefCell;

use crate::{
    Entry, Keyed, LogError, Lsn, Result,
    engine::Engine,
    format::{Kind, RECORD_HEADER_BYTES, RecordHeader, SegmentSalt, body_crc},
    judge::{Source, Verdict},
    keydir::{Address, Location, Place},
    locks::lock,
};

thread_local! {
    /// Records are read into this, and only the value is copied out of it.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Engine {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Entry>> {
        let hash = self.keydir.hash(key);
        self.newest(hash, |place| self.fetch(hash, place, key), |entry| entry.lsn)
    }

    /// Where the record of `key` is, without reading its value.
    pub(crate) fn find(&self, hash: u64, key: &[u8]) -> Result<Option<Location>> {
        let look = |place| {
            Ok(match self.judge(hash, place, key)? {
                Verdict::Same(location) => Fetched::Own(location),
                Verdict::Other => Fetched::Other,
                Verdict::Gone => Fetched::Gone,
                Verdict::Damaged(error) => Fetched::Damaged(error),
            })
        };
        self.newest(hash, look, |location| location.lsn)
    }

    /// Of the entries with this hash, what `look` makes of the key's own. There is one at most, unless a record was
    /// damaged while its key was written; then the newer one counts.
    fn newest<T>(
        &self,
        hash: u64,
        look: impl Fn(Place) -> Result<Fetched<T>>,
        lsn: impl Fn(&T) -> Lsn,
    ) -> Result<Option<T>> {
        // Each turn after the first means that a record moved between two looks: it was overwritten, or its segment was
        // trimmed and the keydir names the copy (or, after a delete or clear, nothing).
        loop {
            let (mut newest, mut damaged, mut gone) = (None::<T>, None, false);
            for &place in self.keydir.table.get(hash).as_slice() {
                match look(place)? {
                    Fetched::Own(own) => {
                        if newest.as_ref().is_none_or(|newest| lsn(newest) < lsn(&own)) {
                            newest = Some(own);
                        }
                    }
                    Fetched::Other => {}
                    Fetched::Gone => gone = true,
                    Fetched::Damaged(error) => damaged = Some(error),
                }
            }
            match (newest, damaged) {
                _ if gone => {}
                (None, Some(error)) => return Err(error),
                (newest, _) => return Ok(newest),
            }
        }
    }

    /// Reads the record at `place`, every byte of it checked.
    fn fetch(&self, hash: u64, place: Place, key: &[u8]) -> Result<Fetched<Entry>> {
        let Some(at) = self.keydir.address(place) else {
            return Ok(Fetched::Gone);
        };
        let Some(segment) = self.segments.get(at.segment) else {
            return Ok(Fetched::Gone);
        };
        let is_other = |other: &[u8]| self.keydir.agree(hash, self.keydir.hash(other));
        let mut checked = None;
        if u64::from(at.offset) >= segment.written_bytes() {
            let tail = lock(&self.tail);
            checked = tail.unwritten(at).map(|bytes| check(bytes, segment.salt, at, key, is_other));
            // It was written before the lock was ours, or its page was given to a segment that is not so long yet.
            if checked.is_none() && u64::from(at.offset) >= segment.written_bytes() {
                return Ok(Fetched::Gone);
            }
        }
        let checked = match checked {
            Some(checked) => checked,
            None => read(&Source::of(&segment)?, place, at, key, is_other)?,
        };
        Ok(match checked {
            Checked::Own(entry) => Fetched::Own(entry),
            Checked::Other => Fetched::Other,
            _ if !self.is_current(hash, place, at) => Fetched::Gone,
            Checked::Longer(_) | Checked::Bad => Fetched::Damaged(LogError::Damaged {
                path: segment.path.clone(),
                offset: u64::from(at.offset),
            }),
        })
    }

    /// Names and what is known of up to `count` entries from `cursor` on, or of those among them that can expire.
    pub(crate) fn scan(&self, cursor: u64, count: usize, expiring: bool) -> Result<(u64, Vec<Keyed>)> {
        let mut seen = Vec::new();
        let mut left = count.max(1);
        let next = self.keydir.table.scan(cursor, |hash, place| {
            if !expiring || place.expires() {
                seen.push((hash, place));
            }
            left = left.saturating_sub(1);
            left > 0
        });
        let (mut keys, mut moved) = (Vec::with_capacity(seen.len()), Vec::new());
        for (hash, place) in seen {
            match self.name(hash, place)? {
                Some(named) => keys.push(named?.into()),
                None => moved.push(hash),
            }
        }
        moved.dedup();
        for hash in moved {
            keys.extend(self.keys_of(hash)?);
        }
        Ok((next, keys))
    }

    /// The keys of all entries with this hash.
    fn keys_of(&self, hash: u64) -> Result<Vec<Keyed>> {
        loop {
            let places = self.keydir.table.get(hash);
            let named: Option<Vec<_>> =
                places.as_slice().iter().map(|&place| self.name(hash, place).transpose()).collect();
            if let Some(named) = named {
                return named.into_iter().map(|named| Ok(named??.into())).collect();
            }
        }
    }
}

enum Fetched<T> {
    Own(T),
    Other,
    Gone,
    Damaged(LogError),
}

/// What bytes are that should begin with an intact record of a key.
enum Checked {
    Own(Entry),
    Other,
    /// An intact header, of a record of so many bytes, which are not all there.
    Longer(usize),
    Bad,
}

fn read(
    source: &Source<'_>,
    place: Place,
    at: Address,
    key: &[u8],
    is_other: impl Fn(&[u8]) -> bool,
) -> Result<Checked> {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < place.read_bytes() {
            scratch.resize(place.read_bytes(), 0);
        }
        let held = source.read(&mut scratch[..place.read_bytes()], u64::from(at.offset))?;
        match check(&scratch[..held], source.salt, at, key, &is_other) {
            Checked::Longer(bytes) if held == place.read_bytes() => {
                // Too long to keep the memory for the next one.
                let mut whole = vec![0; bytes];
                whole[..held].copy_from_slice(&scratch[..held]);
                let rest = source.read(&mut whole[held..], u64::from(at.offset) + held as u64)?;
                Ok(check(&whole[..held + rest], source.salt, at, key, &is_other))
            }
            checked => Ok(checked),
        }
    })
}

/// `is_other(k)`: whether the entry that led here may be one of `k`. A record of any other key is not what was written here.
fn check(
    bytes: &[u8],
    salt: SegmentSalt,
    at: Address,
    key: &[u8],
    is_other: impl Fn(&[u8]) -> bool,
) -> Checked {
    let Some((header, behind)) = bytes.split_first_chunk::<RECORD_HEADER_BYTES>() else {
        return Checked::Bad;
    };
    let Some(header) = RecordHeader::decode(header, salt, u64::from(at.offset)) else {
        return Checked::Bad;
    };
    let body_bytes = header.body_bytes() as usize; // at most a key and a value
    let Some(body) = behind.get(..body_bytes) else {
        return Checked::Longer(RECORD_HEADER_BYTES + body_bytes);
    };
    if header.kind != Kind::Put || header.body_crc != body_crc(body, &[]) {
        return Checked::Bad;
    }
    let (stored_key, value) = body.split_at(usize::from(header.key_len));
    if stored_key != key {
        return if is_other(stored_key) { Checked::Other } else { Checked::Bad };
    }
    let expires_at = (header.expires_at != 0).then_some(header.expires_at);
    Checked::Own(Entry { value: value.to_vec(), expires_at, lsn: header.lsn })
}
