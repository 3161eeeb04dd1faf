//! Which column holds what.

use std::{fmt, str::FromStr};

/// Which columns of a CSV file, or fields of JSON lines, hold what: `key=url,size=3+4,op=none`.
///
/// A column is a name or a number from 1; `size` may be a sum of several. What is not named is looked for under its usual
/// names, unless it is `none`. A time may say its unit, as in `time=when:ms`: `s`, `ms`, `us` or `ns`.
///
/// ```
/// use nuthatch_trace::Columns;
///
/// let columns = "time=1,key=2,size=3+4,op=6,ttl=7".parse::<Columns>()?;
/// assert_eq!(columns.to_string(), "key=2,size=3+4,op=6,ttl=7,time=1");
/// # Ok::<(), nuthatch_trace::InvalidColumns>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// By [`Field`]; none named is an empty list.
    named: [Option<Vec<Column>>; Field::ALL.len()],
    pub(crate) time_unit: Option<TimeUnit>,
}

/// A column, as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Name(String),
    /// From 0.
    Index(usize),
}

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Key,
    Size,
    Op,
    Ttl,
    Time,
    Count,
}

impl Field {
    pub(crate) const ALL: [Self; 6] = [Self::Key, Self::Size, Self::Op, Self::Ttl, Self::Time, Self::Count];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Size => "size",
            Self::Op => "op",
            Self::Ttl => "ttl",
            Self::Time => "time",
            Self::Count => "count",
        }
    }

    /// What columns of published traces that hold it are called, in lower case, the likeliest first.
    pub(crate) const fn usual_names(self) -> &'static [&'static str] {
        match self {
            Self::Key => {
                &["key", "cachekey", "lbn", "obj_id", "objid", "object_id", "objectid", "object", "id"]
            }
            Self::Size => {
                &["size", "objectsize", "object_size", "obj_size", "objsize", "value_size", "bytes"]
            }
            Self::Op => &["op", "optype", "op_type", "operation"],
            Self::Ttl => &["ttl", "ttl_s"],
            Self::Time => &[
                "time",
                "timestamp",
                "op_time",
                "time_s",
                "time_ms",
                "time_us",
                "time_ns",
                "timestamp_s",
                "timestamp_ms",
                "timestamp_us",
                "timestamp_ns",
            ],
            Self::Count => &["op_count"],
        }
    }
}

/// How long one of a time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    #[default]
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl TimeUnit {
    const fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Microsecond => "us",
            Self::Nanosecond => "ns",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Second, Self::Millisecond, Self::Microsecond, Self::Nanosecond]
            .into_iter()
            .find(|unit| unit.name() == name)
    }

    /// The unit that a column's name ends in, as in `time_us`; else seconds.
    pub(crate) fn of_column(name: &str) -> Self {
        name.rsplit_once('_')
            .and_then(|(_, unit)| Self::of_name(&unit.to_ascii_lowercase()))
            .unwrap_or_default()
    }

    /// `whole` and `fraction` (of one, in millionths of a second's unit) in microseconds; `None` beyond 64 bits.
    pub(crate) fn microseconds(self, whole: u64, millionths: u32) -> Option<u64> {
        let millionths = u64::from(millionths);
        match self {
            Self::Second => whole.checked_mul(1_000_000)?.checked_add(millionths),
            Self::Millisecond => whole.checked_mul(1000)?.checked_add(millionths / 1000),
            Self::Microsecond => Some(whole),
            Self::Nanosecond => Some(whole / 1000),
        }
    }
}

impl Columns {
    /// Those of Twitter's cache traces.
    pub(crate) fn twitter() -> Self {
        let at = |numbers: &[usize]| Some(numbers.iter().map(|number| Column::Index(number - 1)).collect());
        Self {
            named: [at(&[2]), at(&[3, 4]), at(&[6]), at(&[7]), at(&[1]), Some(Vec::new())],
            time_unit: None,
        }
    }

    /// Whether none is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.iter().all(Option::is_none)
    }

    /// The columns named for `field`: `None` if the usual names hold, no column if the field is to be left out.
    pub(crate) fn of(&self, field: Field) -> Option<&[Column]> {
        self.named[field as usize].as_deref()
    }

    /// Whether all are numbers, so that a header is not needed.
    pub(crate) fn are_numbers(&self) -> bool {
        !self.is_empty()
            && self.of(Field::Key).is_some()
            && self.named.iter().flatten().flatten().all(|column| matches!(column, Column::Index(_)))
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (field, columns) in Field::ALL.into_iter().zip(&self.named) {
            let Some(columns) = columns else { continue };
            let names = Vec::from_iter(columns.iter().map(|column| match column {
                Column::Name(name) => name.clone(),
                Column::Index(index) => (index + 1).to_string(),
            }));
            let names = if names.is_empty() { "none".to_owned() } else { names.join("+") };
            write!(f, "{}{}={names}", if first { "" } else { "," }, field.name())?;
            if let (Field::Time, Some(unit)) = (field, self.time_unit) {
                write!(f, ":{}", unit.name())?;
            }
            first = false;
        }
        Ok(())
    }
}

impl FromStr for Columns {
    type Err = InvalidColumns;

    fn from_str(text: &str) -> Result<Self, InvalidColumns> {
        let mut columns = Self::default();
        for part in text.split(',') {
            let invalid = || InvalidColumns { part: part.to_owned() };
            let (field, mut names) = part.split_once('=').ok_or_else(invalid)?;
            let field =
                Field::ALL.into_iter().find(|known| known.name() == field.trim()).ok_or_else(invalid)?;
            if field == Field::Time
                && let Some((before, unit)) = names.rsplit_once(':')
            {
                columns.time_unit = Some(TimeUnit::of_name(unit.trim()).ok_or_else(invalid)?);
                names = before;
            }
            let parsed = match names.trim() {
                "none" if field == Field::Key => return Err(invalid()),
                "none" => Vec::new(),
                // Only sizes add up; elsewhere a plus is part of the name.
                sum if field == Field::Size => {
                    sum.split('+').map(column).collect::<Option<_>>().ok_or_else(invalid)?
                }
                one => vec![column(one).ok_or_else(invalid)?],
            };
            let place = &mut columns.named[field as usize];
            if place.replace(parsed).is_some() {
                return Err(invalid());
            }
        }
        Ok(columns)
    }
}

fn column(text: &str) -> Option<Column> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match text.parse::<usize>() {
        Ok(number) => Column::Index(number.checked_sub(1)?),
        Err(_) => Column::Name(text.to_owned()),
    })
}

/// Not a choice of columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{part}\" chooses no column; expected each of key, size, op, ttl, time and count at most once, followed by = and a \
     column's name or its number from 1, as in key=url,size=3"
)]
pub struct InvalidColumns {
    /// What could not be understood.
    pub part: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_is_shown() {
        for text in ["key=url", "key=2,size=3+4,op=none,ttl=7,time=when:ms", "key=a b,count=n"] {
            assert_eq!(text.parse::<Columns>().unwrap().to_string(), text);
        }
        assert_eq!(Columns::twitter().to_string(), "key=2,size=3+4,op=6,ttl=7,time=1,count=none");
    }

    #[test]
    fn what_chooses_nothing_is_named() {
        for text in
            ["", "key", "key=", "key=0", "colour=1", "key=1,key=2", "key=none", "size=1+", "time=1:weeks"]
        {
            let error = text.parse::<Columns>().unwrap_err();
            assert!(text.ends_with(&error.part), "{text}: {error}");
        }
    }
}
