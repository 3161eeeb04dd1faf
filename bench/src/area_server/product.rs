//! The servers that take part: how each is found, and how it is told to do the same as the others.

use std::{
    env, fmt, fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

use anyhow::{Context, bail};

use crate::own_folder::own_folder;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing: a pure cache.
    Memory,
    /// A crash; a power cut but for the last second.
    EverySecond,
    /// A power cut.
    Always,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::EverySecond => "everysec",
            Self::Always => "always",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Nuthatch,
    Redis,
    Valkey,
}

impl Product {
    pub(crate) const ALL: [Self; 3] = [Self::Nuthatch, Self::Redis, Self::Valkey];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nuthatch => "nuthatch",
            Self::Redis => "redis",
            Self::Valkey => "valkey",
        }
    }

    /// The program, or `None` for a peer that is not installed.
    pub(crate) fn find(self) -> anyhow::Result<Option<PathBuf>> {
        match self {
            Self::Nuthatch => nuthatch().map(Some),
            Self::Redis => Ok(in_path("redis-server")),
            Self::Valkey => Ok(in_path("valkey-server")),
        }
    }

    /// How to start it so that it keeps its data, if any, in `folder`. The address is known beforehand for those that
    /// cannot say which port they chose.
    pub(crate) fn command(
        self,
        program: &Path,
        durability: Durability,
        folder: &Path,
    ) -> anyhow::Result<(Command, Option<SocketAddr>)> {
        let mut command = Command::new(program);
        command.env_clear().current_dir(folder).stdin(Stdio::null());
        match self {
            Self::Nuthatch => {
                command.env("NUTHATCH_LOG", "warn");
                command.args(["serve", "--resp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--memory", "1GiB"]);
                match durability {
                    Durability::Memory => command.args(["--dir", "none"]),
                    Durability::EverySecond => command.args(["--dir", "data", "--sync", "everysec"]),
                    Durability::Always => command.args(["--dir", "data", "--sync", "always"]),
                };
                command.stdout(Stdio::piped());
                Ok((command, None))
            }
            Self::Redis | Self::Valkey => {
                let address = free_address()?;
                command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
                command.args(["--save", "", "--loglevel", "warning", "--dir", "."]);
                match durability {
                    Durability::Memory => command.args(["--appendonly", "no"]),
                    Durability::EverySecond => {
                        command.args(["--appendonly", "yes", "--appendfsync", "everysec"])
                    }
                    Durability::Always => command.args(["--appendonly", "yes", "--appendfsync", "always"]),
                };
                command.stdout(Stdio::null());
                Ok((command, Some(address)))
            }
        }
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Our own server: beside this program, or built there. One that is found is taken as it is, so its age is told.
fn nuthatch() -> anyhow::Result<PathBuf> {
    let program = own_folder()?.join("nuthatch");
    if program.is_file() {
        let age = fs::metadata(&program).and_then(|found| found.modified()).ok();
        let minutes = age
            .and_then(|built| SystemTime::now().duration_since(built).ok())
            .map_or(0, |age| age.as_secs() / 60);
        eprintln!(
            "nuthatch: built {minutes} minutes ago; `cargo build --release -p nuthatch-cli` brings it up to date"
        );
        return Ok(program);
    }
    eprintln!("nuthatch: not built yet; building it");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "-p", "nuthatch-cli"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("cannot run cargo to build nuthatch")?;
    if !built.success() || !program.is_file() {
        bail!(
            "no nuthatch beside this program; run `cargo build --release -p nuthatch-cli` and then this one again"
        );
    }
    Ok(program)
}

/// An address that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    listener.local_addr().context("cannot find a free port")
}
