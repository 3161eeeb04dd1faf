//! The protocol of loads in flight in every order that threads may run in: nobody who waits is left behind, and what was
//! invalidated while it was loaded is not kept.
//!
//! The files under test are compiled a second time here, over the model checker's locks and atomics.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

/// What the files under test find at the root of their crate.
mod sync {
    pub(crate) use std::sync::PoisonError;

    pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};
}
#[expect(dead_code, reason = "models run no loaders")]
#[path = "../src/flights/caller.rs"]
mod caller;
#[expect(dead_code, reason = "models tell no loads apart")]
#[path = "../src/flights/flight.rs"]
mod flight;
#[expect(dead_code, reason = "models ask for no sizes")]
#[path = "../src/flights/records.rs"]
mod records;

use std::{
    sync::Arc as StdArc,
    task::{Poll, Wake, Waker},
};

use flight::{Flight, FlightId};
use loom::{
    model,
    sync::{
        Arc, Mutex, Notify,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};
use records::Flights;

fn flight() -> Arc<Flight<u32>> {
    Arc::new(Flight::new(FlightId(1)))
}

/// Wakes a task that runs on a thread of the model.
struct Alarm(Notify);

impl Wake for Alarm {
    fn wake(self: StdArc<Self>) {
        self.0.notify();
    }
}

/// What a task does that waits to the end.
fn await_end(flight: &Flight<u32>) -> Option<u32> {
    let alarm = StdArc::new(Alarm(Notify::new()));
    let waker = Waker::from(StdArc::clone(&alarm));
    let mut place = None;
    loop {
        match flight.poll(&mut place, &waker) {
            Poll::Ready(value) => return value,
            Poll::Pending => alarm.0.wait(),
        }
    }
}

fn ends_for_a_thread_and_a_task(end: Option<u32>) {
    model(move || {
        let flight = flight();
        let thread = thread::spawn({
            let flight = Arc::clone(&flight);
            move || flight.wait()
        });
        let task = thread::spawn({
            let flight = Arc::clone(&flight);
            move || await_end(&flight)
        });
        flight.land(end);
        assert_eq!(thread.join().unwrap(), end);
        assert_eq!(task.join().unwrap(), end);
    });
}

#[test]
fn a_value_reaches_everybody_who_waits() {
    ends_for_a_thread_and_a_task(Some(7));
}

#[test]
fn everybody_who_waits_learns_that_there_will_be_no_value() {
    ends_for_a_thread_and_a_task(None);
}

#[test]
fn a_task_that_gives_up_leaves_no_waker_and_keeps_none_from_the_others() {
    model(|| {
        let flight = flight();
        let task = thread::spawn({
            let flight = Arc::clone(&flight);
            move || await_end(&flight)
        });
        let alarm = StdArc::new(Alarm(Notify::new()));
        let gives_up = thread::spawn({
            let (flight, waker) = (Arc::clone(&flight), Waker::from(StdArc::clone(&alarm)));
            move || {
                let mut place = None;
                let _ = flight.poll(&mut place, &waker);
                if let Some(place) = place {
                    flight.leave(place);
                }
            }
        });
        flight.land(Some(7));
        assert_eq!(task.join().unwrap(), Some(7));
        gives_up.join().unwrap();
        assert_eq!(StdArc::strong_count(&alarm), 1, "the waker is gone");
    });
}

#[test]
fn a_task_polled_with_another_waker_is_woken_through_that_one() {
    model(|| {
        let flight = flight();
        let first = StdArc::new(Alarm(Notify::new()));
        let task = thread::spawn({
            let (flight, first) = (Arc::clone(&flight), Waker::from(StdArc::clone(&first)));
            move || {
                let second = StdArc::new(Alarm(Notify::new()));
                let waker = Waker::from(StdArc::clone(&second));
                let mut place = None;
                let _ = flight.poll(&mut place, &first);
                drop(first);
                loop {
                    match flight.poll(&mut place, &waker) {
                        Poll::Ready(value) => return value,
                        Poll::Pending => second.0.wait(),
                    }
                }
            }
        });
        flight.land(Some(7));
        assert_eq!(task.join().unwrap(), Some(7));
        assert_eq!(StdArc::strong_count(&first), 1, "the first waker is gone");
    });
}

#[test]
fn a_load_ends_once() {
    model(|| {
        let flight = flight();
        let other = thread::spawn({
            let flight = Arc::clone(&flight);
            move || flight.land(None)
        });
        flight.land(Some(7));
        let end = flight.wait();
        other.join().unwrap();
        assert_eq!(flight.wait(), end);
    });
}

/// A cache of one key, as far as loads are concerned.
struct Scene {
    flights: Flights<u32, u64>,
    /// Where values are loaded from. Whoever changes it invalidates the key.
    truth: AtomicU64,
    /// Where the entry is held; its lock is that of the key's place.
    place: Mutex<Option<u64>>,
}

const HASH: u64 = 5;
const KEY: u32 = 5;

impl Scene {
    fn new() -> Arc<Self> {
        Arc::new(Self { flights: Flights::new(1), truth: AtomicU64::new(1), place: Mutex::new(None) })
    }

    /// What a caller does that wants the value.
    fn get(&self) -> u64 {
        let place = self.place.lock().unwrap();
        if let Some(value) = *place {
            return value;
        }
        if let Some(flight) = self.flights.join(HASH, &KEY) {
            drop(place);
            return flight.wait().unwrap();
        }
        let id = self.flights.start(HASH, KEY, true);
        drop(place);
        let value = self.truth.load(Relaxed);
        let mut place = self.place.lock().unwrap();
        let finished = self.flights.finish(HASH, id).unwrap();
        if !finished.fenced {
            assert_eq!(*place, None, "held twice");
            *place = Some(value);
        }
        drop(place);
        if let Some(flight) = finished.flight {
            flight.land(Some(value));
        }
        value
    }

    /// Changes the truth and invalidates the key; afterwards nothing old may be had.
    fn change(&self, invalidate: impl FnOnce(&Self)) {
        self.truth.store(2, Relaxed);
        invalidate(self);
        assert_eq!(self.get(), 2, "out of date");
    }
}

fn no_stale_value_is_kept(invalidate: impl Fn(&Scene) + Clone + Send + Sync + 'static) {
    let mut checker = model::Builder::new();
    checker.preemption_bound = Some(3);
    checker.check(move || {
        let scene = Scene::new();
        let loader = thread::spawn({
            let scene = Arc::clone(&scene);
            move || scene.get()
        });
        scene.change(&invalidate);
        loader.join().unwrap();
        let held = *scene.place.lock().unwrap();
        assert!(held.is_none_or(|value| value == 2), "{held:?} is kept");
    });
}

#[test]
fn a_load_overtaken_by_a_removal_is_not_kept_nor_joined_afterwards() {
    no_stale_value_is_kept(|scene| {
        let mut place = scene.place.lock().unwrap();
        scene.flights.fence(HASH, &KEY);
        *place = None;
    });
}

#[test]
fn a_load_overtaken_by_a_clear_is_not_kept_nor_joined_afterwards() {
    no_stale_value_is_kept(|scene| {
        scene.flights.fence_all();
        *scene.place.lock().unwrap() = None;
    });
}
