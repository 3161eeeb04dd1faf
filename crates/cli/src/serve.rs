//! `nuthatch serve`: puts the tiers together, opens the doors, waits for the end.

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use nuthatch_keyspace::{Bound, Keyspace, Options};
use nuthatch_log::{Log, Recovery, SyncMode};
use nuthatch_server::{Server, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{Door, Memory, ServeOptions};

/// Serve a cache over RESP and HTTP.
///
/// Without flags: memory of 1 GiB over a durable log in ./nuthatch-data, RESP on 127.0.0.1:6379, HTTP on 127.0.0.1:8080.
/// What memory evicts is still read from the log. One line per door on standard output says that it is open. SIGTERM and
/// Ctrl-C finish the requests at hand, flush the log and exit 0.
///
/// Settings come from flags, else from NUTHATCH_* variables, else from the file, else from the defaults.
#[derive(Args)]
#[command(after_long_help = "Examples:
  nuthatch serve
  nuthatch serve --dir none --memory 256MiB --policy lru
  nuthatch serve --dir /var/lib/nuthatch --sync always
  redis-cli set greeting hello; curl localhost:8080/cache/greeting")]
pub(crate) struct ServeArgs {
    /// A TOML file with settings: the long flags without dashes, as in `memory = \"4GiB\"`
    #[arg(long, env = "NUTHATCH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    options: ServeOptions,
}

const RESP_DEFAULT: &str = "127.0.0.1:6379";
const HTTP_DEFAULT: &str = "127.0.0.1:8080";
const DIR_DEFAULT: &str = "nuthatch-data";
const MEMORY_DEFAULT: u64 = 1 << 30;

pub(crate) fn run(args: ServeArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("NUTHATCH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let ansi = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(ansi).init();

    let options = match &args.config {
        Some(path) => args.options.over(ServeOptions::read(path)?),
        None => args.options,
    };
    let settings = settings(&options)?;
    let bound = bound(&options)?;
    let policy = options.policy.unwrap_or_default();
    let keyspace_options = Options { bound, policy, ..Options::default() };

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        // Before the doors open: a second server on the same directory must not take any request.
        let (keyspace, recovery) = match log_dir(&options) {
            None => (Keyspace::in_memory(&keyspace_options), None),
            Some(dir) => {
                let mode = options.sync.map_or(SyncMode::EverySec, |sync| sync.0);
                let (log, recovery) = Log::open(dir, nuthatch_log::Options::new().sync(mode))?;
                (Keyspace::on_log(&keyspace_options, log), Some(recovery))
            }
        };
        let guarded = settings.password.is_some();
        let server = Server::start(keyspace, settings)?;
        if let Some(recovery) = recovery {
            report(&recovery);
        }
        if let (Some(address), false) = (open_to_others(&server), guarded) {
            tracing::warn!(%address, "anyone who can reach this address can read and write; set NUTHATCH_PASSWORD");
        }
        serve(server).await
    });
    // Connections that outlasted the drain are not waited for.
    runtime.shutdown_background();
    result
}

async fn serve(server: Server) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    announce(&server).context("cannot write to standard output")?;
    let shutdown = server.shutdown();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("finishing the requests at hand");
        shutdown.drain();
    });
    server.run().await.context("the log could not be flushed; the last writes may be lost in a power cut")
}

/// Says on standard output which doors are open, for people and for scripts that wait for it.
fn announce(server: &Server) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for (door, address) in [("resp", server.resp()), ("http", server.http())] {
        if let Some(address) = address {
            writeln!(stdout, "listening {door} {address}")?;
        }
    }
    stdout.flush()
}

fn settings(options: &ServeOptions) -> anyhow::Result<Settings> {
    let door = |door: Option<Door>, default: &str| match door {
        Some(door) => Ok(door.0),
        None => default.parse().map(Some).context("the default address is broken"),
    };
    let defaults = Settings::default();
    let settings = Settings {
        resp: door(options.resp, RESP_DEFAULT)?,
        http: door(options.http, HTTP_DEFAULT)?,
        workers: options.workers.unwrap_or(defaults.workers),
        password: options.password.clone().filter(|password| !password.is_empty()),
        connections_max: options.max_connections.unwrap_or(defaults.connections_max),
    };
    if settings.resp.is_none() && settings.http.is_none() {
        anyhow::bail!("both doors are closed; leave out --resp none or --http none");
    }
    for (flag, value) in [("--workers", settings.workers), ("--max-connections", settings.connections_max)] {
        if value == 0 {
            anyhow::bail!("{flag} 0 serves nobody; give at least 1");
        }
    }
    Ok(settings)
}

fn bound(options: &ServeOptions) -> anyhow::Result<Bound> {
    match (options.memory, options.max_entries) {
        (Some(_), Some(_)) => anyhow::bail!("--memory and --max-entries both bound memory; give one of them"),
        (_, Some(0)) => anyhow::bail!("--max-entries 0 leaves no room for any entry; give at least 1"),
        (_, Some(entries)) => Ok(Bound::Entries(entries)),
        (Some(Memory(0)), None) => {
            anyhow::bail!("--memory 0 leaves no room for any entry; give for instance 256MiB")
        }
        (memory, None) => Ok(Bound::Bytes(memory.map_or(MEMORY_DEFAULT, |memory| memory.0))),
    }
}

fn log_dir(options: &ServeOptions) -> Option<&Path> {
    let dir = options.dir.as_deref().unwrap_or(Path::new(DIR_DEFAULT));
    (dir != Path::new("none")).then_some(dir)
}

fn report(recovery: &Recovery) {
    tracing::info!(
        keys = recovery.keys,
        records = recovery.records,
        torn_bytes = recovery.torn_bytes,
        elapsed = ?recovery.elapsed,
        "log opened"
    );
}

/// A door of `server` that others than this machine may reach.
fn open_to_others(server: &Server) -> Option<SocketAddr> {
    [server.resp(), server.http()].into_iter().flatten().find(|door| !door.ip().is_loopback())
}
