//! One entry in a snapshot.

const FRESH: u8 = 1;
const IDLE: u8 = 2;
const REFRESH: u8 = 4;
const PINNED: u8 = 8;
const WARMTH: u8 = 16;

/// What is saved of an entry beside key and value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// Milliseconds from the taking of the snapshot until its time is over; none: never.
    pub(super) fresh: Option<u64>,
    /// The same, until it has not been read for too long.
    pub(super) idle: Option<u64>,
    /// The same, until it should be loaded anew.
    pub(super) refresh: Option<u64>,
    pub(super) pinned: bool,
    /// What its set knew of it, from 0 to 7.
    pub(super) warmth: Option<u8>,
    /// The share of its place's entries that would leave before it, in units of 2^-16.
    pub(super) heat: u16,
    pub(super) tags: Vec<Box<str>>,
}

impl Notes {
    /// Whether the entry is past its time, `elapsed` milliseconds after the snapshot was taken.
    pub(super) fn is_dead(&self, elapsed: u64) -> bool {
        [self.fresh, self.idle].into_iter().flatten().any(|left| left <= elapsed)
    }

    /// Writes the record of an entry with these notes, whose key and value are `encoded`. Lengths beyond 2^32 come out
    /// short; the block that they are in is too long, and refused.
    pub(super) fn append(&self, encoded: &[u8], out: &mut Vec<u8>) {
        let times = [(FRESH, self.fresh), (IDLE, self.idle), (REFRESH, self.refresh)];
        let mut flags = if self.pinned { PINNED } else { 0 } | if self.warmth.is_some() { WARMTH } else { 0 };
        for (flag, time) in times {
            flags |= if time.is_some() { flag } else { 0 };
        }
        out.extend_from_slice(&[flags, self.warmth.unwrap_or(0)]);
        out.extend_from_slice(&self.heat.to_le_bytes());
        out.extend_from_slice(&length(self.tags.len()));
        out.extend_from_slice(&length(encoded.len()));
        for time in times.into_iter().filter_map(|(_, time)| time) {
            out.extend_from_slice(&time.to_le_bytes());
        }
        for tag in &self.tags {
            out.extend_from_slice(&length(tag.len()));
            out.extend_from_slice(tag.as_bytes());
        }
        out.extend_from_slice(encoded);
    }

    /// Reads a record off the front of `rest`: the notes, and key and value as they were encoded. `None`: it is none.
    pub(super) fn take<'a>(rest: &mut &'a [u8]) -> Option<(Self, &'a [u8])> {
        let [flags, warmth] = array(rest)?;
        if flags & !(FRESH | IDLE | REFRESH | PINNED | WARMTH) != 0 || warmth > 7 {
            return None;
        }
        let heat = u16::from_le_bytes(array(rest)?);
        let (tags, encoded) = (u32::from_le_bytes(array(rest)?), u32::from_le_bytes(array(rest)?));
        let mut notes = Self {
            fresh: time(rest, flags & FRESH)?,
            idle: time(rest, flags & IDLE)?,
            refresh: time(rest, flags & REFRESH)?,
            pinned: flags & PINNED != 0,
            warmth: (flags & WARMTH != 0).then_some(warmth),
            heat,
            tags: Vec::new(),
        };
        for _ in 0..tags {
            let len = u32::from_le_bytes(array(rest)?);
            notes.tags.push(str::from_utf8(rest.split_off(..len as usize)?).ok()?.into());
        }
        Some((notes, rest.split_off(..encoded as usize)?))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "see `append`")]
const fn length(len: usize) -> [u8; 4] {
    (len as u32).to_le_bytes()
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}

/// `None`: cut off. `Some(None)`: the flag says that there is none.
fn time(rest: &mut &[u8], flag: u8) -> Option<Option<u64>> {
    if flag == 0 { Some(None) } else { array(rest).map(|bytes| Some(u64::from_le_bytes(bytes))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(
            times in any::<[Option<u64>; 3]>(),
            pinned: bool,
            warmth in proptest::option::of(0..8_u8),
            heat: u16,
            tags in proptest::collection::vec(".{0,9}", 0..3),
            encoded: Vec<u8>,
        ) {
            let [fresh, idle, refresh] = times;
            let tags = tags.into_iter().map(String::into_boxed_str).collect();
            let notes = Notes { fresh, idle, refresh, pinned, warmth, heat, tags };
            let mut out = Vec::new();
            notes.append(&encoded, &mut out);
            for cut in 0..out.len() {
                prop_assert_eq!(Notes::take(&mut &out[..cut]), None);
            }
            out.push(7);
            let mut rest = &out[..];
            prop_assert_eq!(Notes::take(&mut rest), Some((notes, &encoded[..])));
            prop_assert_eq!(rest, &[7][..]);
        }
    }
}
