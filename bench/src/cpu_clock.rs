//! Processor time of threads and processes: unlike wall-clock time it stands still while a neighbour has the core.

use std::{fs, io, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// The processor time, user and system, that the calling thread has used so far. One system call, under a microsecond.
pub(crate) fn thread_cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// How long the calling thread was ready to run but had no core, so far: what other processes took from it. Sleeping on
/// a lock is not in it. Zero where the system does not tell.
pub(crate) fn thread_wait_time() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split_whitespace().nth(1).and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// The processor time, user and system, that the living threads of process `id` have used so far.
///
/// # Errors
///
/// There is no such process, or the system does not tell.
pub(crate) fn process_cpu_time(id: u32) -> io::Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread may end between listing and reading.
        let told = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        nanos += told.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanos))
}

/// The processor time, user and system, that process `id` has used so far, ended threads included, to a hundredth of a
/// second: the unit in which Linux tells it to programs.
///
/// # Errors
///
/// There is no such process, or the system does not tell.
pub(crate) fn whole_cpu_time(id: u32) -> io::Result<Duration> {
    let told = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The second field is the program's name in parentheses, which may hold anything; user time is the 14th.
    let fields = told.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    Ok(Duration::from_millis(10 * ticks))
}
