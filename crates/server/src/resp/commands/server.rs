//! Commands about the server: INFO, COMMAND, CONFIG.

use std::{fmt::Write, sync::atomic::Ordering::Relaxed};

use nuthatch_keyspace::{Bound, glob_matches};
use nuthatch_log::SyncMode;

use crate::{
    context::Context,
    resp::{
        arguments::is,
        command::{COMMANDS, Call, Command},
        error::{CommandError, Shown},
    },
};

type Result = std::result::Result<(), CommandError>;

/// The version of Redis whose behaviour the commands follow: clients choose what they send by it.
pub(crate) const REDIS_VERSION: &str = "7.2.0";

pub(crate) fn info(call: &mut Call<'_>) -> Result {
    let wanted: Vec<&[u8]> = call.request.iter().skip(1).collect();
    let all = wanted.is_empty()
        || wanted.iter().any(|name| ["all", "default", "everything"].iter().any(|all| is(name, all)));
    let mut text = String::new();
    for (name, section) in SECTIONS {
        if all || wanted.iter().any(|wanted| is(wanted, name)) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            let _ = write!(text, "# {name}\r\n");
            for (key, value) in section(call.context) {
                let _ = write!(text, "{key}:{value}\r\n");
            }
        }
    }
    call.reply.verbatim(*b"txt", text);
    Ok(())
}

type Facts = Vec<(&'static str, String)>;

type Section = (&'static str, fn(&Context) -> Facts);

const SECTIONS: [Section; 6] = [
    ("Server", server_facts),
    ("Clients", client_facts),
    ("Memory", memory_facts),
    ("Persistence", persistence_facts),
    ("Stats", stats_facts),
    ("Keyspace", keyspace_facts),
];

fn server_facts(context: &Context) -> Facts {
    let uptime = context.started.elapsed().as_secs();
    vec![
        ("redis_version", REDIS_VERSION.into()),
        ("nuthatch_version", env!("CARGO_PKG_VERSION").into()),
        ("redis_mode", "standalone".into()),
        ("os", std::env::consts::OS.into()),
        ("arch_bits", usize::BITS.to_string()),
        ("process_id", std::process::id().to_string()),
        ("tcp_port", context.settings.resp.map_or(0, |address| address.port()).to_string()),
        ("uptime_in_seconds", uptime.to_string()),
        ("uptime_in_days", (uptime / 86_400).to_string()),
        ("worker_threads", context.settings.workers.to_string()),
    ]
}

fn client_facts(context: &Context) -> Facts {
    vec![
        ("connected_clients", context.counters.connections_open.load(Relaxed).to_string()),
        ("maxclients", context.settings.connections_max.to_string()),
    ]
}

fn memory_facts(context: &Context) -> Facts {
    let stats = context.keyspace.stats();
    let mut facts = match context.keyspace.bound() {
        Bound::Bytes(bytes) => {
            vec![("used_memory", stats.memory.weight.to_string()), ("maxmemory", bytes.to_string())]
        }
        Bound::Entries(entries) => vec![("maxmemory", "0".into()), ("max_entries", entries.to_string())],
    };
    facts.push(("entries_in_memory", stats.memory.len.to_string()));
    facts.push(("maxmemory_policy", context.keyspace.policy().to_string()));
    facts
}

fn persistence_facts(context: &Context) -> Facts {
    let Some(log) = context.keyspace.log() else { return vec![("log_enabled", "0".into())] };
    let stats = log.stats();
    vec![
        ("log_enabled", "1".into()),
        ("log_sync", sync_name(log.sync_mode()).into()),
        ("log_segments", stats.segments.to_string()),
        ("log_disk_bytes", stats.disk_bytes.to_string()),
        ("log_live_bytes", stats.live_bytes.to_string()),
        ("log_syncs", stats.syncs.to_string()),
    ]
}

fn stats_facts(context: &Context) -> Facts {
    let counters = &context.counters;
    let stats = context.keyspace.stats();
    vec![
        ("total_connections_received", counters.connections_accepted.load(Relaxed).to_string()),
        ("rejected_connections", counters.connections_refused.load(Relaxed).to_string()),
        ("total_commands_processed", counters.commands.load(Relaxed).to_string()),
        ("total_http_requests", counters.http_requests.load(Relaxed).to_string()),
        ("keyspace_hits", stats.hits().to_string()),
        ("keyspace_misses", stats.misses.to_string()),
        ("keyspace_hits_memory", stats.memory.hits.to_string()),
        ("keyspace_hits_log", stats.log_hits.to_string()),
        ("evicted_keys", stats.memory.evictions.to_string()),
        ("expired_keys", stats.memory.expirations.to_string()),
    ]
}

fn keyspace_facts(context: &Context) -> Facts {
    match context.keyspace.len() {
        0 => Vec::new(),
        keys => vec![("db0", format!("keys={keys}"))],
    }
}

pub(crate) fn command(call: &mut Call<'_>) -> Result {
    let Some(subcommand) = call.request.get(1) else {
        call.reply.array(COMMANDS.len());
        COMMANDS.iter().for_each(|command| describe(call, command));
        return Ok(());
    };
    let named: Vec<Option<&Command>> = call.request.iter().skip(2).map(Command::find).collect();
    if is(subcommand, "COUNT") {
        if !named.is_empty() {
            return Err(CommandError::WrongArity { name: "command|count" });
        }
        call.reply.integer(COMMANDS.len() as i64);
    } else if is(subcommand, "LIST") && named.is_empty() {
        call.reply.array(COMMANDS.len());
        COMMANDS.iter().for_each(|command| call.reply.bulk(command.name));
    } else if is(subcommand, "INFO") {
        let named = if named.is_empty() { COMMANDS.iter().map(Some).collect() } else { named };
        call.reply.array(named.len());
        for command in named {
            match command {
                Some(command) => describe(call, command),
                None => call.reply.null(),
            }
        }
    } else if is(subcommand, "DOCS") {
        let named: Vec<&Command> =
            if named.is_empty() { COMMANDS.iter().collect() } else { named.into_iter().flatten().collect() };
        call.reply.map(named.len());
        for command in named {
            call.reply.bulk(command.name);
            call.reply.map(1);
            call.reply.bulk("summary");
            call.reply.bulk(command.summary);
        }
    } else {
        return Err(CommandError::UnknownSubcommand { command: "COMMAND", name: Shown::new(subcommand) });
    }
    Ok(())
}

/// The ten elements with which Redis 7 describes a command; the last four are empty here.
fn describe(call: &mut Call<'_>, command: &Command) {
    call.reply.array(10);
    call.reply.bulk(command.name);
    call.reply.integer(command.arity.into());
    call.reply.set(command.flags.len());
    command.flags.iter().for_each(|flag| call.reply.simple(flag.name()));
    let (first, last, step) = command.keys;
    for number in [first, last, step] {
        call.reply.integer(number.into());
    }
    call.reply.set(0); // ACL categories
    for _ in ["tips", "key specifications", "subcommands"] {
        call.reply.array(0);
    }
}

pub(crate) fn config(call: &mut Call<'_>) -> Result {
    let (subcommand, len) = (&call.request[1], call.request.len());
    if is(subcommand, "GET") && len >= 3 {
        let patterns: Vec<Vec<u8>> = call.request.iter().skip(2).map(<[u8]>::to_ascii_lowercase).collect();
        let matching = |name: &str| patterns.iter().any(|pattern| glob_matches(pattern, name.as_bytes()));
        let found: Vec<_> = settings(call.context).into_iter().filter(|(name, _)| matching(name)).collect();
        call.reply.map(found.len());
        for (name, value) in found {
            call.reply.bulk(name);
            call.reply.bulk(value);
        }
    } else if is(subcommand, "SET") && len >= 4 && len.is_multiple_of(2) {
        let arguments: Vec<&[u8]> = call.request.iter().skip(2).collect();
        // All are looked at before the first is made, so that a mistake changes nothing.
        let changes = arguments.chunks_exact(2).map(|pair| change(call.context, pair[0], pair[1]));
        let changes: Vec<Change> = changes.collect::<std::result::Result<_, _>>()?;
        changes.into_iter().for_each(|change| change.make(call.context));
        call.reply.ok();
    } else if is(subcommand, "GET") {
        return Err(CommandError::WrongArity { name: "config|get" });
    } else if is(subcommand, "SET") {
        // As in Redis, which counts arguments first and pairs them up later.
        return Err(if len < 4 {
            CommandError::WrongArity { name: "config|set" }
        } else {
            CommandError::Syntax
        });
    } else {
        return Err(CommandError::UnknownSubcommand { command: "CONFIG", name: Shown::new(subcommand) });
    }
    Ok(())
}

fn settings(context: &Context) -> Facts {
    let log = context.keyspace.log();
    let bytes = match context.keyspace.bound() {
        Bound::Bytes(bytes) => bytes,
        Bound::Entries(_) => 0,
    };
    vec![
        ("appendfsync", log.map_or("no", |log| sync_name(log.sync_mode())).into()),
        ("appendonly", if log.is_some() { "yes" } else { "no" }.into()),
        ("databases", "1".into()),
        ("maxclients", context.settings.connections_max.to_string()),
        ("maxmemory", bytes.to_string()),
        ("maxmemory-policy", context.keyspace.policy().to_string()),
        ("port", context.settings.resp.map_or(0, |address| address.port()).to_string()),
        ("proto-max-bulk-len", nuthatch_keyspace::Value::LEN_MAX.to_string()),
        ("save", String::new()),
    ]
}

/// A change of a setting that was found to be possible.
enum Change {
    Sync(SyncMode),
    Password(String),
}

fn change(context: &Context, name: &[u8], value: &[u8]) -> std::result::Result<Change, CommandError> {
    let refused = |name, why| Err(CommandError::SettingRefused { name, why });
    if is(name, "requirepass") {
        return match str::from_utf8(value) {
            Ok(password) => Ok(Change::Password(password.to_owned())),
            Err(_) => refused("requirepass", "a password must be UTF-8"),
        };
    }
    if is(name, "appendfsync") {
        if context.keyspace.log().is_none() {
            return refused("appendfsync", "there is no log; start with --dir");
        }
        let modes = [SyncMode::Always, SyncMode::EverySec, SyncMode::Never];
        let mode = modes.into_iter().find(|mode| is(value, sync_name(*mode)));
        return mode
            .map(Change::Sync)
            .map_or_else(|| refused("appendfsync", "argument must be always, everysec or no"), Ok);
    }
    match settings(context).into_iter().find(|(known, _)| is(name, known)) {
        Some((known, _)) => refused(known, "can't set immutable config; restart with another value"),
        None => Err(CommandError::UnknownSetting { name: Shown::new(name) }),
    }
}

impl Change {
    fn make(self, context: &Context) {
        match self {
            Self::Sync(mode) => {
                if let Some(log) = context.keyspace.log() {
                    log.set_sync(mode);
                }
            }
            Self::Password(password) => context.set_password(&password),
        }
    }
}

/// As Redis spells it.
const fn sync_name(mode: SyncMode) -> &'static str {
    match mode {
        SyncMode::Always => "always",
        SyncMode::EverySec => "everysec",
        SyncMode::Never => "no",
    }
}
