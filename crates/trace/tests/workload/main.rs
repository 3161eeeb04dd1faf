//! Workloads: every one has the distribution that it promises, and is the same on every machine.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod determinism;
mod popularity;
mod shapes;
mod statistics;
mod trace;
mod ycsb;

use nuthatch_trace::{
    Request,
    workload::{Spec, Workload},
};

fn requests(spec: &str) -> Vec<Request> {
    Workload::new(&spec.parse::<Spec>().unwrap()).collect()
}

fn keys(spec: &str) -> Vec<u64> {
    requests(spec).into_iter().map(|request| request.key).collect()
}
