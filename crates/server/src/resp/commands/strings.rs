//! Commands on strings.

use nuthatch_keyspace::{SetCondition, SetExpiry, SetOptions, Value};

use crate::resp::{arguments::is, command::Call, error::CommandError};

type Result = std::result::Result<(), CommandError>;

pub(crate) fn get(call: &mut Call<'_>) -> Result {
    let value = call.context.keyspace.get(&call.request[1])?;
    reply_value(call, value.as_ref());
    Ok(())
}

pub(crate) fn mget(call: &mut Call<'_>) -> Result {
    call.reply.array(call.request.len() - 1);
    for key in call.request.iter().skip(1) {
        let value = call.context.keyspace.get(key)?;
        reply_value(call, value.as_ref());
    }
    Ok(())
}

pub(crate) fn set(call: &mut Call<'_>) -> Result {
    let options = set_options(call)?;
    let outcome = call.context.keyspace.set(&call.request[1], &call.request[2], options)?;
    match (options.want_old, outcome.written) {
        (true, _) => reply_value(call, outcome.old.as_ref()),
        (false, true) => call.reply.ok(),
        (false, false) => call.reply.null(),
    }
    Ok(())
}

/// Reads the options of SET by the rules of Redis: one may be repeated, the last of its kind counts, those that contradict
/// each other are a syntax error, and that goes before an error in a number.
fn set_options(call: &Call<'_>) -> std::result::Result<SetOptions, CommandError> {
    let mut options = SetOptions::default();
    let mut expiry: Option<(Expiry, usize)> = None;
    let mut at = 3;
    while let Some(option) = call.request.get(at) {
        if is(option, "GET") {
            options.want_old = true;
        } else if is(option, "NX") && options.condition != SetCondition::IfPresent {
            options.condition = SetCondition::IfAbsent;
        } else if is(option, "XX") && options.condition != SetCondition::IfAbsent {
            options.condition = SetCondition::IfPresent;
        } else {
            let named = Expiry::named(option).ok_or(CommandError::Syntax)?;
            if expiry.is_some_and(|(before, _)| before != named) {
                return Err(CommandError::Syntax);
            }
            if named != Expiry::Keep {
                at += 1;
                call.request.get(at).ok_or(CommandError::Syntax)?;
            }
            expiry = Some((named, at));
        }
        at += 1;
    }
    let now = call.context.keyspace.unix_millis();
    let deadline = |at, unit, from| call.positive_deadline(at, unit, from, "set").map(SetExpiry::At);
    options.expiry = match expiry {
        None => SetExpiry::Never,
        Some((Expiry::Keep, _)) => SetExpiry::Keep,
        Some((Expiry::Ex, at)) => deadline(at, 1000, now)?,
        Some((Expiry::Px, at)) => deadline(at, 1, now)?,
        Some((Expiry::ExAt, at)) => deadline(at, 1000, 0)?,
        Some((Expiry::PxAt, at)) => deadline(at, 1, 0)?,
    };
    Ok(options)
}

/// How SET says when the value expires.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expiry {
    Keep,
    Ex,
    Px,
    ExAt,
    PxAt,
}

impl Expiry {
    fn named(option: &[u8]) -> Option<Self> {
        let names = [
            ("KEEPTTL", Self::Keep),
            ("EX", Self::Ex),
            ("PX", Self::Px),
            ("EXAT", Self::ExAt),
            ("PXAT", Self::PxAt),
        ];
        names.into_iter().find(|(name, _)| is(option, name)).map(|(_, expiry)| expiry)
    }
}

pub(crate) fn setex(call: &mut Call<'_>) -> Result {
    set_expiring(call, 1000, "setex")
}

pub(crate) fn psetex(call: &mut Call<'_>) -> Result {
    set_expiring(call, 1, "psetex")
}

fn set_expiring(call: &mut Call<'_>, unit: i64, command: &'static str) -> Result {
    let at = call.positive_deadline(2, unit, call.context.keyspace.unix_millis(), command)?;
    let options = SetOptions { expiry: SetExpiry::At(at), ..SetOptions::default() };
    call.context.keyspace.set(&call.request[1], &call.request[3], options)?;
    call.reply.ok();
    Ok(())
}

pub(crate) fn setnx(call: &mut Call<'_>) -> Result {
    let options = SetOptions { condition: SetCondition::IfAbsent, ..SetOptions::default() };
    let outcome = call.context.keyspace.set(&call.request[1], &call.request[2], options)?;
    call.reply.integer(outcome.written.into());
    Ok(())
}

pub(crate) fn getset(call: &mut Call<'_>) -> Result {
    let options = SetOptions { want_old: true, ..SetOptions::default() };
    let outcome = call.context.keyspace.set(&call.request[1], &call.request[2], options)?;
    reply_value(call, outcome.old.as_ref());
    Ok(())
}

pub(crate) fn getdel(call: &mut Call<'_>) -> Result {
    let value = call.context.keyspace.take(&call.request[1])?;
    reply_value(call, value.as_ref());
    Ok(())
}

pub(crate) fn mset(call: &mut Call<'_>) -> Result {
    if call.request.len().is_multiple_of(2) {
        return Err(CommandError::WrongArity { name: "mset" });
    }
    let arguments: Vec<&[u8]> = call.request.iter().skip(1).collect();
    let pairs: Vec<(&[u8], &[u8])> = arguments.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    call.context.keyspace.set_many(&pairs)?;
    call.reply.ok();
    Ok(())
}

pub(crate) fn incr(call: &mut Call<'_>) -> Result {
    increment(call, 1)
}

pub(crate) fn decr(call: &mut Call<'_>) -> Result {
    increment(call, -1)
}

pub(crate) fn incrby(call: &mut Call<'_>) -> Result {
    let by = call.integer(2)?;
    increment(call, by)
}

pub(crate) fn decrby(call: &mut Call<'_>) -> Result {
    let by = call.integer(2)?.checked_neg().ok_or(CommandError::DecrementOverflow)?;
    increment(call, by)
}

fn increment(call: &mut Call<'_>, by: i64) -> Result {
    let sum = call.context.keyspace.increment_by(&call.request[1], by)?;
    call.reply.integer(sum);
    Ok(())
}

pub(crate) fn incrbyfloat(call: &mut Call<'_>) -> Result {
    let by = str::from_utf8(&call.request[2]).ok().and_then(|text| text.parse().ok());
    let by = by.filter(|by: &f64| !by.is_nan()).ok_or(CommandError::NotAFloat)?;
    let sum = call.context.keyspace.increment_by_float(&call.request[1], by)?;
    call.reply.bulk(sum);
    Ok(())
}

pub(crate) fn append(call: &mut Call<'_>) -> Result {
    let len = call.context.keyspace.append(&call.request[1], &call.request[2])?;
    call.reply.integer(len as i64);
    Ok(())
}

pub(crate) fn strlen(call: &mut Call<'_>) -> Result {
    let value = call.context.keyspace.get(&call.request[1])?;
    call.reply.integer(value.map_or(0, |value| value.bytes().len() as i64));
    Ok(())
}

fn reply_value(call: &mut Call<'_>, value: Option<&Value>) {
    match value {
        Some(value) => call.reply.bulk(value.bytes()),
        None => call.reply.null(),
    }
}
