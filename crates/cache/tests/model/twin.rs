//! The naive twin: keeps all that was ever written.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use nuthatch_cache::{Cause, Expiry};
use proptest::prelude::*;

use crate::ops::{Op, Shape};

/// A value: its weight, and a number that tells it from every other.
pub(crate) type Value = (u8, usize);

/// Values of odd weight decide for themselves.
pub(crate) struct ByWeight;

pub(crate) fn after_create(weight: u8) -> Option<u64> {
    (weight % 2 == 1).then_some(u64::from(weight))
}

pub(crate) fn after_read(weight: u8) -> Option<u64> {
    (weight % 4 == 3).then_some(5)
}

impl Expiry<u8, Value> for ByWeight {
    fn after_create(&self, _: &u8, value: &Value) -> Option<Duration> {
        after_create(value.0).map(Duration::from_millis)
    }

    fn after_read(&self, _: &u8, value: &Value, _: Option<Duration>) -> Option<Duration> {
        after_read(value.0).map(Duration::from_millis)
    }
}

/// A value that was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) value: Value,
    pub(crate) expires: Option<u64>,
    pub(crate) idle: Option<u64>,
    pub(crate) tags: u8,
    /// One of its tags was invalidated.
    pub(crate) invalid: bool,
}

pub(crate) struct Twin {
    pub(crate) shape: Shape,
    pub(crate) now: u64,
    /// All values by their number.
    pub(crate) written: HashMap<usize, Written>,
    /// The last value of each key that nobody removed.
    pub(crate) current: HashMap<u8, usize>,
    /// What came into the cache and was not told to have left.
    pub(crate) inside: HashMap<usize, u8>,
    pub(crate) pinned: HashSet<u8>,
    pub(crate) lookups: u64,
    /// The number of the last value written.
    pub(crate) last: usize,
    pub(crate) told: HashMap<Cause, u64>,
}

impl Twin {
    pub(crate) fn write(&mut self, key: u8, value: Value, ttl: Option<u8>, tags: u8) {
        let shape = &self.shape;
        let own = if shape.own_expiry { after_create(value.0) } else { None };
        let ttl = ttl.map(u64::from).or(own).or(shape.time_to_live);
        let written = Written {
            value,
            expires: ttl.map(|ttl| self.now + ttl),
            idle: shape.time_to_idle.map(|idle| self.now + idle),
            tags,
            invalid: false,
        };
        self.last = value.1;
        self.written.insert(value.1, written);
        self.current.insert(key, value.1);
    }

    pub(crate) fn has_passed(&self, written: &Written) -> bool {
        let passed = |deadline: Option<u64>| deadline.is_some_and(|deadline| deadline <= self.now);
        passed(written.expires) || passed(written.idle)
    }

    pub(crate) fn live(&self, key: u8) -> Option<Value> {
        let written = &self.written[self.current.get(&key)?];
        (!written.invalid && !self.has_passed(written)).then_some(written.value)
    }

    pub(crate) fn read(&mut self, key: u8) {
        let Some(number) = self.current.get(&key) else { return };
        let written = self.written.get_mut(number).unwrap();
        if self.shape.own_expiry
            && let Some(left) = after_read(written.value.0)
        {
            written.expires = Some(self.now + left);
        }
        written.idle = self.shape.time_to_idle.map(|idle| self.now + idle);
    }

    /// What was found, against what is there.
    pub(crate) fn check(&self, key: u8, found: Option<Value>) -> Result<(), TestCaseError> {
        if found.is_some() || self.shape.roomy {
            prop_assert_eq!(found, self.live(key), "of key {} at {}", key, self.now);
        }
        Ok(())
    }

    /// What the listener was told of in the course of `op`.
    pub(crate) fn hear(&mut self, op: &Op, told: Vec<(u8, Value, Cause)>) -> Result<(), TestCaseError> {
        for (key, value, cause) in told {
            prop_assert_eq!(self.inside.remove(&value.1), Some(key), "{:?} left, {:?}", value, cause);
            *self.told.entry(cause).or_default() += 1;
            let heavy = matches!(op, Op::Update { .. }) && value.1 == self.last;
            // A cache made smaller lets pinned entries go, last of all.
            let shrunk = matches!(op, Op::Resize(_));
            prop_assert!(
                cause != Cause::Size || heavy || shrunk || !self.pinned.contains(&key),
                "{:?} is pinned",
                key
            );
            if cause != Cause::Replaced {
                self.pinned.remove(&key);
            }
            let written = &self.written[&value.1];
            let passed = self.has_passed(written);
            let right = match cause {
                Cause::Expired => passed,
                Cause::Tag => written.invalid,
                Cause::Size => !self.shape.roomy,
                Cause::Replaced => matches!(
                    op,
                    Op::Insert { key: other, .. } | Op::Compute { key: other, .. } if *other == key
                ),
                Cause::Explicit => matches!(
                    op,
                    Op::Remove(_)
                        | Op::RemoveIf { .. }
                        | Op::Retain(_)
                        | Op::Clear
                        | Op::Insert { .. }
                        | Op::Compute { .. }
                ),
                _ => false,
            };
            prop_assert!(right, "{:?} is no cause for {:?} at {} in {:?}", cause, written, self.now, op);
            if matches!(cause, Cause::Replaced | Cause::Size) {
                prop_assert!(
                    !written.invalid || cause == Cause::Size,
                    "{:?} is replaced, not by tag",
                    written
                );
            }
        }
        Ok(())
    }
}
