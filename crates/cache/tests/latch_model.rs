//! The latch in every order that threads may run in: one at a time has it, and who looks without it knows whether what it
//! saw was whole.
//!
//! The file under test is compiled a second time here, over the model checker's atomics.

/// What the file under test finds at the root of its crate.
mod sync {
    pub(crate) use loom::{hint, sync::atomic};

    pub(crate) mod thread {
        pub(crate) use loom::thread::yield_now;

        /// Time does not pass in a model: whoever would sleep lets the others run.
        pub(crate) fn sleep(_: std::time::Duration) {
            yield_now();
        }
    }
}

/// Nobody listens.
mod events {
    pub(crate) const fn contended() {}
}

mod storage {
    pub(crate) mod held {
        /// No thread of a model waits for itself.
        pub(crate) fn forbid(_: &crate::latch::Latch) {}
    }
}

#[expect(dead_code, reason = "a model has no use for every way to wait")]
#[path = "../src/storage/latch.rs"]
mod latch;

use latch::Latch;
use loom::{
    cell::UnsafeCell,
    model::Builder,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// Waiting takes many steps, and which of them others interrupt makes no difference after the first few.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 20_000;
    builder.check(run);
}

/// A latch over a pair that is changed together; `guarded` is checked by loom for being touched by one at a time.
#[derive(Default)]
struct Scene {
    latch: Latch,
    left: AtomicU64,
    right: AtomicU64,
    guarded: UnsafeCell<u64>,
}

impl Scene {
    fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Under the latch: both change.
    fn change(&self) {
        self.guarded.with_mut(|_| ());
        let next = self.left.load(Relaxed) + 1;
        self.left.store(next, Relaxed);
        self.right.store(next, Relaxed);
    }

    /// Without the latch: both, if they are of one state.
    fn look(&self) -> Option<u64> {
        let version = self.latch.version();
        let (left, right) = (self.left.load(Relaxed), self.right.load(Relaxed));
        self.latch.is_still(version).then(|| {
            assert_eq!(left, right, "torn");
            left
        })
    }
}

#[test]
fn one_at_a_time_has_the_latch_and_sees_what_the_one_before_did() {
    model(|| {
        let scene = Scene::new();
        let threads = [(); 2].map(|()| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || {
                scene.latch.lock();
                scene.change();
                scene.latch.unlock(true);
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(scene.look(), Some(2));
    });
}

#[test]
fn who_tries_gets_the_latch_or_does_not_and_never_beside_another() {
    model(|| {
        let scene = Scene::new();
        let other = Arc::clone(&scene);
        let tries = move |scene: &Scene| {
            let got = scene.latch.try_lock();
            if got {
                scene.change();
                scene.latch.unlock(true);
            }
            u64::from(got)
        };
        let thread = thread::spawn(move || tries(&other));
        let changes = tries(&scene) + thread.join().unwrap();
        assert!(changes > 0, "one of two gets it");
        assert_eq!(scene.look(), Some(changes));
    });
}

#[test]
fn a_reader_without_the_latch_sees_the_state_before_or_after_a_change_or_knows_that_it_did_not() {
    model(|| {
        let scene = Scene::new();
        let other = Arc::clone(&scene);
        let writer = thread::spawn(move || {
            other.latch.lock();
            other.change();
            other.latch.unlock(true);
        });
        let seen = scene.look();
        assert!(seen.is_none_or(|seen| seen <= 1));
        // A state once seen is not taken back.
        assert!(scene.look().is_none_or(|later| later >= seen.unwrap_or(0)));
        writer.join().unwrap();
        assert_eq!(scene.look(), Some(1), "after the change, nothing else");
    });
}

#[test]
fn who_had_the_latch_and_changed_nothing_disturbs_no_reader() {
    model(|| {
        let scene = Scene::new();
        let version = scene.latch.version();
        let other = Arc::clone(&scene);
        let thread = thread::spawn(move || {
            other.latch.lock();
            other.guarded.with_mut(|_| ());
            other.latch.unlock(false);
        });
        assert!(scene.look().is_none_or(|seen| seen == 0));
        thread.join().unwrap();
        assert!(scene.latch.is_still(version));
    });
}
