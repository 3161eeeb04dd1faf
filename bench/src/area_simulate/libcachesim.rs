//! libCacheSim's Python package, a compiled simulator, in a process of its own.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, bail};

use crate::area_simulate::{Outcome, stream::Stream};

const SCRIPT: &str = include_str!("libcachesim.py");
/// Which interpreter has the package.
const PYTHON: &str = "NUTHATCH_BENCH_PYTHON";

pub(super) struct LibCacheSim {
    process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl LibCacheSim {
    /// `None`, and a line that says so, if there is no interpreter that has the package.
    pub(super) fn start() -> Option<Self> {
        match Self::try_start() {
            Ok(started) => Some(started),
            Err(error) => {
                eprintln!(
                    "not measured: libcachesim ({error:#}); install it with `pip install libcachesim` and name the \
                     interpreter in {PYTHON}"
                );
                None
            }
        }
    }

    fn try_start() -> anyhow::Result<Self> {
        let python = env::var(PYTHON).unwrap_or_else(|_| "python3".to_owned());
        let mut process = Command::new(&python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {python}"))?;
        let (Some(requests), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("no pipes to {python}");
        };
        let mut answers = BufReader::new(answers).lines();
        let version = answers.next().transpose()?.with_context(|| format!("{python} does not have it"))?;
        eprintln!("measured beside: libcachesim {version}");
        Ok(Self { process, requests, answers })
    }

    pub(super) fn replay(&mut self, stream: &Stream, policy: &str, capacity: u64) -> anyhow::Result<Outcome> {
        let class = match policy {
            "lru" => "LRU",
            "s3-fifo" => "S3FIFO",
            "sieve" => "Sieve",
            "arc" => "ARC",
            "lirs" => "LIRS",
            "w-tinylfu" => "WTinyLFU",
            other => bail!("libcachesim has no {other}"),
        };
        writeln!(self.requests, "{class}\t{capacity}\t{}", stream.file.display())?;
        let answer = self.answers.next().transpose()?.context("libcachesim ended")?;
        let (seconds, miss_ratio) = answer.split_once('\t').context("libcachesim answered in another way")?;
        Ok(Outcome { cpu_seconds: seconds.parse()?, hit_ratio: 1.0 - miss_ratio.parse::<f64>()? })
    }
}

impl Drop for LibCacheSim {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
