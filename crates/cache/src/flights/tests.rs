use super::{Flights, records::Stripe};

fn flights() -> Flights<&'static str, u32> {
    Flights::new(1)
}

#[test]
fn a_load_can_be_joined_until_it_is_fenced_and_finishes_either_way() {
    let flights = flights();
    let id = flights.start(5, "a", false);
    let flight = flights.join(5, &"a");
    assert!(flight.as_ref().is_some_and(|flight| flight.id() == id));
    assert!(flights.join(5, &"b").is_none(), "the same hash is not the same key");
    flights.fence(5, &"b");
    assert!(flights.join(5, &"a").is_some());
    flights.fence(5, &"a");
    assert!(flights.join(5, &"a").is_none());

    let again = flights.start(5, "a", false);
    let fresh = flights.finish(5, again);
    assert!(fresh.is_some_and(|fresh| !fresh.fenced && fresh.flight.is_none()));
    let stale = flights.finish(5, id);
    assert!(stale.is_some_and(|stale| stale.fenced && stale.flight.is_some()));
    assert!(flights.finish(5, id).is_none(), "it has ended");
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_load_that_goes_on_after_all_missed_no_fence_meanwhile() {
    let flights = flights();
    let id = flights.start(5, "a", false);
    for fence in [false, true] {
        let Some(finished) = flights.finish(5, id) else { unreachable!("it goes on each time") };
        assert!(!finished.fenced);
        if fence {
            flights.fence_all();
        }
        flights.resume(5, id, finished.key, finished.flight, finished.before);
    }
    assert!(flights.finish(5, id).is_some_and(|finished| finished.fenced));
}

#[test]
fn all_loads_in_all_stripes_are_fenced_at_once() {
    let flights: Flights<u64, u32> = Flights::new(1 << 20);
    let hashes: Vec<u64> = (0..1000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let ids: Vec<_> = hashes.iter().map(|hash| flights.start(*hash, *hash, false)).collect();
    assert_eq!(flights.len(), 1000);
    flights.fence_all();
    let later = flights.start(5, 5, false);
    assert!(hashes.iter().zip(ids).all(|(hash, id)| flights.finish(*hash, id).is_some_and(|end| end.fenced)));
    assert!(flights.finish(5, later).is_some_and(|end| !end.fenced));
}

#[test]
fn a_load_that_may_bring_tags_is_closed_but_keeps_its_right_until_the_next_starts() {
    let flights = flights();
    let (plain, tagged) = (flights.start(5, "a", false), flights.start(6, "b", true));
    flights.close_tagged();
    assert!(flights.join(5, &"a").is_some());
    assert!(!flights.is_loading(6, &"b") && flights.join(6, &"b").is_none());
    let Some(finished) = flights.finish(6, tagged) else { unreachable!("it is in flight") };
    assert!(!finished.fenced);
    flights.resume(6, tagged, finished.key, finished.flight, finished.before);

    let again = flights.start(6, "b", true);
    assert!(flights.finish(6, tagged).is_some_and(|finished| finished.fenced));
    assert!(flights.finish(6, again).is_some_and(|finished| !finished.fenced));
    assert!(flights.finish(5, plain).is_some_and(|finished| !finished.fenced));
}

#[test]
fn a_stripe_fills_one_line_of_the_processors_cache() {
    assert_eq!((size_of::<Stripe<String, String>>(), align_of::<Stripe<String, String>>()), (64, 64));
}
