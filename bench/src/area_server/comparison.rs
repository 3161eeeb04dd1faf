//! One comparison: the same load on every server in turns.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;

use crate::{
    area_server::{
        Options, affinity,
        client::{Client, Outcome, Until},
        process::Server,
        product::{Durability, Product},
        requests::{Command, Requests},
    },
    cpu_clock::thread_cpu_time,
    effort::Effort,
    own_folder::own_folder,
    report::{Better, Measure, Report, Role, Sample},
};

const CONNECTIONS: usize = 50;
const PIPELINES: [usize; 2] = [1, 16];
const PRELOAD_PIPELINE: usize = 64;
/// Load before the clock starts, in parts of the window.
const WARM_UP_SHARE: u32 = 5;
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

pub(crate) struct Comparison<'a> {
    pub(crate) programs: &'a [(Product, PathBuf)],
    pub(crate) durability: Durability,
    pub(crate) commands: &'static [Command],
    pub(crate) options: Options,
    pub(crate) effort: Effort,
}

/// One server's answer to one load.
struct Turn {
    outcome: Outcome,
    server_cpu: Duration,
    client_cpu: Duration,
}

/// What is asked of a turn.
type Question = (&'static str, &'static str, Better, fn(&Turn) -> f64);

const QUESTIONS: [Question; 4] = [
    ("server-cpu", "ns/op", Better::Lower, server_nanos_per_operation),
    ("throughput", "kops/s", Better::Higher, kilo_operations_per_second),
    ("p50", "us", Better::Lower, |turn| micros_at(turn, 0.5)),
    ("p99", "us", Better::Lower, |turn| micros_at(turn, 0.99)),
];

const MEMORY: &str = "resident-per-key";

impl Comparison<'_> {
    pub(crate) fn is_wanted(&self, report: &Report) -> bool {
        let loads =
            self.loads().flat_map(|(command, pipeline)| QUESTIONS.map(|q| self.name(command, pipeline, q.0)));
        loads.chain([format!("{}-{MEMORY}", self.durability)]).any(|name| report.wants(&name))
    }

    pub(crate) fn run(&self, report: &mut Report) -> anyhow::Result<()> {
        let servers = self.start_all()?;
        let mut clients = Vec::new();
        for server in &servers {
            let client = Client::connect(server.address, CONNECTIONS);
            clients.push(client.with_context(|| format!("loading {}", server.product.name()))?);
        }
        self.preload(&servers, &mut clients, report)?;
        for (command, pipeline) in self.loads() {
            if !QUESTIONS.iter().any(|question| report.wants(&self.name(command, pipeline, question.0))) {
                continue;
            }
            let requests = Requests::zipf(command, self.effort.keys);
            let mut turns = servers.iter().map(|_| Vec::new()).collect::<Vec<Vec<Turn>>>();
            for _ in 0..self.effort.rounds {
                for ((server, client), turns) in servers.iter().zip(&mut clients).zip(&mut turns) {
                    let turn = self.turn(server, client, &requests, pipeline);
                    turns.push(turn.with_context(|| format!("loading {}", server.product.name()))?);
                }
            }
            for (name, unit, better, value) in QUESTIONS {
                let samples = servers.iter().zip(&turns).map(|(server, turns)| {
                    let mut sample = sample(server.product);
                    sample.rounds = turns.iter().map(value).collect();
                    sample.beside = beside(turns);
                    sample
                });
                let name = self.name(command, pipeline, name);
                report.add(&Measure { name, unit, better, samples: samples.collect() });
            }
        }
        Ok(())
    }

    fn loads(&self) -> impl Iterator<Item = (Command, usize)> {
        self.commands.iter().flat_map(|command| PIPELINES.map(|pipeline| (*command, pipeline)))
    }

    fn name(&self, command: Command, pipeline: usize, question: &str) -> String {
        format!("{}-{command}-pipeline-{pipeline}-{question}", self.durability)
    }

    fn start_all(&self) -> anyhow::Result<Vec<Server>> {
        let home = own_folder()?;
        if self.options.pin {
            affinity::stay_on(SERVER_CORE)?;
        }
        let mut servers = Vec::new();
        for (product, program) in self.programs {
            servers.push(Server::start(*product, program, self.durability, &home)?);
        }
        if self.options.pin {
            affinity::stay_on(CLIENT_CORE)?;
        }
        Ok(servers)
    }

    /// Gives every key its first value, and reports what that takes in memory.
    fn preload(&self, servers: &[Server], clients: &mut [Client], report: &mut Report) -> anyhow::Result<()> {
        let requests = Requests::preload(self.effort.keys);
        let mut samples = Vec::new();
        for (server, client) in servers.iter().zip(clients) {
            let before = server.resident_bytes()?;
            let outcome = client.run(&requests, PRELOAD_PIPELINE, Until::Exhausted);
            outcome.with_context(|| format!("filling {}", server.product.name()))?;
            let grown = server.resident_bytes()?.saturating_sub(before);
            let mut sample = sample(server.product);
            #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
            sample.rounds.push(grown as f64 / f64::from(self.effort.keys));
            sample.beside = format!("{} keys", self.effort.keys);
            samples.push(sample);
        }
        let name = format!("{}-{MEMORY}", self.durability);
        report.add(&Measure { name, unit: "B", better: Better::Lower, samples });
        Ok(())
    }

    fn turn(
        &self,
        server: &Server,
        client: &mut Client,
        requests: &Requests,
        pipeline: usize,
    ) -> anyhow::Result<Turn> {
        let window = self.effort.window;
        client.run(requests, pipeline, Until::Elapsed(window / WARM_UP_SHARE))?;
        let (server_before, client_before) = (server.cpu_time()?, thread_cpu_time());
        let outcome = client.run(requests, pipeline, Until::Elapsed(window))?;
        let client_cpu = thread_cpu_time() - client_before;
        let server_cpu = server.cpu_time()?.saturating_sub(server_before);
        Ok(Turn { outcome, server_cpu, client_cpu })
    }
}

fn sample(product: Product) -> Sample {
    Sample::new(product.name(), if product == Product::Nuthatch { Role::Ours } else { Role::Peer })
}

#[expect(clippy::cast_precision_loss, reason = "counts of operations are far below 2^52")]
fn server_nanos_per_operation(turn: &Turn) -> f64 {
    turn.server_cpu.as_secs_f64() * 1e9 / turn.outcome.operations as f64
}

#[expect(clippy::cast_precision_loss, reason = "as above")]
fn kilo_operations_per_second(turn: &Turn) -> f64 {
    turn.outcome.operations as f64 / turn.outcome.wall.as_secs_f64() / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of latencies are far below 2^52")]
fn micros_at(turn: &Turn, quantile: f64) -> f64 {
    turn.outcome.latencies.value_at_quantile(quantile) as f64 / 1e3
}

/// How busy both sides were: a client near 100 % of its core is what limits throughput, not the server.
fn beside(turns: &[Turn]) -> String {
    let wall = turns.iter().map(|turn| turn.outcome.wall).sum::<Duration>().as_secs_f64();
    let server = turns.iter().map(|turn| turn.server_cpu).sum::<Duration>().as_secs_f64();
    let client = turns.iter().map(|turn| turn.client_cpu).sum::<Duration>().as_secs_f64();
    format!("cores: server {:.2}, client {:.2}", server / wall, client / wall)
}
