//! auto: S3-FIFO's queues, entered by count, and the small queue's share found out from who comes back.
//!
//! Newcomers enter the small queue. At its end an entry that was hit twice there moves on to main; any other takes the
//! place of main's next victim if it was asked for clearly more often, and else leaves. A key that comes back from among those
//! that left small enters main at once if it was asked for more often than main's next victim, which then leaves. Main is a
//! FIFO whose entries get another lap for each hit. What decides is thus a count that outlives the stay: the entry has it
//! while it is held, then the record of those that left (`departed.rs`). How long small is, from 1 to 90 % of the
//! capacity, is steered by those that come back soon (`steering.rs`).
//!
//! While the cache fills for the first time, or again after entries were removed, what is more than small's share goes to
//! main untested: on a loop longer than the cache, what came first then stays.
//!
//! Cost: hit O(1), writes one byte until it is saturated; miss O(1), one cache line of those that left; evict O(1): at most
//! 32 promotions and 72 steps of the hand, one line of those that left. Metadata: 25 bytes per entry and 14.5 to 29 for
//! those that left, 4 KiB at least.
//! Strong on loops, scans and skewed streams, and nearly LRU where reuse is recent. Weak where the best answer is one extreme
//! and the stream is over before it was found, ten or twenty times the capacity.
//!
//! Of our own making; S3-FIFO's queues (SOSP 2023), TinyLFU's test (ACM TOS 2017) and ARC's ghosts (FAST 2003) are what it
//! stands on. Figures and what was tried: `docs/auto.md`.

mod mark;
mod part;

use crate::{
    Policy, Slot,
    departed::{COUNT_MAX, Departed, Left},
    drain::drained,
    list::{Links, List},
    share::in_proportion,
    slab::cover,
    steering::Steering,
};
use mark::{Epoch, Mark};
pub use part::AutoPart;

/// Hits that an entry needs while in small to move on to main.
const PROMOTION_HITS: u8 = 2;
/// How much higher than main's next victim's the count has to be of a key that comes back, and of an entry at the end of
/// small.
const RETURN_MARGIN: u8 = 1;
const SMALL_MARGIN: u8 = 2;
/// Main's oldest entries that are looked at for one to compare with.
const CANDIDATES_MAX: u32 = 4;
/// Of main's oldest, as many are spared at most before one leaves in any case.
const LAPS_MAX: u32 = 64;
/// Entries that one eviction moves on from small to main at most.
const PROMOTIONS_MAX: u32 = 32;
/// Misses per entry between two halvings of the counts, after the first, which comes after twice as many.
const AGEING_MISSES: u64 = 10;
/// Counts age no faster than those of a cache of so many entries.
const AGEING_ENTRIES_MIN: usize = 8;

/// What matters only when an entry comes, leaves or changes.
#[derive(Clone, Copy, Debug, Default)]
struct Body {
    hash: u64,
    weight: u64,
}

/// The key about to come in.
#[derive(Clone, Copy, Debug)]
struct Newcomer {
    hash: u64,
    weight: u64,
    count: u8,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToSmall,
    /// It left small not long ago: to main, if it passes the test when room is made.
    Returns,
    ToMain,
}

/// The policy that tunes itself: S3-FIFO's queues, entered by count, and the small queue's share found out from who comes
/// back. It is [`PolicyKind::Auto`](crate::PolicyKind::Auto), the default.
///
/// It has no parameter. [`without`](Self::without) builds it incomplete, to see what each part is worth.
///
/// Cost: O(1). 25 bytes per entry, and 14.5 to 29 for those that left, 4 KiB at least.
#[derive(Clone, Debug)]
pub struct Auto {
    capacity: u64,
    without: Option<AutoPart>,
    steering: Steering,
    links: Links,
    /// By slot: what a hit touches.
    marks: Vec<Mark>,
    /// By slot.
    bodies: Vec<Body>,
    entries: usize,
    small: List,
    /// Wide enough for any number of entries of any weight.
    small_weight: u128,
    main: List,
    main_weight: u128,
    departed: Departed,
    newcomer: Option<Newcomer>,
    /// What may still enter main untested.
    vacant: u64,
    /// Since the last halving of the counts; as if half of the time to the next had passed, but for the first.
    misses: u64,
    /// The last halving.
    epoch: Epoch,
    /// Slots below this have seen it.
    swept: usize,
}

impl Auto {
    /// For a cache that holds up to `capacity` units of weight.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::with(capacity, None)
    }

    /// With one part left out: for experiments, not for use.
    #[must_use]
    pub fn without(capacity: u64, part: AutoPart) -> Self {
        Self::with(capacity, Some(part))
    }

    /// The small queue's share of the capacity as it is now, from 0.01 to 0.9. Takes O(1).
    #[must_use]
    pub fn small_share(&self) -> f64 {
        self.steering.share()
    }

    fn with(capacity: u64, without: Option<AutoPart>) -> Self {
        let steers = without != Some(AutoPart::Steering);
        let leaks = without != Some(AutoPart::Leak);
        let mut policy = Self {
            capacity,
            without,
            steering: Steering::new(capacity, steers, leaks),
            links: Links::new(),
            marks: Vec::new(),
            bodies: Vec::new(),
            entries: 0,
            small: List::new(),
            small_weight: 0,
            main: List::new(),
            main_weight: 0,
            departed: Departed::new(capacity),
            newcomer: None,
            vacant: 0,
            misses: 0,
            epoch: Epoch::default(),
            swept: 0,
        };
        policy.vacate(capacity);
        policy
    }

    fn vacate(&mut self, weight: u64) {
        if self.without != Some(AutoPart::ColdFill) {
            self.vacant = self.vacant.saturating_add(weight);
        }
    }

    fn main_has_room_for(&self, weight: u64) -> bool {
        let target = self.capacity.saturating_sub(self.steering.target());
        self.main_weight + u128::from(weight) <= u128::from(target)
    }

    fn small_has_room_for(&self, weight: u64) -> bool {
        self.small_weight + u128::from(weight) <= u128::from(self.steering.target())
    }

    /// How often the entry was asked for lately.
    fn count(&self, slot: Slot) -> u8 {
        self.marks[slot.index()].count(self.epoch)
    }

    fn push(&mut self, slot: Slot, in_main: bool) {
        let weight = u128::from(self.bodies[slot.index()].weight);
        self.marks[slot.index()].come_to(in_main);
        if in_main {
            self.main_weight += weight;
            self.main.push_head(&mut self.links, slot);
        } else {
            self.small_weight += weight;
            self.small.push_head(&mut self.links, slot);
        }
    }

    fn unlink(&mut self, slot: Slot) {
        let weight = u128::from(self.bodies[slot.index()].weight);
        if self.marks[slot.index()].in_main() {
            self.main_weight -= weight;
            self.main.unlink(&mut self.links, slot);
        } else {
            self.small_weight -= weight;
            self.small.unlink(&mut self.links, slot);
        }
    }

    fn move_to_main(&mut self, slot: Slot) {
        self.unlink(slot);
        self.push(slot, true);
    }

    /// The first of main's oldest that has no lap left. Those before it lose one and go round.
    fn main_victim(&mut self, steps: u32) -> Option<Slot> {
        for _ in 0..steps {
            let slot = self.main.tail()?;
            if !self.marks[slot.index()].spend_lap() {
                return Some(slot);
            }
            self.main.move_to_head(&mut self.links, slot);
        }
        None
    }

    /// Main's next victim, if `count` is higher than its by so much.
    fn outdone(&mut self, count: u8, margin: u8) -> Option<Slot> {
        self.main_victim(CANDIDATES_MAX).filter(|victim| count >= self.count(*victim) + margin)
    }

    fn leave(&mut self, slot: Slot) -> Slot {
        let Body { hash, weight } = self.bodies[slot.index()];
        let left = if self.marks[slot.index()].in_main() { Left::Main } else { Left::Small };
        let count = self.count(slot);
        self.departed.remember(hash, left, count, weight);
        self.steering.evicted(weight, left == Left::Small, self.entries);
        self.unlink(slot);
        self.entries -= 1;
        self.vacant = 0;
        slot
    }

    /// The way of a key that comes back is decided: whom it replaces in main, if anybody.
    fn admit(&mut self, newcomer: Newcomer) -> Option<Slot> {
        let mut victim = None;
        let mut accepted =
            self.without == Some(AutoPart::ReturnTest) || self.main_has_room_for(newcomer.weight);
        if !accepted {
            victim = self.outdone(newcomer.count, RETURN_MARGIN);
            accepted = victim.is_some();
        }
        let way = if accepted { Way::ToMain } else { Way::ToSmall };
        self.newcomer = Some(Newcomer { way, ..newcomer });
        victim
    }

    fn evict_from_main(&mut self) -> Option<Slot> {
        let victim = self.main_victim(LAPS_MAX).or_else(|| self.main.tail())?;
        Some(self.leave(victim))
    }

    /// Counts the miss, and halves all counts when it is time. It is not, until all have seen the last time.
    fn age(&mut self) {
        if self.swept < self.marks.len() {
            self.marks[self.swept].catch_up(self.epoch);
            self.swept += 1;
        }
        self.misses += 1;
        let period = AGEING_MISSES * self.entries.max(AGEING_ENTRIES_MIN) as u64;
        if self.misses >= 2 * period && self.swept >= self.marks.len() && self.departed.may_halve() {
            self.misses = period;
            self.epoch = self.epoch.next();
            self.swept = 0;
            self.departed.halve();
        }
    }
}

impl Policy for Auto {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.age();
        let mut known = self.departed.take(hash);
        match known.left {
            Some(Left::Small) if known.near => self.steering.lengthen(self.entries),
            Some(Left::Main) if known.near => self.steering.shorten(self.entries),
            _ => {}
        }
        if self.without == Some(AutoPart::Sketch) && known.left != Some(Left::Small) {
            known.count = 0;
        }
        let way = if known.left == Some(Left::Small) { Way::Returns } else { Way::ToSmall };
        self.newcomer = Some(Newcomer { hash, weight, count: (known.count + 1).min(COUNT_MAX), way });
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.bodies, slot, Body::default());
        cover(&mut self.marks, slot, Mark::default());
        self.bodies[slot.index()] = Body { hash, weight };
        let newcomer = self.newcomer.take().filter(|newcomer| newcomer.hash == hash);
        let (count, way) = newcomer.map_or((1, Way::ToSmall), |newcomer| (newcomer.count, newcomer.way));
        let fills = self.vacant > 0 && !self.small_has_room_for(weight);
        let in_main = match way {
            Way::ToMain => true,
            Way::Returns => self.main_has_room_for(weight),
            Way::ToSmall => fills && self.main_has_room_for(weight),
        };
        self.vacant = self.vacant.saturating_sub(weight);
        self.marks[slot.index()] = Mark::new(count, self.epoch);
        self.push(slot, in_main);
        self.entries += 1;
        self.departed.grow_to(self.entries);
    }

    fn hit(&mut self, slot: Slot) {
        self.marks[slot.index()].hit(self.epoch);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let before = std::mem::replace(&mut self.bodies[slot.index()].weight, weight);
        let in_main = self.marks[slot.index()].in_main();
        let total = if in_main { &mut self.main_weight } else { &mut self.small_weight };
        *total = *total - u128::from(before) + u128::from(weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        if let Some(newcomer) = self.newcomer
            && newcomer.way == Way::Returns
            && let Some(victim) = self.admit(newcomer)
        {
            return Some(self.leave(victim));
        }
        let incoming = self.newcomer.filter(|newcomer| newcomer.way == Way::ToMain);
        let incoming = incoming.map_or(0, |newcomer| newcomer.weight);
        let mut promotions = 0;
        while let Some(tail) = self.small.tail() {
            if !self.main_has_room_for(incoming) && self.main.tail().is_some() {
                break;
            }
            let proven = self.marks[tail.index()].laps() >= PROMOTION_HITS;
            if proven && promotions < PROMOTIONS_MAX && self.capacity > 1 {
                self.move_to_main(tail);
                promotions += 1;
                continue;
            }
            if self.without != Some(AutoPart::SmallTest)
                && let Some(victim) = self.outdone(self.count(tail), SMALL_MARGIN)
            {
                self.leave(victim);
                self.move_to_main(tail);
                return Some(victim);
            }
            return Some(self.leave(tail));
        }
        self.evict_from_main()
    }

    fn remove(&mut self, slot: Slot) {
        self.vacate(self.bodies[slot.index()].weight);
        self.unlink(slot);
        self.entries -= 1;
    }

    fn clear(&mut self) {
        *self = Self::with(self.capacity, self.without);
    }

    fn resize(&mut self, capacity: u64) {
        let entries = in_proportion(self.entries as u64, self.capacity, capacity);
        self.departed.resize(capacity, entries.max(self.entries as u64));
        self.steering.resize(capacity);
        self.vacate(capacity.saturating_sub(self.capacity));
        self.capacity = capacity;
    }

    fn coldest_first(&self) -> Vec<Slot> {
        drained(Self { departed: self.departed.emptied(), ..self.clone() })
    }

    fn check_invariants(&self) {
        let mut entries = 0;
        for (list, in_main, weight) in
            [(&self.small, false, self.small_weight), (&self.main, true, self.main_weight)]
        {
            let slots = list.check_invariants(&self.links);
            assert!(slots.iter().all(|slot| self.marks[slot.index()].in_main() == in_main));
            let weights = slots.iter().map(|slot| u128::from(self.bodies[slot.index()].weight));
            assert_eq!(weight, weights.sum::<u128>());
            entries += slots.len();
        }
        assert_eq!(self.entries, entries);
        assert!(self.swept <= self.marks.len());
        self.steering.check_invariants();
        self.departed.check_invariants();
    }
}
