//! What is wrong with a parameter of a policy.

use std::fmt;

/// A parameter that a policy was given is out of its range.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParameterError {
    /// The policy, as [`PolicyKind`](crate::PolicyKind) spells it.
    pub policy: &'static str,
    /// The parameter's name in the constructor.
    pub parameter: &'static str,
    /// What was given.
    pub given: f64,
    /// The least that is taken.
    pub least: f64,
    /// The most that is taken.
    pub most: f64,
}

// By hand, as everything that users of the library compile: a derive would be most of what they wait for.
impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, parameter, given, least, most } = self;
        write!(f, "{policy}: {parameter} is {given}; give a number from {least} to {most}")
    }
}

impl std::error::Error for ParameterError {}

impl ParameterError {
    pub(crate) fn unless_within(
        policy: &'static str,
        parameter: &'static str,
        given: f64,
        least: f64,
        most: f64,
    ) -> Result<(), Self> {
        // What is not a number is within no range.
        if (least..=most).contains(&given) {
            return Ok(());
        }
        Err(Self { policy, parameter, given, least, most })
    }
}
