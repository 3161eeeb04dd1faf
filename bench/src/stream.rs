//! Streams of keys, drawn before the clock starts and read in order, so that neither drawing a key nor waiting for the
//! memory it lies in is measured: a key is at hand, as one that was just parsed from a request is.

use std::{fmt::Write, hash::Hash};

use crate::{
    random::{Random, scramble},
    zipf::Zipf,
};

/// How many keys there are, unless said otherwise.
pub(crate) const UNIVERSE: u32 = 1_000_000;
/// The skew of the requests.
pub(crate) const SKEW: f64 = 0.9;
/// Length of a stream, after which it starts over: many times what any cache here holds. A power of two.
const LENGTH: usize = 1 << 22;
const SEED: u64 = 20_261_120;
const TEXT_BYTES: usize = 20;

/// What a cache is looked up by.
pub(crate) trait Lookup: Hash + Eq + Send + Sync + ToOwned<Owned: Kept> {}

impl<Q: Hash + Eq + Send + Sync + ToOwned<Owned: Kept> + ?Sized> Lookup for Q {}

/// What a cache keeps as a key.
pub(crate) trait Kept: Hash + Eq + Clone + Send + Sync + 'static {}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Kept for K {}

/// Requests, one after another, for ever.
pub(crate) trait Stream: Sync {
    type Key: Lookup + ToOwned<Owned = Self::Owned> + ?Sized;
    type Owned: Kept;
    type Value: Clone + Send + Sync + 'static;
    /// What an entry cannot do without: its key and its value, with what they own.
    const PAYLOAD_BYTES: usize;

    fn key(&self, index: usize) -> &Self::Key;
    fn value(&self, index: usize) -> Self::Value;
}

/// `u64` keys with themselves as values.
pub(crate) struct Numbers(Vec<u64>);

impl Numbers {
    pub(crate) fn zipf(keys: u32) -> Self {
        Self(zipf_ranks(keys).map(scramble).collect())
    }

    /// Every key once, in no order.
    pub(crate) fn universe() -> Self {
        let mut ranks = (0..u64::from(UNIVERSE)).collect::<Vec<u64>>();
        ranks.sort_unstable_by_key(|rank| scramble(rank ^ SEED));
        Self(ranks.into_iter().map(scramble).cycle().take(LENGTH).collect())
    }

    /// Keys outside the universe, each new to a cache that has not the room for a whole stream.
    pub(crate) fn strangers() -> Self {
        let first = u64::from(UNIVERSE);
        Self((first..first + LENGTH as u64).map(scramble).collect())
    }
}

impl Stream for Numbers {
    type Key = u64;
    type Owned = u64;
    type Value = u64;
    const PAYLOAD_BYTES: usize = 16;

    fn key(&self, index: usize) -> &u64 {
        &self.0[index % LENGTH]
    }

    fn value(&self, index: usize) -> u64 {
        self.0[index % LENGTH]
    }
}

/// Keys of 20 characters, values of 100 bytes kept in line.
pub(crate) struct Texts(String);

/// 100 bytes.
pub(crate) type Page = [u8; 100];

impl Texts {
    pub(crate) fn zipf(keys: u32) -> Self {
        Self::of(zipf_ranks(keys))
    }

    /// As [`Numbers::strangers`].
    pub(crate) fn strangers() -> Self {
        let first = u64::from(UNIVERSE);
        Self::of(first..first + LENGTH as u64)
    }

    fn of(ranks: impl Iterator<Item = u64>) -> Self {
        let mut text = String::with_capacity(LENGTH * TEXT_BYTES);
        for rank in ranks {
            let written = write!(text, "user:{:015x}", scramble(rank) >> 4);
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
        Self(text)
    }
}

impl Stream for Texts {
    type Key = str;
    type Owned = String;
    type Value = Page;
    const PAYLOAD_BYTES: usize = size_of::<String>() + TEXT_BYTES + size_of::<Page>();

    fn key(&self, index: usize) -> &str {
        let start = index % LENGTH * TEXT_BYTES;
        &self.0[start..start + TEXT_BYTES]
    }

    #[expect(clippy::cast_possible_truncation, reason = "any byte will do")]
    fn value(&self, index: usize) -> Page {
        [index as u8; 100]
    }
}

fn zipf_ranks(keys: u32) -> impl Iterator<Item = u64> {
    let zipf = Zipf::new(keys, SKEW);
    let mut random = Random::new(SEED);
    (0..LENGTH).map(move |_| zipf.draw(&mut random) as u64)
}
