//! What separates fields, and what a header looks like: guesses from the first lines.

use super::layout::usual;
use crate::{
    Columns,
    columns::{Column, Field},
    key::decimal,
    op,
};

/// The likeliest first.
const DELIMITERS: [u8; 5] = [b',', b'\t', b';', b'|', b' '];

/// What separates the fields of `line`, the first of a file in which `columns` were chosen: what makes the names that are
/// looked for stand alone, or else what there is most of.
pub(crate) fn delimiter_of(line: &[u8], columns: &Columns) -> u8 {
    let chosen = columns.of(Field::Key).into_iter().flatten();
    let names = Vec::from_iter(chosen.filter_map(|column| match column {
        Column::Name(name) => Some(name.as_bytes()),
        Column::Index(_) => None,
    }));
    let is_key = |field: &[u8]| {
        let field = unquoted(field);
        if columns.of(Field::Key).is_none() {
            usual(Field::Key, field)
        } else {
            names.iter().any(|name| name.eq_ignore_ascii_case(field))
        }
    };
    let named = DELIMITERS
        .into_iter()
        .find(|delimiter| line.contains(delimiter) && line.split(|byte| byte == delimiter).any(is_key));
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // The last of several with as many wins, hence the reversal.
    named.or_else(|| DELIMITERS.into_iter().rev().max_by_key(count)).unwrap_or(b',')
}

/// Whether the first of `lines` is a header that names a key column, and the others look like its rows.
pub(crate) fn is_header(lines: &[&[u8]]) -> bool {
    let Some(first) = lines.first() else { return false };
    let delimiter = delimiter_of(first, &Columns::default());
    let named =
        |line: &[u8]| line.split(|byte| *byte == delimiter).any(|field| usual(Field::Key, unquoted(field)));
    if !first.contains(&delimiter) || !named(first) {
        return false;
    }
    // Prose has blanks, too, and perhaps a word such as "key", but not the same number of words in every line.
    let fields =
        |line: &&[u8]| line.split(|byte| *byte == delimiter).filter(|field| !field.is_empty()).count();
    delimiter != b' ' || lines.iter().all(|line| fields(line) == fields(first))
}

/// Whether `line` is one of Twitter's traces: time, key, size of key, size of value, client, operation, time to live.
pub(crate) fn is_twitter(line: &[u8]) -> bool {
    let fields = Vec::from_iter(line.split(|byte| *byte == b','));
    let [time, key, key_bytes, value_bytes, client, operation, ttl] = fields[..] else { return false };
    !key.is_empty()
        && [time, key_bytes, value_bytes, client, ttl].into_iter().all(|number| decimal(number).is_some())
        && operation.first().is_some_and(u8::is_ascii_lowercase)
        && op::of_name(operation).is_some()
}

fn unquoted(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_what_makes_names_stand_alone() {
        let none = Columns::default();
        for (line, delimiter) in [
            ("time,key,size", b','),
            ("time\tkey\ta,b,c", b'\t'),
            ("time;\"key\";size", b';'),
            ("time key size", b' '),
            ("1;2;3", b';'),
            ("1 2,3", b','),
            ("alone", b','),
        ] {
            assert_eq!(delimiter_of(line.as_bytes(), &none), delimiter, "{line}");
        }
        assert_eq!(delimiter_of(b"a,b|url", &"key=url".parse().unwrap()), b'|');
    }

    #[test]
    fn prose_is_no_header() {
        assert!(is_header(&[b"time key", b"1 2", b"3 4"]));
        assert!(!is_header(&[b"the key is", b"here"]));
        assert!(!is_header(&[b"key"]));
        assert!(!is_header(&[b"1,2,3"]));
    }

    #[test]
    fn lines_of_twitter_are_told_from_other_tables_of_seven_columns() {
        assert!(is_twitter(b"0,nz:u:eeW511W3dcH3de3d15ec,22,304,117,get,0"));
        assert!(is_twitter(b"5,k,1,0,2,add,86400"));
        for line in [
            "0,k,22,304,117,28,0",
            "0,k,22,304,117,GET,0",
            "0,k,22,304,x,get,0",
            "0,k,22,304,get,0",
            "0,,1,1,1,get,0",
        ] {
            assert!(!is_twitter(line.as_bytes()), "{line}");
        }
    }
}
