//! The format of a trace from its first bytes.

use std::collections::HashSet;

use crate::{
    Columns, Format,
    formats::{csv, lis, oracle, vscsi},
    key::decimal,
};

/// How much of a trace is looked at. Enough for binary keys to repeat, which tells their length.
pub(crate) const SAMPLE_BYTES: usize = 64 * 1024;

/// The format that `sample`, the first bytes of an unpacked trace, is most likely in. `None` if none is likely.
pub(crate) fn format_of(sample: &[u8]) -> Option<Format> {
    if is_text(sample) { text(sample) } else { binary(sample) }
}

/// As [`format_of`], where the file's name, or the columns that were chosen, tell more.
pub(crate) fn format_with(sample: &[u8], named: Option<Format>, columns: &Columns) -> Option<Format> {
    let found = || format_of(sample);
    match named {
        // Twitter's tables have no header, and hence are not what "csv" alone means.
        Some(Format::Csv) if columns.is_empty() && found() == Some(Format::Twitter) => Some(Format::Twitter),
        Some(named) => Some(named),
        None if columns.is_empty() => found(),
        None if is_text(sample) && found() != Some(Format::Jsonl) => Some(Format::Csv),
        None => found(),
    }
}

/// Bytes that no text holds decide; letters beyond ASCII are left alone.
fn is_text(sample: &[u8]) -> bool {
    !sample.iter().any(|byte| (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f)
}

fn text(sample: &[u8]) -> Option<Format> {
    // The last line may be cut by the end of the sample; it counts only if it is the only one.
    let mut lines = Vec::from_iter(sample.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii));
    if lines.len() > 1 {
        lines.pop();
    }
    lines.retain(|line| !line.is_empty());
    let first = lines.first()?;
    if first.starts_with(b"{") {
        return Some(Format::Jsonl);
    }
    if lines.iter().all(|line| csv::is_twitter(line)) {
        return Some(Format::Twitter);
    }
    if csv::is_header(&lines) {
        return Some(Format::Csv);
    }
    if lines.iter().all(|line| lis::columns(line).is_some()) {
        return Some(Format::Lis);
    }
    if lines.iter().all(|line| *line == b"*" || decimal(line).is_some()) {
        return Some(Format::Lirs);
    }
    // Lines of several columns are some table that is not known; taking whole lines for keys would mislead.
    let is_key = |line: &&[u8]| !line.iter().any(|byte| matches!(byte, b',' | b'\t' | b' '));
    lines.iter().all(is_key).then_some(Format::Keys)
}

fn binary(sample: &[u8]) -> Option<Format> {
    if vscsi::is_version_1(sample) || vscsi::is_version_2(sample) {
        Some(Format::Vscsi)
    } else if is_oracle(sample) {
        Some(Format::Oracle)
    } else {
        width(sample)
    }
}

/// Time never runs backwards, and the next access to a key lies ahead.
fn is_oracle(sample: &[u8]) -> bool {
    let (records, _) = sample.as_chunks::<{ oracle::RECORD_BYTES }>();
    let mut before = 0;
    !records.is_empty()
        && (1_i64..).zip(records).all(|(number, record)| {
            let (time, next) = oracle::time_and_next(record);
            let in_order = time >= before;
            before = time;
            in_order && (next == -1 || next > number)
        })
}

/// Keys of eight bytes or of four? Told by what repeats, as keys of real traces do: fours that are halves of eights
/// repeat together, and an upper half seldom comes again as a lower half.
fn width(sample: &[u8]) -> Option<Format> {
    const REPEATED_MIN: f64 = 0.01;
    let (fours, _) = sample.as_chunks::<4>();
    let (eights, _) = sample.as_chunks::<8>();
    if eights.len() > 8 && eights.iter().all(|eight| eight[..4] == eights[0][..4]) {
        return Some(Format::U64be); // small numbers
    }
    if repeated(fours) < REPEATED_MIN {
        return None;
    }
    let small_numbers = fours.iter().all(|four| four[0] == 0);
    let upper = eights.iter().map(|eight| &eight[..4]).collect::<HashSet<_>>();
    let lower_too = eights.iter().filter(|eight| upper.contains(&eight[4..])).count();
    let halves_mix = lower_too as f64 > 0.1 * eights.len() as f64;
    if small_numbers || halves_mix || repeated(eights) < 0.25 * repeated(fours) {
        Some(Format::U32be)
    } else if repeated(eights) > 0.75 * repeated(fours) {
        Some(Format::U64be)
    } else {
        None
    }
}

/// The share of `words` that came before.
fn repeated<const N: usize>(words: &[[u8; N]]) -> f64 {
    let distinct = words.iter().collect::<HashSet<_>>().len();
    (words.len() - distinct) as f64 / words.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_by_the_shape_of_its_lines() {
        assert_eq!(format_of(b"1 1 0 0\n2 1 0 0\n3 1"), Some(Format::Lis));
        assert_eq!(format_of(b"0\r\n1\r\n*\r\n"), Some(Format::Lirs));
        assert_eq!(format_of(b"v2\nv2/a\n"), Some(Format::Keys));
        assert_eq!(format_of(b"time,lbn\n1,2\n"), Some(Format::Csv));
        assert_eq!(format_of(b"a b c\nd e f\n"), None);
        assert_eq!(format_of(b"{\"key\":1}\n"), Some(Format::Jsonl));
        assert_eq!(format_of(b"0,k,22,304,117,get,0\n1,k,22,304,117,set,60\n"), Some(Format::Twitter));
        assert_eq!(format_of(b"time;key\n1;2\n"), Some(Format::Csv));
        assert_eq!(format_of(b"time key\n1 2\n"), Some(Format::Csv));
        assert_eq!(format_of(b"\n\n"), None);
    }

    #[test]
    fn a_name_and_chosen_columns_tell_more_than_bytes() {
        let twitter = b"0,k,22,304,117,get,0\n";
        let none = Columns::default();
        let key = "key=2".parse::<Columns>().unwrap();
        assert_eq!(format_with(twitter, Some(Format::Csv), &none), Some(Format::Twitter));
        assert_eq!(format_with(twitter, Some(Format::Csv), &key), Some(Format::Csv));
        assert_eq!(format_with(twitter, None, &key), Some(Format::Csv));
        assert_eq!(format_with(b"a b c\n", None, &key), Some(Format::Csv));
        assert_eq!(format_with(b"{\"url\":1}\n", None, &key), Some(Format::Jsonl));
        assert_eq!(format_with(b"1 1 0 0\n", None, &none), Some(Format::Lis));
    }

    #[test]
    fn keys_of_eight_bytes_are_told_from_keys_of_four_by_what_repeats() {
        let spread = |index: u64| (index * index % 997).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let eights =
            |key: &dyn Fn(u64) -> u64| (0..4000).flat_map(|i| key(i).to_be_bytes()).collect::<Vec<_>>();
        let fours = |key: &dyn Fn(u64) -> u64| {
            (0..4000).flat_map(|i| (key(i) as u32).to_be_bytes()).collect::<Vec<_>>()
        };
        assert_eq!(format_of(&eights(&spread)), Some(Format::U64be));
        assert_eq!(format_of(&fours(&|i| spread(i) >> 32)), Some(Format::U32be));
        for loop_length in [612, 613] {
            assert_eq!(format_of(&eights(&|i| i % loop_length)), Some(Format::U64be));
            assert_eq!(format_of(&fours(&|i| i % loop_length)), Some(Format::U32be));
        }
    }

    #[test]
    fn bytes_that_tell_nothing_are_no_format() {
        assert_eq!(format_of(&[0, 1, 2]), None);
        assert_eq!(format_of(b""), None);
    }
}
