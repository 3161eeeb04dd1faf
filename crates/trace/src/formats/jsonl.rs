//! A JSON object per line, of which only the fields that mean something to a cache are kept.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{
    Decode,
    run::{RUN_MAX, Run},
    values,
};
use crate::{
    Columns, Op, Request, TraceError,
    columns::{Column, Field, TimeUnit},
    error::excerpt,
    key,
    lines::Lines,
    op,
};

pub(crate) struct Jsonl {
    lines: Lines,
    names: Names,
    run: Run,
}

impl Jsonl {
    /// # Errors
    ///
    /// [`TraceError::ColumnByNumber`]: fields have names only.
    pub(crate) fn new(lines: Lines, columns: &Columns) -> Result<Self, TraceError> {
        let names = Names::new(columns).map_err(|number| TraceError::ColumnByNumber {
            trace: lines.name().to_owned(),
            column: number,
        })?;
        Ok(Self { lines, names, run: Run::default() })
    }
}

impl Decode for Jsonl {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        loop {
            self.run.drain(batch, full);
            if batch.len() >= full {
                return Ok(());
            }
            let Some(line) = self.lines.next()? else { return Ok(()) };
            if line.trim_ascii().is_empty() {
                continue;
            }
            match self.names.read(line) {
                Ok(run) => self.run = run,
                Err(expected) => return Err(self.lines.corrupt(expected)),
            }
        }
    }
}

/// The fields to keep.
struct Names {
    /// By [`Field`]: names that hold it, the likeliest first.
    of: [Vec<String>; Field::ALL.len()],
    /// Whether the sizes of several fields add up, as they do if they were chosen.
    sum: bool,
    time_unit: Option<TimeUnit>,
}

impl Names {
    fn new(columns: &Columns) -> Result<Self, usize> {
        let mut of =
            Field::ALL.map(|field| Vec::from_iter(field.usual_names().iter().map(|name| (*name).to_owned())));
        for field in Field::ALL {
            let Some(chosen) = columns.of(field) else { continue };
            of[field as usize] = chosen
                .iter()
                .map(|column| match column {
                    Column::Name(name) => Ok(name.clone()),
                    Column::Index(index) => Err(index + 1),
                })
                .collect::<Result<_, _>>()?;
        }
        Ok(Self { of, sum: columns.of(Field::Size).is_some(), time_unit: columns.time_unit })
    }

    /// What `name` holds and how likely it is that it does: the less the likelier.
    fn meaning(&self, name: &str) -> Option<(Field, usize)> {
        Field::ALL.into_iter().find_map(|field| {
            let rank = self.of[field as usize].iter().position(|known| known.eq_ignore_ascii_case(name))?;
            Some((field, rank))
        })
    }

    /// The requests of a line, or what was expected in its place.
    fn read(&self, line: &[u8]) -> Result<Run, Cow<'static, str>> {
        let mut json = serde_json::Deserializer::from_slice(line);
        let found = self.deserialize(&mut json).and_then(|found| json.end().map(|()| found));
        let found = found.map_err(|error| {
            format!("a JSON object of a request ({})", excerpt(error.to_string().as_bytes()))
        })?;
        let Some(Value::Key(key)) = found.first(Field::Key) else {
            let names = Vec::from_iter(self.of[Field::Key as usize].iter().take(3).map(String::as_str))
                .join("\" or \"");
            return Err(format!("a JSON object with a key field such as \"{names}\"").into());
        };
        let mut request = Request::new(*key, 1);
        if let Some(Value::Amount(size)) = found.first(Field::Size) {
            request.size = *size;
        }
        if let Some(Value::Op(op)) = found.first(Field::Op) {
            request.op = *op;
        }
        if let Some(Value::Ttl(ttl_s)) = found.first(Field::Ttl) {
            request.ttl_s = *ttl_s;
        }
        if let Some(Value::Time(time_us)) = found.first(Field::Time) {
            request.time_us = *time_us;
        }
        let left = match found.first(Field::Count) {
            Some(Value::Amount(count)) if *count > RUN_MAX => {
                return Err("a count of at most 16777216".into());
            }
            Some(Value::Amount(count)) => *count,
            _ => 1,
        };
        Ok(Run { request, step: 0, left })
    }
}

/// What a line holds, by [`Field`], with the rank of the name that held it.
#[derive(Default)]
struct Found([Option<(usize, Value)>; Field::ALL.len()]);

impl Found {
    fn first(&self, field: Field) -> Option<&Value> {
        self.0[field as usize].as_ref().map(|(_, value)| value)
    }
}

enum Value {
    Key(u64),
    Amount(u64),
    Op(Op),
    Ttl(Option<u32>),
    Time(Option<u64>),
}

impl<'de> DeserializeSeed<'de> for &Names {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Found, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &Names {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        while let Some(meaning) = object.next_key_seed(Meaning(self))? {
            let Some((field, rank, unit)) = meaning else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let Some(value) = object.next_value_seed(Scalar { field, unit })? else { continue };
            let place = &mut found.0[field as usize];
            match (place.as_mut(), value) {
                (Some((_, Value::Amount(sum))), Value::Amount(size)) if field == Field::Size && self.sum => {
                    *sum = sum.saturating_add(size);
                }
                (Some((likelier, _)), _) if *likelier < rank => {}
                (_, value) => *place = Some((rank, value)),
            }
        }
        Ok(found)
    }
}

/// Reads the name of a field.
struct Meaning<'a>(&'a Names);

impl<'de> DeserializeSeed<'de> for Meaning<'_> {
    type Value = Option<(Field, usize, TimeUnit)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Meaning<'_> {
    type Value = Option<(Field, usize, TimeUnit)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let unit = || self.0.time_unit.unwrap_or_else(|| TimeUnit::of_column(name));
        Ok(self.0.meaning(name).map(|(field, rank)| (field, rank, unit())))
    }
}

/// Reads the value of a field; `null` is none.
struct Scalar {
    field: Field,
    unit: TimeUnit,
}

impl Scalar {
    fn value(&self, text: &[u8]) -> Result<Value, &'static str> {
        match self.field {
            Field::Key => Ok(Value::Key(key::from_text(text))),
            Field::Size => values::amount(text).map(Value::Amount).ok_or("expected a decimal size in bytes"),
            Field::Count => values::amount(text).map(Value::Amount).ok_or("expected a decimal count"),
            Field::Op => {
                op::of_name(text).map(Value::Op).ok_or("expected an operation such as get, set or delete")
            }
            Field::Ttl => values::ttl_s(text).map(Value::Ttl).ok_or("expected a time to live in seconds"),
            Field::Time => {
                values::time_us(text, self.unit).map(Value::Time).ok_or("expected a time as a number")
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<Value>, D::Error> {
        json.deserialize_any(self)
    }
}

impl Visitor<'_> for Scalar {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<Value>, E> {
        // A key keeps its blanks: they make another key.
        let text = if self.field == Field::Key { text } else { text.trim() };
        self.value(text.as_bytes()).map(Some).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<Value>, E> {
        match self.field {
            Field::Key => Ok(Some(Value::Key(number))),
            Field::Size | Field::Count => Ok(Some(Value::Amount(number))),
            _ => self.visit_str(&number.to_string()),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<Value>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<Value>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }
}
