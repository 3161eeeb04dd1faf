//! `nuthatch log dump`: everything that is in a log, as lines for other programs.

use std::{
    io::{self, BufWriter, ErrorKind, Write},
    process::ExitCode,
};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use nuthatch_log::{Entry, Log, Options};
use serde::Serialize;

use crate::log::{Directory, open_unchanged};

/// Keys asked for at once.
const SCAN: usize = 1000;

/// A line. The text of `--help` promises these fields.
#[derive(Default, Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    lsn: u64,
}

pub(super) fn run(target: &Directory, salvage: bool) -> anyhow::Result<ExitCode> {
    let dir = target.with_a_log()?;
    let (log, recovery) = open_unchanged(dir, Options::new().salvage(salvage), "reading")?;
    for lost in &recovery.lost {
        eprintln!("left out {}: bytes {} to {}", lost.path.display(), lost.from, lost.to);
    }
    match write_all(&log, BufWriter::new(io::stdout().lock())) {
        // A reader that has left (`| head`) is no error.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        written => written.map(|()| ExitCode::SUCCESS),
    }
}

fn write_all(log: &Log, mut out: impl Write) -> anyhow::Result<()> {
    for key in sorted_keys(log)? {
        let Some(entry) = log.get(&key)? else { continue };
        serde_json::to_writer(&mut out, &Line::of(&key, &entry))
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .context("cannot write to standard output")?;
    }
    out.flush().context("cannot write to standard output")
}

fn sorted_keys(log: &Log) -> nuthatch_log::Result<Vec<Box<[u8]>>> {
    let mut all = Vec::with_capacity(log.len());
    let mut cursor = 0;
    loop {
        let (next, keys) = log.scan(cursor, SCAN)?;
        all.extend(keys);
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    all.sort_unstable();
    Ok(all)
}

impl<'a> Line<'a> {
    fn of(key: &'a [u8], entry: &'a Entry) -> Self {
        let (key, key_base64) = text_or_base64(key);
        let (value, value_base64) = text_or_base64(&entry.value);
        Self { key, key_base64, value, value_base64, expires_at: entry.expires_at, lsn: entry.lsn.0 }
    }
}

fn text_or_base64(bytes: &[u8]) -> (Option<&str>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(_) => (None, Some(BASE64_STANDARD.encode(bytes))),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
