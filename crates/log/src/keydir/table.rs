//! Places by hash, in ten bytes an entry: the keydir without its keys.
//!
//! An entry is 32 bits of a key's hash, its *tag*, and a [`Place`]. Nothing here knows keys: two whose hashes agree as
//! far as the table sees them both have an entry, and who asks gets the places of both and looks at the records.
//!
//! A hash's highest bits choose the shard, of which each has a lock; the tag finds the entry in it ([`Shard`], [`Page`]).
//! Both together are 40 bits, so a look for a key that is not there finds a place to look at in vain with a probability
//! of about keys / 2^40: one in a hundred thousand at ten million keys.
//!
//! **Shards differ in size**, the largest being twice the smallest. Were they alike, all their pages would grow long
//! and be split at the same time, and memory given back by some would fit none of the others.
//!
//! [`Page`]: super::page::Page

use std::sync::RwLock;

use super::{place::Place, shard::Shard};
use crate::locks::{read, write};

const SHARDS: usize = 256;

/// A shard has so many of the `1 << ROUTE_BITS` values of a hash's highest bits as its size says.
const ROUTE_BITS: u32 = 12;

const TAG_SHIFT: u32 = 64 - ROUTE_BITS - 32;

#[derive(Debug)]
pub(crate) struct Table {
    shards: Box<[Slot]>,
    /// The shard for each value of a hash's highest bits, ascending.
    routes: Box<[u8]>,
}

/// Apart by a cache line, so that the lock of one shard is not the false neighbour of the next.
#[derive(Debug)]
#[repr(align(64))]
struct Slot(RwLock<Shard>);

/// The places whose tags are equal: none or one, and seldom more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    None,
    One(Place),
    Many(Vec<Place>),
}

impl Places {
    pub(crate) fn as_slice(&self) -> &[Place] {
        match self {
            Self::None => &[],
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        }
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut places = places.into_iter();
        match (places.next(), places.next()) {
            (None, _) => Self::None,
            (Some(one), None) => Self::One(one),
            (Some(one), Some(two)) => Self::Many([one, two].into_iter().chain(places).collect()),
        }
    }
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Slot(RwLock::new(Shard::new()))).collect(), routes: routes() }
    }

    pub(crate) fn get(&self, hash: u64) -> Places {
        read(self.shard(hash)).equal(tag(hash)).collect()
    }

    pub(crate) fn contains(&self, hash: u64, place: Place) -> bool {
        read(self.shard(hash)).equal(tag(hash)).any(|other| other == place)
    }

    /// Adds an entry, whatever others there are with this hash.
    pub(crate) fn insert(&self, hash: u64, place: Place) {
        write(self.shard(hash)).insert(tag(hash), place);
    }

    /// Adds an entry if there is no other with this hash; else returns those there are.
    pub(crate) fn insert_alone(&self, hash: u64, place: Place) -> Places {
        let mut shard = write(self.shard(hash));
        let others = shard.equal(tag(hash)).collect();
        if matches!(others, Places::None) {
            shard.insert(tag(hash), place);
        }
        others
    }

    /// Moves the entry at `from` to `to`. False if there is none.
    pub(crate) fn replace(&self, hash: u64, from: Place, to: Place) -> bool {
        write(self.shard(hash)).replace(tag(hash), from, to)
    }

    pub(crate) fn remove(&self, hash: u64, place: Place) -> bool {
        write(self.shard(hash)).remove(tag(hash), place)
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(&shard.0).len()).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| read(&shard.0).len() == 0)
    }

    /// Empties the table. The old shards are returned, for the caller to drop when it holds no lock.
    pub(crate) fn take_all(&self) -> Vec<Shard> {
        self.shards.iter().map(|shard| std::mem::replace(&mut *write(&shard.0), Shard::new())).collect()
    }

    /// Keeps the entries for which `keep` holds; it gets a hash that finds the entry.
    pub(crate) fn retain(&self, mut keep: impl FnMut(u64, Place) -> bool) {
        for at in 0..SHARDS {
            let route = self.first_route(at);
            write(&self.shards[at].0).retain(|tag, place| keep(hash(route, tag), place));
        }
    }

    /// Visits entries in the order of their hashes from `cursor` on (0: the first), while `visit` returns true, and to the
    /// end of those that are equal. Returns where to go on; 0 is the end.
    ///
    /// The order is that of the hashes, whatever comes and goes: an entry that stays is visited exactly once.
    /// `visit` gets a hash that finds the entry, and runs under the shard's lock.
    pub(crate) fn scan(&self, cursor: u64, mut visit: impl FnMut(u64, Place) -> bool) -> u64 {
        let (first, mut tag) = ((cursor >> 32) as usize, cursor as u32);
        for at in first..SHARDS {
            let (route, mut go_on) = (self.first_route(at), true);
            let next = read(&self.shards[at].0).scan(tag, |tag, place| {
                go_on &= visit(hash(route, tag), place);
                go_on
            });
            if let Some(next) = next {
                return (at as u64) << 32 | u64::from(next);
            }
            if !go_on && at + 1 < SHARDS {
                return (at as u64 + 1) << 32;
            }
            tag = 0;
        }
        0
    }

    /// What of a hash leads to its entry: equal for all keys that share one.
    pub(crate) fn entry_hash(&self, hash: u64) -> (u8, u32) {
        (self.routes[(hash >> (64 - ROUTE_BITS)) as usize], tag(hash))
    }

    /// The bits of a hash that lead to its entry, and zeros.
    pub(crate) fn hash_kept(&self, hash: u64) -> u64 {
        hash >> TAG_SHIFT << TAG_SHIFT
    }

    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        let route = (hash >> (64 - ROUTE_BITS)) as usize;
        &self.shards[usize::from(self.routes[route])].0
    }

    fn first_route(&self, shard: usize) -> u64 {
        self.routes.partition_point(|&at| usize::from(at) < shard) as u64
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> TAG_SHIFT) as u32
}

fn hash(route: u64, tag: u32) -> u64 {
    route << (64 - ROUTE_BITS) | u64::from(tag) << TAG_SHIFT
}

/// Shard `s` of `S` has a size in proportion to 3 + 2x + x², x = s / S: within 0.2 % that of 2^x, so that pages are found at each
/// stage of their growth alike, and in integers, so that it is the same on every machine.
fn routes() -> Box<[u8]> {
    let size = |shard: usize| 3 * SHARDS * SHARDS + 2 * SHARDS * shard + shard * shard;
    let all: usize = (0..SHARDS).map(size).sum();
    let (mut routes, mut sum) = (Vec::with_capacity(1 << ROUTE_BITS), 0);
    for shard in 0..SHARDS {
        sum += size(shard);
        routes.resize((sum << ROUTE_BITS) / all, shard as u8);
    }
    routes.into()
}

#[cfg(test)]
#[path = "table/tests.rs"] // named, because the example names this file
mod tests;
