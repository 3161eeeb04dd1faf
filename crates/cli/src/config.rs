//! The settings of `nuthatch serve`: defaults < file (TOML) < environment < flags.

use std::{
    fmt, fs,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Context;
use bytesize::ByteSize;
use clap::Args;
use nuthatch_log::SyncMode;
use nuthatch_policy::PolicyKind;
use serde::{Deserialize, Deserializer, de::Error as _};

/// What may be set by flag, environment or file. `None`: not set there.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ServeOptions {
    /// Where Redis clients connect; port 0 picks a free one, `none` closes this door [default: 127.0.0.1:6379]
    #[arg(long, env = "NUTHATCH_RESP", value_name = "ADDR:PORT")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) resp: Option<Door>,

    /// Where browsers and curl connect; as above [default: 127.0.0.1:8080]
    #[arg(long, env = "NUTHATCH_HTTP", value_name = "ADDR:PORT")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) http: Option<Door>,

    /// Memory for keys and values, overhead included [default: 1GiB]
    #[arg(long, env = "NUTHATCH_MEMORY", value_name = "SIZE")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) memory: Option<Memory>,

    /// Bound memory by a number of entries instead of by bytes
    #[arg(long, env = "NUTHATCH_MAX_ENTRIES", value_name = "N")]
    pub(crate) max_entries: Option<u64>,

    /// Who leaves memory when it is full: auto, lru, s3-fifo, lirs, w-tinylfu or any other of docs/policies.md; what is
    /// unknown lists them all [default: auto]
    #[arg(long, env = "NUTHATCH_POLICY")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) policy: Option<PolicyKind>,

    /// Where the log is kept, which makes writes survive a restart; `none`: what memory evicts is gone [default:
    /// ./nuthatch-data]
    #[arg(long, env = "NUTHATCH_DIR", value_name = "PATH|none")]
    pub(crate) dir: Option<PathBuf>,

    /// What an acknowledged write survives: always (a power cut), everysec (a crash; a power cut but for the last
    /// second), never (a crash) [default: everysec]
    #[arg(long, env = "NUTHATCH_SYNC", value_name = "MODE")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) sync: Option<Sync>,

    /// What clients must say with AUTH, and HTTP clients as a bearer token; better given by environment or file
    #[arg(long, env = "NUTHATCH_PASSWORD", value_name = "TEXT", hide_env_values = true)]
    pub(crate) password: Option<String>,

    /// Threads that serve connections [default: one per processor, but for one]
    #[arg(long, env = "NUTHATCH_WORKERS", value_name = "N")]
    pub(crate) workers: Option<usize>,

    /// RESP connections served at a time [default: 10000]
    #[arg(long, env = "NUTHATCH_MAX_CONNECTIONS", value_name = "N")]
    pub(crate) max_connections: Option<usize>,
}

impl ServeOptions {
    /// The settings in the file at `path`.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}, {}", path.display(), in_one_line(&text, &error)))
    }

    /// These settings, and those of `below` where nothing is set here.
    pub(crate) fn over(self, below: Self) -> Self {
        // A bound set here hides the other kind of bound below it, which would contradict it.
        let bounded = self.memory.is_some() || self.max_entries.is_some();
        Self {
            resp: self.resp.or(below.resp),
            http: self.http.or(below.http),
            memory: if bounded { self.memory } else { below.memory },
            max_entries: if bounded { self.max_entries } else { below.max_entries },
            policy: self.policy.or(below.policy),
            dir: self.dir.or(below.dir),
            sync: self.sync.or(below.sync),
            password: self.password.or(below.password),
            workers: self.workers.or(below.workers),
            max_connections: self.max_connections.or(below.max_connections),
        }
    }
}

/// What is wrong with the file's `text`, and in which line. An unknown or mistyped value does not name its key, the line
/// that it stands in does.
fn in_one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let index = before.matches('\n').count();
    let line: String = text.lines().nth(index).unwrap_or_default().trim().chars().take(80).collect();
    format!("line {}, {line}: {}", index + 1, error.message().replace('\n', ", "))
}

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory(pub(crate) u64);

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.parse().map(|size: ByteSize| size.as_u64());
        bytes
            .map(Self)
            .map_err(|_| format!("\"{text}\" is no amount of memory; write for instance 256MiB or 4GiB"))
    }
}

/// An address to listen on, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door(pub(crate) Option<SocketAddr>);

impl FromStr for Door {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let address = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
        let wrong =
            || format!("\"{text}\" is no address; write for instance 127.0.0.1:6379, [::1]:6379 or none");
        address.map(|address| Self(Some(address))).ok_or_else(wrong)
    }
}

/// A sync mode by its spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sync(pub(crate) SyncMode);

impl FromStr for Sync {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "always" => Ok(Self(SyncMode::Always)),
            "everysec" => Ok(Self(SyncMode::EverySec)),
            "never" => Ok(Self(SyncMode::Never)),
            _ => Err(format!("unknown sync mode \"{text}\"; known are always, everysec, never")),
        }
    }
}

/// A setting that is written in the file as it is on the command line.
fn parsed<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_flags_say() {
        let options: ServeOptions = toml::from_str(
            "resp = '127.0.0.1:7000'\nhttp = 'none'\nmemory = '64MiB'\npolicy = 'lru'\nsync = 'always'\ndir = '/tmp/x'\nworkers = 3",
        )
        .unwrap();
        assert_eq!(options.resp.unwrap().0.unwrap().port(), 7000);
        assert_eq!((options.http, options.workers), (Some(Door(None)), Some(3)));
        assert_eq!(options.memory, Some(Memory(64 << 20)));
        assert_eq!((options.policy, options.sync), (Some(PolicyKind::Lru), Some(Sync(SyncMode::Always))));
    }

    #[test]
    fn a_mistake_in_a_file_is_told_in_one_line_that_names_its_own() {
        for (text, expected) in [
            ("resp = '127.0.0.1:1'\nmemroy = '1GiB'", "line 2, memroy = '1GiB': unknown field `memroy`"),
            ("\npolicy = 'lur'", "line 2, policy = 'lur': unknown policy \"lur\"; known are"),
            ("memory = 'lots'", "line 1, memory = 'lots': \"lots\" is no amount of memory"),
            ("workers = 'two'", "line 1, workers = 'two': invalid type"),
            ("workers = ", "line 1, workers =: "),
        ] {
            let error = toml::from_str::<ServeOptions>(text).unwrap_err();
            let told = in_one_line(text, &error);
            assert!(told.starts_with(expected) && !told.contains('\n'), "{told}");
        }
    }

    #[test]
    fn a_bound_by_entries_replaces_a_bound_by_bytes_below_it() {
        let file: ServeOptions = toml::from_str("memory = '1GiB'\nworkers = 2").unwrap();
        let flags = ServeOptions { max_entries: Some(10), ..ServeOptions::default() };
        let both = flags.over(file);
        assert_eq!((both.memory, both.max_entries, both.workers), (None, Some(10), Some(2)));
    }
}
