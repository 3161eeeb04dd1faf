use super::*;
use crate::{
    Row,
    report::made_up::{rows, sized},
};

fn said(rows: &[Row], caveats: Context) -> Findings {
    let unit = rows.first().map_or(Unit::Objects, |row| row.unit);
    findings(&Comparison::new(rows, unit), caveats)
}

fn headline(capacities: &[u64], ratios: &[(&'static str, &[f64])]) -> String {
    said(&rows(capacities, ratios), Context::default()).headline
}

fn details(capacities: &[u64], ratios: &[(&'static str, &[f64])]) -> String {
    said(&rows(capacities, ratios), Context::default()).details.join("\n")
}

const CURVE: [u64; 4] = [1000, 2000, 4000, 8000];

#[test]
fn a_better_policy_is_told_in_memory_saved() {
    let ratios: [(&str, &[f64]); 2] =
        [("lru", &[0.2, 0.3, 0.4, 0.405]), ("s3-fifo", &[0.3, 0.4, 0.45, 0.455])];
    assert_eq!(
        headline(&CURVE, &ratios),
        "S3-FIFO with about 2,000 objects gives what LRU gives with 4,000 objects: 50 % less memory."
    );
    // Between 1,000 and 2,000, a quarter of the way on the logarithm.
    let ratios: [(&str, &[f64]); 2] =
        [("lru", &[0.2, 0.325, 0.33, 0.335]), ("arc", &[0.3, 0.4, 0.401, 0.402])];
    assert_eq!(
        headline(&CURVE, &ratios),
        "ARC with about 1,190 objects gives what LRU gives with 2,000 objects: 40 % less memory."
    );
    let lru: (&str, &[f64]) = ("lru", &[0.2, 0.3, 0.4, 0.5]);
    assert_eq!(
        headline(&CURVE, &[lru, ("arc", &[0.55, 0.6, 0.65, 0.7])]),
        "ARC with 1,000 objects gives more than LRU with 2,000 objects: 50 % less memory."
    );
}

#[test]
fn bytes_are_written_in_their_units() {
    let gib = 1 << 30;
    let ratios: [(&str, &[f64]); 2] = [("lru", &[0.2, 0.3, 0.4]), ("s3-fifo", &[0.3, 0.4, 0.405])];
    let said = said(&sized(&[gib, 2 * gib, 4 * gib], &ratios), Context::default());
    assert_eq!(said.headline, "S3-FIFO at about 1 GiB gives what LRU gives at 2 GiB: 50 % less memory.");
    assert_eq!(said.details[0], "More than 2 GiB brings less than 1 point per doubling.");
}

#[test]
fn lru_is_left_in_place_if_nothing_is_telling() {
    let lru: (&str, &[f64]) = ("lru", &[0.2, 0.3, 0.4, 0.5]);
    assert_eq!(
        headline(&CURVE, &[lru, ("arc", &[0.2, 0.303, 0.4, 0.5])]),
        "LRU will do: no policy beats it by more than 0.3 points here, at any capacity."
    );
    assert_eq!(
        headline(&CURVE, &[lru, ("arc", &[0.2, 0.3, 0.3, 0.5])]),
        "LRU is the best of the policies compared, at any capacity."
    );
    assert_eq!(
        headline(&[1000], &[("lru", &[0.2]), ("arc", &[0.1])]),
        "LRU is the best of the policies compared."
    );
    // A sample errs by more than this gain.
    let ratios: [(&str, &[f64]); 2] = [lru, ("arc", &[0.208, 0.308, 0.408, 0.508])];
    let sampled = Context { sampled: Some(0.01), ..Context::default() };
    let sampled = said(&rows(&CURVE, &ratios), sampled);
    assert!(
        sampled.headline.starts_with("LRU will do: no policy beats it by more than 0.8 points"),
        "{sampled:?}"
    );
    assert!(
        sampled.details.iter().any(|text| text.starts_with("These are estimates from 1 % of")),
        "{sampled:?}"
    );
    assert!(!headline(&CURVE, &ratios).contains("will do"));
}

#[test]
fn the_part_sampled_is_told_in_two_digits() {
    for (part, told) in [(0.021_92, "2.2 %"), (0.3274, "33 %"), (0.001, "0.1 %"), (1.0, "100 %")] {
        let context = Context { sampled: Some(part), ..Context::default() };
        let text = said(&rows(&[1000], &[("lru", &[0.2])]), context).details.join("\n");
        assert!(text.contains(&format!("estimates from {told} of the objects")), "{text}");
    }
}

#[test]
fn a_gain_elsewhere_is_not_hidden() {
    let ratios: [(&str, &[f64]); 2] =
        [("lru", &[0.2, 0.3, 0.301, 0.302]), ("arc", &[0.25, 0.3, 0.301, 0.302])];
    assert_eq!(
        headline(&CURVE, &ratios),
        "LRU will do with 2,000 objects; ARC gains most elsewhere: 5 points with 1,000 objects."
    );
}

#[test]
fn without_lru_the_best_is_set_against_the_next() {
    let arc: (&str, &[f64]) = ("arc", &[0.25]);
    assert_eq!(
        headline(&[1000], &[arc, ("car", &[0.2])]),
        "ARC hits 25.0 % of the requests with 1,000 objects, 5 points more than the next, CAR."
    );
    assert_eq!(
        headline(&[1000], &[arc, ("car", &[0.248])]),
        "ARC and CAR are within 0.2 points of each other with 1,000 objects, at 25.0 % of the requests."
    );
    assert_eq!(
        headline(&[1000], &[arc, ("car", &[0.25])]),
        "All policies hit the same with 1,000 objects: 25.0 % of the requests."
    );
}

#[test]
fn one_capacity_says_what_it_cannot_say() {
    let ratios: [(&str, &[f64]); 3] = [("lru", &[0.2]), ("arc", &[0.25]), ("car", &[0.25])];
    assert_eq!(
        headline(&[1000], &ratios),
        "ARC and CAR hit 25.0 % of the requests with 1,000 objects, 5 points more than LRU."
    );
    assert_eq!(
        details(&[1000], &ratios),
        "Only one capacity was simulated: what more or less memory would bring is not known."
    );
}

#[test]
fn one_policy_is_compared_with_nothing() {
    assert_eq!(headline(&[1000], &[("lru", &[0.2])]), "LRU hits 20.0 % of the requests with 1,000 objects.");
    assert_eq!(
        headline(&[1000], &[("belady", &[0.2])]),
        "No policy can hit more than 20.0 % of the requests with 1,000 objects."
    );
    assert_eq!(headline(&[], &[]), "Nothing was simulated.");
    for ratios in [&[("lru", &[0.2, 0.21][..])][..], &[("belady", &[0.2, 0.21])], &[]] {
        assert!(!details(&[1000, 2000], ratios).contains("LRU"), "{ratios:?}");
    }
}

#[test]
fn what_more_memory_brings_is_told_from_the_best_curve() {
    let flat: (&str, &[f64]) = ("lru", &[0.2, 0.3, 0.305, 0.31]);
    assert!(
        details(&CURVE, &[flat]).contains("More than 2,000 objects brings less than 1 point per doubling.")
    );
    let steep: (&str, &[f64]) = ("lru", &[0.2, 0.3, 0.305, 0.325]);
    let text = details(&CURVE, &[steep]);
    let expected = "More memory still pays at the largest capacity simulated: from 4,000 objects to 8,000 objects, \
                    each doubling brings 2 points.";
    assert!(text.contains(expected), "{text}");
    // Twelve points over two doublings and a bit.
    let text = details(&[1000, 5000], &[("lru", &[0.2, 0.32])]);
    assert!(text.contains("each doubling brings 5.2 points"), "{text}");
}

#[test]
fn a_page_is_about_a_capacity_that_someone_would_buy() {
    let about = |ratios: &[f64]| {
        let rows = rows(&CURVE, &[("lru", ratios)]);
        chosen(&Comparison::new(&rows, Unit::Objects))
    };
    assert_eq!(about(&[0.2, 0.3, 0.305, 0.31]), 2000, "flat from here");
    assert_eq!(about(&[0.1, 0.2, 0.41, 0.5]), 4000, "four fifths of what is had at the end");
    assert_eq!(about(&[0.0, 0.0, 0.0, 0.0]), 1000);
    assert_eq!(about(&[0.0, 0.0, 0.0, 1.0]), 8000);
}

#[test]
fn the_distance_to_the_best_possible_is_told() {
    let ratios: [(&str, &[f64]); 3] = [
        ("lru", &[0.2, 0.3, 0.4, 0.405]),
        ("arc", &[0.3, 0.4, 0.45, 0.455]),
        ("belady", &[0.4, 0.5, 0.55, 0.555]),
    ];
    let text = details(&CURVE, &ratios);
    let expected = "The best possible (Belady, which knows the future) hits 55.0 % with 4,000 objects, 10 points above ARC.";
    assert!(text.contains(expected), "{text}");
    let text = said(&sized(&CURVE, &ratios), Context::default()).details.join("\n");
    assert!(text.contains("it is a yardstick and not quite the best possible"), "{text}");
}

#[test]
fn who_is_nearly_as_good_and_who_is_better_elsewhere_is_told() {
    let ratios: [(&str, &[f64]); 4] = [
        ("lru", &[0.2, 0.3, 0.4, 0.405]),
        ("arc", &[0.3, 0.4, 0.45, 0.455]),
        ("sieve", &[0.1, 0.1, 0.447, 0.455]),
        ("2q", &[0.1, 0.1, 0.1, 0.6]),
    ];
    let text = details(&CURVE, &ratios);
    assert!(text.contains("More memory still pays"), "{text}");
    let near = "ARC is best on average over all, but 2Q beats it by 14.5 points with 8,000 objects.";
    assert!(text.contains(near), "{text}");
    let text = details(&CURVE, &ratios[..3]);
    let near = "SIEVE is within 0.5 points of ARC with 4,000 objects: take the one that is simplest to run.";
    assert!(text.contains(near), "{text}");
}

#[test]
fn bytes_saved_are_told_and_by_whom() {
    let mut rows = sized(&[1000], &[("lru", &[0.2]), ("gdsf", &[0.4])]);
    let text = said(&rows, Context::default()).details.join("\n");
    assert!(text.contains("That is 20.0 % of the bytes."), "{text}");
    rows[0].byte_hit_ratio = Some(0.3);
    rows[0].rejections = 5000;
    let text = said(&rows, Context::default()).details.join("\n");
    let expected = "In bytes, LRU saves most: 30.0 % of them at 1000 B, against 20.0 % for GDSF.";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("5.0 % of the requests are for objects larger than 1000 B"), "{text}");
}

#[test]
fn what_no_cache_can_hit_is_told() {
    let context = Context { hit_ratio_max: Some(0.8), ..Context::default() };
    let text = said(&rows(&[1000], &[("lru", &[0.2])]), context).details.join("\n");
    let expected =
        "20.0 % of the requests are the first for their object, which no cache hits: 80.0 % is all that can";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_partial_replay_is_called_so() {
    let partial = Context { partial: true, ..Context::default() };
    let said = said(&rows(&[1000], &[("lru", &[0.2])]), partial);
    assert!(said.headline.starts_with("So far: LRU hits"), "{said:?}");
    assert!(said.details.iter().any(|text| text.starts_with("The replay was stopped")), "{said:?}");
}

#[test]
fn no_rows_of_any_shape_lead_to_nonsense() {
    let ratios = [0.0, 0.5, 1.0];
    for policies in
        [&["lru"][..], &["belady"], &["arc", "belady"], &["lru", "arc"], &["lru", "arc", "belady"]]
    {
        for capacities in [&[1][..], &[1, 2], &[1, 1000, 1_000_000]] {
            for shift in 0..3 {
                let ratio = |policy: usize, at: usize| ratios[(policy * 2 + at + shift) % 3];
                let ratios = policies.iter().enumerate().map(|(index, policy)| {
                    (*policy, Vec::from_iter((0..capacities.len()).map(|at| ratio(index, at))))
                });
                let ratios = Vec::from_iter(ratios);
                let ratios =
                    Vec::from_iter(ratios.iter().map(|(policy, ratios)| (*policy, ratios.as_slice())));
                for rows in [rows(capacities, &ratios), sized(capacities, &ratios)] {
                    let said = said(&rows, Context::default());
                    let text = format!("{}\n{}", said.headline, said.details.join("\n"));
                    assert!(!text.contains("NaN") && !text.contains("inf") && !text.contains("  "), "{text}");
                    assert!(!text.contains(" -"), "nothing is negative: {text}");
                    assert!(text.lines().all(|line| line.ends_with('.')), "{text}");
                }
            }
        }
    }
}
