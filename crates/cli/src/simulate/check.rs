//! How far an estimate is from the truth, and what it saved.

use std::{fmt::Write, time::Duration};

use nuthatch_simulate::Row;

/// Per policy: the mean and the largest absolute error of the hit ratio over all capacities; and the time of both runs.
/// The rows are about the same policies and capacities, in the same order.
pub(crate) fn table(estimated: &[Row], exact: &[Row], times: [Duration; 2]) -> String {
    let mut policies = Vec::<(&str, Vec<f64>)>::new();
    for (estimated, exact) in estimated.iter().zip(exact) {
        let error = (estimated.hit_ratio - exact.hit_ratio).abs();
        match policies.iter_mut().find(|(policy, _)| *policy == exact.policy) {
            Some((_, errors)) => errors.push(error),
            None => policies.push((exact.policy, vec![error])),
        }
    }
    let mut text = "\nabsolute error of the hit ratio, in percentage points\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {:<13}  {:>6}  {:>6}", "policy", "mean", "worst");
    for (policy, errors) in policies {
        let mean = 100.0 * errors.iter().sum::<f64>() / errors.len() as f64;
        let worst = 100.0 * errors.iter().copied().fold(0.0, f64::max);
        let _ = writeln!(text, "  {policy:<13}  {mean:>6.2}  {worst:>6.2}");
    }
    let [estimate, all] = times.map(|time| time.as_secs_f64());
    let part = 100.0 * estimate / all.max(f64::MIN_POSITIVE);
    let _ = writeln!(text, "  the estimate took {estimate:.3} s, {part:.1} % of {all:.3} s");
    text
}

#[cfg(test)]
mod tests {
    use nuthatch_policy::PolicyKind;
    use nuthatch_simulate::{Capacity, Replay};
    use nuthatch_trace::{Format, Trace};

    use super::*;

    #[test]
    fn errors_are_told_per_policy() {
        let keys = &b"a\nb\na\nb\n"[..];
        let replay = Replay::new([PolicyKind::Lru], [Capacity::Objects(1), Capacity::Objects(2)]);
        let rows = Trace::from_reader("keys", keys, Format::Keys).map(|trace| replay.run(trace));
        assert!(matches!(rows, Ok(Ok(_))), "{rows:?}");
        let exact = rows.into_iter().flatten().flatten().collect::<Vec<_>>();
        let mut estimated = exact.clone();
        estimated[0].hit_ratio += 0.03;
        let text = table(&estimated, &exact, [Duration::from_millis(50), Duration::from_secs(1)]);
        assert!(text.contains("lru              1.50    3.00\n"), "{text}");
        assert!(text.ends_with("0.050 s, 5.0 % of 1.000 s\n"), "{text}");
    }
}
