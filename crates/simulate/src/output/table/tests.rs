use super::*;
use crate::Details;

fn row(policy: &'static str, capacity: u64, unit: Unit, hits: u64) -> Row {
    Row {
        trace: "web.csv".to_owned(),
        policy,
        capacity,
        unit,
        requests: 10_000,
        hits,
        hit_ratio: hits as f64 / 10_000.0,
        byte_hit_ratio: (unit == Unit::Bytes).then_some(hits as f64 / 20_000.0),
        evictions: 1234,
        seconds: 0.25,
        rejections: if unit == Unit::Bytes && capacity < 4096 { 17 } else { 0 },
        details: Details::default(),
        sampled: None,
        timeline: None,
    }
}

#[test]
fn one_capacity_shows_all_that_is_known_the_best_first_and_marked() {
    let rows = [("lru", 4000), ("belady", 6000), ("sieve", 4500), ("arc", 4500)];
    let rows = rows.map(|(policy, hits)| row(policy, 2048, Unit::Bytes, hits));
    assert_eq!(
        table(&rows),
        "\
web.csv: 10,000 requests, capacity 2 KiB (2,048 bytes)
  policy  hit ratio  to belady  byte hit ratio   hits  evictions  too large  seconds
  belady     60.00%                     30.00%  6,000      1,234         17    0.250
  sieve     *45.00%      15.00         *22.50%  4,500      1,234         17    0.250
  arc       *45.00%      15.00         *22.50%  4,500      1,234         17    0.250
  lru        40.00%      20.00          20.00%  4,000      1,234         17    0.250

* best of its column
belady knows the future; to belady: in points, each a hundredth of the requests
too large: requests for objects larger than the whole cache, which no policy admits
"
    );
}

#[test]
fn capacities_stand_side_by_side_in_their_order() {
    let rows = [(1_000_000, [5000, 6100, 5200]), (10, [10, 300, 9]), (2000, [3000, 4500, 2000])];
    let rows = rows.iter().flat_map(|(capacity, hits)| {
        ["lru", "belady", "sieve"]
            .iter()
            .zip(hits)
            .map(|(policy, hits)| row(policy, *capacity, Unit::Objects, *hits))
    });
    assert_eq!(
        table(&Vec::from_iter(rows)),
        "\
web.csv: 10,000 requests, hit ratio by capacity in objects
  policy              10    2,000  1,000,000
  belady           3.00%   45.00%     61.00%
  lru             *0.10%  *30.00%     50.00%
  sieve            0.09%   20.00%    *52.00%
  best to belady    2.90    15.00       9.00

* best of its column
belady knows the future; to belady: in points, each a hundredth of the requests
"
    );
}

#[test]
fn a_policy_alone_is_not_the_best_of_anything() {
    for policies in [&["lru"][..], &["lru", "belady"], &["belady"]] {
        for capacities in [&[10][..], &[10, 20]] {
            let rows = capacities
                .iter()
                .flat_map(|capacity| policies.iter().map(|policy| row(policy, *capacity, Unit::Objects, 10)));
            let text = table(&Vec::from_iter(rows));
            assert!(!text.contains('*') && !text.contains("  belady\n"), "{text}");
        }
    }
}

#[test]
fn belady_is_not_marked_even_where_others_are_as_good() {
    let rows = [("belady", 4000), ("lru", 4000), ("arc", 3000)];
    let text = table(&rows.map(|(policy, hits)| row(policy, 10, Unit::Objects, hits)));
    let marked = text.lines().filter(|line| line.contains("*4")).collect::<String>();
    assert!(marked.starts_with("  lru ") && text.matches("*4").count() == 1, "{text}");
}

#[test]
fn capacities_in_bytes_come_with_byte_hit_ratios_and_what_was_too_large() {
    let rows = [row("lru", 4096, Unit::Bytes, 5000), row("lru", 1024, Unit::Bytes, 4000)];
    assert_eq!(
        table(&rows),
        "\
web.csv: 10,000 requests, hit ratio by capacity in bytes
  policy      1 KiB   4 KiB
  lru        40.00%  50.00%
  too large      17       0

web.csv: 10,000 requests, byte hit ratio by capacity in bytes
  policy   1 KiB   4 KiB
  lru     20.00%  25.00%

too large: requests for objects larger than the whole cache, which no policy admits
"
    );
}

#[test]
fn objects_and_bytes_are_not_mixed() {
    let rows = [row("lru", 10, Unit::Objects, 1), row("lru", 8192, Unit::Bytes, 2)];
    let text = table(&rows);
    let lines = Vec::from_iter(text.lines());
    assert!(lines[0].ends_with("capacity 10 objects") && lines[4].ends_with("8 KiB (8,192 bytes)"), "{text}");
}

#[test]
fn many_capacities_are_broken_into_tables_that_fit() {
    let policies = ["w-tinylfu", "lru", "belady"];
    let capacities = Vec::from_iter((0..26).map(|power| 1_u64 << power));
    let rows = capacities
        .iter()
        .flat_map(|capacity| policies.map(|policy| row(policy, *capacity, Unit::Objects, 1)));
    let text = table(&Vec::from_iter(rows));
    assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    for capacity in capacities {
        assert!(text.contains(&format!("  {}", grouped(capacity))), "{capacity} is missing in {text}");
    }
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(table(&[]), "");
}
