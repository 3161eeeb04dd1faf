//! A small number for each thread that counts: the lowest that no other living thread has.
//!
//! Reading it is one load from thread-local memory that has no destructor, so it needs no check whether it is still
//! there. It is given out on first use and taken back by a second thread-local when the thread ends; code that runs
//! even later in that thread, in a destructor of another thread-local, is [`NONE`] and must not act as an owner.
//!
//! An owner of number `n` may write memory set aside for `n` without atomic read-modify-writes, because owners of one
//! number never overlap and each sees all that its predecessors wrote: the last write of the old owner comes, in program
//! order, before it puts `n` back under the mutex of [`FREE`]; the new owner takes `n` out under the same mutex, before
//! its first write. Unlocking and locking a mutex is a release and an acquire, so the one happens before the other.

use std::{
    cell::Cell,
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// No number: the thread was not asked yet, or it is ending. Above every number that is given out.
pub(crate) const NONE: u32 = u32::MAX;

/// Numbers given back, and the next that was never given out.
struct Free {
    returned: BinaryHeap<Reverse<u32>>,
    next: u32,
}

static FREE: Mutex<Free> = Mutex::new(Free { returned: BinaryHeap::new(), next: 0 });

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(NONE) };
    /// Gives the number back when the thread ends.
    static LEASE: Lease = const { Lease };
}

struct Lease;

impl Drop for Lease {
    fn drop(&mut self) {
        // First no owner any more, then free for the next: never the other way round.
        let number = NUMBER.replace(NONE);
        if number != NONE {
            free().returned.push(Reverse(number));
        }
    }
}

/// The number of this thread, or [`NONE`] if it has none yet: ask [`assign`] then.
#[inline]
pub(crate) fn get() -> u32 {
    NUMBER.get()
}

/// Gives this thread a number if it has none. [`NONE`] while the thread ends.
#[cold]
pub(crate) fn assign() -> u32 {
    if NUMBER.get() == NONE {
        // Only a thread whose lease is yet to be dropped may have a number: else nobody would give it back.
        let _ = LEASE.try_with(|_lease| {
            let mut free = free();
            let number = free.returned.pop().map_or(free.next, |Reverse(number)| number);
            free.next = free.next.max(number.saturating_add(1));
            NUMBER.set(number);
        });
    }
    NUMBER.get()
}

fn free() -> MutexGuard<'static, Free> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Barrier, thread};

    use super::*;

    #[test]
    fn living_threads_have_numbers_of_their_own_and_the_dead_leave_theirs() {
        let threads = 32;
        let mut highest = 0;
        for _ in 0..20 {
            let barrier = Barrier::new(threads);
            let together = || {
                let number = assign();
                barrier.wait(); // all are alive when all have a number
                assert_eq!((get(), assign()), (number, number));
                number
            };
            let numbers: Vec<u32> = thread::scope(|scope| {
                let spawned: Vec<_> = (0..threads).map(|_| scope.spawn(together)).collect();
                spawned.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), threads);
            highest = highest.max(numbers.into_iter().max().unwrap());
        }
        // 640 threads lived; other tests of this process hold a few numbers of their own.
        assert!(highest < 320, "{highest}: numbers are not used again");
    }

    thread_local! {
        static LATE: Late = const { Late(Cell::new(None)) };
    }

    /// Asks for a number while its thread ends.
    struct Late(Cell<Option<std::sync::mpsc::Sender<u32>>>);

    impl Drop for Late {
        fn drop(&mut self) {
            if let Some(sender) = self.0.take() {
                sender.send(assign()).unwrap();
            }
        }
    }

    #[test]
    fn a_thread_that_gave_its_number_back_gets_no_other() {
        let (sender, received) = std::sync::mpsc::channel();
        thread::spawn(move || {
            // Registered first, so dropped last: after the lease.
            LATE.with(|late| late.0.set(Some(sender)));
            assert_ne!(assign(), NONE);
        })
        .join()
        .unwrap();
        assert_eq!(received.recv(), Ok(NONE));
    }
}
