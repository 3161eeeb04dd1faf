//! Which column of a file holds what.

use super::rows::Rows;
use crate::{
    Columns, TraceError,
    columns::{Column, Field, TimeUnit},
    error::excerpt,
    formats::values,
};

/// Where the fields are. Columns count from 0.
pub(super) struct Layout {
    /// Columns of every row.
    pub(super) count: usize,
    pub(super) header: bool,
    pub(super) key: usize,
    /// Their sum is the size.
    pub(super) size: Vec<usize>,
    pub(super) op: Option<usize>,
    pub(super) ttl: Option<usize>,
    pub(super) time: Option<(usize, TimeUnit)>,
    pub(super) repeat: Option<usize>,
}

impl Layout {
    /// From the first row, which is a header unless all columns are chosen by number and it looks like any other row.
    pub(super) fn of(rows: &Rows, columns: &Columns) -> Result<Self, TraceError> {
        let first = First { row: Vec::from_iter((0..rows.count()).map(|c| rows.field(c).trim_ascii())) };
        let header = !columns.are_numbers() || first.is_header(columns);
        let find =
            |field| first.find(field, columns, header).map_err(|error| error.at(rows.name(), &first.row));
        let one = |field| Ok(find(field)?.first().copied());
        let time = one(Field::Time)?;
        Ok(Self {
            count: rows.count(),
            header,
            key: one(Field::Key)?.ok_or_else(|| Unresolved::NoKey.at(rows.name(), &first.row))?,
            size: find(Field::Size)?,
            op: one(Field::Op)?,
            ttl: one(Field::Ttl)?,
            time: time.map(|column| {
                let name = header.then(|| String::from_utf8_lossy(first.row[column]));
                let named = name.map_or(TimeUnit::Second, |name| TimeUnit::of_column(&name));
                (column, columns.time_unit.unwrap_or(named))
            }),
            repeat: one(Field::Count)?,
        })
    }
}

struct First<'a> {
    row: Vec<&'a [u8]>,
}

impl First<'_> {
    /// Whether there are names where numbers are to stand, or where the key is to stand.
    fn is_header(&self, columns: &Columns) -> bool {
        let chosen = |field| columns.of(field).into_iter().flatten();
        let text = |column: &Column| match column {
            Column::Index(index) => self.row.get(*index).copied().unwrap_or_default(),
            Column::Name(_) => b"",
        };
        let mut numbers = [Field::Size, Field::Ttl, Field::Time, Field::Count]
            .into_iter()
            .flat_map(chosen)
            .map(text)
            .peekable();
        if numbers.peek().is_none() {
            return chosen(Field::Key).map(text).any(|name| usual(Field::Key, name));
        }
        numbers.all(|text| !text.is_empty() && values::time_us(text, TimeUnit::Second).is_none())
    }

    fn find(&self, field: Field, columns: &Columns, header: bool) -> Result<Vec<usize>, Unresolved> {
        match columns.of(field) {
            Some(chosen) => chosen.iter().map(|column| self.resolve(field, column)).collect(),
            None if header => {
                let named = |name: &&str| {
                    self.row.iter().position(|other| name.as_bytes().eq_ignore_ascii_case(other))
                };
                Ok(field.usual_names().iter().find_map(named).into_iter().collect())
            }
            None => Ok(Vec::new()),
        }
    }

    /// By the very name, or else by the name in any case.
    fn resolve(&self, field: Field, column: &Column) -> Result<usize, Unresolved> {
        let found = match column {
            Column::Index(index) => Some(*index).filter(|index| *index < self.row.len()),
            Column::Name(name) => {
                let same = |other: &&[u8]| *other == name.as_bytes();
                let similar = |other: &&[u8]| other.eq_ignore_ascii_case(name.as_bytes());
                self.row.iter().position(same).or_else(|| self.row.iter().position(similar))
            }
        };
        found.ok_or_else(|| Unresolved::Unknown(field, column.clone()))
    }
}

/// Whether `name` is what a column that holds `field` is usually called.
pub(super) fn usual(field: Field, name: &[u8]) -> bool {
    field.usual_names().iter().any(|usual| usual.as_bytes().eq_ignore_ascii_case(name))
}

enum Unresolved {
    NoKey,
    Unknown(Field, Column),
}

impl Unresolved {
    fn at(self, trace: &str, row: &[&[u8]]) -> TraceError {
        let trace = trace.to_owned();
        match self {
            Self::NoKey => TraceError::NoKeyColumn {
                trace,
                header: excerpt(&row.join(&b',')),
                known: Field::Key.usual_names().join(", "),
            },
            Self::Unknown(field, column) => TraceError::UnknownColumn {
                trace,
                field: field.name(),
                column: match column {
                    Column::Name(name) => name,
                    Column::Index(index) => (index + 1).to_string(),
                },
                count: row.len(),
                header: excerpt(&row.join(&b',')),
            },
        }
    }
}
