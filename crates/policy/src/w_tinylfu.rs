//! W-TinyLFU: a small LRU window, and a main space that a newcomer enters only in place of something less popular.
//!
//! Newcomers enter the window, 1 % of the capacity. What falls out of it is a candidate for main, a segmented LRU: if it
//! was asked for more often than main's next victim, the victim leaves, else the candidate does. The window gives a new
//! favourite the time to be counted. Main's probation holds what was not hit there yet; a hit moves an entry to the
//! protected segment, 80 % of main, whose tail goes back to probation.
//!
//! Requests are counted up to 15, and all counts are halved now and then: each entry has its own, and a frequency sketch
//! has those of the entries that left.
//!
//! The adaptive form moves the border between window and main by hill climbing (`climber.rs`), from 1 % to 80 %.
//!
//! Cost: hit O(1), at most two list moves; miss and evict O(1), one line of the sketch each; insert O(1) amortised (each
//! entry overflows from the window once). At worst an insert or a hit moves 32 entries, and one insert in each doubling
//! of the cache copies the sketch. Metadata: 24 bytes per entry and 32 to 64 of sketch, 64 KiB at least; no ghosts.
//! Strong on skewed streams, scans and loops; the fixed window is weak on recency (OLTP, changing favourites), where the
//! adaptive one mends part of it, if the stream is long: it learns from samples of ten requests per entry.
//!
//! Source: Einziger, Friedman and Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM TOS, 2017; adaptive:
//! Einziger, Eytan, Friedman and Manes, "Adaptive Software Cache Management", Middleware 2018.
//!
//! Differs from the papers: those count every request in the sketch; here a hit counts in the entry, exactly and without
//! another cache line, and the sketch is told when the entry leaves. No doorkeeper in front of the sketch. Weights: candidate and victim are compared one to one
//! whatever they weigh, and a newcomer heavier than the window still enters, alone. After a step of the climber, or a change
//! of the capacity, what the window has too much goes to main a few entries at a time, and what it may have more comes
//! with the newcomers, so that neither stalls. An adaptive window keeps its proportion to a capacity that is changed. The
//! sketch is then folded if it is too large for as many entries as are to be expected.

use crate::{
    ParameterError, Policy, Slot,
    climber::Climber,
    drain::drained,
    list::{Links, List},
    share::{Share, in_proportion},
    sketch::{COUNT_MAX, Sketch},
    slab::cover,
};

/// The window's share of the capacity, and the least that it has when it adapts.
const WINDOW_SHARE: Share = Share::percent(1);
/// The most that a window has when it adapts.
const WINDOW_SHARE_MAX: Share = Share::percent(80);
/// Protected's share of main.
const PROTECTED_SHARE: Share = Share::percent(80);
/// Entries that one call moves at most to restore the shares.
const MOVES_MAX: usize = 32;

// A tag's bits, from the lowest. Where the entry is:
const WINDOW: u64 = 0;
const PROBATION: u64 = 1;
const PROTECTED: u64 = 2;
const REGION_BITS: u64 = 3;
// How often it was asked for lately:
const COUNT_SHIFT: u32 = 2;
// How many halvings that count has seen, modulo 256:
const EPOCH_SHIFT: u32 = 6;
const EPOCH_MASK: u64 = 0xff;
const COUNT_AND_EPOCH_BITS: u64 = 0xfff << COUNT_SHIFT;
// Whether it was hit at all. If not, the sketch knows its count already and need not be told when it leaves.
const HIT_BIT: u64 = 1 << 14;
// And 49 bits of the hash. Two keys that agree in them are counted as one.
const HASH_BITS: u64 = !0 << 15;

/// What decides how large the window is.
#[derive(Clone, Debug)]
enum Window {
    Fixed(Share),
    Adaptive(Climber),
}

#[derive(Clone, Debug)]
struct Region {
    list: List,
    /// Wide enough for any number of entries of any weight.
    weight: u128,
}

/// W-TinyLFU (ACM TOS 2017): an entry stays if it is more popular than the one that would leave for it. With a window
/// of 1 % of the capacity it is [`PolicyKind::WTinyLfu`](crate::PolicyKind::WTinyLfu).
///
/// Newcomers enter the window, an LRU queue, where they have time to prove themselves. A larger window does better
/// where what was asked for last is asked for next, a smaller one where popularity stays as it is.
///
/// Cost: O(1), an insert amortised. 24 bytes per entry, and 32 to 64 of sketch, 64 KiB at least.
#[derive(Clone, Debug)]
pub struct WTinyLfu {
    capacity: u64,
    window_target: u64,
    protected_target: u64,
    window: Window,
    sketch: Sketch,
    links: Links,
    /// By slot: what a hit looks at, in eight bytes.
    tags: Vec<u64>,
    /// By slot.
    weights: Vec<u64>,
    regions: [Region; 3],
    entries: usize,
    /// The weight about to come in.
    incoming: u64,
    /// The slot whose count caught up last without being asked for.
    swept: Slot,
}

impl WTinyLfu {
    /// With a window of 1 % of the capacity.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::with(capacity, Window::Fixed(WINDOW_SHARE))
    }

    /// With another window: a share of the capacity, and one unit at least.
    ///
    /// # Errors
    ///
    /// If the share is not from 0 to 1.
    pub fn with_window(capacity: u64, window: f64) -> Result<Self, ParameterError> {
        Ok(Self::with(capacity, Window::Fixed(Share::new("w-tinylfu", "window", window, 1.0)?)))
    }

    /// With a window that finds its share out, from 1 % to 80 % of the capacity (Middleware 2018).
    #[must_use]
    pub fn adaptive(capacity: u64) -> Self {
        Self::with(capacity, Window::Adaptive(Climber::new()))
    }

    fn with(capacity: u64, window: Window) -> Self {
        let window_share = match window {
            Window::Fixed(share) => share,
            Window::Adaptive(_) => WINDOW_SHARE,
        };
        let mut policy = Self {
            capacity,
            window_target: 0,
            protected_target: 0,
            window,
            sketch: Sketch::new(),
            links: Links::new(),
            tags: Vec::new(),
            weights: Vec::new(),
            regions: [const { Region { list: List::new(), weight: 0 } }; 3],
            entries: 0,
            incoming: 0,
            swept: Slot(0),
        };
        policy.set_window(window_share.of(capacity));
        policy
    }

    fn set_window(&mut self, target: u64) {
        self.window_target = target.max(1);
        self.protected_target = PROTECTED_SHARE.of(self.capacity.saturating_sub(self.window_target));
    }

    /// Of the adaptive form.
    fn set_window_within_limits(&mut self, target: u64) {
        let least = WINDOW_SHARE.of(self.capacity).max(1);
        let most = WINDOW_SHARE_MAX.of(self.capacity).max(least);
        self.set_window(target.clamp(least, most));
    }

    /// Lets a request pass that was counted.
    fn pass(&mut self, is_hit: bool) {
        if self.sketch.pass(self.entries) && !self.tags.is_empty() {
            // So that no entry misses a whole round of halvings, whose number has eight bits here.
            self.swept = Slot((self.swept.0 + 1) % self.tags.len() as u32);
            let count = self.popularity(self.swept);
            self.set_popularity(self.swept, count);
        }
        if let Window::Adaptive(climber) = &mut self.window
            && let Some(step) = climber.record(is_hit, self.entries)
        {
            self.move_border(step);
        }
    }

    /// How often the entry was asked for lately: its count, halved once for each halving that it has missed.
    fn popularity(&self, slot: Slot) -> u64 {
        let tag = self.tags[slot.index()];
        let missed = self.sketch.epoch().wrapping_sub(tag >> EPOCH_SHIFT) & EPOCH_MASK;
        (tag >> COUNT_SHIFT & COUNT_MAX) >> missed.min(4)
    }

    fn set_popularity(&mut self, slot: Slot, count: u64) {
        let tag = &mut self.tags[slot.index()];
        let epoch = self.sketch.epoch() & EPOCH_MASK;
        *tag = *tag & !COUNT_AND_EPOCH_BITS | epoch << EPOCH_SHIFT | count << COUNT_SHIFT;
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a border that is off by a unit in 2^53 is as good; casts from f64 saturate"
    )]
    fn move_border(&mut self, step: f64) {
        let units = (step.abs() * self.capacity as f64).ceil() as u64;
        let target = if step < 0.0 {
            self.window_target.saturating_sub(units)
        } else {
            self.window_target.saturating_add(units)
        };
        self.set_window_within_limits(target);
    }

    fn tail(&self, region: u64) -> Option<Slot> {
        self.regions[region as usize].list.tail()
    }

    fn push(&mut self, slot: Slot, region: u64) {
        let tag = &mut self.tags[slot.index()];
        *tag = *tag & !REGION_BITS | region;
        let to = &mut self.regions[region as usize];
        to.weight += u128::from(self.weights[slot.index()]);
        to.list.push_head(&mut self.links, slot);
    }

    fn unlink(&mut self, slot: Slot) {
        let from = &mut self.regions[(self.tags[slot.index()] & REGION_BITS) as usize];
        from.weight -= u128::from(self.weights[slot.index()]);
        from.list.unlink(&mut self.links, slot);
    }

    /// Moves tails of `region` to probation while it has more than its target, but not its newest entry.
    fn overflow(&mut self, region: u64, target: u64) {
        for _ in 0..MOVES_MAX {
            let Region { list, weight } = &self.regions[region as usize];
            if *weight <= u128::from(target) || list.tail() == list.head() {
                break;
            }
            let Some(tail) = list.tail() else { break };
            self.unlink(tail);
            self.push(tail, PROBATION);
        }
    }
}

impl Policy for WTinyLfu {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.sketch.add(hash & HASH_BITS);
        self.pass(false);
        self.incoming = weight;
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.tags, slot, 0);
        cover(&mut self.weights, slot, 0);
        self.tags[slot.index()] = hash & HASH_BITS;
        let count = self.sketch.estimate(hash & HASH_BITS);
        self.set_popularity(slot, count);
        self.weights[slot.index()] = weight;
        self.incoming = 0;
        self.entries += 1;
        self.sketch.grow_to(self.entries);
        self.push(slot, WINDOW);
        self.overflow(WINDOW, self.window_target);
    }

    fn hit(&mut self, slot: Slot) {
        self.set_popularity(slot, (self.popularity(slot) + 1).min(COUNT_MAX));
        self.tags[slot.index()] |= HIT_BIT;
        self.pass(true);
        let tag = self.tags[slot.index()];
        if tag & REGION_BITS == PROBATION {
            self.unlink(slot);
            self.push(slot, PROTECTED);
            self.overflow(PROTECTED, self.protected_target);
        } else {
            self.regions[(tag & REGION_BITS) as usize].list.move_to_head(&mut self.links, slot);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let region = &mut self.regions[(self.tags[slot.index()] & REGION_BITS) as usize];
        let before = std::mem::replace(&mut self.weights[slot.index()], weight);
        region.weight = region.weight - u128::from(before) + u128::from(weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        let window = self.regions[WINDOW as usize].weight + u128::from(self.incoming);
        let candidate = self.tail(WINDOW).filter(|_| window > u128::from(self.window_target));
        let victim = self.tail(PROBATION).or_else(|| self.tail(PROTECTED));
        let loser = match (candidate, victim) {
            (Some(candidate), Some(victim)) if self.popularity(candidate) > self.popularity(victim) => {
                self.unlink(candidate);
                self.push(candidate, PROBATION);
                victim
            }
            (Some(candidate), _) => candidate,
            (None, victim) => victim.or_else(|| self.tail(WINDOW))?,
        };
        self.remove(loser);
        Some(loser)
    }

    fn remove(&mut self, slot: Slot) {
        self.unlink(slot);
        self.entries -= 1;
        let tag = self.tags[slot.index()];
        if tag & HIT_BIT != 0 {
            let count = self.popularity(slot);
            self.sketch.raise(tag & HASH_BITS, count);
        }
    }

    fn clear(&mut self) {
        *self = match self.window {
            Window::Fixed(_) => Self::with(self.capacity, self.window.clone()),
            Window::Adaptive(_) => Self::adaptive(self.capacity),
        };
    }

    fn resize(&mut self, capacity: u64) {
        let entries = in_proportion(self.entries as u64, self.capacity, capacity);
        self.sketch.shrink_to(usize::try_from(entries).unwrap_or(usize::MAX));
        let before = std::mem::replace(&mut self.capacity, capacity);
        match self.window {
            Window::Fixed(share) => self.set_window(share.of(capacity)),
            Window::Adaptive(_) => {
                self.set_window_within_limits(in_proportion(self.window_target, before, capacity));
            }
        }
    }

    /// The counts of what is held are with the entries.
    fn coldest_first(&self) -> Vec<Slot> {
        drained(Self { sketch: self.sketch.without_counts(), ..self.clone() })
    }

    fn check_invariants(&self) {
        let mut entries = 0;
        for (region, of) in (0..).zip(&self.regions) {
            let slots = of.list.check_invariants(&self.links);
            assert!(slots.iter().all(|slot| self.tags[slot.index()] & REGION_BITS == region));
            assert_eq!(
                of.weight,
                slots.iter().map(|slot| u128::from(self.weights[slot.index()])).sum::<u128>()
            );
            entries += slots.len();
        }
        assert_eq!(self.entries, entries);
        assert!(self.window_target >= 1 && self.window_target <= self.capacity.max(1));
        self.sketch.check_invariants();
    }
}
