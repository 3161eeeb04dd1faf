//! A workload in one line: `zipf:keys=1e6,exponent=0.9,requests=20e6,seed=1`.

use std::{fmt, str::FromStr};

use super::{
    Kind,
    parameters::{Parameter, Parameters},
};

/// What a workload is: a kind and its parameters. The same specification is the same requests on every machine.
///
/// ```
/// use nuthatch_trace::workload::Spec;
///
/// let mut spec = "zipf:keys=2e6,exponent=0.99".parse::<Spec>()?;
/// spec.set("requests", "20M")?;
/// assert_eq!(spec.to_string(), "zipf:keys=2000000,exponent=0.99,requests=20000000");
/// # Ok::<(), nuthatch_trace::workload::InvalidSpec>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    kind: Kind,
    pub(super) parameters: Parameters,
}

impl Spec {
    /// A kind with its usual parameters.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, parameters: kind.defaults() }
    }

    /// Sets one parameter, in the spelling of a specification.
    ///
    /// # Errors
    ///
    /// [`InvalidSpec`]: the kind has no such parameter, or the value makes no sense.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidSpec> {
        let parameter = self.parameter(name)?;
        let mut changed = self.parameters;
        let outcome = parameter.set(&mut changed, value.trim()).and_then(|()| match changed {
            Parameters { writes, deletes, .. } if writes + deletes > 1.0 => {
                Err("writes and deletes of at most 100% together")
            }
            changed => {
                self.parameters = changed;
                Ok(())
            }
        });
        outcome.map_err(|expected| InvalidSpec::Value {
            parameter: parameter.name(),
            value: value.to_owned(),
            expected,
        })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How many requests it is long.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.parameters.requests
    }

    fn parameter(&self, name: &str) -> Result<Parameter, InvalidSpec> {
        let known = self.kind.parameters().find(|parameter| parameter.name() == name.trim());
        known.ok_or_else(|| InvalidSpec::UnknownParameter { kind: self.kind, parameter: name.to_owned() })
    }
}

/// The kind and what differs from its usual parameters.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        let usual = self.kind.defaults();
        let mut between = ':';
        for parameter in self.kind.parameters() {
            let value = parameter.show(&self.parameters);
            if value != parameter.show(&usual) {
                write!(f, "{between}{}={value}", parameter.name())?;
                between = ',';
            }
        }
        Ok(())
    }
}

impl FromStr for Spec {
    type Err = InvalidSpec;

    fn from_str(text: &str) -> Result<Self, InvalidSpec> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        let mut spec = Self::new(kind.parse()?);
        let mut met = Vec::new();
        for part in rest.into_iter().flat_map(|rest| rest.split(',')) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(InvalidSpec::NoValue { part: part.to_owned() });
            };
            let parameter = spec.parameter(name)?;
            if met.contains(&parameter) {
                return Err(InvalidSpec::Twice { parameter: parameter.name() });
            }
            met.push(parameter);
            spec.set(name, value)?;
        }
        Ok(spec)
    }
}

/// Why a specification is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSpec {
    /// There is no such workload.
    #[error("unknown workload \"{kind}\"; known are {}", Kind::ALL.map(Kind::name).join(", "))]
    UnknownKind {
        /// As given.
        kind: String,
    },

    /// The workload has no such parameter.
    #[error(
        "the workload {kind} has no parameter \"{parameter}\"; it has {}",
        Vec::from_iter(kind.parameter_names()).join(", ")
    )]
    UnknownParameter {
        /// The workload.
        kind: Kind,
        /// As given.
        parameter: String,
    },

    /// A value makes no sense.
    #[error("{parameter}={value}: expected {expected}")]
    Value {
        /// The parameter.
        parameter: &'static str,
        /// As given.
        value: String,
        /// What makes sense.
        expected: &'static str,
    },

    /// A parameter without a value.
    #[error("\"{part}\": expected NAME=VALUE, as in keys=1e6")]
    NoValue {
        /// As given.
        part: String,
    },

    /// A parameter was given twice.
    #[error("{parameter} is given twice")]
    Twice {
        /// The parameter.
        parameter: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_is_read_as_it_is_shown() {
        for text in [
            "uniform",
            "zipf:keys=5,exponent=1.2,requests=7,seed=9",
            "mixed:writes=0.5,deletes=0,sizes=pareto:100:1.2:100000,ttl=none,rate=10",
            "flash-crowd:start=0.1,duration=0.3,crowd=5,heat=0.9",
            "ycsb-e:length=10",
        ] {
            assert_eq!(text.parse::<Spec>().unwrap().to_string(), text);
        }
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse::<Spec>().unwrap().to_string(), kind.name());
        }
        assert_eq!("ZIPF: keys = 1e3 ".parse::<Spec>().unwrap().to_string(), "zipf:keys=1000");
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (text, expected) in [
            ("zipff", "unknown workload \"zipff\"; known are uniform, zipf, "),
            ("", "unknown workload \"\""),
            ("zipf:skew=1", "the workload zipf has no parameter \"skew\"; it has keys, exponent, writes, "),
            ("scan:keys=1", "the workload scan has no parameter \"keys\"; it has writes, "),
            ("ycsb-a:writes=1", "the workload ycsb-a has no parameter \"writes\""),
            ("zipf:keys", "\"keys\": expected NAME=VALUE"),
            ("zipf:", "\"\": expected NAME=VALUE"),
            ("zipf:keys=0", "keys=0: expected a whole number of at least 1"),
            ("zipf:keys=1,keys=2", "keys is given twice"),
            ("zipf:exponent=-1", "exponent=-1: expected a number from 0 to 20"),
            ("zipf:exponent=nan", "exponent=nan: expected a number"),
            ("zipf:writes=150%", "writes=150%: expected a share from 0% to 100%"),
            ("zipf:sizes=big", "sizes=big: expected bytes as in 4096, uniform:100-2000"),
            (
                "zipf:writes=60%,deletes=50%",
                "deletes=50%: expected writes and deletes of at most 100% together",
            ),
            ("zipf:requests=0", "requests=0: expected a whole number of at least 1"),
            ("hotset:hot=0", "hot=0: expected a share above 0%"),
        ] {
            let error = text.parse::<Spec>().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
