//! A lock for a few nanoseconds: one word that says whether it is held, and counts the changes made under it.
//!
//! Readers that can look without the lock compare the word before and after. Waiters spin shortly, then give their
//! processor away: a holder that was preempted needs it. There is no queue and no parking, for what is done under a latch
//! is short; a guard that a user keeps makes waiters sleep in small steps.

use std::time::Duration;

use crate::{
    events,
    storage::held,
    sync::{
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Relaxed, Release},
            fence,
        },
        hint, thread,
    },
};

/// Held: the lowest bit. The others count.
const HELD: u32 = 1;
/// Pauses between two looks, looks before the processor is given away, and times it is given away before sleeping.
const PAUSES: u32 = 8;
const SPINS: u32 = 40;
const YIELDS: u32 = 200;
const NAP: Duration = Duration::from_micros(50);

/// The word. All zeroes is a free latch.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Latch(AtomicU32);

impl Latch {
    /// Takes the latch, waiting as long as it takes.
    ///
    /// # Panics
    ///
    /// If this thread holds it already, by a guard: it would wait for itself.
    #[inline]
    pub(crate) fn lock(&self) {
        if !self.try_lock() {
            self.lock_slowly();
        }
    }

    /// Takes the latch if it is free.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        let seen = self.0.load(Relaxed);
        let free = seen & HELD == 0;
        if free && self.0.compare_exchange(seen, seen | HELD, Acquire, Relaxed).is_ok() {
            // Whoever sees a change made under the latch sees that it is held.
            fence(Release);
            return true;
        }
        false
    }

    /// Takes the latch if it is free now or soon.
    pub(crate) fn try_lock_for_a_while(&self) -> bool {
        (0..SPINS).any(|_| self.try_lock() || pause())
    }

    #[cold]
    fn lock_slowly(&self) {
        let mut waited = 0;
        while !self.try_lock() {
            wait(&mut waited);
            if waited == SPINS {
                held::forbid(self);
            }
        }
    }

    /// Gives the latch back.
    #[inline]
    pub(crate) fn unlock(&self, changed: bool) {
        let held = self.0.load(Relaxed);
        debug_assert_eq!(held & HELD, HELD, "a latch is given back once");
        let next = if changed { held.wrapping_add(1) } else { held & !HELD };
        self.0.store(next, Release);
    }

    /// Waits until nobody holds the latch, and says what the count is, to be compared [afterwards](Self::is_still).
    #[inline]
    pub(crate) fn version(&self) -> u32 {
        let seen = self.0.load(Acquire);
        if seen & HELD == 0 { seen } else { self.version_slowly() }
    }

    #[cold]
    fn version_slowly(&self) -> u32 {
        let mut waited = 0;
        loop {
            let seen = self.0.load(Acquire);
            if seen & HELD == 0 {
                return seen;
            }
            wait(&mut waited);
            if waited == SPINS {
                held::forbid(self);
            }
        }
    }

    /// What the count is, to be compared [afterwards](Self::is_still), without a look at whether somebody holds the latch:
    /// if he does and changes anything, the count is another afterwards.
    #[inline]
    pub(crate) fn version_at_once(&self) -> u32 {
        self.0.load(Acquire) & !HELD
    }

    /// Whether all that was read since [`version`](Self::version) said `version` was read from one state.
    #[inline]
    pub(crate) fn is_still(&self, version: u32) -> bool {
        fence(Acquire);
        self.0.load(Relaxed) == version
    }
}

fn pause() -> bool {
    (0..PAUSES).for_each(|_| hint::spin_loop());
    false
}

pub(crate) fn wait(waited: &mut u32) {
    *waited += 1;
    if *waited < SPINS {
        pause();
    } else if *waited < SPINS + YIELDS {
        thread::yield_now();
    } else {
        if *waited == SPINS + YIELDS {
            events::contended();
        }
        thread::sleep(NAP);
    }
}
