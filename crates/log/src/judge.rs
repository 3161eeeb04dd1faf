//! Whose record is it? The keydir names places; only the record there says which key it belongs to.
//!
//! Header and key are read, not the value. The header has a checksum of its own. The key has one only together with the
//! value; but it is damaged if its hash is not that of the entry which led to it, but for one case in 2^40.

use std::{io, path::Path};

use crate::{
    Keyed, LogError, Result,
    engine::{Engine, Tail},
    format::{Kind, RECORD_HEADER_BYTES, RecordHeader, SegmentSalt},
    keydir::{Address, Keydir, Location, Place},
    locks::lock,
    segment::Segment,
    vfs::File,
};

/// What a record says about a key.
#[derive(Debug)]
pub(crate) enum Verdict {
    Same(Location),
    /// It is another key's, whose hash agrees.
    Other,
    /// It is not there any more: overwritten, deleted or moved since the keydir was asked.
    Gone,
    /// It cannot be told.
    Damaged(LogError),
}

/// A record's header and key.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) location: Location,
    pub(crate) key: Vec<u8>,
}

/// A segment's file, as far as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a dyn File,
    pub(crate) path: &'a Path,
    pub(crate) salt: SegmentSalt,
}

impl<'a> Source<'a> {
    pub(crate) fn of(segment: &'a Segment) -> Result<Self> {
        let refused = |source| LogError::Read { path: segment.path.clone(), source };
        Ok(Self { file: segment.file().map_err(refused)?, path: &segment.path, salt: segment.salt })
    }

    /// Header and key of the record that the keydir has an entry of, with this hash. `Err(Damaged)` if they are not.
    pub(crate) fn name(&self, keydir: &Keydir, hash: u64, place: Place, at: Address) -> Result<Named> {
        let mut bytes = [0; FIRST_READ_BYTES];
        let wanted = place.read_bytes().min(FIRST_READ_BYTES);
        let held = self.read(&mut bytes[..wanted], u64::from(at.offset))?;
        named(keydir, hash, place, at, self.salt, &bytes[..held], |from, key| {
            self.file.read_exact_at(key, u64::from(at.offset) + from as u64)
        })
        .map_err(|source| match source {
            Some(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
                LogError::Read { path: self.path.to_owned(), source }
            }
            _ => LogError::Damaged { path: self.path.to_owned(), offset: u64::from(at.offset) },
        })
    }

    /// Reads until `bytes` is full or the file ends.
    pub(crate) fn read(&self, bytes: &mut [u8], offset: u64) -> Result<usize> {
        let mut held = 0;
        while held < bytes.len() {
            match self.file.read_at(&mut bytes[held..], offset + held as u64) {
                Ok(0) => break,
                Ok(read) => held += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(LogError::Read { path: self.path.to_owned(), source }),
            }
        }
        Ok(held)
    }
}

/// Header and all of the key, unless the key is long.
const FIRST_READ_BYTES: usize = 128;

/// Checks that `bytes` begin with the record that an entry with this `hash` may lead to. What of its key is not in them,
/// `rest` reads. The error is `None` if it is another record, or none.
fn named(
    keydir: &Keydir,
    hash: u64,
    place: Place,
    at: Address,
    salt: SegmentSalt,
    bytes: &[u8],
    rest: impl FnOnce(usize, &mut [u8]) -> io::Result<()>,
) -> Result<Named, Option<io::Error>> {
    let (first, behind) = bytes.split_first_chunk::<RECORD_HEADER_BYTES>().ok_or(None)?;
    let header = RecordHeader::decode(first, salt, u64::from(at.offset)).ok_or(None)?;
    let mut key = vec![0; usize::from(header.key_len)];
    let held = behind.len().min(key.len());
    key[..held].copy_from_slice(&behind[..held]);
    if held < key.len() {
        rest(RECORD_HEADER_BYTES + held, &mut key[held..]).map_err(Some)?;
    }
    if header.kind != Kind::Put || !keydir.agree(keydir.hash(&key), hash) {
        return Err(None);
    }
    Ok(Named { location: Location::new(place, at, &header), key })
}

impl From<Named> for Keyed {
    fn from(named: Named) -> Self {
        (named.key.into(), named.location.meta())
    }
}

impl Engine {
    /// What the record at `place`, of an entry with this hash, says about `key`.
    pub(crate) fn judge(&self, hash: u64, place: Place, key: &[u8]) -> Result<Verdict> {
        match self.name(hash, place)? {
            Some(Ok(named)) if named.key == key => Ok(Verdict::Same(named.location)),
            Some(Ok(_)) => Ok(Verdict::Other),
            Some(Err(damaged)) => Ok(Verdict::Damaged(damaged)),
            None => Ok(Verdict::Gone),
        }
    }

    /// Header and key of the record at `place`, or what is wrong with it; `None` if it is gone.
    pub(crate) fn name(&self, hash: u64, place: Place) -> Result<Option<Result<Named>>> {
        let Some(at) = self.keydir.address(place) else {
            return Ok(None);
        };
        let Some(segment) = self.segments.get(at.segment) else {
            return Ok(None);
        };
        if u64::from(at.offset) >= segment.written_bytes() {
            let tail = lock(&self.tail);
            match self.name_unwritten(&tail, hash, place) {
                Some(Err(_)) if !self.is_current(hash, place, at) => return Ok(None),
                Some(named) => return Ok(Some(named)),
                // It was written before the lock was ours, or its page was given to a segment that is not so long yet.
                None if u64::from(at.offset) >= segment.written_bytes() => return Ok(None),
                None => {}
            }
        }
        match Source::of(&segment)?.name(&self.keydir, hash, place, at) {
            Ok(named) => Ok(Some(Ok(named))),
            Err(damaged @ LogError::Damaged { .. }) => {
                Ok(self.is_current(hash, place, at).then_some(Err(damaged)))
            }
            Err(error) => Err(error),
        }
    }

    /// As [`name`](Self::name), of a record that is in memory only; `None` if it is not there.
    pub(crate) fn name_unwritten(&self, tail: &Tail, hash: u64, place: Place) -> Option<Result<Named>> {
        let at = self.keydir.address(place)?;
        let bytes = tail.unwritten(at)?;
        let segment = self.segments.get(at.segment)?;
        let rest = |_, _: &mut [u8]| Err(io::ErrorKind::UnexpectedEof.into());
        let named = named(&self.keydir, hash, place, at, segment.salt, bytes, rest);
        Some(
            named.map_err(|_| LogError::Damaged { path: segment.path.clone(), offset: u64::from(at.offset) }),
        )
    }

    /// Whether what was read at `at` is what the keydir's entry means still, and so what is wrong there is damage.
    pub(crate) fn is_current(&self, hash: u64, place: Place, at: Address) -> bool {
        self.keydir.table.contains(hash, place) && self.keydir.address(place) == Some(at)
    }
}
