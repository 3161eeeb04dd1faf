//! A server that runs: started, waited for, ended.

use std::{
    fs, io,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStdout},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::{
    area_server::product::{Durability, Product},
    cpu_clock::process_cpu_time,
};

const START_LIMIT: Duration = Duration::from_secs(10);

/// A running server, ended and its data deleted when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) product: Product,
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts `program` with a fresh folder inside `home`, and waits until it accepts.
    pub(crate) fn start(
        product: Product,
        program: &Path,
        durability: Durability,
        home: &Path,
    ) -> anyhow::Result<Self> {
        let folder =
            TempDir::with_prefix_in("bench-server-", home).context("cannot make a folder for data")?;
        let (mut command, address) = product.command(program, durability, folder.path())?;
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let address = match (address, child.stdout.take()) {
            (Some(address), _) => Ok(address),
            (None, Some(output)) => address_told(output),
            (None, None) => unreachable!("a server whose address is not known has its output piped"),
        };
        // From here on, an error ends the child.
        let placeholder = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { product, address: placeholder, child, _folder: folder };
        server.address = address.with_context(|| format!("{} told no address", product.name()))?;
        server.wait_until_it_accepts()?;
        Ok(server)
    }

    fn wait_until_it_accepts(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while let Err(error) = TcpStream::connect(self.address) {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at once: {status}", self.product.name());
            }
            if began.elapsed() > START_LIMIT {
                return Err(error).with_context(|| format!("{} does not accept", self.product.name()));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The processor time that it has used so far.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        process_cpu_time(self.child.id()).with_context(|| format!("{} is gone", self.product.name()))
    }

    /// The memory that it keeps resident.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib = line.trim().trim_end_matches(" kB").parse::<u64>().context("no number of kB")?;
        Ok(kib * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; its data are thrown away either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads "listening resp ADDRESS". Goes on reading afterwards, so that the server never waits to be heard.
fn address_told(output: ChildStdout) -> anyhow::Result<SocketAddr> {
    let mut lines = BufReader::new(output).lines();
    let address = loop {
        let line = lines.next().context("it ended without saying where it listens")??;
        if let Some(address) = line.strip_prefix("listening resp ") {
            break address.trim().parse().with_context(|| format!("`{address}` is no address"))?;
        }
    };
    thread::spawn(move || lines.try_for_each(|line: io::Result<String>| line.map(drop)));
    Ok(address)
}
