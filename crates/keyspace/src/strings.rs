//! Commands on string values.

use crate::{
    Keyspace, KeyspaceError, Value,
    decimal::Decimal,
    keyspace::{Change, Item},
    numbers::{parse_float, parse_integer},
};

/// When a SET is carried out at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetCondition {
    /// Always.
    #[default]
    Always,
    /// `NX`: only if the key does not exist.
    IfAbsent,
    /// `XX`: only if it does.
    IfPresent,
}

/// When the value of a SET expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetExpiry {
    /// Never.
    #[default]
    Never,
    /// `KEEPTTL`: when the value that it replaces would have.
    Keep,
    /// At this time, in milliseconds since the Unix epoch. In the past: the key is gone at once.
    At(u64),
}

/// How a SET is to be carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetOptions {
    /// Whether it is.
    pub condition: SetCondition,
    /// When the value expires.
    pub expiry: SetExpiry,
    /// `GET`: whether the old value is wanted.
    pub want_old: bool,
}

/// What became of a SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetOutcome {
    /// Whether the condition held and the value was written.
    pub written: bool,
    /// The value before, if it was wanted and there was one.
    pub old: Option<Value>,
}

impl Keyspace {
    /// The value of `key`.
    ///
    /// # Errors
    ///
    /// The log's, if it has to be asked: a read that failed is never "not found".
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, KeyspaceError> {
        Ok(self.read(key)?.map(|item| item.value))
    }

    /// Writes `bytes` as the value of `key`.
    ///
    /// # Errors
    ///
    /// A key or value too long, or the log's.
    pub fn set(&self, key: &[u8], bytes: &[u8], options: SetOptions) -> Result<SetOutcome, KeyspaceError> {
        self.set_value(key, Value::new(bytes), options)
    }

    /// As [`set`](Self::set), for a value that may have a media type.
    ///
    /// # Errors
    ///
    /// A key or value too long, or the log's.
    pub fn set_value(
        &self,
        key: &[u8],
        value: Value,
        options: SetOptions,
    ) -> Result<SetOutcome, KeyspaceError> {
        let SetOptions { condition, expiry, want_old } = options;
        if condition == SetCondition::Always && expiry != SetExpiry::Keep && !want_old {
            // What was there does not matter: do not look.
            let _stripe = self.stripes.lock(key);
            self.put(key, Item { value, expires_at: expiry.resolve(None) })?;
            return Ok(SetOutcome { written: true, old: None });
        }
        self.update(key, |held| {
            let written = match condition {
                SetCondition::Always => true,
                SetCondition::IfAbsent => held.is_none(),
                SetCondition::IfPresent => held.is_some(),
            };
            let old = held.filter(|_| want_old).map(|item| item.value.clone());
            let change = match written {
                true => Change::Put(Item { value, expires_at: expiry.resolve(held) }),
                false => Change::Keep,
            };
            Ok((change, SetOutcome { written, old }))
        })
    }

    /// Writes `value` under `key`, to expire at `expires_at` (milliseconds since the Unix epoch), if `condition` holds of
    /// the value before. Says whether it did. `condition` is called once, under the key's stripe, and must not use this
    /// keyspace.
    ///
    /// # Errors
    ///
    /// A key or value too long, or the log's.
    pub fn set_if(
        &self,
        key: &[u8],
        value: Value,
        expires_at: Option<u64>,
        condition: impl FnOnce(Option<&Value>) -> bool,
    ) -> Result<bool, KeyspaceError> {
        self.update(key, |held| match condition(held.map(|item| &item.value)) {
            true => Ok((Change::Put(Item { value, expires_at }), true)),
            false => Ok((Change::Keep, false)),
        })
    }

    /// Writes all `pairs` as one step: no reader and no crash sees some of them only. A key named twice gets the last
    /// of its values.
    ///
    /// # Errors
    ///
    /// A key or value too long, or the log's.
    pub fn set_many(&self, pairs: &[(&[u8], &[u8])]) -> Result<(), KeyspaceError> {
        let item = |bytes| Item { value: Value::new(bytes), expires_at: None };
        let items: Vec<(&[u8], Item)> = pairs.iter().map(|(key, bytes)| (*key, item(*bytes))).collect();
        for (key, item) in &items {
            self.check(key, item)?;
        }
        let _stripes = self.stripes.lock_many(pairs.iter().map(|(key, _)| *key));
        self.put_many(items)
    }

    /// Adds `by` to the integer that `key` holds, zero if it does not exist, and returns the sum. Keeps the expiry.
    ///
    /// # Errors
    ///
    /// What is held is no integer, the sum overflows, or the log's.
    pub fn increment_by(&self, key: &[u8], by: i64) -> Result<i64, KeyspaceError> {
        self.update(key, |held| {
            let old = held.map_or(Ok(0), |item| parse_integer(item.value.bytes()))?;
            let sum = old.checked_add(by).ok_or(KeyspaceError::Overflow)?;
            Ok((rewrite(held, sum.to_string().as_bytes()), sum))
        })
    }

    /// Adds `by` to the number that `key` holds, zero if it does not exist, and returns the sum as it is now kept: in
    /// plain decimal notation, rounded to 17 places. Numbers of up to 19 digits before the point are added as decimals,
    /// so that 0.1 and 0.2 make 0.3; larger ones as floating point. Keeps the expiry.
    ///
    /// # Errors
    ///
    /// What is held is no number, the sum is not finite, or the log's.
    pub fn increment_by_float(&self, key: &[u8], by: f64) -> Result<String, KeyspaceError> {
        self.update(key, |held| {
            let old = held.map_or(&b"0"[..], |item| item.value.bytes());
            let sum = parse_float(old)? + by;
            if !sum.is_finite() {
                return Err(KeyspaceError::NotFinite);
            }
            let decimals = || {
                let old = Decimal::parse(str::from_utf8(old).ok()?)?;
                old.plus(Decimal::parse(&by.to_string())?)
            };
            let text = decimals().map_or_else(|| sum.to_string(), |sum| sum.to_string());
            Ok((rewrite(held, text.as_bytes()), text))
        })
    }

    /// Puts `tail` at the end of what `key` holds and returns the new length in bytes. Keeps the expiry.
    ///
    /// # Errors
    ///
    /// The value would be too long, or the log's.
    pub fn append(&self, key: &[u8], tail: &[u8]) -> Result<usize, KeyspaceError> {
        self.update(key, |held| {
            let len = held.map_or(0, |item| item.value.bytes().len()) + tail.len();
            if len > Value::LEN_MAX {
                return Err(KeyspaceError::ValueTooLong { len, max: Value::LEN_MAX });
            }
            let value = held.map_or_else(|| Value::new(tail), |item| item.value.append(tail));
            Ok((Change::Put(Item { value, expires_at: held.and_then(|item| item.expires_at) }), len))
        })
    }
}

impl SetExpiry {
    fn resolve(self, held: Option<&Item>) -> Option<u64> {
        match self {
            Self::Never => None,
            Self::Keep => held.and_then(|item| item.expires_at),
            Self::At(at) => Some(at),
        }
    }
}

/// New bytes for a key, which keeps its expiry.
fn rewrite(held: Option<&Item>, bytes: &[u8]) -> Change {
    Change::Put(Item { value: Value::new(bytes), expires_at: held.and_then(|item| item.expires_at) })
}
