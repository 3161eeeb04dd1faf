//! Commands on keys, whatever they hold.

use nuthatch_keyspace::Ttl;
use nuthatch_resp::parse_integer;

use crate::resp::{
    arguments::is,
    command::Call,
    error::{CommandError, Shown},
};

type Result = std::result::Result<(), CommandError>;

/// What SCAN looks at when it is not told how much, and at most: a huge COUNT would block the others.
const SCAN_COUNT: usize = 10;
const SCAN_COUNT_MAX: usize = 10_000;

pub(crate) fn del(call: &mut Call<'_>) -> Result {
    let mut removed = 0;
    for key in call.request.iter().skip(1) {
        removed += i64::from(call.context.keyspace.remove(key)?);
    }
    call.reply.integer(removed);
    Ok(())
}

pub(crate) fn exists(call: &mut Call<'_>) -> Result {
    let mut there = 0;
    for key in call.request.iter().skip(1) {
        there += i64::from(call.context.keyspace.exists(key)?);
    }
    call.reply.integer(there);
    Ok(())
}

pub(crate) fn touch(call: &mut Call<'_>) -> Result {
    let mut there = 0;
    for key in call.request.iter().skip(1) {
        there += i64::from(call.context.keyspace.get(key)?.is_some());
    }
    call.reply.integer(there);
    Ok(())
}

pub(crate) fn type_of(call: &mut Call<'_>) -> Result {
    call.reply.simple(if call.context.keyspace.exists(&call.request[1])? { "string" } else { "none" });
    Ok(())
}

pub(crate) fn expire(call: &mut Call<'_>) -> Result {
    expire_in(call, 1000, "expire")
}

pub(crate) fn pexpire(call: &mut Call<'_>) -> Result {
    expire_in(call, 1, "pexpire")
}

fn expire_in(call: &mut Call<'_>, unit: i64, command: &'static str) -> Result {
    expire_from(call, unit, call.context.keyspace.unix_millis(), command)
}

pub(crate) fn expireat(call: &mut Call<'_>) -> Result {
    expire_from(call, 1000, 0, "expireat")
}

pub(crate) fn pexpireat(call: &mut Call<'_>) -> Result {
    expire_from(call, 1, 0, "pexpireat")
}

/// Sets the expiry to argument 2, which counts units of `unit` milliseconds from `from`.
fn expire_from(call: &mut Call<'_>, unit: i64, from: u64, command: &'static str) -> Result {
    let condition = expire_condition(call)?;
    let at = u64::try_from(call.deadline(2, unit, from, command)?).unwrap_or(0);
    let set = call.context.keyspace.expire_at(&call.request[1], at, |held| condition(held, at))?;
    call.reply.integer(set.into());
    Ok(())
}

/// `NX`, `XX`, `GT` and `LT`: whether an expiry may be set, given the one that the key has.
fn expire_condition(
    call: &Call<'_>,
) -> std::result::Result<impl Fn(Option<u64>, u64) -> bool + use<>, CommandError> {
    let (mut nx, mut xx, mut gt, mut lt) = (false, false, false, false);
    for option in call.request.iter().skip(3) {
        match () {
            () if is(option, "NX") => nx = true,
            () if is(option, "XX") => xx = true,
            () if is(option, "GT") => gt = true,
            () if is(option, "LT") => lt = true,
            () => return Err(CommandError::UnsupportedOption { option: Shown::new(option) }),
        }
    }
    if nx && (xx || gt || lt) {
        return Err(CommandError::NxWithOthers);
    }
    if gt && lt {
        return Err(CommandError::GtWithLt);
    }
    Ok(move |held: Option<u64>, at| {
        // No expiry counts as one infinitely far away.
        let far = held.unwrap_or(u64::MAX);
        !(nx && held.is_some() || xx && held.is_none() || gt && at <= far || lt && at >= far)
    })
}

pub(crate) fn persist(call: &mut Call<'_>) -> Result {
    let persisted = call.context.keyspace.persist(&call.request[1])?;
    call.reply.integer(persisted.into());
    Ok(())
}

pub(crate) fn ttl(call: &mut Call<'_>) -> Result {
    // Rounded as in Redis, so that a TTL just set reads as it was set.
    reply_ttl(call, |at, now| (at.saturating_sub(now) + 500) / 1000)
}

pub(crate) fn pttl(call: &mut Call<'_>) -> Result {
    reply_ttl(call, u64::saturating_sub)
}

pub(crate) fn expiretime(call: &mut Call<'_>) -> Result {
    reply_ttl(call, |at, _| (at + 500) / 1000)
}

pub(crate) fn pexpiretime(call: &mut Call<'_>) -> Result {
    reply_ttl(call, |at, _| at)
}

fn reply_ttl(call: &mut Call<'_>, show: impl Fn(u64, u64) -> u64) -> Result {
    let keyspace = &call.context.keyspace;
    let reply = match keyspace.ttl(&call.request[1])? {
        Ttl::Absent => -2,
        Ttl::Never => -1,
        Ttl::At(at) => i64::try_from(show(at, keyspace.unix_millis())).unwrap_or(i64::MAX),
    };
    call.reply.integer(reply);
    Ok(())
}

pub(crate) fn dbsize(call: &mut Call<'_>) -> Result {
    call.reply.integer(call.context.keyspace.len() as i64);
    Ok(())
}

pub(crate) fn flushall(call: &mut Call<'_>) -> Result {
    match call.request.get(1) {
        None => {}
        Some(how) if call.request.len() == 2 && (is(how, "SYNC") || is(how, "ASYNC")) => {}
        Some(_) => return Err(CommandError::Syntax),
    }
    call.context.keyspace.clear()?;
    call.reply.ok();
    Ok(())
}

pub(crate) fn scan(call: &mut Call<'_>) -> Result {
    let cursor = str::from_utf8(&call.request[1]).ok().and_then(|text| text.parse().ok());
    let cursor = cursor.ok_or(CommandError::InvalidCursor)?;
    let (mut pattern, mut count, mut of_type) = (None, SCAN_COUNT, true);
    let mut at = 2;
    while let Some(option) = call.request.get(at) {
        let value = call.request.get(at + 1).ok_or(CommandError::Syntax)?;
        if is(option, "MATCH") {
            pattern = Some(value);
        } else if is(option, "COUNT") {
            let wanted = parse_integer(value).ok_or(CommandError::NotAnInteger)?;
            let wanted = usize::try_from(wanted).ok().filter(|wanted| *wanted > 0);
            count = wanted.ok_or(CommandError::Syntax)?.min(SCAN_COUNT_MAX);
        } else if is(option, "TYPE") {
            of_type = is(value, "string");
        } else {
            return Err(CommandError::Syntax);
        }
        at += 2;
    }
    let page = call.context.keyspace.scan(cursor, count, pattern)?;
    call.reply.array(2);
    call.reply.bulk(page.cursor.to_string());
    let keys = if of_type { page.keys } else { Vec::new() };
    call.reply.array(keys.len());
    for key in keys {
        call.reply.bulk(key);
    }
    Ok(())
}
