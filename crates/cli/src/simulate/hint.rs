//! What a trace says that a replay did not heed.

use nuthatch_simulate::{Honour, Ignored, output::grouped};

/// One line for whoever may not know; `None` if all was heeded.
pub(crate) fn of(ignored: Ignored, honour: Honour) -> Option<String> {
    let Ignored { ttls, writes, deletes, .. } = ignored;
    if honour.ttl && ttls > 0 {
        return Some(format!(
            "{} times to live have no effect, for want of times in the trace",
            grouped(ttls)
        ));
    }
    let found = [(ttls, "times to live"), (writes, "writes"), (deletes, "deletes")];
    let found = found.iter().filter(|(count, _)| *count > 0);
    let found = found.map(|(count, what)| format!("{} {what}", grouped(*count))).collect::<Vec<_>>();
    let option = match (ttls > 0, writes + deletes > 0) {
        (false, false) => return None,
        (true, false) => "ttl",
        (false, true) => "ops",
        (true, true) => "ttl,ops",
    };
    Some(format!("every request was taken for a read; --honour {option} would heed {}", found.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_heeded_is_said_in_one_line() {
        let ignored = |ttls, writes, deletes| {
            let mut ignored = Ignored::default();
            (ignored.ttls, ignored.writes, ignored.deletes) = (ttls, writes, deletes);
            ignored
        };
        let hint =
            |ttls, writes, deletes| of(ignored(ttls, writes, deletes), Honour::NOTHING).unwrap_or_default();
        assert_eq!(hint(0, 0, 0), "");
        assert_eq!(
            hint(1234, 0, 0),
            "every request was taken for a read; --honour ttl would heed 1,234 times to live"
        );
        assert!(hint(0, 0, 2).ends_with("--honour ops would heed 2 deletes"));
        assert!(hint(1, 2, 0).ends_with("--honour ttl,ops would heed 1 times to live, 2 writes"));
        let both = Honour { ttl: true, ops: true };
        assert!(of(ignored(7, 0, 0), both).is_some_and(|hint| hint.contains("for want of times")));
        assert_eq!(of(ignored(0, 0, 0), both), None);
    }
}
