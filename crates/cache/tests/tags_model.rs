//! Tags in every order that threads may run in: what was begun before an invalidation is not found after it.
//!
//! The files under test are compiled a second time here, over the model checker's locks and atomics.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

/// What the files under test find at the root of their crate.
mod sync {
    pub(crate) use std::sync::PoisonError;

    pub(crate) use loom::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
}

use foldhash::fast::RandomState;

#[expect(dead_code, reason = "a model reads no sizes")]
#[path = "../src/tags/register/mod.rs"]
mod tags;

use loom::{
    model,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};
use tags::{Begin, Mark, Tags};

struct Scene {
    tags: Tags,
    /// What values are made from.
    truth: AtomicU64,
    /// Where one entry is held.
    place: Mutex<Option<(Mark, u64)>>,
}

impl Scene {
    fn new() -> Arc<Self> {
        Arc::new(Self { tags: Tags::new(), truth: AtomicU64::new(0), place: Mutex::new(None) })
    }

    /// Makes a value and puts it in place of what is there.
    fn load(&self) {
        let begin = self.tags.begin();
        let value = self.truth.load(Relaxed);
        self.keep(Some(&begin), value);
    }

    fn keep(&self, begin: Option<&Begin<'_>>, value: u64) {
        if let Ok(mark) = self.tags.enter(&["a".into()], begin) {
            let old = self.place.lock().unwrap().replace((mark, value));
            old.into_iter().for_each(|(mark, _)| self.tags.leave(mark));
        }
    }

    /// Changes what values are made from, says so, and looks.
    fn change(&self) {
        self.truth.store(1, Relaxed);
        self.tags.invalidate("a");
        assert_ne!(self.found(), Some(0), "older than the change");
    }

    fn found(&self) -> Option<u64> {
        let place = self.place.lock().unwrap();
        place.filter(|(mark, _)| self.tags.is_valid(*mark)).map(|(_, value)| value)
    }

    fn take(&self) {
        self.take_if(|_| true);
    }

    fn take_old(&self) {
        self.take_if(|value| value == 0);
    }

    fn take_if(&self, wanted: impl FnOnce(u64) -> bool) {
        let taken = self.place.lock().unwrap().take_if(|(_, value)| wanted(*value));
        taken.into_iter().for_each(|(mark, _)| self.tags.leave(mark));
    }
}

#[test]
fn a_load_that_began_before_the_change_is_not_found_after_it() {
    model(|| {
        let scene = Scene::new();
        let other = Arc::clone(&scene);
        let loader = thread::spawn(move || other.load());
        scene.change();
        loader.join().unwrap();
        assert_ne!(scene.found(), Some(0));
    });
}

#[test]
fn an_entry_held_before_the_change_is_not_found_after_it_whoever_takes_it_out_meanwhile() {
    model(|| {
        let scene = Scene::new();
        scene.keep(None, 0);
        let other = Arc::clone(&scene);
        let remover = thread::spawn(move || other.take());
        scene.change();
        remover.join().unwrap();
        assert_eq!(scene.found(), None);
    });
}

#[test]
fn a_load_that_began_after_the_change_is_kept() {
    model(|| {
        let scene = Scene::new();
        scene.keep(None, 0);
        let other = Arc::clone(&scene);
        let loader = thread::spawn(move || {
            other.tags.invalidate("a");
            other.truth.store(1, Relaxed);
            other.tags.invalidate("a");
            other.load();
            assert_eq!(other.found(), Some(1));
        });
        scene.take_old();
        loader.join().unwrap();
    });
}

/// The last entry of a set leaves, and another comes in with the same tag: the set is not forgotten under it.
#[test]
fn a_set_is_in_use_for_as_long_as_an_entry_has_it() {
    model(|| {
        let scene = Scene::new();
        scene.keep(None, 0);
        let other = Arc::clone(&scene);
        let replacer = thread::spawn(move || other.keep(None, 1));
        scene.take();
        replacer.join().unwrap();
        // Whether held or taken: what is held now must hear of this.
        let held = scene.found().is_some();
        scene.tags.invalidate("a");
        assert_eq!(scene.found(), None, "was held: {held}");
        scene.take();
    });
}
