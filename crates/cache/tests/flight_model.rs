//! The protocol of a flight in every order that its threads may run in: nobody who waits is left behind.
//!
//! The file under test is compiled a second time here, over the model checker's locks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

/// What the file under test finds in its parent: here the locks of the model checker.
mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use loom::sync::{Condvar, Mutex};
}

#[expect(dead_code, reason = "a model of one flight asks for no identity")]
#[path = "../src/flights/flight.rs"]
mod flight;

use std::{
    sync::Arc as StdArc,
    task::{Poll, Wake, Waker},
};

use flight::{Flight, FlightId};
use loom::{
    model,
    sync::{Arc, Notify},
    thread,
};

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
