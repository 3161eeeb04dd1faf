//! Histories of one key, and whether a register that may lose its value at any moment could have produced them.
//!
//! Every write has a value of its own. All operations that name a value, by writing or by seeing it, are its cluster; a
//! removal is a cluster of one. A cluster whose first operation ended before its last began was *the* value for the time
//! between: no two such times may overlap, and no other cluster may lie within one. That is all there is to ask of reads
//! and writes (Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 1997). An operation that sees one value and
//! writes another in one step asks for a little more: see [`consumed_once`].

use std::collections::HashMap;

/// When an operation was asked for and when it had answered, on a clock that all threads share and that never stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What an operation did with the value of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Saw the value. Seeing none is always allowed and is not noted.
    Saw(u64),
    /// Wrote a value in place of the one that it saw, if it saw one.
    Wrote { value: u64, instead_of: Option<u64> },
    /// Removed the value, and saw which it was, if there was one.
    Removed(Option<u64>),
}

pub(crate) type Operation = (Span, Event);

/// Says what is wrong with the history of a key, if anything is.
pub(crate) fn check(history: &[Operation]) -> Result<(), String> {
    let mut clusters: HashMap<u64, Vec<Span>> = HashMap::new();
    let mut written: HashMap<u64, Span> = HashMap::new();
    let mut alone = Vec::new();
    for (span, event) in history {
        let (sees, writes) = match *event {
            Event::Saw(value) => (Some(value), None),
            Event::Wrote { value, instead_of } => (instead_of, Some(value)),
            Event::Removed(value) => {
                alone.push(*span);
                (value, None)
            }
        };
        for value in sees.into_iter().chain(writes) {
            clusters.entry(value).or_default().push(*span);
        }
        if let Some(value) = writes
            && written.insert(value, *span).is_some()
        {
            return Err(format!("{value} was written twice: no test of the cache"));
        }
    }
    for (value, spans) in &clusters {
        let Some(write) = written.get(value) else {
            return Err(format!("{value} was seen and never written"));
        };
        if let Some(early) = spans.iter().find(|span| span.to < write.from) {
            return Err(format!("{value} was seen at {early:?}, before it was written at {write:?}"));
        }
    }
    consumed_once(history)?;
    let mut current = Vec::new();
    for (value, spans) in &clusters {
        let first_end = spans.iter().map(|span| span.to).min().unwrap_or(u64::MAX);
        let last_start = spans.iter().map(|span| span.from).max().unwrap_or(0);
        if first_end < last_start {
            current.push((first_end, last_start, *value));
        } else {
            alone.push(Span { from: last_start, to: first_end });
        }
    }
    current.sort_unstable();
    for pair in current.windows(2) {
        if let [(_, end, value), (start, _, other)] = pair
            && start < end
        {
            return Err(format!(
                "{value} was the value until {end} at least, and {other} from {start} at most"
            ));
        }
    }
    for span in alone {
        // The last that began before: the others ended before it began.
        let at = current.partition_point(|(start, _, _)| *start < span.from);
        if let Some((start, end, value)) = at.checked_sub(1).map(|at| current[at])
            && span.to < end
        {
            return Err(format!("{value} was the value from {start} to {end}; {span:?} came in between"));
        }
    }
    Ok(())
}

/// A value is replaced or removed once, and seen by nobody who asks after that.
fn consumed_once(history: &[Operation]) -> Result<(), String> {
    let mut ends: HashMap<u64, Span> = HashMap::new();
    for (span, event) in history {
        let (Event::Wrote { instead_of: Some(value), .. } | Event::Removed(Some(value))) = *event else {
            continue;
        };
        if let Some(other) = ends.insert(value, *span) {
            return Err(format!("{value} was replaced or removed at {other:?} and at {span:?}"));
        }
    }
    for (span, event) in history {
        let (Event::Saw(value) | Event::Wrote { instead_of: Some(value), .. } | Event::Removed(Some(value))) =
            *event
        else {
            continue;
        };
        if let Some(end) = ends.get(&value)
            && end.to < span.from
        {
            return Err(format!("{value} was gone at {end:?} and seen at {span:?}"));
        }
    }
    Ok(())
}

mod tests {
    use super::*;

    const fn at(from: u64, to: u64) -> Span {
        Span { from, to }
    }

    const fn wrote(value: u64) -> Event {
        Event::Wrote { value, instead_of: None }
    }

    #[test]
    fn histories_that_a_register_can_have_pass() {
        // Two writes at once, seen in one order.
        check(&[
            (at(0, 5), wrote(1)),
            (at(1, 4), wrote(2)),
            (at(6, 7), Event::Saw(1)),
            (at(8, 9), Event::Saw(1)),
        ])
        .unwrap();
        // A read that began before a removal ended, and ended after it.
        check(&[(at(0, 1), wrote(1)), (at(2, 5), Event::Removed(Some(1))), (at(3, 9), Event::Saw(1))])
            .unwrap();
        check(&[
            (at(0, 1), wrote(1)),
            (at(2, 3), Event::Removed(None)), // it had been evicted
            (at(4, 5), Event::Wrote { value: 2, instead_of: None }),
        ])
        .unwrap();
    }

    #[test]
    fn histories_that_no_register_can_have_do_not() {
        let stale = [(at(0, 1), wrote(1)), (at(2, 3), wrote(2)), (at(4, 5), Event::Saw(1))];
        let removed = [(at(0, 1), wrote(1)), (at(2, 3), Event::Removed(None)), (at(4, 5), Event::Saw(1))];
        let back_and_forth = [
            (at(0, 9), wrote(1)),
            (at(1, 8), wrote(2)),
            (at(10, 11), Event::Saw(1)),
            (at(12, 13), Event::Saw(2)),
            (at(14, 15), Event::Saw(1)),
        ];
        let twice = [
            (at(0, 1), wrote(1)),
            (at(2, 8), Event::Wrote { value: 2, instead_of: Some(1) }),
            (at(3, 9), Event::Wrote { value: 3, instead_of: Some(1) }),
        ];
        let gone = [(at(0, 9), wrote(1)), (at(1, 4), Event::Removed(Some(1))), (at(5, 6), Event::Saw(1))];
        let too_early = [(at(0, 1), Event::Saw(1)), (at(2, 3), wrote(1))];
        let from_nowhere = [(at(0, 1), Event::Saw(1))];
        for history in [&stale[..], &removed, &back_and_forth, &twice, &gone, &too_early, &from_nowhere] {
            assert!(check(history).is_err(), "{history:?}");
        }
    }
}
