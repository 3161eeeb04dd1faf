//! What ARC and CAR remember of the entries that left, and the one number they steer by it.
//!
//! Both keep entries used once apart from those used again, remember what left either part, and shift the target share
//! of the first part toward the side whose departed are asked for again.

use crate::ghost::GhostQueue;

/// A part of the cache, and the part of the history that remembers what left it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Side {
    /// T1 and B1: used once.
    #[default]
    Recent,
    /// T2 and B2: used again.
    Frequent,
}

/// A newcomer that was found in the history, and is no longer part of it.
#[derive(Clone, Copy, Debug)]
struct Returning {
    hash: u64,
    weight: u64,
    side: Side,
}

#[derive(Clone, Debug)]
pub(crate) struct History {
    capacity: u64,
    /// p: the weight that the recent part should have. A fraction, as the ratios that move it are.
    target: f64,
    recent: GhostQueue,
    frequent: GhostQueue,
    returning: Option<Returning>,
}

impl History {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self {
            capacity,
            target: 0.0,
            recent: GhostQueue::new(capacity),
            frequent: GhostQueue::new(capacity.saturating_mul(2)),
            returning: None,
        }
    }

    /// The target keeps its proportion to the capacity.
    #[expect(clippy::cast_precision_loss, reason = "a target that is off by a unit in 2^53 is as good")]
    pub(crate) fn resize(&mut self, capacity: u64) {
        let scaled = self.target * capacity as f64 / self.capacity.max(1) as f64;
        self.target = scaled.min(capacity as f64);
        self.capacity = capacity;
        self.recent.resize(capacity, |(), _| {});
        self.frequent.resize(capacity.saturating_mul(2), |(), _| {});
    }

    pub(crate) const fn target(&self) -> f64 {
        self.target
    }

    pub(crate) fn push(&mut self, side: Side, hash: u64, weight: u64) {
        match side {
            Side::Recent => self.recent.push(hash, weight),
            Side::Frequent => self.frequent.push(hash, weight),
        }
    }

    /// Looks a newcomer up before room is made for it.
    pub(crate) fn look_up(&mut self, hash: u64, weight: u64) {
        let side = if self.recent.take(hash) {
            Some(Side::Recent)
        } else {
            self.frequent.take(hash).then_some(Side::Frequent)
        };
        self.returning = side.map(|side| Returning { hash, weight, side });
    }

    /// The part that the newcomer left, if it is remembered.
    pub(crate) fn left(&self) -> Option<Side> {
        self.returning.map(|newcomer| newcomer.side)
    }

    /// Moves the target toward the part that the newcomer left: by its weight, times how much rarer departures from
    /// that part are remembered than from the other.
    #[expect(clippy::cast_precision_loss, reason = "a target that is off by a unit in 2^53 is as good")]
    pub(crate) fn adapt(&mut self) {
        let Some(Returning { weight, side, .. }) = self.returning else { return };
        let own = weight as f64; // was part of its ghost queue until it was found there
        let (recent, frequent) = (self.recent.weight() as f64, self.frequent.weight() as f64);
        let target = match side {
            Side::Recent => self.target + own * (frequent / (recent + own)).max(1.0),
            Side::Frequent => self.target - own * (recent / (frequent + own)).max(1.0),
        };
        if target.is_finite() {
            self.target = target.clamp(0.0, self.capacity as f64);
        }
    }

    /// The part that an entry comes into: the frequent one if it is the newcomer that was remembered.
    pub(crate) fn admit(&mut self, hash: u64) -> Side {
        match self.returning.take() {
            Some(newcomer) if newcomer.hash == hash => Side::Frequent,
            _ => Side::Recent,
        }
    }

    /// Forgets the oldest departures, so that the recent part and what left it stay within the capacity, and all of it
    /// within twice that.
    pub(crate) fn trim(&mut self, recent_weight: u128, frequent_weight: u128) {
        let capacity = u128::from(self.capacity);
        while recent_weight + u128::from(self.recent.weight()) > capacity && self.recent.forget_oldest() {}
        let allowed = (capacity * 2).saturating_sub(recent_weight + frequent_weight);
        while u128::from(self.recent.weight()) + u128::from(self.frequent.weight()) > allowed
            && (self.frequent.forget_oldest() || self.recent.forget_oldest())
        {}
    }

    /// A copy that remembers nothing, and will not.
    pub(crate) fn without_ghosts(&self) -> Self {
        Self { recent: GhostQueue::new(0), frequent: GhostQueue::new(0), ..self.clone() }
    }

    pub(crate) fn check_invariants(&self) {
        self.recent.check_invariants();
        self.frequent.check_invariants();
        assert!((0.0..=self.capacity as f64).contains(&self.target), "target {}", self.target);
    }
}
