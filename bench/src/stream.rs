//! Streams of keys, drawn before the clock starts and read in order, so that neither drawing a key nor waiting for the
//! memory it lies in is measured: a key is at hand, as one that was just parsed from a request is.

use std::{borrow::Borrow, cell::RefCell, fmt::Write, hash::Hash};

use crate::{
    random::{Random, scramble},
    zipf::Zipf,
};

/// How many keys there are, unless said otherwise.
pub(crate) const UNIVERSE: u32 = 1_000_000;
/// The skew of the requests, unless said otherwise.
pub(crate) const SKEW: f64 = 0.9;
/// Length of a stream, after which it starts over: many times what most caches here hold. A power of two.
pub(crate) const LENGTH: usize = 1 << 22;
const SEED: u64 = 20_261_120;

/// What a cache is looked up by.
pub(crate) trait Lookup: Hash + Eq + Send + Sync + ToOwned<Owned: Kept> {
    /// For caches that can only be asked with the very type that they keep: without an allocation, as a careful user
    /// would.
    fn with_owned<R>(&self, ask: impl FnOnce(&Self::Owned) -> R) -> R;
}

impl Lookup for u64 {
    fn with_owned<R>(&self, ask: impl FnOnce(&u64) -> R) -> R {
        ask(self)
    }
}

impl Lookup for str {
    fn with_owned<R>(&self, ask: impl FnOnce(&String) -> R) -> R {
        thread_local! {
            static OWNED: RefCell<String> = const { RefCell::new(String::new()) };
        }
        OWNED.with_borrow_mut(|owned| {
            owned.clear();
            owned.push_str(self);
            ask(owned)
        })
    }
}

/// What a cache keeps as a key.
pub(crate) trait Kept: Hash + Eq + Clone + Send + Sync + 'static {}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Kept for K {}

/// Requests, one after another, for ever.
pub(crate) trait Stream: Sync + 'static {
    type Key: Lookup + ToOwned<Owned = Self::Owned> + ?Sized;
    type Owned: Kept + Borrow<Self::Key>;
    type Value: Clone + Send + Sync + 'static;
    /// What an entry cannot do without: its key and its value, with what they own.
    const PAYLOAD_BYTES: usize;

    fn key(&self, index: usize) -> &Self::Key;
    fn value(&self, index: usize) -> Self::Value;
}

/// `u64` keys with themselves as values.
pub(crate) struct Numbers {
    /// A power of two of them.
    keys: Vec<u64>,
}

impl Numbers {
    /// These and then, up to a power of two, from the start again.
    pub(crate) fn of(keys: &[u64]) -> Self {
        let length = keys.len().max(1).next_power_of_two();
        Self { keys: keys.iter().copied().cycle().take(length).collect() }
    }

    /// Requests for `keys` keys, [`SKEW`]ed.
    pub(crate) fn zipf(keys: u32) -> Self {
        Self::skewed(keys, SKEW)
    }

    pub(crate) fn skewed(keys: u32, exponent: f64) -> Self {
        Self { keys: zipf_ranks(keys, exponent).map(scramble).collect() }
    }

    /// Requests with a skew like Zipf's, drawn at little cost from any number of keys.
    pub(crate) fn cubic(keys: u32) -> Self {
        Self { keys: cubic_ranks(keys).map(scramble).collect() }
    }

    /// Requests without skew.
    pub(crate) fn uniform(keys: u32) -> Self {
        let mut random = Random::new(SEED);
        Self { keys: (0..LENGTH).map(|_| scramble(random.next() % u64::from(keys))).collect() }
    }

    /// Every key once, in no order.
    pub(crate) fn universe(keys: u32) -> Self {
        let mut ranks = (0..u64::from(keys)).collect::<Vec<u64>>();
        ranks.sort_unstable_by_key(|rank| scramble(rank ^ SEED));
        ranks.iter_mut().for_each(|rank| *rank = scramble(*rank));
        Self::of(&ranks)
    }

    /// Keys outside of a universe of `keys`, each new to a cache that has not the room for a whole stream.
    pub(crate) fn strangers(keys: u32) -> Self {
        let first = u64::from(keys);
        Self { keys: (first..first + LENGTH as u64).map(scramble).collect() }
    }

    /// The first so many keys, over and over.
    pub(crate) fn round_and_round(keys: u32) -> Self {
        Self { keys: (0..u64::from(keys)).cycle().map(scramble).take(LENGTH).collect() }
    }
}

impl Stream for Numbers {
    type Key = u64;
    type Owned = u64;
    type Value = u64;
    const PAYLOAD_BYTES: usize = 16;

    fn key(&self, index: usize) -> &u64 {
        &self.keys[index & (self.keys.len() - 1)]
    }

    fn value(&self, index: usize) -> u64 {
        *self.key(index)
    }
}

/// Keys of 20 characters, values of 100 bytes kept in line.
pub(crate) struct Texts(Text<20>);

/// 100 bytes.
pub(crate) type Page = [u8; 100];

impl Texts {
    pub(crate) fn zipf(keys: u32) -> Self {
        Self(Text::of(zipf_ranks(keys, SKEW)))
    }
}

impl Stream for Texts {
    type Key = str;
    type Owned = String;
    type Value = Page;
    const PAYLOAD_BYTES: usize = size_of::<String>() + 20 + size_of::<Page>();

    fn key(&self, index: usize) -> &str {
        self.0.get(index)
    }

    #[expect(clippy::cast_possible_truncation, reason = "any byte will do")]
    fn value(&self, index: usize) -> Page {
        [index as u8; 100]
    }
}

/// Keys of 16 characters, numbers as values.
pub(crate) struct Names(Text<16>);

impl Names {
    /// As [`Numbers::cubic`].
    pub(crate) fn cubic(keys: u32) -> Self {
        Self(Text::of(cubic_ranks(keys)))
    }

    /// As [`Numbers::strangers`].
    pub(crate) fn strangers(keys: u32) -> Self {
        let first = u64::from(keys);
        Self(Text::of(first..first + LENGTH as u64))
    }
}

impl Stream for Names {
    type Key = str;
    type Owned = String;
    type Value = u64;
    const PAYLOAD_BYTES: usize = size_of::<String>() + 16 + size_of::<u64>();

    fn key(&self, index: usize) -> &str {
        self.0.get(index)
    }

    fn value(&self, index: usize) -> u64 {
        index as u64
    }
}

/// Keys of `BYTES` characters one after another.
struct Text<const BYTES: usize>(String);

impl<const BYTES: usize> Text<BYTES> {
    fn of(ranks: impl Iterator<Item = u64>) -> Self {
        let mut text = String::with_capacity(LENGTH * BYTES);
        // The last digits of a scrambled number are as scattered as the first.
        let digits = BYTES - "user:".len();
        let mask = (1_u64 << (4 * digits)) - 1;
        for rank in ranks {
            let written = write!(text, "user:{:0digits$x}", scramble(rank) & mask);
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
        debug_assert_eq!(text.len(), LENGTH * BYTES, "a stream has its whole length");
        Self(text)
    }

    fn get(&self, index: usize) -> &str {
        let start = index % LENGTH * BYTES;
        &self.0[start..start + BYTES]
    }
}

fn zipf_ranks(keys: u32, exponent: f64) -> impl Iterator<Item = u64> {
    let zipf = Zipf::new(keys, exponent);
    let mut random = Random::new(SEED);
    (0..LENGTH).map(move |_| zipf.draw(&mut random) as u64)
}

fn cubic_ranks(keys: u32) -> impl Iterator<Item = u64> {
    let mut random = Random::new(SEED);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of keys"
    )]
    let rank = move |_| (random.unit().powi(3) * f64::from(keys)) as u64;
    (0..LENGTH).map(rank)
}
